"""How pages are found: sitemaps, feeds, archive pages; and which are never asked for."""

from __future__ import annotations

import gzip
import itertools
from collections import Counter
from pathlib import Path

import pytest

from korpu.errors import Infrastructure, SaysNo, UsageError
from tests.collect.conftest import Server, article, html, link_to, site_of
from tests.collect.crawls import fetch, pages, reasons, rows

NEWS = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
    'xmlns:xhtml="http://www.w3.org/1999/xhtml"'
)


def entry(url: str, inside: str = "") -> str:
    return f"<url><loc>{url}</loc>{inside}</url>"


def published(when: str) -> str:
    return f"<news:news><news:publication_date>{when}</news:publication_date></news:news>"


def test_dates_of_a_news_sitemap_and_a_feed(server: Server, tmp_path: Path) -> None:
    base = server.url
    urls = entry(f"{base}/1", published("2025-11-30T10:00:00+04:00"))
    urls += entry(f"{base}/2", "<lastmod>2025-11-29</lastmod>")
    urls += f"<url><loc>{base}/3</loc><xhtml:link rel='alternate' hreflang='uz' href='{base}/4'/>"
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/5"/>'
        "<published>2025-11-28T20:00:00Z</published><updated>2025-11-29T08:00:00Z</updated>"
        "</entry></feed>"
    )
    rss = f"<rss><channel><item><guid>{base}/6</guid><pubDate>Fri, 28 Nov 2025 10:00:00 +0500"
    server.pages |= {f"/{n}": article(n) for n in range(1, 7)}
    server.pages |= {
        "/sitemap.xml": f"<urlset {NEWS}>{urls}</url></urlset>".encode(),
        "/feed.xml": atom.encode(),
        "/rss.xml": f"{rss}</pubDate></item></channel></rss>".encode(),
    }
    fetch(
        tmp_path, {"site": site_of([f"{base}/sitemap.xml", f"{base}/feed.xml", f"{base}/rss.xml"])}
    )
    found = rows(tmp_path, "SELECT url, listed, lastmod FROM urls WHERE kind = 'html' ORDER BY url")
    assert [(url[-1], *dates) for url, *dates in found] == [
        ("1", "2025-11-30T06:00:00Z", None),
        ("2", None, "2025-11-29T23:59:59Z"),
        ("3", None, None),
        ("4", None, None),
        ("5", "2025-11-28T20:00:00Z", "2025-11-29T08:00:00Z"),
        ("6", "2025-11-28T05:00:00Z", None),
    ]


def test_the_window_and_what_is_skipped(server: Server, tmp_path: Path) -> None:
    base = server.url
    urls = entry(f"{base}/old", "<lastmod>2025-11-09T19:00:00Z</lastmod>")
    urls += entry(f"{base}/first", published("2025-11-09T21:00:00Z"))  # the tenth in Baku
    urls += entry(f"{base}/late", published("2025-11-21T00:00:00+04:00"))
    urls += entry(f"{base}/last", published("2025-11-20"))
    links = link_to("/2025/11/09/x", "/2025/11/10/x", "/20251121-y", "/2025-11-20/z", "/ru/1")
    asked = ["/first", "/last", "/2025/11/10/x", "/2025-11-20/z", "/20251"]
    server.pages |= {path: article(n) for n, path in enumerate(asked)}
    server.pages |= {"/": html(links + link_to("/20251")), "/to": b""}
    server.pages["/sitemap.xml"] = f"<urlset {NEWS}>{urls}</urlset>".encode()
    site = site_of(f"{base}/", since="2025-11-10", until="2025-11-20", skip=["/ru/"])
    fetch(tmp_path, {"site": site})
    assert pages(tmp_path) == {"/", *asked}
    assert reasons(tmp_path) == {"outside_window": 4, "skipped": 1, "http_404": 1}
    assert not set(server.asked) & {"/ru/1", "/old", "/late", "/2025/11/09/x", "/20251121-y"}


def test_archive_pages(server: Server, tmp_path: Path) -> None:
    days = [f"/archive/2025/{month}/{day}" for month, day in (("10", "31"), ("11", "01"))]
    server.pages |= {day: html(link_to(f"/a/{n}")) for n, day in enumerate(days)}
    server.pages |= {"/": html("x"), "/a/0": article(0), "/a/1": article(1)}
    pattern = f"{server.url}/archive/{{year}}/{{month}}/{{day}}"
    site = site_of(f"{server.url}/", archive=[pattern], since="2025-10-31", until="2025-11-01")
    fetch(tmp_path / "1", {"site": site})
    assert pages(tmp_path / "1") == {"/", "/a/0", "/a/1", *days}
    errors = {
        "needs source.site.site.since": {"archive": [pattern]},
        "no other braces": {"archive": [f"{server.url}/{{month0}}"], "since": "2025-11-01"},
        "not on a host": {"archive": ["http://a.invalid/{day}"], "since": "2025-12-01"},
    }
    for number, (says, changes) in enumerate(errors.items()):
        given_up = fetch(tmp_path / f"bad{number}", {"site": site_of(f"{server.url}/", **changes)})
        assert isinstance(given_up["site"], UsageError)
        assert says in str(given_up["site"])


