"""What robots.txt permits: fetched once per origin, patiently, then read from the archive."""

from __future__ import annotations

from data_prep.collect.site import robots as robots_txt
from data_prep.collect.site import warc
from data_prep.collect.site.fetch import Answer, Failed, Validators
from data_prep.collect.site.ledger import Seen, Url
from data_prep.collect.site.links import Link
from data_prep.collect.site.robots import Robots
from data_prep.collect.site.urls import authority, canonical, origin
from data_prep.collect.site.visit import Crawl, backoff, now
from korpu.errors import Infrastructure, UsageError

_ORIGINS = 64  # whose rules are kept in memory; those of others are read again
_SITEMAPS = 200  # that one robots.txt may name


async def rules_for(one: Crawl, url: str) -> Robots:
    """The robots.txt that a URL falls under: from memory, from the archive, or fetched now.

    Raises ``Infrastructure`` where the site's own host cannot say (no answer, 5xx), since then
    nothing may be fetched (RFC 9309), and ``UsageError`` where its address is refused; ``Failed``
    for a host that is not the site's own.
    """
    host = origin(url)
    if host in one.silent:
        raise one.silent[host]
    if host not in one.rules:
        found = one.frontier.known(one.name, f"{host}/robots.txt")
        state = one.frontier.state(found) if found else "new"
        if state == "new" or found is None:
            body = await _fetch_rules(one, host)
        else:
            body = _archived(one, found) if state == "done" else b""
        one.rules[host] = robots_txt.parse(body, one.collect.user_agent)
        if len(one.rules) > _ORIGINS:
            one.rules.popitem(last=False)
    return one.rules[host]


def _archived(one: Crawl, row: Url) -> bytes:
    place = one.frontier.place(row)
    if place is None:
        return b""
    return warc.read(one.folder / place.file, place.offset, place.length).body


async def _fetch_rules(one: Crawl, host: str) -> bytes:
    """Fetch a robots.txt and remember it; b"" where there is none."""
    address, own = f"{host}/robots.txt", authority(host) in one.hosts
    one.frontier.add(one.name, [Link(address, "robots", listed=True)])
    row = one.frontier.known(one.name, address)
    assert row is not None
    guess = [Link(f"{host}/sitemap.xml", "sitemap", listed=True)] if own else []
    try:
        answer = await _ask_patiently(one, address, row.validators)
    except Failed as failed:
        if host not in one.origins and (failed.retry or failed.reason == "address_refused"):
            one.silent[host] = failed  # one question is enough, however many links lead there
            raise
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
        one.frontier.add(one.name, guess)
        one.frontier.gone(row, failed.reason, now())
        return b""
    asked = now()
    if answer.status == 304:
        body = _archived(one, row)
        one.frontier.unchanged(row, asked)
        return body
    given = robots_txt.parse(answer.body, one.collect.user_agent).sitemaps[:_SITEMAPS]
    urls = dict.fromkeys(url for text in given if (url := canonical(text, host)))
    links = [one.judged(Link(url, "sitemap", listed=True)) for url in urls] if own else []
    seen = Seen("robots", asked, answer.validators)
    place = one.archive.append_new(answer, asked, row.digest)
    one.frontier.done(row, place, seen, links or guess)
    return answer.body


async def _ask_patiently(one: Crawl, url: str, validators: Validators | None) -> Answer:
    """GET with retries and redirects, for robots.txt; raises the last ``Failed``."""
    tries, hops = 0, 0
    while True:
        host = one.host(url)
        async with host.turn:
            await host.pause()
            try:
                answer = await one.client.get(url, validators, cut=robots_txt.LARGEST)
            except Failed as failed:
                if not failed.retry or tries >= one.collect.retries:
                    raise
                host.wait(max(failed.wait or 0.0, backoff(tries)))
                tries += 1
                continue
            finally:
                host.wait(one.site.delay)
        if answer.status in (200, 304):
            return answer
        target = canonical(answer.header("location") or "", url)
        hops += 1
        if target is None or hops > one.collect.max_redirects:
            raise Failed("bad_redirect", status=answer.status)
        url, validators = target, None
