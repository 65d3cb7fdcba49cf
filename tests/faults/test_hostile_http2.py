"""Servers that speak HTTP/2 and break it: a fault costs one request, and the next one works.

The client is told to speak HTTP/2 from its first byte, so no certificate is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import hpack
import httpcore
import pytest

from data_prep.collect.site.fetch import Client, Failed

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM = ACK = 1
END_HEADERS = 4
OK = [(":status", "200"), ("content-type", "text/html; charset=utf-8")]
BODY = "<p>Salam, dünya!</p>".encode()


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


@dataclass
class Peer:
    """A connection on which a request for one stream came in."""

    writer: asyncio.StreamWriter
    stream: int = 0
    encoder: hpack.Encoder = field(default_factory=hpack.Encoder)

    async def send(self, kind: int, flags: int = 0, payload: bytes = b"", at: int = -1) -> None:
        """A frame, of the request's stream unless another one is named."""
        self.writer.write(frame(kind, flags, self.stream if at < 0 else at, payload))
        await self.writer.drain()

    async def head(self, *more: tuple[str, str], flags: int = END_HEADERS) -> None:
        await self.send(HEADERS, flags, self.encoder.encode([*OK, *more]))

    async def good(self) -> None:
        await self.head(("content-length", str(len(BODY))))
        await self.send(DATA, END_STREAM, BODY)


Act = Callable[[Peer], Awaitable[None]]


def then(*frames: tuple[int, int, bytes, int], head: bool = True, close: bool = False) -> Act:
    """Headers, and these frames as (kind, flags, payload, stream; -1: the request's)."""

    async def act(peer: Peer) -> None:
        if head:
            await peer.head()
        for kind, flags, payload, stream in frames:
            await peer.send(kind, flags, payload, stream)
        if close:
            peer.writer.close()

    return act


def for_ever(kind: int, flags: int, payload: bytes, stream: int, pause: float = 0.0) -> Act:
    """Headers, and the same frame without an end."""

    async def act(peer: Peer) -> None:
        await peer.head()
        while True:
            await peer.send(kind, flags, payload, stream)
            await asyncio.sleep(pause)

    return act


def headers(*pairs: tuple[str, str]) -> Act:
    """An answer of exactly these headers."""

    async def act(peer: Peer) -> None:
        await peer.send(HEADERS, END_HEADERS, peer.encoder.encode(list(pairs)))
        await peer.send(DATA, END_STREAM, BODY)

    return act


async def packed_bomb(peer: Peer) -> None:
    """A header of 4,000 bytes that is then named 30,000 times by its number: 120 MB of headers."""
    first = peer.encoder.encode([*OK, ("x", "v" * 4000)])
    await peer.send(HEADERS, 0, first + b"\xbe" * 12_000)
    await peer.send(CONTINUATION, END_HEADERS, b"\xbe" * 16_000)


async def continued_for_ever(peer: Peer) -> None:
    await peer.head(flags=0)
    while True:
        await peer.send(CONTINUATION, 0, peer.encoder.encode([("x-more", "more")]))
        await asyncio.sleep(0)


async def pushed(peer: Peer) -> None:
    promised = peer.encoder.encode(
        [(":method", "GET"), (":scheme", "http"), (":authority", "x"), (":path", "/pushed")]
    )
    await peer.send(PUSH, END_HEADERS, struct.pack(">I", 2) + promised)
    await peer.good()


async def plain(peer: Peer) -> None:
    peer.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno")
    await peer.writer.drain()


async def with_trailers(peer: Peer) -> None:
    await peer.head()
    await peer.send(DATA, 0, BODY)
    await peer.send(HEADERS, END_STREAM | END_HEADERS, peer.encoder.encode([("x-sum", "1")]))


