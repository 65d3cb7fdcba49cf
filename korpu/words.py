"""The `name=value` words of commands that read no recipe."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from korpu.errors import UsageError


def parsed(
    command: str, words: Sequence[str], known: Collection[str], may_be_empty: Collection[str] = ()
) -> dict[str, str]:
    """Words as name → value; raises ``UsageError`` naming the nearest known name."""
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}=…?" if near else f"use {', '.join(known)}"
            raise UsageError(f"{command} has no {name!r}: {hint}")
        if not equals or (not value and name not in may_be_empty):
            raise UsageError(f"{name} has no value; give it as {name}=…")
        if name in given:
            raise UsageError(f"{name} is given twice")
        given[name] = value
    return given


def truth(name: str, value: str) -> bool:
    """A value that is true or false; raises ``UsageError``."""
    if value not in ("true", "false"):
        raise UsageError(f"{name} must be true or false, not {value!r}")
    return value == "true"
