"""The model that was evaluated, for folding its adapter into it (``korpu.nllb.merging``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from korpu.artifact import Artifact
from korpu.nllb.merging import merge, save
from korpu.schema import Recipe

__all__ = ["evaluated", "merge", "save"]


def evaluated(recipe: Recipe, inputs: Mapping[str, Artifact]) -> tuple[Any, Any]:
    """The model that was evaluated, as evaluation loads it (PEFT on the base), and its tokenizer.

    On the CPU, where every export can be compared with it.
    """
    from eval.load import base_of, tokenizer_of
    from korpu.nllb import loading

    where = base_of(recipe, inputs)
    model = loading.load_trained(where, inputs["train"].directory, "cpu")
    return model, tokenizer_of(recipe, inputs, where)
