"""What people are told while a crawl goes on: hosts, errors by reason, how much is left."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from data_prep.collect.site.frontier import Frontier
from data_prep.collect.site.urls import authority, canonical
from data_prep.collect.site.visit import Crawl
from korpu.log import Progress

_EVERY = 1.0  # seconds; longer where counting what waits takes long


class Board:
    """The facts of a crawl, told about once a second."""

    def __init__(self, progress: Progress, frontier: Frontier, crawls: Sequence[Crawl]) -> None:
        self._progress, self._frontier, self._crawls = progress, frontier, crawls
        self._done = 0

    def count(self, one: Crawl, reason: str | None = None) -> None:
        """A request of a site is over; ``reason`` is what was wrong with it."""
        one.tally.done += 1
        self._done += 1
        if reason is not None:
            one.tally.errors[reason] += 1
        self._progress(1)

    async def watch(self) -> None:
        """Tell until cancelled."""
        while True:
            began = time.monotonic()
            self.tell()
            await asyncio.sleep(max(_EVERY, 20 * (time.monotonic() - began)))

    def tell(self) -> None:
        """Tell how things are."""
        waiting = self._frontier.waiting()
        hosts: dict[str, dict[str, Any]] = {}
        errors: Counter[str] = Counter()
        left = 0
        for one in self._crawls:
            rest = min(waiting.get(one.name, 0), max(one.site.max_pages - one.visited, 0))
            left += rest if one.tally.state not in ("done", "given up") else 0
            errors.update(one.tally.errors)
            start = canonical(one.site.start[0]) if one.site.start else None
            facts = hosts.setdefault(
                authority(start) if start else one.name,
                {"done": 0, "waiting": 0, "errors": {}, "state": ""},
            )
            facts["done"] += one.tally.done
            facts["waiting"] += rest
            facts["errors"] = dict(Counter(facts["errors"]) + one.tally.errors)
            facts["state"] = _state(one, start)
        self._progress.total = self._done + left
        self._progress.tell(hosts=hosts, errors=dict(sorted(errors.items())))


def _state(one: Crawl, start: str | None) -> str:
    if one.tally.state == "fetching" and start:
        left = one.host(start).ready - time.monotonic()
        if left > 1:
            return f"pausing {math.ceil(left)} s"
    return one.tally.state
