"""Where things are and what runs them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Slurm:
    """What datatrove's Slurm executor asks the cluster for."""

    partition: str
    time: str  # HH:MM:SS of one task
    cpus_per_task: int
    mem_per_cpu_gb: int
    setup: str | None  # a shell line before each task, such as `source .venv/bin/activate`
    options: dict[str, str]  # further sbatch options: account, qos, …
    poll: float  # seconds between looks at the queue


@dataclass(frozen=True)
class Runtime:
    """Where things are and what runs them; none of it changes a result."""

    outputs: str
    shared: str
    device: str  # auto | cpu | cuda
    threads: int  # of torch; 0: its own choice
    executor: str  # local | datatrove_local | datatrove_slurm | datatrove_ray (group `runtime`)
    tasks: int  # at most this many datatrove tasks a step
    slurm: Slurm
    ray: str | None  # address of the Ray cluster; null: started here
