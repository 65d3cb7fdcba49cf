"""Pairs in which a side holds a word of a list: ``korpu``'s own, or a file of words.

One word (or words with a space) a line; `word*` stands for every word that begins so; lines that
begin with # are comments. Text and list are compared in lower case and without accents or
apostrophes, as people type such words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

import polars as pl

from korpu.errors import UsageError

OURS = "korpu"
_LETTERS = dict(zip("əıöüğşçâîû", "eiougscaiu", strict=True))
_DROPPED = "ʻʼ‘’'`´"


def broken(rows: pl.DataFrame, words: str) -> pl.Series:
    """For each row whether a side holds one of the words. Raises ``UsageError`` for the list."""
    pattern = expression(words)
    sides = (folded(pl.col(side)).str.contains(pattern) for side in ("src", "tgt"))
    return rows.select(pl.any_horizontal(*sides)).to_series()


def folded(text: pl.Expr) -> pl.Expr:
    """Lower case without accents and apostrophes."""
    plain = text.str.replace_all("İ", "i", literal=True).str.to_lowercase()
    marks = {**_LETTERS, **dict.fromkeys(_DROPPED, "")}
    return plain.str.replace_many(list(marks), list(marks.values()))


@lru_cache(maxsize=4)
def expression(words: str) -> str:
    """A list as a regular expression over folded text.

    ``words``: ``korpu`` or a path. Raises ``UsageError`` where it cannot be read or is empty.
    """
    path = Path(__file__).with_name("profanity.txt") if words == OURS else Path(words)
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"prepare.filter.profanity: {path} cannot be read as UTF-8 text ({error}); give a file "
            f"with a word a line, {OURS} for the built-in list, or null"
        ) from error
    entries = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not entries:
        raise UsageError(f"prepare.filter.profanity: {path} holds no word; write one a line")
    return rf"\b(?:{'|'.join(_pattern(entry) for entry in entries)})"


def _pattern(entry: str) -> str:
    plain = unicodedata.normalize("NFC", entry).replace("İ", "i").lower()
    plain = "".join("" if c in _DROPPED else _LETTERS.get(c, c) for c in plain)
    if plain.endswith("*"):
        return re.escape(plain[:-1])
    return re.escape(plain) + r"\b"
