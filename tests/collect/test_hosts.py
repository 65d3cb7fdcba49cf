"""Several hosts at the same time: what is found does not depend on it, and people are told."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from korpu import log
from korpu.schema import Site
from tests.collect.conftest import Server, article, html, link_to, site_of
from tests.collect.crawls import fetch, reasons, rows


def towns(server: Server, chance: random.Random) -> dict[str, Site]:
    """A site under two names, whose pages come when they come."""

    def page(body: bytes) -> Callable[[int], bytes]:
        def reply(_: int) -> bytes:
            time.sleep(chance.random() * 0.004)
            return body

        return reply

    server.pages["/"] = page(html(link_to(*(f"/{n}" for n in range(9)), "/none")))
    for n in range(40):
        further = link_to(f"/{3 * n % 40}", f"/{(n + 7) % 40}", f"/search?q={n}")
        server.pages[f"/{n}"] = page(article(n, links=further))
        server.pages[f"/search?q={n}"] = page(html(link_to(f"/{n % 11}")))
    names = ("127.0.0.1", "localhost")
    urls = [server.url.replace("127.0.0.1", name) for name in names]
    return {f"s{n}": site_of(f"{url}/", max_pages=60) for n, url in enumerate(urls)}


def found(out: Path) -> list[Any]:
    query = "SELECT site, replace(url, rtrim(url, replace(url, '/', '')), ''), state, kind, depth"
    return rows(out, f"{query}, fruit FROM urls ORDER BY site, id")


def test_what_is_found_does_not_depend_on_timing(server: Server, tmp_path: Path) -> None:
    for number in range(2):
        assert fetch(tmp_path / f"{number}", towns(server, random.Random(number))) == {}
    assert found(tmp_path / "0") == found(tmp_path / "1")
    assert len(rows(tmp_path / "0", "SELECT DISTINCT site FROM urls")) == 2


def test_one_request_at_a_time_to_one_host(server: Server, tmp_path: Path) -> None:
    """Two sites on a host wait for each other; another host does not wait for them."""
    now: dict[str, int] = {}
    most: dict[str, int] = {}
    lock = threading.Lock()

    def page(host: str) -> Callable[[int], bytes]:
        def reply(_: int) -> bytes:
            with lock:
                for key in (host, "all"):
                    now[key] = now.get(key, 0) + 1
                    most[key] = max(most.get(key, 0), now[key])
            time.sleep(0.01)
            with lock:
                now[host] -= 1
                now["all"] -= 1
            return html(link_to(*(f"/{host}{part}/{n}" for part in "ab" for n in range(8))))

        return reply

    other = server.url.replace("127.0.0.1", "localhost")
    sites = {}
    for host, url in (("x", server.url), ("y", other)):
        for part, skipped in (("a", "b"), ("b", "a")):
            for n in ("", *map(str, range(8))):
                server.pages[f"/{host}{part}/{n}"] = page(host)
            site = site_of(f"{url}/{host}{part}/", skip=[f"/{host}{skipped}/"])
            sites[f"{host}{part}"] = site
    assert fetch(tmp_path, sites) == {}
    assert (most["x"], most["y"], most["all"]) == (1, 1, 2)


def test_people_are_told(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[dict[str, Any], int, int | None]] = []
    real = log.Progress.tell

    def tell(self: log.Progress, **facts: Any) -> None:
        told.append((facts, self.done, self.total))
        real(self, **facts)

    monkeypatch.setattr(log.Progress, "tell", tell)
    server.pages |= {"/": html(link_to("/a", "/b", "/none")), "/a": article(1), "/b": article(2)}
    sites = {"s": site_of(f"{server.url}/", delay=0.4), "t": site_of("http://127.0.0.1:9/")}
    assert set(fetch(tmp_path, sites, retries=0)) == {"t"}
    host = server.url.removeprefix("http://")
    facts, done, total = told[-1]
    assert facts["hosts"][host] == {
        "done": 5,
        "waiting": 0,
        "errors": {"http_404": 2},  # /none and the guess at a sitemap
        "state": "done",
    }
    assert facts["hosts"]["127.0.0.1:9"]["state"] == "given up"
    assert facts["errors"] == {"http_404": 2}
    assert done == total == 5
    between = [one[0]["hosts"][host] for one in told[1:-1]]
    assert any(one["waiting"] for one in between)
    assert reasons(tmp_path)["http_404"] >= 2
