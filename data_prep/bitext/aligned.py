"""Pairs that came aligned, from files: the same orthography, filters and checks as mined ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from data_prep.bitext import candidates, decontaminate
from data_prep.bitext.sentences import to_latin
from korpu import schema
from korpu.errors import UsageError

SHARD = 2_048  # pairs
# The letter underlined in a menu: "&File", or "Open (&O)" where the translation lacks the letter
_OTHER = {"src": "tgt", "tgt": "src"}
_ACCELERATOR = re.compile(r"\s*\(&\w\)|&(?=\w)(?!\w+;|#\d+;)")


@dataclass(frozen=True)
class Slice:
    """A shard: rows of ``pairs.parquet``, and the recipe's two languages."""

    path: Path
    offset: int
    size: int
    languages: tuple[str, str]
    rules: schema.Filter
    lines: decontaminate.Index


def finish(shard: Slice) -> pl.DataFrame:
    """The shard's pairs in the direction of the corpus, as ``CANDIDATE`` columns.

    Raises ``UsageError`` naming a source whose languages are not those of the corpus.
    """
    try:
        rows = pl.scan_parquet(shard.path).slice(shard.offset, shard.size).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UsageError(
            f"{shard.path} is not readable Parquet; delete its folder and run `korpu collect` again"
        ) from error
    return candidates.finish(_rows(rows, shard.languages), shard.rules, shard.lines)


def _rows(frame: pl.DataFrame, languages: tuple[str, str]) -> Iterator[dict[str, Any]]:
    for row in frame.iter_rows(named=True):
        sides = [
            to_latin(_ACCELERATOR.sub("", row[side] or ""), row[f"{side}_lang"])
            for side in ("src", "tgt")
        ]
        synthetic = row["synthetic_side"]
        if sides[0][1] == languages[1]:
            sides.reverse()
            synthetic = _OTHER.get(synthetic)
        (src, src_lang), (tgt, tgt_lang) = sides
        if (src_lang, tgt_lang) != languages:
            raise UsageError(
                f"the source {row['origin']} is {row['src_lang']}-{row['tgt_lang']}, but "
                f"prepare.src_lang and prepare.tgt_lang are {languages[0]} and {languages[1]}; "
                "leave the source out or change the languages"
            )
        yield {
            "src_lang": src_lang,
            "tgt_lang": tgt_lang,
            "src": src.replace("\n", " "),
            "tgt": tgt.replace("\n", " "),
            "origin": row["origin"],
            "published": row["published"],
            "document": document(row["origin"], row["document"]),
            "position": row["line"],
            "licence": row["licence"],
            "may_redistribute": row["may_redistribute"],
            "trusted": row["trusted"],
            "synthetic_side": synthetic,
        }


def document(origin: str, name: str) -> str:
    """A document's name, unique across sources: ``origin:name``."""
    return name if name.startswith(f"{origin}:") else f"{origin}:{name}"
