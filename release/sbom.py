"""``sbom.cdx.json``: what a bundle was made with, as a CycloneDX 1.6 document.

The bundle is the subject, a machine-learning model; its components are the base model and every
installed distribution, with licences as their metadata says and, as the hash of record, the sha256
of the ``RECORD`` that lists the sha256 of each installed file.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from importlib.metadata import Distribution
from typing import Any

from packaging.utils import canonicalize_name

from korpu import dependencies
from korpu.schema import Recipe

NAME = "sbom.cdx.json"


def sbom(recipe: Recipe, licence: str, revision: str | None) -> dict[str, Any]:
    """The document; ``revision`` is the commit of a base from the hub."""
    here = dependencies.installed()
    subject = f"{recipe.release.name}@{recipe.release.version}"
    base = _base(recipe, revision)
    links = [
        {
            "ref": _reference(name, found),
            "dependsOn": sorted(
                {
                    _reference(other, here[other])
                    for requirement in dependencies.needed(found)
                    if (other := canonicalize_name(requirement.name)) in here
                }
            ),
        }
        for name, found in here.items()
    ]
    made_with = [_reference("korpu", here["korpu"])] if "korpu" in here else []
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "component": {
                "type": "machine-learning-model",
                "bom-ref": subject,
                "name": recipe.release.name,
                "version": recipe.release.version,
                "licenses": [{"expression": licence}],
            },
        },
        "components": [base, *(_component(name, found) for name, found in here.items())],
        "dependencies": [{"ref": subject, "dependsOn": [base["bom-ref"], *made_with]}, *links],
    }


def _reference(name: str, found: Distribution) -> str:
    return f"pkg:pypi/{name}@{found.version}"


def _component(name: str, found: Distribution) -> dict[str, Any]:
    row: dict[str, Any] = {
        "type": "library",
        "bom-ref": _reference(name, found),
        "name": name,
        "version": found.version,
        "purl": _reference(name, found),
    }
    if stated := dependencies.licence(found):
        spdx = "License-Expression" in found.metadata
        row["licenses"] = [{"expression": stated} if spdx else {"license": {"name": stated}}]
    if record := found.read_text("RECORD"):
        value = hashlib.sha256(record.encode()).hexdigest()
        row["properties"] = [{"name": "korpu:record-sha256", "value": value}]
    return row


def _base(recipe: Recipe, revision: str | None) -> dict[str, Any]:
    model = recipe.model
    name = model.hub_id or model.name
    row: dict[str, Any] = {"type": "machine-learning-model", "bom-ref": f"base:{name}"}
    row |= {"name": name, "licenses": [{"expression": model.licence}]}
    if revision:
        row["version"] = revision
        row["purl"] = f"pkg:huggingface/{name}@{revision}"
    return row
