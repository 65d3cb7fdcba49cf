"""What a step cost: tokens a second, MFU, memory. Never the same twice, so it decides nothing."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from typing import Any

import torch

from korpu.schema import Train
from train import flops, step
from train.ranks import Ranks

GIB = 2**30


@dataclass(frozen=True)
class Meter:
    """Turns the time of a step into what is logged of it.

    ``peak`` is what one device could do (FLOPs/s), ``how`` where that number is from.
    """

    shape: flops.Shape
    peak: float
    how: str
    ranks: Ranks

    def columns(self, batch: flops.Lengths, seconds: float) -> dict[str, float]:
        """Tokens a second of both sides without padding, MFU, and this process's most memory."""
        return {
            "tokens_per_s": round(batch.t / seconds, 1),
            "source_tokens_per_s": round(batch.s / seconds, 1),
            "mfu": round(self._mfu(batch, seconds), 4),
            "memory_gib": round(memory(self.ranks.device) / GIB, 3),
        }

    def arithmetic(self, batch: flops.Lengths, seconds: float) -> str:
        """How MFU comes about, for one step."""
        devices = f"{self.ranks.world} × " if self.ranks.world > 1 else ""
        mfu = self._mfu(batch, seconds)
        busy = "; the machine was busy when that was measured" if mfu > 1 else ""
        return (
            f"MFU {mfu:.1%} = {flops.step(self.shape, batch) / 1e9:.3g} "
            f"GFLOP a step ({batch.s} source and {batch.t} target tokens) ÷ {seconds:.3g} s ÷ "
            f"{devices}{self.peak / 1e9:.4g} GFLOP/s ({self.how}{busy})"
        )

    def _mfu(self, batch: flops.Lengths, seconds: float) -> float:
        return flops.step(self.shape, batch) / seconds / (self.peak * self.ranks.world)


def of(model: Any, run: Train, ranks: Ranks) -> Meter:
    """The meter of a run; on a CPU it takes milliseconds to measure what that can do."""
    return Meter(
        flops.shape_of(model), *flops.peak(ranks.device, step.precision(run, ranks)), ranks
    )


def memory(device: str) -> int:
    """The most bytes so far: allocated on a GPU by torch, or resident in this process."""
    if device.startswith("cuda"):
        return int(torch.cuda.max_memory_allocated(device))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB
