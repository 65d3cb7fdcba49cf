"""The main metric in each bucket of a test set, and which outputs fail which check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval import checks
from eval.buckets import Bucket, Failures
from eval.counts import Counts
from eval.metrics import METRICS, Memo, statistics, values
from eval.scores import DIGITS, Judged
from eval.significance import grouped, interval, seeded, units
from eval.testset import TestSide


def failures(hyps: Mapping[str, Sequence[str]], found: Judged) -> Failures:
    """Which outputs fail which check, of what ``eval.scores.judged`` found."""
    return {
        system: {
            check: frozenset(int(index) for index in np.flatnonzero(results == checks.FAILED))
            for check, results in found[system].items()
        }
        for system in hyps
    }


def scored(
    side: TestSide,
    hyps: Mapping[str, Sequence[str]],
    cut_into: Sequence[Bucket],
    metrics: Sequence[str],
    resamples: int,
    seed: int,
    memo: Memo,
    spm: Path | None = None,
) -> list[dict[str, Any]]:
    """Rows of ``buckets``: each system's normalised score in each bucket, by the main metric."""
    metric = main(metrics)
    of = units([segment.document for segment in side.segments])
    refs = [segment.ref for segment in side.segments]
    rows = []
    for system, outputs in hyps.items():
        counts = statistics(outputs, refs, metric, True, side.target, memo, side.more, spm)
        for bucket in cut_into:
            rng = seeded(seed, side.benchmark, side.direction, system, bucket.kind, bucket.name)
            value, (low, high) = _score(counts, of, bucket, metric, resamples, rng)
            rows.append(
                {
                    "benchmark": side.benchmark,
                    "direction": side.direction,
                    "kind": bucket.kind,
                    "bucket": bucket.name,
                    "system": system,
                    "metric": metric,
                    "normalised": True,
                    "value": round(value, DIGITS),
                    "ci": [round(low, DIGITS), round(high, DIGITS)],
                    "n": len(bucket.indices),
                    "small": bucket.small,
                }
            )
    return rows


def main(metrics: Sequence[str]) -> str:
    """The metric a reader decides by: chrF++ where it was evaluated."""
    return "chrf_pp" if "chrf_pp" in metrics else next(m for m in METRICS if m in metrics)


def _score(
    counts: Counts, of: Counts, bucket: Bucket, metric: str, resamples: int, rng: Any
) -> tuple[float, tuple[float, float]]:
    inside = counts[list(bucket.indices)]
    _, renumbered = np.unique(of[list(bucket.indices)], return_inverse=True)
    if renumbered.max() == 0:  # of one document: there is nothing to resample but segments
        renumbered = np.arange(len(inside))
    ends = interval(grouped(inside, renumbered), metric, resamples, rng)
    return float(values(inside.sum(0), metric)), ends
