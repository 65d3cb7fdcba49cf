"""Which columns of a table are read, under which names, and what is said if one is absent."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from korpu.errors import UsageError

MISSING = object()
_SHOWN = 20  # names in a message


@dataclass
class Columns:
    """``required`` and ``optional`` are our names, ``renamed`` our name → the table's.

    ``where`` is the source in the recipe. A renamed column must be there, even an optional one.
    """

    where: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    renamed: Mapping[str, str]
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Raises ``UsageError`` for a renamed column that is none of ours."""
        known = self.required + self.optional
        for ours in self.renamed:
            if ours not in known:
                raise UsageError(
                    f"{self.where}.columns: {ours!r} is none of {', '.join(known)}"
                    f"{_nearest(ours, known)}"
                )

    def names(self) -> dict[str, str]:
        """Our name → the table's, of every column that is looked for."""
        return {ours: self.renamed.get(ours, ours) for ours in self.required + self.optional}


def check(columns: Columns, has: Iterable[str], place: str) -> dict[str, str]:
    """Our name → the table's, of the columns that are there; `a.b` is there if `a` is.

    Raises ``UsageError`` for a required or renamed column that is not.
    """
    has = list(has)
    found = {}
    for ours, theirs in columns.names().items():
        if theirs in has or theirs.partition(".")[0] in has:
            found[ours] = theirs
        elif ours in columns.required or ours in columns.renamed:
            raise absent(columns, ours, has, place)
    return found


def of_object(columns: Columns, row: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Our columns of one object, in which optional ones may be missing; None where they are.

    Raises ``UsageError`` for a required one.
    """
    out = {}
    for ours, theirs in columns.names().items():
        value = reach(row, theirs)
        if value is MISSING:
            if ours in columns.required:
                raise absent(columns, ours, row, place)
            value = None
        else:
            columns.seen.add(ours)
        out[ours] = value
    return out


def all_seen(columns: Columns, name: str) -> None:
    """Raise ``UsageError`` for a renamed column that no object had: a name with a typing error."""
    for ours, theirs in columns.renamed.items():
        if ours not in columns.seen:
            raise UsageError(
                f"{name}: no row has {theirs!r}; correct {columns.where}.columns.{ours}"
            )


def reach(row: Mapping[str, Any], name: str) -> Any:
    """A value by its name, or by the names on the way to it with dots between, or ``MISSING``."""
    if name in row:
        return row[name]
    found: Any = row
    for part in name.split("."):
        if found is None:
            return None
        if not isinstance(found, Mapping) or part not in found:
            return MISSING
        found = found[part]
    return found


def absent(columns: Columns, ours: str, has: Iterable[str], place: str) -> UsageError:
    """The error of a missing column: which there are, and which is nearest."""
    names = [str(name) for name in has]
    theirs = columns.renamed.get(ours, ours)
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "") or "none"
    return UsageError(
        f"{place}: there is no column {theirs!r}; the columns are {shown}"
        f"{_nearest(theirs, names)}; name it in {columns.where}.columns.{ours}"
    )


def _nearest(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), 1, 0.5)
    return f", the nearest is {near[0]!r}" if near else ""
