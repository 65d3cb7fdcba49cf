"""The local registry: immutable versions, and aliases that move.

    <registry>/<name>/versions/<semver>/    a bundle, whole or absent
    <registry>/<name>/aliases/<alias>       one line, the version it stands for
    <registry>/<name>/.staging/             what is being written; nobody reads it

A version appears by one rename of a folder whose files are on disk, so a killed publish is
invisible. Publishers of one name take turns by a lock on the folder that dies with its process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from korpu import log
from korpu.artifact import fsync_tree, write_atomically
from korpu.errors import Infrastructure, SaysNo, UsageError
from release import bundle as bundles
from release.bundle import verify as verify  # `verify(dir)` is part of what a registry offers

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
NUMBER = r"(0|[1-9]\d*)"
SEMVER = re.compile(rf"{NUMBER}\.{NUMBER}\.{NUMBER}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
PREFERRED = ("production", "candidate")  # what a bare name stands for, the first there is


@dataclass(frozen=True)
class Published:
    """A version in a registry. ``new`` is false where the same content was already there."""

    path: Path
    content: str
    new: bool


def check_names(name: str, version: str, alias: str | None) -> None:
    """Raises ``UsageError`` for what cannot be a name, a version or an alias."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"release.name cannot be {name!r}: use lower-case letters, digits and . _ -"
        )
    if not SEMVER.fullmatch(version):
        raise UsageError(f"release.version must be a version such as 1.0.0, not {version!r}")
    if alias is not None and (not NAME.fullmatch(alias) or SEMVER.fullmatch(alias)):
        raise UsageError(f"release.alias cannot be {alias!r}: use a word such as candidate")


def publish(made: Path, registry: Path) -> Published:
    """Publish a sealed bundle as its manifest's name and version.

    Equal content (``bundle.content``) under the same version is fine and changes nothing. Raises
    ``SaysNo`` where the version holds another content.
    """
    manifest = verify(made)
    name, version = manifest["name"], manifest["version"]
    check_names(name, version, None)
    home = registry / name
    final = home / "versions" / version
    with _held(home):
        shutil.rmtree(home / ".staging", ignore_errors=True)  # its publisher is dead: we hold it
        if final.exists():
            if verify(final)["content"] != manifest["content"]:
                raise SaysNo(
                    f"{final} is published with another content, and a version never changes; "
                    "raise release.version"
                )
            return Published(final, manifest["content"], new=False)
        staging = home / ".staging" / version
        _copy(made, staging)
        if verify(staging)["content"] != manifest["content"]:
            raise Infrastructure(f"{staging} is not what was written; check the disk")
        final.parent.mkdir(parents=True, exist_ok=True)
        staging.rename(final)
        _fsync_folder(final.parent)
        _fsync_folder(home)
    return Published(final, manifest["content"], new=True)


def _copy(made: Path, staging: Path) -> None:
    """Copy every file and folder to disk, the manifest last."""
    paths = [path for path in sorted(made.rglob("*")) if path.is_file()]
    for path in sorted(paths, key=lambda path: path == made / bundles.MANIFEST):
        target = staging / path.relative_to(made)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    fsync_tree(staging)
    for folder in [staging, *(path for path in staging.rglob("*") if path.is_dir())]:
        _fsync_folder(folder)


def alias(registry: Path, name: str, alias: str) -> str | None:
    """The version an alias stands for, or None."""
    try:
        return (registry / name / "aliases" / alias).read_text("utf-8").strip()
    except FileNotFoundError:
        return None


def move_alias(
    registry: Path, name: str, alias_name: str, version: str, expected: str | None
) -> None:
    """Let an alias stand for a version, if it still stands for ``expected`` (None: nothing).

    Compare and swap: raises ``Infrastructure`` where another publisher moved it meanwhile,
    ``UsageError`` for a version that is not published.
    """
    check_names(name, version, alias_name)
    if not (registry / name / "versions" / version / bundles.MANIFEST).exists():
        raise UsageError(f"{name} {version} is not published in {registry}")
    with _held(registry / name):
        now = alias(registry, name, alias_name)
        if now != expected:
            raise Infrastructure(
                f"{name}@{alias_name} was moved to {now or 'nothing'} by another publisher; look "
                "at it and run this again"
            )
        write_atomically(registry / name / "aliases" / alias_name, f"{version}\n")


def resolve(registry: Path, reference: str) -> Path:
    """The directory of ``NAME``, ``NAME@alias`` or ``NAME@version``, verified by nobody yet.

    A bare name is its `production`, or its `candidate` where nothing is in production. Raises
    ``UsageError`` naming what there is.
    """
    name, _, wanted = reference.partition("@")
    home = registry / name
    if not NAME.fullmatch(name) or not (home / "versions").is_dir():
        there = sorted(path.name for path in registry.glob("*") if (path / "versions").is_dir())
        known = f"there are {', '.join(there)}" if there else "it is empty"
        raise UsageError(f"there is no bundle {name!r} in the registry {registry} ({known})")
    for word in [wanted] if wanted else PREFERRED:
        if not (NAME.fullmatch(word) or SEMVER.fullmatch(word)):
            continue
        found = home / "versions" / (alias(registry, name, word) or word)
        if (found / bundles.MANIFEST).exists():
            return found
    versions = sorted(path.name for path in (home / "versions").iterdir())
    aliases = sorted(path.name for path in (home / "aliases").glob("*"))
    raise UsageError(
        f"{name} has no {wanted or ' or '.join(PREFERRED)} in {registry}; it has "
        f"{', '.join([*aliases, *versions]) or 'nothing yet'}"
    )


@contextlib.contextmanager
def _held(home: Path) -> Iterator[None]:
    """Hold a name against other publishers; waits for them, and ends with the process."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{home} is in the way: a registry is a folder of folders") from None
    with (home / ".lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.say(f"waiting for another publisher of {home.name}")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
