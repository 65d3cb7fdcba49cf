"""What a bundle was made of and by: the corpus's origins with their licences, and provenance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from korpu import artifact
from korpu.artifact import Artifact
from korpu.schema import Recipe


def origins(train: Path) -> list[dict[str, Any]]:
    """Origins of the corpus's training split: {origin, licence, may_redistribute, rows}, sorted."""
    import polars as pl

    keys = ["origin", "licence", "may_redistribute"]
    table = pl.read_parquet(train, columns=keys)
    return table.group_by(keys).len("rows").sort(keys).to_dicts()


def demands(recipe: Recipe, found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(what, licence) of the base and of every origin, for ``release.licence.check``."""
    base = (f"the base model {recipe.model.name}", recipe.model.licence)
    return [base, *((f"the data of {row['origin']}", row["licence"] or "") for row in found)]


def revision(inputs: Mapping[str, Artifact]) -> str | None:
    """The commit of the base where it is from the hub, as it was used."""
    made = inputs.get("base", inputs["train"])
    found: str | None = made.stats.get("base", {}).get("revision")
    return found


def made_from(inputs: Mapping[str, Artifact]) -> dict[str, dict[str, str]]:
    """Keys and manifest hashes of corpus, base, run, report and gate."""
    found = {}
    for name, made in inputs.items():
        reference = made.reference()
        stage = reference.pop("stage")
        found["corpus" if name == "prepare" else stage] = reference
    return found


def provenance(
    recipe: Recipe, inputs: Mapping[str, Artifact], parity: Mapping[str, Any]
) -> dict[str, Any]:
    """How the bundle was made: configuration, code, seeds, environment, stages, parity."""
    from korpu.config import key_config
    from korpu.stages import STAGES
    from release.record import recorded

    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": artifact.code(),
        "seed": recipe.seed,
        "config": key_config(recipe, STAGES["release"].sections)
        | {name: made.manifest["config"] for name, made in inputs.items()},
        "recipe": recorded(recipe),
        "stages": made_from(inputs),
        "contents": {name: made.content for name, made in inputs.items()},
        "environment": {
            **artifact.environment(),
            "installed": dict(
                sorted((found.name, found.version) for found in metadata.distributions())
            ),
        },
        "parity": parity,
    }
