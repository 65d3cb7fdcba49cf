"""Given WARC files: where each HTML page lies in them, found in one pass of little memory.

Files compressed record by record (as Common Crawl's are) and uncompressed ones are read; a file
that is one single gzip stream cannot be, since its records have no place of their own.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from data_prep.collect.page.extract import declared
from data_prep.collect.site.ledger import Record
from data_prep.collect.site.urls import canonical
from korpu import artifact
from korpu.errors import UsageError
from korpu.schema import Warc

ENDS = (".warc", ".warc.gz")
HEAD = 1 << 16  # bytes in which a record's own and its HTTP header must end
BLOCK = 1 << 16
HTML = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True)
class Member:
    """A record as it lies in the file. ``size`` is that of its unpacked bytes."""

    offset: int
    length: int
    head: bytes
    size: int


def files(path: Path) -> list[Path]:
    """The WARC files of a source, sorted; raises ``UsageError`` where there is none."""
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.name.endswith(ENDS) and p.is_file())
        if not found:
            raise UsageError(f"{path} holds no .warc or .warc.gz file; name another folder")
        return found
    if not path.exists():
        raise UsageError(f"there is no file {path}; name a WARC file or a folder of them")
    return [path]


def root(path: Path) -> Path:
    """The folder that a record's ``file`` is relative to."""
    return path if path.is_dir() else path.parent


def index(name: str, source: Warc, most: int, work: Path) -> Path:
    """Index every file of a source below ``work`` (kept over a kill); returns the index's folder.

    ``most``: bytes of a page. Raises ``UsageError`` naming file and byte where a file is cut off
    or is no WARC file.
    """
    path, folder = Path(source.path), work / name
    for number, file in enumerate(files(path)):
        done = folder / f"{number:06}.jsonl"
        if not done.exists():
            inside = str(file.relative_to(root(path)))
            lines, counts = [], Counter[str]()
            with file.open("rb") as stream:
                for member in _members(stream, file):
                    found = _page(member, source, most, file)
                    if isinstance(found, str):
                        counts[found] += 1
                    else:
                        lines.append(json.dumps([inside, member.offset, member.length, *found]))
            lines.append(json.dumps(counts))
            artifact.write_atomically(done, "\n".join(lines) + "\n")
    return folder


def records(name: str, folder: Path) -> Iterator[Record]:
    """The pages of an indexed source, in the order of its files."""
    number = 0
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                found = json.loads(line)
                if isinstance(found, list):
                    file, offset, length, url, fetched = found
                    number += 1
                    digest = f"{file}:{offset}"
                    yield Record(number, name, url, fetched, file, offset, length, digest, None)


def left_out(folder: Path) -> Counter[str]:
    """Records that are no page to extract, by reason."""
    counts: Counter[str] = Counter()
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("{"):
                    counts.update(json.loads(line))
    return counts


def _page(member: Member, source: Warc, most: int, file: Path) -> tuple[str, str] | str:
    """(URL, time) of an HTML response, or the reason why a record is none."""
    about, end = _fields(member.head, b"WARC/")
    if about is None:
        raise UsageError(
            f"{file}, byte {member.offset}: there is no WARC record; compress the file record by "
            "record, or take it out of the folder"
        )
    length = about.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return "bad_record"
    if member.size > end + int(length) + 4:
        raise UsageError(
            f"{file}, byte {member.offset}: one gzip stream holds several records; unpack the file "
            "or compress it record by record"
        )
    if about.get("warc-type") != "response":
        return "no_response"  # a request, a revisit, a file's own description
    if "warc-truncated" in about:
        return "truncated"
    http, _ = _fields(member.head[end:], b"HTTP/")
    if http is None:
        return "bad_record"
    if http[""] != "200":
        return "not_200"
    if http.get("content-type", "").partition(";")[0].strip().lower() not in HTML:
        return "not_html"
    if int(length) > most:
        return "too_large"
    url = canonical(about.get("warc-target-uri", "").strip("<>"))
    if url is None:
        return "bad_url"
    if declared(url, source.languages) is None:
        return "no_language"
    moment = about.get("warc-date", "")
    return (url, moment[:19] + "Z") if len(moment) >= 19 else "bad_record"


def _fields(head: bytes, start: bytes) -> tuple[dict[str, str] | None, int]:
    """Header fields by lower-case name (the status line's code as ""), and where they end."""
    end = head.find(b"\r\n\r\n")
    if end < 0 or not head.startswith(start):
        return None, 0
    first, *lines = head[:end].decode("utf-8", "replace").split("\r\n")
    status = first.split(" ")[1:2]
    fields = {"": status[0] if status else ""}
    for line in lines:
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip().lower(), value.strip())
    return fields, end + 4


def _members(stream: BinaryIO, file: Path) -> Iterator[Member]:
    packed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    return _packed(stream, file) if packed else _plain(stream, file)


def _packed(stream: BinaryIO, file: Path) -> Iterator[Member]:
    at, block = 0, stream.read(BLOCK)
    while block:
        unpack, begun = zlib.decompressobj(zlib.MAX_WBITS | 16), at
        head, size = bytearray(), 0
        while not unpack.eof:
            if not block:
                raise _cut_off(file, begun)
            try:
                part = unpack.decompress(block, 1 << 20)
            except zlib.error as error:
                raise UsageError(
                    f"{file}, byte {begun}: the gzip data is damaged ({error}); get the file again"
                ) from error
            rest = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
            at += len(block) - len(rest)
            block = rest or stream.read(BLOCK)
            size += len(part)
            head += part[: max(0, HEAD - len(head))]
        yield Member(begun, at - begun, bytes(head), size)


def _plain(stream: BinaryIO, file: Path) -> Iterator[Member]:
    total, at = file.stat().st_size, 0
    while at < total:
        stream.seek(at)
        head = stream.read(HEAD)
        about, end = _fields(head, b"WARC/")
        length = (about or {}).get("content-length", "")
        size = end + int(length) + 4 if length.isascii() and length.isdigit() else 0
        if about is None or not size:
            raise UsageError(f"{file}, byte {at}: there is no WARC record; get the file again")
        if at + size > total:
            raise _cut_off(file, at)
        yield Member(at, size, head[:size], size)
        at += size


def _cut_off(file: Path, at: int) -> UsageError:
    return UsageError(
        f"{file}, byte {at}: the file is cut off in the middle of a record; get it again, or take "
        "it out of the folder"
    )
