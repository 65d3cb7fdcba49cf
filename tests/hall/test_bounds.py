"""A number that no run can have is refused before anything runs, and its key is named."""

import operator
from dataclasses import replace

import pytest
from hydra import compose, initialize_config_dir

from korpu import bounds, config
from korpu.errors import UsageError


@pytest.fixture(scope="module")
def recipe():
    config.register()
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        return config.recipe_of(compose("train"))


def changed(recipe, key, value):
    section, _, name = key.rpartition(".")
    if not section:
        return replace(recipe, **{name: value})
    return replace(
        recipe, **{section: replace(operator.attrgetter(section)(recipe), **{name: value})}
    )


@pytest.mark.parametrize("key", [*bounds.LEAST, *bounds.SHARES])
def test_a_bound_holds_and_what_is_beyond_it_names_the_key(recipe, key):
    least = bounds.LEAST.get(key, 0)
    if least > float("-inf"):
        bounds.check(changed(recipe, key, least))
        with pytest.raises(UsageError, match=f"^{key} must be .*{least}"):
            bounds.check(changed(recipe, key, least - 1))
    for odd in (float("nan"), float("inf")):
        with pytest.raises(UsageError, match=f"^{key} must be"):
            bounds.check(changed(recipe, key, odd))


def test_a_share_is_below_one_and_a_seed_fits_torch(recipe):
    with pytest.raises(UsageError, match=r"adapter\.dropout must be from 0 to below 1, not 1"):
        bounds.check(changed(recipe, "adapter.dropout", 1.0))
    with pytest.raises(UsageError, match="seed must be at most"):
        bounds.check(changed(recipe, "seed", 2**63))
    with pytest.raises(UsageError, match=r"train\.ranks must be at least 1, not 0"):
        config.check(changed(recipe, "train.ranks", 0))
