"""Bytes of given files as lines of text: strict UTF-8, bounded, gzip by the name's end."""

from __future__ import annotations

import contextlib
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from korpu.errors import UsageError

LONGEST = 16 << 20
"""Bytes of one line; what is longer is another kind of file, or a trap for the memory."""


@contextlib.contextmanager
def opened(path: Path, key: str) -> Iterator[IO[bytes]]:
    """A file's bytes, unpacked where its name ends in .gz.

    Raises ``UsageError`` naming the recipe's ``key`` where it is missing or must not be read.
    """
    try:
        raw = path.open("rb")
    except FileNotFoundError:
        raise UsageError(f"{key}: there is no file {path}") from None
    except (IsADirectoryError, PermissionError) as error:
        raise UsageError(f"{key}: {path} cannot be read: {error.strerror}") from error
    with raw:
        yield unpacked(raw, path.name)


def unpacked(stream: IO[bytes], name: str) -> IO[bytes]:
    """The stream, through gzip where the name ends in .gz."""
    if name.lower().endswith(".gz"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=stream))
    return stream


@contextlib.contextmanager
def whole(name: str) -> Iterator[None]:
    """Damage found while unpacking becomes a ``UsageError`` with the file's name."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise UsageError(
            f"{name}: the compressed data is cut off or damaged; copy the file again"
        ) from error


def lines(stream: IO[bytes], name: str) -> Iterator[str]:
    """Lines of UTF-8 with their ends, without a byte order mark; only a line feed ends a line.

    Raises ``UsageError`` with ``name`` and the line that is not UTF-8 or longer than ``LONGEST``.
    """
    number = 0
    while True:
        with whole(f"{name}, line {number + 1}"):
            line = stream.readline(LONGEST + 1)
        if not line:
            return
        number += 1
        if len(line) > LONGEST:
            raise UsageError(
                f"{name}, line {number}: longer than {LONGEST} bytes; check that the file is "
                "text with one record a line"
            )
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(
                f"{name}, line {number}: byte {error.start + 1} is not UTF-8; convert the "
                "file to UTF-8"
            ) from error
        yield text.removeprefix("\ufeff") if number == 1 else text


def of_file(path: Path, key: str) -> Iterator[str]:
    """``lines`` of a file on disk."""
    with opened(path, key) as stream:
        yield from lines(stream, str(path))


def bare(line: str) -> str:
    """A line without its end."""
    return line.removesuffix("\n").removesuffix("\r")
