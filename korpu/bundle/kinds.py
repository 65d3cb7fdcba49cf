"""The kinds of files a bundle holds, each looked into before its reader is: none runs anything.

Weights are safetensors or CTranslate2's own format, arrays are of numbers, JSON is of a size and
depth that can be read, and no configuration loads code. A pickle is known by its content, whatever
its name.
"""

from __future__ import annotations

import io
import pickletools
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

from korpu.bundle import intake
from korpu.errors import SaysNo

ARRAYS_BYTES, RATIO = 1 << 30, 1000  # of an .npz, unpacked; most it may grow
HEAD = 1 << 16  # bytes in which a pickle is looked for
CALLS = {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD"}
CODE = ("auto_map", "custom_pipelines")  # keys by which a hub's configuration loads Python
CT2_HEAD = b"TransformerSpec\0"  # after a version and a length


def check(bundle: Path, relative: str) -> None:
    """Is a file what its name says, and of a kind that runs nothing? Raises ``SaysNo``."""
    path = bundle / relative
    look = KINDS.get(path.suffix)
    if path.suffix == ".bin" and not (relative.startswith("ct2-") and path.name == "model.bin"):
        look = None
    if look is None:
        raise SaysNo(
            f"{path} is of a kind that no bundle holds: weights are .safetensors or CTranslate2's "
            "model.bin; do not use this bundle"
        )
    head = _head(path)
    # a header's length may begin as a pickle does; what follows is then parsed as JSON (``look``)
    is_length = path.suffix == ".safetensors" and head[4:9] == b"\0\0\0\0{"
    if is_pickle(head) and not is_length:
        raise SaysNo(f"{path} is a pickle, which runs code when it is read; do not use this bundle")
    look(path)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD)


def is_pickle(head: bytes) -> bool:
    """Whether bytes begin a pickle: protocol 2 or later by its mark, a short older one by parsing.

    An older one that is longer than the bytes is left to the kinds: each is parsed as what its
    name says but plain text, which nothing loads.

    >>> is_pickle(b"cos\\nsystem\\n(S'id'\\ntR."), is_pickle(b'{"a": 1}'), is_pickle(b"core.")
    (True, False, False)
    """
    if head[:1] == b"\x80" and head[1:2] <= b"\x10" and len(head) > 1:
        return True
    called = False
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes in what is no pickle
            for opcode, _, _ in pickletools.genops(head):
                called = called or opcode.name in CALLS
    except Exception:  # whatever the parser says of these bytes: they are none
        return False
    return called


def _json(path: Path) -> None:
    found = intake.read_json(path)
    named = [key for key in CODE if isinstance(found, dict) and found.get(key)]
    if named:
        raise SaysNo(f"{path} loads code of its own ({named[0]}); do not use this bundle")


def _lines(path: Path) -> None:
    if path.stat().st_size > intake.JSON_BYTES:
        raise SaysNo(f"{path} is larger than {intake.JSON_BYTES:,} bytes; fetch the bundle again")
    with path.open("rb") as stream:
        for line in stream:
            intake.parsed(line, path)


def _text(path: Path) -> None:
    if path.stat().st_size > intake.JSON_BYTES or b"\0" in _head(path):
        raise SaysNo(f"{path} is no text; do not use this bundle")


def _safetensors(path: Path) -> None:
    size, head = path.stat().st_size, _head(path)
    length = int.from_bytes(head[:8], "little")
    if size < 10 or length > min(intake.JSON_BYTES, size - 8) or head[8:9] != b"{":
        raise SaysNo(f"{path} is no safetensors file; do not use this bundle")
    with path.open("rb") as stream:
        stream.seek(8)
        header = intake.parsed(stream.read(length), path)
    try:
        ends = [row["data_offsets"][1] for name, row in header.items() if name != "__metadata__"]
        whole = max(ends, default=0) == size - 8 - length
    except (TypeError, KeyError, IndexError):
        whole = False
    if not whole:
        raise SaysNo(f"{path} is not as long as its header says; fetch the bundle again")


def _ctranslate2(path: Path) -> None:
    if _head(path)[6 : 6 + len(CT2_HEAD)] != CT2_HEAD:
        raise SaysNo(f"{path} is no model of CTranslate2; do not use this bundle")


def _arrays(path: Path) -> None:
    from numpy.lib import format as npy

    try:
        with zipfile.ZipFile(path) as archive:
            inside = archive.infolist()
            if not all(row.filename.endswith(".npy") for row in inside):
                raise SaysNo(f"{path} holds more than arrays; do not use this bundle")
            total = sum(row.file_size for row in inside)
            if len(inside) > intake.MOST or total > min(ARRAYS_BYTES, RATIO * path.stat().st_size):
                raise SaysNo(f"{path} unpacks to {total:,} bytes; do not use this bundle")
            for row in inside:
                with archive.open(row) as stream:
                    start = io.BytesIO(stream.read(HEAD))
                version = npy.read_magic(start)
                reader = (
                    npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                )
                if reader(start)[2].hasobject:
                    raise SaysNo(
                        f"{path} holds a pickle ({row.filename} has objects in place of numbers); "
                        "do not use this bundle"
                    )
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError) as error:
        raise SaysNo(f"{path} is damaged: {error}; fetch the bundle again") from error


KINDS: dict[str, Callable[[Path], None]] = {
    ".json": _json,
    ".jsonl": _lines,
    ".sig": _json,
    ".md": _text,
    ".txt": _text,
    "": _text,
    ".safetensors": _safetensors,
    ".npz": _arrays,
    ".bin": _ctranslate2,
}
