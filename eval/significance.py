"""Intervals and tests on a corpus score, from the counts of its segments.

What is resampled or swapped is a unit: a document where document ids exist, since segments of one
document are not independent, else a segment. Counts are integers, so sums are exact whatever the
order, and results depend on the seed only.

Sources: bootstrap, Koehn (2004) and Efron & Tibshirani (1993); approximate randomisation, Riezler
& Maxwell (2005), with p = (c+1)/(R+1) of Noreen (1989); delete-one jackknife, Efron & Tibshirani
(1993, ch. 11); minimum detectable effect, Bloom (1995, Evaluation Review 19:547); Holm (1979).

The bootstrap's p-value keeps the sign of every resampled difference. sacrebleu's takes absolute
differences before it centres them, which makes their spread too small: it rejects equal systems
twice as often as asked (`korpu bench significance what=equal`). With few units any bootstrap's
spread is too small, by √((n−1)/n) and by what a normal tail lacks of Student's t; the p-value is
corrected for both, as the expanded percentile interval is (Hesterberg 2015, American Statistician
69:371).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.counts import Counts, Floats
from eval.metrics import values

POWER = 0.8  # of the minimum detectable effect
CHUNK = 1 << 20  # cells of a resampling matrix held at once
TIE = 1e-9  # points: equal differences may differ in the last bits


@dataclass(frozen=True)
class Paired:
    """System minus baseline on one test set.

    ``worse`` and ``better`` are one-sided p-values of the approximate randomisation, ``differ`` is
    its two-sided one and ``bootstrap`` that of the signed bootstrap; ``error`` is the standard
    error of the difference (points); ``units`` is how many units were swapped.
    """

    system: float
    baseline: float
    delta: float
    interval: tuple[float, float]
    worse: float
    better: float
    differ: float
    bootstrap: float
    error: float
    units: int


def seeded(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for each named piece of work, the same on every run."""
    text = "\x1f".join([str(seed), *names])
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def units(documents: Sequence[str]) -> Counts:
    """The unit each segment belongs to, 0 … units−1 in order of appearance.

    A segment without a document id is a unit of its own. Where all segments are of one document
    there is nothing to resample but segments, so each is a unit.
    """
    seen: dict[str, int] = {}
    codes = [seen.setdefault(name or f"\x1f{i}", len(seen)) for i, name in enumerate(documents)]
    return np.arange(len(codes)) if len(seen) < 2 else np.array(codes, dtype=np.int64)


def grouped(counts: Counts, of: Counts) -> Counts:
    """Counts per segment (segments, k) summed to counts per unit (units, k)."""
    sums = np.zeros((int(of.max()) + 1, counts.shape[1]), dtype=np.int64)
    np.add.at(sums, of, counts)
    return sums


