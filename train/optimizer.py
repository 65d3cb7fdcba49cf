"""AdamW and its rate over the steps, and the settings no run can have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from korpu.errors import UsageError
from korpu.schema import Train

BETAS = (0.9, 0.98)  # "Attention Is All You Need", 5.3
LEAST = {"steps": 1, "target_tokens": 1, "max_tokens": 3, "validate_every": 1, "save_every": 1,
         "keep": 1}  # fmt: skip


def check(run: Train, section: str) -> None:
    """Raise ``UsageError`` for a value no run can have."""
    for name, bound in LEAST.items():
        if getattr(run, name) < bound:
            raise UsageError(f"{section}.{name} must be at least {bound}, not {getattr(run, name)}")
    if run.micro_tokens is not None and run.micro_tokens < 1:
        raise UsageError(f"{section}.micro_tokens must be at least 1, not {run.micro_tokens}")
    if not run.lr > 0:
        raise UsageError(f"{section}.lr must be above 0, not {run.lr}")
    if not 0 <= run.label_smoothing < 1:
        raise UsageError(
            f"{section}.label_smoothing must be from 0 to below 1, not {run.label_smoothing}"
        )
    if run.average and run.keep < 2:
        raise UsageError(
            f"{section}.average=true takes the mean of the best validations: set {section}.keep to "
            f"2 or more, not {run.keep}"
        )


def learning_rate(run: Train, step: int) -> float:
    """The rate of step ``step`` (from 1): linear warm-up, then constant, linear or cosine to 0."""
    if step <= run.warmup:
        return run.lr * step / run.warmup
    left = (run.steps - step + 1) / max(1, run.steps - run.warmup)  # 1 … 1/n
    if run.schedule == "cosine":
        return run.lr * 0.5 * (1 - math.cos(math.pi * left))
    return run.lr * left if run.schedule == "linear" else run.lr


def built(weights: Mapping[str, Any], run: Train) -> torch.optim.AdamW:
    """The optimiser of these parameters; only matrices decay."""
    matrices = [p for p in weights.values() if p.ndim > 1]
    others = [p for p in weights.values() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": run.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=run.lr, betas=BETAS, fused=True)