@pytest.fixture(name="other")
def another_server(server: Server) -> Server:
    """The same server under another name."""
    return Server(url=server.url.replace("127.0.0.1", "localhost"))


def test_a_sitemap_on_another_host(server: Server, other: Server, tmp_path: Path) -> None:
    """Its pages on the site's own host are taken; its rules hold; it leads nowhere else."""
    urls = entry(f"{server.url}/a") + entry(f"{other.url}/b")
    server.pages |= {
        "/robots.txt": lambda n: (
            (200, {}, f"User-agent: *\nSitemap: {other.url}/map.xml\n".encode())
            if n == 1
            else (200, {}, b"User-agent: *\nDisallow: /private/\nSitemap: /private/map.xml\n")
        ),
        "/map.xml": f"<urlset>{urls}</urlset>".encode(),
        "/": html("x"),
        "/a": article(1),
        "/b": article(2),
    }
    fetch(tmp_path, {"site": site_of(f"{server.url}/")})
    assert pages(tmp_path) == {"/", "/a"}
    assert server.asked == Counter({"/robots.txt": 2, "/map.xml": 1, "/": 1, "/a": 1})


def test_xml_that_breaks_off_is_used_and_said(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = server.url
    broken = f"<urlset>\n{entry(f'{base}/a')}\n{entry(f'{base}/b')}\n<url><loc>{base}"
    feed = f"<rss><channel>\n<item><link>{base}/c</link></item>\n<item><link>a & b</item>"
    index = "".join(
        f"<sitemap><loc>{base}/{name}</loc></sitemap>" for name in ("cut.gz", "nil.xml")
    )
    inner = f"<urlset>{entry(f'{base}/d')}{entry(f'{base}/e') * 500}</urlset>".encode()
    packed = (200, {"Content-Type": "application/gzip"}, gzip.compress(inner, 0)[:-900])
    server.pages |= {
        "/broken.xml": broken.encode(),
        "/feed.xml": feed.encode(),
        "/index.xml": f"<sitemapindex>{index}</sitemapindex>".encode(),
        "/cut.gz": packed,
        "/nil.xml": b"<urlset/>",
        "/no.xml": b"<urlset>\n\n<",
    }
    server.pages |= {f"/{name}": article(n) for n, name in enumerate("abcde")}
    starts = [f"{base}/{name}.xml" for name in ("broken", "feed", "index", "no")]
    assert fetch(tmp_path, {"site": site_of(starts)}) == {}
    assert pages(tmp_path) == {"/a", "/b", "/c", "/d", "/e"}
    found = reasons(tmp_path)
    assert (found["malformed_xml"], found["empty_sitemap"]) == (4, 1)
    said = capsys.readouterr().err
    assert f"{base}/broken.xml, line 4: malformed_xml" in said
    assert f"{base}/feed.xml, line 3: malformed_xml" in said
    assert f"{base}/cut.gz: malformed_xml (its gzip is cut off" in said
    assert f"{base}/no.xml: malformed_xml (line 3: " in said


def test_a_site_whose_entry_points_give_nothing(server: Server, tmp_path: Path) -> None:
    server.pages["/sitemap.xml"] = b"<urlset></urlset>"
    given_up = fetch(tmp_path / "1", {"site": site_of(f"{server.url}/")})
    assert isinstance(given_up["site"], SaysNo)
    assert str(given_up["site"]) == (
        f"site site: none of its entry points leads to a page: {server.url}/ (http_404), "
        f"{server.url}/sitemap.xml (empty_sitemap); check source.site.site.start"
    )
    server.pages |= {"/": (503, {}, b""), "/sitemap.xml": (503, {}, b"")}
    given_up = fetch(tmp_path / "2", {"site": site_of(f"{server.url}/")}, retries=0)
    assert isinstance(given_up["site"], Infrastructure)


def test_html_in_place_of_robots_allows_all(server: Server, tmp_path: Path) -> None:
    page = b"<!DOCTYPE html>\n<p>\nUser-agent: *\nDisallow: /\n</p>"
    server.pages |= {"/robots.txt": (200, {"Content-Type": "text/html"}, page), "/": article(1)}
    fetch(tmp_path, {"site": site_of(f"{server.url}/")})
    assert pages(tmp_path) == {"/"}


def test_two_sites_on_one_host_share_its_pace(server: Server, tmp_path: Path) -> None:
    for part in ("az", "uz"):
        server.pages[f"/{part}/"] = html(link_to(*(f"/{part}/{n}" for n in range(4))))
        server.pages |= {f"/{part}/{n}": article(n) for n in range(4)}
    skips = {"az": ["/uz/"], "uz": ["/az/"]}
    sites = {
        name: site_of(f"{server.url}/{name}/", skip=skip, delay=0.05)
        for name, skip in skips.items()
    }
    fetch(tmp_path, sites)
    at = [moment for moment, _ in server.times]
    assert len(at) == 16
    assert min(b - a for a, b in itertools.pairwise(at)) >= 0.045
