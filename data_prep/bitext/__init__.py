"""From articles and aligned files to a corpus of sentence pairs: the `prepare` stage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from korpu.artifact import Artifact, Result
from korpu.schema import Recipe


def run(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Make train, dev and test splits; see ``data_prep.bitext.stage``."""
    from data_prep.bitext.stage import run as stage

    return stage(recipe, inputs, out)
