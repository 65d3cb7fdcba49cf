"""What is fetched, what is not, and how patiently, against a real server."""

from __future__ import annotations

import gzip
import itertools
import json
import sqlite3
import zlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data_prep.collect import run
from korpu.errors import Infrastructure, SaysNo, UsageError
from tests.collect.conftest import Server, article, html, link_to, recipe_of, site_of


def collect(server: Server, out: Path, site: dict[str, Any] | None = None, **changes: Any) -> Any:
    """(paths of the articles, stats of the site)."""
    out.mkdir(exist_ok=True)
    recipe = recipe_of({"site": site_of(f"{server.url}/", **(site or {}))}, **changes)
    result = run(recipe, {}, out)
    rows = pq.read_table(out / "articles.parquet").to_pylist()
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    paths = {row["url"].removeprefix(server.url): row for row in rows}
    assert len(paths) == len(rows)
    return paths, json.loads(json.dumps(result.stats))["sites"]["site"]


def test_robots_is_obeyed(server: Server, tmp_path: Path) -> None:
    rules = b"User-agent: *\nDisallow: /private/\n\nUser-agent: korpu\nDisallow: /no/\n"
    server.pages |= {
        "/robots.txt": rules,
        "/": html(link_to("/no/1", "/private/1", "/yes")),
        "/no/1": article(1),
        "/private/1": article(2),
        "/yes": article(3),
    }
    found, stats = collect(server, tmp_path / "out")
    assert set(found) == {"/private/1", "/yes"}  # the group of our own name holds, not `*`
    assert "/no/1" not in server.asked
    assert stats["left_out"]["robots"] == 1
    assert server.asked["/robots.txt"] == 1


def test_sitemap_index_gzip_and_feed(server: Server, tmp_path: Path) -> None:
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    inner = f"<urlset {space}><url><loc>{server.url}/a</loc></url></urlset>".encode()
    index = f"<sitemapindex {space}><sitemap><loc>{server.url}/s.xml.gz</loc></sitemap>"
    rss = f"<rss><channel><item><link>{server.url}/c</link></item></channel></rss>"
    atom = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/d"/></entry></feed>'
    alternate = "<link rel=alternate type=application/{}+xml href=/{}>"
    head = alternate.format("rss", "rss.xml") + alternate.format("atom", "atom.xml")
    server.pages |= {
        "/robots.txt": f"User-agent: *\nAllow: /\nSitemap: {server.url}/index.xml".encode(),
        "/index.xml": f"<?xml version='1.0'?>{index}</sitemapindex>".encode(),
        "/s.xml.gz": (200, {"Content-Type": "application/gzip"}, gzip.compress(inner)),
        "/": f"<html><head>{head}</head><body>x</body></html>".encode(),
        "/rss.xml": rss.encode(),
        "/atom.xml": atom.encode(),
        "/a": article(1),
        "/c": article(2),
        "/d": article(3),
    }
    found, _ = collect(server, tmp_path / "out")
    assert set(found) == {"/a", "/c", "/d"}
    assert "/sitemap.xml" not in server.asked  # robots.txt named another


def test_redirects(server: Server, tmp_path: Path) -> None:
    def to(target: str) -> Any:
        return lambda _: (302, {"Location": target}, b"moved")

    server.pages |= {
        "/": html(link_to("/old", "/loop1", "/self", "/far", "/chain0")),
        "/old": to("/new"),
        "/new": article(1),
        "/loop1": to("/loop2"),
        "/loop2": to("/loop1"),
        "/self": to("/self"),
        "/far": to("http://example.invalid/x"),
        **{f"/chain{n}": to(f"/chain{n + 1}") for n in range(20)},
    }
    found, stats = collect(server, tmp_path / "out", max_redirects=4)
    assert set(found) == {"/new"}
    left = stats["left_out"]
    assert left["redirect_loop"] == 2
    assert left["redirect_offsite"] == 1
    assert left["too_many_redirects"] == 1
    assert "/chain4" in server.asked
    assert "/chain5" not in server.asked
    assert max(server.asked.values()) == 1


