"""Questions about the whole corpus (which pairs are equal?) answered a bucket at a time.

Candidates lie in shards; some consecutive ones are a part. A step is two rounds of tasks: every
part *emits* narrow rows, sorted into buckets by a key, and every bucket, which holds all rows of
its keys wherever they come from, is *judged*. What is judged comes back as verdicts: (place,
reason). Parts and buckets have a bounded size, so memory does not grow with the corpus; they
depend on the rows alone, so the number of workers changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from data_prep.bitext import shards

PART = 50_000  # candidates of a part, at least
BUCKET = 500_000  # emitted rows of a bucket, about
NARROW = (
    "id", "src_lang", "tgt_lang", "src_key", "tgt_key", "score", "origin", "published", "document",
    "document_key", "trusted", "synthetic_side", "reason",
)  # fmt: skip
VERDICT = {"at": pl.UInt64, "reason": pl.String}


@dataclass(frozen=True)
class Part:
    """Consecutive shards of candidates; ``number`` and the row within make a row's place."""

    number: int
    files: tuple[Path, ...]
    rows: int


@dataclass(frozen=True)
class Verdicts:
    """What a step decided: files of a bucket each in ``judged``, with a batch for every part, and
    in ``emitted`` a file of a part each, whose last batch was decided before it met others."""

    judged: Path
    emitted: Path
    buckets: int

    def of(self, part: Part) -> pl.DataFrame:
        """``VERDICT`` of a part's rows, each place once."""
        of_part = shards.batch(self.emitted / shards.name(part.number, batched=True), self.buckets)
        found = [of_part.select(*VERDICT)] if of_part.height else []
        for number in range(self.buckets):
            path = self.judged / shards.name(number, batched=True)
            found.append(shards.batch(path, part.number))
        # several buckets may condemn one row (it has many keys): one verdict is enough
        both = pl.concat([pl.DataFrame(schema=VERDICT), *found]).sort("at", "reason")
        return both.unique("at", keep="first", maintain_order=True)


@dataclass(frozen=True)
class Corpus:
    """The parts, and everything said of their rows so far.

    ``documents`` are small tables of the few documents
    of which something is known: (document_key, reason) and (document_key, split).
    """

    parts: tuple[Part, ...]
    verdicts: tuple[Verdicts, ...] = ()
    documents: tuple[Path, ...] = ()

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)


def corpus(files: Sequence[Path]) -> Corpus:
    """The candidates' shards, in order, as parts of at least ``PART`` rows (but for the last)."""
    parts: list[Part] = []
    waiting: list[Path] = []
    rows = 0
    for path in files:
        waiting.append(path)
        rows += pq.ParquetFile(path).metadata.num_rows
        if rows >= PART:
            parts.append(Part(len(parts), tuple(waiting), rows))
            waiting, rows = [], 0
    if rows:
        parts.append(Part(len(parts), tuple(waiting), rows))
    return Corpus(tuple(parts))


def read(known: Corpus, part: Part, columns: Sequence[str] = NARROW) -> pl.DataFrame:
    """A part's rows with ``at`` (their place) and ``reason`` as it is known by now."""
    wanted = [*dict.fromkeys([*columns, "reason", "document_key"])]
    frame = pl.concat([pl.read_parquet(path, columns=wanted) for path in part.files])
    first = part.number << 32
    places = pl.Series("at", np.arange(first, first + frame.height, dtype=np.uint64))
    frame = frame.with_columns(places)
    for table in known.documents:
        frame = frame.join(
            pl.read_parquet(table),
            on="document_key",
            how="left",
            maintain_order="left",
            suffix="_said",
        )
        if "reason_said" in frame.columns:
            frame = _because(frame)
    for decided in known.verdicts:
        said = decided.of(part)
        frame = _because(
            frame.join(said, on="at", how="left", maintain_order="left", suffix="_said")
        )
    return frame


def _because(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(reason=pl.coalesce("reason", "reason_said")).drop("reason_said")


Emit = Callable[[pl.DataFrame, Any], pl.DataFrame]
Judge = Callable[[pl.DataFrame, Any], pl.DataFrame]


@dataclass(frozen=True)
class Step:
    """``emit`` gives rows with a ``bucket`` column (64 bits); a row with a ``reason`` is judged
    already. ``judge`` gives ``VERDICT`` columns. Both are module-level functions."""

    name: str
    emit: Emit
    judge: Judge
    settings: Any
    columns: tuple[str, ...] = NARROW
    each: int = 1  # emitted rows per candidate, about: more need more buckets


@dataclass(frozen=True)
class _Emission:
    step: Step
    known: Corpus
    part: Part
    count: int


@dataclass(frozen=True)
class _Bucket:
    step: Step
    files: tuple[Path, ...]
    number: int
    parts: int


def run(step: Step, known: Corpus, work: Path, crew: shards.Crew) -> Corpus:
    """The corpus after a step: its verdicts are known too."""
    judged = work / step.name
    files, count = emit(step, known, work, crew)
    what = step.name.replace("_", " ")
    tasks = [_Bucket(step, tuple(files), number, len(known.parts)) for number in range(count)]
    shards.build(tasks, _judge, judged, crew=crew, what=what, batched=True)
    said = Verdicts(judged, _emitted(step, work), count)
    return replace(known, verdicts=(*known.verdicts, said))


def emit(step: Step, known: Corpus, work: Path, crew: shards.Crew) -> tuple[list[Path], int]:
    """The emissions' files, one a part, and the number of buckets in each."""
    count = max(1, -(-known.rows * step.each // BUCKET))
    tasks = [_Emission(step, known, part, count) for part in known.parts]
    files = shards.build(
        tasks, _emit, _emitted(step, work), crew=crew, what=f"{step.name} keys", batched=True
    )
    return files, count


def _emitted(step: Step, work: Path) -> Path:
    return work / f"{step.name}_keys"


def _emit(task: _Emission) -> list[pl.DataFrame]:
    frame = task.step.emit(read(task.known, task.part, task.step.columns), task.step.settings)
    return partition(frame, task.count)


def partition(frame: pl.DataFrame, count: int) -> list[pl.DataFrame]:
    """``count`` frames by ``bucket``, and one more for the rows that have a ``reason`` already."""
    if "reason" in frame.columns:
        decided = frame.filter(pl.col("reason").is_not_null())
        frame = frame.filter(pl.col("reason").is_null())
    else:
        decided = frame.clear()
    numbers = frame["bucket"].to_numpy() % np.uint64(count)
    order = np.argsort(numbers, kind="stable")
    frame = frame[order]
    ends = np.searchsorted(numbers[order], np.arange(count + 1))
    return [
        *(frame[int(a) : int(b)] for a, b in pairwise(ends)),
        decided,
    ]


def gather(files: Sequence[Path], number: int) -> pl.DataFrame:
    """All rows of a bucket."""
    return pl.concat([shards.batch(path, number) for path in files], rechunk=True)


def _judge(task: _Bucket) -> list[pl.DataFrame]:
    rows = gather(task.files, task.number)
    said = pl.DataFrame(schema=VERDICT)
    if rows.height:
        said = task.step.judge(rows, task.step.settings).select(*VERDICT).cast(VERDICT)  # type: ignore[arg-type]
    said = said.sort("at", "reason")
    ends = np.searchsorted(said["at"].to_numpy() >> np.uint64(32), np.arange(task.parts + 1))
    return [said[int(a) : int(b)] for a, b in pairwise(ends)]
