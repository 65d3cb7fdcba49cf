"""OPUS archives in Moses layout: Name.az-uz.az, Name.az-uz.uz and, for documents, Name.az-uz.ids.

A zip is read where it lies: nothing is unpacked, so no name in it can write anywhere.
"""

from __future__ import annotations

import contextlib
import errno
import re
import struct
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from data_prep.collect.files import download, folders, moses, pair, tags, text
from korpu import log
from korpu.artifact import sha256
from korpu.errors import SaysNo, UsageError
from korpu.languages import language
from korpu.schema import Collect, Opus

UNPACKED = 256 << 30  # bytes of all files read from one archive
RATIO = 200  # text packs 3 to 20 times; only a trap packs more …
SMALL = 64 << 20  # … and is larger than this
_LAYOUT = re.compile(r"(?P<stem>.+)\.(?P<one>[A-Za-z_@]+)-(?P<two>[A-Za-z_@]+)\.(?P<end>[\w@]+)")
Open = Callable[[str], contextlib.AbstractContextManager[IO[bytes]]]


@dataclass(frozen=True)
class Corpus:
    """The files of one corpus, as the archive names them."""

    stem: str
    src: str
    tgt: str
    ids: str | None


def pairs(
    where: str,
    name: str,
    source: Opus,
    collect: Collect,
    work: Path,
    left_out: Counter[str],
    note: dict[str, str],
) -> Iterator[dict[str, Any]]:
    """Pairs of every corpus of the archive that is in the two languages.

    A document is `source/id` of the source side where there are ids, else `source/corpus/line`.
    Raises ``UsageError`` where the archive is none or lacks the pair, ``SaysNo`` where it is not
    the one of ``sha256``, ``Infrastructure`` where it cannot be fetched.
    """
    path = Path(source.path)
    if re.match(r"https?://", source.path, re.IGNORECASE):
        path = work / "opus" / f"{download.name_of(source.path)}.zip"
        if not path.exists():
            log.say(f"  {name}: fetching {source.path}")
        download.fetch(source.path, path, collect, f"{where}.path", source.allow_private)
        note["url"] = source.path
    if not path.exists():
        raise UsageError(f"{where}.path: there is no file {path}")
    shown = str(source.path)
    try:
        if path.is_dir():
            if source.sha256 is not None:
                raise UsageError(f"{where}.sha256 is of a zip, but {shown} is a folder; remove it")
            yield from _corpora(where, name, source, shown, _in_folder(path), left_out)
            return
        note["sha256"] = _checked(where, source, path)
        with _sound(where, shown):
            archive = zipfile.ZipFile(path)
        with archive:
            files = (_in_zip(where, archive, shown), _opener(where, archive, shown))
            yield from _corpora(where, name, source, shown, files, left_out)
    except (UsageError, SaysNo):
        if "url" in note:
            path.unlink(missing_ok=True)  # what is wrong with it may be right next time
        raise


def _checked(where: str, source: Opus, path: Path) -> str:
    found = sha256(path)
    if source.sha256 is not None and found != source.sha256.lower():
        raise SaysNo(
            f"{where}: the sha256 of {source.path} is {found}, not {source.sha256}; it is another "
            "file than the recipe's"
        )
    return found


def _corpora(
    where: str,
    name: str,
    source: Opus,
    shown: str,
    files: tuple[list[str], Open],
    left_out: Counter[str],
) -> Iterator[dict[str, Any]]:
    names, opened = files
    langs = (language(source.src_lang).flores, language(source.tgt_lang).flores)
    number = 0
    for corpus in _found(where, names, langs, shown):
        with contextlib.ExitStack() as stack:
            used = [each for each in (corpus.src, corpus.tgt, corpus.ids) if each is not None]
            shorts = [f"{shown}: {each}" for each in used]
            columns = [
                text.lines(stack.enter_context(opened(each)), short)
                for each, short in zip(used, shorts, strict=True)
            ]
            for line, row in moses.aligned(where, shorts, columns):
                number += 1
                src, tgt = row[0].strip(), row[1].strip()
                if not src or not tgt:
                    left_out["empty"] += 1
                    continue
                document = f"{corpus.stem}/{line}"
                if len(row) > 2:
                    document = _document(row[2], f"{shorts[2]}, line {line}")
                yield pair.make(name, source, number, langs, src, tgt, document=document)


