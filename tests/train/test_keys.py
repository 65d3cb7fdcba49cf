"""A setting of training that shapes the result is in the key of its stage, and no other is."""

import pytest
from hydra import compose, initialize_config_dir

from korpu import config
from korpu.errors import UsageError
from korpu.stages import STAGES


def recipe_of(*overrides):
    config.register()
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        return config.recipe_of(compose("train", overrides=list(overrides)))


def key(stage, *overrides):
    told = config.key_config(recipe_of(*overrides), STAGES[stage].sections)
    return config.key_of(stage, 1, told, [])


@pytest.mark.parametrize(
    "override",
    [
        *(f"adapter={kind}" for kind in ("rslora", "dora", "oft", "none")),
        "adapter.block=16",
        "adapter.dropout=0.1",
        "train.ranks=2",
        "train.precision=bf16",
        "train.checkpointing=true",
        "train.target_tokens=900",
    ],
)
def test_what_shapes_the_adapter_is_in_its_key_and_not_in_the_bases(override):
    assert key("train", override) != key("train")
    assert key("base", override) == key("base")


def test_how_much_is_computed_at_once_is_in_no_key():
    assert key("train", "train.micro_tokens=500") == key("train")
    assert key("base", "base.micro_tokens=500") == key("base")
    assert key("base", "base.ranks=2") != key("base")


def test_an_adapter_to_start_from_counts_by_its_content(tmp_path):
    keys = []
    for name, data in (("one", b"a"), ("two", b"a"), ("three", b"b")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_model.safetensors").write_bytes(data)
        keys.append(key("train", f"adapter.start={tmp_path / name}"))
    assert keys[0] == keys[1]
    assert len({*keys, key("train")}) == 3


@pytest.mark.parametrize(
    "override", ["adapter.kind=lorra", "train.precision=fp16", "base.precision=float64"]
)
def test_an_unknown_choice_is_refused(override):
    with pytest.raises(UsageError, match=f"{override.partition('=')[0]} cannot be"):
        recipe_of(override)
