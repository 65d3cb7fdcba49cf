"""Sites that are built to keep a crawler, mislead it or break its parsers; each run ends soon."""

from __future__ import annotations

import gzip
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults import hostile
from tests.faults.hostile import MEGABYTE, Act, Host, Peer, article, links, page
from tests.faults.test_hostile_server import Seen, collect

MAX_PAGES = 200
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><urlset><url><loc>&a9;</loc></url></urlset>"
)
STRANGER = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b"<urlset><url><loc>&x;</loc></url><url><loc>/listed?&x;</loc></url></urlset>"
)
# What is there of it ends inside its second URL, long after the first.
CUT_OFF = gzip.compress(
    b"<urlset><url><loc>/listed</loc></url><url><loc>" + b"".join(b"%x" % n**9 for n in range(999))
)[:-2000]


@dataclass(frozen=True)
class Case:
    """A site: its paths, the articles it gives, and why some of its URLs give none."""

    acts: dict[str, Act]
    articles: set[str]
    reasons: dict[str, str] = field(default_factory=dict)  # by path
    otherwise: Act | None = None
    most: int = 60  # requests
    never: str = "/never"  # a pattern of paths that are not asked for


def front(*paths: str) -> Act:
    return page(f"<html><body>{links(*paths)}</body></html>")


def robots(text: str | bytes, kind: str = "text/plain", status: str = "200 OK") -> Act:
    return page(text, kind=kind, status=status)


def xml(body: str | bytes) -> Act:
    return page(body, kind="application/xml")


_NEXT = 1000


def good(*paths: str) -> dict[str, Act]:
    """Articles at these paths, no two the same."""
    global _NEXT
    _NEXT += len(paths)
    return {path: page(article(_NEXT + n)) for n, path in enumerate(paths)}


def counted(make: Callable[[int], str | bytes], kind: str = hostile.HTML) -> Act:
    """A body made from the number in the path; nothing after the 3,000th request."""
    left = [3000]

    async def act(peer: Peer) -> None:
        left[0] -= 1
        found = re.search(r"(\d+)\D*$", peer.path)
        if found is None or left[0] < 0:
            await peer.answer(b"no", kind="text/plain", status="404 Not Found")
            return
        body = make(int(found[1]))
        await peer.answer(body.encode() if isinstance(body, str) else body, kind=kind)

    return act


def site() -> dict[str, Act]:
    """A front page that leads to two articles."""
    return {"/": front("/a", "/b"), **good("/a", "/b")}


def with_robots(act: Act) -> dict[str, Act]:
    return {**site(), "/robots.txt": act}


def with_sitemap(act: Act, name: str = "/sitemap.xml") -> dict[str, Act]:
    return {**site(), "/robots.txt": robots(f"Sitemap: {name}"), name: act}


BOTH = {"/a", "/b"}
PRIVATE = "User-agent: *\nDisallow: /private/\n"
BEHIND = {"/": front("/a", "/private/1", "/b"), **good("/a", "/b", "/private/1")}
HIDDEN = {"/private/1": "robots"}

