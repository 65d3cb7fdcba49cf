"""Documents that no link pairs: each other's best margin among those of about the same day.

The articles of each side are cut, in order of their day, into buckets; what is said in them
becomes one vector an article, on disk; a bucket of the source is then compared with those of the
target that may hold its days. Memory is that of two buckets and two samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_prep.bitext import documents, encoders, margin, shards, vectors
from data_prep.bitext.vectors import Floats
from korpu import schema

SAMPLE = 4_096  # documents of a side, the margin's neighbourhood
BUCKET = 2_048  # documents of a side compared at a time
GROUP = 32  # sentence shards whose articles' vectors lie in one file
BLOCK = 128  # articles encoded, and rows compared, at a time
STRONGEST = 1_024  # n-grams kept of a document
FOUND = {"src": pl.UInt32, "tgt": pl.UInt32, "margin": pl.Float32}


@dataclass(frozen=True)
class Fitted:
    """An encoder as it lies on disk, and what opens it."""

    path: Path
    config: schema.Encoder
    cache: Path

    def load(self) -> encoders.Encoder:
        """The encoder; one is kept in a process."""
        return _load(self)


@lru_cache(maxsize=1)
def _load(fitted: Fitted) -> encoders.Encoder:
    return encoders.load(fitted.config, fitted.path, fitted.cache)


@dataclass(frozen=True)
class Described:
    """Articles of a few sentence shards, and the bucket of each (null: only in the sample)."""

    fitted: Fitted
    side: str
    shards: tuple[Path, ...]
    articles: pl.DataFrame
    buckets: int


@dataclass(frozen=True)
class Compared:
    """A bucket of source articles, and the buckets of the target that may hold their days."""

    src: tuple[Path, ...]
    tgt: tuple[Path, ...]
    bucket: int
    others: tuple[int, ...]
    fitted: Fitted
    align: schema.Align


def find(
    sides: tuple[pl.DataFrame, pl.DataFrame],
    cut: Sequence[Path],
    done: pl.DataFrame,
    fitted: Fitted,
    align: schema.Align,
    work: Path,
    crew: shards.Crew,
) -> pl.DataFrame:
    """``documents.PAIRS`` among the articles that ``done`` leaves: within ``align.days``, each
    other's best, at least ``align.document_margin``.

    An article without a date is compared with all. The neighbourhood is taken from articles of
    any date, linked ones too.
    """
    left = [
        _buckets(side.with_row_index("at").filter(~pl.col("at").is_in(done[name].implode())))
        for side, name in zip(sides, ("src", "tgt"), strict=True)
    ]
    if not all(side.height for side in left):
        return pl.DataFrame(schema=dict(documents.PAIRS))
    files = [
        shards.build(
            _described(side, here, cut, fitted, name),
            describe,
            work / name,
            crew=crew,
            what=f"documents of {name}",
            batched=True,
        )
        for side, here, name in zip(sides, left, ("src", "tgt"), strict=True)
    ]
    todo = [
        Compared(tuple(files[0]), tuple(files[1]), bucket, others, fitted, align)
        for bucket, others in enumerate(_facing(left[0], left[1], align.days))
        if others
    ]
    found = shards.build(todo, compare, work / "pairs", crew=crew, what="document pairs")
    return _mutual(shards.read(found)) if found else pl.DataFrame(schema=dict(documents.PAIRS))


def _buckets(left: pl.DataFrame) -> pl.DataFrame:
    order = left.sort("day", "id", nulls_last=True).with_row_index("bucket")
    return order.with_columns(pl.col("bucket") // BUCKET)


def _facing(src: pl.DataFrame, tgt: pl.DataFrame, days: int) -> list[tuple[int, ...]]:
    """Of every source bucket, the target buckets that may hold a day of its."""
    spans = [
        side.group_by("bucket")
        .agg(low=pl.col("day").min(), high=pl.col("day").max(), undated=pl.col("day").has_nulls())
        .sort("bucket")
        .rows()
        for side in (src, tgt)
    ]
    return [
        tuple(
            other
            for other, first, last, none in spans[1]
            if unknown or none or (first <= high + days and last >= low - days)
        )
        for _, low, high, unknown in spans[0]
    ]


def _described(
    side: pl.DataFrame, left: pl.DataFrame, cut: Sequence[Path], fitted: Fitted, name: str
) -> list[Described]:
    chosen = documents.spread(side, SAMPLE, "articles").select("at", sampled=True)
    wanted = (
        side.with_row_index("at")
        .join(left.select("at", "bucket"), on="at", how="left")
        .join(chosen, on="at", how="left")
        .filter(pl.col("bucket").is_not_null() | pl.col("sampled").is_not_null())
        .select("at", "day", "shard", "row", "bucket", pl.col("sampled").fill_null(False))
        .sort("at")
    )
    buckets = int(str(left["bucket"].max())) + 1
    return [
        Described(
            fitted,
            name,
            tuple(cut[start : start + GROUP]),
            wanted.filter(pl.col("shard").is_between(start, start + GROUP - 1)).with_columns(
                pl.col("shard") - start
            ),
            buckets,
        )
        for start in range(0, len(cut), GROUP)
    ]


def describe(task: Described) -> list[pl.DataFrame]:
    """A frame with the sample's articles, then one for every bucket: ``at``, ``day``, ``known``
    (in the sample), and the vector as ``vectors.TABLE``."""
    encoder = task.fitted.load()
    parts = [_vectors(encoder, task.side, [["."]]).clear()]
    for start in range(0, task.articles.height, BLOCK):
        some = task.articles[start : start + BLOCK]
        parts.append(_vectors(encoder, task.side, documents.texts(task.shards, some)))
    kept = task.articles.select("at", "day", "bucket", known="sampled")
    rows = pl.concat([kept, pl.concat(parts)], how="horizontal")
    frames = [rows.filter("known"), *(rows.filter(bucket=number) for number in range(task.buckets))]
    return [frame.drop("bucket") for frame in frames]


def _vectors(
    encoder: encoders.Encoder, side: str, articles: Sequence[Sequence[str]]
) -> pl.DataFrame:
    """The sum of each article's sentences, so that no single one rules."""
    lines = [line for article in articles for line in article]
    of_lines = encoder.encode(lines, side)
    together = vectors.summed(of_lines, [len(article) for article in articles])
    return vectors.to_frame(vectors.strongest(together, STRONGEST))


