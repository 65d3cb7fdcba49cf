"""Ratio margin (Artetxe and Schwenk 2019): how much closer a pair is than its surroundings.

margin(x, y) = cos(x, y) / mean of the k nearest neighbours' cosines, of x among the targets and
of y among the sources. Raw cosine does not separate; the margin does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_prep.bitext.vectors import Floats, Vectors, similarities

BLOCK = 512  # rows of a dense block of similarities


@dataclass(frozen=True)
class Neighbourhood:
    """Of every row: the sum and the smallest of its k largest similarities to a sample."""

    total: Floats
    least: Floats
    k: int

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> Neighbourhood:
        return Neighbourhood(self.total[rows], self.least[rows], self.k)


def neighbourhood(queries: Vectors, sample: Vectors, k: int) -> Neighbourhood:
    """The k nearest of each query among the sample's rows; memory is one dense block."""
    n, k = len(queries), max(1, min(k, len(sample)))
    total, least = np.zeros(n, dtype=np.float32), np.zeros(n, dtype=np.float32)
    for start in range(0, n, BLOCK):
        dense = similarities(queries[start : start + BLOCK], sample)
        top = np.partition(dense, dense.shape[1] - k, axis=1)[:, -k:]
        total[start : start + BLOCK] = top.sum(axis=1)
        least[start : start + BLOCK] = top.min(axis=1)
    return Neighbourhood(total, least, k)


def with_joined(near: Neighbourhood) -> Neighbourhood:
    """Of n rows: the same n, then n − 1 for each two neighbours joined.

    A joined text is nearer to nothing in a sample of single sentences than its parts are, which
    would flatter every merge. It gets the surroundings of the part that has the closer ones.
    """
    total = np.maximum(near.total[:-1], near.total[1:])
    least = np.maximum(near.least[:-1], near.least[1:])
    return Neighbourhood(
        np.concatenate([near.total, total]), np.concatenate([near.least, least]), near.k
    )


def ratio(
    cosines: Floats,
    rows: Neighbourhood,
    columns: Neighbourhood,
    rows_known: bool | NDArray[np.bool_] = False,
    columns_known: bool | NDArray[np.bool_] = False,
) -> Floats:
    """Margins of a dense (n, m) block of cosines.

    A pair's own cosine belongs to both of its neighbourhoods. Where the sample did not hold the
    row (the column), ``rows_known`` (``columns_known``; one value, or one for each) is false, and
    the cosine takes the place of the farthest neighbour it beats.
    """
    own_row, own_column = np.atleast_1d(rows_known)[:, None], np.atleast_1d(columns_known)[None, :]
    left = rows.total[:, None] + np.where(
        own_column, np.float32(0), np.maximum(cosines - rows.least[:, None], 0)
    )
    right = columns.total[None, :] + np.where(
        own_row, np.float32(0), np.maximum(cosines - columns.least[None, :], 0)
    )
    mean = (left / rows.k + right / columns.k) / 2
    margins: Floats = np.divide(cosines, mean, out=np.zeros_like(cosines), where=mean > 1e-6)
    return margins


def mutual_best(margins: Floats) -> list[tuple[int, int, float]]:
    """Pairs that are each other's best, in order of rows: (row, column, margin)."""
    if not margins.size:
        return []
    forward, backward = margins.argmax(axis=1), margins.argmax(axis=0)
    return [
        (row, int(column), float(margins[row, column]))
        for row, column in enumerate(forward)
        if backward[column] == row and margins[row, column] > 0
    ]


def mine(src: Vectors, tgt: Vectors, k: int) -> list[tuple[int, int, float]]:
    """Mutual best pairs of two collections without any documents. Dense: for small collections."""
    cosines = similarities(src, tgt)
    rows, columns = neighbourhood(src, tgt, k), neighbourhood(tgt, src, k)
    margins = ratio(cosines, rows, columns, rows_known=True, columns_known=True)
    return mutual_best(margins)
