"""What each recipe command does once its recipe is composed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from korpu import doctor, served, stages
from korpu.artifact import Artifact
from korpu.schema import Recipe

COMMANDS: dict[str, Callable[[Recipe], Mapping[str, Artifact] | None]] = {}


def _prepare_process(recipe: Recipe) -> None:
    # Read by tokenizers and torch when a room imports them; nothing here needs a hub's network
    # except a model that is fetched from one, and a registry that is one.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if recipe.model.weights != "hub" and not recipe.release.registry.startswith("hub://"):
        os.environ.setdefault("HF_HUB_OFFLINE", "1")


def _make(command: str) -> Callable[[Recipe], Mapping[str, Artifact]]:
    def run(recipe: Recipe) -> Mapping[str, Artifact]:
        _prepare_process(recipe)
        with served.newsroom(recipe, command):
            made = stages.make(command, recipe)
        _show(command, recipe, made)
        return made

    return run


def _show(command: str, recipe: Recipe, made: Mapping[str, Artifact]) -> None:
    """Print what came out and where it lies, on stdout."""
    made_here = stages.of_command(command, recipe)
    for stage in made_here:
        if lines := stages.show(stage, made[stage.name]):
            print(lines, end="" if lines.endswith("\n") else "\n")
    for stage in made_here:
        print(f"{stage.name:<9} {made[stage.name].directory}")


def _plan(recipe: Recipe) -> None:
    with served.newsroom_truth(recipe):
        rows = [stages.describe(place) for place in stages.plan(recipe).values()]
    width = max(len(row["stage"]) for row in rows)
    for row in rows:
        where = row["directory"] or f"after {', '.join(row['waits_for'])}"
        print(f"{row['stage']:<{width}}  {row['state']:<8} {where}")
    sys.stdout.flush()


def _doctor(recipe: Recipe) -> None:
    _prepare_process(recipe)
    doctor.run(recipe)


for _name in ("collect", "prepare", "train", "evaluate", "gate", "release", "pipeline"):
    COMMANDS[_name] = _make(_name)
COMMANDS["plan"] = _plan
COMMANDS["doctor"] = _doctor
