"""What a person does in the recipe's registry: `korpu release list=… alias=… yank=… gc=…`."""

from __future__ import annotations

from korpu.errors import UsageError
from korpu.schema import Recipe
from korpu.words import truth
from release import registries
from release.registries import interface
from release.registries.interface import Registry

KEEP = 3  # newest versions that gc leaves, unless told


def list_action(recipe: Recipe, value: str) -> None:
    """Print the names there are (``all``), or every version of one and what is known of it."""
    registry = registries.opened(recipe.release.registry)
    if value == "all":
        print("\n".join(registry.names()) or f"{registry.where} is empty")
        return
    versions, aliases = _versions(registry, value), registry.aliases(value)
    withdrawn, locks = registry.withdrawn(value), registry.locks(value)
    for version in sorted({*versions, *withdrawn}, key=interface.order):
        facts = [alias for alias, stands_for in aliases.items() if stands_for == version]
        facts += [f"held by {lock.rpartition('.')[2]}" for lock in locks if locks[lock] == version]
        facts += [f"withdrawn: {withdrawn[version]}"] if version in withdrawn else []
        facts += [] if version in versions else ["collected"]
        print(f"{version:<12}  {', '.join(facts)}".rstrip())


def fetch_action(recipe: Recipe, value: str, force: str = "false") -> None:
    """Print the local folder of ``NAME@ALIAS`` or ``NAME@VERSION``, fetching and checking it."""
    place = recipe.release.registry
    print(registries.fetched(place, value, force=truth("force", force)))


def alias_action(
    recipe: Recipe, value: str, to: str | None = None, expected: str | None = None
) -> None:
    """Let ``NAME@ALIAS`` stand for the version ``to`` (none: for nothing), by compare and swap.

    ``expected`` is what it must stand for now; without it, what this process just saw.
    """
    name, alias = _parted(value, "alias=NAME@ALIAS")
    interface.check_names(name, None, alias)
    if to is None:
        raise UsageError("say what it shall stand for, as to=1.0.0 (or to=none)")
    registry = registries.opened(recipe.release.registry)
    now = registry.aliases(name).get(alias)
    before = now if expected is None else _version_or_none(expected)
    after = _version_or_none(to)
    registry.move_alias(name, alias, after, before)
    print(f"{name}@{alias} is now {after or 'nothing'}, it was {before or 'nothing'}")


def yank_action(recipe: Recipe, value: str, reason: str = "") -> None:
    """Withdraw ``NAME@VERSION`` with a reason."""
    name, version = _parted(value, "yank=NAME@VERSION")
    interface.check_names(name, version, None)
    registries.opened(recipe.release.registry).yank(name, version, reason)
    print(interface.withdrawn_sentence(name, version, reason))


def hold_action(recipe: Recipe, value: str, holder: str = "") -> None:
    """Keep ``NAME@ALIAS`` or ``NAME@VERSION`` from being collected, for ``holder``."""
    registry = registries.opened(recipe.release.registry)
    name, version = interface.choose(registry, value, force=True)
    registry.hold(name, version, _holder(holder))
    print(f"{holder} holds {name} {version}")


def drop_action(recipe: Recipe, value: str, holder: str = "") -> None:
    """Undo ``hold``; ``value`` is ``NAME@VERSION``."""
    name, version = _parted(value, "drop=NAME@VERSION")
    interface.check_names(name, version, None)
    registries.opened(recipe.release.registry).let_go(name, version, _holder(holder))
    print(f"{holder} let {name} {version} go")


def gc_action(recipe: Recipe, value: str, keep: str = str(KEEP), apply: str = "false") -> None:
    """Print the versions that nothing holds and are not the newest ``keep``; delete with apply."""
    if not keep.isdecimal():
        raise UsageError(f"keep is a number of versions, not {keep!r}")
    registry = registries.opened(recipe.release.registry)
    if truth("apply", apply):
        gone = registry.collect(value, int(keep))
        print("\n".join(f"deleted {value} {version}" for version in gone) or "nothing to delete")
        return
    found = interface.garbage(
        _versions(registry, value),
        registry.aliases(value),
        registry.locks(value),
        registry.withdrawn(value),
        int(keep),
    )
    print("\n".join(f"{value} {version}" for version in found) or "nothing to delete")
    if found:
        print("nothing was deleted; apply=true deletes these")


def _versions(registry: Registry, name: str) -> list[str]:
    versions = registry.versions(name) if interface.NAME.fullmatch(name) else []
    if not versions and not registry.withdrawn(name):
        there = ", ".join(registry.names()) or "nothing"
        raise UsageError(f"there is no bundle {name!r} in {registry.where}; it has {there}")
    return versions


def _parted(value: str, form: str) -> tuple[str, str]:
    name, at, rest = value.partition("@")
    if not at or not rest:
        raise UsageError(f"write it as {form}, not {value!r}")
    return name, rest


def _version_or_none(word: str) -> str | None:
    return None if word == "none" else word


def _holder(holder: str) -> str:
    if not interface.HOLDER.fullmatch(holder):
        raise UsageError("say who holds it, as holder=api (lower-case letters, digits, _ and -)")
    return holder
