"""Translations of what people wrote: which text is read, what is kept, and a killed run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from eval import monolingual, synthesis, synthetic
from korpu.artifact import sha256
from korpu.errors import UsageError
from korpu.schema import Recipe
from tests.eval.parts import AZ, UZ

DIRECTION = ("uzn_Latn", "azj_Latn")
CHECKOUT = Path(__file__).resolve().parents[2]


def human(count: int) -> list[str]:
    return [f"{UZ[n % 8][:-1]} {n}." for n in range(count)]


def system(texts: Sequence[str], direction: Any, progress: Any = None) -> list[str]:
    """Knows the sentences of ``human``, and gives something wrong for every fifth."""
    assert direction == DIRECTION
    wrong = [
        "",
        "Nazirlik məktəb tikəcək, məktəb tikəcək, məktəb tikəcək, məktəb tikəcək.",
        None,
        "Qısa.",
        "rus",
    ]
    found = []
    for text in texts:
        n = int(text.split()[-1].rstrip("."))
        good = f"{AZ[n % 8][:-1]} {n}."
        bad = wrong[n // 5 % 5]
        russian = "Новая школа открылась вчера в столице, сообщили нам в министерстве."
        bad = {None: text, "rus": russian}.get(bad, bad)
        found.append(bad if n % 5 == 4 else good)
    if progress:
        progress(len(texts))
    return found


def made(recipe: Recipe, paths: list[Path], out: Path, **changes: Any) -> tuple[Any, pl.DataFrame]:
    asked = synthetic.Asked("given", DIRECTION, "adapter", changes.get("side", "src"))
    out.mkdir()
    result = synthetic.run(asked, lambda: system, recipe.prepare.filter, paths, out)
    return result, pl.read_parquet(out / synthetic.PAIRS)


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    pl.DataFrame(rows).write_parquet(path)
    return path


def test_the_machines_side_is_said_and_what_looks_wrong_is_left_out_by_reason(
    recipe: Recipe, tmp_path: Path
) -> None:
    lines = tmp_path / "mono.txt"
    lines.write_text("\n".join([*human(25), "Qisqa.", "Новая школа открылась вчера в столице."]))
    result, kept = made(recipe, [lines], tmp_path / "out")
    assert result.stats["sentences"] == 27
    assert result.stats["kept"] == kept.height == 20
    assert result.stats["rejected"] == {
        "copied": 1, "empty": 1, "input_language": 1, "input_short": 1, "language": 1, "ratio": 1,
        "repeated": 1,
    }  # fmt: skip
    first = kept.row(0, named=True)
    assert (first["src"], first["tgt"]) == (f"{AZ[0][:-1]} 0.", human(1)[0])
    assert (first["src_lang"], first["tgt_lang"]) == ("azj_Latn", "uzn_Latn")
    assert set(kept["synthetic_side"]) == {"src"} and first["origin"] == "mono"
    rejected = pl.read_parquet(tmp_path / "out" / synthetic.REJECTED)
    assert rejected.filter(reason="copied")["tgt"].to_list() == [human(15)[14]]

    _, turned = made(recipe, [lines], tmp_path / "teacher", side="tgt")
    assert turned["src"].to_list() == kept["tgt"].to_list()
    assert turned["tgt"].to_list() == kept["src"].to_list()
    assert set(turned["synthetic_side"]) == {"tgt"}


def test_every_kind_of_input_gives_its_sentences_of_the_language(tmp_path: Path) -> None:
    def read(path: Path, side: str = "tgt") -> list[str]:
        return [one.text for one in monolingual.sentences(path, "uzn_Latn", side)]

    two = f"{UZ[0]} {UZ[1]}"
    articles = table(
        tmp_path / "articles.parquet",
        [
            {"text": f"{two}\n{UZ[2]}", "language": "uzn_Latn", "url": "https://uz.example/1"},
            {"text": AZ[0], "language": "azj_Latn", "url": "https://az.example/1"},
            {"text": "Вазирлик янги мактаб қурилишини маълум қилди.", "language": "uzn_Cyrl",
             "url": "https://uz.example/2"},
        ],
    )  # fmt: skip
    cyrillic = "Vazirlik yangi maktab qurilishini maʼlum qildi."
    assert read(articles) == [*UZ[:3], cyrillic]
    first = next(monolingual.sentences(articles, "uzn_Latn", "tgt"))
    assert first.document == "https://uz.example/1"

    pairs = [
        {"src": AZ[0], "tgt": UZ[0], "src_lang": "azj_Latn", "tgt_lang": "uzn_Latn"},
        {"src": UZ[1], "tgt": AZ[1], "src_lang": "uzn_Latn", "tgt_lang": "azj_Latn"},
        {"src": AZ[2], "tgt": UZ[2], "src_lang": "azj_Latn", "tgt_lang": "uzn_Latn",
         "synthetic_side": "tgt"},
    ]  # fmt: skip
    lines = tmp_path / "pairs.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in pairs))
    assert read(lines) == UZ[:2]  # what a machine wrote is not translated again
    plain = tmp_path / "plain.jsonl"
    plain.write_text(json.dumps({"src": AZ[0], "tgt": UZ[0]}) + "\n")
    assert (read(plain), read(plain, "src")) == ([UZ[0]], [AZ[0]])
    marks = tmp_path / "marks.txt"
    marks.write_text("Toshkentda yangi maktab ochildi, o`quvchilar ko'p.\n\n")
    assert read(marks) == ["Toshkentda yangi maktab ochildi, oʻquvchilar koʻp."]

    (tmp_path / "empty.jsonl").write_text('{"line": 1}\n')
    with pytest.raises(UsageError, match="neither a column text nor src and tgt"):
        read(tmp_path / "empty.jsonl")
    (tmp_path / "page.html").write_text("<p>")
    with pytest.raises(UsageError, match="neither lines of text"):
        read(tmp_path / "page.html")


PROGRAM = """
import os, signal, sys
from pathlib import Path
from eval import synthetic
from korpu.schema import Filter
from tests.eval.test_synthesis import DIRECTION, system

