"""A small corpus, a smaller model, and the recipe they are trained by."""

import itertools
from dataclasses import replace
from hashlib import sha256

import polars as pl
import pytest

from korpu.artifact import Artifact

CITIES = [("Bakı", "Boku"), ("Gəncə", "Ganja"), ("Daşkənd", "Toshkent"), ("Buxara", "Buxoro")]
SKIES = [("günəşli", "quyoshli"), ("buludlu", "bulutli"), ("dumanlı", "tumanli")]
TEMPLATES = {
    "hava": (
        "{city[0]} şəhərində hava {sky[0]}dır, {t} dərəcə.",
        "{city[1]} shahrida havo {sky[1]}, {t} daraja.",
    ),
    "medeniyyet": (
        "{city[0]} teatrında {t} tamaşa var: «{sky[0]} gün».",
        "{city[1]} teatrida {t} spektakl bor: «{sky[1]} kun».",
    ),
}


def row(src, tgt, section, **more):
    return {
        "id": sha256(f"{src}{tgt}".encode()).hexdigest()[:16],
        "src_lang": "azj_Latn",
        "tgt_lang": "uzn_Latn",
        "src": src,
        "tgt": tgt,
        "origin": "news",
        "section": section,
        "synthetic_side": None,
        **more,
    }


def rows(numbers):
    return [
        row(*(side.format(city=city, sky=sky, t=t) for side in sides), section)
        for section, sides in TEMPLATES.items()
        for city, sky, t in itertools.product(CITIES, SKIES, numbers)
    ]


@pytest.fixture(autouse=True)
def one_thread():
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    directory = tmp_path_factory.mktemp("prepare")
    for name, numbers in (("train", range(10, 16)), ("dev", (21, 22))):
        frame = pl.DataFrame(rows(numbers), schema_overrides={"synthetic_side": pl.String})
        frame.write_parquet(directory / f"{name}.parquet")
    return {"prepare": Artifact(directory, {"stage": "prepare"})}


@pytest.fixture(scope="session")
def composed():
    from hydra import compose, initialize_config_dir

    from korpu import config

    config.register()
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        return config.recipe_of(
            compose("train", overrides=["base.select.section=[hava]", "train.mix.section=[hava]"])
        )


@pytest.fixture
def recipe(composed):
    """The demo's recipe on a model that takes milliseconds a step, with dropout in it."""
    run = {
        "steps": 12,
        "warmup": 3,
        "target_tokens": 200,
        "validate_every": 5,
        "validate_lines": 3,
        "save_every": 4,
        "label_smoothing": 0.1,
        "patience": 0,
        "keep": 1,
    }
    return replace(
        composed,
        model=replace(
            composed.model,
            d_model=16,
            layers=1,
            heads=2,
            ffn=24,
            vocabulary_size=220,
            dropout=0.1,
        ),
        adapter=replace(composed.adapter, r=2, alpha=4, dropout=0.1),
        base=replace(composed.base, **run),
        train=replace(
            composed.train,
            **run,
            select=replace(composed.train.select, section=["medeniyyet"]),
        ),
        decode=replace(composed.decode, max_new_tokens=12),
        runtime=replace(composed.runtime, threads=1, device="cpu"),
    )
