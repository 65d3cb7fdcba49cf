"""Counts of values in fine bins of a fixed width, made coarse when they are shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

TAIL = 0.002  # share of the values that may lie in the last bin, beyond what is drawn


@dataclass(frozen=True)
class Histogram:
    """``counts[i]`` values lie in [low + i·width, low + (i+1)·width); the last bin has no end."""

    low: float
    width: float
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


class Bins:
    """Counts of a bounded number of bins, whatever is added; values beyond are in the end bins."""

    def __init__(self, low: float, high: float, width: float) -> None:
        self.low, self.width = low, width
        self.counts = np.zeros(round((high - low) / width), dtype=np.int64)

    def at(self, values: pl.Series) -> pl.Series:
        """The bin of each value; null where it is null or not a number."""
        # in 1/1000 of a bin first: 0.7 / 0.01 is 69.99…
        place = ((values.cast(pl.Float64) - self.low) / self.width).round(3).floor()
        place = place.replace([float("inf"), float("-inf")], [2.0**31, 0.0])
        return place.fill_nan(None).clip(0, len(self.counts) - 1).cast(pl.Int32)

    def add(self, values: pl.Series) -> None:
        """Count the values; nulls are not counted."""
        found = self.at(values).drop_nulls().to_numpy()
        self.counts += np.bincount(found, minlength=len(self.counts))


def shown(bins: list[Bins], most: int) -> list[Histogram]:
    """Histograms of equal bins for several counts of the same values, at most ``most`` bins wide.

    They begin at the first bin that holds something and end where ``TAIL`` of all is left over.
    """
    total = np.sum([one.counts for one in bins], axis=0)
    if not total.any():
        return [Histogram(one.low, one.width, ()) for one in bins]
    first = int(np.flatnonzero(total)[0])
    beyond = total.sum() - np.cumsum(total)
    last = int(np.flatnonzero(beyond <= TAIL * total.sum())[0])
    step = next(s for s in _steps() if last // s - first // s < most)
    start, size = first // step, last // step - first // step + 1
    found = []
    for one in bins:
        inside = one.counts[start * step :]
        places = np.minimum(np.arange(len(inside)) // step, size - 1)
        sums = np.bincount(places, weights=inside, minlength=size).astype(np.int64)
        low = round(one.low + start * step * one.width, 6)
        found.append(Histogram(low, round(step * one.width, 6), tuple(map(int, sums))))
    return found


def _steps() -> list[int]:
    return [base * 10**power for power in range(6) for base in (1, 2, 5)]
