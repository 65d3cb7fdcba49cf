"""Pairs whose sides are the same text but for a few letters."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_prep.bitext.filters.rows import SIDES, characters, marked

_BINS = 64
_BATCH = 20_000  # rows whose letters are counted at once: 20 MB


def broken(rows: pl.DataFrame, most: float) -> pl.Series:
    """For each row whether its sides are more than ``most`` alike (``similarity``)."""
    plain = rows.select(
        pl.col(side).str.to_lowercase().str.replace_all(r"\s+", "") for side in SIDES
    )
    hits = []
    for start in range(0, plain.height, _BATCH):
        batch = plain.slice(start, _BATCH)
        for at in np.flatnonzero(_may_be(batch, most)).tolist():
            src, tgt = batch.row(at)
            if similarity(src, tgt) > most:
                hits.append(start + at)
    return marked(rows.height, hits)


def similarity(left: str, right: str) -> float:
    """Dice coefficient of character bigrams: 1 for equal sides."""
    if left == right:
        return 1.0
    first, second = (Counter(map("".join, pairwise(s))) for s in (left, right))
    return 2 * (first & second).total() / max(first.total() + second.total(), 1)


def _may_be(rows: pl.DataFrame, most: float) -> NDArray[np.bool_]:
    """No pair that is more than ``most`` alike is left out.

    Every letter that the sides do not share begins a bigram that they do not share (but for the
    last), and those are at most (1 - most) of all.
    """
    counts, sizes = [], []
    for side in SIDES:
        codes, ends = characters(rows[side])
        starts = np.r_[0, ends[:-1]]
        owner = np.repeat(np.arange(rows.height), ends - starts)
        bins = owner * _BINS + codes % _BINS
        size = rows.height * _BINS
        counts.append(np.bincount(bins, minlength=size).reshape(-1, _BINS))
        sizes.append(ends - starts)
    apart = np.abs(counts[0] - counts[1]).sum(axis=1)
    return np.asarray(apart <= (1 - most) * (sizes[0] + sizes[1]) + 2)
