"""Which articles report the same: by the sites' own links, else by date and what they say.

What is held of an article is a row of ``ARTICLES``; its text stays in the sentence shards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

ARTICLES: Mapping[str, Any] = {
    "id": pl.String,
    "address": pl.UInt64,  # of its URL, as links are compared, hashed
    "alternates": pl.List(pl.UInt64),  # addresses its page names
    "day": pl.Int32,  # since 1970; null without a date
    "size": pl.UInt32,  # sentences
    "shard": pl.UInt32,  # which of the sentence shards, and which row of it
    "row": pl.UInt32,
}
PAIRS: Mapping[str, Any] = {
    "src": pl.UInt32, "tgt": pl.UInt32,  # rows of the two sides' ARTICLES
    "margin": pl.Float32,  # null where the sites say so
}  # fmt: skip
UNKNOWN = 10**6  # days apart, where a date is missing


def address(url: pl.Expr) -> pl.Expr:
    """A URL as links are compared, without fragment, trailing slash and scheme, hashed."""
    bare = url.str.replace("#.*$", "").str.strip_chars_end("/").str.replace("^[^:/?]*://", "")
    return bare.hash()


def read(shards: Sequence[Path], language: str) -> pl.DataFrame:
    """``ARTICLES`` of the usable articles in a language, in order of shard and row."""
    parts = [
        pl.read_parquet(path, columns=["id", "url", "published", "alternates", "sentences",
                                       "language", "problem"])
        .with_row_index("row")
        .filter(pl.col("problem").is_null(), language=language)
        .select(
            "id",
            address=address(pl.col("url")),
            alternates=pl.col("alternates").list.eval(address(pl.element())),
            day=pl.col("published").str.head(10).str.to_date("%F", strict=False).to_physical(),
            size=pl.col("sentences").list.len(),
            shard=pl.lit(number),
            row="row",
        )
        .cast(pl.Schema(ARTICLES))
        for number, path in enumerate(shards)
    ]  # fmt: skip
    return pl.concat(parts) if parts else pl.DataFrame(schema=dict(ARTICLES))


def linked(src: pl.DataFrame, tgt: pl.DataFrame) -> pl.DataFrame:
    """``PAIRS`` by hreflang: one side naming the other is enough, both doing so goes first.

    Each article is in one pair at most; between equals the closer date decides, then the id.
    """
    one, two = (side.with_row_index("at") for side in (src, tgt))
    apart = (pl.col("day") - pl.col("day_tgt")).abs().fill_null(UNKNOWN)
    named = (
        pl.concat([_names(one, two, "src", "tgt"), _names(two, one, "tgt", "src")])
        .group_by("src", "tgt")
        .len("times")
        .join(one.select("id", "day", src="at"), on="src")
        .join(two.select("id", "day", tgt="at"), on="tgt", suffix="_tgt")
        .sort(-pl.col("times").cast(pl.Int64), apart, "id", "id_tgt")
    )
    rows, taken_src, taken_tgt = [], set(), set()
    for i, j in named.select("src", "tgt").iter_rows():
        if i not in taken_src and j not in taken_tgt:
            taken_src.add(i)
            taken_tgt.add(j)
            rows.append((i, j, None))
    return pl.DataFrame(rows, schema=dict(PAIRS), orient="row").sort("src")


def _names(one: pl.DataFrame, two: pl.DataFrame, here: str, there: str) -> pl.DataFrame:
    """Which articles of ``one`` name which of ``two``, once each."""
    named = one.select(pl.col("at").alias(here), address=pl.col("alternates")).explode("address")
    found = named.join(two.select("address", pl.col("at").alias(there)), on="address").unique()
    return found.select("src", "tgt")


def spread(articles: pl.DataFrame, size: int, of: str) -> pl.DataFrame:
    """About ``size`` rows of the articles, or of their sentences (``of`` is ``size``), as whole
    articles at even distances of their ids, which are hashes; the same for any shards."""
    total = articles.height if of == "articles" else int(articles["size"].sum())
    step = max(1, -(-total // size))
    kept = articles.with_row_index("at").sort("id").gather_every(step)
    return kept.sort("at")


def rows(shards: Sequence[Path], places: pl.DataFrame) -> list[dict[str, Any]]:
    """The articles at these places (``shard`` and ``row``), in order; a shard is read once."""
    found: dict[int, dict[str, Any]] = {}
    order = places.select("shard", "row").with_row_index("asked")
    for (shard,), wanted in order.group_by("shard", maintain_order=True):
        table = pl.read_parquet(shards[int(str(shard))])[wanted["row"]]
        found |= dict(zip(wanted["asked"], table.iter_rows(named=True), strict=True))
    return [found[number] for number in range(places.height)]


def texts(shards: Sequence[Path], places: pl.DataFrame) -> list[list[str]]:
    """The sentences of the articles at these places, in order."""
    return [row["sentences"] for row in rows(shards, places)]
