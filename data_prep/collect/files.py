"""Line-aligned text files (Moses layout) as pairs: strict UTF-8, equal line counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from korpu.errors import UsageError
from korpu.schema import Files


def lines(path: str, key: str) -> Iterator[str]:
    """Lines of a UTF-8 file, without their ends; only a line feed ends a line.

    Raises ``UsageError`` naming the file, and the line where it is not UTF-8.
    """
    try:
        with Path(path).open("rb") as stream:
            for number, line in enumerate(stream, 1):
                try:
                    text = line.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise UsageError(
                        f"{path}, line {number}: byte {error.start + 1} is not UTF-8; convert the "
                        "file to UTF-8"
                    ) from error
                if number == 1:
                    text = text.removeprefix("\ufeff")
                yield text.removesuffix("\n").removesuffix("\r")
    except FileNotFoundError:
        raise UsageError(f"{key}: there is no file {path}") from None
    except (IsADirectoryError, PermissionError) as error:
        raise UsageError(f"{key}: {path} cannot be read: {error.strerror}") from error


def pairs(
    sources: Mapping[str, Files], left_out: dict[str, int] | None = None
) -> Iterator[dict[str, Any]]:
    """Rows of ``pairs.parquet``, by source name and line.

    A pair with an empty side is left out and counted in ``left_out`` by source. A document is
    `source/id`, or `source/line` where the source has no documents file.
    """
    for name in sorted(sources):
        yield from _of_source(name, sources[name], {} if left_out is None else left_out)


def _of_source(name: str, source: Files, left_out: dict[str, int]) -> Iterator[dict[str, Any]]:
    where = f"source.files.{name}"
    columns = [lines(source.src, f"{where}.src"), lines(source.tgt, f"{where}.tgt")]
    paths = [source.src, source.tgt]
    if source.documents is not None:
        columns.append(lines(source.documents, f"{where}.documents"))
        paths.append(source.documents)
    left_out[name] = 0
    for number, row in enumerate(zip_longest(*columns), 1):
        if None in row:
            _refuse(where, paths, columns, [number - (text is None) for text in row])
        src, tgt = row[0].strip(), row[1].strip()
        if not src or not tgt:
            left_out[name] += 1
            continue
        document = row[2].strip() if len(row) > 2 else str(number)
        yield {
            "origin": name,
            "line": number,
            "src_lang": source.src_lang,
            "tgt_lang": source.tgt_lang,
            "src": src,
            "tgt": tgt,
            "document": f"{name}/{document}",
            "published": None,
            "licence": source.licence,
            "may_redistribute": source.may_redistribute,
        }


def _refuse(where: str, paths: list[str], columns: list[Iterator[str]], read: list[int]) -> None:
    """Raise ``UsageError`` with the line counts of all files; ``read`` lines are taken already."""
    counts = [taken + sum(1 for _ in rest) for taken, rest in zip(read, columns, strict=True)]
    listed = ", ".join(
        f"{path} has {count} lines" for path, count in zip(paths, counts, strict=True)
    )
    raise UsageError(f"{where}: {listed}; line-aligned files must have equally many")
