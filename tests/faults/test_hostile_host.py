"""Whole hosts that fail: storms, hosts that are down, and how much memory a large page takes."""

from __future__ import annotations

import email.utils
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data_prep.collect import run
from data_prep.collect.site.fetch import LONGEST_WAIT, retry_after
from korpu.errors import Infrastructure
from tests.collect import kills
from tests.collect.conftest import recipe_of, site_of
from tests.faults import hostile
from tests.faults.hostile import MEGABYTE, Act, Host, Peer, article, links, page
from tests.faults.test_hostile_server import collect


def storm(pages: int, fault: Act, times: int = 1, number: int = 5000) -> Host:
    """A site whose every page fails so many times first."""
    paths = [f"/{n}" for n in range(pages)]
    acts = {
        path: hostile.failing_first(times, fault, page(article(number + n)))
        for n, path in enumerate(paths)
    }
    return Host(acts={"/": page(links(*paths)), **acts})


def in_one_second() -> str:
    """A date as a Retry-After has it."""
    return email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=1.5), usegmt=True)


async def busy_until(peer: Peer) -> None:
    await peer.answer(b"", f"Retry-After: {in_one_second()}", status="503 Busy")


def test_storms_pass(tmp_path: Path) -> None:
    """Every page of a host is refused at first; in the end every page is there, asked for twice."""
    hosts = {
        "busy": storm(5, hostile.status("429 Slow", "Retry-After: 0"), number=5000),
        "seconds": storm(2, hostile.status("429 Slow", "Retry-After: 1"), number=5010),
        "date": storm(2, busy_until, number=5020),
        "soon": storm(5, hostile.status("503 Busy", "Retry-After: soon"), number=5030),
        "silent": storm(5, hostile.status("503 Busy"), number=5040),
        "broken": storm(5, hostile.status("500 Oops"), number=5050),
        "reset": storm(5, hostile.reset_after(b""), number=5060),
        "cut": storm(5, hostile.raw(b"HTTP/1.1 200 OK\r\nContent-Le"), number=5070),
    }
    began = time.monotonic()
    seen = collect(hosts, tmp_path / "out", retries=2)
    assert time.monotonic() - began < 30
    for name, host in hosts.items():
        pages = {path for path in host.acts if path != "/"}
        assert seen.paths(name) == pages, name
        assert seen.stats[name]["left_out"] == {"no_text": 1}, name
        assert {host.asked[path] for path in pages} == {2}, name


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (" 3 ", 3.0),
        ("99999999999999999999999", LONGEST_WAIT),
        ("-5", None),
        ("1e9", None),
        ("nan", None),
        ("٣", None),
        ("", None),
        ("soon", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 99 Dec 2025 99:99:99 GMT", None),
        ("\x1b[31m", None),
    ],
)
def test_retry_after_is_believed_within_reason(said: str, seconds: float | None) -> None:
    assert retry_after(said) == seconds


def test_a_host_that_is_down_keeps_none_from_being_collected(tmp_path: Path) -> None:
    """robots.txt that says nothing or 500 forbids the host; the others are whole, then exit 4."""
    good = [Host(acts={"/": page(links("/a")), "/a": page(article(n))}) for n in (6000, 6001)]
    slow, broken = Host(acts={"/": page(article(1))}), Host(acts={"/": page(article(2))})
    slow.acts["/robots.txt"] = hostile.stall_after(b"HTTP/1.1 200 OK\r\n")
    broken.acts["/robots.txt"] = hostile.status("500 Oops")
    names = ("slow", "good1", "broken", "good2")
    with hostile.serving([slow, good[0], broken, good[1]]):
        hosts = dict(zip(names, (slow, good[0], broken, good[1]), strict=True))
        sites = {name: site_of(f"{host.url}/") for name, host in hosts.items()}
        recipe = recipe_of(sites, timeout=0.5, retries=1)
        with pytest.raises(Infrastructure, match=r"site (slow|broken): .*/robots\.txt"):
            run(recipe, {}, tmp_path)
        assert all(host.asked["/a"] == 1 for host in good)
        assert slow.asked["/robots.txt"] == broken.asked["/robots.txt"] == 2
        assert slow.asked["/"] == broken.asked["/"] == 0
        slow.acts["/robots.txt"] = broken.acts["/robots.txt"] = page(b"", kind="text/plain")
        result = run(recipe, {}, tmp_path)
        assert all(host.asked["/a"] == 1 for host in good)  # nothing is fetched again
    articles = {name: sum(of["articles"].values()) for name, of in result.stats["sites"].items()}
    assert articles == {"slow": 1, "good1": 1, "broken": 1, "good2": 1}


def test_another_origin_of_the_same_host_costs_its_links(tmp_path: Path) -> None:
    """A link to https:// of a host that has none, whose robots.txt can then never be read."""

    async def front(peer: Peer) -> None:
        there = peer.base.replace("http:", "https:")
        await peer.answer(links("/a", f"{there}/x", f"{there}/y", "/b").encode())

    host = Host(acts={"/": front, "/a": page(article(6010)), "/b": page(article(6011))})
    seen = collect({"one": host}, tmp_path / "out", timeout=1.0)
    assert host.hellos == 1  # its robots.txt is asked for once, not for every link
    assert seen.paths("one") == {"/a", "/b"}
    left_out = seen.stats["one"]["left_out"]
    assert left_out.pop("no_text") == 1
    assert list(left_out.values()) == [2], left_out


def test_memory_is_bounded(tmp_path: Path) -> None:
    """Pages of 50 MB and bombs of 1 GB: little more memory than a run without them takes.

    A page may have 5 MB here, which is held packed, unpacked and as text for a moment.
    """
    large = {
        "/told": hostile.large(50 * MEGABYTE, f"Content-Length: {50 * MEGABYTE}"),
        "/untold": hostile.large(50 * MEGABYTE),
        "/chunks": hostile.large(50 * MEGABYTE, "Transfer-Encoding: chunked", chunked=True),
        "/bomb": page(hostile.bomb(1024 * MEGABYTE), "Content-Encoding: gzip"),
        "/bomb.xml.gz": page(hostile.bomb(1024 * MEGABYTE), kind="application/gzip"),
        "/headers": hostile.endless(b"HTTP/1.1 200 OK\r\n", b"X-More: more\r\n" * 500),
        "/body": hostile.endless(b"HTTP/1.1 200 OK\r\n\r\n", b"<p>more</p>" * 500),
    }
    plain = Host(acts={"/": page(links(*large, "/a")), "/a": page(article(1))})
    host = Host(acts={**plain.acts, **large})
    host.acts["/robots.txt"] = page("Sitemap: /bomb.xml.gz", kind="text/plain")
    peaks = {}
    with hostile.serving([plain, host]), kills.zygote(tmp_path) as forked:
        for name, server in (("plain", plain), ("large", host)):
            forked.whole(
                tmp_path / name,
                sites={name: f"{server.url}/"},
                changes={"max_bytes": 5 * MEGABYTE, "retries": 0, "timeout": 20.0},
                memory=str(tmp_path / name / "memory"),
            )
            peaks[name] = int((tmp_path / name / "memory").read_text().split()[-1])
    assert set(large) < set(host.asked)
    assert peaks["large"] - peaks["plain"] < 16 * MEGABYTE, peaks
