"""`korpu release verify=BUNDLE [key=PUBLIC]`: every hash, every kind, and the signature."""

from __future__ import annotations

from pathlib import Path

from korpu import bundle as bundles
from korpu.schema import Recipe
from release import contract, registries, signature


def verify_action(recipe: Recipe, value: str, key: str | None = None) -> None:
    """Check a bundle's folder, or NAME, NAME@ALIAS, NAME@VERSION of ``release.registry``.

    Raises ``SaysNo`` for the first thing that is wrong (no signature where a key is given, too),
    ``UsageError`` where there is no such bundle.
    """
    where = Path(value)
    if not (where / bundles.MANIFEST).exists() and "/" not in value:
        where = registries.fetched(recipe.release.registry, value)
    manifest = bundles.verify(where)
    contract.load(where)
    if key is not None:
        signature.check(where, Path(key))
    size = sum(entry["bytes"] for entry in manifest["files"].values())
    print(
        f"{manifest['name']} {manifest['version']}: {len(manifest['files'])} files, "
        f"{size / 1e6:.1f} MB, all as published"
    )
    if key is not None:
        print(f"signed by the key of {key}")
    elif (where / bundles.SIGNATURE).exists():
        print("signed; not checked, give key=PUBLIC")
    else:
        print("not signed")