calls = []
def dies(texts, direction, progress=None):
    calls.append(texts)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return system(texts, direction)

synthetic.SHARD = 5
rules = Filter(**{rules!r})
asked = synthetic.Asked("given", DIRECTION, "adapter", "src")
synthetic.run(asked, lambda: dies, rules, [Path(sys.argv[1])], Path(sys.argv[2]))
"""


def test_a_killed_run_goes_on_to_the_same_bytes(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    monkeypatch.setattr(synthetic, "SHARD", 5)
    lines = tmp_path / "mono.txt"
    lines.write_text("\n".join(human(23)))
    rules = dataclasses.asdict(recipe.prepare.filter)
    out = tmp_path / "killed"
    out.mkdir()
    program = PROGRAM.replace("{rules!r}", repr(rules))
    done = subprocess.run([sys.executable, "-c", program, lines, out], cwd=CHECKOUT)
    assert done.returncode == -9
    there = sorted(path.name for path in (out / "work" / "translated").iterdir())
    assert there == ["00000.parquet", "00001.parquet"]
    calls: list[Sequence[str]] = []

    def counted(texts: Sequence[str], direction: Any, progress: Any = None) -> list[str]:
        calls.append(texts)
        return system(texts, direction, progress)

    asked = synthetic.Asked("given", DIRECTION, "adapter", "src")
    synthetic.run(asked, lambda: counted, recipe.prepare.filter, [lines], out)
    assert [len(texts) for texts in calls] == [5, 5, 3]
    made(recipe, [lines], tmp_path / "whole")
    for name in (synthetic.PAIRS, synthetic.REJECTED):
        assert sha256(out / name) == sha256(tmp_path / "whole" / name)


@pytest.mark.parametrize(
    ("value", "options", "says"),
    [
        ("x.txt", {}, "needs direction=SOURCE-TARGET"),
        ("x.txt", {"direction": "uzn_Latn-uzn_Latn"}, "a direction is SOURCE-TARGET"),
        ("x.txt", {"direction": "uzn_Latn-azj_Latn", "system": "copy"}, "base or adapter"),
        ("x.txt", {"direction": "uzn_Latn-azj_Latn", "side": "both"}, "src or tgt"),
        (" ", {"direction": "uzn_Latn-azj_Latn"}, "synthesize has no value"),
        ("articles", {"direction": "uzn_Latn-azj_Latn"}, "output of collect .*`korpu collect`"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    recipe: Recipe, tmp_path: Path, value: str, options: dict[str, str], says: str
) -> None:
    import dataclasses

    runtime = dataclasses.replace(recipe.runtime, outputs=str(tmp_path))
    with pytest.raises(UsageError, match=says):
        synthesis.synthesize_action(dataclasses.replace(recipe, runtime=runtime), value, **options)
