"""The test of the tests: how often equal systems are called different, and worse ones are found.

Two systems are equal when their outputs come from the same distribution. Each pair here shares the
sentences (their length and how hard they are) and differs by chance only, in every sentence and,
as real systems do, in every document. A test at 5% should reject 5% of such pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eval.counts import Counts, Floats, f_score
from eval.significance import compare, grouped, seeded

ORDERS = 8  # chrF++: six character and two word orders


@dataclass(frozen=True)
class World:
    """A test set's size and how systems differ on it by chance, in logits of an n-gram's match.

    ``spread`` is the standard deviation of a system's luck with a whole document, ``noise`` that
    with a sentence, ``hard`` that of the sentences themselves.
    """

    documents: int = 40
    segments: int = 5  # of a document
    spread: float = 0.3
    noise: float = 0.5
    hard: float = 0.6


@dataclass(frozen=True)
class Alarms:
    """How many of ``pairs`` a test at ``alpha`` called different, two-sided."""

    pairs: int
    alpha: float
    randomisation: int
    bootstrap: int


def simulated(
    rng: np.random.Generator, world: World, worse: float = 0.0
) -> tuple[Counts, Counts, Counts]:
    """chrF++ counts of two systems, (documents·segments, 24) each, and their documents.

    The first is worse by ``worse`` logits in every n-gram; with 0 they are equal.
    """
    of = np.repeat(np.arange(world.documents), world.segments)
    length, hard = _sentences(rng, world)
    sides = []
    for loss in (worse, 0.0):
        luck = rng.normal(0.0, world.spread, size=world.documents)[of]
        luck = luck + rng.normal(0.0, world.noise, size=len(of)) - loss
        sides.append(_counts(rng, length, hard + luck, drawn=True))
    return sides[0].astype(np.int64), sides[1].astype(np.int64), of


def _sentences(rng: np.random.Generator, world: World) -> tuple[Counts, Floats]:
    count = world.documents * world.segments
    return rng.integers(20, 200, size=count), rng.normal(0.0, world.hard, size=count)


def _counts(rng: np.random.Generator, length: Counts, ease: Floats, drawn: bool) -> Floats:
    """Counts of sentences; matches as they are drawn, or as many as are expected."""
    counts = np.zeros((len(length), 3 * ORDERS))
    for order in range(ORDERS):
        size = np.maximum(length // (1 if order < 6 else 6) - order % 6, 1)
        chance = 1 / (1 + np.exp(0.45 * (order % 6) - ease))
        counts[:, 3 * order] = np.maximum(size + rng.integers(-3, 4, size=len(length)), 1)
        counts[:, 3 * order + 1] = size
        most = np.minimum(size, counts[:, 3 * order].astype(np.int64))
        counts[:, 3 * order + 2] = rng.binomial(most, chance) if drawn else most * chance
    return counts


def logits(points: float, world: World) -> float:
    """How much worse in logits is ``points`` of chrF++ worse, in expectation; by bisection."""

    def lost(worse: float) -> float:
        large = World(4000, 5, world.spread, world.noise, world.hard)
        scores = []
        for loss in (0.0, worse):
            rng = seeded(0, "points")  # the same sentences and luck for both
            length, hard = _sentences(rng, large)
            luck = rng.normal(0.0, np.hypot(world.spread, world.noise), size=len(length))
            scores.append(f_score(_counts(rng, length, hard + luck - loss, drawn=False).sum(0)))
        return float(scores[0] - scores[1])

    low, high = 0.0, 4.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if lost(middle) < points else (low, middle)
    return low


def alarms(
    pairs: int,
    world: World = World(),
    by_document: bool = True,
    alpha: float = 0.05,
    trials: int = 499,
    resamples: int = 499,
    seed: int = 1,
    advance: Callable[[int], object] | None = None,
) -> Alarms:
    """What the two tests say of equal pairs.

    ``by_document=False`` shows what swapping sentences instead of documents would do.
    """
    randomisation = bootstrap = 0
    for pair in range(pairs):
        rng = seeded(seed, "equal", str(pair))
        a, b, of = simulated(rng, world)
        if by_document:
            a, b = grouped(a, of), grouped(b, of)
        found = compare(a, b, "chrf_pp", trials, rng, resamples)
        randomisation += found.differ <= alpha
        bootstrap += found.bootstrap <= alpha
        if advance is not None:
            advance(1)
    return Alarms(pairs, alpha, randomisation, bootstrap)
