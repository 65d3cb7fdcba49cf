"""A bundle on disk: its manifest, what counts as equal, and the check of every hash."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from korpu.artifact import digest, sha256, write_json
from korpu.errors import SaysNo, UsageError

SCHEMA = 1
MANIFEST = "MANIFEST.json"
# Say how a bundle was made, described and judged; two bundles that differ only here are equal.
ABOUT = ("README.md", "provenance.json", "eval/report.json", "eval/stats.npz")


def seal(
    bundle: Path, name: str, version: str, made_from: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Write ``MANIFEST.json``, the last file of a bundle; returns it."""
    files = {
        path: {"sha256": sha256(bundle / path), "bytes": (bundle / path).stat().st_size}
        for path in _files(bundle)
    }
    manifest = {
        "schema": SCHEMA,
        "name": name,
        "version": version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "content": content({path: str(entry["sha256"]) for path, entry in files.items()}),
        "files": files,
        "made_from": made_from,
    }
    write_json(bundle / MANIFEST, manifest)
    return manifest


def content(hashes: Mapping[str, str]) -> str:
    """What must be equal for two bundles to be the same release: models and contract."""
    return digest(sorted([path, value] for path, value in hashes.items() if path not in ABOUT))


def verify(bundle: Path, parts: Sequence[str] | None = None) -> dict[str, Any]:
    """Compare a bundle's files with its manifest, and the manifest with itself; returns it.

    ``parts`` (top-level names) restricts which files are read; that no file is missing, added or a
    link is always checked. Raises ``UsageError`` where there is no bundle, ``SaysNo`` naming the
    first file that is not what was published.
    """
    manifest = load(bundle)
    files = manifest["files"]
    there = _files(bundle)
    for path in sorted(set(files) ^ set(there)):
        what = "is missing" if path in files else "was added"
        raise SaysNo(f"{bundle / path} {what}: this is not the bundle that was published")
    if content({path: entry["sha256"] for path, entry in files.items()}) != manifest["content"]:
        raise SaysNo(f"{bundle / MANIFEST} was changed after publishing; fetch the bundle again")
    for path, entry in files.items():
        if parts is not None and path.partition("/")[0] not in parts:
            continue
        if sha256(bundle / path) != entry["sha256"]:
            raise SaysNo(f"{bundle / path} is not the file that was published; fetch it again")
    return manifest


def load(bundle: Path) -> dict[str, Any]:
    """A bundle's manifest; raises ``UsageError`` for a directory that is none."""
    try:
        manifest: dict[str, Any] = json.loads((bundle / MANIFEST).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"there is no bundle {bundle} (it has no {MANIFEST})") from None
    except ValueError as error:
        raise SaysNo(f"{bundle / MANIFEST} is damaged: {error}; fetch the bundle again") from error
    keys = {"name", "version", "content", "files"}
    if not isinstance(manifest, dict) or not keys <= manifest.keys():
        raise SaysNo(f"{bundle / MANIFEST} is not a bundle's manifest; fetch the bundle again")
    if manifest.get("schema") != SCHEMA:
        raise UsageError(f"{bundle} is of another schema than {SCHEMA}; use the korpu that made it")
    return manifest


def _files(bundle: Path) -> list[str]:
    """Relative paths of all files but the manifest; a link could lead anywhere and is refused."""
    found = []
    for path in sorted(bundle.rglob("*")):
        if path.is_symlink():
            raise SaysNo(f"{path} is a link; a bundle holds only files")
        relative = path.relative_to(bundle).as_posix()
        if path.is_file() and relative != MANIFEST:
            found.append(relative)
    return found
