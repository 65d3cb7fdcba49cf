"""The finished corpus on disk: a Parquet file per split and pair of languages, and the rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from data_prep.bitext import columns, decontaminate, shards, split
from data_prep.bitext.buckets import Corpus
from data_prep.bitext.tally import Tally
from korpu.artifact import File
from korpu.errors import SaysNo

REJECTED, CONTAMINATION = "rejected.parquet", "contamination.parquet"


@dataclass
class Written:
    """Files relative to the corpus's folder with their rows, and what was counted on the way."""

    files: dict[str, int] = field(default_factory=dict)
    splits: Counter[str] = field(default_factory=Counter)  # of the corpus's own pair of languages
    reasons: Counter[str] = field(default_factory=Counter)
    days: tuple[str | None, str | None] = (None, None)  # first and last of what is kept
    documents: int = 0  # kept ones, of each part alone

    def artifact(self) -> list[File]:
        return [File(path, rows=rows) for path, rows in self.files.items()]


def path_of(name: str, pair: str, own: str) -> str:
    """Where a split of a pair of languages lies: the corpus's own pair needs no folder."""
    return f"{name}.parquet" if pair == own else f"{pair}/{name}.parquet"


def write(known: Corpus, rules: split.Rules, own: str, out: Path, tally: Tally) -> Written:
    """Write every split, ``rejected.parquet`` and ``contamination.parquet``, a part at a time.

    ``own`` is the corpus's pair, ``azj_Latn-uzn_Latn``; pairs with further languages lie in
    folders of their names, all three splits of each. The order is that of the candidates.
    """
    written = Written()
    tables: dict[str, columns.Table] = {
        REJECTED: columns.Table(out / REJECTED, columns.REJECTED),
        CONTAMINATION: columns.Table(out / CONTAMINATION, columns.CONTAMINATION),
    }

    def table(name: str, pair: str) -> columns.Table:
        path = path_of(name, pair, own)
        if path not in tables:
            tables[path] = columns.Table(out / path, columns.CORPUS)
        return tables[path]

    for name in split.SPLITS:
        table(name, own)
    for part in known.parts:
        rows = split.read(known, part, rules, tuple(columns.CANDIDATE))
        tally.add(rows)
        _count(written, rows, own)
        tables[REJECTED].add(rows.filter(pl.col("reason").is_not_null()))
        tables[CONTAMINATION].add(rows.filter(pl.col("hit").is_not_null()))
        kept = rows.filter(pl.col("split").is_not_null())
        for (pair,), of_pair in kept.group_by(_pair(), maintain_order=True):
            for name in split.SPLITS:
                table(name, str(pair)).add(of_pair.filter(split=name))
    written.files = {path: table.close() for path, table in tables.items()}
    return written


def _pair() -> pl.Expr:
    return pl.concat_str("src_lang", "tgt_lang", separator="-")


def _count(written: Written, rows: pl.DataFrame, own: str) -> None:
    reasons = rows["reason"].drop_nulls().value_counts()
    written.reasons.update(dict(reasons.iter_rows()))
    kept = rows.filter(pl.col("split").is_not_null() & (_pair() == own))
    written.splits.update(dict(kept["split"].value_counts().iter_rows()))
    written.documents += kept["document_key"].n_unique()
    days = [day for day in (*written.days, *_ends(kept["published"])) if day is not None]
    written.days = (min(days), max(days)) if days else (None, None)


def _ends(published: pl.Series) -> Iterator[str | None]:
    for end in (published.min(), published.max()):
        yield None if end is None else str(end)


@dataclass(frozen=True)
class _Group:
    path: Path
    number: int
    lines: decontaminate.Index


def verify(paths: list[Path], lines: decontaminate.Index, work: Path, crew: shards.Crew) -> int:
    """Read the finished splits once more; returns the pairs looked at.

    Raises ``SaysNo`` naming split, benchmark and pair where a line of a benchmark is left.
    """
    groups = [(path, pq.ParquetFile(path).metadata) for path in paths]
    tasks = [
        _Group(path, number, lines)
        for path, data in groups
        for number in range(data.num_row_groups)
    ]
    if tasks:
        checked = shards.build(tasks, _overlaps, work, crew=crew, what="contamination check")
        for path, benchmark, hit, identity in shards.read(checked).iter_rows():
            raise SaysNo(
                f"{path} overlaps the benchmark {benchmark}: pair {identity} holds {hit}; nothing "
                "may be trained or judged on this corpus"
            )
    return sum(data.num_rows for _, data in groups)


def _overlaps(group: _Group) -> pl.DataFrame:
    table = pq.ParquetFile(group.path).read_row_group(group.number, ["id", "src", "tgt"])
    rows = pl.DataFrame(pl.from_arrow(table))
    found = [
        (group.path.name, hit.benchmark, str(hit), identity)
        for side in ("src", "tgt")
        for identity, hit in zip(
            rows["id"], decontaminate.find(group.lines, rows[side].to_list()), strict=True
        )
        if hit
    ]
    names = ("path", "benchmark", "hit", "id")
    return pl.DataFrame(found, schema=dict.fromkeys(names, pl.String), orient="row")
