"""The test of the test: how often equal systems are called different.

Two systems are equal when their outputs come from the same distribution. Each pair here shares the
sentences (their length and how hard they are) and differs by chance only, in every sentence and,
as real systems do, in every document. A test at 5% should reject 5% of such pairs.
"""

from __future__ import annotations

import numpy as np

from eval.counts import Counts
from eval.significance import compare, grouped, seeded

ORDERS = 8  # chrF++: six character and two word orders


def simulated(
    rng: np.random.Generator, documents: int, segments: int, spread: float
) -> tuple[Counts, Counts, Counts]:
    """chrF++ counts of two equal systems, (documents·segments, 24) each, and their documents.

    ``spread`` is the standard deviation of a system's luck with a whole document, in logits.
    """
    of = np.repeat(np.arange(documents), segments)
    length = rng.integers(20, 200, size=len(of))
    hard = rng.normal(0.0, 0.6, size=len(of))
    sides = []
    for _ in range(2):
        luck = rng.normal(0.0, spread, size=documents)[of] + rng.normal(0.0, 0.5, size=len(of))
        counts = np.zeros((len(of), 3 * ORDERS), dtype=np.int64)
        for order in range(ORDERS):
            size = np.maximum(length // (1 if order < 6 else 6) - order % 6, 1)
            chance = 1 / (1 + np.exp(0.45 * (order % 6) - hard - luck))
            counts[:, 3 * order] = np.maximum(size + rng.integers(-3, 4, size=len(of)), 1)
            counts[:, 3 * order + 1] = size
            counts[:, 3 * order + 2] = rng.binomial(np.minimum(size, counts[:, 3 * order]), chance)
        sides.append(counts)
    return sides[0], sides[1], of


def false_positives(
    pairs: int,
    documents: int = 40,
    segments: int = 5,
    spread: float = 0.3,
    by_document: bool = True,
    alpha: float = 0.05,
    trials: int = 499,
    seed: int = 1,
) -> float:
    """The share of equal pairs whose two-sided p is at most ``alpha``.

    ``by_document=False`` shows what swapping sentences instead of documents would do.
    """
    rejected = 0
    for pair in range(pairs):
        rng = seeded(seed, "equal", str(pair))
        a, b, of = simulated(rng, documents, segments, spread)
        if by_document:
            a, b = grouped(a, of), grouped(b, of)
        rejected += compare(a, b, "chrf_pp", trials, rng, resamples=2).differ <= alpha
    return rejected / pairs
