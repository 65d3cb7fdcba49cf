"""Files damaged at random give rows or one sentence, never a crash: thousands in the long run."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from korpu.errors import UsageError
from tests.collect.givens import read, source
from tests.collect.test_corrections import ROW, corrections
from tests.collect.test_opus import MEMBERS, opus, packed
from tests.collect.test_tables import ROWS, table
from tests.collect.test_tmx import memory, unit
from tests.collect.test_xliff import ONE, TWO

PIECES = (
    b"\0", b"\xff", b'"', b",", b"<", b"&x;", b"\n", b"[", b"{", b"null", b"1e999", b"\\ud800",
    b"]]>", b"\t", b"<?", b"<!--", b"</tu>", b"<tuv>", b"</segment>", b"<source>", b"2025",
)  # fmt: skip
TABLES = ("a.jsonl", "a.csv", "a.tsv", "a.parquet", "a.jsonl.gz")
OTHERS = {
    "a.tmx": memory(unit("Salam!", "Salom!") + unit("Qar<ph>x</ph>", "Qor")).encode(),
    "one.xlf": ONE.encode(),
    "two.xlf": TWO.encode(),
    "o.zip": packed(MEMBERS),
    "c.jsonl": (json.dumps(ROW) + "\n").encode() * 3,
}


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content with one to four bytes or pieces changed, taken out, put in, or cut off."""
    found = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) + 1)
        how = chance.random()
        if how < 0.3:
            found[at : at + chance.randint(1, 8)] = chance.choice(PIECES)
        elif how < 0.5:
            del found[at : at + chance.randint(1, 40)]
        elif how < 0.7:
            found[at : at + 1] = bytes([chance.randrange(256)])
        elif how < 0.8:
            del found[at:]
        else:
            found[at:at] = chance.choice(PIECES)
    return bytes(found)


@pytest.mark.parametrize("name", [*TABLES, *OTHERS])
@pytest.mark.parametrize(
    "times", [100, pytest.param(5_000, marks=pytest.mark.long)], ids=["few", "many"]
)
def test_damage(tmp_path: Path, name: str, times: int) -> None:
    content = OTHERS.get(name) or table(tmp_path / "whole" / name, ROWS * 5).read_bytes()
    path = tmp_path / name
    given = {"o.zip": opus, "c.jsonl": corrections}.get(name, source)(path)
    chance = random.Random(name)
    failures = 0
    for _ in range(times):
        path.write_bytes(damaged(content, chance))
        for error in read(tmp_path, f=given).failed:
            failures += 1
            assert isinstance(error, UsageError)
            assert str(path) in str(error)
    assert 0.3 * times < failures <= times
