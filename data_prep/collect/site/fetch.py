"""One HTTP request: checked address, bounded in time and size, decoded, never redirected here.

The connections are httpcore's, which is httpx's own transport. It is used directly, because only
there can a connection be told to go to the very address that was checked. HTTP/2 is spoken with
whoever offers it. A redirect comes back as an answer; the crawl treats its target as a discovery
of its own, so every target is checked, paced and remembered like any URL. There are no cookies and
no proxies.
"""

from __future__ import annotations

import email.utils
import ssl
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import h2.exceptions
import httpcore

from data_prep.collect.site.addresses import AddressRefused, CheckedBackend, Deadline

LONGEST_WAIT = 120.0  # seconds that a server's Retry-After is believed
DRAINED = 1 << 16  # bytes of an unwanted body read to keep the connection
MOST_HEADERS, HEADER_BYTES = 200, 1 << 16  # of one answer; HTTP/2 stops at the same size by itself
LONGEST_VALIDATOR = 500  # characters of an ETag or Last-Modified that is sent back
TEXT_TYPES = ("text/html", "text/plain", "application/xhtml+xml", "text/xml", "application/xml")
PACKED_TYPES = ("application/gzip", "application/x-gzip", "application/octet-stream")
RETRIED = {408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}


@dataclass(frozen=True)
class Validators:
    """What a server said to recognise its page by; sent back, it may answer 304."""

    etag: str | None = None
    modified: str | None = None


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

    @property
    def validators(self) -> Validators:
        """What a later request may send back."""
        found = (self.header("etag"), self.header("last-modified"))
        return Validators(*(v if v and len(v) <= LONGEST_VALIDATOR else None for v in found))


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


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    return httpcore.default_ssl_context()  # the system's and the bundled authorities


class Client:
    """Requests of one source, one at a time: its own connections, and what they may reach."""

    def __init__(
        self,
        user_agent: str,
        timeout: float,
        max_bytes: int,
        allow_private: bool,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout, self._max_bytes = timeout, max_bytes
        self._deadline = Deadline()
        self._backend = CheckedBackend(allow_private, self._deadline)
        self._trusted = trusted
        self._headers = [
            ("User-Agent", user_agent),
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5"),
            ("Accept-Encoding", "gzip, deflate"),
        ]
        self._pools: dict[str, httpcore.AsyncConnectionPool] = {}  # by scheme
        self._idle: httpcore.AsyncNetworkStream | None = None  # of an HTTP/2 connection
        self._ended = True  # the last body was read to its end

    def _pool(self, scheme: str) -> httpcore.AsyncConnectionPool:
        """The connections of a scheme; certificates are read when they are needed."""
        if scheme not in self._pools:
            self._pools[scheme] = httpcore.AsyncConnectionPool(
                ssl_context=(self._trusted or _trusted()) if scheme == "https" else None,
                http2=True,
                max_connections=4,
                keepalive_expiry=15.0,
                network_backend=self._backend,
            )
        return self._pools[scheme]

    async def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()

    async def get(
        self, url: str, validators: Validators | None = None, cut: int | None = None
    ) -> Answer:
        """GET a URL; raises ``Failed``. A 3xx with a Location is an answer, and so is a 304 where
        validators were sent. ``cut``: so many bytes of the body are enough, the rest is not read.
        """
        self._deadline.at = time.monotonic() + self._timeout
        seconds = {"connect": self._timeout, "read": self._timeout, "write": self._timeout}
        conditions = _conditions(validators)
        headers = [("Host", url.split("/", 3)[2]), *self._headers, *conditions]
        await self._renew()
        self._ended = False
        try:
            async with self._pool(url.partition(":")[0]).stream(
                "GET",
                url,
                headers=headers,
                extensions={"timeout": {**seconds, "pool": self._timeout}},
            ) as response:
                multiplexed = response.extensions.get("http_version") == b"HTTP/2"
                self._idle = response.extensions["network_stream"] if multiplexed else None
                return await self._answer(url, response, bool(conditions), cut)
        except AddressRefused as error:
            raise Failed("address_refused", str(error)) from error
        except httpcore.TimeoutException as error:
            raise Failed("timeout", str(error) or "timed out", retry=True) from error
        except httpcore.UnsupportedProtocol as error:
            raise Failed("bad_url", str(error)) from error
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            h2.exceptions.H2Error,  # of a body: httpcore lets these through
            ssl.SSLError,
            OSError,
            ValueError,  # a status that is no number
            LookupError,
        ) as error:
            says = str(error) or type(error).__name__
            raise Failed("connection", says, retry=True) from error
        finally:
            # The rest of an unwanted body would fill the window of an HTTP/2 connection for good.
            if self._idle is not None and not self._ended:
                await self._drop()

    async def _renew(self) -> None:
        """Drop an idle HTTP/2 connection that has something to say: it is mostly a good-bye."""
        if self._idle is not None and self._idle.get_extra_info("is_readable"):
            await self._drop()

    async def _drop(self) -> None:
        self._idle = None
        await self.close()

    async def _answer(
        self, url: str, response: httpcore.Response, conditional: bool, cut: int | None
    ) -> Answer:
        size = sum(len(key) + len(value) for key, value in response.headers)
        if len(response.headers) > MOST_HEADERS or size > HEADER_BYTES:
            raise Failed("too_many_headers", f"{size} bytes", status=response.status)
        headers = tuple(
            (key.decode("latin-1"), value.decode("latin-1")) for key, value in response.headers
        )
        answer = Answer(url, response.status, headers, b"")
        if response.status == 200:
            return await self._read_body(answer, response, cut)
        await self._drain(response)
        if response.status == 304 and conditional:
            return answer
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

    async def _drain(self, response: httpcore.Response) -> None:
        """Read a short unwanted body, so that the connection can be used again."""
        size = 0
        async for chunk in response.aiter_stream():
            size += len(chunk)
            if size > DRAINED:
                return
        self._ended = True

    async def _read_body(
        self, answer: Answer, response: httpcore.Response, cut: int | None
    ) -> Answer:
        if cut is None:
            self._refuse(answer)
        most = self._max_bytes if cut is None else cut
        body = Body(answer.header("content-encoding") or "identity", most)
        try:
            async for chunk in response.aiter_stream():
                body.feed(chunk)
        except Failed as failed:
            if cut is None or failed.reason != "too_large":
                raise
            return Answer(answer.url, 200, answer.headers, body.so_far()[:cut])
        self._ended = True
        return Answer(answer.url, 200, answer.headers, body.whole())

    def _refuse(self, answer: Answer) -> None:
        """Raise ``Failed`` for what is no text or too large by its own account."""
        kind = answer.content_type
        if kind and kind not in TEXT_TYPES + PACKED_TYPES and not kind.endswith("+xml"):
            raise Failed("not_html", kind, status=200)
        length = answer.header("content-length") or ""
        if length.isascii() and length.isdigit() and int(length[:19]) > self._max_bytes:
            raise Failed("too_large", f"{length} bytes", status=200)


