"""Pairs that came aligned, from files: the same orthography, filters and checks as mined ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from data_prep.bitext import candidates, decontaminate
from data_prep.bitext.sentences import to_latin
from korpu import schema
from korpu.errors import UsageError

SHARD = 8_192  # pairs
# The letter underlined in a menu: "&File", or "Open (&O)" where the translation lacks the letter
_OTHER = {"src": "tgt", "tgt": "src"}
_ACCELERATOR = re.compile(r"\s*\(&\w\)|&(?=\w)(?!\w+;|#\d+;)")


@dataclass(frozen=True)
class Slice:
    """A shard: rows of ``pairs.parquet``, and the corpus's two languages."""

    path: Path
    offset: int
    size: int
    languages: tuple[str, str]
    prepare: schema.Prepare
    lines: decontaminate.Index


def finish(shard: Slice) -> pl.DataFrame:
    """The shard's pairs in the direction of the corpus, as ``CANDIDATE`` columns.

    Pairs with a pivot language have it second. Raises ``UsageError`` naming a source whose
    languages are not those of the corpus.
    """
    try:
        rows = pl.scan_parquet(shard.path).slice(shard.offset, shard.size).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UsageError(
            f"{shard.path} is not readable Parquet; delete its folder and run `korpu collect` again"
        ) from error
    order = (*shard.languages, *shard.prepare.pivots)
    return candidates.finish(_rows(rows, order), shard.prepare, shard.lines)


def _rows(frame: pl.DataFrame, order: Sequence[str]) -> Iterator[dict[str, Any]]:
    known: dict[tuple[str, str], tuple[str, str]] = {}  # equal lines are brought to Latin once
    for row in frame.iter_rows(named=True):
        sides = []
        for side in ("src", "tgt"):
            one = row[side] or "", row[f"{side}_lang"]
            if one not in known:
                known[one] = to_latin(_ACCELERATOR.sub("", one[0]), one[1])
            sides.append(known[one])
        synthetic = row["synthetic_side"]
        if backwards(sides[0][1], sides[1][1], row, order):
            sides.reverse()
            synthetic = _OTHER.get(synthetic)
        (src, src_lang), (tgt, tgt_lang) = sides
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


def backwards(src: str, tgt: str, row: Mapping[str, Any], order: Sequence[str]) -> bool:
    """Whether a pair must be turned round: ``order`` is the corpus's two languages, then pivots.

    Raises ``UsageError`` naming the source of a pair that has none of the two, or another language.
    """
    if src in order and tgt in order and src != tgt and {src, tgt} & set(order[:2]):
        return order.index(src) > order.index(tgt)
    pivots = f" and prepare.pivots is [{', '.join(order[2:])}]" if order[2:] else ""
    raise UsageError(
        f"the source {row['origin']} is {row['src_lang']}-{row['tgt_lang']}, but prepare.src_lang "
        f"and prepare.tgt_lang are {order[0]} and {order[1]}{pivots}; leave the source out, change "
        "the languages, or name the further one in prepare.pivots"
    )


def document(origin: str, name: str) -> str:
    """A document's name, unique across sources: ``origin:name``."""
    return name if name.startswith(f"{origin}:") else f"{origin}:{name}"
