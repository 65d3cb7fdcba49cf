"""Sentence pairs without documents: among all sentences that no document link has used.

Pairs are each other's best by margin over the k nearest of the whole other side (``nearest``), as
in Artetxe and Schwenk (2019). Where no documents taught the encoder, a first round does, and a
second one finds. Text and vectors stay on disk; memory is 60 bytes a sentence, and a block a
worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_prep.bitext import (
    candidates,
    decontaminate,
    documents,
    encoders,
    leftover,
    nearest,
    provenance,
    shards,
)
from data_prep.bitext.leftover import Sides
from data_prep.bitext.neighbours import Fitted
from data_prep.bitext.sentences import LONGEST
from korpu import log, schema

BLOCK = 16_384  # sentences
SHARD = 512  # pairs finished at a time
SURE = 1.1  # margin of pairs the encoder learns from
LEARN = 20_000  # pairs, the surest
LENIENCE = 0.9  # pairs down to this share of the threshold are told, rejected by name
FOUND = {"src": pl.UInt32, "tgt": pl.UInt32, "margin": pl.Float32}


@dataclass(frozen=True)
class Described:
    """Sentences, by their places, whose vectors make a block."""

    shards: tuple[Path, ...]
    places: pl.DataFrame
    fitted: Fitted
    side: str


@dataclass(frozen=True)
class Task:
    """Pairs found: places of both sentences (``src_shard`` …), and ``margin``."""

    shards: tuple[Path, ...]
    pairs: pl.DataFrame
    threshold: float
    prepare: schema.Prepare
    lines: decontaminate.Index


def mine(
    cut: Sequence[Path],
    mined: Sequence[Path],
    fitted: Fitted,
    codes: tuple[str, str],
    prepare: schema.Prepare,
    lines: decontaminate.Index,
    work: Path,
    crew: shards.Crew,
) -> list[Path]:
    """Shards of ``CANDIDATE`` from the sentence shards ``cut``; none where it is switched off.

    ``mined`` are the candidates of aligned documents, whose sentences are used up; ``fitted`` is
    the encoder that made them.
    """
    threshold = prepare.align.everywhere
    if threshold is None:
        return []
    sides = leftover.find(cut, mined, codes, prepare.filter, work, crew)
    if not all(side.height for side in sides):
        return []
    if not mined:
        first = _found(sides, cut, fitted, prepare.align, work / "first", crew)
        fitted = _learned(first, sides, cut, fitted, work / "encoder.npz")
    found = _found(sides, cut, fitted, prepare.align, work / "last", crew)
    pairs = _located(found.filter(pl.col("margin") >= threshold * LENIENCE), sides)
    log.say(
        f"  everywhere: {pairs.height} pairs in {sides[0].height} × {sides[1].height} sentences"
    )
    todo = [
        Task(tuple(cut), pairs[start : start + SHARD], threshold, prepare, lines)
        for start in range(0, pairs.height, SHARD)
    ]
    return shards.build(todo, finish, work / "mined", crew=crew, what="pairs from everywhere")


def _found(
    sides: Sides,
    cut: Sequence[Path],
    fitted: Fitted,
    settings: schema.Align,
    work: Path,
    crew: shards.Crew,
) -> pl.DataFrame:
    """``FOUND``: rows of the two sides that are each other's best, in order of the source."""
    blocks = []
    for side, name in zip(sides, ("src", "tgt"), strict=True):
        todo = [
            Described(tuple(cut), side[start : start + BLOCK], fitted, name)
            for start in range(0, side.height, BLOCK)
        ]
        what = f"vectors of {name}"
        blocks.append(tuple(shards.build(todo, describe, work / name, crew=crew, what=what)))
    like = fitted.load().encode(["."], "src")
    near = []
    for own, name in enumerate(("nearest-src", "nearest-tgt")):
        others, centres = blocks[1 - own], None
        if sides[1 - own].height > nearest.EXHAUSTIVE:
            centres = work / f"{name}.npy"
            if not centres.exists():
                leftover.write_array(nearest.centres(others), centres)
        asks = [
            nearest.Search(path, others, settings.neighbours, like, centres) for path in blocks[own]
        ]
        near.append(shards.build(asks, nearest.search, work / name, crew=crew, what=name))
    return mutual(near[0], near[1])


def describe(task: Described) -> pl.DataFrame:
    """``nearest.BLOCK`` of the sentences."""
    return nearest.block(task.fitted.load().encode(_texts(task.shards, task.places), task.side))


