"""What every registry offers, and the rules that are the same in all of them.

A registry holds bundles under a name and a semantic version. A version never changes; an alias
(`candidate`, `production`) is a word for a version and moves. Times in its records are for people:
what is newest, what an alias stands for and what is garbage follows from versions and records.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from korpu.errors import Infrastructure, SaysNo, UsageError

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
NUMBER = r"(0|[1-9]\d*)"
SEMVER = re.compile(rf"{NUMBER}\.{NUMBER}\.{NUMBER}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
HOLDER = re.compile(r"[a-z0-9][a-z0-9_-]*")  # without a dot: it ends the name of a lock
PREFERRED = ("production", "candidate")  # what a bare name stands for, the first there is


@dataclass(frozen=True)
class Published:
    """A version in a registry. ``new`` is false where the same content was already there, with or
    without a signature as it was published then (``signed``)."""

    where: str
    content: str
    new: bool
    signed: bool

    @property
    def path(self) -> Path:
        """Its folder, in a registry of folders."""
        return Path(self.where)


class Registry(Protocol):
    """A place of bundles. Each method raises ``Infrastructure`` where it cannot be reached."""

    @property
    def where(self) -> str:
        """The registry as a person names it; never with credentials."""

    def publish(self, made: Path) -> Published:
        """Publish a sealed bundle as its manifest's name and version, whole or not at all.

        Equal content under the same version is fine and changes nothing, its signature neither.
        Raises ``SaysNo`` where the version has another content, is withdrawn, or was another one
        before it was collected.
        """

    def names(self) -> list[str]:
        """The names that have a version."""

    def versions(self, name: str) -> list[str]:
        """The published versions of a name, oldest first; withdrawn ones are among them."""

    def aliases(self, name: str) -> dict[str, str]:
        """Alias → the version it stands for."""

    def move_alias(self, name: str, alias: str, version: str | None, expected: str | None) -> None:
        """Let an alias stand for a version (None: nothing), if it still stands for ``expected``.

        Raises ``Infrastructure`` where another publisher moved it meanwhile, ``UsageError`` for a
        version that is not published, ``SaysNo`` for one that is withdrawn.
        """

    def withdrawn(self, name: str) -> dict[str, str]:
        """Withdrawn version → the reason; also of versions that were collected since."""

    def yank(self, name: str, version: str, reason: str) -> None:
        """Withdraw a version; its record stays. Raises ``SaysNo`` while an alias stands for it."""

    def fetch(self, name: str, version: str) -> Path:
        """A local folder with a version; a remote one's is a copy with every hash compared."""

    def locks(self, name: str) -> dict[str, str]:
        """`version.holder` → the version it keeps from being collected."""

    def hold(self, name: str, version: str, holder: str) -> None:
        """Keep a version from being collected."""

    def let_go(self, name: str, version: str, holder: str) -> None:
        """Undo ``hold``; raises ``UsageError`` where nothing was held."""

    def collect(self, name: str, keep: int) -> list[str]:
        """Delete what ``garbage`` names; returns the versions."""


def check_names(name: str, version: str | None, alias: str | None) -> None:
    """Raises ``UsageError`` for what cannot be a name, a version or an alias."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"release.name cannot be {name!r}: use lower-case letters, digits and . _ -"
        )
    if version is not None and not SEMVER.fullmatch(version):
        raise UsageError(f"release.version must be a version such as 1.0.0, not {version!r}")
    if alias is not None and (not NAME.fullmatch(alias) or SEMVER.fullmatch(alias)):
        raise UsageError(f"release.alias cannot be {alias!r}: use a word such as candidate")


def order(version: str) -> tuple[Any, ...]:
    """A sort key: the precedence of semver.org 2.0.0 §11, then the text (for build metadata)."""
    core, _, _ = version.partition("+")
    numbers, dash, before = core.partition("-")
    # a number is less than a word, and a version of its own is after all its pre-releases
    parts = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in before.split(".")]
    return (*map(int, numbers.split(".")), not dash, parts if dash else [], version)


def choose(registry: Registry, reference: str, *, force: bool = False) -> tuple[str, str]:
    """(name, version) of ``NAME``, ``NAME@alias`` or ``NAME@version``.

    A bare name is its `production`, or its `candidate` where nothing is in production. Raises
    ``UsageError`` naming what there is, ``SaysNo`` for a withdrawn version unless ``force``.
    """
    name, _, wanted = reference.partition("@")
    versions = registry.versions(name) if NAME.fullmatch(name) else []
    if not versions:
        there = registry.names()
        known = f"there are {', '.join(there)}" if there else "it is empty"
        raise UsageError(f"there is no bundle {name!r} in the registry {registry.where} ({known})")
    aliases = registry.aliases(name)
    for word in [wanted] if wanted else PREFERRED:
        version = aliases.get(word, word)
        if version not in versions:
            continue
        reason = registry.withdrawn(name).get(version)
        if reason is not None and not force:
            raise SaysNo(f"{withdrawn_sentence(name, version, reason)}; use another version")
        return name, version
    raise UsageError(
        f"{name} has no {wanted or ' or '.join(PREFERRED)} in {registry.where}; it has "
        f"{', '.join([*sorted(aliases), *versions])}"
    )


def garbage(
    versions: Collection[str],
    aliases: Mapping[str, str],
    locks: Mapping[str, str],
    withdrawn: Collection[str],
    keep: int,
) -> list[str]:
    """Versions that no alias and no lock holds and that are not among the newest ``keep``.

    Newest by version, of those not withdrawn: clocks of different machines decide nothing.
    """
    good = sorted((version for version in versions if version not in withdrawn), key=order)
    held = {*aliases.values(), *locks.values(), *good[max(len(good) - keep, 0) :]}
    return [version for version in sorted(versions, key=order) if version not in held]


def withdrawn_sentence(name: str, version: str, reason: str) -> str:
    """How every registry says it."""
    return f"{name} {version} was withdrawn: {reason}"


def refuse_other_content(where: str) -> SaysNo:
    """The error of a version that holds another content."""
    return SaysNo(
        f"{where} is published with another content, and a version never changes; raise "
        "release.version"
    )


def refuse_moved(name: str, alias: str, now: str | None) -> Infrastructure:
    """The error of whoever lost a race for an alias."""
    return Infrastructure(
        f"{name}@{alias} was moved to {now or 'nothing'} by another publisher; look at it and run "
        "this again"
    )


def refuse_aliased(name: str, version: str, aliases: Mapping[str, str]) -> None:
    """Raises ``SaysNo`` where an alias stands for a version that shall be withdrawn."""
    if standing := sorted(alias for alias, stands_for in aliases.items() if stands_for == version):
        raise SaysNo(
            f"{name} {version} is {' and '.join(standing)}; move that first, as `korpu release "
            f"alias={name}@{standing[0]} to=VERSION` (or to=none)"
        )


def check_reason(reason: str) -> None:
    """Raises ``UsageError`` for a withdrawal without a reason."""
    if not reason.strip() or not reason.isprintable():
        raise UsageError("give a reason of one line, as reason='wrong numbers in headlines'")


def record(name: str, version: str, **facts: str) -> dict[str, Any]:
    """A record that a registry keeps beside its versions; the time is for its readers."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"schema": 1, "name": name, "version": version, "when": now, **facts}
