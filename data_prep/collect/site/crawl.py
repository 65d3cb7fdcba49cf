"""The crawl: sites at the same time, each host asked for one thing at a time, at its own pace.

Every site is a task of one event loop, and takes its URLs strictly one after the other, so what it
finds depends on its servers alone and not on what other hosts do meanwhile. Sites on one host take
turns. All that is durable is written in the loop's own thread, and every step ends in one
transaction of the frontier, so a step that is killed or stopped is simply done again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from data_prep.collect.site import carry, stopping, warc
from data_prep.collect.site.board import Board
from data_prep.collect.site.discover import Fault, discover
from data_prep.collect.site.fetch import Answer, Client, Failed
from data_prep.collect.site.frontier import Frontier
from data_prep.collect.site.ledger import Seen, Url
from data_prep.collect.site.links import Link
from data_prep.collect.site.permission import rules_for
from data_prep.collect.site.traps import GENERATIONS
from data_prep.collect.site.urls import authority, canonical, origin
from data_prep.collect.site.visit import Crawl, Host, backoff, now
from data_prep.collect.site.window import Window, days
from korpu import log
from korpu.errors import Infrastructure, KorpuError, SaysNo, UsageError
from korpu.schema import Collect, Site

_BUSY = {"http_429", "http_503"}  # the host, not the page, asks for patience
_GONE = {"http_404", "http_410", "http_451"}  # a page that answers so has no record any more
_PAGES = ("page", "html")
_LISTS = ("sitemap", "feed")
_SITEMAPS = 200  # of one site, or as many as it has pages
_LINES = 5  # said of one site's faulty documents; more are only counted
_NAMED = 4  # entry points in the sentence that a site gave nothing


def crawl(
    sites: Mapping[str, Site], collect: Collect, frontier: Frontier, folder: Path
) -> dict[str, KorpuError]:
    """Fetch every site until nothing is left or its ``max_pages`` is reached.

    ``folder`` holds the WARC files. Returns the sites that had to be given up, with the error of
    each; what they gave so far is in the frontier, and a later call goes on from there. Raises
    ``OSError`` where the disk refuses, ``Stopped`` at a signal.
    """
    frontier.snapshot = collect.snapshot
    with log.progress("crawl", None, "pages") as progress:
        return stopping.run(lambda: _crawl(sites, collect, frontier, folder, progress))


async def _crawl(
    sites: Mapping[str, Site],
    collect: Collect,
    frontier: Frontier,
    folder: Path,
    progress: log.Progress,
) -> dict[str, KorpuError]:
    hosts: dict[str, Host] = {}
    crawls: list[Crawl] = []
    tasks: list[asyncio.Task[None]] = []
    board = Board(progress, frontier, crawls)
    try:
        for name, site in sites.items():
            crawls.append(_open(name, site, collect, frontier, folder, hosts))
        tasks = [asyncio.create_task(_site(one, board)) for one in crawls]
        tasks.append(asyncio.create_task(board.watch()))
        given_up = await _ended(crawls, tasks)
        board.tell()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for one in crawls:
            await one.client.close()
            one.archive.close()
    return given_up


async def _ended(
    crawls: Sequence[Crawl], tasks: Sequence[asyncio.Task[None]]
) -> dict[str, KorpuError]:
    """Wait for all sites; a site's own error is returned, any other ends the crawl."""
    *working, watch = tasks
    waiting = set(working)
    while waiting:
        over, _ = await asyncio.wait({*waiting, watch}, return_when=asyncio.FIRST_COMPLETED)
        waiting -= over
        for task in over:
            error = task.exception()
            if error is not None and (task is watch or not isinstance(error, KorpuError)):
                raise error
    given_up = {}
    for one, task in zip(crawls, tasks, strict=False):
        if isinstance(error := task.exception(), KorpuError):
            given_up[one.name] = error
    return given_up


def _open(
    name: str,
    site: Site,
    collect: Collect,
    frontier: Frontier,
    folder: Path,
    hosts: dict[str, Host],
) -> Crawl:
    file = frontier.file_of(name)
    archive = warc.Archive(folder, file, frontier.committed(file))
    client = Client(collect.user_agent, collect.timeout, collect.max_bytes, site.allow_private)
    one = Crawl(name, site, collect, frontier, archive, folder, client, hosts, Window(site))
    one.visited, one.sitemaps = frontier.visited(name), frontier.sitemaps(name)
    return one


