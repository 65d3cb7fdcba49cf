"""datatrove's local and Ray executors, in a process of their own.

datatrove's local pool waits for ever for a worker that was killed, and some of its processes
outlive a killed master. So a driver process runs the executor, in a process group that ends as a
whole: when a worker dies, when the submitting process stops, and when it is killed.

    python -m data_prep.bitext.runtimes.driver LAUNCH
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from data_prep.bitext.runtimes import DIED, RAY, THREADS, launch, rank
from korpu.errors import Infrastructure

LOG = "driver.log"
LOOK = 0.5  # seconds between two looks at the pool's processes
GRACE = 5.0  # seconds for Ray to end its own processes
ROOT = Path(__file__).resolve().parents[3]


def clear(where: launch.Where) -> None:
    """Nothing is left of an earlier run: its driver ended with it."""
    del where


def run(folder: Path, plan: launch.Plan, advance: Callable[[int], None]) -> None:
    """Do a launch; raises as ``runtimes.run`` says."""
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "data_prep.bitext.runtimes.driver", str(folder)],
            stdin=subprocess.PIPE,  # its end tells the driver that we are gone
            stdout=log,
            stderr=log,
            env=environment(),
            start_new_session=True,
        )
    try:
        missing = launch.wait(folder, plan, advance, alive=lambda: _alive(process))
    finally:
        _end(process, GRACE if plan.runtime.executor == RAY else 0.0)
    if missing and process.returncode > 0:
        last = launch.last_line(folder / LOG)
        raise Infrastructure(f"datatrove's executor ended ({last}); see {folder / LOG}")
    if missing:
        raise Infrastructure(f"{DIED}; {folder / LOG} may say more")


def environment() -> dict[str, str]:
    """For a process that imports this checkout: one thread each, and what we can import."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, **THREADS, "PYTHONPATH": path}


def _alive(process: subprocess.Popen[bytes]) -> bool:
    # WNOWAIT: its number stays taken until its group is ended too
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    """End the driver, then all that is left of its group."""
    try:
        if grace and _alive(process):
            process.terminate()
            until = time.monotonic() + grace
            while _alive(process) and time.monotonic() < until:
                time.sleep(launch.PAUSE)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def main(folder: Path) -> None:
    """The driver process."""
    rank.end_with_parent(lambda: os.killpg(0, signal.SIGKILL))
    plan = launch.read(folder)
    if plan.runtime.executor == RAY:
        _ray(folder, plan)
    else:
        _local(folder, plan)


def _local(folder: Path, plan: launch.Plan) -> None:
    from datatrove.executor.local import LocalPipelineExecutor

    from data_prep.bitext.runtimes.step import Shards

    workers = min(plan.workers, plan.ranks)
    executor = LocalPipelineExecutor(
        [Shards(folder)],
        tasks=plan.ranks,
        workers=workers,
        logging_dir=str(folder),
        skip_completed=False,
    )
    threading.Thread(target=_end_with_worker, args=(workers,), daemon=True).start()
    executor.run()


def _ray(folder: Path, plan: launch.Plan) -> None:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # it would report to its makers
    import ray
    from datatrove.executor.ray import RayPipelineExecutor

    from data_prep.bitext.runtimes.step import Shards

    given = {name: environment()[name] for name in (*THREADS, "PYTHONPATH")}
    ray.init(
        address=plan.runtime.ray or "local",
        num_cpus=None if plan.runtime.ray else plan.workers,
        include_dashboard=None if plan.runtime.ray else False,
        log_to_driver=False,
        runtime_env={"env_vars": given},
    )
    executor = RayPipelineExecutor(
        [Shards(folder, apart=True)],  # its pool too waits for ever for a killed worker
        tasks=plan.ranks,
        workers=min(plan.workers, plan.ranks),
        logging_dir=str(folder),
        skip_completed=False,
        mem_per_cpu_gb=0,  # else a task waits for ever on a cluster that does not offer it
    )
    executor.run()
    ray.shutdown()


def _end_with_worker(workers: int) -> None:
    """End the group when datatrove's pool lost a worker: the pool starts another in its place,
    and the rank of the lost one would never end."""
    import multiprocess

    processes = workers + 1  # the pool's, and a manager; they are numbered as they are started
    while True:
        last = max(
            (int(c.name.rpartition("-")[2]) for c in multiprocess.active_children()), default=0
        )
        if last > processes:
            print("korpu: a worker process is gone", file=sys.stderr, flush=True)
            os.killpg(0, signal.SIGKILL)
        time.sleep(LOOK)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
