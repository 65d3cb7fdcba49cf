"""Evaluate: one decoder, scores with intervals, checks, a report, and a gate a CI job can trust.

The two stages are imported when they run, so that naming this package costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from korpu.artifact import Artifact, Result
from korpu.schema import Recipe


def run_evaluate(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Translate and score the recipe's test sets; see ``eval.evaluate``."""
    from eval.evaluate import run

    return run(recipe, inputs, out)


def run_gate(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Compare a system with its baseline; see ``eval.gate``."""
    from eval.gate import run

    return run(recipe, inputs, out)
