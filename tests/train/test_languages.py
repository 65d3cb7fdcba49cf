"""Three languages in one run: their tokens, their vocabulary, their share, and their scores."""

import itertools
from dataclasses import replace

import polars as pl
import pytest

import train
from korpu.artifact import Artifact
from korpu.errors import UsageError
from korpu.nllb import tokens
from tests.train.conftest import row
from train import corpus, reload, shares

CITIES = [("Baku", "Bakı"), ("Ganja", "Gəncə"), ("Tashkent", "Daşkənd"), ("Bukhara", "Buxara")]
ENGLISH, BACK = "eng_Latn-azj_Latn", "azj_Latn-eng_Latn"


def english(numbers):
    more = {"tgt_lang": "eng_Latn", "origin": "talks"}
    return [
        row(f"{az} şəhərində hava {t} dərəcədir.", f"It is {t} degrees in {en}.", None, **more)
        for (en, az), t in itertools.product(CITIES, numbers)
    ]


@pytest.fixture(scope="module")
def further(prepared, tmp_path_factory):
    """The corpus with a folder of pairs in English, as `prepare.pivots` keeps them."""
    directory = tmp_path_factory.mktemp("further")
    (directory / BACK).mkdir()
    for name, numbers in (("train", range(10, 14)), ("dev", (21,))):
        path = f"{name}.parquet"
        pl.read_parquet(prepared["prepare"].directory / path).write_parquet(directory / path)
        frame = pl.DataFrame(
            english(numbers), schema_overrides={"synthetic_side": pl.String, "section": pl.String}
        )
        frame.write_parquet(directory / BACK / path)
    return {"prepare": Artifact(directory, {"stage": "prepare"})}


@pytest.fixture
def three(recipe):
    """Base and adapter learn all there is, English as often as a temperature says."""
    every = replace(recipe.train.select, origin=[], section=[])
    names = [*recipe.train.directions, ENGLISH, BACK]
    run = {
        "directions": names,
        "select": every,
        "mix_share": 0.0,
        "temperature": 5.0,
        "steps": 2,
        "validate_every": 2,
        "validate_lines": 1,
    }
    return replace(
        recipe,
        model=replace(recipe.model, vocabulary_size=260),
        base=replace(recipe.base, **run),
        train=replace(recipe.train, **run, weights={"talks": 2.0}),
    )


def test_base_and_adapter_learn_and_are_scored_in_every_direction(
    three, further, tmp_path, monkeypatch
):
    monkeypatch.setattr(reload, "check", lambda *_: 0)
    (tmp_path / "base").mkdir()
    (tmp_path / "train").mkdir()
    made = train.run_base(three, further, tmp_path / "base")
    tokenizer = tokens.load_tokenizer(tmp_path / "base" / "model")
    tokens.check_languages(tokenizer, ["azj_Latn", "uzn_Latn", "eng_Latn"])
    assert set(made.stats["dev_chrf_pp"]) == set(three.base.directions)
    assert made.stats["dev"] == dict.fromkeys(three.base.directions, 1)
    assert made.stats["examples"] == 2 * 144 + 2 * 16
    mixture = {(part["direction"], part["origin"]): part for part in made.stats["mixture"]}
    assert mixture[ENGLISH, "talks"]["examples"] == 16
    flat = [288**0.2, 32**0.2]
    often = 320 * flat[1] / sum(flat) / 32
    assert mixture[BACK, "talks"]["times"] == pytest.approx(often, abs=1e-3)

    inputs = {**further, "base": Artifact(tmp_path / "base", {"stage": "base"})}
    adapted = train.run_adapter(three, inputs, tmp_path / "train")
    assert set(adapted.stats["dev_chrf_pp"]) == set(three.train.directions)
    more = {part["origin"]: part["times"] for part in adapted.stats["mixture"]}
    assert more["talks"] == pytest.approx(2 * often, abs=1e-3)  # its weight


def test_every_example_has_the_codes_of_its_direction(three, further, tmp_path):
    rows = corpus.of(further["prepare"], "train", three.train.directions)
    texts = [r[side] for r in rows for side in ("src", "tgt")]
    tokenizer = tokens.train_tokenizer(texts, 260, ["azj_Latn", "uzn_Latn", "eng_Latn"], tmp_path)
    found, _ = corpus.examples(rows, three.train.directions, tokenizer, 100)
    for example in found:
        codes = [tokens.code_id(tokenizer, code) for code in example.direction.split("-")]
        assert [example.source[0], example.target[0]] == codes
    assert {example.direction for example in found} == set(three.train.directions)


def test_a_corpus_without_the_language_names_what_it_has(three, prepared):
    rows = corpus.of(prepared["prepare"], "train", three.train.directions)
    with pytest.raises(UsageError, match=r"eng_Latn-azj_Latn; it has azj_Latn-uzn_Latn"):
        corpus.examples(rows, [ENGLISH], None, 100)


def test_the_table_of_shares(three, further):
    rows = corpus.of(further["prepare"], "train", three.train.directions)
    one, five, plain = (
        [line.split() for line in shares.lines(rows, run)]
        for run in (
            replace(three.train, temperature=1.0),
            three.train,
            replace(three.train, weights={}),
        )
    )
    assert one[2] == ["azj_Latn-uzn_Latn", "news", "144", "1.000", "144", "40.9%"]
    assert one[4] == [ENGLISH, "talks", "16", "2.000", "32", "9.1%"]
    assert float(five[4][3]) == pytest.approx(2 * float(plain[4][3]), abs=2e-3)
    assert sum(float(line[4]) for line in plain[2:]) == pytest.approx(2 * 144 + 2 * 16, abs=2)
