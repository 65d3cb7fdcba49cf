"""The stages in order: what each reads, what it needs, and the room its function lives in.

A room is imported only when one of its stages really runs.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from korpu import artifact, log
from korpu.artifact import Artifact, Result
from korpu.config import key_config, key_of
from korpu.errors import SaysNo, Stopped, UsageError
from korpu.schema import Recipe

Run = Callable[[Recipe, Mapping[str, Artifact], Path], Result]


@dataclass(frozen=True)
class Stage:
    """One arrow of the pipeline.

    ``sections`` are the parts of the recipe that enter its key, ``function`` is `module:name` of a
    ``Run``. ``version`` is raised when the same inputs would give something else. ``shows`` turns
    the artifact into lines for a person; ``stands`` says whether what it made outside of its
    directory is still there (a bundle in a registry). ``text``: what it gives depends on how text
    is normalised and identified, so the versions of that are part of its key.
    """

    name: str
    command: str
    version: int
    sections: tuple[str, ...]
    needs: tuple[str, ...]
    function: str
    text: bool = True
    shows: str | None = None
    stands: str | None = None

    def load(self) -> Run:
        run: Run = _named(self.function)
        return run


def _named(function: str) -> Any:
    module, _, name = function.partition(":")
    return getattr(importlib.import_module(module), name)


_ALL = (
    Stage(
        name="collect",
        command="collect",
        version=1,
        sections=("newsroom", "source", "collect"),
        needs=(),
        function="data_prep.collect:run",
    ),
    Stage(
        name="prepare",
        command="prepare",
        version=2,
        sections=("seed", "prepare", "benchmark"),
        needs=("collect",),
        function="data_prep.bitext:run",
    ),
    Stage(
        name="base",
        command="train",
        version=2,
        sections=("seed", "model", "base", "decode"),
        needs=("prepare",),
        function="train:run_base",
    ),
    Stage(
        name="train",
        command="train",
        version=2,
        sections=("seed", "model", "adapter", "train", "decode"),
        needs=("prepare", "base"),
        function="train:run_adapter",
    ),
    Stage(
        name="evaluate",
        command="evaluate",
        version=5,
        sections=("seed", "model", "benchmark", "decode", "evaluate"),
        needs=("prepare", "base", "train"),
        function="eval:run_evaluate",
        shows="eval.table:show",
    ),
    Stage(
        name="gate",
        command="gate",
        version=3,
        sections=("seed", "gate"),
        needs=("evaluate",),
        text=False,
        function="eval:run_gate",
        shows="eval.table:show_gate",
    ),
    Stage(
        name="release",
        command="release",
        version=4,
        sections=("seed", "model", "decode", "release"),
        needs=("prepare", "base", "train", "evaluate", "gate"),
        function="release:run",
        shows="release:show",
        stands="release:stands",
    ),
)
STAGES = {stage.name: stage for stage in _ALL}


def config_of(stage: Stage, recipe: Recipe) -> dict[str, Any]:
    """What a stage is told: its sections of the recipe, and the versions of the text functions."""
    versions = _named("data_prep.text.versions:versions")() if stage.text else {}
    return {**key_config(recipe, stage.sections), **({"text": versions} if versions else {})}


def applies(stage: str, recipe: Recipe) -> bool:
    """`base` is a stage only of a model made here: trained, drawn, or cut to a vocabulary."""
    made = recipe.model.weights in ("scratch", "random") or recipe.model.vocabulary != "full"
    return stage != "base" or made


def of_command(command: str, recipe: Recipe) -> list[Stage]:
    """The stages a command makes, in order; `pipeline` and `plan` mean all of them."""
    return [
        stage
        for stage in STAGES.values()
        if applies(stage.name, recipe) and command in (stage.command, "pipeline", "plan")
    ]


@dataclass(frozen=True)
class Planned:
    """Where a stage of this recipe is. ``key`` is None while an input it hangs on is not made."""

    stage: Stage
    key: str | None
    directory: Path | None
    made: Artifact | None
    waits_for: tuple[str, ...]

    @property
    def state(self) -> str:
        if self.made:
            return "refused" if self.made.manifest.get("refused") else "done"
        if self.key is None:
            return "waiting"
        started = self.directory is not None and (self.directory / ".lock").exists()
        return "begun" if started else "to do"


def plan(recipe: Recipe, last: str | None = None) -> dict[str, Planned]:
    """The stages of a recipe (up to a last one) with their state, without running anything."""
    planned: dict[str, Planned] = {}
    for stage in of_command("plan", recipe):
        planned[stage.name] = _place(stage, recipe, planned)
        if stage.name == last:
            break
    return planned


def _place(stage: Stage, recipe: Recipe, planned: Mapping[str, Planned]) -> Planned:
    needs = [name for name in stage.needs if applies(name, recipe)]
    missing = tuple(name for name in needs if planned[name].made is None)
    if missing:
        return Planned(stage, None, None, None, missing)
    config = config_of(stage, recipe)
    inputs = [made.content for name in needs if (made := planned[name].made)]
    key = key_of(stage.name, stage.version, config, inputs)
    directory = Path(recipe.runtime.outputs) / stage.name / f"{recipe.name}-{key[:8]}"
    made = artifact.load(directory)
    return Planned(stage, key, directory, made if made and made.key == key else None, ())


def make(command: str, recipe: Recipe) -> dict[str, Artifact]:
    """Make a command's stages, skipping what is done; returns all artifacts the recipe has.

    Raises ``UsageError`` naming the command that makes a missing input, ``SaysNo`` where a stage
    (now or when it ran) said no.
    """
    wanted = {stage.name for stage in of_command(command, recipe)}
    last = [stage.name for stage in of_command(command, recipe)][-1]
    planned: dict[str, Planned] = {}
    for stage in of_command("plan", recipe):
        place = _place(stage, recipe, planned)
        if stage.name in wanted:
            elsewhere = Path(recipe.out) if recipe.out and stage.name == last else None
            place = _make_one(stage, recipe, planned, place, elsewhere)
        planned[stage.name] = place
        if stage.name == last:
            break
    return {name: place.made for name, place in planned.items() if place.made}


def _make_one(
    stage: Stage,
    recipe: Recipe,
    planned: Mapping[str, Planned],
    place: Planned,
    elsewhere: Path | None,
) -> Planned:
    if place.key is None or place.directory is None:
        first = next(other.stage for other in planned.values() if other.made is None)
        raise UsageError(
            f"{stage.name} needs the output of {first.name} for this recipe, which is not there; "
            f"make it with `korpu {first.command}` and the same overrides, or run `korpu pipeline`"
        )
    directory = elsewhere or place.directory
    made = place.made
    if elsewhere is not None:
        found = artifact.load(elsewhere)
        made = found if found and found.key == place.key else None
        if found and made is None:
            raise UsageError(f"{elsewhere} holds another result; name an empty directory in out=")
    if made and not _stands(stage, recipe, made):
        made = None
    if made is None:
        made = _run(stage, recipe, planned, place.key, directory)
    else:
        log.say(f"{stage.name}: already done, {made.directory}")
    if made.manifest.get("refused"):
        raise SaysNo(f"{made.manifest['refused']} ({made.directory})")
    return Planned(stage, place.key, directory, made, ())


def _run(
    stage: Stage, recipe: Recipe, planned: Mapping[str, Planned], key: str, directory: Path
) -> Artifact:
    inputs = {
        name: made for name in stage.needs if applies(name, recipe) and (made := planned[name].made)
    }
    for found in inputs.values():
        if found.manifest.get("refused") and stage.name != "gate":
            raise SaysNo(f"{found.manifest['refused']} ({found.directory})")
    if int(os.environ.get("RANK", "0")) > 0:
        return _follow(stage, recipe, inputs, key, directory)
    started = time.time()
    with artifact.locked(directory):
        done = artifact.load(directory)  # another process may have finished just now
        if done and done.key == key and _stands(stage, recipe, done):
            return done
        log.say(f"{stage.name}: {directory}")
        with log.stage(stage.name, stage.command, directory):
            try:
                result = stage.load()(recipe, inputs, directory)
            except Stopped as stopped:
                artifact.write_json(
                    directory / artifact.RESUMABLE,
                    {"stage": stage.name, "signal": stopped.signal_name, "resume": "run it again"},
                )
                raise
            made = artifact.commit(
                directory,
                stage=stage.name,
                key=key,
                config=config_of(stage, recipe),
                inputs=inputs.values(),
                result=result,
                started=started,
            )
    log.say(f"{stage.name}: done in {made.manifest['seconds']:.0f} s")
    return made


def _follow(
    stage: Stage, recipe: Recipe, inputs: Mapping[str, Artifact], key: str, directory: Path
) -> Artifact:
    """A process of torchrun but the first: it computes its share, and the first one writes."""
    if stage.command != "train":
        raise UsageError(f"{stage.name} is no work for torchrun; make it with `korpu` alone before")
    stage.load()(recipe, inputs, directory)
    while not ((made := artifact.load(directory)) and made.key == key):
        time.sleep(0.2)  # torchrun ends this process where the first one fails
    return made


def _stands(stage: Stage, recipe: Recipe, made: Artifact) -> bool:
    if stage.stands is None or made.manifest.get("refused"):
        return True
    return bool(_named(stage.stands)(recipe, made))


def show(stage: Stage, made: Artifact) -> str:
    """What a person wants to see of a finished stage: lines, or nothing."""
    return str(_named(stage.shows)(made)) if stage.shows else ""


def describe(place: Planned) -> dict[str, Any]:
    """A plan's row as plain values."""
    return {
        "stage": place.stage.name,
        "state": place.state,
        "directory": str(place.directory) if place.directory else None,
        "waits_for": list(place.waits_for),
    }