def test_an_error_is_retried_and_a_steady_one_given_up(server: Server, tmp_path: Path) -> None:
    server.pages |= {
        "/": html(link_to("/bad", "/once", "/ok")),
        "/bad": (500, {}, b""),
        "/once": lambda n: (500, {}, b"") if n == 1 else article(1),
        "/ok": article(2),
    }
    found, stats = collect(server, tmp_path / "out")
    assert set(found) == {"/once", "/ok"}
    assert server.asked["/once"] == 2
    assert server.asked["/bad"] == 3
    assert stats["left_out"]["http_500"] == 1


def test_retry_after_holds_the_whole_host(server: Server, tmp_path: Path) -> None:
    busy = (429, {"Retry-After": "1"}, b"")
    server.pages |= {
        "/": html(link_to("/a", "/b")),
        "/a": lambda n: busy if n == 1 else article(1),
        "/b": article(2),
    }
    found, _ = collect(server, tmp_path / "out")
    assert set(found) == {"/a", "/b"}
    refused = next(at for at, path in server.times if path == "/a")
    assert all(at >= refused + 0.98 for at, _ in server.times if at > refused)


def test_large_and_strange_bodies(server: Server, tmp_path: Path) -> None:
    def packed(encoding: str, body: bytes) -> Any:
        return lambda _: (200, {"Content-Type": "text/html", "Content-Encoding": encoding}, body)

    server.pages |= {
        "/": html(link_to("/big", "/bomb", "/gz", "/zlib", "/cut", "/image", "/short", "/nul")),
        "/big": article(1) + b" " * 300_000,
        "/bomb": packed("gzip", gzip.compress(b"\0" * 30_000_000)),
        "/gz": packed("gzip", gzip.compress(article(2))),
        "/zlib": packed("deflate", zlib.compress(article(3))),
        "/cut": packed("gzip", gzip.compress(article(4))[:90]),
        "/image": (200, {"Content-Type": "image/png"}, b"\x89PNG"),
        "/short": lambda _: (200, {"Content-Length": "99999"}, article(5)),
        "/nul": article(6).replace(b"<h1>", b"\0\xff<h1>"),
    }  # fmt: skip
    found, stats = collect(server, tmp_path / "out", retries=1)
    assert set(found) == {"/gz", "/zlib", "/nul"}
    left = stats["left_out"]
    assert left["too_large"] == 2
    assert left["bad_encoding"] == 1
    assert left["not_html"] == 1
    assert left["connection"] == 1
    assert server.asked["/short"] == 2


def test_a_private_address_is_refused_before_anything_is_sent(
    server: Server, tmp_path: Path
) -> None:
    server.pages["/"] = article(1)
    with pytest.raises(UsageError, match=r"site: .*127\.0\.0\.1.*allow_private=true"):
        collect(server, tmp_path / "out", {"allow_private": False})
    by_name = site_of(server.url.replace("127.0.0.1", "localhost"), allow_private=False)
    (tmp_path / "named").mkdir()
    with pytest.raises(UsageError, match="allow_private"):
        run(recipe_of({"named": by_name}), {}, tmp_path / "named")
    assert not server.asked


def test_an_unreachable_site_leaves_the_others_and_continues(
    server: Server, tmp_path: Path
) -> None:
    server.pages |= {"/": html(link_to("/a")), "/a": article(1)}
    sites = {"good": site_of(f"{server.url}/"), "dead": site_of("http://127.0.0.1:9/")}
    with pytest.raises(Infrastructure, match=r"site dead: http://127\.0\.0\.1:9/robots.txt"):
        run(recipe_of(sites, retries=0), {}, tmp_path)
    db = sqlite3.connect(tmp_path / "frontier.sqlite")
    assert db.execute("SELECT count(*) FROM urls WHERE state = 'done'").fetchone()[0] == 2
    asked = dict(server.asked)
    with pytest.raises(Infrastructure):
        run(recipe_of(sites, retries=0), {}, tmp_path)
    assert dict(server.asked) == asked