def _conditions(validators: Validators | None) -> list[tuple[str, str]]:
    found = []
    if validators is not None and validators.etag:
        found.append(("If-None-Match", validators.etag))
    if validators is not None and validators.modified:
        found.append(("If-Modified-Since", validators.modified))
    return found


class Body:
    """The body behind a Content-Encoding, never holding more than ``most`` bytes of it.

    Its methods raise ``Failed`` with ``too_large`` or ``bad_encoding``.
    """

    def __init__(self, encoding: str, most: int) -> None:
        encoding = encoding.strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip", "deflate", ""):
            raise Failed("bad_encoding", encoding, status=200)
        self._packed = encoding not in ("identity", "")
        self._bare = encoding == "deflate"  # sent without zlib's header by some servers
        self._most, self._size = most, 0
        self._parts: list[bytes] = []
        self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: gzip or zlib
        self._begun = False

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the wire."""
        while chunk:
            part, chunk = self._next(chunk) if self._packed else (chunk, b"")
            self._size += len(part)
            self._parts.append(part)
            if self._size > self._most:
                raise Failed("too_large", f"more than {self._most} bytes", status=200)

    def _next(self, chunk: bytes) -> tuple[bytes, bytes]:
        """(unpacked bytes, what is left of the chunk)"""
        if self._unpack.eof:
            if not chunk.startswith(b"\x1f"):
                return b"", b""  # what follows the last member is padding
            self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
        room = self._most - self._size + 1
        try:
            part = self._unpack.decompress(chunk, room)
        except zlib.error as error:
            if not self._bare or self._begun:
                raise Failed("bad_encoding", str(error), status=200) from error
            self._bare, self._unpack = False, zlib.decompressobj(-zlib.MAX_WBITS)
            return b"", chunk
        self._begun = True
        return part, self._unpack.unused_data or self._unpack.unconsumed_tail

    def so_far(self) -> bytes:
        """What came until now."""
        return b"".join(self._parts)

    def whole(self) -> bytes:
        """All of it, where it ended as it should."""
        if self._packed and self._begun and not self._unpack.eof:
            detail = "the compressed body is cut off"
            raise Failed("bad_encoding", detail, retry=True, status=200)
        return self.so_far()


def decoded(chunks: Iterable[bytes], encoding: str, most: int) -> bytes:
    """The whole body behind a Content-Encoding; raises as ``Body``."""
    body = Body(encoding, most)
    for chunk in chunks:
        body.feed(chunk)
    return body.whole()


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
