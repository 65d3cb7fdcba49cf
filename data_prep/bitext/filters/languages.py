"""Sides in another language than their column says."""

from __future__ import annotations

import polars as pl

from data_prep.bitext.filters.rows import SIDES, marked
from data_prep.bitext.filters.shape import PLACEHOLDER
from data_prep.text.identify import foreign

TELLING = 30
"""Letters below which a sentence's language is not judged: the detectors take one short interface
string in sixty for a neighbour's, and its document or source has already said what it is."""


def broken(rows: pl.DataFrame) -> pl.Series:
    """For each row whether a side is reliably another language; what is unclear is kept: names,
    dates, scores."""
    gone: set[int] = set()
    for side in SIDES:
        # the names of placeholders are in English whatever the text is
        texts = rows.select(text=pl.col(side).str.replace_all(PLACEHOLDER, " "))
        telling = pl.col("text").str.count_matches(r"\p{L}") >= TELLING
        at = texts.select(pl.arg_where(telling)).to_series()
        at = at.filter(~at.is_in(list(gone)))
        found = foreign(texts["text"].gather(at), rows[f"{side}_lang"].gather(at))
        gone |= {place for place, another in zip(at, found, strict=True) if another}
    return marked(rows.height, sorted(gone))
