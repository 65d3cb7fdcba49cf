"""The local registry: immutable versions, and aliases that move.

    <registry>/<name>/versions/<semver>/        a bundle, whole or absent
    <registry>/<name>/aliases/<alias>           one line, the version it stands for
    <registry>/<name>/yanked/<semver>.json      why a version was withdrawn; stays for ever
    <registry>/<name>/locks/<semver>.<holder>   keeps a version from being collected
    <registry>/<name>/collected/<semver>.json   what a deleted version was
    <registry>/<name>/.staging/ .trash/         being written, being deleted; nobody reads them

A version appears by one rename of a folder whose files are on disk, so a killed publish is
invisible, and goes by one. Whoever changes a name holds a lock on its folder that dies with its
process.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from korpu import bundle as bundles
from korpu import log
from korpu.artifact import fsync_tree, write_atomically, write_json
from korpu.bundle import verify
from korpu.errors import Infrastructure, SaysNo, UsageError
from release.registries import interface
from release.registries.interface import Published as Published
from release.registries.interface import check_names as check_names


def publish(made: Path, registry: Path) -> Published:
    """Publish a sealed bundle; see ``interface.Registry``."""
    manifest = verify(made)
    name, version, content = manifest["name"], manifest["version"], str(manifest["content"])
    check_names(name, version, None)
    home = registry / name
    final = home / "versions" / version
    with held(home):
        shutil.rmtree(home / ".staging", ignore_errors=True)  # its publisher is dead: we hold it
        if reason := withdrawn(registry, name).get(version):
            said = interface.withdrawn_sentence(name, version, reason)
            raise SaysNo(f"{said}; raise release.version")
        if final.exists():
            if verify(final)["content"] != content:
                raise interface.refuse_other_content(str(final))
            return Published(str(final), content, new=False, signed=_is_signed(final))
        if _collected(home, version) not in (None, content):
            raise interface.refuse_other_content(f"{final} (collected since)")
        staging = home / ".staging" / version
        try:
            _copy(made, staging)
            if verify(staging)["content"] != content:
                raise Infrastructure(f"{staging} is not what was written; check the disk")
            final.parent.mkdir(parents=True, exist_ok=True)
            staging.rename(final)
        except Exception:
            shutil.rmtree(home / ".staging", ignore_errors=True)  # gives a full disk its room back
            raise
        fsync_folder(final.parent)
        fsync_folder(home)
    return Published(str(final), content, new=True, signed=_is_signed(final))


def _is_signed(bundle: Path) -> bool:
    return (bundle / bundles.SIGNATURE).exists()


def _copy(made: Path, staging: Path) -> None:
    """Copy every file and folder to disk, the manifest last."""
    paths = [path for path in sorted(made.rglob("*")) if path.is_file()]
    for path in sorted(paths, key=lambda path: path == made / bundles.MANIFEST):
        target = staging / path.relative_to(made)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    fsync_tree(staging)
    for folder in [staging, *(path for path in staging.rglob("*") if path.is_dir())]:
        fsync_folder(folder)


def names(registry: Path) -> list[str]:
    """The names that have a version."""
    found = [path.name for path in registry.glob("*") if interface.NAME.fullmatch(path.name)]
    return sorted(name for name in found if versions(registry, name))


def versions(registry: Path, name: str) -> list[str]:
    """The published versions of a name, oldest first."""
    found = (path.parent.name for path in (registry / name).glob(f"versions/*/{bundles.MANIFEST}"))
    return sorted(filter(interface.SEMVER.fullmatch, found), key=interface.order)


def aliases(registry: Path, name: str) -> dict[str, str]:
    """Alias → the version it stands for."""
    words = _records(registry / name / "aliases")
    found = {word: alias(registry, name, word) for word in words if interface.NAME.fullmatch(word)}
    return {word: version for word, version in found.items() if version}


def alias(registry: Path, name: str, alias: str) -> str | None:
    """The version an alias stands for, or None."""
    try:
        return (registry / name / "aliases" / alias).read_text("utf-8").strip()
    except FileNotFoundError:
        return None


def move_alias(
    registry: Path, name: str, alias_name: str, version: str | None, expected: str | None
) -> None:
    """Move an alias by compare and swap; see ``interface.Registry``."""
    check_names(name, version, alias_name)
    if name not in names(registry):
        raise UsageError(f"{name} is not published in {registry}")
    with held(registry / name):
        if version is not None:
            _check_there(registry, name, version)
            if reason := withdrawn(registry, name).get(version):
                raise SaysNo(interface.withdrawn_sentence(name, version, reason))
        now = alias(registry, name, alias_name)
        if now != expected:
            raise interface.refuse_moved(name, alias_name, now)
        file = registry / name / "aliases" / alias_name
        if version is not None:
            write_atomically(file, f"{version}\n")
        elif file.exists():
            file.unlink()
            fsync_folder(file.parent)


def withdrawn(registry: Path, name: str) -> dict[str, str]:
    """Withdrawn version → the reason."""
    found = {}
    for path in sorted((registry / name).glob("yanked/*.json")):
        try:
            found[path.stem] = str(json.loads(path.read_text("utf-8"))["reason"])
        except (ValueError, KeyError, TypeError):
            found[path.stem] = f"its record {path} is damaged"  # withdrawn all the same
    return found


def yank(registry: Path, name: str, version: str, reason: str) -> None:
    """Withdraw a version; see ``interface.Registry``. The first reason stays."""
    check_names(name, version, None)
    interface.check_reason(reason)
    _check_there(registry, name, version)
    with held(registry / name):
        there = withdrawn(registry, name).get(version)
        if there is not None and there != reason:
            said = interface.withdrawn_sentence(name, version, there)
            raise SaysNo(f"{said}; the record stays as it is")
        interface.refuse_aliased(name, version, aliases(registry, name))
        if there is None:
            record = interface.record(name, version, reason=reason)
            write_json(registry / name / "yanked" / f"{version}.json", record)
            fsync_folder(registry / name)


def resolve(registry: Path, reference: str, *, force: bool = False) -> Path:
    """The directory of ``NAME``, ``NAME@alias`` or ``NAME@version``, verified by nobody yet.

    Raises as ``interface.choose``.
    """
    from release.registries.local import Local

    name, version = interface.choose(Local(registry), reference, force=force)
    return registry / name / "versions" / version


def locks(registry: Path, name: str) -> dict[str, str]:
    """`version.holder` → the version held."""
    return {lock: lock.rpartition(".")[0] for lock in _records(registry / name / "locks")}


def hold(registry: Path, name: str, version: str, holder: str) -> None:
    """Keep a version from being collected, until ``let_go``."""
    _check_there(registry, name, version)
    with held(registry / name):
        _check_there(registry, name, version)
        record = interface.record(name, version, holder=holder)
        write_json(registry / name / "locks" / f"{version}.{holder}", record)


def let_go(registry: Path, name: str, version: str, holder: str) -> None:
    """Undo ``hold``."""
    try:
        (registry / name / "locks" / f"{version}.{holder}").unlink()
    except FileNotFoundError:
        raise UsageError(f"{holder} does not hold {name} {version} in {registry}") from None


def collect(registry: Path, name: str, keep: int) -> list[str]:
    """Delete what ``interface.garbage`` names; returns the versions."""
    if name not in names(registry):
        raise UsageError(f"{name} is not published in {registry}")
    home = registry / name
    with held(home):
        shutil.rmtree(home / ".trash", ignore_errors=True)  # of one that was killed
        found = interface.garbage(
            versions(registry, name),
            aliases(registry, name),
            locks(registry, name),
            withdrawn(registry, name),
            keep,
        )
        for version in found:
            bundle = home / "versions" / version
            record = interface.record(name, version, content=bundles.load(bundle)["content"])
            write_json(home / "collected" / f"{version}.json", record)
            (home / ".trash").mkdir(exist_ok=True)
            bundle.rename(home / ".trash" / version)
            fsync_folder(bundle.parent)
            shutil.rmtree(home / ".trash")
    return found


def _collected(home: Path, version: str) -> str | None:
    """The content a deleted version had; nothing equals that of a damaged record."""
    try:
        record = json.loads((home / "collected" / f"{version}.json").read_text("utf-8"))
        return str(record["content"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return ""


def _records(folder: Path) -> list[str]:
    """File names, without what a killed writer left."""
    return sorted(path.name for path in folder.glob("*") if path.suffix != ".tmp")


def _check_there(registry: Path, name: str, version: str) -> None:
    if not (registry / name / "versions" / version / bundles.MANIFEST).exists():
        raise UsageError(f"{name} {version} is not published in {registry}")


@contextlib.contextmanager
def held(home: Path, others: str = "another publisher") -> Iterator[None]:
    """Hold a folder against other processes; waits for them, and ends with the process."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{home} is in the way: a registry is a folder of folders") from None
    with (home / ".lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.say(f"waiting for {others} of {home.name}")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def fsync_folder(folder: Path) -> None:
    """Write a folder's names to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
