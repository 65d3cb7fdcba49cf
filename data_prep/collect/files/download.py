"""One large file by URL: checked addresses, bounded in size and time, whole or absent on disk."""

from __future__ import annotations

import asyncio
import hashlib
import os
import ssl
import time
from pathlib import Path
from urllib.parse import urljoin

import httpcore

from data_prep.collect.site.addresses import AddressRefused, CheckedBackend, Deadline
from data_prep.collect.site.fetch import RETRIED, retry_after
from data_prep.collect.site.urls import canonical
from korpu.artifact import replace_durably
from korpu.errors import Infrastructure, UsageError
from korpu.schema import Collect

LARGEST = 16 << 30  # bytes
LONGEST = 4 * 3600.0  # seconds, all of it


class _Again(Exception):
    """What went wrong may be over soon; ``wait`` seconds, where the server says how soon."""

    def __init__(self, said: str, wait: float | None = None) -> None:
        super().__init__(said)
        self.wait = wait


def fetch(url: str, target: Path, collect: Collect, key: str, allow_private: bool) -> None:
    """Put what a URL gives at ``target``, unless it is there.

    Raises ``UsageError`` for a URL that is none, is refused or does not exist, and for a file that
    is too large; ``Infrastructure`` where the server cannot be reached or does not give all of it.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(collect.retries + 1):
        try:
            asyncio.run(_follow(url, target, collect, key, allow_private))
            return
        except _Again as error:
            if attempt == collect.retries:
                raise Infrastructure(
                    f"{key}: {url} was not fetched ({error}); try again later, or fetch it "
                    "yourself and give its path"
                ) from error
            time.sleep(error.wait if error.wait is not None else min(2.0**attempt, 30.0))


async def _follow(url: str, target: Path, collect: Collect, key: str, allow_private: bool) -> None:
    """The URL and its redirects, each of them checked."""
    deadline = Deadline()
    deadline.at = time.monotonic() + LONGEST
    at = canonical(url)
    backend = CheckedBackend(allow_private, deadline)
    async with httpcore.AsyncConnectionPool(network_backend=backend) as pool:
        for _ in range(collect.max_redirects + 1):
            if at is None:
                raise UsageError(f"{key}: {url} leads to no http(s) address; correct it")
            try:
                following = await _get(pool, at, target, collect, key)
            except AddressRefused as error:
                raise UsageError(
                    f"{key}: {at} is refused ({error}); only public addresses are asked, unless "
                    "allow_private is true"
                ) from error
            except (httpcore.TimeoutException, httpcore.NetworkError) as error:
                raise _Again(str(error) or type(error).__name__) from error
            except (httpcore.ProtocolError, ssl.SSLError, ValueError, LookupError) as error:
                raise _Again(str(error) or type(error).__name__) from error  # no HTTP answer
            if following is None:
                return
            at = canonical(following, at)
    raise UsageError(f"{key}: {url} redirects more than {collect.max_redirects} times; correct it")


async def _get(
    pool: httpcore.AsyncConnectionPool, url: str, target: Path, collect: Collect, key: str
) -> str | None:
    """One request: where it leads on, or None when the file is there."""
    limits = dict.fromkeys(("connect", "read", "write", "pool"), collect.timeout)
    headers = [
        ("Host", url.split("/", 3)[2]),
        ("User-Agent", collect.user_agent),
        ("Accept-Encoding", "identity"),
    ]
    async with pool.stream("GET", url, headers=headers, extensions={"timeout": limits}) as response:
        said = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        if 300 <= response.status < 400 and b"location" in said:
            return urljoin(url, said[b"location"])
        if response.status in RETRIED:
            raise _Again(
                f"the server answers {response.status}", retry_after(said.get(b"retry-after"))
            )
        if response.status != 200:
            raise UsageError(f"{key}: {url} answers {response.status}; correct it")
        length = said.get(b"content-length", "")
        chunked = b"transfer-encoding" in said  # then a length says nothing
        if not chunked and length.isascii() and length.isdigit() and int(length) > LARGEST:
            raise UsageError(f"{key}: {url} has {length} bytes, more than {LARGEST}; fetch it "
                             "yourself and give its path")  # fmt: skip
        await _save(response, url, target, key)
    return None


async def _save(response: httpcore.Response, url: str, target: Path, key: str) -> None:
    temporary = target.with_name(target.name + ".tmp")
    size = 0
    try:
        with temporary.open("wb") as stream:
            async for block in response.aiter_stream():
                size += len(block)
                if size > LARGEST:
                    raise UsageError(f"{key}: {url} has more than {LARGEST} bytes; fetch it "
                                     "yourself and give its path")  # fmt: skip
                stream.write(block)
            stream.flush()
            os.fsync(stream.fileno())
        replace_durably(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def name_of(url: str) -> str:
    """A file name for a URL, which cannot lead out of its folder."""
    return hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:16]
