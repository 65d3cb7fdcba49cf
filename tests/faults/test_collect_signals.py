"""A signal ends a crawl at once with exit code 75, and the next run goes on from there."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest
import runs

from korpu.errors import DONE, STOPPED
from tests.faults import hostile, process
from tests.faults.hostile import Act, Host, Peer, article, links, page

PAGES = 40


def slowly(act: Act) -> Act:
    async def later(peer: Peer) -> None:
        await asyncio.sleep(0.02)
        await act(peer)

    return later


def start_and_signal(
    folder: Path, host: Host, number: signal.Signals, after: int
) -> tuple[int, str, float]:
    """(exit code, stderr, seconds the process took to end)"""
    sources = {"site": {"one": {**process.SITE, "start": [f"{host.url}/"]}}}
    child = runs.start(*process.words(folder, sources, "collect.timeout=60"))
    end = time.monotonic() + 30
    while sum(host.asked.values()) < after and time.monotonic() < end:
        time.sleep(0.005)
    child.send_signal(number)
    sent = time.monotonic()
    _, said = child.communicate(timeout=30)
    return child.returncode, said, time.monotonic() - sent


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)]
)
def test_a_signal_between_two_pages(tmp_path: Path, number: signal.Signals) -> None:
    paths = [f"/{n}" for n in range(PAGES)]
    host = Host(acts={path: slowly(page(article(9000 + n))) for n, path in enumerate(paths)})
    host.acts["/"] = page(links(*paths))
    with hostile.serving([host]):
        code, said, took = start_and_signal(tmp_path, host, number, after=12)
        assert code == STOPPED, said
        assert f"stopped by {number.name}; run it again to continue" in said
        assert "Traceback" not in said
        assert took < 5
        assert sum(host.asked.values()) < PAGES
        sources = {"site": {"one": {**process.SITE, "start": [f"{host.url}/"]}}}
        done = process.collect(tmp_path, sources, "collect.timeout=60")
        assert done.returncode == DONE, done.stderr
    assert len(process.rows(tmp_path, "articles")) == PAGES
    assert sum(n - 1 for n in host.asked.values()) <= 1  # the one that was in flight


def test_a_signal_while_a_server_says_nothing(tmp_path: Path) -> None:
    """A request may last a minute here; the signal does not wait for it."""
    host = Host(acts={"/": page(links("/a")), "/a": hostile.stall_after(b"HTTP/1.1 200 OK\r\n")})
    with hostile.serving([host]):
        code, said, took = start_and_signal(tmp_path, host, signal.SIGTERM, after=4)
    assert code == STOPPED, said
    assert "Traceback" not in said
    assert took < 5
