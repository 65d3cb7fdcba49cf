"""The basic filters: rules a pair must pass; the first one it breaks is its reason.

Rules are polars expressions over ``src`` and ``tgt``, true where the rule is broken. Only copying
and language look at rows one by one, and only at those that may break them or still stand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

import polars as pl

from data_prep.text.identify import identify_many
from korpu import schema

SIDES = ("src", "tgt")
RULES = (
    "empty", "short", "long", "ratio", "alphabetic", "script", "markup", "placeholders",
    "repetition", "copy", "numbers", "language",
)  # fmt: skip
"""Every reason a filter gives, in the order they are tried."""

FOR_ALL = ("empty", "long", "script", "markup", "placeholders")
"""The rules that hold for trusted pairs too: what would harm a model whoever wrote it. The others
are guesses at bad translations, and a journalist's correction is none."""

# Tags, entities, and what a tokenizer would read as a special token in the middle of a text.
MARKUP = r"</?[A-Za-z][^<>]*>|&(?:[a-z]+|#\d+);|\b[a-z]{3}_[A-Z][a-z]{3}\b"
PLACEHOLDER = r"\{[^{}]*\}|%\d+\$[sdf@]|%[sdf@]\b|\$\d+|\$\{?[A-Z_]{2,}\}?|\b[A-Z]+_[A-Z_\d]+\b"
_THOUSANDS = r"\b(\d{1,3})[., \u00a0\u2009\u202f](\d{3})\b"
TELLING = 30
"""Letters below which a sentence's language is not judged: the detectors take one short interface
string in sixty for a neighbour's, and its document or source has already said what it is."""
_NEVER = pl.lit(False)


def broken(rules: schema.Filter) -> dict[str, pl.Expr]:
    """Rule → expression, in order, without copy and language."""
    src, tgt = (pl.col(side) for side in SIDES)
    lengths = [side.str.len_chars() for side in (src, tgt)]
    shorter, longer = pl.min_horizontal(lengths), pl.max_horizontal(lengths)
    return {
        "empty": (src.str.strip_chars() == "") | (tgt.str.strip_chars() == ""),
        "short": shorter < rules.min_characters,
        "long": longer > rules.max_characters,
        "ratio": longer > rules.max_ratio * shorter,
        "alphabetic": _either(lambda s: _share(s, r"\p{L}", r"\S") < rules.min_alphabetic),
        "script": _either(lambda s: _share(s, r"\p{Latin}", r"\p{L}") < 0.7),
        "markup": _either(lambda s: s.str.contains(MARKUP)),
        "placeholders": _differ(lambda s: s.str.extract_all(PLACEHOLDER).list.sort()),
        "repetition": _either(lambda s: repetition(s) > rules.max_repeat),
        "numbers": _differ(numbers) if rules.numbers else _NEVER,
    }


def numbers(text: pl.Expr) -> pl.Expr:
    """The sorted list of a text's numbers as digit strings.

    Thousands are joined whatever parts them (1.234 is 1 234), every other mark separates (12,5 is
    12 and 5, and 19:30 is 19.30), and suffixes (3-cü, 2025-yil) and leading zeros do not count.
    """
    joined = text.str.replace_all(_THOUSANDS, "$1$2").str.replace_all(_THOUSANDS, "$1$2")
    millions = joined.str.replace_all(r"\b(\d{4,6})[., \u00a0\u2009\u202f](\d{3})\b", "$1$2")
    return (
        millions.str.extract_all(r"\d+").list.eval(pl.element().str.replace(r"^0+(\d)", "$1"))
        .list.sort()
    )  # fmt: skip


def repetition(text: pl.Expr) -> pl.Expr:
    """Share of the most frequent token; 0 for fewer than four tokens."""
    tokens = text.str.to_lowercase().str.extract_all(r"\w+")
    most = tokens.list.eval(pl.element().unique_counts().max()).list.first()
    return pl.when(tokens.list.len() >= 4).then(most / tokens.list.len()).otherwise(0.0)


def similarity(left: str, right: str) -> float:
    """Dice coefficient of character bigrams, case and spaces aside: 1 for equal sides."""
    one, two = ("".join(side.casefold().split()) for side in (left, right))
    if one == two:
        return 1.0
    first, second = (Counter(map("".join, pairwise(s))) for s in (one, two))
    return 2 * (first & second).total() / max(first.total() + second.total(), 1)


def apply(candidates: pl.DataFrame, rules: schema.Filter) -> pl.DataFrame:
    """Fill ``reason`` of the candidates that have none; languages are those of the columns."""
    judged = ~pl.col("trusted").fill_null(False)
    verdict = pl.lit(None, dtype=pl.String)
    for name, expression in reversed(broken(rules).items()):
        holds = expression if name in FOR_ALL else judged & expression
        verdict = pl.when(holds).then(pl.lit(name)).otherwise(verdict)
    candidates = candidates.with_columns(reason=pl.coalesce("reason", verdict))
    # the cheap rules come first and spare the dear ones most of the rows; `numbers` is among the
    # cheap, so it is tried before these two
    candidates = _by_row(candidates, "copy", lambda rows: _copies(rows, rules.max_copy))
    return _by_row(candidates, "language", _foreign) if rules.language else candidates


def _by_row(
    candidates: pl.DataFrame, name: str, rule: Callable[[pl.DataFrame], list[bool]]
) -> pl.DataFrame:
    open_rows = candidates["reason"].is_null() & ~candidates["trusted"].fill_null(False)
    verdicts = iter(rule(candidates.filter(open_rows)))
    reasons = [
        (name if next(verdicts) else None) if still else reason
        for still, reason in zip(open_rows, candidates["reason"], strict=True)
    ]
    return candidates.with_columns(reason=pl.Series(reasons, dtype=pl.String))


def _copies(rows: pl.DataFrame, most: float) -> list[bool]:
    return [
        min(len(src), len(tgt)) >= most * max(len(src), len(tgt)) * 0.9
        and similarity(src, tgt) > most
        for src, tgt in rows.select(SIDES).iter_rows()
    ]


def _foreign(rows: pl.DataFrame) -> list[bool]:
    verdicts = [False] * rows.height
    for side in SIDES:
        at = [i for i, text in enumerate(rows[side]) if not verdicts[i] and _says_enough(text)]
        texts: Sequence[str] = [rows[side][i] for i in at]
        for i, found in zip(at, identify_many(texts), strict=True):
            expected = rows[f"{side}_lang"][i]
            # what is unclear is kept: names, dates, scores
            verdicts[i] = found.reliable and found.language != expected
    return verdicts


_LETTERS = re.compile(r"[^\W\d_]")


def _says_enough(text: str) -> bool:
    return len(_LETTERS.findall(text)) >= TELLING


def _share(text: pl.Expr, part: str, whole: str) -> pl.Expr:
    total = text.str.count_matches(whole)
    return pl.when(total == 0).then(0.0).otherwise(text.str.count_matches(part) / total)


def _either(rule: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    return rule(pl.col("src")) | rule(pl.col("tgt"))


def _differ(measure: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    return measure(pl.col("src")) != measure(pl.col("tgt"))
