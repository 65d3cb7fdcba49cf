"""Checks in the gate: does a check fail measurably more often than with the baseline?

A rate alone says little (human references fail too), so a system is compared with its baseline on
the same segments: those that only the system fails against those that only the baseline fails. The
test is Fisher's exact randomisation of paired differences (The Design of Experiments, 1935, 21),
one-sided, over documents, since a story repeats its numbers and names; where each segment is a
document of its own it is the exact sign test, that is McNemar's. Holm's correction is over all
checks, test sets and directions compared, and the minimum rise ``gate.checks.rise`` keeps small
differences from failing a gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval.checks import ABSENT, CHECKS, FAILED, Judged
from eval.compared import Report, Side, opened
from eval.counts import Counts
from eval.significance import grouped, holm
from eval.store import checks_name
from korpu.errors import UsageError
from korpu.schema import Gate

DIGITS = 6
REGRESSED, SUSPECT, IMPROVED, HELD = "REGRESSED", "SUSPECT", "IMPROVED", "HELD"


def compared(
    report: Report, sides: Sequence[Side], gate: Gate
) -> tuple[list[dict[str, Any]], str | None]:
    """Rows of ``checks`` in gate.json, and why there are none where a report lacks its judgements.

    A check that applies to no segment of a test set has no row there. Raises ``UsageError`` for an
    unknown name in ``gate.checks.names`` and a negative ``gate.checks.rise``.
    """
    names = _names(gate)
    theirs, baseline = _baseline(report, gate)
    found = []
    for side in sides:
        for name in names:
            keys = (side.benchmark, side.direction)
            mine = report.counts.get(checks_name(*keys, gate.system, name))
            other = theirs.counts.get(checks_name(*keys, baseline, name))
            if mine is None or other is None:
                lacking = report if mine is None else theirs
                return [], f"{lacking.path} has no judgements of {name}; evaluate again"
            row = _counted(mine, other, side.units)
            if row["n"]:
                found.append({"benchmark": keys[0], "direction": keys[1], "check": name, **row})
    worse = holm([row["p_worse"] for row in found]) if found else []
    better = holm([row["p_better"] for row in found]) if found else []
    return [_judged(*row, gate) for row in zip(found, worse, better, strict=True)], None


def _names(gate: Gate) -> list[str]:
    for name in gate.checks.names:
        if name not in CHECKS:
            raise UsageError(f"gate.checks.names: unknown {name!r}; use {', '.join(CHECKS)}")
    if gate.checks.rise < 0:
        raise UsageError(
            f"gate.checks.rise is in percentage points and not negative, not {gate.checks.rise}"
        )
    return gate.checks.names or list(CHECKS)


def _baseline(report: Report, gate: Gate) -> tuple[Report, str]:
    if gate.baseline in report.content["systems"]:
        return report, gate.baseline
    return opened(Path(gate.baseline)), gate.system


def _counted(system: Judged, baseline: Judged, units: Counts) -> dict[str, Any]:
    """What of two judgements on the same segments the test needs; absent is not failed."""
    mine, theirs = system == FAILED, baseline == FAILED
    n = int(((system != ABSENT) | (baseline != ABSENT)).sum())
    worse, better = int((mine & ~theirs).sum()), int((theirs & ~mine).sum())
    by_document = grouped(mine[:, None].astype(np.int64) - theirs[:, None], units)[:, 0]
    return {
        "system": int(mine.sum()),
        "baseline": int(theirs.sum()),
        "n": n,
        "only_system": worse,
        "only_baseline": better,
        "rise": round(100 * (worse - better) / n, DIGITS) if n else 0.0,
        "p_worse": round(randomised(by_document), DIGITS),
        "p_better": round(randomised(-by_document), DIGITS),
    }


def randomised(differences: Counts) -> float:
    """The chance of a sum as large as that of ``differences`` (whole numbers, one a document) if
    each had either sign with equal chance; exact."""
    from scipy.stats import binom

    sizes, counts = np.unique(np.abs(differences[differences != 0]), return_counts=True)
    chances = np.ones(1)  # of the sum's values, from the least possible one
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        part = np.zeros(2 * size * count + 1)
        part[:: 2 * size] = binom.pmf(np.arange(count + 1), count, 0.5)
        chances = np.convolve(chances, part)
    least = -int(np.abs(differences).sum())
    return min(1.0, float(chances[int(differences.sum()) - least :].sum()))


def _judged(row: Mapping[str, Any], worse: float, better: float, gate: Gate) -> dict[str, Any]:
    rise = row["rise"]
    if rise > 0 and rise >= gate.checks.rise:
        verdict = REGRESSED if worse <= gate.alpha else SUSPECT
    else:
        verdict = IMPROVED if rise < 0 and better <= gate.alpha else HELD
    p_value = better if rise < 0 else worse
    return {
        **row,
        "p_worse_holm": round(worse, DIGITS),
        "p_better_holm": round(better, DIGITS),
        "verdict": verdict,
        "failed": verdict == REGRESSED,
        "why": f"{row['baseline']} → {row['system']} of {row['n']} fail "
        f"({rise:+.1f} points, p {p_value:.4f})",
    }


def sentences(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What of the rows refuses a system, a sentence each."""
    return [
        f"{row['check']} {row['verdict']} on {row['benchmark']} {row['direction']}: {row['why']}"
        for row in rows
        if row["failed"]
    ]


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines of Markdown: the checks that are not simply held."""
    shown = [row for row in rows if row["verdict"] != HELD]
    if not rows:
        return []
    lines = ["", f"Checks against the baseline: {len(rows) - len(shown)} of {len(rows)} held.", ""]
    if shown:
        lines += ["| test set | direction | check | verdict | why |", "|---|---|---|---|---|"]
    lines += [
        f"| {row['benchmark']} | {row['direction']} | {row['check']} | {row['verdict']} "
        f"| {row['why']} |"
        for row in shown
    ]
    return lines
