"""A full disk, or files changed from outside: the frontier stays true, the error is exact."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from data_prep.collect import shards, tables
from data_prep.collect.site import warc
from data_prep.collect.site.frontier import Frontier
from korpu.errors import SaysNo
from tests.collect.conftest import Server, article, html, link_to
from tests.collect.test_crawl import collect


def fill(server: Server, pages: int = 20) -> None:
    server.pages["/"] = html(link_to(*(f"/{n}" for n in range(pages))))
    for n in range(pages):
        server.pages[f"/{n}"] = article(n)


def check_and_continue(server: Server, out: Path, pages: int = 20) -> None:
    """What is committed is there; a rerun with space left gets everything once."""
    db = sqlite3.connect(out / "frontier.sqlite")
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    for file, offset, length in db.execute(
        "SELECT file, offset, length FROM urls WHERE file != ''"
    ):
        assert warc.read(out / "raw" / file, offset, length).status == 200
    db.close()
    found, _ = collect(server, out)
    assert len(found) == pages


@pytest.mark.parametrize("call", ["pwrite", "fsync"])
def test_full_disk_in_the_archive(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    fill(server)
    out, left, real = tmp_path / "out", [9], getattr(os, call)

    def full(*arguments: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            if call == "pwrite":
                real(arguments[0], arguments[1][:50], arguments[2])  # half a record got through
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError) as caught:
        collect(server, out)
    assert caught.value.errno == errno.ENOSPC
    assert str(caught.value.filename).endswith(("site-2025-12-01.warc.gz", "pairs.parquet.tmp"))
    monkeypatch.undo()
    check_and_continue(server, out)


def test_full_disk_in_the_frontier(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(server, 60)
    real = Frontier.__init__

    def small(self: Frontier, path: Path, source: str) -> None:
        real(self, path, source)
        pages = self._db.execute("PRAGMA page_count").fetchone()[0]
        self._db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own "disk is full"

    monkeypatch.setattr(Frontier, "__init__", small)
    with pytest.raises(OSError) as caught:
        collect(server, tmp_path / "out")
    assert caught.value.errno == errno.ENOSPC
    assert str(caught.value.filename).endswith("frontier.sqlite")
    monkeypatch.undo()
    check_and_continue(server, tmp_path / "out", 60)


def test_full_disk_in_extraction_and_tables(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(server)

    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    for module, name in (
        (shards.artifact, "write_atomically"),
        (tables.artifact, "replace_durably"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            with pytest.raises(OSError) as caught:
                collect(server, tmp_path / "out")
            assert caught.value.errno == errno.ENOSPC
    check_and_continue(server, tmp_path / "out")


def test_a_tail_is_cut_and_a_loss_is_refused(server: Server, tmp_path: Path) -> None:
    fill(server)
    out = tmp_path / "out"
    collect(server, out)
    path = out / "raw" / "site-2025-12-01.warc.gz"
    size = path.stat().st_size
    with path.open("ab") as stream:
        stream.write(b"half a record")
    collect(server, out)
    assert path.stat().st_size == size
    os.truncate(path, size - 1)
    with pytest.raises(
        SaysNo, match=r"site-2025-12-01\.warc\.gz has \d+ bytes, but \d+ were committed"
    ):
        collect(server, out)


def test_a_damaged_frontier_is_named(server: Server, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "frontier.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(SaysNo, match=r"frontier\.sqlite is damaged"):
        collect(server, out)
