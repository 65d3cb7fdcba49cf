"""A later snapshot goes on from an earlier one: what is asked again, kept, replaced, taken out."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from data_prep.collect.site import inherited, warc
from data_prep.collect.site.frontier import Frontier
from korpu.errors import SaysNo
from tests.collect.conftest import Server, article, html, link_to, site_of
from tests.collect.crawls import fetch, judge, pages, reasons, rows

FIRST, LATER, MUCH_LATER = "2025-12-01", "2025-12-02", "2025-12-20"


def news(server: Server, count: int = 6) -> dict[str, Any]:
    """A front page, a sitemap and articles; the sites to crawl."""
    listed = "".join(f"<url><loc>{server.url}/a/{n}</loc></url>" for n in range(count))
    server.pages |= {
        "/robots.txt": f"User-agent: *\nSitemap: {server.url}/map.xml\n".encode(),
        "/map.xml": f"<urlset>{listed}</urlset>".encode(),
        "/": html(link_to("/list", "/missing")),
        "/list": html(link_to(*(f"/a/{n}" for n in range(count)))),
        **{f"/a/{n}": article(n) for n in range(count)},
    }
    return {"site": site_of(f"{server.url}/")}


def answers(out: Path) -> dict[str, bytes]:
    """Bodies of all records by path; every place holds the record it should."""
    found = {}
    for url, file, offset, length in rows(
        out, "SELECT url, file, offset, length FROM urls WHERE state = 'done'"
    ):
        record = warc.read(out / "raw" / file, offset, length)
        assert record.url == url
        found["/" + url.split("/", 3)[3]] = record.body
    return found


@pytest.mark.parametrize("validates", [True, False])
def test_nothing_changed(server: Server, tmp_path: Path, validates: bool) -> None:
    """With a server that answers 304 no body comes twice; no record is made twice anyway."""
    server.validates = validates
    sites = news(server)
    one, two, three = (tmp_path / name for name in "123")
    fetch(one, sites, snapshot=FIRST)
    judge(one)
    asked = Counter(server.asked)
    fetch(two, sites, one, snapshot=MUCH_LATER)
    judge(two)
    again = Counter(server.asked) - asked
    assert set(again) == {"/robots.txt", "/map.xml", "/", "/list"}
    assert set(server.unchanged) == (set(again) if validates else set())
    assert answers(two) == answers(one)
    names = {path.name: path.stat().st_size for path in (two / "raw").iterdir()}
    assert names.pop("site-2025-12-20.warc.gz") == 0
    assert set(names) == {"site-2025-12-01.warc.gz"}
    old = one / "raw" / "site-2025-12-01.warc.gz"
    assert old.samefile(two / "raw" / old.name)
    assert reasons(two) == {"http_404": 1}
    before = rows(two, "SELECT url, fetched, digest FROM urls ORDER BY url")
    fetch(three, sites, two, snapshot="2025-12-30")
    assert rows(three, "SELECT url, fetched, digest FROM urls ORDER BY url") == before


def test_new_changed_and_gone(server: Server, tmp_path: Path) -> None:
    server.validates = True
    sites = news(server)
    one, two = tmp_path / "1", tmp_path / "2"
    server.pages["/busy"] = (503, {}, b"")
    server.pages["/list"] = html(link_to(*(f"/a/{n}" for n in range(6)), "/busy"))
    fetch(one, sites, snapshot=FIRST, retries=0)
    judge(one)
    before = answers(one)
    assert reasons(one) == {"http_404": 1, "http_503": 1}
    asked = Counter(server.asked)
    date = "2099-01-01T10:00:00+04:00"
    listed = "".join(f"<url><loc>{server.url}/a/{n}</loc></url>" for n in (0, 1, 2, 3, 5, 6))
    changed = f"<url><loc>{server.url}/a/4</loc><lastmod>{date}</lastmod></url>"
    server.pages |= {
        "/map.xml": f"<urlset>{changed}{listed}</urlset>".encode(),
        "/busy": article(77),
        "/a/4": article(44),
        "/a/5": article(55),  # changed too, but nothing says so and it is not young
        "/a/6": article(6),
        "/list": html("<p>moved</p>"),
        "/": html(link_to("/list", "/a/6")),
    }
    fetch(two, sites, one, snapshot=MUCH_LATER)
    again = Counter(server.asked) - asked
    assert set(again) == {"/robots.txt", "/map.xml", "/", "/list", "/busy", "/a/4", "/a/6"}
    after = answers(two)
    assert after["/a/4"] == article(44)
    assert after["/a/6"] == article(6)
    assert after["/busy"] == article(77)
    same = {f"/a/{n}" for n in (0, 1, 2, 3, 5)}
    assert {path: after[path] for path in same} == {path: before[path] for path in same}
    assert answers(one) == before
    assert reasons(two) == {"http_404": 1}


def test_the_young_are_asked_again(server: Server, tmp_path: Path) -> None:
    server.validates = True
    sites = news(server, 3)
    feed = f"<rss><channel><item><link>{server.url}/a/0</link><pubDate>"
    feed += "Mon, 17 Nov 2025 09:00:00 +0400</pubDate></item></channel></rss>"
    server.pages["/"] = html("<link rel=alternate type='application/rss+xml' href='/feed'>")
    server.pages["/feed"] = (200, {"Content-Type": "text/xml"}, feed.encode())
    one, two = tmp_path / "1", tmp_path / "2"
    fetch(one, sites, snapshot=FIRST)
    judge(one)
    asked = Counter(server.asked)
    server.pages["/a/1"] = (404, {}, b"")
    server.pages["/a/2"] = (500, {}, b"")
    fetch(two, sites, one, snapshot=LATER, revisit_days=3, retries=0)
    again = Counter(server.asked) - asked
    assert {path for path in again if path.startswith("/a/")} == {"/a/1", "/a/2"}
    assert pages(two) == {"/", "/a/0", "/a/2"}  # a passing failure costs no article
    assert rows(two, "SELECT listed FROM urls WHERE url LIKE '%/a/0'") == [
        ("2025-11-17T05:00:00Z",)
    ]


def test_max_pages_counts_this_snapshot(server: Server, tmp_path: Path) -> None:
    sites = news(server, 9)
    small = {"site": site_of(f"{server.url}/", max_pages=4)}
    one, two, three = (tmp_path / name for name in "123")
    fetch(one, small, snapshot=FIRST)
    judge(one)
    first = pages(one)
    fetch(two, small, one, snapshot=MUCH_LATER)
    judge(two)
    assert first < pages(two)
    assert len([path for path in pages(two) if path.startswith("/a")]) <= 6
    fetch(three, sites, two, snapshot="2025-12-30")
    assert {f"/a/{n}" for n in range(9)} <= pages(three)


def test_continuing_is_all_or_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites = news(server)
    one, two = tmp_path / "1", tmp_path / "2"
    fetch(one, sites, snapshot=FIRST)
    judge(one)
    two.mkdir()
    from data_prep.collect.site import carry

    def broken(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(carry, "_judge", broken)
        with pytest.raises(OSError):
            fetch(two, sites, one, snapshot=LATER)
    assert rows(two, "SELECT count(*) FROM urls") == [(0,)]
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", broken)
        with pytest.raises(OSError):
            fetch(two, sites, one, snapshot=LATER)
    taken = rows(two, "SELECT count(*) FROM urls")[0][0]
    assert taken == rows(one, "SELECT count(*) FROM urls")[0][0]
    fetch(two, sites, one, snapshot=LATER)
    assert answers(two) == answers(one)


def test_an_earlier_crawl_that_was_killed(server: Server, tmp_path: Path) -> None:
    """Its last transactions are in the write-ahead log alone, and stay there."""
    sites = news(server)
    one, two = tmp_path / "1", tmp_path / "2"
    fetch(one, sites, snapshot=FIRST)
    judge(one)
    copy = tmp_path / "killed"
    copy.mkdir()
    frontier = Frontier(one / "frontier.sqlite", "a test")
    frontier.verdicts([(record.id, True) for record in frontier.records()])
    for name in ("frontier.sqlite", "frontier.sqlite-wal"):
        (copy / name).write_bytes((one / name).read_bytes())
    frontier.close()
    (copy / "raw").symlink_to(one / "raw")
    assert (copy / "frontier.sqlite-wal").stat().st_size
    before = {path.name: path.read_bytes() for path in copy.glob("frontier*")}
    fetch(two, sites, copy, snapshot=MUCH_LATER)
    assert rows(two, "SELECT count(*) FROM urls WHERE article = 1") == [(8,)]
    assert {path.name: path.read_bytes() for path in copy.glob("frontier*")} == before


def test_a_copy_where_no_link_is_possible(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites = news(server)
    one, two = tmp_path / "1", tmp_path / "2"
    fetch(one, sites, snapshot=FIRST)

    def far(*_: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", far)
    fetch(two, sites, one, snapshot=LATER)
    name = "site-2025-12-01.warc.gz"
    assert (one / "raw" / name).read_bytes() == (two / "raw" / name).read_bytes()
    assert not (one / "raw" / name).samefile(two / "raw" / name)
    (one / "raw" / name).unlink()
    with pytest.raises(SaysNo, match="is not there"):
        fetch(tmp_path / "3", sites, one, snapshot=LATER)


def test_the_same_date_twice_takes_another_file(server: Server, tmp_path: Path) -> None:
    sites = news(server)
    one, two = tmp_path / "1", tmp_path / "2"
    fetch(one, sites, snapshot=FIRST)
    server.pages["/"] = html(link_to("/a/0", "/a/9"))
    server.pages["/a/9"] = article(9)
    before = answers(one)
    fetch(two, sites, one, snapshot=FIRST)
    assert {path.name for path in (two / "raw").iterdir()} == {
        "site-2025-12-01.warc.gz",
        "site-2025-12-01-2.warc.gz",
    }
    assert answers(one) == before
    assert answers(two)["/a/9"] == article(9)


def test_a_takedown_leaves_no_byte(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the article nor its earlier version is in the later snapshot; the rest is."""
    sites = news(server)
    one, two, three = (tmp_path / name for name in "123")
    fetch(one, sites, snapshot=FIRST)
    server.pages["/a/3"] = article(33)
    fetch(two, sites, one, snapshot=LATER)
    assert {answers(one)["/a/3"], answers(two)["/a/3"]} == {article(3), article(33)}
    before = answers(two)
    three.mkdir()
    frontier = Frontier(three / "frontier.sqlite", "a test")
    frontier.snapshot = MUCH_LATER
    frontier.continue_from(two / "frontier.sqlite", sites, MUCH_LATER, 2)
    inherited.inherit_all(frontier, three / "raw")

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    url = f"{server.url}/a/3"
    with monkeypatch.context() as patch:
        patch.setattr(inherited, "_tidy", killed)
        with pytest.raises(KeyboardInterrupt):
            inherited.without(frontier, three / "raw", "site", [url])
    assert inherited.without(frontier, three / "raw", "site", [url]) == 0
    frontier.close()
    asked = server.asked["/a/3"]
    fetch(three, sites, two, snapshot=MUCH_LATER)
    assert server.asked["/a/3"] == asked
    found = answers(three)
    assert found == {path: body for path, body in before.items() if path != "/a/3"}
    for path in (three / "raw").iterdir():
        with path.open("rb") as stream:
            from warcio.archiveiterator import ArchiveIterator

            uris = [r.rec_headers.get_header("WARC-Target-URI") for r in ArchiveIterator(stream)]
        assert url not in uris
    assert answers(two) == before
    assert reasons(three)["forgotten"] == 1
