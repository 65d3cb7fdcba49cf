"""A finished corpus to export, and the exports as `collect` reads them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from data_prep.bitext import columns
from korpu import artifact
from korpu.artifact import Artifact, File, Result
from korpu.schema import Files
from tests.bitext import judged
from tests.collect.givens import LICENCE, read

OWN = "azj_Latn-uzn_Latn"


def corpus(folder: Path, rows: Sequence[dict[str, Any]]) -> Artifact:
    """A finished `prepare` with these kept rows; pairs with other languages in their folders."""
    frame = judged.frame(rows)
    files = []
    for code in ("uzn_Latn", *sorted(set(frame["tgt_lang"]) - {"uzn_Latn"})):
        for split in ("train", "dev", "test"):
            place = "" if code == "uzn_Latn" else f"azj_Latn-{code}/"
            path = f"{place}{split}.parquet"
            part = frame.filter(split=split, tgt_lang=code)
            files.append(File(path, rows=columns.write(part, folder / path, columns.CORPUS)))
    files.append(File("rejected.parquet", rows=columns.write(
        frame.filter(pl.col("reason").is_not_null()), folder / "rejected.parquet", columns.REJECTED
    )))  # fmt: skip
    return artifact.commit(
        folder, stage="prepare", key="k", config={}, inputs=[], started=time.time(),
        result=Result(tuple(files), {}),
    )  # fmt: skip


def moses(folder: Path, split: str, **more: Any) -> list[dict[str, Any]]:
    """What `collect` reads of a split in Moses layout."""
    paths = {
        "src": str(folder / f"{split}.azj_Latn"),
        "tgt": str(folder / f"{split}.uzn_Latn"),
        "documents": str(folder / f"{split}.documents"),
    }
    source = Files(**LICENCE, src_lang="azj_Latn", tgt_lang="uzn_Latn", **(paths | more))
    return _read(folder, source)


def tmx(folder: Path, split: str) -> list[dict[str, Any]]:
    """What `collect` reads of a split as TMX."""
    path = str(folder / f"{split}.tmx")
    return _read(folder, Files(**LICENCE, path=path, src_lang="azj_Latn", tgt_lang="uzn_Latn"))


def _read(folder: Path, source: Files) -> list[dict[str, Any]]:
    found = read(folder.parent / "again", again=source)
    assert not found.failed
    assert not any(found.left_out.get("again", {}).values())
    return found.rows


def sides(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(row["src"], row["tgt"], row["document"].removeprefix("again/")) for row in rows]
