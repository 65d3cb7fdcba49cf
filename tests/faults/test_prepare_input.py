"""Bad input of `korpu prepare`: one sentence and an exit code, or a corpus, and nothing is lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import polars as pl
import pytest

from korpu.errors import DONE, INFRASTRUCTURE, USAGE
from tests.faults import prepared, process

SAME = "Bütün sayt boyu eyni olan sətir buradadır.", "Saytning hamma joyida bir xil satr turibdi."


def refused(done: subprocess.CompletedProcess[str], code: int, *says: str) -> None:
    """One sentence with these parts, no traceback, and this exit code."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    for part in says:
        assert part in last, last


def test_odd_lines_are_rejected_with_a_reason_and_none_is_lost(tmp_path: Path) -> None:
    odd = [
        ("Boş tərəfi olan cüt buradadır.", "\u200b \u00ad"),
        ("a" * 10_000_000, "Juda uzun satr bilan birga kelgan gap."),
        ("Sətirdə sıfır\x00baytı var, görünmür.", "Satrda nol\x00bayti bor, koʻrinmaydi."),
        ("!!! ??? ...", "--- *** ///"),
    ]
    rows = [*prepared.good(), *({"src": src, "tgt": tgt, "document": f"o{n}",
            "published": "2025-01-01"} for n, (src, tgt) in enumerate(odd))]  # fmt: skip
    rows.append({"src": "Tarixi olmayan bir cüt daha.", "tgt": "Sanasi yoʻq yana bir juftlik."})
    sources = prepared.collect(tmp_path, rows)
    given = pl.scan_parquet(prepared.table(tmp_path, "pairs")).select(pl.len()).collect().item()
    done = prepared.prepare(tmp_path, sources)
    assert done.returncode == DONE, done.stderr
    found = prepared.counts(tmp_path)
    assert found.total() == given
    assert found["long"] == 1
    assert found["undated"] == 1
    assert min(found[name] for name in ("train", "dev", "test")) > 0


@pytest.mark.parametrize("count", [50_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_equal_lines_are_one_pair_and_its_duplicates(tmp_path: Path, count: int) -> None:
    sources = prepared.collect(tmp_path, prepared.good())
    path = prepared.table(tmp_path, "pairs")
    known = pl.read_parquet(path)
    src, tgt = SAME
    same = known[:1].with_columns(src=pl.lit(src), tgt=pl.lit(tgt), published=pl.lit("2025-01-02"))
    many = same[[0] * count].with_columns(
        line=pl.int_range(100, 100 + count), document="m" + pl.int_range(count).cast(pl.String)
    )
    pl.concat([known, many.cast(dict(known.schema))]).write_parquet(path)
    done = prepared.prepare(tmp_path, sources)
    assert done.returncode == DONE, done.stderr
    found = prepared.counts(tmp_path)
    assert found.total() == known.height + count
    assert found["duplicate"] == count - 1


def test_one_language_only(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    text = " ".join(row["src"] for row in prepared.good())
    (pages / "one.txt").write_text(f"Xəbər\n\n{text}\n", "utf-8")
    sources = {"files": {"pages": {
        "path": str(pages), **prepared.GIVEN, "holds": "articles", "format": "text",
        "languages": {"": "azj_Latn"},
    }}}  # fmt: skip
    done = process.collect(tmp_path, sources)
    assert done.returncode == DONE, done.stderr
    refused(prepared.prepare(tmp_path, sources), USAGE, "articles", "is in uzn_Latn", "add a site")


def test_nothing_is_dated(tmp_path: Path) -> None:
    rows = [{**row, "published": None} for row in prepared.good()]
    sources = prepared.collect(tmp_path, rows)
    done = prepared.prepare(tmp_path, sources)
    refused(done, USAGE, "no pair is left", f"{len(rows)} undated", "prepare.split")
    again = prepared.prepare(tmp_path, sources, "prepare.split.undated=train")
    refused(again, USAGE, "no pair is left for dev and test")


def test_languages_that_nobody_asked_for(tmp_path: Path) -> None:
    rows = [
        {"src": "Good morning to all of you.", "tgt": "Hammangizga xayrli tong.", "document": "e"}
    ]
    sources = prepared.collect(tmp_path, rows, src_lang="eng_Latn")
    done = prepared.prepare(tmp_path, sources)
    refused(done, USAGE, "the source given is eng_Latn-uzn_Latn", "prepare.pivots")


@pytest.mark.parametrize("name", ["articles", "pairs"])
@pytest.mark.parametrize("harm", ["cut", "not Parquet", "empty file"])
def test_a_table_that_is_none(tmp_path: Path, name: str, harm: str) -> None:
    sources = prepared.collect(tmp_path, prepared.good())
    path = prepared.table(tmp_path, name)
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[: len(whole) // 2], "not Parquet": b"{}\n" * 99}.get(harm, b""))
    done = prepared.prepare(tmp_path, sources)
    refused(done, USAGE, f"{path} is not readable Parquet", "run `korpu collect` again")


def test_a_page_of_a_table_that_is_damaged(tmp_path: Path) -> None:
    # the footer is whole, so it shows only when the rows are read
    sources = prepared.collect(tmp_path, prepared.good())
    path = prepared.table(tmp_path, "pairs")
    whole = bytearray(path.read_bytes())
    whole[8 : len(whole) // 2] = bytes(len(whole) // 2 - 8)
    path.write_bytes(whole)
    refused(prepared.prepare(tmp_path, sources), USAGE, "is not readable Parquet")


def test_a_column_is_missing(tmp_path: Path) -> None:
    sources = prepared.collect(tmp_path, prepared.good())
    path = prepared.table(tmp_path, "pairs")
    pl.read_parquet(path).drop("trusted").write_parquet(path)
    refused(prepared.prepare(tmp_path, sources), USAGE, "has no column 'trusted'")


def test_a_full_disk_exits_4_and_the_run_continues_with_more_room(tmp_path: Path) -> None:
    rows = [row for _ in range(40) for row in prepared.good()]
    sources = prepared.collect(tmp_path, rows)
    disk = tmp_path / "outputs" / "prepare"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)]
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a small file system here")
    try:
        done = prepared.prepare(tmp_path, sources)
        refused(done, INFRASTRUCTURE)
        assert "no space left on device" in done.stderr.lower()
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        done = prepared.prepare(tmp_path, sources)
        assert done.returncode == DONE, done.stderr
        assert prepared.counts(tmp_path).total() == len(rows)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
