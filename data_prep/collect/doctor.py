"""What a first fetch of each source of a recipe shows, in a handful of polite requests.

Nothing is kept. A site is asked for what a crawl would ask for first: robots.txt, its starts, a
sitemap or feed they name, and one article for each declared language. Sites are looked at at the
same time, each at its own pace, by the crawl's own client and its rules of safety.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from data_prep.collect import checks, symptoms
from data_prep.collect.given import given
from data_prep.collect.page.extract import Rules, declared, of_page
from data_prep.collect.site import robots as robots_txt
from data_prep.collect.site.discover import discover
from data_prep.collect.site.fetch import Answer, Client, Failed
from data_prep.collect.site.robots import Robots
from data_prep.collect.site.urls import authority, canonical, followed, origin, path_of
from data_prep.collect.symptoms import Entry
from korpu.doctor import BAD, LOOK, TOLD, Finding, Report
from korpu.errors import Infrastructure, KorpuError, SaysNo, UsageError
from korpu.schema import Collect, Recipe, Site

MOST = 12  # requests of one site, redirects included
PATIENCE = 10.0  # seconds of Crawl-delay above which a site is asked for less
FEW = 5  # requests of such a site
TRIES = 2  # pages tried for one language's article


def examine(recipe: Recipe, tell: Callable[[Report], None]) -> None:
    """Look at every source and tell what was seen, in the recipe's order.

    Raises ``UsageError`` for a recipe that cannot be right; what a source shows is only told.
    """
    sites = {
        name: dataclasses.replace(site, terms_checked=True)  # what is unread is told below
        for name, site in recipe.source.site.items()
    }
    checks.sources(
        dataclasses.replace(recipe, source=dataclasses.replace(recipe.source, site=sites))
    )
    asyncio.run(_sites(recipe, tell))
    for kind in ("warc", "files", "hub", "opus", "corrections"):
        for name, source in getattr(recipe.source, kind).items():
            tell(given(kind, name, source, recipe))


async def _sites(recipe: Recipe, tell: Callable[[Report], None]) -> None:
    ready: dict[str, float] = {}
    looks = [
        asyncio.create_task(look(name, site, recipe.collect, ready))
        for name, site in recipe.source.site.items()
    ]
    for one in looks:
        tell(await one)


async def look(name: str, site: Site, collect: Collect, ready: dict[str, float]) -> Report:
    """One site: everything seen, and why a crawl of it would give nothing, where it would not.

    ``ready``: the monotonic time from which each host may be asked again, shared by all sites.
    """
    visit = Visit(name, site, collect, ready)
    problem: KorpuError | None = None
    try:
        await visit.run()
    except KorpuError as error:
        problem = error
    finally:
        await visit.client.close()
    if not site.terms_checked:
        where = f" ({site.terms})" if site.terms else ""
        says = f"nobody has checked the publisher's terms{where}; read them, then set "
        visit.see(LOOK, "terms", f"{says}source.site.{name}.terms_checked=true")
    visit.see(TOLD, "requests", f"{visit.asked}")
    return Report(f"site {name}", tuple(visit.findings), problem)


class Visit:
    """A look at one site while it goes on: what was found, and what the next request must wait."""

    def __init__(self, name: str, site: Site, collect: Collect, ready: dict[str, float]) -> None:
        self.name, self.site, self.collect, self.ready = name, site, collect, ready
        self.client = Client(
            collect.user_agent, collect.timeout, collect.max_bytes, site.allow_private
        )
        self.findings: list[Finding] = []
        self.asked, self.most = 0, MOST
        self.delay = site.delay
        self.hosts: frozenset[str] = frozenset()
        self.rules: dict[str, Robots] = {}
        self.answers: list[Answer] = []
        self.listed: dict[str, Entry] = {}  # by feeds and sitemaps, newest first
        self.links: dict[str, None] = {}  # in pages, in document order
        self.unreached: list[str] = []
        self.named: dict[str, str] = {}  # sitemaps and feeds that were named → their kind

    def see(self, mark: str, what: str, says: str, facts: dict[str, Any] | None = None) -> None:
        """Note a finding."""
        self.findings.append(Finding(mark, what, says, facts or {}))

    async def run(self) -> None:
        """All of it; raises ``UsageError``, ``Infrastructure`` or ``SaysNo`` for the site."""
        starts = []
        for text in self.site.start:
            url = canonical(text)
            if url is None:
                raise UsageError(f"source.site.{self.name}.start: {text!r} is no http(s) URL")
            starts.append(url)
        self.hosts = frozenset(authority(url) for url in starts)
        for host in dict.fromkeys(origin(url) for url in starts):
            await self.ask_rules(host, [url for url in starts if origin(url) == host])
        allowed = [url for url in starts if self.allows(url)]
        if not allowed:
            raise SaysNo("robots.txt forbids every start; ask the publisher, or leave the site out")
        kinds = [await self.start(url) for url in allowed]
        for kind in ("sitemap", "feed", "part"):
            if kind not in kinds:
                await self.another(kind)
        if self.answers:
            self.findings.append(symptoms.conditional(self.answers))
            every = dict.fromkeys([*self.listed, *self.links])
            self.findings.append(symptoms.languages(every, self.site))
        if not await self.articles():
            if self.unreached:
                raise Infrastructure(f"{self.unreached[0]}; try again later")
            raise SaysNo(f"a crawl would give no article: {self.why()}")

    def why(self) -> str:
        """The first thing found that is wrong."""
        wrong = [f for f in self.findings if f.mark in (BAD, LOOK)]
        wrong.sort(key=lambda f: (f.mark != BAD, f.what != "no article"))
        return f"{wrong[0].what}: {wrong[0].says}" if wrong else "no link leads to one"

    async def ask_rules(self, host: str, starts: list[str]) -> None:
        """A host's robots.txt; raises what a crawl would give the site up for."""
        address = f"{host}/robots.txt"
        agent = self.collect.user_agent
        try:
            answer = await self.get(address)
        except Failed as failed:
            if failed.reason == "address_refused":
                raise UsageError(
                    f"{failed}, which is not a public address; if this server is your own, set "
                    f"source.site.{self.name}.allow_private=true"
                ) from failed
            if failed.retry:
                raise Infrastructure(
                    f"{address} cannot be reached ({failed.reason}: {failed}); try again later"
                ) from failed
            self.rules[host] = robots_txt.parse(b"", agent)
            self.named.setdefault(f"{host}/sitemap.xml", "sitemap")  # as the crawl guesses
            says = f"there is none ({failed.reason}): everything is allowed"
            self.see(TOLD, "robots.txt", says, {"status": failed.status})
            return
        rules = self.rules[host] = robots_txt.parse(answer.body, agent)
        self.findings.append(symptoms.robots(answer, rules, starts, self.site.delay))
        self.delay = max(self.delay, rules.delay)
        if rules.delay > PATIENCE:
            self.most = FEW
        urls = [canonical(text, host) for text in rules.sitemaps]
        ours = [url for url in urls if url is not None and authority(url) in self.hosts]
        self.named.update(dict.fromkeys(ours or [f"{host}/sitemap.xml"], "sitemap"))

    def allows(self, url: str) -> bool:
        """Whether the robots.txt of a URL's origin allows it, as far as it is known."""
        rules = self.rules.get(origin(url))
        return rules is None or rules.allows(url)

    def skipped(self, url: str) -> bool:
        """Whether a URL is one of those that the recipe never asks for."""
        return any(path_of(url).startswith(prefix) for prefix in self.site.skip)

    async def start(self, url: str, what: str = "start") -> str | None:
        """Ask for a start, or for another sitemap or feed; its kind, or None where it gave none."""
        try:
            answer = await self.get(url)
            found = discover(answer, self.hosts, self.collect.max_bytes)
        except Failed as failed:
            guess = what == "sitemap" and url.endswith("/sitemap.xml")
            if failed.retry:
                self.unreached.append(f"{url} cannot be reached ({failed.reason}: {failed})")
            mark = TOLD if guess else LOOK if what != "start" else BAD
            self.see(mark, what, f"{url}: {self.refusal(failed)}", {"reason": failed.reason})
            return None
        self.answers.append(answer)
        with contextlib.suppress(Failed):  # discover has said what is wrong with its gzip
            answer = symptoms.unpacked(answer, self.collect.max_bytes)
        noted = symptoms.document(answer, found.kind, url, len(found.links))
        self.findings.append(dataclasses.replace(noted, what=what))
        if found.fault is not None:
            line = f"line {found.fault.line}: " if found.fault.line else ""
            facts = {"reason": found.fault.reason, "line": found.fault.line}
            self.see(LOOK, "", f"{line}{found.fault.says}", facts)
        if found.kind == "html":
            self.links.update(dict.fromkeys(link.url for link in found.links))
            for feed in symptoms.feeds(answer):
                if authority(feed) in self.hosts:
                    self.named.setdefault(feed, "feed")
            text = symptoms.paragraphs(answer)
            if cause := symptoms.suspicion(answer, text) if not found.links else None:
                self.see(LOOK, "", cause)
            return "page"
        entries = [e for e in symptoms.entries(answer) if authority(e.url) in self.hosts]
        if symptoms.is_index(answer):
            newest = max(entries, key=lambda entry: (entry.date or "", entry.url), default=None)
            self.named.update({newest.url: "part"} if newest else {})
        else:
            self.listed |= {entry.url: entry for entry in entries if entry.url not in self.listed}
        return found.kind

    async def another(self, kind: str) -> None:
        """A sitemap or feed that robots.txt or a page names, or the newest part of an index."""
        url = next((u for u, k in self.named.items() if k == kind and self.allows(u)), None)
        if url is not None and self.asked < self.most:
            await self.start(url, {"part": "sitemap"}.get(kind, kind))

    async def articles(self) -> int:
        """An article of each declared language; how many were found."""
        site, found = self.site, 0
        rules = Rules.of(site, self.collect.snapshot, self.collect.min_characters)
        rules = dataclasses.replace(rules, since=None, until=None)  # of any day: it is a sample
        for prefix, code in site.languages.items():
            for url in self.candidates(prefix)[:TRIES]:
                if self.asked >= self.most:
                    self.see(TOLD, "", f"no more is asked after {self.most} requests")
                    return found
                if await self.article(url, rules, code):
                    found += 1
                    break
            else:
                self.see(LOOK, "no article", f"none was found for {prefix} ({code})")
        return found

    def candidates(self, prefix: str) -> list[str]:
        """URLs under a language prefix that may be articles: listed ones, then long links."""
        paged = sorted(self.links, key=lambda url: len(path_of(url).rstrip("/").split("/")[-1]))
        languages = self.site.languages
        return [
            url
            for url in dict.fromkeys([*self.listed, *reversed(paged)])
            if (declared(url, languages) or ("", ""))[0] == prefix
            and followed(url)
            and self.allows(url)
            and not self.skipped(url)
            and url not in self.named
        ]

    async def article(self, url: str, rules: Rules, code: str) -> bool:
        """Ask for a page and read it as a crawl's extraction would."""
        try:
            answer = await self.get(url)
        except Failed as failed:
            self.see(LOOK, "no article", f"{url}: {self.refusal(failed)}", {"url": url})
            return False
        self.answers.append(answer)
        known = {"site": self.name, "fetched": _now()}
        row: Mapping[str, Any] = of_page(answer, rules, **known)
        if "reason" in row:
            self.findings.append(symptoms.no_article(row, answer, code))
            return False
        origin = symptoms.date_from(answer, row["published"], ZoneInfo(self.site.timezone))
        if row["published"] is None and (entry := self.listed.get(url)):
            row = of_page(answer, rules, **known, listed=entry.date)
            origin = "the feed or sitemap that lists it"
        self.findings += symptoms.article(row, origin)
        return True

    def refusal(self, failed: Failed) -> str:
        """What a failed request means for a crawl."""
        if failed.status in (400, 401, 403, 406, 429, 451):
            return (
                f"is refused ({failed.reason}), perhaps to what is no browser: ask the publisher, "
                f"and name yourself in collect.user_agent ({self.collect.user_agent!r} now)"
            )
        return f"{failed.reason}: {failed}" if str(failed) != failed.reason else failed.reason

    async def get(self, url: str) -> Answer:
        """GET as a crawl would, redirects followed within the site; raises ``Failed``."""
        is_rules = path_of(url) == "/robots.txt"
        for _ in range(self.collect.max_redirects + 1):
            if not is_rules and origin(url) not in self.rules:
                await self.ask_rules(origin(url), [])
            if not is_rules and not self.allows(url):
                raise Failed("robots", f"{url} is forbidden by robots.txt")
            answer = await self.paced(url)
            if answer.status == 200:
                return answer
            target = canonical(answer.header("location") or "", url)
            if target is None:
                raise Failed("bad_redirect", "leads nowhere", status=answer.status)
            if authority(target) not in self.hosts and not is_rules:
                says = f"leads to {target}, off the site; start there if that is where it is now"
                raise Failed("redirect_offsite", says, status=answer.status)
            url = target
        raise Failed("too_many_redirects", "never arrives", status=answer.status)

    async def paced(self, url: str) -> Answer:
        """One request, not before the site's delay is over."""
        if self.asked >= self.most:
            raise Failed("not_asked", f"no more than {self.most} requests are made here")
        host, moment = authority(url), time.monotonic()
        begin = max(self.ready.get(host, moment), moment)
        self.ready[host] = begin + self.delay  # nobody else's turn before that
        await asyncio.sleep(begin - moment)
        self.asked += 1
        try:
            return await self.client.get(url)
        finally:
            self.ready[host] = max(self.ready[host], time.monotonic() + self.delay)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
