"""The numbers that a recipe's values may be; a value outside of them ends a command before it runs.

What hangs on the data or on another value is checked where it is used.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

from korpu.errors import UsageError

if TYPE_CHECKING:
    from korpu.schema import Recipe

LEAST: dict[str, float] = {
    "seed": 0,
    "model.vocabulary_size": 1,
    "model.d_model": 1,
    "model.layers": 1,
    "model.heads": 1,
    "model.ffn": 1,
    "model.max_length": 8,
    "adapter.alpha": 1,
    "adapter.block": 1,
    "decode.beam": 1,
    "decode.max_new_tokens": 1,
    "decode.no_repeat_ngram": 0,
    "decode.batch_tokens": 1,
    "decode.length_penalty": -math.inf,
    "runtime.threads": 0,
} | {
    f"{section}.{name}": bound
    for section in ("base", "train")
    for name, bound in {
        "ranks": 1,
        "warmup": 0,
        "weight_decay": 0,
        "clip": 0,
        "validate_lines": 0,
        "patience": 0,
        "mix_share": 0,
    }.items()
}
SHARES = ("model.dropout", "adapter.dropout")
MOST = 2**63 - 1  # of a seed, as torch takes it


def check(recipe: Recipe) -> None:
    """Raise ``UsageError`` naming the first value that is outside of its bounds."""
    for key, bound in LEAST.items():
        value = operator.attrgetter(key)(recipe)
        if not value >= bound or math.isinf(value):  # neither holds for a nan
            least = "a number" if math.isinf(bound) else f"at least {bound:g}"
            raise UsageError(f"{key} must be {least}, not {value}")
    for key in SHARES:
        value = operator.attrgetter(key)(recipe)
        if not 0 <= value < 1:
            raise UsageError(f"{key} must be from 0 to below 1, not {value}")
    if recipe.seed > MOST:
        raise UsageError(f"seed must be at most {MOST}, not {recipe.seed}")
