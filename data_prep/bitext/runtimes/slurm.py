"""datatrove's Slurm executor: it submits and returns; here are the wait and the end.

Jobs are known by a name that is made of the shards' folder, so that a later run finds what a
killed one left in the queue. Its jobs are cancelled before new ones are submitted: complete shards
are kept, and a job loses the one it is at.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.bitext.runtimes import THREADS, driver, launch
from korpu import log
from korpu.errors import Infrastructure

LAG = 60.0  # seconds until a file written elsewhere is seen here: NFS keeps names that long
SILENT = 600.0  # seconds without an answer of squeue after which the cluster counts as gone
PATIENCE = 30.0  # seconds in the queue before one line says so
LEAVE = 300.0  # seconds for cancelled jobs to leave the queue
ARRAY = 1001  # Slurm's own MaxArraySize
NEVER = ("launch failed requeued held", "BadConstraints", "JobHeldAdmin")  # reasons that stay


def clear(where: launch.Where) -> None:
    """Cancel what an earlier run left in the queue, and wait until it is gone."""
    if not _jobs(where.job):
        return
    log.say(f"  cancelling jobs of an earlier run in Slurm's queue ({where.job})")
    cancel(where.job)
    until = time.monotonic() + LEAVE
    while _jobs(where.job):
        if time.monotonic() > until:
            raise Infrastructure(
                f"jobs named {where.job} of an earlier run do not leave Slurm's queue; end them "
                f"(scancel --name={where.job}) and run it again"
            )
        time.sleep(0.5)


def cancel(job: str, *options: str) -> None:
    """Cancel every job of that name (``options``: only some of them), if anybody answers."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            ["scancel", f"--user={_user()}", f"--name={job}", *options],
            capture_output=True,
            timeout=60,
        )


def run(folder: Path, plan: launch.Plan, advance: Callable[[int], None]) -> None:
    """Submit a launch and wait for it; raises as ``runtimes.run`` says."""
    where = launch.Where(folder.parent.parent)
    pause = plan.runtime.slurm.poll
    queue = Queue(where.job)
    try:
        size = _submit(folder, plan, where.job)
        missing = launch.wait(folder, plan, advance, alive=queue.alive, pause=pause)
        if missing:
            raise _lost(folder, plan, missing[0], size)
    except BaseException:
        cancel(where.job)
        raise
    # a last array of jobs is longer than it has ranks
    cancel(where.job, "--state=PENDING")


def _submit(folder: Path, plan: launch.Plan, job: str) -> int:
    """Hand the launch to sbatch; returns how many ranks an array of jobs has at most."""
    from data_prep.bitext.runtimes.step import Shards, SlurmExecutor

    asked, size = plan.runtime.slurm, _array_size()
    executor = SlurmExecutor(
        [Shards(folder)],
        tasks=plan.ranks,
        workers=plan.workers,
        time=asked.time,
        partition=asked.partition,
        cpus_per_task=asked.cpus_per_task,
        mem_per_cpu_gb=asked.mem_per_cpu_gb,
        job_name=job,
        qos=asked.options.get("qos"),
        env_command=_setup(asked.setup),
        sbatch_args=dict(asked.options),
        max_array_size=size,
        logging_dir=str(folder),
        skip_completed=False,
    )
    try:
        with _outside_of_jobs():
            executor.launch_job()
    except (subprocess.CalledProcessError, OSError) as error:
        raise Infrastructure(
            f"sbatch did not take {folder / 'launch_script.slurm'} ({error}; its own words stand "
            "above); check runtime.slurm and run it again"
        ) from error
    return size


def _setup(own: str | None) -> str:
    """The shell lines before a task: this Python first on the path, then the recipe's line."""
    lines = [f"export {name}={value}" for name, value in THREADS.items()]
    lines.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"')
    lines.append(f"export PYTHONPATH={shlex.quote(driver.environment()['PYTHONPATH'])}")
    return "\n".join([*lines, *([own] if own else [])])


@contextlib.contextmanager
def _outside_of_jobs() -> Iterator[None]:
    """Inside of a job, sbatch would take that job's variables for options of the new one."""
    own = {name: value for name, value in os.environ.items() if _of_a_job(name)}
    for name in own:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(own)


