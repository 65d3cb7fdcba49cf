"""Articles to sentences: one orthography and script per language, and a check of the language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from data_prep.bitext import decontaminate
from data_prep.text.identify import identify
from data_prep.text.normalize import normalize
from data_prep.text.segment import segment
from data_prep.text.transliterate import az_cyrillic_to_latin, uz_cyrillic_to_latin
from korpu.errors import UsageError

SHARD = 128  # articles
LONGEST = 2_000  # sentences; the alignment's table grows with the square
LOOKED_AT = 2_000  # characters of an article, to tell its language
_LATIN = {
    "azj_Cyrl": ("azj_Latn", az_cyrillic_to_latin),
    "uzn_Cyrl": ("uzn_Latn", uz_cyrillic_to_latin),
}
KEPT = (
    "id", "url", "site", "section", "published", "alternates", "licence", "may_redistribute",
)  # fmt: skip
SENTENCES: Mapping[str, Any] = {
    "id": pl.String, "url": pl.String, "site": pl.String, "section": pl.String,
    "published": pl.String, "alternates": pl.List(pl.String), "licence": pl.String,
    "may_redistribute": pl.Boolean, "language": pl.String, "sentences": pl.List(pl.String),
    "benchmark": pl.String, "hit": pl.String, "problem": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Slice:
    """A shard: rows of ``articles.parquet``, and what to expect of them."""

    path: Path
    offset: int
    size: int
    languages: tuple[str, str]
    lines: decontaminate.Index


def to_latin(text: str, language: str) -> tuple[str, str]:
    """(normalised text in Latin, its language code): Cyrillic is transliterated first."""
    if language in _LATIN:
        code, transliterate = _LATIN[language]
        return normalize(transliterate(normalize(text, language)), code), code
    return normalize(text, language), language


def split(shard: Slice) -> pl.DataFrame:
    """The articles of a shard as ``SENTENCES``, the title first.

    ``problem`` says why an article is not used: another language than the two, a text that is
    reliably in another language than the article says, no sentence, more than ``LONGEST``.
    """
    try:
        rows = pl.scan_parquet(shard.path).slice(shard.offset, shard.size).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UsageError(
            f"{shard.path} is not readable Parquet; delete its folder and run `korpu collect` again"
        ) from error
    return pl.DataFrame(
        [_article(row, shard) for row in rows.iter_rows(named=True)], schema=SENTENCES
    )


def _article(row: dict[str, Any], shard: Slice) -> dict[str, Any]:
    kept = {name: row[name] for name in KEPT}
    text = row["text"] or ""
    said, seen = row["language"], identify(text[:LOOKED_AT])
    same = seen.language[:3] == said[:3]
    # a page may say Latin and be Cyrillic: the script is what it is
    text, language = to_latin(text, seen.language if same else said)
    title, _ = to_latin((row["title"] or "").replace("\n", " "), seen.language if same else said)
    sentences = segment(text, language)
    if title and sentences and sentences[0].rstrip(".") != title.rstrip("."):
        sentences.insert(0, title)
    problem = None
    if language not in shard.languages:
        problem = "another language"
    elif seen.reliable and not same:
        problem = "wrong language"
    elif not sentences:
        problem = "no text"
    elif len(sentences) > LONGEST:
        problem = "too long"
    hits = decontaminate.find(shard.lines, [" ".join(sentences), *sentences])
    hit = next((found for found in hits if found), None)
    return kept | {
        "language": language,
        "sentences": sentences,
        "benchmark": hit.benchmark if hit else None,
        "hit": str(hit) if hit else None,
        "problem": problem,
    }
