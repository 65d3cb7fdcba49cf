"""FLOPs by arithmetic are those of the findings, and those that torch counts."""

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from train import adapter, flops, step
from train.corpus import Example
from train.ranks import Ranks

IDS = 1, 2
EXAMPLES = [
    Example(f"{n}", "azj_Latn-uzn_Latn", [4, *range(10, 10 + n), 2], [5, *range(20, 25 + n), 2])
    for n in (3, 9, 30, 20)
]


def model(d, layers, ffn, vocabulary, device="cpu"):
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    config = M2M100Config(
        vocab_size=vocabulary, d_model=d, encoder_layers=layers, decoder_layers=layers,
        encoder_ffn_dim=ffn, decoder_ffn_dim=ffn, encoder_attention_heads=2, dropout=0.0,
        decoder_attention_heads=2, encoder_layerdrop=0, decoder_layerdrop=0,
    )  # fmt: skip
    with torch.device(device):
        return M2M100ForConditionalGeneration._from_config(config, attn_implementation="eager")


def rank_16(recipe):
    return replace(recipe.adapter, r=16)


@pytest.mark.parametrize(
    ("name", "d", "layers", "ffn", "giga"),
    [
        ("600M", 1024, 12, 4096, 2.53),
        ("1.3B", 1024, 24, 8192, 5.65),
        ("3.3B", 2048, 24, 8192, 13.64),
    ],
)
def test_a_lora_step_costs_what_the_findings_say(recipe, name, d, layers, ffn, giga):
    """One source and one target token, rank 16 on the six linears, in rows of 34 tokens a side."""
    one = flops.shape_of(adapter.attach(model(d, 1, ffn, 256206, "meta"), rank_16(recipe)))
    sides = ("encoder", "decoder", "source", "target", "adapter_source", "adapter_target")
    shape = replace(one, **{side: layers * getattr(one, side) for side in sides})
    batch = flops.lengths([(34, 34)])
    assert flops.step(shape, batch) / 34 / 1e9 == pytest.approx(giga, abs=0.006), name
    whole = replace(shape, adapter_source=0, adapter_target=0, whole=True)
    assert flops.step(shape, batch) / flops.step(whole, batch) == pytest.approx(0.68, abs=0.012)


@pytest.mark.parametrize("kind", ["lora", "none"])
def test_torch_counts_the_same(recipe, kind):
    torch.manual_seed(1)
    d, batch = 32, flops.lengths([(len(e.source), len(e.target)) for e in EXAMPLES])
    found = adapter.attach(model(d, 2, 64, 200), replace(recipe.adapter, kind=kind, r=4)).train()
    shape = flops.shape_of(found)
    loss_of = step.objective(found, recipe.train, Ranks())
    with FlopCounterMode(display=False) as counter:
        for row in EXAMPLES:  # alone, a row has no padding
            step.backward(loss_of, [row], batch.t, Ranks(), IDS, None)
    counted = counter.get_total_flops()
    # torch leaves out gradients that nobody needs: those of the first layers' inputs to q, k, v
    unneeded = 0 if kind == "none" else 2 * 3 * d * d * (batch.s + batch.t)
    assert flops.step(shape, batch) - unneeded == pytest.approx(counted, rel=0.02)


def test_every_weight_is_counted_once():
    bare = model(32, 3, 64, 200)
    shape = flops.shape_of(bare)
    matrices = sum(p.numel() for n, p in bare.named_parameters() if p.ndim == 2)
    assert shape.source + shape.target + shape.head == matrices  # positions are computed
    assert shape.whole


def test_an_orthogonal_block_costs_what_it_multiplies(recipe):
    bare = flops.shape_of(model(32, 1, 64, 200))
    oft = adapter.attach(model(32, 1, 64, 200), replace(recipe.adapter, kind="oft", block=8))
    shape = flops.shape_of(oft)
    assert (shape.source, shape.target, shape.head) == (bare.source, bare.target, bare.head)
    inputs = 32 * 4 + 32 + 64  # q, k, v, out, fc1, fc2; the decoder's k and v read the source too
    assert (shape.adapter_source, shape.adapter_target) == (8 * (inputs + 64), 8 * (inputs + 64))
    assert not shape.whole


def test_a_cpus_peak_is_measured_once():
    found, how = flops.peak("cpu", "float32")
    assert 1e8 < found < 1e14
    assert "measured here" in how
    assert flops.peak("cpu", "float32") == (found, how)
