"""Documents as a whole: one split each, and near copies of one not in two splits.

A reprint with another lead, or tomorrow's update of a report, would carry the test set into
training although no sentence of it is the same. Signatures of a document are the entrywise minimum
of its sentences' (see ``minhash``), one of each side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_prep.bitext import buckets, minhash, shards
from data_prep.bitext.buckets import Corpus, Step

LEAST = 3  # pairs: what is shorter is found as a near duplicate, sentence by sentence
BANDS, ROWS = 16, 4  # documents of similarity .7 meet with probability .99, .3 with .12
LEADERS = 16  # of one band's key: each document is compared with at most so many
SIDES = ("src", "tgt")
HELD = {"test": 0, "dev": 1, "train": 2, "undated": 3}
COLUMNS = ("document_key", "split", "reason", "src", "tgt")


def signed(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a document (and split, should its dates disagree): ``bucket``, ``split``, ``pairs``
    (all candidates), ``kept``, and its ``signature``, both sides' after each other, or null.

    Of documents with fewer than ``LEAST`` pairs only those at the edges of a part get one, for the
    rest of it may lie in the next.
    """
    documents = rows.with_row_index("row").group_by("document_key", "split").agg(
        pl.len().alias("pairs"), pl.col("reason").null_count().alias("kept"), pl.col("row")
    )  # fmt: skip
    edges = [rows["document_key"][0], rows["document_key"][-1]] if rows.height else []
    # counted whole, for its rows may disagree about the split
    of_part = pl.col("pairs").sum().over("document_key")
    long = (of_part >= LEAST) | pl.col("document_key").is_in(edges)
    documents = documents.sort("document_key", "split")
    chosen = documents.filter(long)
    sizes = chosen["row"].list.len().to_numpy()
    order = chosen["row"].explode().to_list() if chosen.height else []
    starts = np.concatenate([[0], np.cumsum(sizes)])[:-1].astype(np.int64)
    sides = [
        np.minimum.reduceat(minhash.signatures(rows[side][order].to_list()), starts, axis=0)
        for side in SIDES
        if order
    ]
    packed = [
        b"".join(part) for part in zip(*([r.tobytes() for r in s] for s in sides), strict=True)
    ]
    chosen = chosen.with_columns(signature=pl.Series(packed, dtype=pl.Binary))
    plain = documents.filter(~long).with_columns(signature=pl.lit(None, dtype=pl.Binary))
    both = pl.concat([chosen, plain]).sort("document_key", "split")
    return both.select("split", "pairs", "kept", "signature", bucket="document_key")


@dataclass(frozen=True)
class _Documents:
    files: tuple[Path, ...]
    number: int
    count: int


@dataclass(frozen=True)
class _Band:
    files: tuple[Path, ...]
    number: int
    least: float


