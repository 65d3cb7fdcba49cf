"""Bases that nothing is learned in: a model cut to a vocabulary, and one of random weights."""

from dataclasses import replace

import polars as pl
import pytest
import torch

import train
from eval.decoding import translate
from eval.load import base_of, load_system, tokenizer_of
from korpu import stages
from korpu.artifact import File, Result, commit
from korpu.errors import SaysNo, UsageError
from korpu.nllb import loading, orthography, survival, tokens, trimming
from korpu.nllb.pieces import ALPHABET, train_pieces
from tests.train.conftest import row, rows
from train import models

CODES = ["eng_Latn", "azj_Latn", "rus_Cyrl", "uzn_Latn"]
AZ_UZ, UZ_AZ = ("azj_Latn", "uzn_Latn"), ("uzn_Latn", "azj_Latn")
ELSE = [
    "The ministry said that 1,250 people had taken part in the event in the capital of Scotland.",
    "Министерство сообщило, что в мероприятии приняли участие 1250 человек из разных городов.",
]
UZBEK = ["Toʻyda gʻisht koʻrgazmasi: {n} maʼruza…", "Oʻgʻil bola {n} marta sanʼat haqida yozdi."]
AZERI = ["Toyda kərpic sərgisi: {n} məruzə…", "Oğlan {n} dəfə sənət haqqında yazıb."]


def pairs(numbers):
    own = [
        row(az.format(n=n), uz.format(n=n), "medeniyyet")
        for az, uz in zip(AZERI, UZBEK, strict=True)
        for n in numbers
    ]
    return own + rows(numbers)


@pytest.fixture(scope="session")
def spelled(tmp_path_factory):
    """A corpus with oʻ, gʻ, tutuq belgisi and an ellipsis, as the stage `prepare` leaves it."""
    directory = tmp_path_factory.mktemp("prepare")
    for name, numbers in (("train", range(10, 16)), ("dev", (12, 22)), ("test", (31,))):
        frame = pl.DataFrame(
            [{**pair, "document": None} for pair in pairs(numbers)],
            schema_overrides={"synthetic_side": pl.String, "document": pl.String},
        )
        frame.write_parquet(directory / f"{name}.parquet")
    files = tuple(File(f"{name}.parquet") for name in ("train", "dev", "test"))
    return {"prepare": made("prepare", directory, Result(files))}


def made(stage, directory, result):
    return commit(
        directory, stage=stage, key=stage * 8, config={}, inputs=[], result=result, started=0.0
    )


