"""Sentences as rows of numbers, sparse, dense, or both side by side.

A row's blocks are scaled so that the dot product of two rows is the similarity of their sentences
(a cosine, or a weighted mean of the cosines of two encoders).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Matrix: TypeAlias = sparse.csr_matrix
Floats: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = "slice | Sequence[int] | NDArray[np.int64]"


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
        None if first.dense is None else np.concatenate([part.dense for part in parts]),  # type: ignore[misc]
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
