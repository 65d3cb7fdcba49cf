"""A whole recipe as a bundle records it, and the experiment file that composes it again.

Paths, workers, devices and keys are not in a record, and of a file that a recipe names only its
sha256: whoever makes it again must have the file.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from korpu.config import key_config
from korpu.schema import CONTENT, ELSEWHERE, NAME_OR_CONTENT, Recipe

NOT_RECORDED = ("runtime", "out", "tracker")
GONE = object()
FILE = re.compile(r"sha256:([0-9a-f]{64})")


def recorded(recipe: Recipe) -> dict[str, Any]:
    """Every section of a recipe, as JSON."""
    names = [f.name for f in dataclasses.fields(Recipe) if f.name not in NOT_RECORDED]
    return key_config(recipe, tuple(names))


def experiment(record: Mapping[str, Any], default: Recipe) -> tuple[dict[str, Any], list[str]]:
    """The values by which the recorded recipe differs from the default one, as a tree, and the
    words that take away rows it does not have.

    A file that the recipe named, and the default one does not, stands there as ``sha256:…``.
    """
    values: dict[str, Any] = {}
    gone: list[str] = []
    for keys, value in _differences(Recipe, record, default, ()):
        if value is GONE:
            gone.append(f"~{'.'.join(keys)}")
            continue
        inside = values
        for key in keys[:-1]:
            inside = inside.setdefault(key, {})
        inside[keys[-1]] = value
    return values, gone


def files(value: Any) -> list[str]:
    """The sha256 of the files that stand in a tree, each once."""
    return list(dict.fromkeys(FILE.findall(json.dumps(value))))


def with_files(value: Any, paths: Mapping[str, str]) -> Any:
    """A tree with paths in place of the sha256 of their files."""
    if isinstance(value, dict):
        return {name: with_files(one, paths) for name, one in value.items()}
    if isinstance(value, list):
        return [with_files(one, paths) for one in value]
    found = FILE.fullmatch(value) if isinstance(value, str) else None
    return paths.get(found[1], value) if found else value


def _differences(
    cls: type, record: Any, default: Any, keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        if name not in record:  # not recorded, or not a key of the code that made it
            continue
        marks = getattr(hint, "__metadata__", ())
        now, then = getattr(default, name), record[name]
        if ELSEWHERE in marks:
            continue
        if CONTENT in marks or (NAME_OR_CONTENT in marks and FILE.fullmatch(f"sha256:{then}")):
            if bool(then) != bool(now):
                yield (*keys, name), _hashed(then)
        else:
            yield from _value(hint, then, now, (*keys, name))


def _value(
    hint: Any, then: Any, now: Any, keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    hint = typing.get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield from _differences(hint, then, now, keys)
    elif typing.get_origin(hint) is dict:
        inside = typing.get_args(hint)[1]
        yield from (((*keys, name), GONE) for name in sorted(now.keys() - then.keys()))
        for name, value in then.items():
            if name in now:
                yield from _value(inside, value, now[name], (*keys, name))
            else:
                yield (*keys, name), _row(inside, value)
    elif then != now:
        yield keys, then


def _row(hint: Any, then: Any) -> Any:
    """A row of a table that the default recipe does not have, its files by their sha256."""
    if not (isinstance(hint, type) and dataclasses.is_dataclass(hint)):
        return then
    marks = {
        name: getattr(inside, "__metadata__", ())
        for name, inside in typing.get_type_hints(hint, include_extras=True).items()
    }
    return {n: _hashed(v) if CONTENT in marks.get(n, ()) else v for n, v in then.items()}


def _hashed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _hashed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_hashed(one) for one in value]
    return f"sha256:{value}" if value else value
