"""Line-aligned text files (Moses layout) as pairs: strict UTF-8, equal line counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from data_prep.collect.files import pair, text
from korpu.errors import UsageError
from korpu.schema import Files


def pairs(where: str, name: str, source: Files, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """Pairs of a source with ``src`` and ``tgt``; one with an empty side is left out.

    A document is `source/id`, or `source/line` where the source has no documents file.
    """
    langs = pair.wanted(where, source, "say the language of each file")
    paths = {side: getattr(source, side) for side in ("src", "tgt", "documents")}
    named = {side: Path(path) for side, path in paths.items() if path is not None}
    columns = [text.of_file(path, f"{where}.{side}") for side, path in named.items()]
    for number, row in aligned(where, [str(path) for path in named.values()], columns):
        src, tgt = row[0].strip(), row[1].strip()
        if not src or not tgt:
            left_out["empty"] += 1
            continue
        document = row[2].strip() if len(row) > 2 else None
        yield pair.make(name, source, number, langs, src, tgt, document=document)


def aligned(
    where: str, paths: list[str], columns: list[Iterator[str]]
) -> Iterator[tuple[int, list[str]]]:
    """(number, one line of each file); raises ``UsageError`` where the counts differ."""
    for number, row in enumerate(zip_longest(*columns), 1):
        if None in row:
            _refuse(where, paths, columns, [number - (line is None) for line in row])
        yield number, [text.bare(line) for line in row]


def _refuse(where: str, paths: list[str], columns: list[Iterator[str]], read: list[int]) -> None:
    """Raise ``UsageError`` with the line counts of all files; ``read`` lines are taken already."""
    counts = [taken + sum(1 for _ in rest) for taken, rest in zip(read, columns, strict=True)]
    listed = ", ".join(
        f"{path} has {count} lines" for path, count in zip(paths, counts, strict=True)
    )
    raise UsageError(f"{where}: {listed}; line-aligned files must have equally many")
