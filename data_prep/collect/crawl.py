"""The crawl: one request at a time, hosts taken in turn, each at its own pace.

Every step ends in one transaction of the frontier, so a step that is killed is simply done again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from data_prep.collect import warc
from data_prep.collect.discover import discover
from data_prep.collect.fetch import Answer, Client, Failed
from data_prep.collect.frontier import Frontier, Link, Url
from data_prep.collect.permission import rules_for
from data_prep.collect.urls import authority, canonical, origin
from data_prep.collect.visit import Crawl, Pace, backoff, now
from korpu import log
from korpu.errors import Infrastructure, KorpuError, UsageError
from korpu.schema import Collect, Site

_BUSY = {"http_429", "http_503"}  # the host, not the page, asks for patience


def crawl(
    sites: Mapping[str, Site], collect: Collect, frontier: Frontier, folder: Path
) -> dict[str, KorpuError]:
    """Fetch every site until nothing is left or its ``max_pages`` is reached.

    Returns the sites that had to be given up, with the error of each; what they gave so far is in
    the frontier, and a later call goes on from there. Raises ``OSError`` where the disk refuses.
    """
    paces: dict[str, Pace] = {}
    active: list[Crawl] = []
    given_up: dict[str, KorpuError] = {}
    with log.progress("crawl", None, "pages") as advance:
        try:
            for name, site in sites.items():
                active.append(_open(name, site, collect, frontier, folder, paces))
            working = [one for one in active if _started(one, given_up) and one.look()]
            while working:
                time_now = time.monotonic()
                one = min(working, key=lambda c: (max(c.ready, time_now), c.served))
                if one.ready > time_now:
                    time.sleep(one.ready - time_now)
                try:
                    _step(one, advance)
                except KorpuError as error:
                    given_up[one.name] = error
                    working.remove(one)
                    continue
                one.served += 1
                if not one.look():
                    working.remove(one)
        finally:
            for one in active:
                one.client.close()
                one.archive.close()
    return given_up


def _open(
    name: str,
    site: Site,
    collect: Collect,
    frontier: Frontier,
    folder: Path,
    paces: dict[str, Pace],
) -> Crawl:
    file = f"{name}.warc.gz"
    archive = warc.Archive(folder, file, frontier.committed(file))
    client = Client(collect.user_agent, collect.timeout, collect.max_bytes, site.allow_private)
    one = Crawl(name, site, collect, frontier, archive, folder, client, paces)
    one.visited = frontier.visited(name)
    return one


def _started(one: Crawl, given_up: dict[str, KorpuError]) -> bool:
    """Put a site's entry points into the frontier."""
    starts = []
    for given in one.site.start:
        url = canonical(given)
        if url is None:
            given_up[one.name] = UsageError(
                f"source.site.{one.name}.start: {given!r} is no http(s) URL"
            )
            return False
        starts.append(url)
    one.hosts = frozenset(authority(url) for url in starts)
    one.frontier.add(one.name, [Link(url, listed=True) for url in starts])
    return True


def _step(one: Crawl, advance: Callable[[int], None]) -> None:
    """Deal with the next URL of a site, durably; raises ``Infrastructure`` to give the site up."""
    url = one.upcoming
    assert url is not None
    rules = rules_for(one, url.url)
    if not rules.allows(url.url):
        one.frontier.gone(url, "robots", None)
        return
    pace = one.pace(url.url)
    pace.wait(max(one.site.delay, rules.delay))
    is_page = url.kind == "page"
    try:
        answer = one.client.get(url.url)
        pace.failures = 0
        fetched = now()
        if answer.status != 200:
            _redirect(one, url, answer, fetched)
            return
        found = discover(answer, one.hosts, one.collect.max_bytes)
        place = one.archive.append(answer, fetched)
        one.frontier.done(url, found.kind, place, fetched, found.links)
        is_page = found.kind == "html"
    except Failed as failed:
        if not _failed(one, url, pace, failed):
            return
    one.visited += is_page
    advance(1)


def _redirect(one: Crawl, url: Url, answer: Answer, fetched: str) -> None:
    target = canonical(answer.header("location") or "", url.url)
    if target is None:
        one.frontier.gone(url, "bad_redirect", fetched)
    elif authority(target) not in one.hosts:
        one.frontier.gone(url, "redirect_offsite", fetched)
    elif url.hops >= one.collect.max_redirects:
        one.frontier.gone(url, "too_many_redirects", fetched)
    elif _loops(one, url, target):
        one.frontier.gone(url, "redirect_loop", fetched)
    else:
        one.frontier.moved(url, target, fetched)


def _loops(one: Crawl, url: Url, target: str) -> bool:
    step: str | None = target
    for _ in range(one.collect.max_redirects + 1):
        if step is None or step == url.url:
            break
        step = one.frontier.moved_to(one.name, step)
    return step == url.url


def _failed(one: Crawl, url: Url, pace: Pace, failed: Failed) -> bool:
    """Put a URL back or give it up; True where it is given up.

    Raises ``Infrastructure`` where the host no longer answers at all.
    """
    retry = failed.retry and url.tries < one.collect.retries
    wait = max(failed.wait or 0.0, backoff(url.tries))
    if failed.status is None or failed.reason in _BUSY:
        pace.failures += 1
        pace.wait(wait if failed.retry else 0.0)
    else:
        pace.failures = 0
    if failed.retry and failed.status is None and pace.failures > one.collect.retries:
        _probe(one, url.url, failed)  # raises before the page is blamed for a dead host
        pace.failures = 0
    if retry:
        one.ready_at[url.id] = time.monotonic() + wait
        one.frontier.again(url)
        return False
    one.ready_at.pop(url.id, None)
    one.frontier.gone(url, failed.reason, now())
    return True


def _probe(one: Crawl, url: str, failed: Failed) -> None:
    """Ask whether a host that failed again and again is there at all."""
    try:
        one.client.get(f"{origin(url)}/robots.txt")
    except Failed as now_failed:
        if now_failed.status is None and now_failed.reason != "address_refused":
            raise Infrastructure(
                f"site {one.name}: {origin(url)} does not answer any more ({failed}); run it "
                "again when it does, the crawl continues where it stopped"
            ) from failed
