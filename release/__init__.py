"""Release: merge, export, prove equal, describe, publish – and the reference consumer.

The stage is imported when it runs, so that naming this package costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from korpu.artifact import Artifact, Result
from korpu.schema import Recipe


def run(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Make, prove and publish a bundle; see ``release.stage``."""
    from release.stage import run as stage

    return stage(recipe, inputs, out)


def show(made: Artifact) -> str:
    """Where the bundle lies and what its alias is."""
    published = json.loads(made.file("bundle.json").read_text("utf-8"))
    name = f"{published['name']}@{published['alias'] or published['version']}"
    return f"bundle: {name} {published['version']}, {published['path']}\n"


def stands(recipe: Recipe, made: Artifact) -> bool:
    """Whether the bundle this stage published is in the recipe's registry."""
    from release.registries import opened

    published = json.loads(made.file("bundle.json").read_text("utf-8"))
    registry = opened(recipe.release.registry)
    return published["version"] in registry.versions(published["name"])