def _of_a_job(name: str) -> bool:
    return name.startswith("SLURM_") and name != "SLURM_CONF"


def _array_size() -> int:
    try:
        said = _ask("scontrol", "show", "config")
    except (OSError, subprocess.SubprocessError):
        return ARRAY
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", said, re.MULTILINE)
    return int(found[1]) if found and int(found[1]) > 0 else ARRAY


@dataclass(frozen=True)
class Job:
    """A line of the queue."""

    name: str  # number, and place in the array
    state: str
    reason: str


def _jobs(job: str) -> list[Job]:
    """What is in the queue under a name; raises ``Infrastructure`` where nobody answers."""
    try:
        said = _ask(
            "squeue", "--noheader", "--array", f"--user={_user()}", f"--name={job}",
            "--format=%i|%T|%r",
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        words = getattr(error, "stderr", None) or str(error)
        raise Infrastructure(
            f"squeue does not answer ({words.strip()}); see that Slurm runs, then run it again"
        ) from error
    return [Job(*line.split("|", 2)) for line in said.splitlines() if line.count("|") >= 2]


def _ask(*words: str) -> str:
    return subprocess.run(
        words, check=True, capture_output=True, text=True, errors="replace", timeout=60
    ).stdout


def _user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


class Queue:
    """Whether jobs of a name are still to come, as far as one can know it."""

    def __init__(self, job: str) -> None:
        self.job = job
        self.answered = time.monotonic()
        self.left: float | None = None  # when the last job was gone
        self.began = self.answered  # or when the last job was seen to run
        self.said = False

    def alive(self) -> bool:
        """True while a job is queued or runs, and until its files must be seen here.

        Raises ``Infrastructure`` where the queue gives no answer for ``SILENT`` seconds, and for
        a job that will never start.
        """
        now = time.monotonic()
        try:
            jobs = _jobs(self.job)
        except Infrastructure:
            if now - self.answered > SILENT:
                raise
            return True
        self.answered = now
        if jobs:
            self.left = None
            self._tell(jobs)
            return True
        self.left = self.left or now
        return now - self.left < LAG

    def _tell(self, jobs: list[Job]) -> None:
        for job in jobs:
            if any(reason in job.reason for reason in NEVER):
                raise Infrastructure(
                    f"Slurm job {job.name} will not start ({job.reason}); look at "
                    f"`scontrol show job {job.name}`, correct runtime.slurm and run it again"
                )
        now = time.monotonic()
        if any(job.state != "PENDING" for job in jobs):
            self.began = now
        elif now - self.began > PATIENCE and not self.said:
            self.said = True
            log.say(f"  {len(jobs)} tasks wait in Slurm's queue: {jobs[0].reason}")


def _lost(folder: Path, plan: launch.Plan, shard: Path, size: int) -> Infrastructure:
    """The error for a shard of which no job is left and nobody left word."""
    rank = next(n for n, (_, path) in enumerate(plan.todo) if path == shard) % plan.ranks
    printed = _printed(folder, rank, size)
    if printed is None:
        return Infrastructure(
            f"the Slurm task of {shard.name} is gone and left no log in {folder / 'slurm_logs'} "
            "(cancelled, or no node could start it); run it again, complete shards are kept"
        )
    why = launch.last_line(printed, "slurmstepd")  # memory, time, cancelled: it says which
    return Infrastructure(
        f"the Slurm task of {shard.name} ended without it ({why}); see {printed}, "
        "give it more runtime.slurm.time or mem_per_cpu_gb if that is why, and run it again"
    )


def _printed(folder: Path, rank: int, size: int) -> Path | None:
    """What the job of a rank printed; a further array of jobs has a later number."""
    arrays: dict[int, Any] = {}
    for path in (folder / "slurm_logs").glob("*_*.out"):
        number, _, place = path.stem.partition("_")
        arrays.setdefault(int(number), {})[int(place)] = path
    numbers = sorted(arrays)
    if rank // size >= len(numbers):
        return None
    found: Path | None = arrays[numbers[rank // size]].get(rank % size)
    return found
