"""A launch: the folder through which the submitting process and the ranks know of each other.

<shards>/datatrove/0001/plan.pickle    what there is to do, written before anything starts
                       /failed/00003   a rank's error, complete or absent
                       /logs           a log a rank (datatrove's folder, as are the others)
                       /slurm_logs     what a Slurm job printed
"""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from korpu import schema
from korpu.artifact import write_atomically
from korpu.errors import Infrastructure, KorpuError

PLAN = "plan.pickle"
PAUSE = 0.1  # seconds between two looks at the files of this machine


@dataclass(frozen=True)
class Plan:
    """What a launch has to do; every rank reads it."""

    todo: tuple[tuple[Any, Path], ...]  # (task, its file)
    work: Callable[[Any], Any]
    ranks: int
    workers: int
    runtime: schema.Runtime
    cwd: Path  # tasks may name files relative to it


@dataclass(frozen=True)
class Failure:
    """What a rank could not do: the error itself where it is one of ours."""

    rank: int
    shard: str
    summary: str
    error: KorpuError | None


@dataclass(frozen=True)
class Where:
    """The folder of the shards, absolute; launches lie below it."""

    shards: Path

    @property
    def launches(self) -> Path:
        return self.shards / "datatrove"

    @property
    def job(self) -> str:
        """A name for jobs that no other folder's jobs have, the same in every run."""
        own = hashlib.sha256(str(self.shards).encode("utf-8", "surrogateescape")).hexdigest()[:12]
        return f"korpu-{self.shards.name}-{own}"


def plan(
    todo: Sequence[tuple[Any, Path]],
    work: Callable[[Any], Any],
    workers: int,
    runtime: schema.Runtime,
) -> Plan:
    """The plan of a launch, with absolute paths of the shards."""
    absolute = tuple((task, path.parent.resolve() / path.name) for task, path in todo)
    return Plan(absolute, work, min(runtime.tasks, len(todo)), workers, runtime, Path.cwd())


def begin(where: Where, what: Plan) -> Path:
    """A new launch with its plan; the folders of earlier launches go, nobody works there."""
    from data_prep.bitext import shards

    shards.sweep(where.shards)
    where.launches.mkdir(exist_ok=True)
    earlier = sorted(path for path in where.launches.iterdir() if path.name.isdecimal())
    number = int(earlier[-1].name) + 1 if earlier else 1
    for path in earlier:
        shutil.rmtree(path, ignore_errors=True)
    folder = where.launches / f"{number:04d}"
    (folder / "failed").mkdir(parents=True)
    write_atomically(folder / PLAN, pickle.dumps(what, pickle.HIGHEST_PROTOCOL))
    return folder


@lru_cache(maxsize=1)
def read(folder: Path) -> Plan:
    """The plan of a launch, in a rank; a process that does several ranks reads it once."""
    found: Plan = pickle.loads((folder / PLAN).read_bytes())
    return found


def fail(folder: Path, rank: int, shard: Path, error: Exception) -> None:
    """Leave word of an error; the submitting process raises it."""
    summary = "".join(traceback.format_exception_only(error)).strip()
    ours = error if isinstance(error, KorpuError) else None
    failure = Failure(rank, shard.name, summary, ours)
    try:
        data = pickle.dumps(failure)
        pickle.loads(data)
    except Exception:  # an error that carries what cannot be pickled: its words are enough
        data = pickle.dumps(Failure(rank, shard.name, summary, None))
    marker = folder / "failed" / f"{rank:05d}"
    # first: once the marker is seen, this process may be ended
    write_atomically(marker.with_suffix(".txt"), "".join(traceback.format_exception(error)))
    write_atomically(marker, data)


def wait(
    folder: Path,
    what: Plan,
    advance: Callable[[int], None],
    *,
    alive: Callable[[], bool],
    pause: float = PAUSE,
) -> list[Path]:
    """Look for the shards until all are there, a rank failed, or nothing is alive any more.

    Returns the shards that are missing. Raises what a rank failed with.
    """
    missing = {path.name: path for _, path in what.todo}
    shards = next(iter(missing.values())).parent
    while True:
        over = not alive()  # asked before the look: what it left can then be seen
        with os.scandir(shards) as entries:
            found = [entry.name for entry in entries if entry.name in missing]
        for name in found:
            del missing[name]
        if found:
            advance(len(found))
        if not missing:
            return []
        _raise_failure(folder)
        if over:
            return list(missing.values())
        time.sleep(pause)


def _raise_failure(folder: Path) -> None:
    for path in sorted((folder / "failed").iterdir()):
        if path.suffix:
            continue
        failure: Failure = pickle.loads(path.read_bytes())
        if failure.error is not None:
            raise failure.error
        raise Infrastructure(
            f"{failure.summary} in the task of {failure.shard}; see "
            f"{path.with_suffix('.txt')}, then run it again: shards that "
            "are complete are kept"
        )


def last_line(path: Path, telling: str = "") -> str:
    """What a log ends with, at most 200 characters; its last line with ``telling``, if any."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 8192))
        lines = [line.strip() for line in stream.read().decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line]
    said = [line for line in lines if telling in line] or lines or ["it says nothing"]
    return said[-1][:200]
