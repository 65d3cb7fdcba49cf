"""Every config composes; the key of a stage is what it reads, and nothing else."""

import dataclasses
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir

from korpu import config
from korpu.config import key_config, key_of, recipe_of
from korpu.errors import UsageError
from korpu.stages import STAGES

CONFIGS = config.CONFIGS
ROOTS = sorted(path.stem for path in CONFIGS.glob("*.yaml") if path.stem != "recipe")
GROUPS = {
    group.name: sorted(path.stem for path in group.glob("*.yaml"))
    for group in CONFIGS.iterdir()
    if group.is_dir()
}
NOT_MADE = ["evaluate.slices=null"]  # a file that a run makes


def composed(root="pipeline", *overrides):
    config.register()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return recipe_of(compose(root, overrides=list(overrides)))


def test_every_root_composes_to_the_same_recipe():
    recipes = [composed(root) for root in ROOTS]
    assert len(ROOTS) == 9
    assert all(recipe == recipes[0] for recipe in recipes)


@pytest.mark.parametrize(
    "override",
    [
        f"{group}={choice}"
        for group, choices in GROUPS.items()
        for choice in choices
        if (group, choice) not in (("model", "local"), ("benchmark", "files"))  # need a path
    ],
)
def test_every_choice_of_every_group_composes(override):
    assert composed("train", override).name


def test_every_experiment_composes_with_every_command_and_says_how_it_is_run():
    for experiment in GROUPS["experiment"]:
        first = (CONFIGS / "experiment" / f"{experiment}.yaml").read_text().splitlines()[:2]
        assert first[1].startswith("# korpu pipeline"), first
        for root in ROOTS:
            assert composed(root, f"experiment={experiment}").name == experiment


def test_a_local_model_needs_its_path():
    assert composed("train", "model=local", "model.path=somewhere").model.path == "somewhere"
    with pytest.raises(UsageError, match=r"model\.path"):
        composed("train", "model=local")


def test_an_nllb_model_brings_its_own_training_values():
    assert composed("train", "model=nllb_600m").train.lr < composed("train").train.lr / 5


def test_no_value_is_written_in_two_places():
    """The schema has no defaults, so what a recipe holds was written in YAML, and once."""

    def walk(cls):
        for field in dataclasses.fields(cls):
            assert field.default is dataclasses.MISSING
            if dataclasses.is_dataclass(field.type):
                walk(field.type)

    from korpu.schema import Recipe

    walk(Recipe)


def test_the_config_tree_stays_small():
    assert len(list(CONFIGS.rglob("*.yaml"))) <= 60


def test_no_config_but_of_launchers_and_sweepers_names_a_python_object():
    for path in CONFIGS.rglob("*.yaml"):
        if CONFIGS / "hydra" not in path.parents:
            assert "_target_" not in path.read_text(), path
        yaml.safe_load(path.read_text())


def test_workers_and_paths_do_not_change_a_key_and_values_do():
    def key(stage, *overrides):
        recipe = composed("pipeline", *NOT_MADE, *overrides)
        return key_of(stage, 1, key_config(recipe, STAGES[stage].sections), [])

    assert key("collect") == key("collect", "collect.workers=9", "runtime.outputs=/elsewhere")
    assert key("release") == key("release", "release.registry=/elsewhere", "out=/there")
    assert key("collect") != key("collect", "collect.min_characters=5")
    assert key("collect") != key("collect", "newsroom.seed=2")
    assert key("prepare") == key("prepare", "train.lr=1")
    assert key("train") != key("train", "train.lr=1")


def test_a_file_enters_the_key_by_its_content(tmp_path):
    def key(folder):
        sides = [f"source.files.ui.{side}={folder / side}" for side in ("src", "tgt")]
        recipe = composed("collect", "source=ui", *NOT_MADE, *sides)
        return key_of("collect", 1, key_config(recipe, STAGES["collect"].sections), [])

    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        for name in ("src", "tgt"):
            (tmp_path / folder / name).write_text("salam\n", "utf-8")
    first = key(tmp_path / "one")
    assert first == key(tmp_path / "two")
    (tmp_path / "two" / "tgt").write_text("salom\n", "utf-8")
    assert first != key(tmp_path / "two")
    (tmp_path / "two" / "tgt").unlink()
    with pytest.raises(UsageError, match=r"source\.files\.ui\.tgt: there is no file"):
        key(tmp_path / "two")


def test_a_recipe_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        composed().train.steps = 3
    assert Path(composed().runtime.outputs).name == "outputs"
