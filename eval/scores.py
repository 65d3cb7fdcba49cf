"""Hypotheses to rows of the report: scores with intervals, checks, and the counts behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval import checks, outside
from eval.counts import Counts
from eval.metrics import Memo, signature, statistics, values
from eval.significance import grouped, interval, seeded, units
from eval.store import checks_name, counts_name, units_name
from eval.testset import TestSide
from korpu.schema import Evaluate, Scorer

REFERENCE = "reference"  # the "system" of the checks' rates on human references
DIGITS = 6  # after the point, in the report


def scored(
    side: TestSide,
    hyps: Mapping[str, Sequence[str]],
    metrics: Sequence[str],
    resamples: int,
    seed: int,
    memo: Memo,
    spm: Path | None = None,
    scorers: Mapping[str, Scorer] | None = None,
) -> tuple[list[dict[str, Any]], dict[str, Counts]]:
    """Rows of ``scores`` for one test set and every system, and its arrays for ``stats.npz``.

    Metrics that are programs (``scorers``) come last, raw only: what they normalise is theirs.
    """
    of = units([segment.document for segment in side.segments])
    refs = [segment.ref for segment in side.segments]
    rows: list[dict[str, Any]] = []
    arrays = {units_name(side.benchmark, side.direction): of}
    more = side.more

    def add(system: str, metric: str, normalised: bool, counts: Counts, named: str) -> None:
        name = counts_name(side.benchmark, side.direction, system, metric, normalised)
        arrays[name] = counts
        by_unit = grouped(counts, of)
        low, high = interval(by_unit, metric, resamples, seeded(seed, name))
        rows.append(
            {
                "benchmark": side.benchmark,
                "direction": side.direction,
                "system": system,
                "metric": metric,
                "normalised": normalised,
                "value": round(float(values(counts.sum(0), metric)), DIGITS),
                "ci": [round(low, DIGITS), round(high, DIGITS)],
                "n": len(refs),
                "signature": named,
            }
        )

    for system, outputs in hyps.items():
        for metric in metrics:
            for normalised in (False, True):
                counts = statistics(outputs, refs, metric, normalised, side.target, memo, more, spm)
                named = signature(metric, normalised, 1 + len(more), spm)
                add(system, metric, normalised, counts, named)
        for metric, scorer in (scorers or {}).items():
            counts = _by_program(metric, scorer, side, outputs)
            add(system, metric, False, counts, f"nrefs:1|{metric}|{scorer.signature}")
    return rows, arrays


def available(evaluate: Evaluate) -> list[str]:
    """The metrics asked for that can be computed here."""
    return [name for name in evaluate.metrics if name != "spbleu" or evaluate.spm]


def unavailable(evaluate: Evaluate, sides: Sequence[TestSide]) -> list[dict[str, str]]:
    """What was asked for and cannot be computed, as rows of the report."""
    if available(evaluate) == evaluate.metrics:
        return []
    reason = (
        "spbleu cuts text by the SentencePiece model of flores200, and evaluate.spm names no file; "
        "it is never fetched"
    )
    return [
        {"benchmark": s.benchmark, "direction": s.direction, "metric": "spbleu", "reason": reason}
        for s in sides
    ]


def _by_program(metric: str, scorer: Scorer, side: TestSide, outputs: Sequence[str]) -> Counts:
    srcs, refs = [s.src for s in side.segments], [s.ref for s in side.segments]
    return outside.scores(metric, scorer, srcs, outputs, refs)


Judged = dict[str, dict[str, checks.Judged]]  # by system, then by check


def judged(
    side: TestSide, hyps: Mapping[str, Sequence[str]]
) -> tuple[Judged, dict[str, checks.Judged]]:
    """Every check on every segment, also of the references, and the arrays for ``stats.npz``."""
    sources = [segment.src for segment in side.segments]
    outputs = {**hyps, REFERENCE: [segment.ref for segment in side.segments]}
    found = {name: checks.judged(sources, texts, side.target) for name, texts in outputs.items()}
    arrays = {
        checks_name(side.benchmark, side.direction, system, check): results
        for system, by_check in found.items()
        for check, results in by_check.items()
    }
    return found, arrays


def checked(
    side: TestSide, hyps: Mapping[str, Sequence[str]], found: Judged | None = None
) -> list[dict[str, Any]]:
    """Rows of ``checks``: every system's rates, and the references' under ``reference``.

    ``found``: what ``judged`` gave for them, where it is there already.
    """
    sources = [segment.src for segment in side.segments]
    outputs = {**hyps, REFERENCE: [segment.ref for segment in side.segments]}
    found = found or judged(side, hyps)[0]
    return [
        {
            "benchmark": side.benchmark,
            "direction": side.direction,
            "system": system,
            "check": row.check,
            "rate": None if row.rate is None else round(row.rate, DIGITS),
            "count": row.count,
            "n": row.n,
            "ci": row.interval and [round(end, DIGITS) for end in row.interval],
            "failed": [side.segments[index].id for index in row.failed[:20]],
        }
        for system, texts in outputs.items()
        for row in checks.rates(sources, texts, side.target, found[system])
    ]
