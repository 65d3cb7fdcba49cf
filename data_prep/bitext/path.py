"""The best monotone path of links through a table of margins, by dynamic programming.

Steps are 1-0, 0-1, 1-1, 1-2, 2-1 and 2-2 as in Gale and Church (1993), scored by margin in place
of lengths, and two neighbours in crossed order, which translation desks swap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_prep.bitext.vectors import Floats

MERGING = 0.45  # what a merged link must gain over plain ones, in units of margin
CROSSING = 0.12
NEVER = -1e9

# (sentences of the source, of the target); of equal values the first is taken
_STEPS = ((1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (2, 2), (0, 1))
_CROSSED, _RIGHT = 5, 6


@dataclass(frozen=True)
class Step:
    """Sentences ``src`` and ``tgt`` (half-open ranges of rows and columns) linked."""

    src: tuple[int, int]
    tgt: tuple[int, int]


def path(gain: Floats, sizes: tuple[int, int], max_merge: int = 2) -> list[Step]:
    """The links of the path with the greatest sum, in order of the source; empty where none gains.

    ``gain`` is what a link is worth for each sentence it covers, (n, m) or, for ``max_merge`` 2,
    (2n − 1, 2m − 1): rows and columns for single sentences, then for neighbours joined. Time and
    memory grow with n·m; a row is done at a time.
    """
    n, m = sizes
    if not n or not m:
        return []
    how = np.zeros((n + 1, m + 1), dtype=np.int8)
    before = np.zeros(m + 1)
    best = np.zeros(m + 1)
    how[0, 1:] = _RIGHT
    value = np.full((6, m + 1), NEVER)
    for i in range(1, n + 1):
        earlier, before = before, best
        value[0] = before
        value[1, 1:] = before[:-1] + gain[i - 1, :m]
        if max_merge > 1:
            if m > 1:
                value[2, 2:] = before[:-2] + 1.5 * gain[i - 1, m:] - MERGING
            if i > 1:
                value[3, 1:] = earlier[:-1] + 1.5 * gain[n + i - 2, :m] - MERGING
            if i > 1 and m > 1:
                value[4, 2:] = earlier[:-2] + 2 * gain[n + i - 2, m:] - 2 * MERGING
                first, second = gain[i - 2, 1:m], gain[i - 1, : m - 1]
                crossed = earlier[:-2] + first + second - CROSSING
                value[5, 2:] = np.where(np.minimum(first, second) > 0, crossed, NEVER)
        taken = value.argmax(axis=0)
        here = value[taken, np.arange(m + 1)]
        # stepping right costs nothing: the best so far from the left
        best = np.maximum.accumulate(here)
        how[i] = np.where(best > here, _RIGHT, taken)
    return _back(how)


def _back(how: NDArray[np.int8]) -> list[Step]:
    steps: list[Step] = []
    i, j = how.shape[0] - 1, how.shape[1] - 1
    while i and j:
        kind = int(how[i, j])
        height, width = _STEPS[kind]
        i, j = i - height, j - width
        if kind == _CROSSED:
            steps += [Step((i + 1, i + 2), (j, j + 1)), Step((i, i + 1), (j + 1, j + 2))]
        elif height and width:
            steps.append(Step((i, i + height), (j, j + width)))
    return steps[::-1]


def cell(step: Step, sizes: tuple[int, int]) -> tuple[int, int]:
    """Where a link's margin stands in a table of single and joined sentences."""
    (top, bottom), (left, right) = step.src, step.tgt
    row = top if bottom - top == 1 else sizes[0] + top
    column = left if right - left == 1 else sizes[1] + left
    return row, column
