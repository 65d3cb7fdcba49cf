"""The stage `gate`: is a system measurably worse than its baseline, and could we have seen it?

Only what the evaluation stored is read; nothing is translated again. The test is the paired
approximate randomisation of ``eval.significance`` on the normalised metric, one-sided, with Holm's
correction over all test sets and directions compared.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eval import gate_checks
from eval.compared import Side, opened, paired_sides
from eval.metrics import LOWER_IS_BETTER, METRICS
from eval.significance import POWER, Paired, compare, detectable, grouped, holm, seeded
from eval.verdicts import junit, summary
from korpu import artifact, log
from korpu.artifact import Artifact, File, Result
from korpu.errors import UsageError
from korpu.published import PREFIX, evaluation
from korpu.schema import Gate, Recipe

SCHEMA = 1  # of gate.json
DIGITS = 6
FLOORS = ("off_target", "empty", "repeated")

REGRESSED, SUSPECT, UNDERPOWERED = "REGRESSED", "SUSPECT", "UNDERPOWERED"
IMPROVED, HELD = "IMPROVED", "HELD"


def run(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Files: gate.json, junit.xml, summary.md (also appended to ``$GITHUB_STEP_SUMMARY``).

    ``refused`` names what regressed or broke a floor; with ``strict`` also what is SUSPECT or
    UNDERPOWERED. Raises ``NotComparable`` where the two evaluations differ in test set, signature,
    normaliser or decoding, ``UsageError`` for what is not in the report.
    """
    gate = recipe.gate
    _check(gate)
    version: str | None = None
    if gate.baseline.startswith(PREFIX):
        version, path = evaluation(recipe.release.registry, gate.baseline)
        gate = replace(gate, baseline=str(path))
    report = opened(inputs["evaluate"].file("report.json"))
    sides = paired_sides(report, gate)
    with log.progress("gate", len(sides), "comparisons") as advance:
        tested = [_tested(side, gate, recipe.seed, advance) for side in sides]
    verdicts = _verdicts(sides, tested, gate)
    floors = _floors(report.content, sides, gate)
    checks, no_checks = gate_checks.compared(report, sides, gate)
    made = {
        "schema": SCHEMA,
        "system": gate.system,
        "baseline": recipe.gate.baseline,
        "baseline_version": version,
        "metric": gate.metric,
        "normalised": True,
        "alpha": gate.alpha,
        "delta": gate.delta,
        "power": POWER,
        "underpowered": gate.underpowered,
        "strict": gate.strict,
        "verdicts": verdicts,
        "floors": floors,
        "rise": gate.checks.rise,
        "checks": checks,
        "checks_unavailable": no_checks,
        "passed": not _sentences(verdicts, floors) and not gate_checks.sentences(checks),
    }
    artifact.write_json(out / "gate.json", made)
    artifact.write_atomically(out / "junit.xml", junit(made))
    text = summary(made)
    artifact.write_atomically(out / "summary.md", text)
    _step_summary(text)
    for row in verdicts:
        log.say(f"  {row['benchmark']} {row['direction']}: {row['verdict']}, {row['why']}")
    if no_checks:
        log.say(f"  checks are not compared: {no_checks}")
    for row in checks:
        if row["failed"]:
            log.say(f"  {row['check']} {row['verdict']} on {row['benchmark']}: {row['why']}")
    said = [*_sentences(verdicts, floors), *gate_checks.sentences(checks)]
    refused = "; ".join(said) or None
    stats = {f"{row['benchmark']} {row['direction']}": row["verdict"] for row in verdicts}
    files = (File("gate.json"), File("junit.xml"), File("summary.md"))
    return Result(files=files, stats=stats, refused=refused)


def _check(gate: Gate) -> None:
    known = [name for name in METRICS if name not in LOWER_IS_BETTER]
    if gate.metric not in known:
        raise UsageError(
            f"gate.metric: {gate.metric!r} is no metric that is better where it is higher; "
            f"use {', '.join(known)}"
        )
    if not 0 < gate.alpha < 0.5:
        raise UsageError(f"gate.alpha must be between 0 and 0.5, not {gate.alpha}")
    if gate.delta < 0:
        raise UsageError(f"gate.delta is a loss in points and not negative, not {gate.delta}")
    if gate.trials < 100:
        raise UsageError(f"gate.trials must be at least 100, not {gate.trials}; 10000 is usual")


def _tested(side: Side, gate: Gate, seed: int, advance: Any) -> Paired:
    rng = seeded(seed, "gate", side.benchmark, side.direction, gate.metric)
    a, b = grouped(side.system, side.units), grouped(side.baseline, side.units)
    found = compare(a, b, gate.metric, gate.trials, rng)
    advance(1)
    return found


