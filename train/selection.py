"""Which weights a run keeps: the best validation's, or the average of the last ones."""

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
    at: Position, score: float, weights: Mapping[str, Any], best: dict[str, Any]
) -> tuple[Position, dict[str, Any]]:
    """The position and the best weights after a validation that scored ``score``."""
    if at.best_score is None or score > at.best_score:
        return replace(at, best_score=score, best_step=at.step, without_gain=0), copied(weights)
    return replace(at, without_gain=at.without_gain + 1), best


def remembered(
    at: Position, count: int, weights: Mapping[str, Any], recent: dict[str, Any]
) -> tuple[Position, dict[str, Any]]:
    """Keep the weights of the last ``count`` validations, named ``step|parameter``."""
    if count < 2:
        return at, recent
    steps = (*at.validated, at.step)[-count:]
    now = {f"{at.step}|{name}": value for name, value in copied(weights).items()}
    kept = {k: v for k, v in recent.items() if int(k.partition("|")[0]) in steps}
    return replace(at, validated=steps), {**kept, **now}


def average(at: Position, recent: Mapping[str, Any]) -> dict[str, Any] | None:
    """The mean of the remembered weights; None where there are fewer than two."""
    if len(at.validated) < 2:
        return None
    total: dict[str, Any] = {}
    for key, value in recent.items():
        name = key.partition("|")[2]
        total[name] = total[name] + value if name in total else value
    return {name: value / len(at.validated) for name, value in total.items()}
