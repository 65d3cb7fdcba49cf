"""How a score is written: the name of its metric, its digits, its interval.

Scores of this project's metrics are points of 0 to 100 and have one digit after the point. What a
program computes (``evaluate.scorers``) may be 0.85 of 1 or 3.2 of 25 and has three; it is raw only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NAMES = {"bleu": "BLEU", "spbleu": "spBLEU", "ter": "TER", "chrf": "chrF", "chrf_pp": "chrF++"}

Row = Mapping[str, Any]  # of ``scores`` in report.json


def name(metric: str) -> str:
    """The field's name of a metric; a program's is the one it was given."""
    return NAMES.get(metric, metric)


def decided_by(rows: Iterable[Row]) -> list[Row]:
    """The rows a reader decides by: normalised scores, and those of programs, which are raw."""
    return [row for row in rows if row["normalised"] or row["metric"] not in NAMES]


def value(row: Row) -> str:
    return _digits(row["value"], row["metric"])


def interval(row: Row) -> str:
    """Both ends: ``61.0–64.2``, and ``-0.412 to -0.380`` where a dash would be read as a minus."""
    low, high = (_digits(end, row["metric"]) for end in row["ci"])
    return f"{low} to {high}" if row["ci"][0] < 0 else f"{low}–{high}"


def half_width(row: Row) -> str:
    return _digits((row["ci"][1] - row["ci"][0]) / 2, row["metric"])


def _digits(number: float, metric: str) -> str:
    return f"{number:.1f}" if metric in NAMES else f"{number:.3f}"
