"""Candidates made for the steps that look at the whole corpus, as shards on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from data_prep.bitext import buckets, dedupe
from data_prep.bitext.columns import CANDIDATE, pair_id


def row(src: str, tgt: str, document: str = "d", **more: Any) -> dict[str, Any]:
    """A candidate that nothing speaks against; other columns by name."""
    found = {
        "src_lang": "azj_Latn", "tgt_lang": "uzn_Latn", "src": src, "tgt": tgt, "score": 1.0,
        "origin": "site", "document": document, "published": "2025-01-01T00:00:00Z",
        "licence": "CC0-1.0", "may_redistribute": True, "trusted": False, "src_url": "https://a",
    } | more  # fmt: skip
    langs = found["src_lang"], found["tgt_lang"]
    return {
        "id": pair_id(*langs, src, tgt, found["document"], str(more)),
        "src_key": dedupe.key(src, langs[0]),
        "tgt_key": dedupe.key(tgt, langs[1]),
        "document_key": dedupe.document_keys([found["document"]])[0],
    } | found


def corpus(rows: Sequence[Mapping[str, Any]], folder: Path, shard: int = 3) -> buckets.Corpus:
    """The rows in shards of a few."""
    folder.mkdir(parents=True)
    files = []
    for start in range(0, len(rows), shard):
        files.append(folder / f"{start:06d}.parquet")
        frame = pl.DataFrame(list(rows[start : start + shard]), schema=CANDIDATE)
        frame.write_parquet(files[-1])
    return buckets.corpus(files)


def reasons(known: buckets.Corpus) -> list[str | None]:
    """What is known of every row, in order."""
    return [
        reason for part in known.parts for reason in buckets.read(known, part)["reason"].to_list()
    ]