SITES = {
    # robots.txt
    "robots_is_html": Case(with_robots(page("<html><body>Disallow: /</body></html>")), BOTH),
    "robots_is_binary": Case(with_robots(robots(b"\0\xff\xfe" * 3000)), BOTH),
    "robots_is_forbidden": Case(with_robots(hostile.status("403 Forbidden")), BOTH),
    "robots_goes_in_circles": Case(with_robots(hostile.to("/robots.txt")), BOTH),
    "robots_leads_to_a_file": Case(with_robots(hostile.to("file:///etc/passwd")), BOTH),
    "robots_moved": Case(
        {**BEHIND, "/robots.txt": hostile.to("/rules"), "/rules": robots(PRIVATE)},
        BOTH, HIDDEN, never="/private",
    ),
    "robots_of_5_megabytes": Case(
        {**BEHIND, "/robots.txt": robots(PRIVATE + "# no\n" * MEGABYTE)},
        BOTH, HIDDEN, never="/private",
    ),
    "robots_of_a_strange_type": Case(
        {**BEHIND, "/robots.txt": robots(PRIVATE, kind="text/x-robots")},
        BOTH, HIDDEN, never="/private",
    ),
    "robots_with_a_mark_and_nuls": Case(
        {**BEHIND, "/robots.txt": robots(b"\xef\xbb\xbf" + PRIVATE.encode() + b"\0\0\n")},
        BOTH, HIDDEN, never="/private",
    ),
    "robots_with_nonsense": Case(
        with_robots(robots(
            "User-agent: *\nCrawl-delay: nan\nCrawl-delay: -5\nDisallow\n:\nSitemap: http://[x\n"
            "Sitemap: file:///etc/passwd\nSitemap: http://169.254.169.254/map.xml\n" + "x" * 9999
        )), BOTH,
    ),
    "robots_with_a_slow_pattern": Case(
        with_robots(robots(f"User-agent: *\nDisallow: /{'*a' * 500}b$\n")), BOTH,
    ),
    "robots_with_many_sitemaps": Case(
        with_robots(robots("".join(f"Sitemap: /map{n}.xml\n" for n in range(10_000)))),
        BOTH, most=MAX_PAGES + 500,
    ),
    # Sitemaps and feeds
    "sitemap_is_malformed": Case(
        with_sitemap(xml("<urlset>\n<url>\n<loc>/a</url\n")),
        BOTH, {"/sitemap.xml": "malformed_xml"},
    ),
    "sitemap_is_empty": Case(with_sitemap(xml("")), BOTH, {"/sitemap.xml": "malformed_xml"}),
    "sitemap_lists_nothing": Case(
        with_sitemap(xml("<urlset/>")), BOTH, {"/sitemap.xml": "empty_sitemap"},
    ),
    "sitemap_is_html": Case(with_sitemap(page("<html><body>Salam</body></html>")), BOTH),
    "sitemap_is_a_bomb": Case(
        with_sitemap(
            page(hostile.bomb(64 * MEGABYTE), kind="application/gzip"), "/sitemap.xml.gz"
        ), BOTH, {"/sitemap.xml.gz": "too_large"},
    ),
    "sitemap_is_cut_off_gzip": Case(
        with_sitemap(page(CUT_OFF, kind="application/gzip"), "/s.xml.gz") | good("/listed"),
        BOTH | {"/listed"}, {"/s.xml.gz": "malformed_xml"},
    ),
    "sitemap_is_a_broken_gzip": Case(
        with_sitemap(page(b"\x1f\x8b\x08" + b"\xff" * 99, kind="application/gzip"), "/s.xml.gz"),
        BOTH, {"/s.xml.gz": "bad_encoding"},
    ),
    "sitemap_laughs": Case(with_sitemap(xml(LAUGHS)), BOTH),
    "sitemap_reads_files": Case(with_sitemap(xml(STRANGER)), BOTH, never="root:"),
    "sitemap_is_deep": Case(with_sitemap(xml("<urlset>" + "<url>" * 100_000)), BOTH),
    "sitemap_names_others": Case(
        with_sitemap(xml(
            "<urlset><url><loc>http://169.254.169.254/x</loc></url>"
            "<url><loc>file:///etc/passwd</loc></url><url><loc>\n /listed \n</loc></url></urlset>"
        )) | good("/listed"), BOTH | {"/listed"},
    ),
    "sitemap_names_itself": Case(
        with_sitemap(xml("<sitemapindex><sitemap><loc>/sitemap.xml</loc></sitemap></sitemapindex>")),
        BOTH,
    ),
    "sitemaps_without_end": Case(
        with_sitemap(xml("<sitemapindex><sitemap><loc>/map/1</loc></sitemap></sitemapindex>")),
        BOTH, most=MAX_PAGES + 500,
        otherwise=counted(
            lambda n: "<sitemapindex>" + "".join(
                f"<sitemap><loc>/map/{10 * n + k}</loc></sitemap>" for k in range(3)
            ) + "</sitemapindex>", "text/xml",
        ),
    ),
    # Traps
    "calendar_in_the_query": Case(
        site() | {"/": front("/calendar?m=1", "/a", "/b")}, BOTH, most=80,
        otherwise=counted(lambda n: links(f"/calendar?m={n + 1}", f"/calendar?m={n + 2}")),
    ),
    "calendar_in_the_path": Case(
        site() | {"/": front("/calendar/1", "/a", "/b")}, BOTH, most=80,
        otherwise=counted(lambda n: links(f"/calendar/{n + 1}", f"/calendar/{n + 2}", "/a")),
    ),
    "deeper_and_deeper": Case(
        site() | {"/": front("/in/1/", "/a", "/b")}, BOTH, most=MAX_PAGES + 10,
        otherwise=counted(lambda n: links(f"{n + 1}/", "../x/1/")),
    ),
    "the_same_page_for_ever": Case(
        site() | {"/": front("/p/1", "/a", "/b")}, BOTH, most=80, never="^$",
        otherwise=counted(
            lambda n: "<p>Bu səhifədə heç bir yeni xəbər yoxdur, arxivə baxın.</p>" * 5
            + links(f"/p/{n + 1}", f"/p/{n + 2}")
        ),
    ),
    # Addresses
    "addresses_that_climb": Case(
        site() | {"/": front(
            "/a", "/b", "/../../etc/passwd", "/%2e%2e%2f%2e%2e%2fetc/passwd", "/..%5c..%5cx",
            "/x%00y", "/x\0y", "//", "///etc", "/" + "x" * 4000, "/y?" + "z" * 4000, "?", "#",
            "http://", "http:///", "http://:80/", "http://[", "http://a:99999/", "\\\\host\\x",
            "/new\nline", "/tab\there", "/\x1b[31mred", "/%1b[31mred", "/[bold]x[/bold]", "/%",
            "/%zz", "/\u202eabc", "/ə/ı", "/\udcff", "data:text/html,x", "javascript:1",
            "//169.254.169.254/x",
        )}, BOTH, {"/etc/passwd": "http_404"},
    ),
    "links_without_end": Case(
        site() | {"/": front("/a", "/b", "/many")} | {"/many": front(
            *(f"http://{n}.example/" for n in range(20_000)), *("/a" for _ in range(20_000)))},
        BOTH,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sites")


@pytest.fixture(scope="module")
def seen(folder: Path) -> Seen:
    """One run over all these sites."""
    hosts = {name: Host(acts=case.acts, otherwise=case.otherwise) for name, case in SITES.items()}
    return collect(hosts, folder / "out", {"max_pages": MAX_PAGES}, retries=1)


@pytest.mark.parametrize("name", SITES)
def test_a_site_costs_no_other(seen: Seen, folder: Path, name: str) -> None:
    case, host = SITES[name], seen.hosts[name]
    assert seen.paths(name) == case.articles
    asked = list(host.asked.elements())
    assert len(asked) <= case.most, asked[-5:]
    assert not [path for path in asked if re.search(case.never, path)]
    db = sqlite3.connect(folder / "out" / "frontier.sqlite")
    rows = dict(db.execute("SELECT url, reason FROM urls WHERE site = ?", (name,)).fetchall())
    db.close()
    found = {path: rows.get(host.url + path) for path in case.reasons}
    assert found == case.reasons


def test_nothing_is_written_outside_the_output(seen: Seen, folder: Path) -> None:
    assert [path.name for path in folder.iterdir()] == ["out"]
    names = {path.name for path in (folder / "out" / "raw").iterdir()}
    assert names == {path.name for path in (folder / "out" / "raw").glob("*.warc.gz")} and all(
        name.startswith(tuple(SITES)) for name in names
    )
    assert seen.hosts
