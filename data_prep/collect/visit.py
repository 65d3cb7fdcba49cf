"""One site while it is crawled: where it stands, and how soon its host may be asked again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from data_prep.collect import warc
from data_prep.collect.fetch import Client
from data_prep.collect.frontier import Frontier, Url
from data_prep.collect.robots import Robots
from data_prep.collect.urls import authority
from korpu.schema import Collect, Site

FIRST_WAIT, LONGEST_BACKOFF = 0.5, 30.0  # seconds; doubled with every failure in a row


def backoff(tries: int) -> float:
    """Seconds to wait after a failure."""
    return min(FIRST_WAIT * 2.0**tries, LONGEST_BACKOFF)


def now() -> str:
    """The time of a fetch, ISO 8601 in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Pace:
    """When a host may be asked again. ``ready`` is a monotonic time."""

    ready: float = 0.0
    failures: int = 0  # in a row, without an answer or with a plea for patience

    def wait(self, seconds: float) -> None:
        """Not before so many seconds from now."""
        self.ready = max(self.ready, time.monotonic() + seconds)


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
    paces: dict[str, Pace]
    hosts: frozenset[str] = frozenset()
    visited: int = 0
    served: int = 0  # steps of this process, for taking sites in turn
    upcoming: Url | None = None
    rules: dict[str, Robots] = field(default_factory=dict)
    ready_at: dict[int, float] = field(default_factory=dict)  # of URLs that failed before

    def pace(self, url: str) -> Pace:
        """The pace of a URL's host, shared by all sites on it."""
        return self.paces.setdefault(authority(url), Pace())

    def look(self) -> bool:
        """Find the next URL; False where the site is finished."""
        if self.visited >= self.site.max_pages:
            return False
        self.upcoming = self.frontier.upcoming(self.name)
        return self.upcoming is not None

    @property
    def ready(self) -> float:
        """The monotonic time from which the next URL may be fetched."""
        assert self.upcoming is not None
        own = self.ready_at.get(self.upcoming.id, 0.0)
        return max(self.pace(self.upcoming.url).ready, own)
