"""Links between the sentences of two documents, from the margins of all their pairs.

Translations keep the order of sentences, but not always that of paragraphs. So the best monotone
path is taken, then the best one through what it left, and so on: each is a run of paragraphs in
order. Two things keep chance out of it. A sentence is linked only where no other of the facing
document is clearly closer to it (its rivals), so a path cannot pass through a pair just because it
lies on the way. And what stands before and after a pair, if that is a pair too, supports it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_prep.bitext.path import NEVER, Step, cell, path
from data_prep.bitext.vectors import Floats

RIVALRY = 0.9  # a link's margin over that of its best rival, at least
SUPPORT = 0.3  # share of what its neighbours' margins exceed the threshold by
ENOUGH = 0.5  # margin above the threshold, beyond which a neighbour supports no more
REACH = 2  # sentences before and after that are neighbours
FLOOR = 0.6  # of the threshold: no support makes a link of less
LENIENCE = 0.9  # links down to this share of the threshold are made, to be rejected by name


@dataclass(frozen=True)
class Link:
    """Sentences ``src`` and ``tgt`` (half-open ranges); ``score`` is their margin and support."""

    src: tuple[int, int]
    tgt: tuple[int, int]
    margin: float
    score: float


def find(
    margins: Floats, sizes: tuple[int, int], threshold: float, max_merge: int = 2
) -> list[Link]:
    """The links, in order of the source; a sentence is in one at most.

    ``margins`` is (n, m) or, for ``max_merge`` 2, (2n − 1, 2m − 1): rows and columns for single
    sentences, then for neighbours joined. Links of a smaller score than ``threshold``, down to
    ``LENIENCE`` of it, are among them where nothing better uses their sentences.
    """
    if not min(sizes):
        return []
    margins = margins if max_merge > 1 else margins[: sizes[0], : sizes[1]]
    rivals = _rivals(margins, sizes)
    scores = margins + SUPPORT * _support(margins, rivals, sizes, threshold)
    possible = (margins >= RIVALRY * rivals) & (margins >= FLOOR * threshold)
    steps: list[Step] = []
    for least in (threshold, threshold * LENIENCE):
        gain = np.where(possible & (scores >= least), scores - np.float32(least), NEVER)
        while found := path(_free(gain, steps, sizes), sizes, max_merge):
            steps += found
    links = [
        Link(step.src, step.tgt, float(margins[at]), float(scores[at]))
        for step in steps
        for at in [cell(step, sizes)]
    ]
    return sorted(links, key=lambda link: link.src)


def _free(gain: Floats, steps: list[Step], sizes: tuple[int, int]) -> Floats:
    """The gains of what uses no sentence of the links there are."""
    left = gain.copy()
    for step in steps:
        for axis, (size, span) in enumerate(zip(sizes, (step.src, step.tgt), strict=True)):
            rows = left if axis == 0 else left.T
            rows[slice(*span)] = NEVER
            rows[size + max(span[0] - 1, 0) : size + span[1]] = NEVER
    return left


def _rivals(margins: Floats, sizes: tuple[int, int]) -> Floats:
    """For every cell the best margin of one of its sentences with a single one not in the cell."""
    single = margins[: sizes[0], : sizes[1]]
    joined = margins.shape[0] > sizes[0], margins.shape[1] > sizes[1]
    of_rows = _elsewhere(single, margins.shape[1] > sizes[1])
    of_columns = _elsewhere(single.T, margins.shape[0] > sizes[0]).T
    if joined[0]:
        of_rows = np.concatenate([of_rows, np.maximum(of_rows[:-1], of_rows[1:])])
    if joined[1]:
        both = np.maximum(of_columns[:, :-1], of_columns[:, 1:])
        of_columns = np.concatenate([of_columns, both], axis=1)
    return np.maximum(of_rows, of_columns)


def _elsewhere(single: Floats, joined: bool) -> Floats:
    """Of every row, the greatest value outside a column, then outside two neighbouring ones."""
    nothing = np.zeros((len(single), 1), dtype=np.float32)
    before = np.hstack([nothing, np.maximum.accumulate(single, axis=1)])
    after = np.hstack([np.maximum.accumulate(single[:, ::-1], axis=1)[:, ::-1], nothing])
    one = np.maximum(before[:, :-1], after[:, 1:])
    return np.hstack([one, np.maximum(before[:, :-2], after[:, 2:])]) if joined else one


def _support(margins: Floats, rivals: Floats, sizes: tuple[int, int], threshold: float) -> Floats:
    """What the best neighbour before and the best one after exceed the threshold by, summed."""
    n, m = sizes
    single = np.clip(margins[:n, :m] - threshold, 0, ENOUGH)
    single[margins[:n, :m] < RIVALRY * rivals[:n, :m]] = 0
    wide = np.zeros((n + 2 * REACH, m + 2 * REACH), dtype=np.float32)
    wide[REACH : REACH + n, REACH : REACH + m] = single
    shifts = [(i, j) for i in range(1, REACH + 1) for j in range(1, REACH + 1)]
    before, after = (
        np.max([wide[REACH + s * i :][:n, REACH + s * j :][:, :m] for i, j in shifts], axis=0)
        for s in (-1, 1)
    )
    # of two joined sentences the first has what is before, the last what is after
    if margins.shape[0] > n:
        before, after = np.vstack([before, before[:-1]]), np.vstack([after, after[1:]])
    if margins.shape[1] > m:
        before, after = np.hstack([before, before[:, :-1]]), np.hstack([after, after[:, 1:]])
    both: Floats = before + after
    return both
