"""Test sets in line-aligned files: what models are judged on, and never trained on.

A file is text with a sentence a line, as FLORES-200 and NTREX-128 have it, or a table with a column
of sentences (JSON lines or Parquet), as FLORES+ has it.
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from korpu.errors import UsageError
from korpu.languages import language
from korpu.schema import Benchmark


@dataclass(frozen=True)
class TestSet:
    """Line i of ``src`` translates line i of ``tgt`` and belongs to document ``documents[i]``.

    ``sha256`` covers the lines and the documents, not the file names. The text is as it stands in
    the files: whoever scores or compares normalises.
    """

    __test__ = False  # not a test case, whatever its name says to pytest

    name: str
    src_lang: str
    tgt_lang: str
    src: list[str]
    tgt: list[str]
    documents: list[str]
    sha256: str
    refs: list[list[str]] = field(default_factory=list)  # further translations of ``src``


TABLES = (".jsonl", ".parquet")


def files(benchmark: Benchmark) -> dict[str, str]:
    """The files of a benchmark by the role they have."""
    found = {"src": benchmark.src, "tgt": benchmark.tgt}
    if benchmark.documents is not None:
        found["documents"] = benchmark.documents
    return found | {f"refs.{number}": path for number, path in enumerate(benchmark.refs)}


def load(name: str, benchmark: Benchmark) -> TestSet:
    """Read a benchmark.

    Without a file of documents each line is a document of its own, ``<name>:<line>``. Raises
    ``UsageError`` naming file and line: missing, not UTF-8, an empty line, unequal line counts,
    an unknown language, no lines at all, a table without the column.
    """
    where = f"benchmark.{name}"
    src_lang, tgt_lang = language(benchmark.src_lang).flores, language(benchmark.tgt_lang).flores
    if src_lang == tgt_lang:
        raise UsageError(f"{where}: src_lang and tgt_lang are both {src_lang}; name two languages")
    src, tgt, *refs = [
        sentences(path, where, benchmark.column)
        for path in (benchmark.src, benchmark.tgt, *benchmark.refs)
    ]
    if not src:
        raise UsageError(f"{where}: {benchmark.src} has no lines; name a file with text")
    documents = (
        [f"{name}:{number}" for number in range(1, len(src) + 1)]
        if benchmark.documents is None
        else _documents(benchmark.documents, where, benchmark.document_column, len(src))
    )
    paths = (benchmark.tgt, benchmark.documents, *benchmark.refs)
    for path, found in zip(paths, (tgt, documents, *refs), strict=True):
        if len(found) != len(src):
            raise UsageError(
                f"{where}: {benchmark.src} has {len(src)} lines but {path} has {len(found)}; "
                "line-aligned files have equally many"
            )
    hasher = hashlib.sha256()
    for part in ([src_lang, tgt_lang], src, tgt, documents, *refs):
        hasher.update(("\n".join(part) + "\n\0").encode("utf-8"))
    return TestSet(name, src_lang, tgt_lang, src, tgt, documents, hasher.hexdigest(), refs)


def check_languages(found: TestSet) -> None:
    """Raise ``UsageError`` where a side as a whole is reliably in another language than it says."""
    from data_prep.text.identify import foreign, identify

    sides = [("src", found.src_lang, found.src), ("tgt", found.tgt_lang, found.tgt)]
    sides += [(f"refs.{number}", found.tgt_lang, ref) for number, ref in enumerate(found.refs)]
    for role, code, texts in sides:
        whole = "\n".join(texts)
        if foreign([whole], [code])[0]:
            raise UsageError(
                f"benchmark.{found.name}.{role} is called {code} and reads as "
                f"{identify(whole).language}; name the right file, or the language it is in"
            )


def sentences(path: str, where: str, column: str) -> list[str]:
    """The lines of a text file or a table's column, none of them empty; raises ``UsageError``."""
    if Path(path).suffix not in TABLES:
        return lines(path, where)
    found = _column(path, where, column)
    for number, text in enumerate(found, 1):
        if not text.strip() or len(text.splitlines()) > 1:
            what = "has line breaks" if text.strip() else "is empty"
            raise UsageError(f"{where}: {path} row {number} {what}; a test line is one sentence")
    return found


def _documents(path: str, where: str, column: str, size: int) -> list[str]:
    """Document ids: lines, a table's column, or a TSV's (its first column, without a header)."""
    if Path(path).suffix in TABLES:
        return _column(path, where, column)
    found = lines(path, where)
    if Path(path).suffix != ".tsv":
        return found
    rows = list(csv.reader(found, delimiter="\t", quoting=csv.QUOTE_NONE))
    if len(rows) == size:
        return [row[0] for row in rows]
    names = [name.lower() for name in rows[0]] if rows else []
    if column.lower() not in names:
        raise UsageError(f"{where}: {path} has no column {column}; name one as document_column=…")
    return [row[names.index(column.lower())] for row in rows[1:]]


def _column(path: str, where: str, column: str) -> list[str]:
    import polars as pl

    try:
        if Path(path).suffix == ".parquet":
            found = pl.read_parquet(path, columns=[column])[column].to_list()
        else:
            found = [json.loads(line)[column] for line in lines(path, where)]
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise UsageError(f"{where}: {path} has no readable column {column}: {error}") from error
    if not all(isinstance(text, str) for text in found):
        raise UsageError(f"{where}: {path} has rows without a text in {column}; name the column")
    return found


def lines(path: str, where: str) -> list[str]:
    """The lines of a strict UTF-8 file, without their ends; raises ``UsageError``."""
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{where}: there is no file {path}; correct the path") from None
    except OSError as error:
        raise UsageError(f"{where}: {path} cannot be read: {error.strerror}") from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{where}: {path} line {line} is not UTF-8; convert the file") from error
    found = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if found[-1] == "":
        found.pop()  # the end of the last line, not a line
    for number, text_line in enumerate(found, 1):
        if not text_line.strip():
            raise UsageError(f"{where}: {path} line {number} is empty; a test line needs text")
    return found
