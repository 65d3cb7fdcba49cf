"""What runs the shards beyond a pool of processes: datatrove's executors.

A launch is a folder on a file system that every machine sees. It holds the plan, written once;
every rank of datatrove reads it and does every n-th of its shards. Shards that are there count,
and nothing else does: datatrove's own completion markers lie in the launch's folder, which is a
new one each time.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from korpu import schema
from korpu.errors import UsageError

LOCAL, DATATROVE, SLURM, RAY = "local", "datatrove_local", "datatrove_slurm", "datatrove_ray"
NEEDS = {LOCAL: (), DATATROVE: ("datatrove",), SLURM: ("datatrove",), RAY: ("datatrove", "ray")}
COMMANDS = ("sbatch", "squeue", "scancel")
OURS = ("job-name", "array", "output", "error", "dependency")  # sbatch options korpu itself sets
THREADS = dict.fromkeys(
    ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
DIED = (
    "a worker process of prepare died (out of memory?); run it again, with fewer "
    "prepare.workers if it happens twice"
)


def check(runtime: schema.Runtime | None) -> None:
    """Raise ``UsageError`` for a runtime that cannot work here, before anything is done."""
    if runtime is None:
        return
    if runtime.executor not in NEEDS:
        raise UsageError(
            f"runtime.executor={runtime.executor} is not known; it is one of {', '.join(NEEDS)}"
        )
    missing = [name for name in NEEDS[runtime.executor] if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"runtime={runtime.executor} needs {' and '.join(missing)}, which this Python does not "
            "have; install the extra: pip install -e '.[cluster]'"
        )
    if runtime.executor != LOCAL and runtime.tasks < 1:
        raise UsageError(f"runtime.tasks={runtime.tasks} must be at least 1")
    if runtime.executor == SLURM:
        _check_slurm(runtime.slurm)


def _check_slurm(settings: schema.Slurm) -> None:
    missing = [command for command in COMMANDS if shutil.which(command) is None]
    if missing:
        raise UsageError(
            f"runtime=datatrove_slurm needs {', '.join(missing)} on the PATH; run it where jobs "
            "are submitted from"
        )
    taken = [option for option in settings.options if option in OURS]
    if taken:
        raise UsageError(
            f"runtime.slurm.options cannot set {', '.join(taken)}: korpu finds its jobs and their "
            "logs by them; leave it out"
        )
    if settings.poll <= 0:
        raise UsageError(f"runtime.slurm.poll={settings.poll} must be more than 0 seconds")


def run(
    todo: Sequence[tuple[Any, Path]],
    work: Callable[[Any], Any],
    folder: Path,
    workers: int,
    runtime: schema.Runtime,
    advance: Callable[[int], None],
) -> None:
    """Leave the file of every (task, path) in ``folder``, through the runtime's executor.

    Raises the ``KorpuError`` that ``work`` raised; ``Infrastructure`` naming the log where it
    raised something else, where a worker died, and where the executor failed.
    """
    from data_prep.bitext.runtimes import driver, launch, slurm

    where = launch.Where(folder.resolve())
    through = slurm if runtime.executor == SLURM else driver
    through.clear(where)
    plan = launch.plan(todo, work, max(workers, 1), runtime)
    through.run(launch.begin(where, plan), plan, advance)