async def _site(one: Crawl, board: Board) -> None:
    """One site from its entry points to its end; raises the ``KorpuError`` it is given up for."""
    try:
        _enter(one)
        one.tally.state = "fetching"
        while (url := one.next()) is not None:
            await _step(one, url, board)
            await asyncio.sleep(0)
        if not one.frontier.pages(one.name):
            raise _nothing(one)
        one.tally.state = "done"
    except KorpuError:
        one.tally.state = "given up"
        raise


def _enter(one: Crawl) -> None:
    """Put a site's entry points into the frontier; raises ``UsageError``."""
    starts = []
    for given in one.site.start:
        url = canonical(given)
        if url is None:
            raise UsageError(f"source.site.{one.name}.start: {given!r} is no http(s) URL")
        starts.append(url)
    one.hosts = frozenset(authority(url) for url in starts)
    one.origins = frozenset(origin(url) for url in starts)
    one.frontier.add(one.name, [Link(url, listed=True) for url in starts])
    pages = []
    for given in days(one.name, one.site, one.collect.snapshot):
        url = canonical(given)
        if url is None or authority(url) not in one.hosts:
            raise UsageError(
                f"source.site.{one.name}.archive: {given!r} is not on a host that start names"
            )
        pages.append(Link(url, listed=True))
    one.frontier.add(one.name, pages)


