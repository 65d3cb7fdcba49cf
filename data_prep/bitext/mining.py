"""From articles to candidate pairs: fit the encoder, let it learn, pair documents, align.

The encoder learns from its own pairs: documents that the sites link, or that are each other's
best, are aligned by characters alone, and a lexicon is learned from their best links. Of the
articles only ids, addresses and days are in memory; text is read where it is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from data_prep.bitext import (
    align,
    candidates,
    decontaminate,
    documents,
    encoders,
    learning,
    neighbours,
    provenance,
)
from data_prep.bitext.align import Document, Surroundings
from data_prep.bitext.links import Link
from data_prep.bitext.neighbours import Fitted
from data_prep.bitext.shards import Crew, keep
from korpu import log, schema

SHARD = 32  # document pairs
FIT = 20_000  # sentences a side that the encoder is fitted on
SAMPLE = 2_048  # sentences a side, the margin's neighbourhood
LEARN = 400  # document pairs that the encoder learns from
PAIRS: Mapping[str, Any] = {
    "src_shard": pl.UInt32, "src_row": pl.UInt32, "src_known": pl.Boolean,  # in the sample
    "tgt_shard": pl.UInt32, "tgt_row": pl.UInt32, "tgt_known": pl.Boolean,
    "margin": pl.Float32,  # null: linked by the sites
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """The document pairs (``PAIRS``), and where the encoder and the sample lie."""

    pairs: pl.DataFrame
    shards: tuple[Path, ...]
    fitted: Fitted
    sample: Path

    @property
    def linked(self) -> int:
        """Pairs by the sites' own links."""
        return self.pairs["margin"].null_count()


def mine(
    cut: Sequence[Path],
    codes: tuple[str, str],
    prepare: schema.Prepare,
    work: Path,
    crew: Crew,
) -> Found:
    """Fit the encoder and pair the documents of the sentence shards ``cut``.

    All of it is kept under ``work``, and read back by the next run.
    """
    plain = Fitted(work / "encoder-plain.npz", prepare.encoder, work / "vectors")
    learned = Fitted(work / "encoder.npz", prepare.encoder, work / "vectors")
    table, sample = work / "documents.parquet", work / "sample.npz"
    if not table.exists():
        sides = documents.read(cut, codes[0]), documents.read(cut, codes[1])
        links = documents.linked(*sides)
        log.say(f"  documents: {links.height} pairs by the sites' links")
        if not plain.path.exists():
            encoders.save(_fit(sides, cut, codes, plain), plain.path)
        if not learned.path.exists():
            known = links
            if links.height < LEARN:
                folder = work / "documents-plain"
                known = _paired(sides, cut, links, plain, prepare.align, folder, crew)
            encoders.save(_learn(sides, cut, known, plain.load(), prepare.align), learned.path)
        pairs = _paired(sides, cut, links, learned, prepare.align, work / "documents", crew)
        log.say(f"  documents: {pairs.height - links.height} pairs by margin")
        src, tgt = (
            learned.load().encode(_sampled(side, cut), name) for side, name in _named(sides)
        )
        align.save(src, tgt, sample)
        _write(_located(pairs, sides), table)
    return Found(pl.read_parquet(table), tuple(cut), learned, sample)


Sides = tuple[pl.DataFrame, pl.DataFrame]


def _named(sides: Sides) -> Iterator[tuple[pl.DataFrame, str]]:
    return zip(sides, ("src", "tgt"), strict=True)


def _fit(
    sides: Sides, cut: Sequence[Path], codes: tuple[str, str], plain: Fitted
) -> encoders.Encoder:
    src, tgt = (_lines(documents.spread(side, FIT, "size"), cut) for side in sides)
    return encoders.fit(plain.config, src, tgt, plain.cache, codes)


def _lines(articles: pl.DataFrame, cut: Sequence[Path]) -> list[str]:
    return [line for article in documents.texts(cut, articles) for line in article]


def _sampled(side: pl.DataFrame, cut: Sequence[Path]) -> list[str]:
    return _lines(documents.spread(side, SAMPLE, "size"), cut)