@pytest.fixture(scope="session")
def full(tmp_path_factory, spelled):
    """A model of four languages whose vocabulary has no ʻ, as a stranger would have saved it."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    table = pl.read_parquet(spelled["prepare"].directory / "train.parquet")
    texts = [*table["src"], *table["tgt"], *ELSE]
    pieces = train_pieces(
        [text.replace("ʻ", "‘") for text in texts], 420, alphabet=ALPHABET.replace("ʻ", "")
    )
    tokenizer = tokens.build_tokenizer(pieces, CODES)
    torch.manual_seed(2)
    config = M2M100Config(
        vocab_size=len(tokenizer) + 2,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        max_position_embeddings=256,
        init_std=0.5,
        dropout=0.0,
    )
    directory = tmp_path_factory.mktemp("full")
    M2M100ForConditionalGeneration(config).save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


@pytest.fixture
def az_uz(recipe, full):
    model = replace(
        recipe.model, weights="local", path=str(full), vocabulary="az_uz", max_length=128
    )
    run = replace(recipe.train, steps=4, validate_every=4, validate_lines=4)
    return replace(recipe, model=model, train=replace(run, select=recipe.base.select, mix_share=0))


@pytest.fixture
def cut(az_uz, spelled, tmp_path):
    directory = tmp_path / "base"
    directory.mkdir()
    return {**spelled, "base": made("base", directory, train.run_base(az_uz, spelled, directory))}


def test_the_base_stage_is_of_models_that_are_made_here(recipe):
    def applies(**changes):
        return stages.applies("base", replace(recipe, model=replace(recipe.model, **changes)))

    assert applies(weights="scratch") and applies(weights="random")
    assert applies(weights="hub", vocabulary="az_uz") and applies(
        weights="local", vocabulary="az_uz"
    )
    assert not applies(weights="hub") and not applies(weights="local")


def test_a_cut_model_gives_what_the_whole_one_gives_inside_its_vocabulary(
    az_uz, spelled, full, cut
):
    whole = loading.load_model(full)
    tokenizer = survival.settled(tokens.load_tokenizer(full), "auto")
    where = base_of(az_uz, cut)
    small, own = loading.load_model(where), tokenizer_of(az_uz, cut, where)
    mapping = trimming.load_map(cut["base"].file("vocabulary.json"))
    stats = cut["base"].stats["vocabulary"]
    assert stats["map_sha256"] == mapping.sha256
    assert (stats["rows_before"], stats["rows"]) == (len(tokenizer) + 2, len(mapping.kept))
    assert stats["rows"] == small.config.vocab_size < stats["rows_before"] - 40
    fewer = stats["parameters_before"] - stats["parameters"]
    assert fewer == 16 * (stats["rows_before"] - stats["rows"])
    assert stats["proof"]["encoder_difference"] == 0
    assert stats["dev"]["uzn_Latn"]["texts"] == 4 + 2 * 24

    dev = pl.read_parquet(spelled["prepare"].directory / "dev.parquet")
    inside = 0
    gone = set(range(mapping.old_size)) - set(mapping.kept)
    whole.generation_config.suppress_tokens = sorted(gone)
    for (source, target), texts in ((AZ_UZ, dev["src"]), (UZ_AZ, dev["tgt"])):
        for text in texts:
            before, after = (tokens.encode(t, [text], source)[0] for t in (tokenizer, own))
            if mapping.to_new(before) is None:
                continue
            inside += 1
            assert mapping.to_old(after) == before
            code = tokens.code_id(own, target)
            fed = torch.tensor([[2, code]])
            with torch.inference_mode():
                one = whole(
                    input_ids=torch.tensor([before]),
                    decoder_input_ids=torch.tensor([[2, mapping.kept[code]]]),
                ).logits[..., list(mapping.kept)]
                two = small(input_ids=torch.tensor([after]), decoder_input_ids=fed).logits
            assert torch.allclose(one, two, rtol=0, atol=1e-5 * float(one.abs().max()))
    assert inside > 20


def test_validation_scores_are_those_of_the_whole_model_with_the_same_tokens(az_uz, full, cut):
    """Greedy translations, through the evaluator's decoder, of the text that validation reads."""
    mapping = trimming.load_map(cut["base"].file("vocabulary.json"))
    whole, small = loading.load_model(full), loading.load_model(base_of(az_uz, cut))
    tokenizer = survival.settled(tokens.load_tokenizer(full), "auto")
    own = tokenizer_of(az_uz, cut, base_of(az_uz, cut))
    gone = sorted(set(range(mapping.old_size)) - set(mapping.kept))
    bias = torch.zeros(mapping.old_size)
    bias[gone] = -1e9  # the rows that went, out of the argmax
    whole.lm_head.register_forward_hook(lambda _m, _i, logits: logits + bias)
    texts = [text.format(n=n) for text in UZBEK for n in range(10, 16)]
    found = [
        translate(model, written, texts, UZ_AZ, az_uz.decode, 128)
        for model, written in ((whole, tokenizer), (small, own))
    ]
    assert found[0] == found[1]
    assert len(set(found[0])) > 3


def test_train_and_evaluation_take_the_cut_model(az_uz, cut, tmp_path):
    """End to end, with a vocabulary that has no ʻ: it is read and written all the same."""
    out = tmp_path / "train"
    out.mkdir()
    result = train.run_adapter(az_uz, cut, out)
    assert [file.path for file in result.files if file.counts] == ["adapter", "orthography.json"]
    assert result.stats["characters_unknown"] == {}
    own = orthography.from_json((out / "orthography.json").read_text("utf-8"))
    assert own.marks["uzn_Latn"]["after_o_g"]["ʻ"] == "‘"
    inputs = {**cut, "train": made("train", out, result)}
    for system in ("base", "adapter"):
        translations = load_system(system, az_uz, inputs, "cpu")(["Oğlan 12 dəfə."], AZ_UZ)
        assert len(translations) == 1
    where = base_of(az_uz, inputs)
    tokenizer = tokenizer_of(az_uz, inputs, where)
    assert tokenizer.orthography == own
    uzbek = [text.format(n=11) for text in UZBEK]
    ids = tokens.encode(tokenizer, uzbek, "uzn_Latn")
    assert not any(tokenizer.unk_token_id in row for row in ids)
    assert tokens.decode(tokenizer, ids, "uzn_Latn") == uzbek
    (out / "orthography.json").unlink()
    with pytest.raises(SaysNo, match=r"orthography\.json is listed in the manifest but missing"):
        tokenizer_of(az_uz, inputs, where)


