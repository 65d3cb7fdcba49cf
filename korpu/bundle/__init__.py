"""A bundle on disk: its manifest, what counts as equal, and the check of every hash.

In the hall, since not only ``release`` reads bundles: one is evaluated, begun from and compared
with, and nothing in it is used before it was checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from korpu.artifact import digest, sha256, write_json
from korpu.bundle import intake, kinds
from korpu.errors import SaysNo, UsageError

SCHEMA = 2  # 2: a digest of the manifest itself
MANIFEST = "MANIFEST.json"
MANIFEST_BYTES = 8 << 20
SIGNATURE = "model.sig"  # over all other files, the manifest too (``release.signature``)
HASH = re.compile(r"[0-9a-f]{64}")
# Say how a bundle was made, described and judged; two bundles that differ only here are equal.
ABOUT = ("README.md", "provenance.json", "sbom.cdx.json")
EVALUATION = "eval"  # the folder of report.json, stats.npz and hypotheses


def seal(
    bundle: Path,
    name: str,
    version: str,
    made_from: Mapping[str, Mapping[str, str]],
    licence: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write ``MANIFEST.json``, the last file of a bundle but for a signature; returns it."""
    files = {
        path: {"sha256": sha256(bundle / path), "bytes": size}
        for path, size in _files(bundle).items()
    }
    manifest = {
        "schema": SCHEMA,
        "name": name,
        "version": version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "content": content({path: str(entry["sha256"]) for path, entry in files.items()}),
        "files": files,
        "made_from": made_from,
        **({"licence": licence} if licence else {}),
    }
    manifest["digest"] = _digest(manifest)
    write_json(bundle / MANIFEST, manifest)
    return manifest


def content(hashes: Mapping[str, str]) -> str:
    """What must be equal for two bundles to be the same release: models and contract."""
    counted = [[path, value] for path, value in hashes.items() if counts(path)]
    return digest(sorted(counted))


def counts(path: str) -> bool:
    """Whether a file is of the model or its contract, and not about them."""
    return path not in (*ABOUT, MANIFEST, SIGNATURE) and not path.startswith(f"{EVALUATION}/")


def verify(bundle: Path, parts: Sequence[str] | None = None) -> dict[str, Any]:
    """Compare a bundle's files with its manifest, and the manifest with itself; returns it.

    ``parts`` (top-level names) restricts which files are read; that no file is missing, added,
    larger than said or a link is always checked. Every file that is read is first checked to be of
    a kind that runs nothing (``kinds``). Raises ``UsageError`` where there is no bundle, ``SaysNo``
    naming the first file that is not what was published or that no bundle holds.
    """
    manifest = load(bundle)
    files = manifest["files"]
    there = _files(bundle)
    for path in sorted(set(files) ^ set(there)):
        what = "is missing" if path in files else "was added"
        raise SaysNo(f"{bundle / path} {what}: this is not the bundle that was published")
    for path, entry in files.items():
        if there[path] != entry["bytes"]:
            raise SaysNo(
                f"{bundle / path} is not the file that was published: it has {there[path]:,} bytes "
                f"in place of {entry['bytes']:,}; fetch it again"
            )
    for path, entry in files.items():
        if parts is not None and path.partition("/")[0] not in parts:
            continue
        if sha256(bundle / path) != entry["sha256"]:
            raise SaysNo(f"{bundle / path} is not the file that was published; fetch it again")
        kinds.check(bundle, path)
    return manifest


def load(bundle: Path) -> dict[str, Any]:
    """A bundle's manifest, well formed and unchanged since it was sealed.

    Raises ``UsageError`` for a directory that is none, ``SaysNo`` for a manifest that is damaged,
    was changed, or names files outside of the bundle.
    """
    where = bundle / MANIFEST
    try:
        manifest: dict[str, Any] = intake.read_json(where, MANIFEST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"there is no bundle {bundle} (it has no {MANIFEST})") from None
    keys = {"name", "version", "content", "files"}
    if not isinstance(manifest, dict) or not keys <= manifest.keys():
        raise SaysNo(f"{where} is not a bundle's manifest; fetch the bundle again")
    if manifest.get("schema") != SCHEMA:
        raise UsageError(f"{bundle} is of another schema than {SCHEMA}; use the korpu that made it")
    files = manifest["files"]
    if not isinstance(files, dict) or not all(_is_entry(entry) for entry in files.values()):
        raise SaysNo(f"{where} is not a bundle's manifest; fetch the bundle again")
    intake.check_paths([*files, MANIFEST, SIGNATURE], where)
    hashes = {path: entry["sha256"] for path, entry in files.items()}
    if manifest.get("digest") != _digest(manifest) or manifest["content"] != content(hashes):
        raise SaysNo(f"{where} was changed after publishing; fetch the bundle again")
    return manifest


def _digest(manifest: Mapping[str, Any]) -> str:
    """Of all that a manifest says: a changed bit of it is found, too."""
    return digest({key: value for key, value in manifest.items() if key != "digest"})


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
        return False
    return type(entry.get("bytes")) is int and bool(HASH.fullmatch(entry["sha256"]))


def _files(bundle: Path) -> dict[str, int]:
    """Relative paths and bytes of all files but the manifest and the signature over it."""
    there = intake.walk(bundle)
    return {path: size for path, size in there.items() if path not in (MANIFEST, SIGNATURE)}
