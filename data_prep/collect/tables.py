"""The two tables that `collect` leaves, always both and always with all columns."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from korpu import artifact

ARTICLES = pa.schema(
    [
        ("id", pa.string()),
        ("url", pa.string()),
        ("page", pa.string()),  # what was fetched, where it is not the canonical URL itself
        ("site", pa.string()),
        ("section", pa.string()),
        ("language", pa.string()),
        ("title", pa.string()),
        ("published", pa.string()),
        ("text", pa.string()),
        ("alternates", pa.list_(pa.string())),
        ("licence", pa.string()),
        ("may_redistribute", pa.bool_()),
        ("fetched", pa.string()),
        ("sha256", pa.string()),
    ]
)
PAIRS = pa.schema(
    [
        ("origin", pa.string()),
        ("line", pa.int64()),
        ("src_lang", pa.string()),
        ("tgt_lang", pa.string()),
        ("src", pa.string()),
        ("tgt", pa.string()),
        ("document", pa.string()),
        ("published", pa.string()),
        ("licence", pa.string()),
        ("may_redistribute", pa.bool_()),
        ("trusted", pa.bool_()),  # a person vouches for it: filters that guess do not apply
        ("synthetic_side", pa.string()),  # src or tgt: translated by a machine
        ("machine", pa.string()),  # of a correction: what the machine had written
        ("editor", pa.string()),  # of a correction: who made it
    ]
)
ROWS = 2_000  # of one row group, which is all that is held in memory


def write(path: Path, schema: pa.Schema, rows: Iterable[dict[str, Any]]) -> int:
    """Write rows to a Parquet file, atomically; returns how many. Raises ``OSError``."""
    temporary = path.with_name(path.name + ".tmp")
    count = 0
    with temporary.open("wb") as stream:
        with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
            for batch in _batches(rows):
                count += len(batch)
                columns = {name: [row[name] for row in batch] for name in schema.names}
                writer.write_table(pa.table(columns, schema=schema))
        stream.flush()
        os.fsync(stream.fileno())
    artifact.replace_durably(temporary, path)
    return count


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as JSON lines to a scratch file, atomically, one in memory at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    temporary.replace(path)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows that ``write_lines`` wrote, one at a time."""
    with path.open(encoding="utf-8", newline="\n") as stream:
        for line in stream:
            yield json.loads(line)
