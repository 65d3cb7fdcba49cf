"""The same pair once: case, spaces and punctuation aside."""

from __future__ import annotations

import hashlib

import polars as pl

from data_prep.text.normalize import casefold


def key(text: str, language: str) -> int:
    """64 bits of the text as its letters and digits alone, in lower case, words apart.

    Text without any is its own key. 5 million texts collide by chance once in a million corpora.
    """
    folded = "".join(c if c.isalnum() else " " for c in _plain(casefold(text, language)))
    words = " ".join(folded.split()) or text
    digest = hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _plain(text: str) -> str:
    return text.translate(_APOSTROPHES)


_APOSTROPHES = dict.fromkeys(map(ord, "ʻʼ‘’'`"))


def reject(candidates: pl.DataFrame) -> pl.DataFrame:
    """Of the pairs still kept with both sides equal, one stays: trusted, best scored, lowest id.

    A pair without a score (from aligned files) is a person's alignment and goes before mined ones.
    """
    order = candidates.with_row_index("row").filter(pl.col("reason").is_null())
    order = order.with_columns(doubt=~pl.col("trusted").fill_null(False))
    best = order.sort(["doubt", "score", "id"], descending=[False, True, False], nulls_last=False)
    first = best.unique(["src_key", "tgt_key"], keep="first", maintain_order=True)
    again = order.join(first.select("row"), on="row", how="anti")["row"]
    return (
        candidates.with_row_index("row")
        .with_columns(
            reason=pl.when(pl.col("row").is_in(again.implode()))
            .then(pl.lit("duplicate"))
            .otherwise("reason")
        )
        .drop("row")
    )
