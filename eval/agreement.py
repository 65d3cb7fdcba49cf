"""Whether raters agree, and what they say once each one's own scale is taken out.

Sources: Krippendorff's alpha for interval data, Krippendorff (2011, "Computing Krippendorff's
Alpha-Reliability"); tau-b, Kendall (1945); standardising each rater's scores, Graham et al. (2013,
"Continuous Measurement Scales in Human Evaluation of Machine Translation").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

Scores = Mapping[str, Mapping[str, float]]  # rater → item → score


def alpha(scores: Scores) -> float | None:
    """Krippendorff's alpha with squared differences: 1 is agreement, 0 is chance.

    Items that only one rater scored say nothing and are left out. None without a shared item, and
    where all scores are the same, so that there is nothing to agree on.
    """
    items: dict[str, list[float]] = {}
    for given in scores.values():
        for item, score in given.items():
            items.setdefault(item, []).append(score)
    shared = [np.array(values) for values in items.values() if len(values) > 1]
    if not shared:
        return None
    every = np.concatenate(shared)
    # the sum of squared differences over ordered pairs of n values is 2(n·Σx² − (Σx)²)
    observed = sum(_squares(values) / (len(values) - 1) for values in shared) / len(every)
    expected = _squares(every) / (len(every) * (len(every) - 1))
    return None if expected == 0 else float(1 - observed / expected)


def _squares(values: Any) -> float:
    return float(2 * len(values) * ((values - values.mean()) ** 2).sum())


def pairs(scores: Scores) -> list[dict[str, Any]]:
    """Kendall's tau-b of every two raters on the items both scored; None where it is undefined."""
    from scipy.stats import kendalltau

    found = []
    for one, other in combinations(sorted(scores), 2):
        shared = sorted(scores[one].keys() & scores[other].keys())
        tau = None
        if len(shared) > 1:
            value = kendalltau(
                *([of[item] for item in shared] for of in (scores[one], scores[other]))
            )
            tau = None if np.isnan(value.statistic) else round(float(value.statistic), 6)
        found.append({"raters": [one, other], "tau": tau, "n": len(shared)})
    return found


def standard(scores: Scores) -> dict[str, dict[str, float]]:
    """Each rater's scores minus their mean, over their standard deviation (0 where it is 0)."""
    found = {}
    for rater, given in scores.items():
        values = np.array(list(given.values()))
        spread = float(values.std())
        mean = float(values.mean())
        found[rater] = {
            item: (score - mean) / spread if spread else 0.0 for item, score in given.items()
        }
    return found


def mean(
    values: Sequence[float], of: Sequence[str], resamples: int, rng: np.random.Generator
) -> tuple[float, tuple[float, float]]:
    """The mean and its 95% percentile bootstrap interval over units (documents) named in ``of``."""
    names = sorted(set(of))
    place = {name: at for at, name in enumerate(names)}
    sums = np.zeros((len(names), 2))
    for value, name in zip(values, of, strict=True):
        sums[place[name]] += (value, 1)
    drawn = sums[rng.integers(0, len(names), size=(resamples, len(names)))].sum(1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return float(sums[:, 0].sum() / sums[:, 1].sum()), (float(low), float(high))
