"""What a pair looks like: its characters, and what is no text in it."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from data_prep.bitext.filters.rows import SIDES, marked
from korpu import schema

# Tags, entities, and what a tokenizer would read as a special token in the middle of a text.
MARKUP = r"</?[A-Za-z][^<>]*>|&(?:[a-z]+|#\d+);|\b[a-z]{3}_[A-Z][a-z]{3}\b"
PLACEHOLDER = r"\{[^{}]*\}|%(?:\d+\$)?[sdf@]|\$\d+|\$\{?[A-Z_]{2,}\}?|\b[A-Z]+_[A-Z_\d]+\b"
_PERCENT = r"(\d)%(\p{L})"  # 13%də is no %d, %sni is %s
_DOLLAR = r"(?i)dollar|\bUSD\b"  # then $5 is money
LEAST_SCRIPT = 0.7


def expressions(rules: schema.Filter) -> dict[str, pl.Expr]:
    """Rule → expression over the sides and their languages, true where it is broken, in order."""
    src, tgt = (pl.col(side) for side in SIDES)
    lengths = [side.str.len_chars() for side in (src, tgt)]
    shorter, longer = pl.min_horizontal(lengths), pl.max_horizontal(lengths)
    return {
        "empty": (src.str.strip_chars() == "") | (tgt.str.strip_chars() == ""),
        "short": shorter < rules.min_characters,
        "long": longer > rules.max_characters,
        "ratio": longer > rules.max_ratio * shorter,
        "alphabetic": _either(lambda s: _share(s, r"\p{L}", r"\S") < rules.min_alphabetic),
        "script": _foreign_script("src") | _foreign_script("tgt"),
    }


def markup(rows: pl.DataFrame) -> pl.Series:
    """For each row whether tags, entities or special tokens are in a side."""
    return _of_some(rows, ("<", "&", "_"), _either(lambda s: s.str.contains(MARKUP)))


def placeholders(rows: pl.DataFrame) -> pl.Series:
    """For each row whether the sides hold different placeholders."""
    money = pl.any_horizontal(pl.col(side).str.contains(_DOLLAR) for side in SIDES)
    src, tgt = (
        pl.when(money)
        .then(text.str.replace_all("$", " ", literal=True))
        .otherwise(text)
        .str.extract_all(PLACEHOLDER)
        .list.sort()
        for text in (pl.col(side).str.replace_all(_PERCENT, "$1 $2") for side in SIDES)
    )
    return _of_some(rows, ("{", "%", "$", "_"), src != tgt)


def _of_some(rows: pl.DataFrame, signs: tuple[str, ...], broken: pl.Expr) -> pl.Series:
    """The expression, asked only of rows that hold one of the signs."""
    held = pl.any_horizontal(pl.col(side).str.contains_any(list(signs)) for side in SIDES)
    at = rows.select(pl.arg_where(held)).to_series()
    hits = at.filter(rows.select(SIDES)[at].select(broken).to_series())
    return marked(rows.height, hits.to_list())


def _share(text: pl.Expr, part: str, whole: str) -> pl.Expr:
    total = text.str.count_matches(whole)
    return pl.when(total == 0).then(0.0).otherwise(text.str.count_matches(part) / total)


def _foreign_script(side: str) -> pl.Expr:
    # the corpus' own two languages are in Latin by now; a further one may not be
    cyrillic = pl.col(f"{side}_lang").str.ends_with("_Cyrl")
    of_script = (
        pl.when(cyrillic).then(_letters(side, "Cyrillic")).otherwise(_letters(side, "Latin"))
    )
    return of_script < LEAST_SCRIPT


def _letters(side: str, script: str) -> pl.Expr:
    return _share(pl.col(side), rf"\p{{{script}}}", r"\p{L}")


def _either(rule: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    return rule(pl.col("src")) | rule(pl.col("tgt"))
