"""Test sets in two line-aligned files: what models are judged on, and never trained on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
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


def load(name: str, benchmark: Benchmark) -> TestSet:
    """Read a benchmark.

    Without a file of documents each line is a document of its own, ``<name>:<line>``. Raises
    ``UsageError`` naming file and line: missing, not UTF-8, an empty line, unequal line counts,
    an unknown language, no lines at all.
    """
    where = f"benchmark.{name}"
    src_lang, tgt_lang = language(benchmark.src_lang).flores, language(benchmark.tgt_lang).flores
    if src_lang == tgt_lang:
        raise UsageError(f"{where}: src_lang and tgt_lang are both {src_lang}; name two languages")
    src, tgt = lines(benchmark.src, where), lines(benchmark.tgt, where)
    if not src:
        raise UsageError(f"{where}: {benchmark.src} has no lines; name a file with text")
    documents = (
        [f"{name}:{number}" for number in range(1, len(src) + 1)]
        if benchmark.documents is None
        else lines(benchmark.documents, where)
    )
    for path, found in ((benchmark.tgt, tgt), (benchmark.documents, documents)):
        if len(found) != len(src):
            raise UsageError(
                f"{where}: {benchmark.src} has {len(src)} lines but {path} has {len(found)}; "
                "line-aligned files have equally many"
            )
    hasher = hashlib.sha256()
    for part in ([src_lang, tgt_lang], src, tgt, documents):
        hasher.update(("\n".join(part) + "\n\0").encode("utf-8"))
    return TestSet(name, src_lang, tgt_lang, src, tgt, documents, hasher.hexdigest())


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
