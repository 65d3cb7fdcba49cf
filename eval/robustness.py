"""What a disturbed source costs: test sets translated once more, and the score before and after.

Only the source is disturbed; the reference stays, and both scores are of the same segments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eval.metrics import Memo, statistics
from eval.perturb import PERTURBATIONS
from eval.significance import compare, grouped, seeded, units
from eval.testset import TestSide
from korpu.errors import UsageError
from korpu.languages import direction as parsed
from korpu.schema import Robustness

METRIC = "chrf_pp"
DIGITS = 6
TRIALS = 100  # of a test that is not reported; the interval is a bootstrap's


@dataclass(frozen=True)
class Disturbed:
    """``side`` is ``lines`` of ``plain`` with their sources disturbed (``perturbation``)."""

    side: TestSide
    plain: TestSide
    lines: tuple[int, ...]
    perturbation: str
    changed: int  # of the sources


def disturbed(sides: Sequence[TestSide], settings: Robustness, seed: int) -> list[Disturbed]:
    """Each side with each perturbation that changes something in it.

    Raises ``UsageError`` for an unknown perturbation, one named twice, or no lines.
    """
    names = settings.perturbations
    for name in names:
        if name not in PERTURBATIONS:
            raise UsageError(
                f"evaluate.robustness.perturbations: unknown {name!r}; "
                f"use {', '.join(PERTURBATIONS)}"
            )
    if len(set(names)) < len(names):
        raise UsageError(f"evaluate.robustness.perturbations names one twice: {', '.join(names)}")
    if names and settings.lines < 1:
        raise UsageError("evaluate.robustness.lines must be at least 1; 200 is usual")
    made = [_one(side, name, settings.lines, seed) for side in sides for name in names]
    return [found for found in made if found.changed]


def _one(side: TestSide, name: str, lines: int, seed: int) -> Disturbed:
    count = len(side.segments)
    chosen = tuple(range(count) if count <= lines else (i * count // lines for i in range(lines)))
    source = parsed(side.direction)[0]
    segments = []
    changed = 0
    for index in chosen:
        segment = side.segments[index]
        rng = seeded(seed, "robustness", name, segment.src)  # a text is always disturbed alike
        text = PERTURBATIONS[name](segment.src, source, rng)
        changed += text != segment.src
        segments.append(replace(segment, src=text))
    # "+" is in no test set's name, so its hypotheses have files of their own
    other = replace(side, benchmark=f"{side.benchmark}+{name}", segments=tuple(segments))
    return Disturbed(other, side, chosen, name, changed)


def rows(
    found: Sequence[Disturbed],
    hyps: Mapping[tuple[str, str], Mapping[str, Sequence[str]]],
    after: Mapping[tuple[str, str], Mapping[str, Sequence[str]]],
    resamples: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Rows of ``robustness`` in report.json: chrF++ on normalised text before and after, the loss
    and its paired bootstrap interval. ``hyps`` and ``after``: outputs by test set and system.
    """
    made = []
    memo: Memo = {}
    for one in found:
        plain, side = one.plain, one.side
        refs = [segment.ref for segment in side.segments]
        of = units([segment.document for segment in side.segments])
        for system, outputs in after[side.benchmark, side.direction].items():
            all_before = hyps[plain.benchmark, plain.direction][system]
            before = [all_before[index] for index in one.lines]
            counts = [
                grouped(statistics(texts, refs, METRIC, True, side.target, memo), of)
                for texts in (outputs, before)
            ]
            rng = seeded(seed, "robustness", side.benchmark, side.direction, system)
            paired = compare(counts[0], counts[1], METRIC, TRIALS, rng, resamples)
            low, high = paired.interval
            made.append(
                {
                    "benchmark": plain.benchmark,
                    "direction": plain.direction,
                    "system": system,
                    "perturbation": one.perturbation,
                    "metric": METRIC,
                    "normalised": True,
                    "before": round(paired.baseline, DIGITS),
                    "after": round(paired.system, DIGITS),
                    "loss": _less(paired.delta),
                    "ci": [_less(high), _less(low)],
                    "n": len(refs),
                    "changed": one.changed,
                }
            )
    return made


def _less(gain: float) -> float:
    return round(-gain, DIGITS) + 0.0  # never -0.0