def mutual(of_src: Sequence[Path], of_tgt: Sequence[Path]) -> pl.DataFrame:
    """``FOUND`` from ``nearest.NEAR`` of both sides' blocks."""
    near = [
        np.concatenate([pl.read_parquet(path, columns=["near"])["near"].to_numpy() for path in of])
        for of in (of_src, of_tgt)
    ]
    best = [
        np.concatenate(list(_best(of, own, other)))
        for of, own, other in ((of_src, near[0], near[1]), (of_tgt, near[1], near[0]))
    ]
    src = np.arange(len(best[0]))
    tgt, margins = best[0]["other"].astype(np.int64), best[0]["margin"]
    both = (tgt >= 0) & (best[1]["other"][tgt] == src) & (margins > 0)
    found = {"src": src[both], "tgt": tgt[both], "margin": margins[both]}
    return pl.DataFrame(found, schema=FOUND)


def _best(
    files: Sequence[Path], own: NDArray[np.float32], other: NDArray[np.float32]
) -> Iterator[NDArray[np.void]]:
    """Of each row the best by margin (``other``, −1 where there is none; ``margin``)."""
    start = 0
    for path in files:
        table = pl.read_parquet(path).with_row_index("row").explode(
            "others", "similarities", empty_as_null=False
        )  # fmt: skip
        rows, others = (table[name].to_numpy().astype(np.int64) for name in ("row", "others"))
        mean = (own[start + rows] + other[others]) / 2
        cosines = table["similarities"].to_numpy()
        margins = np.divide(cosines, mean, out=np.zeros_like(cosines), where=mean > 1e-6)
        order = np.lexsort((others, -margins, rows))
        first = order[np.unique(rows[order], return_index=True)[1]]
        size = pl.scan_parquet(path).select(pl.len()).collect().item()
        best = np.zeros(size, dtype=[("other", np.int32), ("margin", np.float32)])
        best["other"] = -1
        best["other"][rows[first]], best["margin"][rows[first]] = others[first], margins[first]
        start += size
        yield best


def _learned(
    found: pl.DataFrame,
    sides: Sides,
    cut: Sequence[Path],
    fitted: Fitted,
    path: Path,
) -> Fitted:
    learned = Fitted(path, fitted.config, fitted.cache)
    if not path.exists():
        sure = found.filter(pl.col("margin") >= SURE)
        sure = _located(sure.sort(-pl.col("margin"), "src").head(LEARN).sort("src"), sides)
        texts = [_texts(cut, _places(sure, name)) for name in ("src", "tgt")]
        encoder = fitted.load()
        encoders.save(encoder.learn(*texts) if sure.height else encoder, path)
    return learned


def _located(found: pl.DataFrame, sides: Sides) -> pl.DataFrame:
    places = [
        side[found[name]].rename(lambda column, name=name: f"{name}_{column}")  # type: ignore[misc]
        for side, name in zip(sides, ("src", "tgt"), strict=True)
    ]
    return pl.concat([*places, found.select("margin")], how="horizontal")


def _places(pairs: pl.DataFrame, side: str) -> pl.DataFrame:
    return pairs.select(pl.col(f"{side}_{name}").alias(name) for name in ("shard", "row", "at"))


def _texts(cut: Sequence[Path], places: pl.DataFrame) -> list[str]:
    """The sentences at these places, in order; a shard is read once."""
    parts = []
    for (shard,), wanted in places.with_row_index("asked").group_by("shard", maintain_order=True):
        lines = pl.read_parquet(cut[int(str(shard))], columns=["sentences"])[wanted["row"]]
        text = lines.select(text=pl.col("sentences").list.get(pl.lit(wanted["at"]))).to_series()
        parts.append(pl.DataFrame({"asked": wanted["asked"], "text": text}))
    return pl.concat(parts).sort("asked")["text"].to_list() if parts else []


def finish(task: Task) -> pl.DataFrame:
    """The pairs as ``CANDIDATE``; those below the threshold with the reason ``margin``."""
    articles = [
        documents.rows(task.shards, _places(task.pairs, name).select("shard", "row"))
        for name in ("src", "tgt")
    ]
    return candidates.finish(_rows(task, *articles), task.prepare, task.lines)


def _rows(
    task: Task, src: Sequence[dict[str, Any]], tgt: Sequence[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    places = task.pairs.select("src_at", "tgt_at", "margin").iter_rows()
    for a, b, (i, j, margin) in zip(src, tgt, places, strict=True):
        score = round(margin, 4)
        yield provenance.of(a, b) | {
            "src": a["sentences"][i],
            "tgt": b["sentences"][j],
            "score": score,
            "position": LONGEST + i,  # after the aligned ones of the same two articles
            "reason": "margin" if score < task.threshold else None,
        }
