"""A base in 8 or 4 bits below an adapter, on the CPU kernels of bitsandbytes where it is there."""

from dataclasses import replace

import pytest
import torch

from korpu.errors import UsageError
from korpu.nllb import loading, quantized
from korpu.schema import Adapter
from train import adapter as adapters

LORA = Adapter("lora", 2, 4, 8, 0.0, ["q_proj", "k_proj", "fc1", "fc2"], None, "none")


def test_it_is_refused_where_it_cannot_work(monkeypatch):
    assert quantized.arguments("none", "cpu") == {}
    with pytest.raises(UsageError, match=r"adapter\.quantize=4bit is for CUDA"):
        quantized.arguments("4bit", "cpu")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"needs bitsandbytes.*pip install bitsandbytes"):
        quantized.arguments("8bit", "cuda:0")


@pytest.mark.parametrize("quantize", ["8bit", "4bit"])
@pytest.mark.parametrize("kind", ["lora", "dora", "oft"])
def test_only_the_adapter_learns_and_the_table_stays_as_it_was(whole, monkeypatch, quantize, kind):
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed")
    plain = adapters.embeddings_digest(loading.load_model(whole))

    def on_the_cpu(kind, device):
        return {"quantization_config": quantized.config(kind), "device_map": {"": device}}

    monkeypatch.setattr(quantized, "arguments", on_the_cpu)
    model = loading.load_model(whole, "cpu", quantize)
    kinds = {type(module).__name__ for _, module in model.named_modules()}
    assert {"8bit": "Linear8bitLt", "4bit": "Linear4bit"}[quantize] in kinds
    assert type(model.lm_head) is torch.nn.Linear
    assert model.lm_head.weight.dtype == torch.float32
    adapted = adapters.attach(model, replace(LORA, kind=kind))
    ids = torch.tensor([[5, 6, 7, 2]])
    adapted(input_ids=ids, decoder_input_ids=ids).logits.float().logsumexp(-1).sum().backward()
    learned = [name for name, p in adapted.named_parameters() if p.grad is not None]
    assert learned
    assert all(any(part in name for part in adapters.PARTS[kind]) for name in learned)
    assert adapters.embeddings_digest(adapted) == plain
