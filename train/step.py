"""One optimisation step's loss and gradients, whatever the memory, precision and number of ranks.

The loss is the sum over the global batch's target tokens divided by their number, however the
rows are cut: a micro-batch, a rank or a whole batch give the same gradient but for rounding.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.utils import deterministic

from korpu import log
from korpu.errors import Infrastructure
from korpu.schema import Train
from train import batches
from train.corpus import Example
from train.loss import cross_entropy
from train.ranks import Ranks

WORKSPACE = ":4096:8"  # cuBLAS gives the same bits only with one of its fixed workspaces
SMALLEST = 64  # tokens of a micro-batch below which memory cannot be the budget's fault


class Objective(torch.nn.Module):
    """The summed loss of a batch: model, output layer and loss in one module, so that torch's
    DistributedDataParallel sees all of a step."""

    def __init__(self, model: Any, run: Train, ranks: Ranks) -> None:
        super().__init__()
        self.model = model
        self._smoothing, self._loss = run.label_smoothing, run.loss
        self._low = precision(run, ranks) == "bf16"
        self._kind = ranks.device.partition(":")[0]
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        # in a tuple, so that it is no second module: names stay, and decoding is not compiled
        compiled = torch.compile(base.model, dynamic=True) if run.compile else base.model
        self._hidden = (compiled,)

    def forward(self, source: Any, source_mask: Any, decoder: Any, labels: Any) -> torch.Tensor:
        """Scalar, nats, float32."""
        model = self.model
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        with torch.autocast(self._kind, dtype=torch.bfloat16, enabled=self._low):
            hidden = self._hidden[0](
                input_ids=source,
                attention_mask=source_mask,
                decoder_input_ids=decoder,
                use_cache=False,
            ).last_hidden_state
        if self._low:  # on CUDA autocast leaves the last norm's output in float32
            hidden = hidden.bfloat16()
        return cross_entropy(hidden, base.lm_head.weight, labels, self._smoothing, self._loss)


def objective(model: Any, run: Train, ranks: Ranks) -> Any:
    """The module whose call is a batch's loss, as the run wants it."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    if run.checkpointing:
        with warnings.catch_warnings():  # its newer name is younger than what is asked for here
            warnings.simplefilter("ignore", FutureWarning)
            # the reentrant kind gives no gradient below frozen embeddings
            base.gradient_checkpointing_enable({"use_reentrant": False})
    found: Any = Objective(model, run, ranks)
    if ranks.world > 1:
        ids = [torch.cuda.current_device()] if ranks.device.startswith("cuda") else None
        found = torch.nn.parallel.DistributedDataParallel(found, device_ids=ids)
    return found


@contextlib.contextmanager
def kernels(run: Train, device: str) -> Iterator[None]:
    """On CUDA, where the run wants it: kernels that give the same bits every time.

    Without them atomic additions come in any order, and a resumed run differs in the last bits.
    Raises torch's ``RuntimeError`` for an operation that has no such kernel.
    """
    if not (run.deterministic and device.startswith("cuda")):
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", WORKSPACE)
    memory: Any = deterministic
    before = torch.are_deterministic_algorithms_enabled(), memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    memory.fill_uninitialized_memory = False  # for debugging; it costs time
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        memory.fill_uninitialized_memory = before[1]


def precision(run: Train, ranks: Ranks) -> str:
    """``float32`` or ``bf16``; ``auto`` is bf16 on CUDA alone: on a CPU it is many times slower."""
    if run.precision != "auto":
        return run.precision
    return "bf16" if ranks.device.startswith("cuda") else "float32"


def micro(examples: Sequence[Example], budget: int | None) -> list[list[Example]]:
    """Consecutive rows of at most ``budget`` padded tokens, both sides; at least one row each."""
    if budget is None:
        return [list(examples)]
    parts: list[list[Example]] = []
    longest = 0
    for example in examples:
        size = len(example.source) + len(example.target)
        longest = max(longest, size)
        if parts and parts[-1] and (len(parts[-1]) + 1) * longest <= budget:
            parts[-1].append(example)
        else:
            parts.append([example])
            longest = size
    return parts


def backward(
    loss_of: Any,
    rows: Sequence[Example],
    targets: int,
    ranks: Ranks,
    ids: tuple[int, int],
    budget: int | None,
) -> tuple[torch.Tensor, int, int]:
    """Accumulate the gradients of this rank's rows; returns the loss summed over its targets in
    nats (a scalar on the device, float64: nothing here waits for it), and its padded source and
    target positions.

    ``targets`` counts those of all ranks; ``ids`` are the pad and the decoder's start token. A
    rank without rows computes one that counts nothing, since the others wait for its gradients.
    """
    mine = list(rows[ranks.rank :: ranks.world])
    parts = micro(mine, budget) if mine else [[rows[0]]]
    total, sources, labels = torch.zeros((), dtype=torch.float64, device=ranks.device), 0, 0
    for number, part in enumerate(parts):
        batch = batches.tensors(part, *ids, ranks.device)
        gold = batch.labels if mine else torch.full_like(batch.labels, -100)
        last = number + 1 == len(parts)
        wait = contextlib.nullcontext() if last or ranks.world == 1 else loss_of.no_sync()
        with wait:
            loss = loss_of(batch.source, batch.source_mask, batch.decoder, gold)
            # ranks' gradients are averaged: times their number is their sum
            torch.autograd.backward(loss * (ranks.world / targets))
        total += loss.detach()
        sources, labels = sources + batch.source.numel(), labels + batch.labels.numel()
    return total, sources, labels


def fit(
    loss_of: Any,
    largest: Sequence[Example],
    targets: int,
    ranks: Ranks,
    ids: tuple[int, int],
    budget: int | None,
) -> int | None:
    """The micro-batch budget that the memory allows, tried on the largest batch.

    ``None`` (all at once) where that fits. Halved until it does; the same on every rank. Raises
    ``Infrastructure`` where not even a row fits. Gradients and generators are left as they were.
    """
    states = torch.get_rng_state(), torch.cuda.get_rng_state_all()
    # without the others: a rank that runs short would leave them waiting for its gradients
    alone, mine = replace(ranks, rank=0, world=1), list(largest[:: ranks.world])
    tried = budget
    while True:
        short = False
        try:
            backward(getattr(loss_of, "module", loss_of), mine, targets, alone, ids, tried)
        except torch.OutOfMemoryError:
            short = True
        for parameter in loss_of.parameters():
            parameter.grad = None
        torch.cuda.empty_cache()
        if not ranks.any(short):
            break
        whole = sum(len(row.source) + len(row.target) for row in mine)
        tried = (tried or whole) // 2
        if tried < SMALLEST:
            raise Infrastructure(
                "the GPU's memory does not hold one row of a batch; set checkpointing=true or a "
                "lower max_tokens in the run's section"
            )
        log.say(f"  a batch does not fit the memory: micro-batches of {tried} tokens")
    torch.set_rng_state(states[0])
    torch.cuda.set_rng_state_all(states[1])
    return tried
