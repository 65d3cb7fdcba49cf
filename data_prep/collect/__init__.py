"""From sources (news sites, line-aligned files) to articles and pairs, with where and when."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from korpu.artifact import Artifact, Result
from korpu.schema import Recipe


def run(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """The stage `collect`; see ``data_prep.collect.stage``."""
    from data_prep.collect.stage import run as _run

    return _run(recipe, inputs, out)
