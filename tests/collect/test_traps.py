"""Endless parts of a site end, and long but finite ones are read to their end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_prep.collect.site.traps import shape
from tests.collect.conftest import Server, html, link_to, site_of
from tests.collect.crawls import fetch, pages, reasons


class Endless(dict[str, Any]):
    """Pages, and a function for all others."""

    def __init__(self, pages: dict[str, Any], other: Callable[[str], Any]) -> None:
        super().__init__(pages)
        self.other = other

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key) or self.other(key) or default


def essay(name: str) -> bytes:
    """A page with one long paragraph that no other name gives."""
    text = " ".join(hashlib.sha256(f"{name} {n}".encode()).hexdigest() for n in range(3))
    return f"<html><body><h1>{name}</h1><p>{text}</p></body></html>".encode()


def months(path: str) -> bytes | None:
    """A calendar without an end and without a word."""
    if not path.startswith("/calendar/"):
        return None
    year, month = (int(part) for part in path.split("/")[2:4])
    after = (year + month // 12, month % 12 + 1)
    before = (year - (month == 1), (month - 2) % 12 + 1)
    year_later = (year + 1, month)
    links = link_to(*(f"/calendar/{y}/{m:02d}/" for y, m in (after, before, year_later)))
    return html(f"<p>There is nothing on in {year}-{month:02d}.</p>{links}")


def test_an_endless_calendar(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = {"/": html(link_to("/calendar/2025/11/", "/a")), "/a": essay("a")}
    server.pages = Endless(first, months)
    assert fetch(tmp_path, {"site": site_of(f"{server.url}/")}) == {}
    asked = sum(path.startswith("/calendar/") for path in server.asked)
    assert 25 <= asked < 1000
    assert reasons(tmp_path)["trap"] > 0
    assert "/a" in pages(tmp_path)
    assert capsys.readouterr().err.count("looks endless") == 1


def test_a_long_archive_is_read_to_its_end(server: Server, tmp_path: Path) -> None:
    """300 pages of a list, a new article on each; every other article is in a sitemap too."""
    last = 300

    def listing(path: str) -> bytes | None:
        name, _, number = path[1:].partition("/")
        n = int(number) if number.isdigit() else 0
        if name == "page" and 0 < n <= last:
            further = [f"/page/{n + 1}"] if n < last else []
            return html(link_to("/", *further, f"/a/{n}"))
        return essay(path) if name == "a" else None

    listed = "".join(f"<url><loc>{server.url}/a/{n}</loc></url>" for n in range(2, last + 1, 2))
    first = {"/": html(link_to("/page/1")), "/sitemap.xml": f"<urlset>{listed}</urlset>".encode()}
    server.pages = Endless(first, listing)
    fetch(tmp_path, {"site": site_of(f"{server.url}/")})
    assert pages(tmp_path) == {
        "/",
        *(f"/page/{n}" for n in range(1, last + 1)),
        *(f"/a/{n}" for n in range(1, last + 1)),
    }
    assert "trap" not in reasons(tmp_path)


def test_pagination_that_repeats_itself_ends(server: Server, tmp_path: Path) -> None:
    def listing(path: str) -> bytes | None:
        if not path.startswith("/page/"):
            return None
        n = int(path[6:])
        return html(link_to(f"/page/{n + 1}", *(f"/a/{k}" for k in range(5))))

    first = {"/": html(link_to("/page/1")), **{f"/a/{n}": essay(f"{n}") for n in range(5)}}
    server.pages = Endless(first, listing)
    fetch(tmp_path, {"site": site_of(f"{server.url}/")})
    assert {f"/a/{n}" for n in range(5)} <= pages(tmp_path)
    assert 25 <= sum(path.startswith("/page/") for path in server.asked) <= 30


def test_session_ids_in_paths(server: Server, tmp_path: Path) -> None:
    """Every link of every page has a session id of its own; the ten articles are found once."""
    count = [0]

    def session() -> str:
        count[0] += 1
        return hashlib.sha256(str(count[0]).encode()).hexdigest()[:32]

    def under(path: str) -> bytes | None:
        parts = path.split("/")
        if path != "/" and len(parts) != 3:
            return None
        links = link_to(*(f"/{session()}/{n}" for n in range(10)))
        body = essay(parts[2]) if path != "/" else html("")
        return body.replace(b"</body>", links.encode() + b"</body>")

    server.pages = Endless({"/robots.txt": b"User-agent: *\nAllow: /\n"}, under)
    fetch(tmp_path, {"site": site_of(f"{server.url}/", max_pages=5000)})
    assert {path.rpartition("/")[2] for path in pages(tmp_path)} == {*map(str, range(10)), ""}
    assert len(server.asked) < 1500
    assert shape("http://a/(S(abcdefghijklmnopqrstuvwx))/7/x") == "http://a/*/0/x"
    assert shape("http://a/xeber/1234567-bakida") is None


def test_articles_by_query_are_no_trap(server: Server, tmp_path: Path) -> None:
    """News at ?id=…, each leading to the next two: more than the queries that one path may have."""

    def news(path: str) -> bytes | None:
        if not path.startswith("/news?id="):
            return None
        n = int(path.rpartition("=")[2])
        links = link_to(*(f"/news?id={k}" for k in (n + 1, n + 2) if k <= 150))
        return essay(f"news {'x' * n}").replace(b"</body>", links.encode() + b"</body>")

    server.pages = Endless({"/": html(link_to("/news?id=1"))}, news)
    fetch(tmp_path, {"site": site_of(f"{server.url}/")})
    assert pages(tmp_path) == {"/", *(f"/news?id={n}" for n in range(1, 151))}
