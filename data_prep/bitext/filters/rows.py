"""Rules that read the text itself: an expression picks the few rows that are worth it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

SIDES = ("src", "tgt")


def judged(rows: pl.DataFrame, worth: pl.Expr, broken: Callable[[str, str], bool]) -> pl.Series:
    """For each row whether it breaks the rule; ``broken(src, tgt)`` sees those ``worth`` it."""
    at = rows.select(pl.arg_where(worth.fill_null(False))).to_series()
    hits = [
        place for place, src, tgt in zip(at, *_texts(rows, at), strict=True) if broken(src, tgt)
    ]
    return marked(rows.height, hits)


def marked(height: int, at: list[int]) -> pl.Series:
    """``height`` truth values, true at these places."""
    places = pl.Series(at, dtype=pl.UInt32)
    return pl.repeat(False, height, eager=True).scatter(places, True) if at else _none(height)


def _none(height: int) -> pl.Series:
    return pl.repeat(False, height, dtype=pl.Boolean, eager=True)


def _texts(rows: pl.DataFrame, at: pl.Series) -> tuple[list[str], list[str]]:
    src, tgt = (rows[side].gather(at).to_list() for side in SIDES)
    return src, tgt


def either(pattern: str) -> pl.Expr:
    """Rows of which a side holds the pattern."""
    return pl.col("src").str.contains(pattern) | pl.col("tgt").str.contains(pattern)


def both(literals: Sequence[str], pattern: str | None = None) -> pl.Expr:
    """Rows of which both sides hold one of the literals, in any ASCII case, or the pattern."""
    hints = []
    for side in SIDES:
        hint = pl.col(side).str.contains_any(list(literals), ascii_case_insensitive=True)
        hints.append(hint | pl.col(side).str.contains(pattern) if pattern else hint)
    return pl.all_horizontal(hints)


def contradict(one: set[str], other: set[str]) -> bool:
    """Whether each side names something that the other does not: what is left out is none."""
    return bool(one - other) and bool(other - one)


def characters(texts: pl.Series) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """All code points one after the other and where each text ends; the last of each is one of its
    own, beyond Unicode, so that nothing runs on from text to text."""
    texts = texts.fill_null("")
    ends = np.cumsum(texts.str.len_chars().to_numpy().astype(np.int64) + 1)
    joined = "".join(f"{text}\n" for text in texts)
    codes = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32).copy()
    codes[ends - 1] = 0x110000 + np.arange(len(texts), dtype=np.uint32)
    return codes, ends