def _paired(
    sides: Sides,
    cut: Sequence[Path],
    links: pl.DataFrame,
    fitted: Fitted,
    settings: schema.Align,
    work: Path,
    crew: Crew,
) -> pl.DataFrame:
    found = neighbours.find(sides, cut, links, fitted, settings, work, crew)
    return pl.concat([links, found]).sort("src")


def _learn(
    sides: Sides,
    cut: Sequence[Path],
    known: pl.DataFrame,
    encoder: encoders.Encoder,
    settings: schema.Align,
) -> encoders.Encoder:
    some = _located(known.gather_every(max(1, -(-known.height // LEARN))), sides)
    one, two = (
        [
            Document(lines, seen)
            for lines, seen in zip(
                documents.texts(cut, some.select(shard=f"{name}_shard", row=f"{name}_row")),
                some[f"{name}_known"],
                strict=True,
            )
        ]
        for name in ("src", "tgt")
    )
    samples = _sampled(sides[0], cut), _sampled(sides[1], cut)
    return learning.learn(encoder, list(zip(one, two, strict=True)), samples, settings)


def _located(pairs: pl.DataFrame, sides: Sides) -> pl.DataFrame:
    """``PAIRS`` of pairs of rows of the two sides."""
    found = pairs
    for side, name in _named(sides):
        known = documents.spread(side, SAMPLE, "size").select(
            pl.col("at").alias(name), pl.lit(True).alias(f"{name}_known")
        )
        places = side.with_row_index(name).select(
            name, pl.col("shard").alias(f"{name}_shard"), pl.col("row").alias(f"{name}_row")
        )
        found = found.join(places, on=name).join(known, on=name, how="left")
    return found.sort("src").select(
        pl.col(name).fill_null(False) if name.endswith("known") else pl.col(name) for name in PAIRS
    )


def _write(frame: pl.DataFrame, path: Path) -> None:
    keep(frame.cast(pl.Schema(PAIRS)), path)


@dataclass(frozen=True)
class Task:
    """A shard of document pairs, as ``PAIRS``: where their articles lie."""

    shards: tuple[Path, ...]
    pairs: pl.DataFrame
    fitted: Fitted
    sample: Path
    prepare: schema.Prepare
    lines: decontaminate.Index


def tasks(found: Found, prepare: schema.Prepare, lines: decontaminate.Index) -> list[Task]:
    """The shards of the final alignment."""
    return [
        Task(found.shards, found.pairs[start : start + SHARD], found.fitted, found.sample,
             prepare, lines)
        for start in range(0, found.pairs.height, SHARD)
    ]  # fmt: skip


def finish(task: Task) -> pl.DataFrame:
    """Align a shard's document pairs; its candidates, filtered, as ``CANDIDATE`` columns."""
    articles = [_articles(task, side) for side in ("src", "tgt")]
    both = [
        (Document(a["sentences"], src_known), Document(b["sentences"], tgt_known))
        for a, b, src_known, tgt_known in zip(
            *articles, task.pairs["src_known"], task.pairs["tgt_known"], strict=True
        )
    ]
    settings = task.prepare.align
    around = _surroundings(task.fitted, task.sample, settings.neighbours)
    links = align.align(both, around, settings.sentence_margin, settings.max_merge)
    rows = (
        row
        for a, b, of_pair in zip(*articles, links, strict=True)
        for row in _rows(a, b, of_pair, settings.sentence_margin)
    )
    return candidates.finish(rows, task.prepare, task.lines)


@lru_cache(maxsize=1)
def _surroundings(fitted: Fitted, sample: Path, k: int) -> Surroundings:
    return Surroundings(fitted.load(), *align.load(sample), k)


def _articles(task: Task, side: str) -> list[dict[str, Any]]:
    places = task.pairs.select(shard=f"{side}_shard", row=f"{side}_row")
    return documents.rows(task.shards, places)


def _rows(
    a: dict[str, Any], b: dict[str, Any], links: Sequence[Link], threshold: float
) -> Iterator[dict[str, Any]]:
    shared = provenance.of(a, b)
    for position, link in enumerate(links):
        score = round(link.score, 4)
        yield shared | {
            "src": " ".join(a["sentences"][slice(*link.src)]),
            "tgt": " ".join(b["sentences"][slice(*link.tgt)]),
            "score": score,
            "position": position,
            "reason": "margin" if score < threshold else None,
        }
