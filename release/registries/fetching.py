"""Copies of remote bundles on this machine: whole or absent, and every hash compared.

    <cache>/<name>/<version>-<manifest>/     a bundle, as it was published
    <cache>/<name>/.half/<version>-…/        one that is being fetched; a later run continues it

The cache is `$KORPU_CACHE`, else `korpu/bundles` in `$XDG_CACHE_HOME` or `~/.cache`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from korpu import bundle as bundles
from korpu import log
from korpu.artifact import fsync_tree, sha256, write_atomically
from korpu.bundle import intake
from korpu.errors import Infrastructure, SaysNo
from release.registry import fsync_folder, held

TRIES = 3
# Bring a file of the bundle (its path, its entry in the manifest) to a path on this machine.
Get = Callable[[str, Mapping[str, Any], Path], None]


def cache() -> Path:
    """Where copies lie."""
    if given := os.environ.get("KORPU_CACHE"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "korpu" / "bundles"


def copy_of(name: str, version: str, manifest: bytes, signature: bytes | None, get: Get) -> Path:
    """The verified copy of the bundle with this manifest, fetched where it is not here.

    ``signature`` is what the registry has of one; whose it is, ``release.signature`` says. A copy
    that is damaged is fetched again. Raises ``SaysNo`` for a manifest that is not this bundle's or
    lists what must not be written, and for files that are not the published ones;
    ``Infrastructure`` for files that come short several times.
    """
    files = _files(name, version, manifest)
    key = f"{version}-{hashlib.sha256(manifest).hexdigest()[:16]}"
    place = cache() / name / key
    half = cache() / name / ".half" / key
    with held(half, "another download"):
        if place.exists():
            try:
                bundles.verify(place)
                _sign(place, signature)
                return place
            except SaysNo as error:
                log.say(f"{error}; fetching {name} {version} again")
                shutil.rmtree(place)
        made = half / "bundle"
        log.say(f"fetching {name} {version} to {place}")
        total = sum(int(entry["bytes"]) for entry in files.values())
        with log.progress("fetch", total, "bytes") as advance:
            for path, entry in files.items():
                _bring(made / path, path, entry, get)
                advance(int(entry["bytes"]))
        _clear(made, files)
        write_atomically(made / bundles.MANIFEST, manifest)
        _sign(made, signature)
        bundles.verify(made)
        fsync_tree(made)
        place.parent.mkdir(parents=True, exist_ok=True)
        made.rename(place)
        fsync_folder(place.parent)
    return place


def _clear(made: Path, files: Collection[str]) -> None:
    """Take away what a killed run left: other files, and folders that hold none of these."""
    for found in sorted(made.rglob("*"), reverse=True):  # what is inside before its folder
        if found.is_dir():
            if not any(found.iterdir()):
                found.rmdir()
        elif found.relative_to(made).as_posix() not in files:
            found.unlink()


def _sign(bundle: Path, signature: bytes | None) -> None:
    """Let a copy have the registry's signature, or none: it is no file of the manifest."""
    file = bundle / bundles.SIGNATURE
    if signature is None:
        file.unlink(missing_ok=True)
    elif not file.exists() or file.read_bytes() != signature:
        write_atomically(file, signature)


def _bring(target: Path, path: str, entry: Mapping[str, Any], get: Get) -> None:
    """One file, unless a killed run has it already."""
    if target.is_file() and sha256(target) == entry["sha256"]:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    for _ in range(TRIES):
        part.unlink(missing_ok=True)
        get(path, entry, part)
        came = part.stat().st_size
        if came == entry["bytes"]:
            break
        log.say(f"{path} came with {came} of {entry['bytes']} bytes; fetching it again")
    else:
        raise Infrastructure(f"{path} came short {TRIES} times; run it again when the registry is")
    if sha256(part) != entry["sha256"]:
        part.unlink()
        raise SaysNo(f"{path} in the registry is not the file that was published; do not use it")
    part.rename(target)


def _files(name: str, version: str, manifest: bytes) -> dict[str, dict[str, Any]]:
    """Path → entry of a manifest that may be followed on this machine."""
    try:
        value = json.loads(manifest)
        if (value["name"], value["version"]) != (name, version):
            raise SaysNo(f"the registry's {name} {version} is {value['name']} {value['version']}")
        files: dict[str, dict[str, Any]] = {
            str(path): {"sha256": str(entry["sha256"]), "bytes": int(entry["bytes"])}
            for path, entry in value["files"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SaysNo(f"the manifest of {name} {version} is damaged ({error!r})") from error
    where = Path(f"{name}@{version}", bundles.MANIFEST)
    intake.check_paths(files, where)
    for path in {bundles.MANIFEST, bundles.SIGNATURE} & files.keys():
        raise SaysNo(f"{where} names a file {path!r}, which no manifest does; do not use it")
    return files
