"""What ships as evidence of a model's quality: the report, its counts, and what may be shown of it.

A later gate needs the report and the counts per segment, which hold no text. Hypotheses with their
sources and references are text of the test set: they ship where every row of it may be handed on.
A benchmark of files says nothing of that, so of it only the statistics ship.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from korpu import bundle as bundles
from korpu.artifact import Artifact, write_atomically

FILES = ("report.json", "stats.npz")
HYPOTHESES = "hypotheses"


def copy(evaluated: Artifact, prepared: Artifact, system: str, bundle: Path) -> list[str]:
    """Write ``eval/`` of a bundle; returns the names of the hypotheses that stay at home."""
    home = bundle / bundles.EVALUATION
    home.mkdir(exist_ok=True)
    for name in FILES:
        shutil.copyfile(evaluated.file(name), home / name)
    free, kept = _free(prepared), []
    for name in sorted(_of_system(evaluated, system)):
        text = evaluated.file(name).read_text("utf-8")
        if all(json.loads(line)["id"] in free for line in text.splitlines()):
            write_atomically(home / name, text)
        else:
            kept.append(Path(name).name)
    return kept


def _of_system(evaluated: Artifact, system: str) -> Iterable[str]:
    for listed in evaluated.manifest["files"]:
        folder, _, name = listed["path"].rpartition("/")
        if folder == HYPOTHESES and name.endswith(f".{system}.jsonl"):
            yield listed["path"]


def _free(prepared: Artifact) -> set[str]:
    """The ids of the test rows that may be handed on, in every language pair's test split."""
    import polars as pl

    found: set[str] = set()
    for listed in prepared.manifest["files"]:
        if Path(listed["path"]).name == "test.parquet":
            table = pl.read_parquet(
                prepared.file(listed["path"]), columns=["id", "may_redistribute"]
            )
            found |= set(table.filter(pl.col("may_redistribute").fill_null(False))["id"])
    return found
