"""Every kind of adapter: what it trains, saves, loads again and merges into."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from korpu import bundle as bundles
from korpu.errors import SaysNo, UsageError
from korpu.nllb import loading
from train import adapter

KINDS = ("lora", "rslora", "dora", "oft")


@pytest.fixture
def wanted(recipe):
    return replace(recipe.adapter, dropout=0.0, block=8)


def built():
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    torch.manual_seed(3)
    sizes = {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    config = M2M100Config(vocab_size=60, d_model=16, encoder_layerdrop=0, decoder_layerdrop=0,
                          dropout=0, **sizes, **heads)  # fmt: skip
    return M2M100ForConditionalGeneration(config).eval()


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory):
    directory = tmp_path_factory.mktemp("model")
    built().save_pretrained(directory)
    return directory


def moved(adapted):
    """Other values in every trained tensor, as a training run leaves them."""
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return adapted.eval()


def logits(model):
    ids = torch.arange(4, 16).reshape(2, 6)
    with torch.inference_mode():
        return model(input_ids=ids, decoder_input_ids=ids.flip(1)).logits


@pytest.mark.parametrize("kind", KINDS)
def test_begins_as_the_base_reloads_exactly_and_merges(kind, wanted, saved_model, tmp_path):
    recipe = replace(wanted, kind=kind)
    plain = loading.load_model(saved_model)
    expected = logits(plain)
    adapted = adapter.attach(plain, recipe)
    torch.testing.assert_close(logits(adapted.eval()), expected, rtol=0, atol=2e-5)
    digest = adapter.embeddings_digest(adapted)

    moved(adapted)
    assert (logits(adapted) - expected).abs().max() > 1e-3
    assert adapter.embeddings_digest(adapted) == digest
    adapter.save(adapted, tmp_path / "adapter")
    again = loading.load_adapter(loading.load_model(saved_model), tmp_path / "adapter")
    assert torch.equal(logits(again), logits(adapted))
    stored = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    assert len(stored) == len(adapter.PARTS[kind]) * 16
    adapter.save(again, tmp_path / "again")
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        one, other = ((tmp_path / d / name).read_bytes() for d in ("adapter", "again"))
        assert one == other, name

    merged = again.merge_and_unload(safe_merge=True)
    loading.check_tied(merged, "merged")
    torch.testing.assert_close(logits(merged), logits(adapted), rtol=0, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_matrix_gets_a_gradient(kind, wanted):
    adapted = moved(adapter.attach(built(), replace(wanted, kind=kind))).train()
    ids = torch.arange(4, 16).reshape(2, 6)
    adapted(input_ids=ids, decoder_input_ids=ids.flip(1)).logits.pow(2).sum().backward()
    for name, parameter in adapted.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
        else:
            assert parameter.grad is None, name


def test_none_trains_everything_and_the_tables_stay_one_tensor(wanted):
    model = adapter.attach(built(), replace(wanted, kind="none", targets=[]))
    assert all(parameter.requires_grad for parameter in model.parameters())
    loading.check_tied(model, "full")


def test_a_released_adapter_is_the_beginning_of_the_next(wanted, saved_model, tmp_path):
    first = moved(adapter.attach(loading.load_model(saved_model), wanted))
    adapter.save(first, tmp_path / "bundle" / "adapter")
    for start in ("bundle", "bundle/adapter"):
        recipe = replace(wanted, start=str(tmp_path / start))
        second = adapter.attach(loading.load_model(saved_model), recipe).eval()
        assert torch.equal(logits(second), logits(first))
        assert any(parameter.requires_grad for parameter in second.parameters())


def test_an_adapter_that_does_not_fit_is_refused(wanted, saved_model, tmp_path):
    first = adapter.attach(loading.load_model(saved_model), wanted)
    adapter.save(first, tmp_path / "adapter")

    def refused(sentence, **changes):
        recipe = replace(wanted, **({"start": str(tmp_path / "adapter")} | changes))
        with pytest.raises(UsageError, match=sentence):
            adapter.attach(loading.load_model(saved_model), recipe)

    refused("holds no adapter", start=str(tmp_path / "none"))
    refused("not a dora of the same targets", kind="dora")
    refused("not a lora of the same targets", targets=["q_proj"])
    refused(r"adapter.r or the model differs", r=3)
    refused(rf"trained with lora_alpha={wanted.alpha}, not 99; set adapter.alpha", alpha=99)
    refused("trained with use_rslora=False, not True; set adapter as it was", kind="rslora")
    refused("adapter.kind=none has none", kind="none")
    refused("block=7 does not divide the 16 inputs", kind="oft", block=7, start=None)
    (tmp_path / "adapter" / "adapter_config.json").unlink()
    refused("has no readable adapter_config.json")


def test_an_adapter_of_another_base_of_the_same_shape_is_refused(wanted, saved_model, tmp_path):
    adapter.save(adapter.attach(loading.load_model(saved_model), wanted), tmp_path / "adapter")
    recipe = replace(wanted, start=str(tmp_path / "adapter"))
    other = loading.load_model(saved_model)
    with torch.no_grad():
        other.model.shared.weight[5] += 1  # a row, as another vocabulary has
    adapter.attach(other, recipe)
    other = loading.load_model(saved_model)
    with torch.no_grad():
        other.model.encoder.layers[0].self_attn.q_proj.weight[0, 0] += 1e-3
    with pytest.raises(UsageError, match="trained on another base than this model"):
        adapter.attach(other, recipe)


def test_a_released_adapter_is_begun_from_only_as_it_was_published(wanted, saved_model, tmp_path):
    first = moved(adapter.attach(loading.load_model(saved_model), wanted))
    adapter.save(first, tmp_path / "bundle" / "adapter")
    bundles.seal(tmp_path / "bundle", "news", "1.0.0", {})
    recipe = replace(wanted, start=str(tmp_path / "bundle"))
    again = adapter.attach(loading.load_model(saved_model), recipe)
    assert torch.equal(logits(again.eval()), logits(first))

    weights = tmp_path / "bundle" / "adapter" / "adapter_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    for start in (tmp_path / "bundle", tmp_path / "bundle" / "adapter"):
        with pytest.raises(SaysNo, match=r"adapter_model\.safetensors is not the file"):
            adapter.attach(loading.load_model(saved_model), replace(wanted, start=str(start)))
