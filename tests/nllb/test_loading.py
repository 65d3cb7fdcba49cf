"""Loading: what the library passes over in silence is refused; an adapter fits or is refused."""

import json
import shutil

import pytest

from korpu.errors import UsageError
from korpu.nllb import loading


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    torch.set_num_threads(1)
    torch.manual_seed(1)
    directory = tmp_path_factory.mktemp("model")
    config = M2M100Config(
        vocab_size=60,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        max_position_embeddings=64,
    )
    M2M100ForConditionalGeneration(config).save_pretrained(directory)
    return directory


@pytest.fixture
def copy(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "model")
    return tmp_path / "model"


def edit(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_model_loads_ready_for_both_directions(copy):
    edit(copy / "config.json", decoder_layerdrop=0.05, encoder_layerdrop=0.05)
    edit(copy / "generation_config.json", forced_bos_token_id=7)
    model = loading.load_model(copy)
    assert not model.training
    assert model.model.encoder.layerdrop == model.model.decoder.layerdrop == 0
    assert model.generation_config.forced_bos_token_id is None
    assert getattr(model.config, "forced_bos_token_id", None) is None


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda d: (d / "config.json").unlink(), r"no config\.json"),
        (lambda d: (d / "config.json").write_text("{"), "is not JSON"),
        (lambda d: edit(d / "config.json", model_type="bart"), "of kind 'bart'"),
        (lambda d: (d / "model.safetensors").unlink(), "has no checkpoint"),
        (lambda d: (d / "model.safetensors").write_bytes(b"x" * 99), "no model can be loaded"),
        (lambda d: edit(d / "config.json", encoder_layers=2), "weights are missing"),
        (lambda d: edit(d / "config.json", tie_word_embeddings=False), "missing|not tied"),
        (shutil.rmtree, "there is no model directory"),
    ],
)
def test_a_directory_that_is_no_model_is_refused(copy, spoil, sentence):
    spoil(copy)
    with pytest.raises(UsageError, match=sentence):
        loading.load_model(copy)


def adapter_of(model, directory):
    from korpu.schema import Adapter
    from train import adapter

    recipe = Adapter(
        kind="lora",
        r=2,
        alpha=4,
        block=8,
        dropout=0.0,
        targets=["q_proj", "fc1"],
        start=None,
        quantize="none",
    )
    adapter.save(adapter.attach(model, recipe), directory)
    return directory


def test_an_adapter_loads_or_is_refused(saved, tmp_path):
    made = adapter_of(loading.load_model(saved), tmp_path / "adapter")
    adapted = loading.load_adapter(loading.load_model(saved), made)
    assert not adapted.training
    assert sum("lora_A" in name for name, _ in adapted.named_parameters()) == 3 + 2

    def refused(sentence):
        with pytest.raises(UsageError, match=sentence):
            loading.load_adapter(loading.load_model(saved), made)

    edit(made / "adapter_config.json", target_modules=["q_proj", "fc2"])
    refused("is in the adapter or in the model, but not in both")
    edit(made / "adapter_config.json", target_modules=["q_proj", "lm_head"])
    refused("one tensor with the other embeddings")
    edit(made / "adapter_config.json", target_modules=["q_proj"], modules_to_save=["embed_tokens"])
    refused("one tensor with the other embeddings")
    edit(made / "adapter_config.json", target_modules=["q_proj", "fc1"], modules_to_save=None, r=3)
    refused("does not fit")
    (made / "adapter_model.safetensors").unlink()
    refused(r"has no adapter_model\.safetensors")


def test_a_fingerprint_follows_the_content(saved, copy):
    assert loading.fingerprint(saved) == loading.fingerprint(copy)
    edit(copy / "config.json", dropout=0.3)
    assert loading.fingerprint(saved) != loading.fingerprint(copy)
