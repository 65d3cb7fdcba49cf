"""A signal ends a crawl in good order, whatever its tasks are waiting for."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from data_prep.collect.site import warc
from tests.collect.conftest import Server, article, html, link_to
from tests.collect.crawls import rows

CHECKOUT = Path(__file__).absolute().parents[2]


def start(out: Path, *urls: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.collect.child", str(out), *urls],
        cwd=CHECKOUT,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle(server: Server, tmp_path: Path, number: signal.Signals) -> None:
    """One site is amid its pages, one waits for a page that hangs, one for a name."""
    hangs = threading.Event()
    server.pages["/"] = html(link_to(*(f"/{n}" for n in range(400))))
    server.pages |= {f"/{n}": article(n) for n in range(400)}
    urls = [server.url, server.url.replace("127.0.0.1", "localhost"), "http://nobody.invalid"]
    seen = threading.Event()

    def slow(_: int) -> bytes:
        seen.set()
        hangs.wait(20)
        return article(1)

    server.pages["/37"] = slow
    out = tmp_path / "out"
    process = start(out, *urls)
    assert seen.wait(20)
    time.sleep(0.05)
    began = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert time.monotonic() - began < 3
    hangs.set()
    assert process.returncode == 75, said
    assert said.splitlines()[-1] == f"stopped by {number.name}"
    assert "Traceback" not in said
    assert "never retrieved" not in said
    assert "Exception" not in said
    for file, offset, length in rows(out, "SELECT file, offset, length FROM urls WHERE file != ''"):
        assert warc.read(out / "raw" / file, offset, length).status == 200
    server.pages["/37"] = article(37)
    last = start(out, *urls)
    _, said = last.communicate(timeout=60)
    assert last.returncode == 0, said
    with sqlite3.connect(out / "frontier.sqlite") as db:
        (done,) = db.execute(
            "SELECT count(*) FROM urls WHERE state = 'done' AND kind = 'html' AND site != 's2'"
        ).fetchone()
    assert done == 2 * 401
    # Two names lead to the one server, and each may have had one request under way.
    assert sum(max(0, times - 2) for times in server.asked.values()) <= 2
