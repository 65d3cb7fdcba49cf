"""A site whose terms nobody has checked is named before it is fetched."""

import dataclasses

from hydra import compose, initialize_config_dir

from data_prep.collect import checks
from korpu import config


def test_unchecked_terms_are_said_and_checked_ones_are_not(capsys):
    config.register()
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        recipe = config.recipe_of(compose("collect", overrides=["evaluate.slices=null"]))
    checks.sources(recipe)
    assert "terms" not in capsys.readouterr().err
    name, site = next(iter(recipe.source.site.items()))
    sites = {**recipe.source.site, name: dataclasses.replace(site, terms_checked=False)}
    source = dataclasses.replace(recipe.source, site=sites)
    checks.sources(dataclasses.replace(recipe, source=source))
    said = capsys.readouterr().err
    assert said.count("nobody has checked") == 1
    assert name in said
