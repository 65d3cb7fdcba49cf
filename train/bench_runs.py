"""One measured run of a contestant: korpu's loop, or the library's Seq2SeqTrainer.

Each in a process of its own (``korpu.bench.apart``). Time is taken where both come by: at the end
of every optimiser step.
"""

from __future__ import annotations

import contextlib
import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import torch

from train import batches, bench_models, bench_trainer, flops, loop, step, tracking
from train.bench_jobs import OURS, Job, Learned, Measured, run_of
from train.corpus import Example
from train.ranks import Ranks


def stored(path: Path) -> Measured:
    """The run of a pickled ``Job``: its examples are more than the start of a process takes in."""
    job: Job = pickle.loads(path.read_bytes())
    return run(job)


def run(job: Job) -> Measured:
    """Build, train, measure; in this process."""
    if job.threads:
        torch.set_num_threads(job.threads)
    if job.memory and job.device != "cpu":
        whole = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, job.memory * 1e9 / whole))
    model = bench_models.build(job.shape, job.rows, job.seed, job.device)
    adapted = bench_models.adapted(model, job.adapter, job.seed)
    before = _memory(job.device, reset=True)
    with _clock(job) as ticks:
        train = ours if job.contestant == OURS else bench_trainer.train
        learned, at_once = train(job, adapted)
    peak = _memory(job.device)
    first, last = ticks[job.warm - 1], ticks[-1]
    counted = learned[job.warm :]
    tokens = sum(tokens for tokens, _, _ in counted)
    return Measured(
        tokens=tokens,
        positions=sum(positions for _, positions, _ in counted),
        steps=len(ticks) - job.warm,
        seconds=last[0] - first[0],
        cpu=last[1] - first[1],
        peak=peak,
        added=peak - before,
        loss=held_out_loss(adapted, job),
        at_once=at_once,
        flops=sum(flops for _, _, flops in counted) / tokens,
    )


def ours(job: Job, model: Any) -> tuple[Learned, int | None]:
    """The loop as the training stages call it, without validation."""
    section = run_of(job, save_every=job.steps + job.warm)
    task = loop.Task(
        section="train", run=section, model=model, tokenizer=None, new=job.data.train, old=[],
        dev={}, decode=cast(Any, None), max_length=1024, seed=job.seed,
        ranks=Ranks(device=job.device), settings={},
    )  # fmt: skip
    metrics = job.folder / "metrics.jsonl"
    end = loop.fit(task, job.folder / "state", metrics)
    records = [record for record in tracking.read(metrics)[0] if "targets" in record]
    peak, _ = flops.peak(job.device, step.precision(section, task.ranks))
    learned = [
        (
            record["targets"],
            round(record["targets"] / (1 - record["padding"])),
            record["mfu"] * peak * record["targets"] / record["tokens_per_s"],
        )
        for record in records
    ]
    return learned, end.micro_tokens


def held_out_loss(model: Any, job: Job) -> float:
    """Nats per target token of the held-out examples, dropout off; the same code for all."""
    ranks = Ranks(device=job.device)
    loss_of = step.objective(model, run_of(job, checkpointing=False), ranks)
    model.eval()
    ids = int(model.config.pad_token_id), int(model.config.decoder_start_token_id)
    rows: list[Example] = sorted(job.data.held_out, key=lambda row: len(row.target))
    total, count = 0.0, 0
    with torch.no_grad():
        for part in step.micro(rows, 1024):
            batch = batches.tensors(part, *ids, job.device)
            total += float(loss_of(batch.source, batch.source_mask, batch.decoder, batch.labels))
            count += batch.targets
    return total / count


@contextlib.contextmanager
def _clock(job: Job) -> Iterator[list[tuple[float, float]]]:
    """(wall, processor) seconds at the end of every optimiser step, whoever calls it.

    A GPU is waited for where the count begins and where it ends.
    """
    from torch.optim.optimizer import register_optimizer_step_post_hook

    ticks: list[tuple[float, float]] = []

    def tick(*_: Any) -> None:
        if job.device != "cpu" and len(ticks) + 1 in (job.warm, job.warm + job.steps):
            torch.cuda.synchronize()
        ticks.append((time.perf_counter(), time.process_time()))

    hook = register_optimizer_step_post_hook(tick)
    try:
        yield ticks
    finally:
        hook.remove()


def _memory(device: str, reset: bool = False) -> float:
    """MiB now in use (``reset``: and the peak counts from here), or at the peak since then."""
    if device != "cpu":
        if reset:
            torch.cuda.reset_peak_memory_stats()
            return torch.cuda.memory_allocated() / 2**20
        return torch.cuda.max_memory_allocated() / 2**20
    if reset:
        Path("/proc/self/clear_refs").write_text("5", "ascii")  # proc(5): resets the peak
    wanted = "VmRSS:" if reset else "VmHWM:"
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(wanted):
            return int(line.split()[1]) / 1024
    return 0.0
