"""What a bundle was made with, as CycloneDX."""

import dataclasses
import json

import pytest
from hydra import compose, initialize_config_dir

from korpu import config, dependencies
from release import sbom


@pytest.fixture(scope="module")
def made():
    config.register()
    words = ["evaluate.slices=null", "release.name=xeber"]
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        recipe = config.recipe_of(compose("pipeline", overrides=words))
    model = dataclasses.replace(
        recipe.model, weights="hub", hub_id="facebook/nllb", licence="CC-BY-NC-4.0"
    )
    return sbom.sbom(dataclasses.replace(recipe, model=model), "CC-BY-NC-4.0", "f" * 40)


def test_it_names_the_model_its_base_and_every_package(made):
    assert made["metadata"]["component"]["name"] == "xeber"
    base, *packages = made["components"]
    assert (base["name"], base["version"]) == ("facebook/nllb", "f" * 40)
    assert {row["name"]: row["version"] for row in packages} == {
        name: found.version for name, found in dependencies.installed().items()
    }
    torch = next(row for row in packages if row["name"] == "torch")
    assert torch["purl"].startswith("pkg:pypi/torch@2.13.0")
    assert "Apache-2.0" in str(torch["licenses"])
    assert len(torch["properties"][0]["value"]) == 64
    links = {row["ref"]: row["dependsOn"] for row in made["dependencies"]}
    assert len(links) == len(packages) + 1
    peft = next(ref for ref in links if ref.startswith("pkg:pypi/peft@"))
    assert torch["bom-ref"] in links[peft]
    known = {row["bom-ref"] for row in made["components"]}
    assert {ref for row in links.values() for ref in row} <= known


def test_it_is_of_the_published_schema(made):
    validation = pytest.importorskip(
        "cyclonedx.validation.json", reason="needs `pip install 'cyclonedx-python-lib[validation]'`"
    )
    from cyclonedx.schema import SchemaVersion

    validator = validation.JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(json.dumps(made)) is None
    broken = {**made, "components": [{"type": "no such type", "name": "x"}]}
    assert validator.validate_str(json.dumps(broken)) is not None
