"""The rules of OpusFilter 3.3.1 that a bitext of news asks for, as expressions: same decisions.

Only for comparing: ``filter`` has its own, stricter ones. Definitions are those of OpusFilter's
``filters.py`` (see its documentation for each class); a rule is true where a pair is accepted.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import polars as pl

from data_prep.bitext.filters.repetition import periodic
from data_prep.bitext.filters.rows import SIDES, judged, marked

REPETITION = "RepetitionFilter"


@dataclass(frozen=True)
class Rule:
    """OpusFilter's class and parameters, and ours: rows → whether each pair is accepted."""

    name: str
    parameters: Mapping[str, Any]
    accept: Callable[[pl.DataFrame], pl.Series]

    @property
    def configuration(self) -> dict[str, Mapping[str, Any]]:
        """As OpusFilter's configuration names it."""
        return {self.name: self.parameters}


def rules() -> list[Rule]:
    """Cheap ones first, ``REPETITION`` last; both contestants run them in this order."""
    chars = [pl.col(side).str.len_chars() for side in SIDES]
    words = [pl.col(side).str.count_matches(r"\S+") for side in SIDES]
    return [
        _rule("LengthFilter", {"min_length": 8, "max_length": 600, "unit": "char"},
              pl.all_horizontal(n.is_between(8, 600) for n in chars)),
        _rule("LengthRatioFilter", {"threshold": 2.5, "unit": "char"}, _ratio(chars, 2.5)),
        _rule("LengthFilter", {"min_length": 1, "max_length": 100, "unit": "word"},
              pl.all_horizontal(n.is_between(1, 100) for n in words)),
        _rule("LongWordFilter", {"threshold": 40},
              ~pl.any_horizontal(pl.col(side).str.contains(r"\S{40}") for side in SIDES)),
        _rule("AverageWordLengthFilter", {"min_length": 2, "max_length": 20},
              pl.all_horizontal(_average(side).is_between(2, 20) for side in SIDES)),
        _rule("AlphabetRatioFilter", {"threshold": 0.5, "exclude_whitespace": True},
              pl.all_horizontal(_alphabetic(side) >= 0.5 for side in SIDES)),
        _rule("CharacterScoreFilter", {"scripts": ["Latin", "Latin"], "thresholds": [0.7, 0.7]},
              pl.all_horizontal(_latin(side) >= 0.7 for side in SIDES)),
        _rule("TerminalPunctuationFilter", {"threshold": -2}, _punctuation() >= -2),
        Rule("NonZeroNumeralsFilter", {"threshold": 0.5}, _numerals),
        Rule("HtmlTagFilter", {}, _tags),
        Rule(REPETITION, {"threshold": 2, "min_length": 3, "max_length": 100}, _repetition),
    ]  # fmt: skip


def keep(rows: pl.DataFrame, chosen: list[Rule]) -> pl.DataFrame:
    """The rows that all rules accept, each tried on what the ones before it left."""
    for rule in chosen:
        rows = rows.filter(rule.accept(rows))
    return rows


def _rule(name: str, parameters: Mapping[str, Any], accepted: pl.Expr) -> Rule:
    return Rule(name, parameters, lambda rows: rows.select(accepted).to_series())


def _ratio(lengths: list[pl.Expr], threshold: float) -> pl.Expr:
    shorter, longer = pl.min_horizontal(lengths), pl.max_horizontal(lengths)
    return pl.when(shorter == 0).then(longer == 0).otherwise(longer / shorter < threshold)


def _average(side: str) -> pl.Expr:
    text = pl.col(side)
    words = text.str.count_matches(r"\S+")
    letters = text.str.len_chars() - text.str.count_matches(r"\s")
    return pl.when(words == 0).then(0.0).otherwise(letters / words)


def _alphabetic(side: str) -> pl.Expr:
    text = pl.col(side)
    size = text.str.len_chars() - text.str.count_matches(r"\s")
    letters = text.str.replace_all(r"\P{Alphabetic}+", "").str.len_chars()
    return pl.when(size == 0).then(1.0).otherwise(letters / size)


def _latin(side: str) -> pl.Expr:
    letters = pl.col(side).str.replace_all(r"\P{Alphabetic}+", "")
    latin = letters.str.replace_all(r"\P{Latin}+", "").str.len_chars()
    size = letters.str.len_chars()
    return pl.when(size == 0).then(1.0).otherwise(latin / size)


def _punctuation() -> pl.Expr:
    one, two = (pl.col(side).str.count_matches("[.?!…]").cast(pl.Int64) for side in SIDES)
    extra = pl.max_horizontal(one - 1, 0) + pl.max_horizontal(two - 1, 0)
    return -((one - two).abs() + extra + 1).log(math.e)


def _numerals(rows: pl.DataFrame) -> pl.Series:
    digits = rows.select(pl.col(side).str.replace_all("[^1-9]+", "") for side in SIDES)
    # equal digits are alike to 1: only the others are compared
    differ = pl.col("src") != pl.col("tgt")
    return ~judged(digits, differ, lambda one, two: _alike(one, two) < 0.5)


def _alike(one: str, two: str) -> float:
    return difflib.SequenceMatcher(None, one, two).ratio()


class _Tags(HTMLParser):
    found = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.found = True


def _tagged(text: str) -> bool:
    parser = _Tags()
    parser.feed(text)
    parser.close()
    return parser.found


def _tags(rows: pl.DataFrame) -> pl.Series:
    held = pl.any_horizontal(pl.col(side).str.contains("<[A-Za-z]") for side in SIDES)
    return ~judged(rows, held, lambda src, tgt: _tagged(src) or _tagged(tgt))


_REPEATED = re.compile(r"(\S.{2,100}?)(?: *\1){2,}")


def _repetition(rows: pl.DataFrame) -> pl.Series:
    hits: set[int] = set()
    for side in SIDES:
        texts = rows[side]
        # between copies and within them there may be spaces; a copy of one letter (three
        # characters at least) has two
        plain = texts.str.replace_all(" ", "", literal=True)
        spaced = texts.str.contains(r"\S {2,}\S {2,}\S")
        at = {*periodic(plain, 2, 101), *spaced.arg_true().to_list()}
        hits |= {place for place in at if _REPEATED.search(texts[place])}
    return ~marked(rows.height, sorted(hits))
