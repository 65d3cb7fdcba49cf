"""Tables row by row: JSON lines, CSV, TSV and Parquet, each row with the place it stands at.

Nothing is held but a row, or a Parquet batch. A row is our column names → values as the file has
them; `values` says what each must be.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_prep.collect.files import columns, text, values
from data_prep.collect.files.columns import Columns
from korpu.errors import UsageError

FORMATS = ("jsonl", "csv", "tsv", "parquet")
BATCH = 512  # rows of a Parquet file in memory
Row = tuple[str, dict[str, Any]]


def read(path: Path, form: str, wanted: Columns) -> Iterator[Row]:
    """(place, row) of one file; ``form`` is one of ``FORMATS``.

    Raises ``UsageError`` with file and line for what is malformed, ``OSError``.
    """
    if form == "jsonl":
        yield from _jsonl(path, wanted)
    elif form == "parquet":
        yield from _parquet(path, wanted)
    else:
        yield from _csv(path, form, wanted)


def _jsonl(path: Path, wanted: Columns) -> Iterator[Row]:
    for number, line in enumerate(text.of_file(path, f"{wanted.where}.path"), 1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise UsageError(
                f"{place}, column {error.colno}: this is not JSON ({error.msg}); write one object "
                "a line"
            ) from error
        except (ValueError, RecursionError) as error:  # a number of 5,000 digits, nested lists
            raise UsageError(
                f"{place}: this JSON is too deep or too large to be read; take the line out"
            ) from error
        if not isinstance(row, dict):
            raise UsageError(
                f"{place}: this is {values.kind(row)}, where an object is expected; write one "
                "object a line"
            )
        yield place, columns.of_object(wanted, row, place)


def _csv(path: Path, form: str, wanted: Columns) -> Iterator[Row]:
    csv.field_size_limit(text.LONGEST)
    found = _without_nul(path, text.of_file(path, f"{wanted.where}.path"))
    first = next(found, "")
    if not first.strip():
        raise UsageError(f"{path}, line 1: this is empty, where the columns are named")
    if form == "tsv":
        given = csv.reader(_again(first, found), delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        mark = ";" if ";" in first and "," not in first else ","  # as Excel writes it there
        given = csv.reader(_again(first, found), delimiter=mark, strict=True)
    records = _records(path, given)
    _, header = next(records)
    header = [name.strip() for name in header]
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{path}, line 1: two columns are called {twice!r}; rename one")
    here = columns.check(wanted, header, f"{path}, line 1")
    at = {ours: header.index(theirs) for ours, theirs in here.items() if theirs in header}
    for ours in here.keys() - at.keys():
        raise columns.absent(wanted, ours, header, f"{path}, line 1")  # `a.b` is for JSON
    for number, record in records:
        place = f"{path}, line {number}"
        if len(record) != len(header):
            fields = "1 field" if len(record) == 1 else f"{len(record)} fields"
            raise UsageError(
                f"{place}: {fields} where the header has {len(header)}; "
                + ("take the tab out of the text" if form == "tsv" else "quote the text that holds "
                   "the separator")
                + ", or repair the row"
            )  # fmt: skip
        yield place, {ours: record[at[ours]] if ours in at else None for ours in wanted.names()}


def _records(path: Path, given: Any) -> Iterator[tuple[int, list[str]]]:
    """(line it begins at, fields) of every record that is not blank."""
    while True:
        begins = given.line_num + 1
        try:
            record = next(given)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error) or "field larger" in str(error):
                said = "a quote in this row is never closed; close it, or double it inside text"
            elif "expected after" in str(error):
                said = "text goes on after a closing quote; double the quotes inside quoted text"
            else:
                said = f"this is not CSV ({error}); repair the row"
            raise UsageError(f"{path}, line {begins}: {said}") from error
        if record:
            yield begins, record


def _without_nul(path: Path, found: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(found, 1):
        if "\0" in line:
            raise UsageError(
                f"{path}, line {number}: character {line.index(chr(0)) + 1} is NUL; the file is "
                "damaged or not text"
            )
        yield line


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _parquet(path: Path, wanted: Columns) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    damaged = UsageError(f"{path} is not a whole Parquet file; make or copy it again")
    with text.opened(path, f"{wanted.where}.path") as stream:
        try:
            # Pre-buffering would hold the columns of a whole row group.
            table = pq.ParquetFile(stream, pre_buffer=False)
            here = columns.check(wanted, table.schema_arrow.names, str(path))
            roots = sorted({_root(name, table.schema_arrow.names) for name in here.values()})
            for batch in table.iter_batches(BATCH, columns=roots):
                for row in _plain(batch).to_pylist():
                    number += 1
                    place = f"{path}, row {number}"
                    yield place, columns.of_object(wanted, row, place)
        except UnicodeDecodeError as error:
            raise UsageError(
                f"{path}, after row {number}: there is text that is not UTF-8; make the file again"
            ) from error
        except pa.ArrowException as error:
            raise damaged from error
        except OSError as error:  # of Arrow itself, unless the system gave a number
            raise (error if error.errno is not None else damaged) from error


def _root(name: str, names: list[str]) -> str:
    return name if name in names else name.partition(".")[0]


def _plain(batch: Any) -> Any:
    """Timestamps in microseconds: Python has no finer ones."""
    import pyarrow as pa

    for index, of in enumerate(batch.schema):
        if pa.types.is_timestamp(of.type) and of.type.unit == "ns":
            cut = batch.column(index).cast(pa.timestamp("us", of.type.tz), safe=False)
            batch = batch.set_column(index, of.name, cut)
    return batch
