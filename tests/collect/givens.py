"""Given sources for tests: read them as the stage does, and see all that it sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.collect import files
from korpu.errors import KorpuError
from korpu.schema import Collect, Corrections, Files, Hub, Opus, Sources
from tests.collect.conftest import recipe_of

LICENCE = {"licence": "CC0-1.0", "may_redistribute": True}
PAIR = {"src_lang": "azj_Latn", "tgt_lang": "uzn_Latn"}
KINDS = {Files: "files", Hub: "hub", Opus: "opus", Corrections: "corrections"}


@dataclass
class Found:
    """What reading sources gave."""

    rows: list[dict[str, Any]]
    left_out: dict[str, dict[str, int]]
    failed: list[KorpuError | OSError]
    notes: dict[str, dict[str, str]]

    @property
    def texts(self) -> list[tuple[str, str]]:
        """The two sides of every pair."""
        assert not self.failed, self.failed
        return [(row["src"], row["tgt"]) for row in self.rows]

    @property
    def error(self) -> str:
        """The sentence of the only source that failed."""
        (failure,) = self.failed
        return str(failure)


def collect(**changes: Any) -> Collect:
    """The recipe's `collect`."""
    return recipe_of(**changes).collect


def read(
    folder: Path, holds: str = "pairs", settings: Collect | None = None, **given: Any
) -> Found:
    """The rows of sources by name."""
    kinds: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS.values()}
    for name, source in given.items():
        kinds[KINDS[type(source)]][name] = source
    sources = Sources(site={}, warc={}, shard=None, **kinds)
    context = files.Context(settings or collect(), folder / "work")
    left_out: files.LeftOut = {}
    failed: files.Failed = []
    rows = list(getattr(files, holds)(sources, context, left_out, failed))
    return Found(rows, left_out, failed, files.notes(sources, context))


def source(path: Path | str, **changes: Any) -> Files:
    """A files source of pairs from Azerbaijani to Uzbek."""
    return Files(path=str(path), **{**LICENCE, **PAIR, **changes})


def written(path: Path, content: str | bytes) -> Path:
    """A file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
