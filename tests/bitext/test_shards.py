"""Shards by one process and by several: the same files, complete or absent."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from shard_work import Numbers, halves, squares

from data_prep.bitext import shards
from korpu.errors import Infrastructure, UsageError

TASKS = [Numbers(start, start % 4) for start in range(6)]


def build(
    folder: Path, workers: int = 1, tasks: list[Numbers] = TASKS, batched: bool = False
) -> dict[str, bytes]:
    """The bytes of every file that lies in the folder afterwards."""
    with shards.crew(workers) as crew:
        paths = shards.build(
            tasks, halves if batched else squares, folder, crew=crew, what="x", batched=batched
        )
    assert [path.stem for path in paths] == [f"{n:05d}" for n in range(len(tasks))]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    one, three = build(tmp_path / "1"), build(tmp_path / "3", 3)
    assert one == three and len(one) == len(TASKS)
    one, three = build(tmp_path / "b1", batched=True), build(tmp_path / "b3", 3, batched=True)
    assert one == three and len(one) == len(TASKS)


def test_shards_are_read_in_order_and_batches_alone(tmp_path: Path) -> None:
    build(tmp_path / "a")
    whole = shards.read(sorted((tmp_path / "a").iterdir()))
    assert whole["number"].to_list() == [
        n for t in TASKS for n in range(t.start, t.start + t.count)
    ]
    assert shards.read(sorted((tmp_path / "a").iterdir()), ["square"]).columns == ["square"]
    build(tmp_path / "b", batched=True)
    for task, path in zip(TASKS, sorted((tmp_path / "b").iterdir()), strict=True):
        for number, frame in enumerate(halves(task)):
            assert shards.batch(path, number).equals(frame)


def test_only_missing_shards_are_made(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()
    tasks = [Numbers(n, 1, seen=str(seen)) for n in range(4)]
    before = build(tmp_path / "a", tasks=tasks)
    (tmp_path / "a" / "00002.parquet").unlink()
    (tmp_path / "a" / "00002.parquet.elsewhere.1.tmp").write_text("half a shard of a killed worker")
    assert build(tmp_path / "a", tasks=tasks) == before
    assert sorted(path.name.split("-")[0] for path in seen.iterdir()) == ["0", "1", "2", "2", "3"]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_work_is_raised_and_what_is_complete_stays(
    tmp_path: Path, workers: int
) -> None:
    tasks = [Numbers(n, 1, "ours" if n == 3 else "") for n in range(4)]
    with pytest.raises(UsageError, match="row 3 cannot be read"):
        build(tmp_path, workers, tasks)
    assert pl.read_parquet(tmp_path / "00000.parquet")["number"].to_list() == [0]
    assert not list(tmp_path.glob("00003*"))


def test_a_killed_worker_is_said(tmp_path: Path) -> None:
    tasks = [Numbers(n, 1, "killed" if n == 3 else "") for n in range(4)]
    with pytest.raises(Infrastructure, match="a worker process of prepare died"):
        build(tmp_path, 2, tasks)
