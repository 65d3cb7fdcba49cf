"""The nearest sentences of the other language, among all there are.

Each side lies on disk in blocks of rows. FAISS (Douze et al. 2024) finds by inner product who may
be near: dense vectors as they are, sparse ones projected to ``WIDTH`` dimensions by a sparse
random matrix (Kane and Nelson 2014), which keeps dot products but for 1/√``WIDTH``. Of those
candidates the true similarities decide. Memory: one block of each side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from data_prep.bitext import vectors
from data_prep.bitext.vectors import Floats, Matrix, Vectors

WIDTH = 1024
SPREAD = 8  # entries of the random matrix a feature has
CANDIDATES = 128  # of a sentence, whose true similarities are looked at
KEPT = 8  # nearest that are told
EXHAUSTIVE = 500_000  # sentences of a side; above, only the cells about a sentence are looked at
TOGETHER = 8  # blocks whose cells are one index
CELLS, PROBES = 2_048, 64  # of such an index, and those looked at
LEARN_CELLS = 32  # rows a cell that its centre is learned from
PAIRS = 4_096  # pairs of sparse rows multiplied at a time
BLOCK: Mapping[str, Any] = {"sketch": pl.Binary, **vectors.TABLE}
NEAR: Mapping[str, Any] = {
    "others": pl.List(pl.UInt32),  # rows of the other side, nearest first
    "similarities": pl.List(pl.Float32),
    "near": pl.Float32,  # mean similarity of the k nearest
}
Integers = NDArray[np.int64]


def block(encoded: Vectors) -> pl.DataFrame:
    """A row a row, in the columns of ``BLOCK``; sketches are 16-bit numbers."""
    rows = sketch(encoded).astype(np.float16)
    sketches = pl.Series("sketch", [row.tobytes() for row in rows], dtype=pl.Binary)
    return vectors.to_frame(encoded).with_columns(sketches).select(*BLOCK)


def sketch(encoded: Vectors) -> Floats:
    """Dense rows whose dot products are near the similarities."""
    parts = []
    if encoded.sparse is not None:
        projected = encoded.sparse @ _projection(int(encoded.sparse.shape[1]))
        parts.append(np.asarray(projected.toarray(), dtype=np.float32))
    if encoded.dense is not None:
        parts.append(encoded.dense)
    return np.hstack(parts)


@lru_cache(maxsize=1)
def _projection(features: int) -> Matrix:
    random = np.random.default_rng(features)
    part = WIDTH // SPREAD
    columns = random.integers(0, part, (features, SPREAD)) + np.arange(SPREAD) * part
    signs = random.choice(np.array([-1, 1], dtype=np.float32), (features, SPREAD))
    starts = np.arange(features + 1) * SPREAD
    found = (signs.ravel() / np.float32(SPREAD**0.5), columns.ravel(), starts)
    return sparse.csr_matrix(found, shape=(features, WIDTH), dtype=np.float32)


@dataclass(frozen=True)
class Search:
    """A block whose rows ask, all blocks of the other side, and k of the margin.

    ``like`` is any row of the encoder: which blocks, and how wide. ``centres`` (null: look at
    all) are those of the other side's cells.
    """

    queries: Path
    others: tuple[Path, ...]
    k: int
    like: Vectors
    centres: Path | None


def search(task: Search) -> pl.DataFrame:
    """``NEAR`` of every row; rows of the other side count through its blocks."""
    asked = _sketches(task.queries)
    found: Integers = np.full((len(asked), CANDIDATES), -1, dtype=np.int64)
    scores: Floats = np.full((len(asked), CANDIDATES), -np.inf, dtype=np.float32)
    sizes = [pl.scan_parquet(path).select(pl.len()).collect().item() for path in task.others]
    starts = np.cumsum([0, *sizes])
    together = 1 if task.centres is None else TOGETHER
    for first in range(0, len(task.others), together):
        rows = np.vstack([_sketches(path) for path in task.others[first : first + together]])
        score, at = _nearest(asked, rows, task.centres)
        at[at >= 0] += starts[first]
        scores, found = np.hstack([scores, score]), np.hstack([found, at])
        best = np.argsort(-scores, axis=1, kind="stable")[:, :CANDIDATES]
        scores = np.take_along_axis(scores, best, axis=1)
        found = np.take_along_axis(found, best, axis=1)
    exact = _exact(task, found, starts)
    # nearest first; of equal ones the first row
    order = np.lexsort((found, -exact), axis=1)[:, :KEPT]
    exact, found = (
        np.take_along_axis(exact, order, axis=1),
        np.take_along_axis(found, order, axis=1),
    )
    there = found >= 0
    return pl.DataFrame(
        {
            "others": [row[is_] for row, is_ in zip(found, there, strict=True)],
            "similarities": [row[is_] for row, is_ in zip(exact, there, strict=True)],
            "near": np.where(there, exact, 0)[:, : task.k].sum(axis=1)
            / np.maximum(there[:, : task.k].sum(axis=1), 1),
        },
        schema=dict(NEAR),
    )


def _nearest(asked: Floats, rows: Floats, centres: Path | None) -> tuple[Floats, Integers]:
    import faiss

    faiss.omp_set_num_threads(1)  # the processes are the parallelism
    width, k = rows.shape[1], min(CANDIDATES, len(rows))
    if not len(asked) or not k:
        return np.zeros((len(asked), 0), np.float32), np.zeros((len(asked), 0), np.int64)
    index: Any = faiss.IndexFlatIP(width)
    if centres is not None:
        index.add(np.load(centres))
        cells = index.ntotal
        half, dot = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        index = faiss.IndexIVFScalarQuantizer(index, width, cells, half, dot, False)
        index.is_trained, index.nprobe = True, min(PROBES, cells)
    index.add(rows)
    found: tuple[Floats, Integers] = index.search(asked, k)
    return found


def centres(blocks: Sequence[Path]) -> Floats:
    """Centres of the cells that rows of these blocks lie in, by k-means on an even sample."""
    import faiss

    faiss.omp_set_num_threads(1)
    wanted = CELLS * LEARN_CELLS // len(blocks) + 1
    rows = (_sketches(path) for path in blocks)
    some = np.vstack([part[:: max(1, len(part) // wanted)][:wanted].copy() for part in rows])
    means = faiss.Kmeans(some.shape[1], min(CELLS, len(some)), seed=1, spherical=True, niter=10,
                         min_points_per_centroid=1)  # fmt: skip
    means.train(some)
    return np.asarray(means.centroids, dtype=np.float32)


def _sketches(path: Path) -> Floats:
    column = pl.read_parquet(path, columns=["sketch"])["sketch"]
    flat = np.frombuffer(b"".join(column), dtype=np.float16)
    return np.ascontiguousarray(flat.reshape(len(column), -1).astype(np.float32))


def _exact(task: Search, found: Integers, starts: Integers) -> Floats:
    """The true similarities of the pairs found; −∞ where there is none."""
    exact = np.full(found.shape, -np.inf, dtype=np.float32)
    asked = vectors.from_frame(pl.read_parquet(task.queries, columns=[*vectors.TABLE]), task.like)
    for path, start, end in zip(task.others, starts, starts[1:], strict=False):
        rows, places = np.nonzero((found >= start) & (found < end))
        if not len(rows):
            continue
        others = vectors.from_frame(pl.read_parquet(path, columns=[*vectors.TABLE]), task.like)
        for at in range(0, len(rows), PAIRS):
            some, place = rows[at : at + PAIRS], places[at : at + PAIRS]
            exact[some, place] = _dots(asked[some], others[found[some, place] - start])
    return exact


def _dots(one: Vectors, two: Vectors) -> Floats:
    """Similarities of row and row."""
    total = np.zeros(len(one), dtype=np.float32)
    if one.sparse is not None and two.sparse is not None:
        total += np.asarray(one.sparse.multiply(two.sparse).sum(axis=1)).ravel()
    if one.dense is not None and two.dense is not None:
        total += np.einsum("ij,ij->i", one.dense, two.dense)
    return total
