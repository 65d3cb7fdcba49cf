"""What `collect` left, checked before hours are spent on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data_prep.bitext import decontaminate, split
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


def check_settings(prepare: schema.Prepare) -> None:
    """Raise ``UsageError`` for numbers out of range, before hours are spent on them."""
    align, dedupe = prepare.align, prepare.dedupe
    if align.max_merge not in (1, 2):
        raise UsageError(f"prepare.align.max_merge is {align.max_merge}; it is 1 or 2")
    for name, least in (("neighbours", 1), ("days", 0)):
        if getattr(align, name) < least:
            raise UsageError(f"prepare.align.{name} is {getattr(align, name)}; at least {least}")
    if dedupe.near is not None and not 0.5 <= dedupe.near <= 1:
        raise UsageError(
            f"prepare.dedupe.near is {dedupe.near}; it is from 0.5 to 1, or null for none"
        )
    if prepare.filter.boilerplate < 0:
        raise UsageError(
            "prepare.filter.boilerplate is below 0; give 0 for any number of documents"
        )
    if not 0 < prepare.encoder.weight <= 1:
        raise UsageError(f"prepare.encoder.weight is {prepare.encoder.weight}; it is in (0, 1]")
    decontaminate.check_settings(prepare.decontaminate)
    split.check(prepare.split)
    for code in prepare.pivots:
        if language(code).flores in (prepare.src_lang, prepare.tgt_lang):
            raise UsageError(f"prepare.pivots names {code}, which is one of the corpus's two")


def check(collect: Artifact, codes: tuple[str, str]) -> Collected:
    """The tables, with their columns and languages looked at.

    Raises ``UsageError``: not Parquet, a missing column, nothing collected, one language only.
    """
    articles, pairs = collect.file("articles.parquet"), collect.file("pairs.parquet")
    said = _counts(articles, ARTICLES, "language")
    origins = _counts(pairs, PAIRS, "origin")
    if not said and not origins:
        raise UsageError(
            f"{collect.directory} holds neither articles nor aligned pairs; check the addresses "
            "and files in `source` and run `korpu collect` again"
        )
    have = {code[:3] for code in said}
    missing = [code for code in codes if code[:3] not in have]
    if said and missing and not origins:
        raise UsageError(
            f"{articles}: none of the {sum(said.values())} articles is in {' or '.join(missing)} "
            f"(they are in {', '.join(sorted(said))}); add a site in that language to `source`"
        )
    return Collected(articles, pairs, sum(said.values()), sum(origins.values()))


def _counts(path: Path, columns: Sequence[str], wanted: str) -> dict[str, int]:
    """How many rows have each value of a column; the table is never read whole."""
    try:
        _complete(path, columns)
        counted = pl.scan_parquet(path).group_by(wanted).len().collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UsageError(
            f"{path} is not readable Parquet ({str(error).splitlines()[0][:80]}); delete "
            f"{path.parent} and run `korpu collect` again"
        ) from error
    return dict(counted.iter_rows())


def _complete(path: Path, columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in pl.read_parquet_schema(path)]
    if missing:
        raise UsageError(
            f"{path} has no column {missing[0]!r}; delete {path.parent} and run `korpu collect`"
        )
