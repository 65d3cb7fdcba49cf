"""One site while it is crawled, and the hosts it asks: how soon each may be asked again."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from data_prep.collect.site import warc
from data_prep.collect.site.fetch import Client, Failed
from data_prep.collect.site.frontier import Frontier
from data_prep.collect.site.ledger import Url
from data_prep.collect.site.links import Link
from data_prep.collect.site.robots import Robots
from data_prep.collect.site.urls import authority
from data_prep.collect.site.window import Window
from korpu.schema import Collect, Site

FIRST_WAIT, LONGEST_BACKOFF = 0.5, 30.0  # seconds; doubled with every failure in a row
_REMEMBERED = 1000  # URLs that failed, and how long each has to wait


def backoff(tries: int) -> float:
    """Seconds to wait after a failure."""
    return min(FIRST_WAIT * 2.0 ** min(tries, 10), LONGEST_BACKOFF)


def now() -> str:
    """The time of a fetch, ISO 8601 in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Host:
    """A host, asked for one thing at a time by all sites on it. ``ready`` is a monotonic time."""

    ready: float = 0.0
    failures: int = 0  # in a row, without an answer or with a plea for patience
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def wait(self, seconds: float) -> None:
        """Not before so many seconds from now."""
        self.ready = max(self.ready, time.monotonic() + seconds)

    async def pause(self) -> None:
        """Wait until the host may be asked; to be called in its turn."""
        while (left := self.ready - time.monotonic()) > 0:
            await asyncio.sleep(left)


@dataclass
class Tally:
    """What people are told of a site."""

    done: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    state: str = "waiting"
    said: Counter[str] = field(default_factory=Counter)  # lines, by what they were about


@dataclass
class Crawl:
    """One site in the crawl."""

    name: str
    site: Site
    collect: Collect
    frontier: Frontier
    archive: warc.Archive
    folder: Path
    client: Client
    all_hosts: dict[str, Host]
    window: Window
    hosts: frozenset[str] = frozenset()  # the authorities that belong to the site
    origins: frozenset[str] = frozenset()  # of its starts: without their rules there is no site
    visited: int = 0
    sitemaps: int = 0  # asked for in this snapshot, feeds too
    rules: OrderedDict[str, Robots] = field(default_factory=OrderedDict)
    silent: dict[str, Failed] = field(default_factory=dict)  # other origins without rules, and why
    patience: OrderedDict[int, float] = field(default_factory=OrderedDict)
    tally: Tally = field(default_factory=Tally)

    def host(self, url: str) -> Host:
        """The host of a URL, shared by all sites on it."""
        return self.all_hosts.setdefault(authority(url), Host())

    def next(self) -> Url | None:
        """The next URL; None where the site is finished."""
        if self.visited >= self.site.max_pages:
            return None
        return self.frontier.upcoming(self.name)

    def judged(self, link: Link) -> Link:
        """The link, with the reason why it must not be asked for, where there is one."""
        reason = self.window.refuses(link.url, link.lastmod, link.published)
        if reason is None:
            return link
        return Link(link.url, link.kind, link.listed, link.lastmod, link.published, reason)

    def put_off(self, url: Url, seconds: float) -> None:
        """A URL failed: not before so many seconds from now. The oldest such wishes are dropped;
        whoever failed goes behind all others anyway."""
        self.patience[url.id] = time.monotonic() + seconds
        while len(self.patience) > _REMEMBERED:
            self.patience.popitem(last=False)