def test_a_host_that_dies_is_given_up_and_continued(server: Server, tmp_path: Path) -> None:
    alive = [True]

    def dying(path: str, number: int) -> Any:
        def reply(_: int) -> Any:
            if number == 5:
                alive[0] = False
            return article(number) if alive[0] else "reset"

        server.pages[path] = reply

    server.pages["/robots.txt"] = lambda _: (404, {}, b"") if alive[0] else "reset"
    server.pages["/"] = html(link_to(*(f"/{n}" for n in range(12))))
    for n in range(12):
        dying(f"/{n}", n)
    with pytest.raises(Infrastructure, match="does not answer any more"):
        collect(server, tmp_path / "out", retries=1)
    for n in range(12):
        server.pages[f"/{n}"] = article(n)
    found, stats = collect(server, tmp_path / "out", retries=1)
    assert len(found) == 12
    assert "connection" not in stats["left_out"]


def test_a_server_error_on_robots_forbids_everything(server: Server, tmp_path: Path) -> None:
    server.pages |= {"/robots.txt": (503, {}, b""), "/": article(1)}
    with pytest.raises(Infrastructure, match=r"robots\.txt"):
        collect(server, tmp_path / "out", retries=0)
    assert "/" not in server.asked


def test_pace_is_the_larger_of_config_and_crawl_delay(server: Server, tmp_path: Path) -> None:
    server.pages |= {
        "/robots.txt": b"User-agent: *\nCrawl-delay: 0.3\n",
        "/": html(link_to("/a", "/b")),
        "/a": article(1),
        "/b": article(2),
    }
    collect(server, tmp_path / "out", {"delay": 0.1})
    at = [moment for moment, path in server.times if path != "/robots.txt"]
    assert min(b - a for a, b in itertools.pairwise(at)) >= 0.28


def test_calendars_end(server: Server, tmp_path: Path) -> None:
    def month(path: str) -> Any:
        number = int(path.rpartition("=")[2])
        return html(link_to(f"/calendar?m={number + 1}", f"/calendar?m={number + 2}"))

    class Endless(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            return month(key) if key.startswith("/calendar") else super().get(key, default)

    server.pages = Endless({"/": html(link_to("/calendar?m=1", "/a")), "/a": article(1)})
    found, stats = collect(server, tmp_path / "out")
    assert set(found) == {"/a"}
    assert 25 <= sum(n for path, n in server.asked.items() if "calendar" in path) <= 60
    assert stats["waiting"] == 0


def test_only_so_many_queries_of_one_path(server: Server, tmp_path: Path) -> None:
    server.pages["/"] = html(link_to("/a", *(f"/search?q={n}" for n in range(100))))
    server.pages |= {f"/search?q={n}": html("x") for n in range(100)}
    server.pages["/a"] = article(1)
    collect(server, tmp_path / "out")
    assert sum(n for path, n in server.asked.items() if "search" in path) == 60


def test_max_pages_is_the_same_after_an_interruption(server: Server, tmp_path: Path) -> None:
    server.pages["/"] = html(link_to(*(f"/{n}" for n in range(30))))
    for n in range(30):
        server.pages[f"/{n}"] = article(n)
    found, stats = collect(server, tmp_path / "out", {"max_pages": 11})
    assert len(found) == 10  # and the front page
    assert stats["fetched"] == 11
    again, _ = collect(server, tmp_path / "out", {"max_pages": 11})
    assert set(again) == set(found)
    assert server.asked["/11"] == 0


def test_only_the_own_host_is_followed(server: Server, tmp_path: Path) -> None:
    links = link_to("/a", "http://example.invalid/b", "ftp://x/y", "mailto:a@b", "javascript:x()")
    server.pages |= {"/": html(links + "<a rel=nofollow href=/c>c</a>"), "/a": article(1)}
    server.pages["/c"] = article(2)
    found, stats = collect(server, tmp_path / "out")
    assert set(found) == {"/a"}
    assert set(stats["left_out"]) <= {"no_text", "too_short"}


def test_another_recipe_is_refused(server: Server, tmp_path: Path) -> None:
    server.pages["/"] = article(1)
    collect(server, tmp_path / "out")
    with pytest.raises(UsageError, match="another recipe"):
        collect(server, tmp_path / "out", {"delay": 0.2})


def test_no_article_says_no(server: Server, tmp_path: Path) -> None:
    server.pages["/"] = html("<p>Salam</p>")
    with pytest.raises(SaysNo, match=r"site gave no article \(.*1\)"):
        collect(server, tmp_path / "out")
