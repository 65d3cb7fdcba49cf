"""From Hydra's composed config to the frozen recipe, and from the recipe to a stage's key."""

from __future__ import annotations

import dataclasses
import difflib
import operator
import re
import types
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from korpu import bounds, published
from korpu.artifact import digest, sha256
from korpu.errors import UsageError
from korpu.languages import direction, language
from korpu.schema import (
    ELSEWHERE,
    NAME_OR_CONTENT,
    Benchmark,
    Bundle,
    External,
    Recipe,
    Scorer,
)

CONFIGS = Path(__file__).resolve().parent.parent / "configs"


def register() -> None:
    """Give Hydra the schema and the one resolver its YAML uses, ``${add:…}``.

    A structured config of a frozen dataclass is read-only, in every node and in every node that a
    YAML value creates later, so Hydra gets twins that are not frozen; ``recipe_of`` goes back.
    """
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    ConfigStore.instance().store(name="schema", node=_twin(Recipe), provider="korpu")
    OmegaConf.register_new_resolver("add", lambda *terms: sum(terms), replace=True)


@cache
def _twin(cls: type) -> type:
    """The same dataclass, not frozen, and so are the dataclasses in its fields."""
    hints = typing.get_type_hints(cls)
    fields = [
        (
            f.name,
            _twin_type(hints[f.name]),
            dataclasses.field(default=f.default, default_factory=f.default_factory, kw_only=True),
        )
        for f in dataclasses.fields(cls)
    ]
    twin = dataclasses.make_dataclass(cls.__name__, fields)
    # by this name it is pickled for a launcher's process, which imports it from here
    twin.__module__, twin.__qualname__ = __name__, f"{cls.__name__}Twin"
    globals()[twin.__qualname__] = twin
    return twin


def _twin_type(hint: Any) -> Any:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _twin(hint)
    if typing.get_origin(hint) is dict:
        inside = typing.get_args(hint)[1]
        return types.GenericAlias(dict, (str, Any if inside in LOOSE else _twin_type(inside)))
    return hint


# Rows a command line adds by field, `+evaluate.external.mine.command=…`: OmegaConf refuses that
# for a row of a known type, so their fields are checked when the recipe is made.
LOOSE = (Benchmark, External, Bundle, Scorer)


_twin(Recipe)  # and all in it, for whoever unpickles one


def recipe_of(config: Any) -> Recipe:
    """The frozen recipe of a composed config; raises ``UsageError`` for a missing value."""
    from omegaconf import OmegaConf

    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise UsageError(f"{missing[0]} has no value; give it as {missing[0]}=…")
    recipe = _frozen(OmegaConf.to_container(config, resolve=True), Recipe, "")
    assert isinstance(recipe, Recipe)
    check(recipe)
    return recipe


CHOICES = {
    "prepare.encoder.kind": ("ngram", "e5", "hub"),
    "prepare.encoder.pooling": ("cls", "mean", "pooler"),
    "prepare.dedupe.side": ("either", "both"),
    "prepare.split.undated": ("reject", "train", "document"),
    "model.weights": ("scratch", "random", "local", "hub"),
    "model.vocabulary": ("full", "az_uz"),
    "model.orthography": ("auto", "none"),
    "adapter.quantize": ("none", "8bit", "4bit"),
    "adapter.kind": ("lora", "rslora", "dora", "oft", "none"),
    "base.precision": ("auto", "float32", "bf16"),
    "base.reload": ("end", "first", "every"),
    "train.precision": ("auto", "float32", "bf16"),
    "train.reload": ("end", "first", "every"),
    "base.loss": ("chunked", "liger", "cce"),
    "train.loss": ("chunked", "liger", "cce"),
    "base.schedule": ("cosine", "linear", "constant"),
    "train.schedule": ("cosine", "linear", "constant"),
    "evaluate.metrics": ("bleu", "spbleu", "ter", "chrf", "chrf_pp"),
    "evaluate.backend": ("hf", "ctranslate2"),
    "evaluate.compute_type": (
        "float32",
        "float16",
        "bfloat16",
        "int16",
        "int8",
        "int8_float32",
        "int8_float16",
        "int8_bfloat16",
    ),
    "gate.metric": ("bleu", "spbleu", "chrf", "chrf_pp"),
    "release.exports": ("float32", "int8"),
    "tracker.kinds": ("wandb", "tensorboard"),
    "tracker.mode": ("offline", "online"),
    "runtime.device": ("auto", "cpu", "cuda"),
    "runtime.executor": ("local", "datatrove_local", "datatrove_slurm", "datatrove_ray"),
}
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
SHARD = re.compile(r"[1-9]\d*/[1-9]\d*")