NO_ERROR, CANCEL = struct.pack(">II", 0, 0), struct.pack(">I", 8)
CASES: dict[str, tuple[Act, str]] = {  # what the server does, and the reason; "" where it is fine
    "good": (Peer.good, ""),
    "trailers": (with_trailers, ""),
    "good_bye_at_once": (then((GOAWAY, 0, NO_ERROR, 0), head=False, close=True), "connection"),
    "good_bye_in_body": (
        then((DATA, 0, BODY, -1), (GOAWAY, 0, NO_ERROR, 0), close=True), "connection",
    ),
    "reset_at_once": (then((RST, 0, CANCEL, -1), head=False), "connection"),
    "reset_in_body": (then((DATA, 0, BODY, -1), (RST, 0, CANCEL, -1)), "connection"),
    "closed_in_body": (then((DATA, 0, BODY, -1), close=True), "connection"),
    "silence": (then(head=False), "timeout"),
    "silence_in_body": (then((DATA, 0, BODY, -1)), "timeout"),
    "byte_by_byte": (for_ever(DATA, 0, b"a", -1, pause=0.02), "timeout"),
    "empty_data": (for_ever(DATA, 0, b"", -1), "timeout"),
    "pings": (for_ever(PING, 0, b"12345678", 0), "timeout"),
    "settings": (for_ever(SETTINGS, 0, struct.pack(">HI", 1, 4096), 0), "timeout"),
    "headers_continued_for_ever": (continued_for_ever, "connection"),
    "packed_header_bomb": (packed_bomb, "connection"),
    "a_thousand_headers": (
        headers(*OK, *((f"x-{n}", "v") for n in range(1000))), "too_many_headers",
    ),
    "garbage": (then((99, 99, b"\xff" * 99, 99), (DATA, 0, b"", 0), head=False), "connection"),
    "frame_too_large": (then((DATA, 0, b"a" * 20_000, -1)), "connection"),
    "padding_too_long": (then((DATA, 8, b"\xff", -1)), "connection"),
    "data_of_another_stream": (then((DATA, END_STREAM, BODY, 77)), "connection"),
    "window_overflow": (
        then(*[(WINDOW, 0, struct.pack(">I", 0x7FFFFFFF), 0)] * 2), "connection",
    ),
    "no_status": (headers(("content-type", "text/html")), ""),  # taken for a 200
    "status_is_no_number": (headers((":status", "abc")), "connection"),
    "length_too_small": (headers(*OK, ("content-length", "3")), "connection"),
    "pushed_unasked": (pushed, "connection"),
    "http_1": (plain, "timeout"),  # a frame of 4.7 MB that never comes
    "body_without_end": (for_ever(DATA, 0, b"a" * 16_000, -1), "too_large"),
    "too_large": (lambda peer: peer.head(("content-length", "9999999")), "too_large"),
}  # fmt: skip


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve a connection: the act of each request's path, while frames go on being read."""
    peers, decoder = [], hpack.Decoder()
    tasks: list[asyncio.Task[None]] = []
    shared = hpack.Encoder()
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        assert await reader.readexactly(len(PREFACE)) == PREFACE
        writer.write(frame(SETTINGS, 0, 0))
        while True:
            head = await reader.readexactly(9)
            kind, flags, stream = struct.unpack(">BBI", head[3:])
            payload = await reader.readexactly(int.from_bytes(head[:3]))
            if kind == SETTINGS and not flags & ACK:
                writer.write(frame(SETTINGS, ACK, 0))
            if kind == HEADERS:
                path = dict(decoder.decode(payload))[":path"]
                peers.append(Peer(writer, stream, shared))
                tasks.append(asyncio.ensure_future(CASES[path[1:]][0](peers[-1])))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    writer.close()


class OverHttp2(Client):
    """The client, with HTTP/2 as its only protocol."""

    def _pool(self, scheme: str) -> httpcore.AsyncConnectionPool:
        if scheme not in self._pools:
            self._pools[scheme] = httpcore.AsyncConnectionPool(
                http1=False, http2=True, max_connections=4, network_backend=self._backend
            )
        return self._pools[scheme]


async def ask(name: str) -> tuple[str, bytes, float]:
    """(reason, body, seconds) of one request; then a good one through the same client."""
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = OverHttp2("korpu/0.1", timeout=0.5, max_bytes=1 << 20, allow_private=True)
    reason, body, began = "", b"", time.monotonic()
    try:
        try:
            body = (await client.get(f"{base}/{name}")).body
        except Failed as failed:
            reason = failed.reason
        took = time.monotonic() - began
        assert (await client.get(f"{base}/good")).body == BODY
    finally:
        await client.close()
        server.close()
    return reason, body, took


@pytest.mark.parametrize("name", CASES)
def test_http2_fault_costs_one_request(name: str) -> None:
    reason, body, took = asyncio.run(ask(name))
    assert reason == CASES[name][1]
    assert body == (b"" if reason else BODY)
    assert took < 1.0
