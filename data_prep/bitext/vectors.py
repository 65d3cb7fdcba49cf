"""Sentences as rows of numbers, sparse, dense, or both side by side.

A row's blocks are scaled so that the dot product of two rows is the similarity of their sentences
(a cosine, or a weighted mean of the cosines of two encoders).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

Matrix: TypeAlias = sparse.csr_matrix
Floats: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = "slice | Sequence[int] | NDArray[np.int64]"
TABLE: Mapping[str, Any] = {
    "indices": pl.List(pl.Int32), "weights": pl.List(pl.Float32), "dense": pl.List(pl.Float32),
}  # fmt: skip


@dataclass(frozen=True)
class Vectors:
    """n rows: ``sparse`` (n, d) and ``dense`` (n, e), each of which may be missing, not both."""

    sparse: Matrix | None = None
    dense: Floats | None = None

    def __len__(self) -> int:
        block = self.sparse if self.sparse is not None else self.dense
        return 0 if block is None else int(block.shape[0])

    def __getitem__(self, rows: Rows) -> Vectors:
        return Vectors(
            None if self.sparse is None else self.sparse[rows],
            None if self.dense is None else self.dense[rows],
        )

    def scaled(self, factor: float) -> Vectors:
        """Every row times ``factor``."""
        return Vectors(
            None if self.sparse is None else self.sparse * np.float32(factor),
            None if self.dense is None else self.dense * np.float32(factor),
        )


def similarities(one: Vectors, two: Vectors) -> Floats:
    """Dot products, dense (len(one), len(two)); both have the same blocks."""
    total = np.zeros((len(one), len(two)), dtype=np.float32)
    if one.sparse is not None and two.sparse is not None:
        total += (one.sparse @ two.sparse.T).toarray()
    if one.dense is not None and two.dense is not None:
        total += one.dense @ two.dense.T
    return total


def stack(parts: Sequence[Vectors]) -> Vectors:
    """All rows of the parts, in order; the parts have the same blocks."""
    first = parts[0]
    return Vectors(
        None
        if first.sparse is None
        else sparse.vstack([part.sparse for part in parts], format="csr", dtype=np.float32),
        None if first.dense is None else np.concatenate([part.dense for part in parts]),
    )


def beside(one: Vectors, two: Vectors) -> Vectors:
    """The blocks of two encoders for the same sentences; each brings the kind the other lacks, or
    its dense block is put beside the other's."""
    if one.sparse is not None and two.sparse is not None:
        joined = sparse.hstack([one.sparse, two.sparse], format="csr", dtype=np.float32)
    else:
        joined = one.sparse if one.sparse is not None else two.sparse
    if one.dense is not None and two.dense is not None:
        dense: Floats | None = np.hstack([one.dense, two.dense])
    else:
        dense = one.dense if one.dense is not None else two.dense
    return Vectors(joined, dense)


def summed(vectors: Vectors, sizes: Sequence[int]) -> Vectors:
    """One row for each run of ``sizes`` rows: their sum, each block as long as a row's was.

    The shares of two encoders stay what they are for single sentences.
    """
    owners = np.repeat(np.arange(len(sizes)), sizes)
    ones = np.ones(len(vectors), dtype=np.float32)
    gather = sparse.csr_matrix((ones, (owners, np.arange(len(vectors)))), (len(sizes), len(ones)))
    of_sparse = of_dense = None
    if vectors.sparse is not None:
        total = sparse.csr_matrix(gather @ vectors.sparse, dtype=np.float32)
        factor = _factor(_lengths(vectors.sparse), _lengths(total))
        of_sparse = sparse.csr_matrix(sparse.diags(factor) @ total, dtype=np.float32)
    if vectors.dense is not None:
        sums = np.asarray(gather @ vectors.dense, dtype=np.float32)
        before, after = (np.linalg.norm(rows, axis=1) for rows in (vectors.dense, sums))
        of_dense = sums * _factor(before, after)[:, None]
    return Vectors(of_sparse, of_dense)


def _lengths(matrix: Matrix) -> Floats:
    found: Floats = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return found


def _factor(before: Floats, after: Floats) -> Floats:
    scale: Floats = np.divide(before.max(initial=0), after, out=np.zeros_like(after),
                              where=after > 0)  # fmt: skip
    return scale


def strongest(vectors: Vectors, size: int) -> Vectors:
    """Of each sparse row the ``size`` greatest weights, as long as the whole row was."""
    matrix = vectors.sparse
    if matrix is None:
        return vectors
    kept = matrix.copy()
    for start, end in zip(kept.indptr[:-1], kept.indptr[1:], strict=True):
        if end - start > size:
            row = kept.data[start:end]
            # by weight, then by place: which of equal weights stays must not depend on the sort
            row[np.lexsort((np.arange(len(row)), -np.abs(row)))[size:]] = 0
    kept.eliminate_zeros()
    factor = np.divide(_lengths(matrix), _lengths(kept), where=np.diff(kept.indptr) > 0,
                       out=np.zeros(len(vectors), dtype=np.float32))  # fmt: skip
    return Vectors(sparse.csr_matrix(sparse.diags(factor) @ kept, dtype=np.float32), vectors.dense)


def to_frame(vectors: Vectors) -> pl.DataFrame:
    """A row a row, in the columns of ``TABLE``; null where a block is missing."""
    n = len(vectors)
    columns: dict[str, Any] = {"indices": [None] * n, "weights": [None] * n, "dense": [None] * n}
    if vectors.sparse is not None:
        inside = vectors.sparse.indptr[1:-1]
        columns["indices"] = np.split(vectors.sparse.indices.astype(np.int32), inside)[:n]
        columns["weights"] = np.split(vectors.sparse.data, inside)[:n]
    if vectors.dense is not None:
        columns["dense"] = list(vectors.dense)
    return pl.DataFrame(columns, schema=dict(TABLE))


def from_frame(frame: pl.DataFrame, like: Vectors) -> Vectors:
    """The rows of ``to_frame``, with the blocks and the widths of ``like``."""
    of_sparse = of_dense = None
    if like.sparse is not None:
        sizes = frame["indices"].list.len().to_numpy()
        parts = (
            frame["weights"].explode(empty_as_null=False).to_numpy(),
            frame["indices"].explode(empty_as_null=False).to_numpy(),
            np.concatenate([[0], np.cumsum(sizes)]),
        )
        shape = (frame.height, like.sparse.shape[1])
        of_sparse = sparse.csr_matrix(parts, shape=shape, dtype=np.float32)
    if like.dense is not None:
        flat = frame["dense"].explode(empty_as_null=False).to_numpy()
        of_dense = flat.reshape(frame.height, like.dense.shape[1]).astype(np.float32)
    return Vectors(of_sparse, of_dense)


def arrays(vectors: Vectors) -> dict[str, Any]:
    """What ``restore`` needs, by name."""
    stored: dict[str, Any] = {}
    if vectors.sparse is not None:
        matrix = vectors.sparse
        stored |= {name: getattr(matrix, name) for name in ("data", "indices", "indptr")}
        stored["shape"] = np.array(matrix.shape)
    if vectors.dense is not None:
        stored["dense"] = vectors.dense
    return stored


def restore(stored: Mapping[str, Any]) -> Vectors:
    """KeyError where something is missing."""
    matrix = None
    if "data" in stored:
        parts = stored["data"], stored["indices"], stored["indptr"]
        matrix = sparse.csr_matrix(parts, shape=tuple(stored["shape"]))
    return Vectors(matrix, stored.get("dense"))
