"""A raw TCP server that answers as no server should, and the faults it is made of.

A fault is a coroutine that gets the connection after a request was read and writes what it likes;
nothing between it and the socket makes HTTP of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from tests.collect.town import paragraphs

HTML = "text/html; charset=utf-8"
MEGABYTE = 1 << 20


@dataclass
class Peer:
    """A connection whose request was read. ``count``: how often its path was asked for by now."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    path: str
    headers: dict[str, str]
    count: int
    base: str  # the host's own URL

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, *lines: str, status: str = "200 OK") -> None:
        """A status line and headers, in Latin-1 as they are."""
        await self.send("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1"))

    async def answer(
        self, body: bytes, *lines: str, kind: str = HTML, status: str = "200 OK"
    ) -> None:
        """An answer as it should be."""
        length = f"Content-Length: {len(body)}"
        await self.head(f"Content-Type: {kind}", length, *lines, status=status)
        await self.send(body)

    async def hang(self) -> None:
        """Say nothing until the other side has had enough."""
        await self.reader.read()

    def reset(self) -> None:
        """End the connection with RST."""
        own = self.writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Act = Callable[[Peer], Awaitable[None]]


class Closed(Exception):
    """The act has ended the connection."""


@dataclass
class Host:
    """What one port answers, by path; what is not there is a 404."""

    url: str = ""
    acts: dict[str, Act] = field(default_factory=dict)
    otherwise: Act | None = None
    asked: Counter[str] = field(default_factory=Counter)
    hellos: int = 0  # of TLS, which is not spoken here

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until an act or the other side ends it."""
        with contextlib.suppress(OSError, Closed):
            while not writer.is_closing():
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError as error:
                    self.hellos += error.partial.startswith(b"\x16")
                    break
                lines = head.decode("latin-1").split("\r\n")
                path = lines[0].split(" ")[1]
                headers = {k.lower(): v.strip() for k, _, v in (x.partition(":") for x in lines)}
                self.asked[path] += 1
                peer = Peer(reader, writer, path, headers, self.asked[path], self.url)
                act = self.acts.get(path) or self.otherwise
                if act is None:
                    await peer.answer(b"no", kind="text/plain", status="404 Not Found")
                else:
                    await act(peer)
        writer.close()


@contextlib.contextmanager
def serving(hosts: list[Host]) -> Iterator[None]:
    """Run the hosts in a thread, each on a port of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def open_all() -> None:
        for host in hosts:
            server = await asyncio.start_server(host.talk, "127.0.0.1", 0)
            host.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def close_all() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(open_all(), loop).result(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(close_all(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


# ── pages ──────────────────────────────────────────────────────────────────────────────────────


def article(number: int, head: str = "", links: str = "", title: str = "") -> str:
    """A page with an article that no other number has."""
    text = "".join(f"<p>{line}</p>" for line in paragraphs(0, number, 1))
    return (
        f"<!DOCTYPE html><html lang=az><head>{head}<title>{title or f'Xəbər {number}'}</title>"
        f"</head><body><article><h1>{title or f'Xəbər {number}'}</h1>{text}</article>"
        f"<footer>{links}</footer></body></html>"
    )


def links(*paths: str) -> str:
    """Anchors."""
    return "".join(f"<a href='{path}'>x</a> " for path in paths)


def page(body: str | bytes, *lines: str, kind: str = HTML, status: str = "200 OK") -> Act:
    """A body as it should be."""
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body

    async def act(peer: Peer) -> None:
        await peer.answer(data, *lines, kind=kind, status=status)

    return act


def status(line: str, *lines: str) -> Act:
    """A status without a body."""
    return page(b"", *lines, status=line)


def to(target: str) -> Act:
    """A redirect; the target goes out as it is, in Latin-1."""
    return page(b"", f"Location: {target}", status="302 Found")


# ── faults ─────────────────────────────────────────────────────────────────────────────────────


def raw(data: bytes) -> Act:
    """These bytes, and the end of the connection."""

    async def act(peer: Peer) -> None:
        await peer.send(data)
        raise Closed

    return act


def headers(*lines: str) -> Act:
    """An article behind these headers alone."""
    text = "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode("latin-1")
    return raw(text + article(99).encode())


def reset_after(data: bytes) -> Act:
    """These bytes, and RST."""

    async def act(peer: Peer) -> None:
        await peer.send(data)
        await asyncio.sleep(0.05)  # the bytes are read before the reset throws them away
        peer.reset()
        raise Closed

    return act


def stall_after(data: bytes) -> Act:
    """These bytes, and silence."""

    async def act(peer: Peer) -> None:
        await peer.send(data)
        await peer.hang()
        raise Closed

    return act


def drip(before: bytes, data: bytes, pause: float) -> Act:
    """One byte at a time, over and over: slow enough to last for ever, too fast for a timeout."""

    async def act(peer: Peer) -> None:
        await peer.send(before)
        while True:
            for byte in data:
                await peer.send(bytes([byte]))
                await asyncio.sleep(pause)

    return act


def endless(before: bytes, data: bytes) -> Act:
    """The same bytes without an end, as fast as they are read."""

    async def act(peer: Peer) -> None:
        await peer.send(before)
        while True:
            await peer.send(data)

    return act


def large(size: int, *lines: str, chunked: bool = False) -> Act:
    """An HTML page of ``size`` bytes, a megabyte at a time; without a length unless one is told."""
    part = b"<p>" + b"a " * ((MEGABYTE - 7) // 2) + b"</p>"

    async def act(peer: Peer) -> None:
        await peer.head(f"Content-Type: {HTML}", *lines)
        for _ in range(size // len(part)):
            await peer.send(f"{len(part):x}\r\n".encode() + part + b"\r\n" if chunked else part)
        if chunked:
            await peer.send(b"0\r\n\r\n")
        raise Closed

    return act


def bomb(size: int, byte: bytes = b"\0") -> bytes:
    """A gzip stream of about ``size`` equal bytes, a thousandth as long."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packer.compress(byte * MEGABYTE)
    packer.flush(zlib.Z_FULL_FLUSH)
    part = packer.compress(byte * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    start = gzip.compress(b"", mtime=0)[:10]
    return start + part * (size // MEGABYTE) + b"\x03\0" + b"\0" * 8


def failing_first(times: int, fault: Act, then: Act) -> Act:
    """A fault for the first requests, then what should have been there."""

    async def act(peer: Peer) -> None:
        await (fault if peer.count <= times else then)(peer)

    return act
