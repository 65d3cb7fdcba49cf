"""The basic filters: rules a pair must pass; the first one it breaks is its reason.

Rules are polars expressions over ``src`` and ``tgt``, or in ``filters`` a function over a batch
that looks only at the rows an expression picks. A row's verdict depends on that row alone.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from data_prep.bitext.filters import (
    addresses,
    copies,
    currencies,
    dates,
    languages,
    numbers,
    profanity,
    repetition,
    shape,
)
from korpu import schema

RULES = (
    "empty", "short", "long", "ratio", "alphabetic", "script", "markup", "placeholders",
    "repetition", "urls", "dates", "currencies", "numbers", "profanity", "copy", "language",
)  # fmt: skip
"""Every reason a filter gives, in the order they are tried: the dear ones come last, to what is
left, and a wrong address or date before the digits in it."""

FOR_ALL = ("empty", "long", "script", "markup", "placeholders")
"""The rules that hold for trusted pairs too: what would harm a model whoever wrote it. The others
are guesses at bad translations, and a journalist's correction is none."""

Rule = Callable[[pl.DataFrame], pl.Series]


def batched(rules: schema.Filter) -> dict[str, Rule]:
    """The rules that are on and no plain expressions, in order: rows → whether each breaks it."""
    found: dict[str, Rule | None] = {
        "markup": shape.markup,
        "placeholders": shape.placeholders,
        "repetition": lambda rows: repetition.broken(rows, rules.max_repeat),
        "urls": addresses.broken if rules.urls else None,
        "dates": dates.broken if rules.dates else None,
        "currencies": currencies.broken if rules.currencies else None,
        "numbers": numbers.broken if rules.numbers else None,
        "profanity": _profanity(rules.profanity) if rules.profanity else None,
        "copy": lambda rows: copies.broken(rows, rules.max_copy),
        "language": languages.broken if rules.language else None,
    }
    return {name: rule for name, rule in found.items() if rule is not None}


def _profanity(words: str) -> Rule:
    return lambda rows: profanity.broken(rows, words)


def apply(candidates: pl.DataFrame, rules: schema.Filter) -> pl.DataFrame:
    """Fill ``reason`` of the candidates that have none; languages are those of the columns.

    Raises ``UsageError`` for a list of ``rules.profanity`` that cannot be read.
    """
    judged = ~pl.col("trusted").fill_null(False)
    verdict = pl.lit(None, dtype=pl.String)
    for name, expression in reversed(shape.expressions(rules).items()):
        holds = expression if name in FOR_ALL else judged & expression
        verdict = pl.when(holds).then(pl.lit(name)).otherwise(verdict)
    candidates = candidates.with_columns(reason=pl.coalesce("reason", verdict))
    for name, rule in batched(rules).items():
        candidates = _reject(candidates, name, rule)
    return candidates


def _reject(candidates: pl.DataFrame, name: str, rule: Rule) -> pl.DataFrame:
    judged = pl.lit(name in FOR_ALL) | ~pl.col("trusted").fill_null(False)
    at = candidates.select(pl.arg_where(pl.col("reason").is_null() & judged)).to_series()
    if len(at):
        hits = at.filter(rule(candidates[at]))
        candidates = candidates.with_columns(reason=candidates["reason"].scatter(hits, name))
    return candidates