def settle(
    step: Step, known: Corpus, least: float | None, work: Path, crew: shards.Crew
) -> tuple[Path, ...]:
    """Tables of documents: the split of those whose rows disagree (``document_key``,
    ``split_said``), and those that go (``document_key``, ``reason``).

    ``step`` emits what ``signed`` gives for each part.
    """
    emitted, count = buckets.emit(step, known, work, crew)
    wide = max(1, -(-known.rows * BANDS * len(SIDES) // LEAST // buckets.BUCKET))
    tasks = [_Documents(tuple(emitted), number, wide) for number in range(count)]
    whole = shards.build(
        tasks, _settle, work / "documents", crew=crew, what="documents", batched=True
    )
    said = pl.concat([shards.batch(path, wide) for path in whole])
    said = said.select("document_key", split_said="reason").sort("document_key")
    tables = [_table(said, work / "documents_split.parquet")] if said.height else []
    if least is not None:
        near = shards.build(
            [_Band(tuple(whole), number, least) for number in range(wide)],
            _near,
            work / "near_documents",
            crew=crew,
            what="near documents",
        )
        gone = shards.read(near).unique("document_key").sort("document_key")
        if gone.height:
            tables.append(_table(gone, work / "documents_gone.parquet"))
    return tuple(tables)


def _table(frame: pl.DataFrame, path: Path) -> Path:
    shards.keep(frame, path)
    return path


def _settle(task: _Documents) -> list[pl.DataFrame]:
    """Bands of each document by bucket; last those of which rows say different splits."""
    rows = buckets.gather(task.files, task.number).with_columns(
        order=pl.col("split").replace_strict(HELD, return_dtype=pl.Int8)
    )
    # the latest date decides: train must hold nothing that a test document holds
    rows = rows.sort("bucket", "order")
    documents = rows.group_by("bucket", maintain_order=True).agg(
        pl.col("split").first(), pl.col("order").first(), pl.col("split").n_unique().alias("said"),
        pl.col("pairs").sum(), pl.col("kept").sum(), pl.col("signature").drop_nulls(),
    )  # fmt: skip
    differing = documents.filter(pl.col("said") > 1)
    whole = documents.filter(
        (pl.col("pairs") >= LEAST)
        & (pl.col("kept") > 0)
        & (pl.col("signature").list.len() > 0)
        & (pl.col("order") < HELD["undated"])
    )
    decided = {
        "document_key": differing["bucket"], "order": differing["order"],
        "reason": differing["split"],
    }  # fmt: skip
    kinds: dict[str, Any] = {
        "bucket": pl.UInt64, "document_key": pl.UInt64, "order": pl.Int8, "low": pl.UInt64,
        "high": pl.UInt64, "reason": pl.String,
    }  # fmt: skip
    nothing = pl.DataFrame(schema=kinds)
    said = pl.concat([nothing, pl.DataFrame(decided)], how="diagonal_relaxed").cast(kinds)  # type: ignore[arg-type]
    return buckets.partition(pl.concat([said, *_banded(whole, kinds)]), task.count)


def _banded(documents: pl.DataFrame, kinds: dict[str, Any]) -> list[pl.DataFrame]:
    if not documents.height:
        return []
    merged = np.stack(
        [
            np.stack([np.frombuffer(part, np.uint32) for part in parts]).min(axis=0)
            for parts in documents["signature"]
        ]
    )
    again = np.repeat(np.arange(documents.height), BANDS)
    found = []
    for number in range(len(SIDES)):
        side = merged[:, number * minhash.ENTRIES : (number + 1) * minhash.ENTRIES]
        met = minhash.bands(side, BANDS, ROWS) ^ np.uint64(number + 1)
        packed = minhash.bits(side)[again]
        frame = documents.select(document_key="bucket", order="order")[again].with_columns(
            bucket=pl.Series(met.reshape(-1)),
            low=pl.Series(packed[:, 0]),
            high=pl.Series(packed[:, 1]),
            reason=pl.lit(None, dtype=pl.String),
        )
        found.append(frame.select(list(kinds)).cast(pl.Schema(kinds)))
    return found


def _near(task: _Band) -> pl.DataFrame:
    rows = buckets.gather(task.files, task.number)
    rows = rows.filter(pl.len().over("bucket") > 1).sort("bucket", "order", "document_key")
    near = behind(rows, task.least)
    return rows.filter(pl.Series(near, dtype=pl.Boolean)).select(
        "document_key", reason=pl.lit("near document")
    ).unique("document_key")  # fmt: skip


def behind(rows: pl.DataFrame, least: float) -> NDArray[np.bool_]:
    """Which documents are like one of an earlier ``order`` with the same ``bucket``."""
    near = np.zeros(rows.height, dtype=bool)
    if not rows.height:
        return near
    keys, order = rows["bucket"].to_numpy(), rows["order"].to_numpy()
    bits = np.stack([rows["low"].to_numpy(), rows["high"].to_numpy()], axis=1)
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    sizes = np.diff(np.r_[starts, len(keys)])
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    for number in range(LEADERS):
        leader = first + np.minimum(number, size - 1)
        alike = minhash.agreement(bits, bits[leader]) >= least
        near |= alike & (order > order[leader])
    return near


def columns(narrow: Sequence[str]) -> tuple[str, ...]:
    """What ``signed`` needs of a part."""
    return tuple(dict.fromkeys([*narrow, *COLUMNS[3:]]))
