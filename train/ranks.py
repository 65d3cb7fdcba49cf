"""Several processes of one run, as torchrun starts them; one process is the same with a world of 1.

All processes hold the same weights and see the same batches' names; each computes its share of the
rows, and gradients are summed. Rank 0 alone writes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch

from korpu.errors import UsageError

PATIENCE = timedelta(minutes=30)  # a rank that waits longer for the others gives up


@dataclass(frozen=True)
class Ranks:
    """This process's number among ``world`` many, and its device."""

    rank: int = 0
    world: int = 1
    device: str = "cpu"

    @property
    def writes(self) -> bool:
        """Whether this process writes states, metrics and models."""
        return self.rank == 0

    def share(self, rows: list[int]) -> list[int]:
        """This rank's rows of a batch: every ``world``-th, so that lengths are alike."""
        return rows[self.rank :: self.world]

    def total(self, value: torch.Tensor) -> torch.Tensor:
        """The sum over ranks."""
        if self.world > 1:
            torch.distributed.all_reduce(value)
        return value

    def gathered(self, value: Any) -> list[Any]:
        """Every rank's value, by rank; any object that pickles."""
        if self.world == 1:
            return [value]
        found: list[Any] = [None] * self.world
        torch.distributed.all_gather_object(found, value)
        return found

    def any(self, value: bool) -> bool:
        """Whether it holds on one rank at least."""
        return value if self.world == 1 else any(self.gathered(value))


@contextlib.contextmanager
def joined(device: str, wanted: int, section: str) -> Iterator[Ranks]:
    """The ranks of this run, from torchrun's environment; ``device`` is ``cpu`` or ``cuda``.

    Raises ``UsageError`` where the environment is not whole, or there are not as many processes
    as the recipe's ``section`` wants: their number is part of the result.
    """
    there = int(os.environ.get("WORLD_SIZE", "1"))
    if there != wanted:
        raise UsageError(
            f"{section}.ranks={wanted}, but the processes are {there}; set {section}.ranks={there}"
            + (f" or start torchrun --nproc-per-node={wanted} --no-python korpu …" * (wanted > 1))
        )
    if there == 1:
        yield Ranks(device=device)
        return
    try:
        rank, world, local = (int(os.environ[n]) for n in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    except (KeyError, ValueError) as error:
        raise UsageError(
            f"WORLD_SIZE is set but {error} is not; start several processes with torchrun"
        ) from error
    if device == "cuda":
        torch.cuda.set_device(local)
        device = f"cuda:{local}"
    backend = "nccl" if device.startswith("cuda") else "gloo"
    distributed: Any = torch.distributed
    store, _, _ = next(distributed.rendezvous("env://", rank, world))
    # `base` and `train` join one after the other: the second must not find the first's addresses
    store = distributed.PrefixStore(section, store)
    distributed.init_process_group(
        backend, store=store, rank=rank, world_size=world, timeout=PATIENCE
    )
    try:
        yield Ranks(rank, world, device)
    finally:
        torch.distributed.destroy_process_group()
