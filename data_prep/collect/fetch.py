"""One HTTP request: checked address, bounded in time and size, decoded, never redirected here.

A redirect comes back as an answer; the crawl treats its target as a discovery of its own, so every
target is checked, paced and remembered like any URL. There are no cookies and no proxies.
"""

from __future__ import annotations

import email.utils
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpcore

from data_prep.collect.addresses import AddressRefused, CheckedBackend, Deadline

LONGEST_WAIT = 120.0  # seconds that a server's Retry-After is believed
DRAINED = 1 << 16  # bytes of an unwanted body read to keep the connection
TEXT_TYPES = ("text/html", "text/plain", "application/xhtml+xml", "text/xml", "application/xml")
PACKED_TYPES = ("application/gzip", "application/x-gzip", "application/octet-stream")
RETRIED = {408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}


@dataclass(frozen=True)
class Answer:
    """What a server said. ``body`` is decoded, and empty unless the status is 200."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name, in lower case."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def content_type(self) -> str:
        return (self.header("content-type") or "").partition(";")[0].strip().lower()


class Failed(Exception):
    """A request without a usable answer. ``reason`` is what it is counted under.

    ``retry``: it may work later, after ``wait`` seconds where the server said so. ``status`` is
    None where no HTTP answer came at all.
    """

    def __init__(
        self,
        reason: str,
        detail: str = "",
        *,
        retry: bool = False,
        wait: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(detail or reason)
        self.reason, self.retry, self.wait, self.status = reason, retry, wait, status


class Client:
    """Requests of one source: its own connections, so that what it may reach is its own too."""

    def __init__(
        self, user_agent: str, timeout: float, max_bytes: int, allow_private: bool
    ) -> None:
        self._timeout, self._max_bytes = timeout, max_bytes
        self._deadline = Deadline()
        self._headers = [
            ("User-Agent", user_agent),
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5"),
            ("Accept-Encoding", "gzip, deflate"),
        ]
        self._pool = httpcore.ConnectionPool(
            max_connections=4,
            keepalive_expiry=15.0,
            network_backend=CheckedBackend(allow_private, self._deadline),
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def get(self, url: str) -> Answer:
        """GET a URL; raises ``Failed``. A 3xx with a Location is an answer."""
        self._deadline.at = time.monotonic() + self._timeout
        seconds = {"connect": self._timeout, "read": self._timeout, "write": self._timeout}
        host = url.split("/", 3)[2]
        try:
            with self._pool.stream(
                "GET",
                url,
                headers=[("Host", host), *self._headers],
                extensions={"timeout": {**seconds, "pool": self._timeout}},
            ) as response:
                return self._read(url, response)
        except AddressRefused as error:
            raise Failed("address_refused", str(error)) from error
        except httpcore.TimeoutException as error:
            raise Failed("timeout", str(error) or "timed out", retry=True) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Failed("connection", str(error), retry=True) from error
        except httpcore.UnsupportedProtocol as error:
            raise Failed("bad_url", str(error)) from error

    def _read(self, url: str, response: httpcore.Response) -> Answer:
        headers = tuple(
            (key.decode("latin-1"), value.decode("latin-1")) for key, value in response.headers
        )
        answer = Answer(url, response.status, headers, b"")
        if response.status == 200:
            return self._read_body(answer, response)
        _drain(response)
        if 300 <= response.status < 400 and answer.header("location"):
            return answer
        if response.status in RETRIED:
            raise Failed(
                f"http_{response.status}",
                retry=True,
                wait=retry_after(answer.header("retry-after")),
                status=response.status,
            )
        raise Failed(f"http_{response.status}", status=response.status)

    def _read_body(self, answer: Answer, response: httpcore.Response) -> Answer:
        kind = answer.content_type
        if kind and kind not in TEXT_TYPES + PACKED_TYPES and not kind.endswith("+xml"):
            raise Failed("not_html", kind, status=200)
        length = answer.header("content-length") or ""
        if length.isascii() and length.isdigit() and int(length) > self._max_bytes:
            raise Failed("too_large", f"{length} bytes", status=200)
        encoding = (answer.header("content-encoding") or "identity").strip().lower()
        body = decoded(response.iter_stream(), encoding, self._max_bytes)
        return Answer(answer.url, 200, answer.headers, body)


def decoded(chunks: Iterable[bytes], encoding: str, most: int) -> bytes:
    """The body behind a Content-Encoding, never holding more than ``most`` bytes of it.

    Raises ``Failed`` with ``too_large`` or ``bad_encoding``.
    """
    if encoding not in ("identity", "gzip", "x-gzip", "deflate", ""):
        raise Failed("bad_encoding", encoding, status=200)
    packed = encoding not in ("identity", "")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None  # 32: gzip or zlib
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        if unpack is not None:
            try:
                part = unpack.decompress(chunk, most - size + 1)
            except zlib.error as error:
                raise Failed("bad_encoding", str(error), status=200) from error
        else:
            part = chunk
        size += len(part)
        if size > most:
            raise Failed("too_large", f"more than {most} bytes", status=200)
        parts.append(part)
    if unpack is not None and not unpack.eof and size:
        raise Failed("bad_encoding", "the compressed body is cut off", retry=True, status=200)
    return b"".join(parts)


def _drain(response: httpcore.Response) -> None:
    """Read a short unwanted body, so that the connection can be used again."""
    size = 0
    for chunk in response.iter_stream():
        size += len(chunk)
        if size > DRAINED:
            return


def retry_after(value: str | None) -> float | None:
    """Seconds a Retry-After header asks for (a number or a date), at most ``LONGEST_WAIT``."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:9]), LONGEST_WAIT))
    try:
        when = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(max((when - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT)