def compare(task: Compared) -> pl.DataFrame:
    """``FOUND``: pairs within the days and above the margin that are the best, here, of one side
    or the other."""
    like = task.fitted.load().encode(["."], "src")
    in_src, in_tgt = (
        vectors.from_frame(pl.concat([shards.batch(path, 0) for path in files]), like)
        for files in (task.src, task.tgt)
    )
    k = task.align.neighbours
    rows = _bucket(task.src, task.bucket)
    src = vectors.from_frame(rows, like)
    near_src = margin.neighbourhood(src, in_tgt, k)
    best = []
    for other in task.others:
        columns = _bucket(task.tgt, other)
        tgt = vectors.from_frame(columns, like)
        near_tgt = margin.neighbourhood(tgt, in_src, k)
        parts = []
        for start in range(0, rows.height, BLOCK):
            some = slice(start, start + BLOCK)
            margins = margin.ratio(
                vectors.similarities(src[some], tgt),
                near_src[some],
                near_tgt,
                rows["known"][some].to_numpy(),
                columns["known"].to_numpy(),
            )
            parts.append(_above(margins, rows[some], columns, task.align))
        found = pl.concat(parts)
        best += [_best(found, "src", "tgt"), _best(found, "tgt", "src")]
    return pl.concat(best).unique().sort("src", "tgt")


def _above(
    margins: Floats, rows: pl.DataFrame, columns: pl.DataFrame, align: schema.Align
) -> pl.DataFrame:
    apart = np.abs(_days(rows)[:, None] - _days(columns)[None, :])
    # unknown dates (nan) compare false, so they stay
    margins[(apart > align.days) | (margins < align.document_margin)] = 0
    i, j = np.nonzero(margins)
    found = {
        "src": rows["at"].to_numpy()[i],
        "tgt": columns["at"].to_numpy()[j],
        "margin": margins[i, j],
    }
    return pl.DataFrame(found, schema=FOUND)


def _best(found: pl.DataFrame, one: str, two: str) -> pl.DataFrame:
    """The best of each ``one``; of equal ones the first."""
    return found.sort(one, -pl.col("margin"), two).unique(one, keep="first", maintain_order=True)


def _mutual(found: pl.DataFrame) -> pl.DataFrame:
    found = found.unique()
    both = _best(found, "src", "tgt").join(_best(found, "tgt", "src"), on=["src", "tgt"])
    return both.select(*documents.PAIRS).cast(pl.Schema(documents.PAIRS)).sort("src")


def _bucket(files: Sequence[Path], bucket: int) -> pl.DataFrame:
    return pl.concat([shards.batch(path, bucket + 1) for path in files]).sort("at")


def _days(articles: pl.DataFrame) -> NDArray[np.float64]:
    days: NDArray[np.float64] = articles["day"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return days