def _verdicts(sides: Sequence[Side], tested: Sequence[Paired], gate: Gate) -> list[dict[str, Any]]:
    worse = holm([found.worse for found in tested])
    better = holm([found.better for found in tested])
    failing = (REGRESSED, SUSPECT, UNDERPOWERED) if gate.strict else (REGRESSED,)
    rows = []
    for side, found, p_worse, p_better in zip(sides, tested, worse, better, strict=True):
        # Holm's first step tests the smallest p at α/m: that is what the family can detect at least
        effect = detectable(found.error, found.units, gate.alpha / len(sides))
        verdict = judged(found.delta, p_worse, p_better, effect, gate)
        rows.append(
            {
                "benchmark": side.benchmark,
                "direction": side.direction,
                "verdict": verdict,
                "failed": verdict in failing,
                "system": round(found.system, DIGITS),
                "baseline": round(found.baseline, DIGITS),
                "delta": round(found.delta, DIGITS),
                "ci": [round(end, DIGITS) for end in found.interval],
                "p_worse": round(found.worse, DIGITS),
                "p_worse_holm": round(p_worse, DIGITS),
                "p_better": round(found.better, DIGITS),
                "p_better_holm": round(p_better, DIGITS),
                "p_two_sided": round(found.differ, DIGITS),
                "p_bootstrap": round(found.bootstrap, DIGITS),
                "mde": round(effect, DIGITS) if effect < 1e6 else None,
                "n": len(side.units),
                "units": found.units,
                "why": _why(found, verdict, p_worse, p_better, effect, gate),
            }
        )
    return rows


def judged(delta: float, p_worse: float, p_better: float, effect: float, gate: Gate) -> str:
    """The verdict of one comparison from the difference, Holm-adjusted p-values and the MDE.

    In this order: REGRESSED, a significant drop of at least ``delta``; SUSPECT, such a drop that
    is not significant; IMPROVED, a significant gain; UNDERPOWERED, a minimum detectable effect
    above ``underpowered``; HELD.
    """
    if delta < 0 and -delta >= gate.delta:
        return REGRESSED if p_worse <= gate.alpha else SUSPECT
    if delta > 0 and p_better <= gate.alpha:
        return IMPROVED
    return UNDERPOWERED if effect > gate.underpowered else HELD


def _why(
    found: Paired, verdict: str, p_worse: float, p_better: float, effect: float, gate: Gate
) -> str:
    p_value = p_better if found.delta > 0 else p_worse
    low, high = found.interval
    change = (
        f"{found.baseline:.2f} → {found.system:.2f} {gate.metric} "
        f"({found.delta:+.2f}, 95% {low:+.2f} to {high:+.2f}, p {p_value:.4f})"
    )
    if verdict == UNDERPOWERED:
        return f"{change}; a loss below {effect:.2f} could go unseen"
    if verdict == HELD and found.delta < 0 and p_worse <= gate.alpha:
        return f"{change}; a real loss, but below the allowed {gate.delta:g}"
    return f"{change}; detectable from {effect:.2f}"


def _floors(report: Mapping[str, Any], sides: Sequence[Side], gate: Gate) -> list[dict[str, Any]]:
    """The hard limits on the system's own output, for every test set compared."""
    limits = dict(
        zip(FLOORS, (gate.max_off_target, gate.max_empty, gate.max_repeated), strict=True)
    )
    wanted = {(side.benchmark, side.direction) for side in sides}
    return [
        {
            "benchmark": row["benchmark"],
            "direction": row["direction"],
            "check": row["check"],
            "rate": row["rate"],
            "n": row["n"],
            "limit": limits[row["check"]],
            "broken": row["rate"] is not None and row["rate"] > limits[row["check"]],
        }
        for row in report["checks"]
        if row["system"] == gate.system
        and row["check"] in limits
        and (row["benchmark"], row["direction"]) in wanted
    ]


def _sentences(
    verdicts: Sequence[Mapping[str, Any]], floors: Sequence[Mapping[str, Any]]
) -> list[str]:
    found = [
        f"{row['verdict']} on {row['benchmark']} {row['direction']}: {row['why']}"
        for row in verdicts
        if row["failed"]
    ]
    found += [
        f"{row['check']} on {row['benchmark']} {row['direction']} is {row['rate']:.1%} of "
        f"{row['n']}, above the limit of {row['limit']:.1%}"
        for row in floors
        if row["broken"]
    ]
    return found


def _step_summary(text: str) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        log.say(f"  the summary could not be added to {path}: {error.strerror}")
