"""WARC files of gzip records: append one durably, read one back by its offset."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from data_prep.collect.site.fetch import Answer
from korpu.errors import SaysNo

# The body is kept decoded, so headers that describe the wire's form would be untrue.
_OF_THE_WIRE = {"content-encoding", "transfer-encoding", "content-length", "connection"}


@dataclass(frozen=True)
class Place:
    """Where a record lies. ``digest`` is the sha256 of its body."""

    file: str
    offset: int
    length: int
    digest: str


def record(answer: Answer, fetched: str) -> bytes:
    """A gzipped response record. ``fetched`` is an ISO 8601 UTC time."""
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True)
    headers = [(key, value) for key, value in answer.headers if key.lower() not in _OF_THE_WIRE]
    headers.append(("Content-Length", str(len(answer.body))))
    made = writer.create_warc_record(
        answer.url,
        "response",
        payload=io.BytesIO(answer.body),
        http_headers=StatusAndHeaders(f"{answer.status} OK", headers, protocol="HTTP/1.1"),
        warc_headers_dict={"WARC-Date": fetched},
    )
    writer.write_record(made)
    return buffer.getvalue()


class Archive:
    """The WARC file of one site, open for appending at a known end."""

    def __init__(self, folder: Path, name: str, committed: int) -> None:
        """Open ``folder/name`` and cut what lies past ``committed`` bytes.

        Raises ``SaysNo`` where the file is shorter than what the frontier has committed.
        """
        self._path, self._name, self.end = folder / name, name, committed
        folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        size = os.fstat(self._file).st_size
        if size < committed:
            os.close(self._file)
            raise SaysNo(
                f"{self._path} has {size} bytes, but {committed} were committed: the file was "
                f"changed from outside; delete {folder.parent} and collect again"
            )
        os.ftruncate(self._file, committed)
        sync_folder(folder)

    def append_new(self, answer: Answer, fetched: str, digest: str | None) -> Place | None:
        """``append``, or None where the body is the one of an earlier record's ``digest``."""
        if digest is not None and hashlib.sha256(answer.body).hexdigest() == digest:
            return None
        return self.append(answer, fetched)

    def append(self, answer: Answer, fetched: str) -> Place:
        """Append a record and fsync; it counts once the frontier has committed the place.

        Raises ``OSError`` (a full disk) with the file as it was before.
        """
        data = record(answer, fetched)
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._file, data[written:], self.end + written)
            os.fsync(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self.end)
            raise OSError(error.errno, error.strerror, str(self._path)) from error
        place = Place(self._name, self.end, len(data), hashlib.sha256(answer.body).hexdigest())
        self.end += len(data)
        return place

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read(path: Path, offset: int, length: int) -> Answer:
    """The record of ``length`` bytes at ``offset``; raises ``SaysNo`` where there is none."""
    with path.open("rb") as stream:
        stream.seek(offset)
        data = stream.read(length)
    try:
        found = next(ArchiveIterator(io.BytesIO(data)))
        status, headers = found.http_headers.get_statuscode(), found.http_headers.headers
        url = found.rec_headers.get_header("WARC-Target-URI")
        return Answer(url, int(status), tuple(headers), found.content_stream().read())
    except (StopIteration, ArchiveLoadFailed, AttributeError, ValueError) as error:
        raise SaysNo(
            f"{path}, byte {offset}: no WARC record; the file was changed from outside, delete "
            f"{path.parent.parent} and collect again"
        ) from error


def sync_folder(folder: Path) -> None:
    """fsync a folder, so that a new name in it survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