def check(recipe: Recipe) -> None:
    """What the types cannot say: choices, languages, dates. Raises ``UsageError``."""
    for key, choices in CHOICES.items():
        value = operator.attrgetter(key)(recipe)
        for item in value if isinstance(value, list) else [value]:
            if item not in choices:
                near = difflib.get_close_matches(str(item), choices, n=1)
                hint = f"did you mean {near[0]}?" if near else f"use {' or '.join(choices)}"
                raise UsageError(f"{key} cannot be {item!r}: {hint}")
    bounds.check(recipe)
    _check_systems(recipe)
    for run in (recipe.base, recipe.train, recipe.evaluate):
        for name in run.directions:
            direction(name)
    dates = {
        "collect.snapshot": recipe.collect.snapshot,
        "prepare.split.dev_from": recipe.prepare.split.dev_from,
        "prepare.split.test_from": recipe.prepare.split.test_from,
    }
    for key, date in dates.items():
        if date is not None and not DATE.fullmatch(date):
            raise UsageError(f"{key} must be a date such as 2025-10-20, not {date!r}")
    if recipe.model.weights == "local" and recipe.model.path is None:
        raise UsageError("model.path has no value; name the model's directory as model.path=DIR")
    if recipe.model.weights == "hub" and not recipe.model.hub_id:
        raise UsageError("model.hub_id has no value; name a model as model.hub_id=OWNER/NAME")
    if recipe.model.weights == "scratch" and recipe.model.vocabulary != "full":
        raise UsageError(
            "model.vocabulary=az_uz cuts a model that is there, and model.weights=scratch learns a "
            "vocabulary of its own; use model.vocabulary=full"
        )
    for code in recipe.model.pivots:
        language(code)
    if recipe.gate.baseline == recipe.gate.system:
        raise UsageError(f"gate.baseline and gate.system are both {recipe.gate.system!r}")
    if recipe.source.shard is not None and not SHARD.fullmatch(recipe.source.shard):
        raise UsageError(f"source.shard must be such as 1/4, not {recipe.source.shard!r}")


SYSTEMS = ("copy", "base", "adapter", "merged")  # those that a recipe makes by itself


def _check_systems(recipe: Recipe) -> None:
    evaluate = recipe.evaluate
    own = [*evaluate.external, *evaluate.bundles, *evaluate.hypotheses]
    for name in own:
        if name in SYSTEMS or own.count(name) > 1:
            raise UsageError(f"evaluate: {name!r} names two systems; rename the one that is yours")
        if name not in evaluate.systems:
            raise UsageError(f"evaluate.systems does not name {name}; add it there to evaluate it")
    known = [*SYSTEMS, *own]
    for name in evaluate.systems:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"use {' or '.join(known)}"
            raise UsageError(f"evaluate.systems cannot be {name!r}: {hint}")


def _frozen(value: Any, hint: Any, where: str) -> Any:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        for name in value:  # Hydra's `+key=` adds what the schema does not know
            if name not in hints:
                raise UsageError(_unknown(f"{where}.{name}".lstrip("."), list(hints)))
        return hint(
            **{n: _frozen(value[n], h, f"{where}.{n}".lstrip(".")) for n, h in hints.items()}
        )
    if typing.get_origin(hint) is dict:
        inside = typing.get_args(hint)[1]
        if inside in LOOSE:
            value = {key: _whole(item, inside, f"{where}.{key}") for key, item in value.items()}
        return {key: _frozen(item, inside, f"{where}.{key}") for key, item in value.items()}
    return value


def _whole(item: Any, cls: type, where: str) -> dict[str, Any]:
    """A row with its defaults; raises ``UsageError`` for a missing or ill-typed value."""
    if not isinstance(item, Mapping):
        raise UsageError(f"{where} is no table of values; give it as {where}.NAME=…")
    found = dict(item)
    hints = typing.get_type_hints(cls)
    for f in dataclasses.fields(cls):
        if f.name not in found:
            if f.default_factory is not dataclasses.MISSING:
                found[f.name] = f.default_factory()
            elif f.default is not dataclasses.MISSING:
                found[f.name] = f.default
            else:
                raise UsageError(f"{where}.{f.name} has no value; give it as +{where}.{f.name}=…")
        value, hint = found[f.name], hints[f.name]
        if not _fits(value, hint):
            kind = getattr(hint, "__name__", str(hint))
            raise UsageError(f"{where}.{f.name} cannot be {value!r}; give a {kind}")
    return found


def _fits(value: Any, hint: Any) -> bool:
    if typing.get_origin(hint) is list:
        (inside,) = typing.get_args(hint)
        return isinstance(value, list) and all(_fits(one, inside) for one in value)
    kinds = (int, float) if hint is float else hint
    return isinstance(value, kinds) and not isinstance(value, bool)


def _row_of(key: str) -> Any:
    """The class of the row that a dotted key is in, of those in ``LOOSE``; None elsewhere."""
    hint: Any = Recipe
    for name in key.split(".")[:-1]:
        if typing.get_origin(hint) is dict:
            hint = typing.get_args(hint)[1]
        else:
            hint = typing.get_type_hints(hint).get(name) if dataclasses.is_dataclass(hint) else None
    return hint if hint in LOOSE else None


def _unknown(key: str, known: list[str]) -> str:
    parent, _, name = key.rpartition(".")
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    dotted = f"{parent}." if parent else ""
    hint = f"did you mean {dotted}{near[0]}?" if near else f"known are {', '.join(sorted(known))}"
    return f"unknown key {key}: {hint}"