def _document(line: str, place: str) -> str:
    """The document of the first language; the pair's two name the same one."""
    fields = line.split("\t")
    if len(fields) < 2 or not fields[0].strip():
        raise UsageError(f"{place}: no tab between two documents; this is no OPUS ids file")
    return fields[0].strip()


def _found(where: str, names: list[str], langs: tuple[str, str], shown: str) -> list[Corpus]:
    """The corpora that are in both languages, by name; raises ``UsageError`` where none is."""
    corpora: dict[tuple[str, str, str], dict[str, str]] = {}
    for name in sorted(names):
        match = _LAYOUT.fullmatch(name.removesuffix(".gz"))
        if match and match["end"] in (match["one"], match["two"], "ids"):
            key = (match["stem"], match["one"], match["two"])
            corpora.setdefault(key, {})[match["end"]] = name
    fitting = []
    for (stem, one, two), files in corpora.items():
        sides = {tags.chosen(tag, langs): tag for tag in (one, two)}
        if set(sides) == set(langs) and all(tag in files for tag in (one, two)):
            src, tgt = (files[str(sides[code])] for code in langs)
            fitting.append(Corpus(stem.rpartition("/")[2], src, tgt, files.get("ids")))
    if not fitting:
        has = sorted({f"{one}-{two}" for _, one, two in corpora})
        raise UsageError(
            f"{where}: {shown} has no line-aligned files in {langs[0]} and {langs[1]}, such as "
            f"Name.az-uz.az and Name.az-uz.uz; it has {', '.join(has[:12]) or 'none at all'}"
        )
    return fitting


def _in_folder(folder: Path) -> tuple[list[str], Open]:
    names = [path.relative_to(folder).as_posix() for path in folders.walk(folder)]
    return names, lambda name: text.opened(folder / name, str(folder))


def _in_zip(where: str, archive: zipfile.ZipFile, shown: str) -> list[str]:
    """The names in a zip; raises ``UsageError`` for one that is locked, or a trap."""
    size = 0
    names = []
    for info in archive.infolist():
        if not _LAYOUT.fullmatch(info.filename.removesuffix(".gz")):
            continue
        if info.flag_bits & 1:
            raise UsageError(f"{where}: {shown}: {info.filename} is encrypted; unlock the archive")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UsageError(
                f"{where}: {shown}: {info.filename} is packed in a rare way; pack it as an "
                "ordinary zip"
            )
        size += info.file_size
        swollen = info.file_size > max(SMALL, RATIO * max(info.compress_size, 1))
        if size > UNPACKED or swollen:
            raise UsageError(
                f"{where}: {shown}: {info.filename} unpacks to {info.file_size} bytes, which no "
                "text does; do not trust this archive"
            )
        names.append(info.filename)
    return names


@contextlib.contextmanager
def _sound(where: str, shown: str) -> Iterator[None]:
    """What a damaged directory of a zip makes the library raise, as one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # a seek to before the file
            raise
        raise _unsound(where, shown) from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, struct.error,
            OverflowError) as error:  # fmt: skip
        raise _unsound(where, shown) from error


def _unsound(where: str, shown: str) -> UsageError:
    return UsageError(
        f"{where}.path: {shown} is no zip archive, or only a part of one; copy it again, or "
        "correct the path"
    )


def _opener(where: str, archive: zipfile.ZipFile, shown: str) -> Open:
    @contextlib.contextmanager
    def opened(name: str) -> Iterator[IO[bytes]]:
        with _sound(where, shown):
            stream = archive.open(name)
        with stream:
            yield text.unpacked(stream, name)

    return opened
