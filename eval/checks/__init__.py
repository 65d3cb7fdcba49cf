"""What goes wrong in a translation beside its score, as rates with Wilson intervals.

Each check is also run on the human references: its rate there is its false-alarm rate, and is
printed beside. A check is a pure function of (source, output, target language): True is a failure,
None means that it does not apply to this pair, which then does not count in n.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval.checks import glossary
from eval.checks.glossary import term_lost
from eval.checks.language import off_target, wrong_script
from eval.checks.names import name_lost
from eval.checks.negation import negation_mismatch
from eval.checks.numbers import date_mismatch, money_mismatch, number_mismatch, percent_mismatch
from eval.checks.places import language_lost, place_lost
from eval.checks.quotation import quotation_lost
from eval.checks.shape import copied, empty, over_long, repeated, truncated, under_long

Z95 = 1.959963984540054

__all__ = [
    "ABSENT", "CHECKS", "FAILED", "PASSED", "Check", "Judged", "Rate", "copied", "empty", "judged",
    "number_mismatch", "off_target", "rates", "repeated", "wilson", "wrong_script",
]  # fmt: skip
Judged = npt.NDArray[np.int64]  # of one check: a result for each line
Check = Callable[[str, str, str], bool | None]

CHECKS: dict[str, Check] = {
    "off_target": off_target,
    "wrong_script": wrong_script,
    "empty": empty,
    "truncated": truncated,
    "repeated": repeated,
    "under_long": under_long,
    "over_long": over_long,
    "copied": copied,
    "number_mismatch": number_mismatch,
    "percent_mismatch": percent_mismatch,
    "money_mismatch": money_mismatch,
    "date_mismatch": date_mismatch,
    "name_lost": name_lost,
    "place_lost": place_lost,
    "language_lost": language_lost,
    "negation_mismatch": negation_mismatch,
    "quotation_lost": quotation_lost,
    "term_lost": term_lost,
}
PASSED, FAILED, ABSENT = 0, 1, -1  # of one segment; absent: the check does not apply to it


@dataclass(frozen=True)
class Rate:
    """``count`` failures of ``n`` pairs that a check applies to; ``failed`` are their indices.

    ``term_lost`` alone counts terms, not pairs: 1 − its rate is the terminology accuracy.
    """

    check: str
    count: int
    n: int
    interval: tuple[float, float] | None
    failed: tuple[int, ...]

    @property
    def rate(self) -> float | None:
        return self.count / self.n if self.n else None


def judged(sources: Sequence[str], outputs: Sequence[str], language: str) -> dict[str, Judged]:
    """Every check's result on each line: PASSED, FAILED or ABSENT, arrays of shape (lines,)."""
    pairs = list(zip(sources, outputs, strict=True))
    return {
        name: np.array([_code(check(s, o, language)) for s, o in pairs], dtype=np.int64)
        for name, check in CHECKS.items()
    }


def _code(result: bool | None) -> int:
    return ABSENT if result is None else FAILED if result else PASSED


def rates(
    sources: Sequence[str],
    outputs: Sequence[str],
    language: str,
    found: dict[str, Judged] | None = None,
) -> list[Rate]:
    """Every check on line-aligned sources and outputs in a target language (FLORES code).

    ``found``: what ``judged`` gave for them, where it is there already.
    """
    rows = []
    for name, results in (found or judged(sources, outputs, language)).items():
        failed = tuple(int(i) for i in np.flatnonzero(results == FAILED))
        count, n = len(failed), int((results != ABSENT).sum())
        if name == "term_lost":
            terms = [glossary.kept(s, o, language) for s, o in zip(sources, outputs, strict=True)]
            n = sum(wanted for _, wanted in filter(None, terms))
            count = n - sum(kept for kept, _ in filter(None, terms))
        rows.append(Rate(name, count, n, wilson(count, n), failed))
    return rows


def wilson(count: int, n: int) -> tuple[float, float] | None:
    """Wilson's 95% score interval of a proportion (Wilson 1927); None without observations."""
    if n == 0:
        return None
    share, square = count / n, Z95**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z95 / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
