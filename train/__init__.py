"""Train: a small base from scratch, and adapters on any model of the NLLB family.

The two stages are imported when they run, so that naming this package costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from korpu.artifact import Artifact, Result
from korpu.schema import Recipe


def run_base(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Train all weights of a small model from scratch; see ``train.stage.base``."""
    from train.stage import base

    return base(recipe, inputs, out)


def run_adapter(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Train an adapter on the recipe's model; see ``train.stage.adapter``."""
    from train.stage import adapter

    return adapter(recipe, inputs, out)
