"""`korpu release unpack=FILE to=DIR`: a bundle that came as one file, a .zip or a .tar.

Nothing is written outside of a folder beside ``DIR``, of which ``DIR`` is the new name when every
file is the published one. An archive's own words on names, links and sizes are not believed.
"""

from __future__ import annotations

import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from korpu import bundle as bundles
from korpu.bundle import intake
from korpu.errors import SaysNo, UsageError
from korpu.schema import Recipe

RATIO = 100  # weights hardly shrink: no bundle's archive grows so much
SPARE = 16 << 20  # bytes that any may have
BLOCK = 1 << 20
Member = tuple[str, Any]  # a file's name, and what opens it
DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)


def unpack_action(recipe: Recipe, value: str, to: str | None = None) -> None:
    """Unpack and verify; see ``unpack``. ``to`` is the new folder."""
    del recipe
    if to is None:
        raise UsageError("release unpack=FILE needs to=DIR, the folder to make")
    manifest = unpack(Path(value), Path(to))
    print(f"{manifest['name']} {manifest['version']}: {to}, all as published")


def unpack(archive: Path, to: Path) -> dict[str, Any]:
    """Make a bundle's folder of an archive; returns its manifest.

    Raises ``UsageError`` for what is no archive or a folder that is there; ``SaysNo`` (and leaves
    nothing) for a link, a name that leads elsewhere, more than an archive of its size can hold, and
    what ``bundle.verify`` refuses.
    """
    if to.exists():
        raise UsageError(f"to={to} is there already; name a new folder")
    half = to.with_name(f"{to.name}.unpacking")
    shutil.rmtree(half, ignore_errors=True)
    try:
        half.mkdir(parents=True)
        _write(archive, half)
        inside = list(half.iterdir())
        only = inside[0] if len(inside) == 1 and inside[0].is_dir() else half
        manifest = bundles.verify(only)
        only.rename(to)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return manifest


def _write(archive: Path, folder: Path) -> None:
    try:
        left = RATIO * archive.stat().st_size + SPARE
        seen: list[str] = []
        for name, opened in _members(archive):
            name = name.removeprefix("./")
            intake.check_paths([*seen, name], archive)
            seen.append(name)
            if len(seen) > intake.MOST:
                raise SaysNo(f"{archive} holds more than {intake.MOST} files, as no bundle does")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened() as source, target.open("xb") as sink:
                left = _copied(source, sink, left, archive)
    except FileNotFoundError:
        raise UsageError(f"there is no file {archive}") from None
    except FileExistsError as error:
        raise SaysNo(f"{archive} holds {error.filename} twice; do not use it") from None
    except DAMAGED as error:
        raise SaysNo(f"{archive} is damaged: {error}; fetch it again") from error


def _copied(source: IO[bytes], sink: IO[bytes], left: int, archive: Path) -> int:
    """Copy while there is room; returns how much is left of it."""
    while block := source.read(BLOCK):
        left -= len(block)
        if left < 0:
            raise SaysNo(f"{archive} grows to more than {RATIO} times its size; do not use it")
        sink.write(block)
    return left


def _members(archive: Path) -> Iterator[Member]:
    """The files in an archive, one after the other; raises ``SaysNo`` for anything else."""
    with archive.open("rb") as packed_file:
        begins = packed_file.read(4)
    if begins == b"PK\x03\x04":  # is_zipfile takes a tar whose last file is an .npz for one
        with zipfile.ZipFile(archive) as packed:
            for row in packed.infolist():
                kind = row.external_attr >> 28  # the Unix file type: 8 a file, 4 a folder
                if kind not in (0, 4, 8):
                    raise SaysNo(f"{archive} holds {row.filename!r}, a link or device")
                if not row.is_dir():
                    yield row.filename, lambda row=row: packed.open(row)
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive, "r|*") as stream:  # a member at a time: a bomb is not unrolled
            for number, member in enumerate(stream):
                if number > 2 * intake.MOST:
                    raise SaysNo(
                        f"{archive} holds more than {intake.MOST} files, as no bundle does"
                    )
                if member.isfile() and not member.issparse():
                    yield member.name, lambda member=member: stream.extractfile(member)
                elif not member.isdir():
                    raise SaysNo(f"{archive} holds {member.name!r}, a link or device")
    else:
        raise UsageError(f"{archive} is no .zip and no .tar")
