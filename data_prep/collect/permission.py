"""What robots.txt permits: fetched once per origin, patiently, then read from the archive."""

from __future__ import annotations

import time

from data_prep.collect import robots as robots_txt
from data_prep.collect import warc
from data_prep.collect.fetch import Answer, Failed
from data_prep.collect.frontier import Link
from data_prep.collect.robots import Robots
from data_prep.collect.urls import authority, canonical, origin
from data_prep.collect.visit import Crawl, backoff, now
from korpu.errors import Infrastructure, UsageError


def rules_for(one: Crawl, url: str) -> Robots:
    """The robots.txt that a URL falls under: from memory, from the archive, or fetched now."""
    host = origin(url)
    if host not in one.rules:
        found = one.frontier.known(one.name, f"{host}/robots.txt")
        place = one.frontier.place(found) if found else None
        if place is not None:
            body = warc.read(one.folder / place.file, place.offset, place.length).body
        elif found is not None and one.frontier.state(found) != "new":
            body = b""  # there was none
        else:
            body = _fetch_rules(one, host)
        one.rules[host] = robots_txt.parse(body, one.collect.user_agent)
    return one.rules[host]


def _fetch_rules(one: Crawl, host: str) -> bytes:
    """Fetch a robots.txt and remember it; b"" where there is none.

    Raises ``Infrastructure`` where the host cannot say (no answer, 5xx), since then nothing may be
    fetched (RFC 9309); ``UsageError`` where its address is refused.
    """
    address = f"{host}/robots.txt"
    one.frontier.add(one.name, [Link(address, "robots", listed=True)])
    row = one.frontier.known(one.name, address)
    assert row is not None
    guess = Link(f"{host}/sitemap.xml", "sitemap", listed=True)
    try:
        answer = _ask_patiently(one, address)
    except Failed as failed:
        if failed.reason == "address_refused":
            raise UsageError(
                f"site {one.name}: {failed}, which is not a public address; if this server is "
                f"your own, set source.site.{one.name}.allow_private=true"
            ) from failed
        if failed.retry:
            raise Infrastructure(
                f"site {one.name}: {address} cannot be reached ({failed}); run it again when it "
                "can, the crawl continues where it stopped"
            ) from failed
        one.frontier.add(one.name, [guess])
        one.frontier.gone(row, failed.reason, now())
        return b""
    fetched = now()
    listed = robots_txt.parse(answer.body, one.collect.user_agent).sitemaps
    urls = [url for given in listed if (url := canonical(given, host))]
    links = [Link(url, "sitemap", listed=True) for url in urls if authority(url) in one.hosts]
    place = one.archive.append(answer, fetched)
    one.frontier.done(row, "robots", place, fetched, links or [guess])
    return answer.body


def _ask_patiently(one: Crawl, url: str) -> Answer:
    """GET with retries and redirects, for robots.txt; raises the last ``Failed``."""
    pace, tries, hops = one.pace(url), 0, 0
    while True:
        time.sleep(max(0.0, pace.ready - time.monotonic()))
        pace.wait(one.site.delay)
        try:
            answer = one.client.get(url)
        except Failed as failed:
            if not failed.retry or tries >= one.collect.retries:
                raise
            pace.wait(max(failed.wait or 0.0, backoff(tries)))
            tries += 1
            continue
        if answer.status == 200:
            return answer
        target = canonical(answer.header("location") or "", url)
        hops += 1
        if target is None or hops > one.collect.max_redirects:
            raise Failed("bad_redirect", status=answer.status)
        url = target