def _nothing(one: Crawl) -> KorpuError:
    """What is said of a site that gave no page at all."""
    found = one.frontier.entry_points(one.name, 1000)
    reasons = [reason or "left" for _, reason in found]
    named = ", ".join(f"{url} ({reason or 'not asked'})" for url, reason in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    sentence = (
        f"site {one.name}: none of its entry points leads to a page: {named}{more}; check "
        f"source.site.{one.name}.start"
    )
    passing = all(reason in carry.PASSING for reason in reasons)
    return Infrastructure(sentence) if passing and "robots" not in reasons else SaysNo(sentence)


async def _step(one: Crawl, url: Url, board: Board) -> None:
    """Deal with a URL, durably; raises ``Infrastructure`` to give the site up."""
    if one.frontier.trapped(url):
        kind = f"trap {authority(url.url)}"
        one.tally.said[kind] += 1
        if one.tally.said[kind] == 1:
            log.say(
                f"  {one.name}: {url.url} looks endless ({GENERATIONS} pages in a row led to "
                "nothing new); such pages are not asked for"
            )
        _give_up(one, url, "trap", None)
        return
    if url.kind in _LISTS and one.sitemaps >= max(_SITEMAPS, one.site.max_pages):
        one.tally.said["sitemaps"] += 1
        if one.tally.said["sitemaps"] == 1:
            log.say(
                f"  {one.name}: {url.url}: more sitemaps than max_pages; they are not asked for"
            )
        _give_up(one, url, "too_many_sitemaps", None)
        return
    try:
        rules = await rules_for(one, url.url)
    except Failed as failed:  # of a sitemap on a foreign host
        refused = failed.reason == "address_refused"
        why = failed.reason if refused else "robots_unreachable"
        _give_up(one, url, why, None)
        board.count(one, why)
        return
    if not rules.allows(url.url):
        _give_up(one, url, "robots", None)
        return
    host = one.host(url.url)
    if (ready := one.patience.get(url.id)) is not None:
        await asyncio.sleep(max(0.0, ready - time.monotonic()))
    async with host.turn:
        await host.pause()
        try:
            got: Answer | Failed = await one.client.get(url.url, url.validators)
        except Failed as failed:
            got = failed
        host.wait(max(one.site.delay, rules.delay))
    reason: str | None = None
    try:
        if isinstance(got, Failed):
            raise got
        host.failures = 0
        is_page = _settle(one, url, got)
    except Failed as failed:
        if not await _failed(one, url, host, failed):
            return
        is_page, reason = url.kind in _PAGES, failed.reason
    one.visited += is_page
    one.sitemaps += url.kind in _LISTS
    one.patience.pop(url.id, None)
    board.count(one, reason)


def _settle(one: Crawl, url: Url, answer: Answer) -> bool:
    """Keep an answer and what it leads to; whether it was a page. Raises ``Failed``."""
    asked = now()
    if answer.status == 304:
        one.frontier.unchanged(url, asked)
        return url.kind in _PAGES
    if answer.status != 200:
        _redirect(one, url, answer, asked)
        return False
    found = discover(answer, one.hosts, one.collect.max_bytes)
    if found.fault is not None:
        one.tally.errors[found.fault.reason] += 1
        empty = found.fault.reason == "empty_sitemap"
        _fault(one, url, found.fault, "" if empty else "; what could be read is used")
    place = one.archive.append_new(answer, asked, url.digest)
    fault = found.fault.reason if found.fault else None
    seen = Seen(found.kind, asked, answer.validators, found.said, fault)
    one.frontier.done(url, place, seen, map(one.judged, found.links))
    return found.kind == "html"


def _fault(one: Crawl, url: Url, fault: Fault, then: str) -> None:
    """One line about a document, for the first few of a site."""
    one.tally.said[fault.reason] += 1
    line = f", line {fault.line}" if fault.line is not None else ""
    if (left := _LINES - one.tally.said[fault.reason]) >= 0:
        more = "" if left else "; more of the kind are only counted"
        log.say(f"  {one.name}: {url.url}{line}: {fault.reason} ({fault.says}){then}{more}")


def _give_up(one: Crawl, url: Url, reason: str, asked: str | None) -> None:
    """A URL gives nothing; what it gave in an earlier snapshot stays, unless it is gone."""
    if url.digest is not None and reason not in _GONE:
        one.frontier.kept(url, reason, asked)
    else:
        one.frontier.gone(url, reason, asked)


def _redirect(one: Crawl, url: Url, answer: Answer, asked: str) -> None:
    target = canonical(answer.header("location") or "", url.url)
    if target is None:
        _give_up(one, url, "bad_redirect", asked)
    elif authority(target) not in one.hosts | {authority(url.url)}:
        _give_up(one, url, "redirect_offsite", asked)
    elif url.hops >= one.collect.max_redirects:
        _give_up(one, url, "too_many_redirects", asked)
    elif _loops(one, url, target):
        _give_up(one, url, "redirect_loop", asked)
    else:
        one.frontier.moved(url, target, asked, one.window.refuses(target, None, None))


def _loops(one: Crawl, url: Url, target: str) -> bool:
    step: str | None = target
    for _ in range(one.collect.max_redirects + 1):
        if step is None or step == url.url:
            break
        step = one.frontier.moved_to(one.name, step)
    return step == url.url


async def _failed(one: Crawl, url: Url, host: Host, failed: Failed) -> bool:
    """Put a URL back or give it up; True where it is given up.

    Raises ``Infrastructure`` where the host no longer answers at all.
    """
    retry = failed.retry and url.tries < one.collect.retries
    wait = max(failed.wait or 0.0, backoff(url.tries))
    if failed.status is None or failed.reason in _BUSY:
        host.failures += 1
        host.wait(wait if failed.retry else 0.0)
    else:
        host.failures = 0
    if failed.retry and failed.status is None and host.failures > one.collect.retries:
        await _probe(one, url.url, host, failed)  # raises before the page is blamed for its host
        host.failures = 0
    if retry:
        one.put_off(url, wait)
        one.frontier.again(url)
        return False
    if failed.reason == "malformed_xml":
        _fault(one, url, Fault(failed.reason, str(failed)), "")
    _give_up(one, url, failed.reason, now())
    return True


async def _probe(one: Crawl, url: str, host: Host, failed: Failed) -> None:
    """Ask whether a host that failed again and again is there at all."""
    try:
        async with host.turn:
            await one.client.get(f"{origin(url)}/robots.txt")
    except Failed as now_failed:
        own = origin(url) in one.origins
        if own and now_failed.status is None and now_failed.reason != "address_refused":
            raise Infrastructure(
                f"site {one.name}: {origin(url)} does not answer any more ({failed}); run it "
                "again when it does, the crawl continues where it stopped"
            ) from failed
