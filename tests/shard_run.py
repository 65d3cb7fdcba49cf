"""Shards built in a process of its own, signals included, as `korpu prepare` does.

python -m shard_run EXECUTOR FOLDER COUNT SECONDS
"""

from __future__ import annotations

import sys
from pathlib import Path

from shard_work import Numbers, squares

from data_prep.bitext import shards
from korpu import cli, schema
from korpu.errors import STOPPED, Stopped


def main(executor: str, folder: Path, count: int, seconds: float) -> int:
    """``count`` shards of ten numbers, each taking that long; every attempt is in ``seen``."""
    cli._listen()
    seen = folder / "seen"
    seen.mkdir(parents=True, exist_ok=True)
    slurm = schema.Slurm("main", "00:05:00", 1, 1, None, {}, 0.2)
    runtime = schema.Runtime("outputs", "shared", "cpu", 1, executor, 4, slurm, None)
    tasks = [Numbers(n * 10, 10, seconds=seconds, seen=str(seen)) for n in range(count)]
    try:
        with shards.crew(2, runtime) as crew:
            shards.build(tasks, squares, folder / "squares", crew=crew, what="squares")
    except Stopped:
        return STOPPED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