def explain(error: BaseException) -> str:
    """One sentence for what Hydra or OmegaConf refused, naming the nearest known key."""
    if mark := getattr(error, "problem_mark", None):  # PyYAML's
        problem = getattr(error, "problem", "not YAML")
        return f"{mark.name}, line {mark.line + 1}: {problem}; correct the file"
    cause = error
    while cause.__cause__ is not None and not getattr(cause, "full_key", None):
        cause = cause.__cause__
    key = getattr(cause, "full_key", None)
    known = _keys_of(getattr(cause, "object_type", None))
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()] or [repr(cause)]
    sentence = lines[0].rstrip(".")
    if key and known and f"'{key.rpartition('.')[2]}'" in sentence:
        return _unknown(key, known)
    if key and getattr(cause, "object_type", None) is dict and "not in struct" in sentence:
        fields = _keys_of(_row_of(key))
        if fields and key.rpartition(".")[2] not in fields:
            return _unknown(key, fields)
        return f"{key} is not there yet: add it as +{key}=…"  # a table of the user's own names
    if "Available options in" in str(cause):
        return _unknown_choice(sentence, lines)
    if "Could not override" in sentence or "Could not find" in sentence or "Key '" in sentence:
        return f"{sentence}; see `--cfg job` for the keys there are{_nearest(sentence)}"
    return f"{key}: {sentence}" if key and key not in sentence else sentence


def _unknown_choice(sentence: str, lines: list[str]) -> str:
    """`model=tny`: name the choices of the group."""
    start = next(i for i, line in enumerate(lines) if line.startswith("Available options in"))
    stop = next((i for i, line in enumerate(lines) if line.startswith("Config search")), len(lines))
    group, _, choice = sentence.rpartition("'")[0].rpartition("'")[2].rpartition("/")
    choices = lines[start + 1 : stop]
    near = difflib.get_close_matches(choice, choices, n=1)
    hint = f"did you mean {group}={near[0]}?" if near else f"there are {', '.join(choices)}"
    return f"there is no {group}={choice}: {hint}"


def _nearest(sentence: str) -> str:
    words = sentence.replace("'", " ").split()
    everything = list(_walk_names(Recipe))
    for word in words:
        near = difflib.get_close_matches(word.strip(".,'"), everything, n=1, cutoff=0.75)
        if near and near[0] != word:
            return f" (did you mean {near[0]}?)"
    return ""


def _walk_names(cls: type, prefix: str = "") -> Iterator[str]:
    hints = typing.get_type_hints(cls)
    for name in (f.name for f in dataclasses.fields(cls)):
        yield prefix + name
        if dataclasses.is_dataclass(hints[name]):
            yield from _walk_names(hints[name], f"{prefix}{name}.")


def _keys_of(cls: Any) -> list[str]:
    if isinstance(cls, type) and dataclasses.is_dataclass(cls):
        return [field.name for field in dataclasses.fields(cls)]
    return []


def key_config(recipe: Recipe, sections: tuple[str, ...]) -> dict[str, Any]:
    """The part of a recipe that a stage reads, as JSON, ready to be hashed and recorded.

    Fields annotated ELSEWHERE are left out; CONTENT fields become the sha256 of the file they name.
    Raises ``UsageError`` where such a file is missing or unreadable.
    """
    if "gate" in sections and recipe.gate.baseline.startswith(published.PREFIX):
        # an alias moves: the key is that of what it stands for now
        _, path = published.evaluation(recipe.release.registry, recipe.gate.baseline)
        gate = dataclasses.replace(recipe.gate, baseline=str(path))
        recipe = dataclasses.replace(recipe, gate=gate)
    return {name: _keyed(getattr(recipe, name), name) for name in sections}


def _keyed(value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        out = {}
        for name, hint in typing.get_type_hints(type(value), include_extras=True).items():
            how = getattr(hint, "__metadata__", ())
            inside, key = getattr(value, name), f"{where}.{name}"
            if ELSEWHERE in how:
                continue
            named = NAME_OR_CONTENT in how and not (inside and Path(inside).exists())
            is_content = how and not named
            out[name] = _content(inside, key) if is_content else _keyed(inside, key)
        return out
    if isinstance(value, Mapping):
        return {str(k): _keyed(v, f"{where}.{k}") for k, v in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [_keyed(item, where) for item in value]
    return value


def _content(path: Any, where: str) -> Any:
    """The sha256 of a file or folder; of each, where there are several."""
    if path is None:
        return None
    if isinstance(path, Mapping):
        return {name: _content(one, f"{where}.{name}") for name, one in sorted(path.items())}
    if isinstance(path, list | tuple):
        return [_content(one, where) for one in path]
    try:
        return sha256(Path(path))
    except FileNotFoundError:
        raise UsageError(f"{where}: there is no file {path}") from None
    except OSError as error:
        raise UsageError(f"{where}: {path} cannot be read: {error.strerror}") from error


def key_of(stage: str, version: int, config: Mapping[str, Any], inputs: list[str]) -> str:
    """A stage's key: what it is, its version, what it was told, and its inputs' content."""
    return digest({"stage": stage, "version": version, "config": config, "inputs": inputs})
