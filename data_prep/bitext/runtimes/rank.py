"""A rank's share of a launch, and a process of its own for it.

python -m data_prep.bitext.runtimes.rank LAUNCH RANK RANKS
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from data_prep.bitext.runtimes import DIED, THREADS, launch
from korpu.errors import Infrastructure


def work(folder: Path, rank: int, ranks: int, say: Callable[[str], None]) -> None:
    """Do the shards rank, rank + ranks, … of the plan that are not there yet.

    Raises what the work raises, and leaves word of it.
    """
    # before polars is imported: where the executor does not hand on the environment
    os.environ.update(THREADS)
    plan = launch.read(folder)
    os.chdir(plan.cwd)
    from data_prep.bitext import shards

    for task, path in plan.todo[rank::ranks]:
        if path.exists():
            continue
        began = time.monotonic()
        try:
            shards.finish(plan.work, task, path)
        except Exception as error:
            launch.fail(folder, rank, path, error)
            raise
        say(f"{path}: {time.monotonic() - began:.1f} s")


def apart(folder: Path, rank: int, ranks: int) -> None:
    """The same in a new process, so that one that is killed is noticed.

    Raises ``Infrastructure``, and leaves word, where it ends by a signal; ``RuntimeError`` with
    its traceback where it fails.
    """
    words = [sys.executable, "-m", "data_prep.bitext.runtimes.rank", folder, rank, ranks]
    with subprocess.Popen(
        [str(word) for word in words],
        stdin=subprocess.PIPE,  # its end tells the process that we are gone
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        printed = process.stderr.read() if process.stderr else ""
    if process.returncode < 0:
        died = Infrastructure(DIED)
        plan = launch.read(folder)
        missing = [path for _, path in plan.todo[rank::ranks] if not path.exists()]
        launch.fail(folder, rank, missing[0] if missing else folder, died)
        raise died
    if process.returncode:
        raise RuntimeError(printed)


def end_with_parent(end: Callable[[], None]) -> None:
    """Call ``end`` when the process that holds our standard input open is gone."""

    def watch() -> None:
        # not through sys.stdin: a forked process closes that, and would wait for our lock on it
        os.read(0, 1)
        end()

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    end_with_parent(lambda: os._exit(1))
    work(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), print)
