"""Connections to checked addresses only, each read held to its request's deadline.

The name is resolved, every address is judged, and the connection goes to the address that was
judged, so a name that changes between check and use (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

METADATA = {"168.63.129.16", "100.100.100.200", "169.254.169.254", "fd00:ec2::254"}
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(Exception):
    """A host resolves to an address that this source must not reach."""


def allowed(address: str, allow_private: bool) -> bool:
    """Whether an IP address may be connected to.

    Public addresses always; loopback and private ones with ``allow_private``; link-local,
    multicast, unspecified and cloud metadata addresses never.
    """
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(
        address.partition("%")[0]
    )
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in NAT64:
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        ip = inside or ip
    if str(ip) in METADATA or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False
    if ip.is_global:
        return True
    return allow_private and (ip.is_loopback or ip.is_private)


async def resolve(host: str, port: int, allow_private: bool) -> list[str]:
    """The addresses of a host, all of them allowed.

    Raises ``AddressRefused`` if one is not (a host that answers with both is not to be trusted),
    ``httpcore.ConnectError`` if the name does not resolve.
    """
    try:
        addresses = [str(ipaddress.ip_address(host))]
    except ValueError:
        try:
            addresses = await _looked_up(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} does not resolve: {error}") from error
    for address in addresses:
        if not allowed(address, allow_private):
            raise AddressRefused(f"{host} is {address}")
    return addresses


async def _looked_up(host: str, port: int) -> list[str]:
    """The system's resolver, in a thread that nobody waits for: it may hang longer than we do."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def told(found: list[str] | Exception) -> None:
        if answer.done():
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: list[str] | Exception
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys(str(row[4][0]) for row in rows))
        except (OSError, UnicodeError) as error:
            found = error
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(told, found)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    return await answer


class Deadline:
    """The moment the current request must be over; shared by the streams of one client."""

    def __init__(self) -> None:
        self.at = float("inf")

    def left(self, timeout: float | None) -> float:
        """Seconds for one operation; raises ``httpcore.ReadTimeout`` when none are left."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the request took too long")
        return min(left, timeout if timeout is not None else left)


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """TCP connections to addresses that ``allowed`` lets through."""

    def __init__(self, allow_private: bool, deadline: Deadline) -> None:
        self._tcp = httpcore.AnyIOBackend()
        self._allow_private = allow_private
        self._deadline = deadline

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers; raises ``AddressRefused``."""
        host = host.removeprefix("[").removesuffix("]")
        try:
            async with asyncio.timeout(self._deadline.left(timeout)):
                addresses = await resolve(host, port, self._allow_private)
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"{host} does not resolve in time") from None
        failure: Exception | None = None
        for address in addresses:
            try:
                stream = await self._tcp.connect_tcp(
                    address, port, self._deadline.left(timeout), local_address, socket_options
                )
                return _TimedStream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _TimedStream(httpcore.AsyncNetworkStream):
    """A stream whose every read and write also ends at the request's deadline."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, self._deadline.left(timeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, self._deadline.left(timeout))

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        left = self._deadline.left(timeout)
        inner = await self._stream.start_tls(ssl_context, server_hostname, left)
        return _TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
