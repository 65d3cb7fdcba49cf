"""The evaluation's files: hypotheses as JSON lines, statistics as a reproducible .npz."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from eval.counts import Counts
from eval.testset import TestSide
from korpu.artifact import write_atomically
from korpu.errors import UsageError

EPOCH = (1980, 1, 1, 0, 0, 0)  # of a zip entry: the earliest there is, and always the same


def hypotheses_path(side: TestSide, system: str) -> str:
    """Relative to the artifact."""
    return f"hypotheses/{side.benchmark}.{side.direction}.{system}.jsonl"


def write_hypotheses(path: Path, side: TestSide, hyps: Sequence[str]) -> None:
    """One line per segment, ``{id, document, src, ref, hyp}``, atomically."""
    lines = [
        json.dumps(
            {"id": s.id, "document": s.document, "src": s.src, "ref": s.ref, "hyp": hyp},
            ensure_ascii=False,
        )
        for s, hyp in zip(side.segments, hyps, strict=True)
    ]
    write_atomically(path, "".join(line + "\n" for line in lines))


def read_hypotheses(path: Path, side: TestSide) -> list[str] | None:
    """The hypotheses of a file, or None where it is absent or not of this test set."""
    if not path.exists():
        return None
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
        if [(r["id"], r["src"], r["ref"]) for r in rows] == [
            (s.id, s.src, s.ref) for s in side.segments
        ]:
            return [str(row["hyp"]) for row in rows]
    except (ValueError, KeyError, TypeError):
        pass
    return None


def write_statistics(path: Path, arrays: Mapping[str, Counts]) -> None:
    """Arrays by name as ``.npz``, with the same bytes every time (``np.savez`` stamps the time)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            content = io.BytesIO()
            np.lib.format.write_array(content, arrays[name].astype("<i4"), allow_pickle=False)
            entry = zipfile.ZipInfo(name + ".npy", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content.getvalue())
    write_atomically(path, buffer.getvalue())


def read_statistics(path: Path) -> dict[str, Counts]:
    """What ``write_statistics`` wrote; raises ``UsageError`` where it cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name].astype(np.int64) for name in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} cannot be read ({error}); run the evaluation again") from error


def counts_name(benchmark: str, direction: str, system: str, metric: str, normalised: bool) -> str:
    """The name of one system's counts per segment."""
    return f"{benchmark}/{direction}/{system}/{metric}/{'norm' if normalised else 'raw'}"


def checks_name(benchmark: str, direction: str, system: str, check: str) -> str:
    """The name of one check's result per segment (``eval.checks.PASSED``, FAILED, ABSENT)."""
    return f"{benchmark}/{direction}/{system}/checks/{check}"


def units_name(benchmark: str, direction: str) -> str:
    """The name of the unit (document) of each segment."""
    return f"{benchmark}/{direction}/units"
