"""The columns of a corpus, in the order the contract between stages names them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from korpu.artifact import replace_durably

CORPUS: Mapping[str, Any] = {
    "id": pl.String,
    "src_lang": pl.String,
    "tgt_lang": pl.String,
    "src": pl.String,
    "tgt": pl.String,
    "score": pl.Float32,
    "origin": pl.String,
    "section": pl.String,
    "synthetic_side": pl.String,
    "src_url": pl.String,
    "tgt_url": pl.String,
    "published": pl.String,
    "document": pl.String,
    "licence": pl.String,
    "may_redistribute": pl.Boolean,
}
REJECTED = {**CORPUS, "reason": pl.String}
CANDIDATE = {
    **REJECTED,
    "src_key": pl.UInt64,  # of the folded side, for duplicates and for what splits may not share
    "tgt_key": pl.UInt64,
    "trusted": pl.Boolean,  # a journalist wrote or corrected it: heuristics do not judge it
    "benchmark": pl.String,  # whose lines this pair, or its article, holds
}
_ARROW = {pl.String: pa.string(), pl.Float32: pa.float32(), pl.Boolean: pa.bool_()}
ROW_GROUP = 50_000


def pair_id(*parts: str | int) -> str:
    """sha256[:16] of src_lang, tgt_lang, src, tgt, document and position, NUL between them."""
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[:16]


def write(frame: pl.DataFrame, path: Path, schema: Mapping[str, Any]) -> int:
    """Write exactly these columns as Parquet, atomically; returns the number of rows.

    The Arrow schema is fixed, so that an empty split has the same types as a full one.
    """
    table = frame.select(pl.col(name).cast(kind) for name, kind in schema.items()).to_arrow()
    fixed = pa.schema([(name, _ARROW[kind]) for name, kind in schema.items()])
    temporary = path.with_name(path.name + ".tmp")
    pq.write_table(
        table.cast(fixed).combine_chunks(),
        temporary,
        row_group_size=ROW_GROUP,
        compression="zstd",
        store_schema=False,
    )
    with temporary.open("rb") as stream:
        os.fsync(stream.fileno())
    replace_durably(temporary, path)
    return frame.height
