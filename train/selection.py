"""Which weights a run keeps: of its best validations, and in the end the best, or their mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from korpu.errors import UsageError
from train.state import Position


def copied(weights: Mapping[str, Any]) -> dict[str, Any]:
    """The values of parameters, on the CPU, apart from the model."""
    return {name: p.detach().to("cpu", copy=True).contiguous() for name, p in weights.items()}


def fill(weights: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Put values back into parameters; raises ``UsageError`` where the names differ."""
    if weights.keys() != values.keys():
        odd = sorted(weights.keys() ^ values.keys())[0]
        raise UsageError(f"the saved state is of another model: {odd} is only in one of them")
    with torch.no_grad():
        for name, parameter in weights.items():
            parameter.copy_(values[name])


def mean(scores: Mapping[str, float]) -> float:
    """One number for several directions."""
    return sum(scores.values()) / len(scores)


def judged(
    at: Position, score: float, count: int, weights: Mapping[str, Any], kept: dict[str, Any]
) -> tuple[Position, dict[str, Any]]:
    """The position after a validation that scored ``score``, and the weights of the ``count`` best.

    Of equal scores the earlier step is better. ``kept`` is named ``step|parameter``.
    """
    best = sorted([*at.kept, (at.step, score)], key=lambda one: (-one[1], one[0]))[:count]
    gained = best[0] == (at.step, score)
    at = replace(at, kept=tuple(best), without_gain=0 if gained else at.without_gain + 1)
    if (at.step, score) not in best:
        return at, kept
    steps = {step for step, _ in best}
    now = {f"{at.step}|{name}": value for name, value in copied(weights).items()}
    return at, {k: v for k, v in kept.items() if int(k.partition("|")[0]) in steps} | now


def best(at: Position, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The weights of the best validation; none before the first."""
    step = str(at.kept[0][0]) if at.kept else ""
    return {
        n: value for key, value in kept.items() for s, _, n in [key.partition("|")] if s == step
    }


def average(at: Position, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The mean of all kept weights."""
    total: dict[str, Any] = {}
    for key, value in kept.items():
        name = key.partition("|")[2]
        total[name] = total[name] + value if name in total else value
    return {name: value / len(at.kept) for name, value in total.items()}
