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
    "document_key": pl.UInt64,
    "trusted": pl.Boolean,  # a journalist wrote or corrected it: heuristics do not judge it
    "benchmark": pl.String,  # whose lines this pair, or its article, holds
    "hit": pl.String,  # which line, and how it was found
}
CONTAMINATION: Mapping[str, Any] = {
    "id": pl.String,
    "src_lang": pl.String,
    "tgt_lang": pl.String,
    "src": pl.String,
    "tgt": pl.String,
    "origin": pl.String,
    "document": pl.String,
    "benchmark": pl.String,
    "hit": pl.String,
    "reason": pl.String,
}
_ARROW = {pl.String: pa.string(), pl.Float32: pa.float32(), pl.Boolean: pa.bool_()}
ROW_GROUP = 50_000


def pair_id(*parts: str | int) -> str:
    """sha256[:16] of src_lang, tgt_lang, src, tgt, document and position, NUL between them."""
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[:16]


class Table:
    """A Parquet file of exactly these columns, written a frame at a time, there when it is closed.

    The Arrow schema is fixed, so that an empty split has the same types as a full one; row groups
    hold ``ROW_GROUP`` rows however the frames were cut.
    """

    def __init__(self, path: Path, columns: Mapping[str, Any]) -> None:
        self.path, self.columns, self.rows = path, columns, 0
        self._schema = pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()])
        self._temporary = path.with_name(path.name + ".tmp")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(
            self._temporary, self._schema, compression="zstd", store_schema=False
        )
        self._waiting: list[pa.Table] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Append the frame's rows."""
        if not frame.height:
            return
        kept = frame.select(pl.col(name).cast(kind) for name, kind in self.columns.items())
        self._waiting.append(kept.to_arrow().cast(self._schema))
        self.rows += frame.height
        if sum(part.num_rows for part in self._waiting) >= ROW_GROUP:
            self._flush(whole=False)

    def _flush(self, *, whole: bool) -> None:
        if not self._waiting:
            return
        rows = pa.concat_tables(self._waiting).combine_chunks()
        full = rows.num_rows if whole else rows.num_rows // ROW_GROUP * ROW_GROUP
        self._writer.write_table(rows.slice(0, full), row_group_size=ROW_GROUP)
        self._waiting = [rows.slice(full)] if full < rows.num_rows else []

    def close(self) -> int:
        """Finish the file durably under its name; returns the number of rows."""
        self._flush(whole=True)
        self._writer.close()
        with self._temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        replace_durably(self._temporary, self.path)
        return self.rows


def write(frame: pl.DataFrame, path: Path, schema: Mapping[str, Any]) -> int:
    """Write exactly these columns as Parquet, atomically; returns the number of rows."""
    table = Table(path, schema)
    table.add(frame)
    return table.close()
