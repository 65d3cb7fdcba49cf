"""What `collect` left, checked before hours are spent on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from korpu import schema
from korpu.artifact import Artifact
from korpu.errors import UsageError
from korpu.languages import language

ARTICLES = (
    "id", "url", "site", "section", "language", "title", "published", "text", "alternates",
    "licence", "may_redistribute",
)  # fmt: skip
PAIRS = (
    "origin", "line", "src_lang", "tgt_lang", "src", "tgt", "document", "published", "licence",
    "may_redistribute", "trusted", "synthetic_side",
)  # fmt: skip
ENCODERS = ("ngram",)


@dataclass(frozen=True)
class Collected:
    """Where the two tables are and how many rows they have."""

    articles: Path
    pairs: Path
    article_rows: int
    pair_rows: int


def languages(prepare: schema.Prepare) -> tuple[str, str]:
    """Source and target of the corpus, FLORES codes in Latin; raises ``UsageError``."""
    codes = language(prepare.src_lang).flores, language(prepare.tgt_lang).flores
    for name, code in zip(("src_lang", "tgt_lang"), codes, strict=True):
        if language(code).script != "Latn":
            raise UsageError(f"prepare.{name} is {code}; a corpus is in Latin, name that code")
    if codes[0] == codes[1]:
        raise UsageError(f"prepare.src_lang and prepare.tgt_lang are both {codes[0]}; name two")
    return codes


def check_align(align: schema.Align) -> None:
    """Raise ``UsageError`` for an unknown encoder or a number out of range."""
    if align.encoder not in ENCODERS:
        raise UsageError(
            f"prepare.align.encoder is {align.encoder!r}; there is {', '.join(ENCODERS)}"
        )
    if align.max_merge not in (1, 2):
        raise UsageError(f"prepare.align.max_merge is {align.max_merge}; it is 1 or 2")
    for name, least in (("neighbours", 1), ("days", 0)):
        if getattr(align, name) < least:
            raise UsageError(f"prepare.align.{name} is {getattr(align, name)}; at least {least}")


def check(collect: Artifact, codes: tuple[str, str]) -> Collected:
    """The tables, with their columns and languages looked at.

    Raises ``UsageError``: not Parquet, a missing column, nothing collected, one language only.
    """
    articles, pairs = collect.file("articles.parquet"), collect.file("pairs.parquet")
    said = _column(articles, ARTICLES, "language")
    origins = _column(pairs, PAIRS, "origin")
    if not len(said) and not len(origins):
        raise UsageError(
            f"{collect.directory} holds neither articles nor aligned pairs; check the addresses "
            "and files in `source` and run `korpu collect` again"
        )
    have = {code[:3] for code in said.unique()}
    missing = [code for code in codes if code[:3] not in have]
    if len(said) and missing and not len(origins):
        raise UsageError(
            f"{articles}: none of the {len(said)} articles is in {' or '.join(missing)} (they are "
            f"in {', '.join(sorted(said.unique()))}); add a site in that language to `source`"
        )
    return Collected(articles, pairs, len(said), len(origins))


def _column(path: Path, columns: Sequence[str], wanted: str) -> pl.Series:
    try:
        table = pl.read_parquet(path, columns=[wanted]) if _complete(path, columns) else None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UsageError(
            f"{path} is not readable Parquet ({str(error).splitlines()[0][:80]}); delete "
            f"{path.parent} and run `korpu collect` again"
        ) from error
    assert table is not None
    return table[wanted]


def _complete(path: Path, columns: Sequence[str]) -> bool:
    missing = [name for name in columns if name not in pl.read_parquet_schema(path)]
    if missing:
        raise UsageError(
            f"{path} has no column {missing[0]!r}; delete {path.parent} and run `korpu collect`"
        )
    return True