def interval(
    by_unit: Counts, metric: str, resamples: int, rng: np.random.Generator, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of a corpus score over units."""
    scores = [values(sums, metric) for sums in _resampled([by_unit], resamples, rng)]
    tail = (1 - level) / 2
    low, high = np.quantile(np.concatenate(scores, axis=1)[0], [tail, 1 - tail])
    return float(low), float(high)


def compare(
    system: Counts,
    baseline: Counts,
    metric: str,
    trials: int,
    rng: np.random.Generator,
    resamples: int = 1000,
) -> Paired:
    """Paired comparison from counts per unit, both (units, k) and in the same order.

    Approximate randomisation: under the null hypothesis the two outputs of a unit may be swapped.
    The interval is a paired bootstrap's (both systems on the same resampled units), and so is the
    second two-sided p-value. Scores are compared as they are: of a metric that is better where it
    is lower, ``worse`` and ``better`` change places.
    """
    a, b = values(system.sum(0), metric), values(baseline.sum(0), metric)
    delta = float(a - b)
    swapped = _swapped(system, baseline, metric, trials, rng)
    drawn = np.concatenate(
        [
            values(sums[0], metric) - values(sums[1], metric)
            for sums in _resampled([system, baseline], resamples, rng)
        ]
    )
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Paired(
        system=float(a),
        baseline=float(b),
        delta=delta,
        interval=(float(low), float(high)),
        worse=(1 + int((swapped <= delta + TIE).sum())) / (trials + 1),
        better=(1 + int((swapped >= delta - TIE).sum())) / (trials + 1),
        differ=(1 + int((np.abs(swapped) >= abs(delta) - TIE).sum())) / (trials + 1),
        bootstrap=_signed(drawn, delta, len(system)),
        error=jackknife(system, baseline, metric),
        units=len(system),
    )


def _signed(drawn: Floats, delta: float, count: int) -> float:
    """Two-sided p of resampled differences moved to a mean of zero, for ``count`` units."""
    from scipy.special import ndtri, stdtr

    if count < 2:
        return 1.0
    further = int((np.abs(drawn - drawn.mean()) >= abs(delta) - TIE).sum())
    normal = ndtri((1 + further) / (len(drawn) + 1) / 2)
    return float(2 * stdtr(count - 1, normal * np.sqrt((count - 1) / count)))


def _swapped(
    system: Counts, baseline: Counts, metric: str, trials: int, rng: np.random.Generator
) -> Floats:
    """The score difference in each trial, every unit swapped with probability ½."""
    apart, total_a, total_b = system - baseline, system.sum(0), baseline.sum(0)
    kind = _exact(int(np.abs(apart).sum(0).max()))
    columns = np.ascontiguousarray(apart.T.astype(kind))
    found = []
    for rows in _chunks(trials, len(system)):
        bits = np.frombuffer(rng.bytes(-(-rows * len(system) // 8)), dtype=np.uint8)
        coins = np.unpackbits(bits, count=rows * len(system)).reshape(rows, len(system))
        # the few columns to the left: BLAS is several times faster than the other way round
        moved = (columns @ coins.astype(kind).T).T.astype(np.float64)
        found.append(values(total_a - moved, metric) - values(total_b + moved, metric))
    return np.concatenate(found)


def _resampled(by_unit: Sequence[Counts], resamples: int, rng: np.random.Generator) -> list[Floats]:
    """Summed counts of bootstrap resamples in chunks of shape (systems, resamples, k).

    The units drawn are the same for all systems.
    """
    size = len(by_unit[0])
    kind = _exact(size * max(int(counts.max(initial=0)) for counts in by_unit))
    columns = np.ascontiguousarray(np.concatenate(by_unit, axis=1).T.astype(kind))
    small = np.uint16 if size <= 1 << 16 else np.int64  # less randomness is drawn sooner
    found = []
    for rows in _chunks(resamples, size):
        drawn = rng.integers(0, size, size=(rows, size), dtype=small)
        places = drawn + np.arange(0, rows * size, size)[:, None]
        times = np.bincount(places.ravel(), minlength=rows * size).reshape(rows, size)
        sums = (columns @ times.astype(kind).T).T.astype(np.float64)
        found.append(np.stack(np.split(sums, len(by_unit), axis=1)))
    return found


def _exact(most: int) -> type[np.floating[Any]]:
    """The smaller kind of float that holds every sum of integers up to ``most`` exactly."""
    return np.float32 if most < 1 << 24 else np.float64


def _chunks(rows: int, size: int) -> list[int]:
    most = max(1, CHUNK // max(size, 1))
    return [min(most, rows - at) for at in range(0, rows, most)]


def jackknife(system: Counts, baseline: Counts, metric: str) -> float:
    """Standard error of the paired difference in points, by leaving out one unit at a time."""
    count = len(system)
    if count < 2:
        return float("inf")
    left = values(system.sum(0) - system, metric) - values(baseline.sum(0) - baseline, metric)
    return float(np.sqrt((count - 1) / count * ((left - left.mean()) ** 2).sum()))


def detectable(error: float, count: int, alpha: float) -> float:
    """Minimum detectable effect in points, one-sided at ``alpha`` with power ``POWER``.

    MDE = (t(1−α) + t(power)) · SE with count−1 degrees of freedom (Bloom 1995): the true loss
    that the test would call significant in ``POWER`` of all test sets of this size.
    """
    from scipy.stats import t

    if count < 2:
        return float("inf")
    return float((t.ppf(1 - alpha, count - 1) + t.ppf(POWER, count - 1)) * error)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values: compare each with α to keep the family's error at α."""
    order = np.argsort(p_values, kind="stable")
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[int(index)] = highest
    return adjusted
