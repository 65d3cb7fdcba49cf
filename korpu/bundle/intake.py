"""What a bundle from elsewhere may hold: looked at before anything in it is used.

A hash says that a file is the one in the manifest, and whoever made a hostile bundle wrote the
manifest too. So names and sizes are judged by themselves (only plain files with plain names, no
link), and so are kinds and contents, in ``korpu.bundle.kinds``.
"""

from __future__ import annotations

import json
import os
import re
import stat
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from korpu.errors import SaysNo

PART = re.compile(r"\w(?:[\w.+-]*[\w+-])?")  # no hidden file, `..`, drive, backslash, end in a dot
DEEPEST, LONGEST, MOST = 6, 240, 4096  # folders, characters of a path, files
JSON_BYTES = 128 << 20  # a tokenizer of 256,000 pieces has 32 MB


def check_path(path: Any, where: Path) -> None:
    """Raises ``SaysNo`` for a name that could lead out of a folder or be two files in one."""
    parts = path.split("/") if isinstance(path, str) else [""]
    plain = all(PART.fullmatch(part) for part in parts) and len(parts) <= DEEPEST
    if not plain or len(path) > LONGEST or unicodedata.normalize("NFC", path) != path:
        raise SaysNo(f"{where} names a file {path!r}, which no bundle holds; do not use it")


def check_paths(paths: Iterable[Any], where: Path) -> None:
    """``check_path`` for each; raises ``SaysNo`` for names that differ only in case, too."""
    seen: dict[str, str] = {}
    for path in paths:
        check_path(path, where)
        other = seen.setdefault(path.casefold(), path)
        if other != path:
            raise SaysNo(f"{where} has both {other!r} and {path!r}, one file on some disks")


def walk(folder: Path) -> dict[str, int]:
    """Relative paths of a folder's files with their bytes, no link followed.

    Raises ``SaysNo`` for a link, a pipe or device, a name that is none of a bundle's, too many.
    """
    found: dict[str, int] = {}
    todo = [folder]
    while todo:
        for entry in sorted(os.scandir(todo.pop()), key=lambda entry: entry.name):
            path = Path(entry.path)
            about = entry.stat(follow_symlinks=False)
            if entry.is_symlink():
                raise SaysNo(f"{path} is a link; a bundle holds only files")
            if not stat.S_ISDIR(about.st_mode) and not stat.S_ISREG(about.st_mode):
                raise SaysNo(f"{path} is no plain file; a bundle holds only files")
            relative = path.relative_to(folder).as_posix()
            check_path(relative, folder)
            if stat.S_ISDIR(about.st_mode):
                todo.append(path)
            else:
                found[relative] = about.st_size
            if len(found) + len(todo) > MOST:
                raise SaysNo(f"{folder} holds more than {MOST} files, which no bundle does")
    check_paths(found, folder)
    return dict(sorted(found.items()))


def read_json(path: Path, most: int = JSON_BYTES) -> Any:
    """A JSON file of bounded size and depth, no key twice; raises ``SaysNo``."""
    if path.stat().st_size > most:
        raise SaysNo(f"{path} is larger than {most:,} bytes; fetch the bundle again")
    return parsed(path.read_bytes(), path)


def parsed(data: bytes, path: Path) -> Any:
    """The JSON in some bytes of a file; raises ``SaysNo``."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_once)
    except RecursionError:
        raise SaysNo(f"{path} is nested too deep to be read; do not use this bundle") from None
    except ValueError as error:
        raise SaysNo(f"{path} is damaged: {error}; fetch the bundle again") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found