def test_without_an_orthography_the_missing_marks_are_unknown_and_said(full):
    texts = [text.format(n=5) for text in UZBEK]
    tokenizer = survival.settled(tokens.load_tokenizer(full), "none")
    assert tokens.unknown(tokenizer, texts) == {"ʻ": 5}
    assert survival.lost(tokenizer, texts) == {"ʻ": 5, "…": 1}
    assert survival.lost(survival.settled(tokens.load_tokenizer(full), "auto"), texts) == {}


def test_a_pivot_s_tokens_stay_and_others_are_refused(az_uz, spelled, tmp_path):
    with_english = replace(az_uz, model=replace(az_uz.model, pivots=["eng_Latn"]))
    out = tmp_path / "base"
    out.mkdir()
    base = made("base", out, train.run_base(with_english, spelled, out))
    found = tokens.load_tokenizer(base.file("model"))
    tokens.check_languages(found, ["eng_Latn"])
    inputs = {**spelled, "base": base}
    ways = replace(az_uz.train, directions=["azj_Latn-rus_Cyrl"])
    with pytest.raises(UsageError, match="no language code 'rus_Cyrl'"):
        train.run_adapter(replace(az_uz, train=ways), inputs, tmp_path / "train")


def test_a_vocabulary_without_a_text_inside_proves_nothing(az_uz, spelled, tmp_path):
    strict = replace(az_uz, model=replace(az_uz.model, vocabulary_least=100_000))
    with pytest.raises(SaysNo, match=r"inside the kept vocabulary; lower model\.vocabulary_least"):
        train.run_base(strict, spelled, tmp_path)


@pytest.mark.parametrize("vocabulary", ["full", "az_uz"])
def test_random_weights_of_the_recipe_s_shape(recipe, spelled, tmp_path, vocabulary):
    model = replace(
        recipe.model, weights="random", vocabulary=vocabulary, vocabulary_size=5000, d_model=16
    )
    drawn = replace(recipe, model=model)
    result = train.run_base(drawn, spelled, tmp_path)
    found, tokenizer = (
        loading.load_model(tmp_path / "model"),
        tokens.load_tokenizer(tmp_path / "model"),
    )
    size = 5000 if vocabulary == "full" else len(tokenizer)
    assert found.config.vocab_size == result.stats["rows"] == size
    assert 300 < len(tokenizer) == result.stats["tokens"] < 5000
    inputs = {**spelled, "base": made("base", tmp_path, result)}
    out = translate(found, tokenizer_of(drawn, inputs, tmp_path / "model"), ["Bakı"], AZ_UZ,
                    recipe.decode, 64)  # fmt: skip
    assert len(out) == 1


@pytest.mark.parametrize(
    ("name", "parameters", "touched"),
    [  # NLLB's published sizes; what a LoRA step multiplies with, per source and target token
        ("nllb_600m", 615_073_792, 2.53e9),
        ("nllb_1_3b", 1_370_638_336, 5.65e9),
        ("nllb_3_3b", 3_344_863_232, 13.64e9),
    ],
)
def test_the_models_have_nllb_s_shapes(name, parameters, touched):
    from hydra import compose, initialize_config_dir
    from transformers import M2M100ForConditionalGeneration

    from korpu import config

    config.register()
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        recipe = config.recipe_of(compose("train", overrides=[f"model={name}"]))
    with torch.device("meta"):
        model = M2M100ForConditionalGeneration(models.settings(recipe.model, 256_206))
    assert sum(p.numel() for p in model.parameters()) == parameters
    # forward and backward of every weight but the norms' and the gradients of the weights
    assert 0.94 < 4 * parameters / touched < 1
    assert recipe.train.warmup == 1000 and 2e-4 <= recipe.train.lr <= 3e-4
    assert recipe.model.licence == "CC-BY-NC-4.0"


def test_the_distilled_model_has_the_shape_of_the_other():
    from hydra import compose, initialize_config_dir

    from korpu import config

    config.register()
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        found = [
            config.recipe_of(compose("train", overrides=[f"model={name}"])).model
            for name in ("nllb_1_3b", "nllb_1_3b_distilled")
        ]
    assert found[1].hub_id == "facebook/nllb-200-distilled-1.3B"
    assert replace(found[0], name=found[1].name, hub_id=found[1].hub_id) == found[1]


def test_a_scratch_model_cannot_be_cut(recipe):
    from korpu import config

    with pytest.raises(UsageError, match="learns a vocabulary of its own"):
        config.check(replace(recipe, model=replace(recipe.model, vocabulary="az_uz")))


def test_a_quantised_base_is_only_below_an_adapter(recipe, spelled, tmp_path):
    whole = replace(recipe, adapter=replace(recipe.adapter, kind="none", quantize="4bit"))
    with pytest.raises(UsageError, match=r"set adapter\.quantize=none"):
        train.run_adapter(whole, spelled, tmp_path)
