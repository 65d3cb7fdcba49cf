"""Kill the crawl at any moment: no page is lost, none is doubled, none is fetched twice."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from korpu import artifact
from tests.collect.conftest import Server, article, link_to

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = 50


def fill(server: Server) -> None:
    """A site of PAGES articles, each linking to a few others, with a listed half."""
    listed = "".join(f"<url><loc>{server.url}/x/{n}</loc></url>" for n in range(0, PAGES, 2))
    server.pages["/sitemap.xml"] = f"<urlset>{listed}</urlset>".encode()
    server.pages["/"] = article(0, links=link_to("/x/1", "/x/2"))
    server.pages["/r"] = (301, {"Location": "/x/3"}, b"")
    for n in range(PAGES):
        to = link_to(*(f"/x/{(n * 7 + k) % PAGES}" for k in range(4)), "/r")
        server.pages[f"/x/{n}"] = article(n + 1, links=to)


def start(server: Server, out: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.collect.child", server.url, str(out), *words],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stderr=subprocess.DEVNULL,
    )


def finish(server: Server, out: Path) -> None:
    assert start(server, out).wait(120) == 0


def content(out: Path) -> str:
    return artifact.parquet_digest(out / "articles.parquet", ("fetched",))


def archived(out: Path) -> list[str]:
    with (out / "raw" / "site.warc.gz").open("rb") as stream:
        return [
            record.rec_headers.get_header("WARC-Target-URI") for record in ArchiveIterator(stream)
        ]


def compare(server: Server, whole: Path, out: Path, kills: int) -> None:
    """The killed crawl's result, archive and requests are those of an undisturbed one."""
    assert content(out) == content(whole)
    pages = archived(out)
    assert len(pages) == len(set(pages))
    assert sorted(pages) == sorted(archived(whole))
    twice = {path: n for path, n in server.asked.items() if n > 1}
    assert sum(n - 1 for n in twice.values()) <= kills, twice
    db = sqlite3.connect(out / "frontier.sqlite")
    committed = db.execute("SELECT max(offset + length) FROM urls").fetchone()[0]
    assert committed == (out / "raw" / "site.warc.gz").stat().st_size
    assert db.execute("SELECT count(*) FROM urls WHERE state = 'new'").fetchone()[0] == 0


def kill_at_random(server: Server, tmp_path: Path, kills: int, seed: int) -> None:
    fill(server)
    finish(server, tmp_path / "whole")
    server.asked.clear()
    rng, out, done = random.Random(seed), tmp_path / "killed", 0
    while done < kills:
        child = start(server, out)
        before = sum(server.asked.values())
        more = rng.randrange(1, max(2, 2 * PAGES // kills))
        while sum(server.asked.values()) < before + more and child.poll() is None:
            time.sleep(0.0005)
        time.sleep(rng.random() * 0.01)
        if child.poll() is not None:
            break
        child.send_signal(signal.SIGKILL)
        child.wait()
        done += 1
    finish(server, out)
    assert done >= kills // 2
    compare(server, tmp_path / "whole", out, done)


def test_random_kills(server: Server, tmp_path: Path) -> None:
    kill_at_random(server, tmp_path, kills=7, seed=7)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_many_random_kills(server: Server, tmp_path: Path, seed: int) -> None:
    kill_at_random(server, tmp_path, kills=40, seed=seed)


def test_kill_inside_a_write_and_before_a_commit(server: Server, tmp_path: Path) -> None:
    fill(server)
    finish(server, tmp_path / "whole")
    server.asked.clear()
    out = tmp_path / "killed"
    moments = ("write:1", "write:20", "commit:3", "commit:20", "shard:2")
    for moment in moments:
        assert start(server, out, moment).wait(60) == -signal.SIGKILL
    size = (out / "raw" / "site.warc.gz").stat().st_size
    finish(server, out)
    assert (out / "raw" / "site.warc.gz").stat().st_size == size  # the crawl itself was over
    compare(server, tmp_path / "whole", out, len(moments))


def test_extraction_goes_on_without_the_server(server: Server, tmp_path: Path) -> None:
    fill(server)
    out = tmp_path / "out"
    assert start(server, out, "shard:2").wait(60) == -signal.SIGKILL
    server.pages.clear()  # a second fetch would find nothing
    asked = sum(server.asked.values())
    finish(server, out)
    assert sum(server.asked.values()) == asked
    assert len(archived(out)) > PAGES
