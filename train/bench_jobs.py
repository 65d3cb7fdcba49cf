"""What one contestant of the speed benchmark is asked for, and what is measured of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train import batches, bench_models, step
from train.bench_data import Data
from train.bench_models import Shape
from train.ranks import Ranks

OURS, RANDOM, GROUPED = "korpu", "random", "group_by_length"
Learned = list[tuple[int, int, float]]  # target tokens, target positions, FLOPs of each step


@dataclass(frozen=True)
class Job:
    """What one contestant is to do. ``rows`` of the vocabulary; ``size`` examples a step of the
    Trainer's, ``budget`` target positions a step of ours; ``steps`` are counted, after ``warm``
    ones in which memory is mapped and kernels are chosen. ``memory``: GB of a GPU, 0: all."""

    contestant: str
    shape: Shape
    rows: int
    adapter: str
    data: Data
    budget: int
    size: int
    steps: int
    warm: int
    lr: float
    seed: int
    device: str
    memory: float
    precision: str
    threads: int
    checkpointing: bool
    compiled: bool
    loss: str
    deterministic: bool
    folder: Path


@dataclass(frozen=True)
class Measured:
    """Of the counted steps: target tokens learned from and target positions computed, seconds of
    the wall and of the processor. Peak memory in MiB, and how much of it training added to the
    model; nats per target token of the held-out examples, afterwards."""

    tokens: int
    positions: int
    steps: int
    seconds: float
    cpu: float
    peak: float
    added: float
    loss: float
    at_once: int | None  # tokens of both sides (ours) or examples (theirs); None: a whole step
    flops: float  # of an effective target token, source included; 0 where it was not counted

    @property
    def rate(self) -> float:
        return self.tokens / self.seconds

    @property
    def cpu_rate(self) -> float:
        return self.tokens / self.cpu


def run_of(job: Job, **values: Any) -> Any:
    """What both contestants are asked for, as the loop's section."""
    return bench_models.run_of(
        **{
            "steps": job.steps + job.warm, "target_tokens": job.budget, "micro_tokens": None,
            "precision": job.precision, "checkpointing": job.checkpointing, "lr": job.lr,
            "schedule": "constant", "warmup": 0, "weight_decay": 0.0, "label_smoothing": 0.0,
            "clip": 1.0, "keep": 1, "average": False, "patience": 0, "mix_share": 0.0,
            "max_tokens": 1024, "compile": job.compiled, "loss": job.loss,
            "deterministic": job.deterministic, **values,
        }
    )  # fmt: skip


def low(job: Job) -> bool:
    """Whether it computes in bf16."""
    return step.precision(run_of(job), Ranks(device=job.device)) == "bf16"


def size_of(data: Data, budget: int, seed: int) -> tuple[int, float]:
    """Examples a batch of the Trainer's, and target tokens in one of ours: on average alike."""
    order = batches.epoch(batches.lengths(data.train), [], budget, 0.0, seed, 0)
    tokens = sum(len(example.target) for example in data.train) / len(order)
    return max(1, round(tokens / data.mean_target)), tokens
