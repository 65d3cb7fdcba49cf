"""Kept translations: whole shards only, shared by processes, never trusted when damaged."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from eval import cache
from korpu.errors import Infrastructure

IDENTITY = {"weights": "a", "decode": {"beam": 1}}
WAY = "azj_Latn-uzn_Latn"


def test_what_is_kept_is_known_by_identity_and_direction(tmp_path: Path) -> None:
    path = cache.path_of(tmp_path / "new", IDENTITY)
    assert cache.known(path, WAY, ["salam"]) == {}
    many = {f"cümlə {i}": f"gap {i}" for i in range(1203)}
    cache.keep(path, IDENTITY, WAY, many)
    assert cache.known(path, WAY, [*many, "başqa"]) == many
    assert cache.known(path, "uzn_Latn-azj_Latn", list(many)) == {}
    assert cache.path_of(tmp_path / "new", {**IDENTITY, "decode": {"beam": 2}}) != path
    same = {"decode": {"beam": 1}, "weights": "a"}
    assert cache.path_of(tmp_path / "new", same) == path  # the order of keys is nothing


def test_a_damaged_file_is_put_aside_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = cache.path_of(tmp_path, IDENTITY)
    cache.keep(path, IDENTITY, WAY, {"bir": "bir", "iki": "ikki"})
    path.write_bytes(b"SQLite format 3\0" + os.urandom(4000))
    assert cache.known(path, WAY, ["bir"]) == {}
    said = capsys.readouterr()
    assert "damaged" in said.out + said.err and path.with_suffix(".damaged").exists()
    cache.keep(path, IDENTITY, WAY, {"bir": "bir"})
    assert cache.known(path, WAY, ["bir", "iki"]) == {"bir": "bir"}


def test_what_cannot_be_written_is_infrastructure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Infrastructure, match="cannot be written"):
        cache.keep(tmp_path / "file" / "x.sqlite", IDENTITY, WAY, {"a": "b"})


def keep_for_ever(path: Path, number: int) -> None:
    shard = 0
    while True:
        pairs = {f"{number} {shard} {i}": "x" * 200 for i in range(50)}
        cache.keep(path, IDENTITY, WAY, pairs)
        shard += 1


def test_two_writers_killed_at_any_moment_leave_whole_shards(tmp_path: Path) -> None:
    path = cache.path_of(tmp_path, IDENTITY)
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=keep_for_ever, args=(path, n)) for n in range(2)]
    for writer in writers:
        writer.start()
    both = ["0 4 0", "1 4 0"]
    while len(cache.known(path, WAY, both)) < 2 and all(writer.is_alive() for writer in writers):
        time.sleep(0.01)
    for writer in writers:
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
    shards: dict[tuple[int, int], int] = {}
    asked = [f"{n} {s} {i}" for n in range(2) for s in range(400) for i in range(50)]
    for source in cache.known(path, WAY, asked):
        number, shard, _ = map(int, source.split())
        shards[number, shard] = shards.get((number, shard), 0) + 1
    assert len({number for number, _ in shards}) == 2 and len(shards) >= 10
    assert set(shards.values()) == {50}
