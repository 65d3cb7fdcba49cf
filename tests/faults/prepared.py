"""`korpu collect` of pairs from a file and `korpu prepare` of them, as processes of their own."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import runs

from tests.bitext import conftest as made
from tests.faults import process

GIVEN = {"licence": "CC0-1.0", "may_redistribute": True}
DATED = (
    "prepare.split.dev_from='2025-10-01'", "prepare.split.test_from='2025-11-01'",
    "prepare.split.undated=reject", "prepare.split.train_only=[]",
)  # fmt: skip
Row = Mapping[str, Any]


def good() -> list[dict[str, Any]]:
    """The hand-made reports, aligned and dated: enough for three splits."""
    return [
        {"src": src, "tgt": tgt, "document": f"d{number}", "published": date}
        for number, (date, lines) in enumerate(made.REPORTS)
        for src, tgt in lines
    ]


def source(folder: Path, rows: Iterable[Row], **more: Any) -> dict[str, dict[str, Any]]:
    """A file of pairs as a source, its name `given`."""
    path = folder / "pairs.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    languages = {"src_lang": "azj_Latn", "tgt_lang": "uzn_Latn"}
    return {"files": {"given": {"path": str(path), **GIVEN, **languages, **more}}}


def words(folder: Path, sources: Mapping[str, Any], *more: str) -> list[str]:
    """The command line of `korpu prepare` for what was collected from these sources."""
    return ["prepare", *process.words(folder, sources)[1:], *DATED, "prepare.workers=1", *more]


def prepare(
    folder: Path, sources: Mapping[str, Any], *more: str
) -> subprocess.CompletedProcess[str]:
    """Run it to its end; what it needs must have been collected."""
    return runs.run(*words(folder, sources, *more), timeout=300)


def collect(folder: Path, rows: Sequence[Row], **more: Any) -> dict[str, dict[str, Any]]:
    """Collect the rows; returns the sources."""
    sources = source(folder, rows, **more)
    done = process.collect(folder, sources)
    assert done.returncode == 0, done.stderr
    return sources


def table(folder: Path, name: str) -> Path:
    """A table that `collect` left."""
    (path,) = (folder / "outputs").glob(f"collect/*/{name}.parquet")
    return path


def corpus(folder: Path) -> Path:
    """The one folder of `prepare`."""
    (path,) = (folder / "outputs" / "prepare").iterdir()
    return path


def counts(folder: Path) -> Counter[str]:
    """Rows by split, and of the rejected by reason."""
    out = corpus(folder)
    found: Counter[str] = Counter()
    for name in ("train", "dev", "test"):
        found[name] = pq.ParquetFile(out / f"{name}.parquet").metadata.num_rows
    reasons = pl.read_parquet(out / "rejected.parquet", columns=["reason"])["reason"]
    found.update(dict(reasons.value_counts().iter_rows()))
    return found
