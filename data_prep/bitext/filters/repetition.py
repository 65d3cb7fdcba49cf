"""Repetition: one word that is most of a side, or the same words three times in a row.

Which rows are worth a look is found for a whole batch at once: where a text repeats with a period
of p characters, some character at a multiple of p equals the one p later, and so does every other
of those p. Only N/p places are asked for each p, so all periods together cost a few passes.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_prep.bitext.filters.rows import SIDES, characters, marked

LONGEST = 60  # characters of what is repeated
LEAST_TOKENS = 4
# the same word or words, at least three letters, three times; digits and dashes repeat for other
# reasons, "ha ha ha" is two letters
_THRICE = re.compile(rf"(?<!\w)(?=\W*\w*[^\W\d_])(\w.{{1,{LONGEST}}}?)(?:\W{{1,3}}\1){{2}}(?!\w)")


def broken(rows: pl.DataFrame, most: float) -> pl.Series:
    """For each row whether one token is more than ``most`` of a side, or words come thrice."""
    hits: set[int] = set()
    for side in SIDES:
        texts = rows[side]
        hits.update(_often(texts, most))
        plain = texts.str.to_lowercase().str.replace_all(r"\W+", "")
        hits.update(place for place in periodic(plain, 3, LONGEST) if thrice(texts[place]))
    return marked(rows.height, sorted(hits))


def _often(texts: pl.Series, most: float) -> list[int]:
    """Where one word is more than ``most`` of all, of four at least; figures are no words."""
    words = texts.to_frame("text").select(
        words=pl.col("text").str.to_lowercase().str.extract_all(r"\p{L}\w+")
    )
    number, different = pl.col("words").list.len(), pl.col("words").list.n_unique()
    # that often, and the others are few: only these are counted
    few = (number >= LEAST_TOKENS) & (different - 1 < (1 - most) * number + 1e-6)
    at = words.select(pl.arg_where(few)).to_series()
    return [
        place
        for place, found in zip(at, words["words"].gather(at).to_list(), strict=True)
        if max(Counter(found).values()) > most * len(found)
    ]


def thrice(text: str) -> bool:
    """Whether the same words, three letters or more, stand three times in a row."""
    return _THRICE.search(text.lower()) is not None


def periodic(texts: pl.Series, least: int, most: int) -> list[int]:
    """The texts in which some ``least`` to ``most`` characters stand three times in a row.

    Memory is about 16 bytes a character.
    """
    codes, ends = characters(texts)
    found: set[int] = set()
    for period in range(least, most + 1):
        starts = _blocks(codes, period)
        texts_of = np.searchsorted(ends, starts, side="right").tolist()
        for text, start in zip(texts_of, starts.tolist(), strict=True):
            if text not in found and _run(codes, start, period):
                found.add(text)
    return sorted(found)


def _blocks(codes: NDArray[np.uint32], period: int) -> NDArray[np.int64]:
    """Starts of blocks of ``period`` characters at multiples of it that equal the next block.

    Three copies are at least 2 · period places that equal the one a period later, in a row, and
    so many hold such a block whole.
    """
    blocks = len(codes) // period - 1
    if blocks < 1:
        return np.zeros(0, dtype=np.int64)
    size = blocks * period
    starts = np.flatnonzero(codes[:size:period] == codes[period : size + period : period]) * period
    for place in range(1, period):
        if not len(starts):
            break
        starts = starts[codes[starts + place] == codes[starts + place + period]]
    return starts


def _run(codes: NDArray[np.uint32], start: int, period: int) -> bool:
    """Whether the equal places around a block are enough for three copies."""
    left, right = start, start + period
    while left and right - left < 2 * period and codes[left - 1] == codes[left - 1 + period]:
        left -= 1
    while right - left < 2 * period and right + period < len(codes):
        if codes[right] != codes[right + period]:
            return False
        right += 1
    return right - left >= 2 * period
