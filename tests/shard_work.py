"""Work for shards, importable by every kind of worker."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from korpu.errors import UsageError


@dataclass(frozen=True)
class Numbers:
    """A shard of ``count`` numbers; ``fault`` is what goes wrong with it."""

    start: int
    count: int
    fault: str = ""
    seconds: float = 0.0
    seen: str = ""  # a folder in which every attempt leaves a file


def squares(task: Numbers) -> pl.DataFrame:
    """Numbers and their squares, or the fault."""
    if task.seen:
        name = f"{task.start}-{os.getpid()}-{time.monotonic_ns()}"
        (Path(task.seen) / name).write_text("")
    time.sleep(task.seconds)
    if task.fault == "ours":
        raise UsageError(f"articles.parquet row {task.start} cannot be read; collect again")
    if task.fault == "bug":
        raise ValueError(f"no square of {task.start}")
    if task.fault == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if task.fault == "held":
        time.sleep(600)
    numbers = range(task.start, task.start + task.count)
    rows = {"number": numbers, "square": [n * n for n in numbers]}
    return pl.DataFrame(rows, schema={"number": pl.Int64, "square": pl.Int64})


def halves(task: Numbers) -> list[pl.DataFrame]:
    """The same in two frames, the second of them empty at times."""
    frame = squares(task)
    return [frame.head(task.count // 2), frame.tail(task.count // 2 if task.start % 2 else 0)]


def threads(task: Numbers) -> pl.DataFrame:
    """How many threads polars has in a worker."""
    return pl.DataFrame({"number": [task.start], "threads": [pl.thread_pool_size()]})
