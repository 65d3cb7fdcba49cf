"""`korpu collect stage=extract`: better extraction of pages that are already here, no network."""

from __future__ import annotations

import dataclasses

from korpu import commands
from korpu.errors import UsageError
from korpu.schema import Recipe


def extract_action(recipe: Recipe, value: str) -> None:
    """Make `collect` of a recipe without asking any site.

    Raises ``UsageError`` for another value, ``SaysNo`` where the crawl of this snapshot is not
    here or not finished.
    """
    if value != "extract":
        raise UsageError(f"stage={value}: the one stage that can be made alone is stage=extract")
    collect = dataclasses.replace(recipe.collect, fetch=False)
    commands.COMMANDS["collect"](dataclasses.replace(recipe, collect=collect))
