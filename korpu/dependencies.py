"""Installed distributions: which need which, and their licences, as their metadata says it."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from importlib.metadata import Distribution
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name


def installed() -> dict[str, Distribution]:
    """All installed distributions by canonical name; of two of a name the one that is imported."""
    found: dict[str, Distribution] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(canonicalize_name(name), distribution)
    return dict(sorted(found.items()))


def needed(distribution: Distribution, extras: Iterable[str] = ()) -> list[Requirement]:
    """What a distribution requires here, with these of its extras."""
    found = []
    for text in distribution.requires or []:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": e}) for e in (*extras, "")):
            found.append(requirement)
    return found


def closure(roots: Iterable[str]) -> dict[str, Distribution]:
    """The installed distributions that the given requirements need, by canonical name."""
    here, found = installed(), dict[str, Distribution]()
    todo = [Requirement(root) for root in roots]
    while todo:
        wanted = todo.pop()
        name = canonicalize_name(wanted.name)
        if name in found or name not in here:
            continue  # an optional or platform-bound requirement that is not installed
        found[name] = here[name]
        todo += needed(here[name], wanted.extras)
    return found


def licence(distribution: Distribution) -> str | None:
    """The SPDX expression where there is one, else the classifiers, else the licence field."""
    about: Any = distribution.metadata
    if expression := about.get("License-Expression"):
        return str(expression)
    classifiers = [c for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    named = [c.rpartition(" :: ")[2] for c in classifiers if not c.endswith("OSI Approved")]
    if named:
        return ", ".join(named)
    text = str(about.get("License") or "").strip()
    return text.splitlines()[0][:60] if text else None
