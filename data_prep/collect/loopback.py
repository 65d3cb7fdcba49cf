"""The benchmark's news site: a server in a process of its own, on loopback.

`press` pages are all built before the first request, so that the server costs next to nothing;
`short` ones are made when they are asked for, so that a hundred thousand need no memory here.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import multiprocessing
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from data_prep.collect.loopback_pages import (
    LANGUAGES,
    TODAY,
    date_of,
    front,
    fronts,
    path_of,
    press,
    short,
)
from korpu.schema import Recipe, Site, Sources

LISTED = 10_000  # URLs of one sitemap


class _Site:
    """What a path answers: a status line, headers and a body, ready to be sent."""

    def __init__(self, pages: int, shape: str, base: str) -> None:
        self.pages, self.shape, self.base = pages, shape, base
        self.ready = {path: _reply(front(path, pages)) for path in fronts()}
        robots = f"User-agent: *\nDisallow: /media/\nSitemap: {base}/sitemap.xml\n"
        self.ready["/robots.txt"] = _reply(robots, "text/plain")
        parts = range(0, pages, LISTED)
        listed = "".join(f"<sitemap><loc>{base}/sitemap-{n}.xml</loc></sitemap>" for n in parts)
        self.ready["/sitemap.xml"] = _reply(_xml("sitemapindex", listed), "application/xml")
        if shape == "press":
            for n in range(pages):
                self.ready[path_of(n)] = _reply(press(n, pages, base))
        self.asked = bytearray(pages)  # how often each article was
        self.others = 0

    def answer(self, path: str) -> bytes:
        number = _number(path)
        if number is not None and number < self.pages and path == path_of(number):
            self.asked[number] = min(self.asked[number] + 1, 255)
            found = self.ready.get(path)
            return found if found is not None else _reply(short(number, self.pages))
        self.others += 1
        if (part := re.fullmatch(r"/sitemap-(\d{1,9})\.xml", path)) is not None:
            return self._sitemap(int(part[1]))
        return self.ready.get(path) or _reply("no such page", "text/plain", "404 Not Found")

    def _sitemap(self, first: int) -> bytes:
        urls = "".join(
            f"<url><loc>{self.base}{path_of(n)}</loc><lastmod>{date_of(n)}</lastmod></url>"
            for n in range(first, min(first + LISTED, self.pages))
        )
        return _reply(_xml("urlset", urls), "application/xml")


def _number(path: str) -> int | None:
    digits = path.rpartition("/")[2].partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else None


def _xml(root: str, inside: str) -> str:
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="{space}">{inside}</{root}>'


def _reply(body: str, kind: str = "text/html; charset=utf-8", status: str = "200 OK") -> bytes:
    data = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


class _Talk(asyncio.Protocol):
    """One connection: GET after GET, until the client closes it."""

    def __init__(self, site: _Site) -> None:
        self.site, self.read = site, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.read += data
        while (end := self.read.find(b"\r\n\r\n")) >= 0:
            path = self.read.split(b" ", 2)[1].decode("latin-1")
            self.read = self.read[end + 4 :]
            self.transport.write(self.site.answer(path))


def _serve(pipe: Connection, pages: int, shape: str) -> None:
    """The server's process: its port out, then a count for every word in, until the end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the parent's to answer

    async def serve() -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        sites: list[_Site] = []
        server = await loop.create_server(lambda: _Talk(sites[0]), "127.0.0.1", 0)
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        sites.append(_Site(pages, shape, base))

        def told() -> None:
            try:
                pipe.recv()
                asked = sites[0].asked
                pipe.send((len(asked) - asked.count(0), sum(asked), sites[0].others))
            except (EOFError, OSError):
                ended.set()

        loop.add_reader(pipe.fileno(), told)
        pipe.send(base)
        await ended.wait()

    asyncio.run(serve())


@dataclass
class Loopback:
    """A running site. ``url`` is without a slash at the end."""

    url: str
    pages: int
    pipe: Connection

    @property
    def urls(self) -> list[str]:
        """Every article's."""
        return [self.url + path_of(number) for number in range(self.pages)]

    def asked(self) -> tuple[int, int, int]:
        """(different articles asked for, requests for articles, all other requests) so far."""
        self.pipe.send("asked")
        counts: tuple[int, int, int] = self.pipe.recv()
        return counts


@contextlib.contextmanager
def serving(pages: int, shape: str = "press") -> Iterator[Loopback]:
    """A site of so many articles, `press` or `short`, as long as the context lasts."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, pages, shape), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Loopback(ours.recv(), pages, ours)
    finally:
        ours.close()
        process.terminate()
        process.join()


def recipe_of(url: str, pages: int, workers: int, outputs: Path) -> Recipe:
    """The default recipe with the loopback site as its only source.

    ``outputs`` has no earlier crawl in it that this one could go on from.
    """
    import hydra

    from korpu import config

    config.register()
    with hydra.initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        recipe = config.recipe_of(hydra.compose("collect"))
    site = Site(
        start=[f"{url}/"],
        languages=LANGUAGES,
        timezone="Asia/Baku",
        licence="CC0-1.0",
        may_redistribute=True,
        terms_checked=True,
        allow_private=True,
        delay=0.0,
        max_pages=2 * pages + 100,
    )
    sources = Sources(
        site={"loopback": site}, warc={}, files={}, hub={}, opus={}, corrections={}, shard=None
    )
    return dataclasses.replace(
        recipe,
        source=sources,
        newsroom=dataclasses.replace(recipe.newsroom, serve=False),
        collect=dataclasses.replace(recipe.collect, snapshot=TODAY, workers=workers),
        runtime=dataclasses.replace(recipe.runtime, outputs=str(outputs)),
    )
