"""What a sweep varies, in Hydra's override language: interval, choice, range and tag(log, …)."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from korpu.errors import UsageError

TAGS = {"log"}
EACH_TRIAL = ("out",)  # one directory for all trials


def split(overrides: list[Override]) -> tuple[dict[str, BaseDistribution], list[str]]:
    """What varies, by key, and the other overrides as they were given.

    Raises ``UsageError`` for a sweep that has no distribution, and where nothing varies.
    """
    space: dict[str, BaseDistribution] = {}
    fixed: list[str] = []
    for override in overrides:
        key = override.get_key_element()
        if key in EACH_TRIAL:
            raise UsageError(f"{key}= is one place for all trials of a sweep; leave it out")
        if override.is_sweep_override():
            space[key] = distribution(override)
        else:
            fixed.append(str(override.input_line))
    if not space:
        raise UsageError(
            "nothing varies in this sweep; give such as 'train.lr=tag(log, interval(1e-4, 1e-2))' "
            "or 'adapter.r=choice(8,16,32)'"
        )
    return space, fixed


def distribution(override: Override) -> BaseDistribution:
    """Optuna's distribution of one override.

    ``interval(a, b)`` holds real numbers, ``int(interval(a, b))`` and ``range(a, b, step)`` whole
    ones (a real range has its steps as choices); ``tag(log, …)`` draws by magnitude.
    """
    key, value = override.get_key_element(), override.value()
    tags = set(getattr(value, "tags", ()))
    log = "log" in tags
    if unknown := sorted(tags - TAGS):
        raise UsageError(f"{key}: there is no tag {unknown[0]}; known is log")
    try:
        if isinstance(value, IntervalSweep):
            low, high = value.start, value.end
            if isinstance(low, int) and isinstance(high, int):
                return IntDistribution(low, high, log=log)
            return FloatDistribution(_number(low), _number(high), log=log)
        if isinstance(value, RangeSweep) and isinstance(value.range(), range):
            steps = list(value.range())
            return IntDistribution(min(steps), max(steps), log=log, step=abs(value.range().step))
        if log:
            raise ValueError("log is for an interval or a range of whole numbers")
        if isinstance(value, RangeSweep):
            return CategoricalDistribution(_steps(value))
        if override.is_choice_sweep():
            return CategoricalDistribution(list(override.sweep_string_iterator()))
    except ValueError as error:
        raise UsageError(f"{key}={override.get_value_string()}: {error}") from error
    raise UsageError(f"{key}={override.get_value_string()} is no search space")


def _steps(value: RangeSweep) -> list[str]:
    """A real range as it is written: 0.3, where Hydra's own would give 0.30000000000000004."""
    low, high, step = (Decimal(str(n)) for n in (value.start, value.stop, value.step))
    count = math.ceil((high - low) / step) if step else 0
    return [str(float(low + n * step)) for n in range(count)]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def override_of(key: str, value: Any) -> str:
    """A drawn value as an override: exact, so that the same trial has the same key."""
    return f"{key}={value!r}" if isinstance(value, float) else f"{key}={value}"
