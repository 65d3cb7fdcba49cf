"""Base and adapter through their stages, with the reload in a fresh process."""

import json
import os
import shutil
import signal
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

import train
from eval.load import base_of
from korpu.artifact import Artifact
from korpu.errors import SaysNo, Stopped, UsageError
from korpu.nllb import loading, tokens
from train import adapter as lora
from train import corpus, models, reload, stage


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Filled by the first test that runs the stages."""
    return {"base": tmp_path_factory.mktemp("base"), "train": tmp_path_factory.mktemp("train")}


@pytest.fixture
def base(recipe, prepared, made):
    torch.set_num_threads(1)
    if not (made["base"] / "model").exists():
        made["base result"] = train.run_base(recipe, prepared, made["base"])
    return {**prepared, "base": Artifact(made["base"], {"stage": "base"})}


@pytest.mark.usefixtures("base")
def test_a_base_is_a_genuine_nllb_model_that_reloads(made):
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    result = made["base result"]
    assert [file.path for file in result.files if file.counts] == ["model", "orthography.json"]
    assert result.stats["reload_sentences"] == 2 * (2 + 3)
    assert result.stats["characters_unknown"] == {}
    directory = made["base"] / "model"
    model = AutoModelForSeq2SeqLM.from_pretrained(directory)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    assert type(model).__name__ == "M2M100ForConditionalGeneration"
    assert model.config.encoder_layerdrop == model.config.decoder_layerdrop == 0
    stored = json.loads((directory / "generation_config.json").read_text())
    assert "forced_bos_token_id" not in stored
    assert model.config.vocab_size == len(tokenizer) == 220
    page = (made["base"] / "report.html").read_text("utf-8")
    assert page.count("<svg") == 4  # loss, scores, rate, speed


@pytest.mark.usefixtures("base")
def test_the_vocabulary_of_a_base_is_learned_from_its_own_rows_only(prepared, made):
    rows = corpus.read(prepared["prepare"].directory / "train.parquet")
    learned = " ".join(
        f"▁{word}"
        for row in rows
        if row["section"] == "hava"
        for word in f"{row['src']} {row['tgt']}".split()
    )
    other = " ".join(
        row[side] for row in rows if row["section"] != "hava" for side in ("src", "tgt")
    )
    vocabulary = tokens.load_tokenizer(made["base"] / "model").get_vocab()
    pieces = [
        piece for piece in vocabulary if len(piece) > 1 and "<" not in piece and "_" not in piece
    ]
    assert len(pieces) > 50
    assert "teatr" in other
    assert [piece for piece in pieces if piece not in learned] == []


def test_an_adapter_leaves_every_weight_of_its_base_alone(recipe, base, made):
    before = loading.fingerprint(made["base"] / "model")
    result = train.run_adapter(recipe, base, made["train"])
    assert [file.path for file in result.files if file.counts] == ["adapter", "orthography.json"]
    assert result.stats["examples_mixed_in"] > 0
    assert loading.fingerprint(made["base"] / "model") == before
    names = sorted(path.name for path in (made["train"] / "adapter").iterdir())
    assert names == ["adapter_config.json", "adapter_model.safetensors"]

    saved = load_file(made["train"] / "adapter" / "adapter_model.safetensors")
    assert all(name.endswith(("lora_A.weight", "lora_B.weight")) for name in saved)
    assert len(saved) == 2 * (6 + 10)  # six linears in the encoder layer, ten in the decoder's
    moved = [name for name, tensor in saved.items() if "lora_B" in name and tensor.abs().max() > 0]
    assert len(moved) == 16
    config = (made["train"] / "adapter" / "adapter_config.json").read_text()
    assert str(made["base"]) not in config

    plain = loading.load_model(made["base"] / "model")
    state = {name: tensor.clone() for name, tensor in plain.state_dict().items()}
    digest = lora.embeddings_digest(plain)
    adapted = loading.load_adapter(plain, made["train"] / "adapter")
    assert lora.embeddings_digest(adapted) == digest
    inside = {
        name.replace(".base_layer.", "."): tensor
        for name, tensor in adapted.get_base_model().state_dict().items()
    }
    for name, tensor in state.items():
        assert torch.equal(inside[name], tensor), name


@pytest.mark.parametrize("kind", ["dora", "oft"])
def test_another_kind_of_adapter_is_trained_saved_and_reloaded(recipe, base, tmp_path, kind):
    changed = replace(
        recipe,
        adapter=replace(recipe.adapter, kind=kind, block=8),
        train=replace(recipe.train, steps=3, validate_lines=2),
    )
    stats = train.run_adapter(changed, base, tmp_path).stats
    assert stats["reload_sentences"] == 2 * (2 + 2)
    assert 0 < stats["parameters_trained"] < stats["parameters"] / 2
    assert (stats["precision"], stats["ranks"], stats["micro_tokens"]) == ("float32", 1, None)
    saved = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    assert len(saved) == len(lora.PARTS[kind]) * 16
    assert json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())["peft_type"]


@pytest.mark.parametrize("what", ["weight", "file"])
@pytest.mark.usefixtures("base")
def test_a_save_that_is_not_the_trained_model_is_refused(made, recipe, tmp_path, what):
    directory = tmp_path / "model"
    shutil.copytree(made["base"] / "model", directory)
    model = loading.load_model(directory)
    tokenizer = tokens.load_tokenizer(directory)
    path = directory / "model.safetensors"
    if what == "weight":
        weights = load_file(path)
        weights["model.decoder.layers.0.fc2.weight"][0] += 0.05
        save_file(weights, path, metadata={"format": "pt"})
    else:
        path.write_bytes(path.read_bytes()[:-100])
    places = {"model": directory}
    sentences = {"azj_Latn-uzn_Latn": reload.FIXED["azj_Latn"]}
    expected = {"weight": "not the trained one .*apart", "file": "does not load in a fresh process"}
    with pytest.raises(SaysNo, match=expected[what]):
        reload.check(model, tokenizer, places, sentences, recipe.decode, 64)


@pytest.mark.parametrize(("when", "proofs"), [("end", 1), ("first", 2), ("every", 4)])
def test_states_are_proven_when_asked_and_training_does_not_notice(
    recipe, base, tmp_path, monkeypatch, when, proofs
):
    asked, real = [], reload.check

    def check(*words, **more):
        asked.append(words[2])
        # a process for the first, which differs from the others by its weights only
        return real(*words, **more) if when == "first" and len(asked) == 1 else 0

    def trained(when, out):
        out.mkdir()
        values = replace(recipe.train, steps=3, validate_lines=2, save_every=1, reload=when)
        train.run_adapter(replace(recipe, train=values), base, out)
        return (out / "adapter" / "adapter_model.safetensors").read_bytes()

    monkeypatch.setattr(reload, "check", check)
    weights = trained(when, tmp_path / "one")
    assert len(asked) == proofs
    assert asked[-1]["adapter"] == tmp_path / "one" / "adapter"
    assert all(place["adapter"] != asked[-1]["adapter"] for place in asked[:-1])
    assert weights == trained("end", tmp_path / "two")


@pytest.mark.parametrize("kind", ["lora", "none"])
def test_a_state_that_would_load_as_another_model_is_not_saved(
    recipe, base, tmp_path, monkeypatch, kind
):
    def refuse(*_, **__):
        raise SaysNo("the saved model is not the trained one")

    monkeypatch.setattr(reload, "check", refuse)
    values = replace(recipe.train, steps=3, validate_lines=2, save_every=1, reload="first")
    wanted = replace(recipe, train=values, adapter=replace(recipe.adapter, kind=kind))
    with pytest.raises(SaysNo, match="not the trained one"):
        train.run_adapter(wanted, base, tmp_path)
    assert not list((tmp_path / "state").glob("step-*"))
    assert not (tmp_path / "adapter").exists() and not (tmp_path / "model").exists()


def test_a_signal_is_not_kept_waiting_by_a_proof_nor_taken_for_its_answer(
    recipe, base, tmp_path, monkeypatch
):
    asked = []

    def check(*_, **__):  # a signal to all of a job's processes, the fresh one too
        asked.append(1)
        os.kill(os.getpid(), signal.SIGTERM)
        raise SaysNo("exit code -15")

    monkeypatch.setattr(reload, "check", check)
    values = replace(recipe.train, steps=9, validate_lines=2, save_every=1, reload="every")
    with pytest.raises(Stopped):
        train.run_adapter(replace(recipe, train=values), base, tmp_path)
    assert len(asked) == 1
    assert (tmp_path / "state" / "step-00000002").is_dir(), list((tmp_path / "state").iterdir())


def test_an_adapter_on_embeddings_or_on_nothing_is_refused(recipe, base):
    def refused(sentence, **changes):
        model = loading.load_model(base["base"].directory / "model")
        with pytest.raises(UsageError, match=sentence):
            lora.attach(model, replace(recipe.adapter, **changes))

    for target in ("embed_tokens", "lm_head", "shared", "model.shared"):
        refused("one tensor with the other embeddings", targets=["q_proj", target])
    refused("no linear 'wi'.*'fc1'", targets=["wi"])
    refused("at least 1", r=0)
    refused("must name a linear", targets=[])


def test_embeddings_that_changed_are_refused(recipe, base, tmp_path, monkeypatch):
    digests = iter(["before", "after"])
    monkeypatch.setattr(lora, "embeddings_digest", lambda _: next(digests))
    short = replace(recipe, train=replace(recipe.train, steps=1, validate_lines=0))
    with pytest.raises(SaysNo, match="changed the tied embeddings"):
        train.run_adapter(short, base, tmp_path)
    assert not (tmp_path / "adapter").exists()


def test_where_the_model_is(recipe, base, prepared):
    def place(inputs, **changes):
        return base_of(replace(recipe, model=replace(recipe.model, **changes)), inputs)

    assert place(base) == base["base"].directory / "model"
    assert str(place(prepared, weights="local", path="some/where")) == "some/where"
    with pytest.raises(UsageError, match=r"set model\.path or model\.hub_id"):
        place(prepared, weights="hub", hub_id=None)


def test_an_unknown_shape_or_device_is_refused(recipe):
    with pytest.raises(UsageError, match=r"not a multiple of model\.heads"):
        models.from_scratch(replace(recipe.model, heads=3), 100)
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="sees no GPU"):
            stage.prepare_torch(replace(recipe.runtime, device="cuda"))


def test_full_fine_tuning_leaves_a_model_that_evaluation_and_release_load(recipe, base, tmp_path):
    from eval.load import load_system
    from release import merge

    short = replace(recipe.train, steps=3, validate_every=3)
    whole = replace(recipe, adapter=replace(recipe.adapter, kind="none"), train=short)
    result = train.run_adapter(whole, base, tmp_path)
    assert [file.path for file in result.files if file.counts] == ["model", "orthography.json"]
    assert result.stats["parameters_trained"] == result.stats["parameters"]
    inputs = {**base, "train": Artifact(tmp_path, {"stage": "train"})}
    tuned, tokenizer = merge.evaluated(whole, inputs)
    plain = loading.load_model(base["base"].directory / "model")
    name = "model.decoder.layers.0.fc1.weight"
    assert not torch.equal(tuned.state_dict()[name], plain.state_dict()[name])
    assert merge.merge(tuned) is tuned
    merge.save(tuned, tokenizer, tmp_path / "hf", whole.decode)
    texts = ["Bakı şəhərində hava günəşlidir, 11 dərəcə."]
    translate = load_system("adapter", whole, inputs, "cpu")
    assert len(translate(texts, ("azj_Latn", "uzn_Latn"))) == 1
