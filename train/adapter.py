"""LoRA on attention and feed-forward, through peft; the tied embeddings are never touched."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

from korpu import schema
from korpu.artifact import write_atomically
from korpu.errors import SaysNo, UsageError
from korpu.nllb.loading import TABLES, check_tied, refuse_embeddings


def attach(model: Any, recipe: schema.Adapter) -> Any:
    """The model with a new LoRA adapter (a ``PeftModel``); only the adapter is trainable.

    The adapter's first values come from torch's generator: seed it before. Raises ``UsageError``
    for a target that is an embedding or that the model does not have.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    refuse_embeddings(recipe.targets, "adapter.targets")
    linears = {
        name.rpartition(".")[2]
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name != "lm_head"
    }
    for target in recipe.targets:
        if target not in linears:
            raise UsageError(
                f"adapter.targets: the model has no linear {target!r}; it has {sorted(linears)}"
            )
    if not recipe.targets or recipe.r < 1:
        raise UsageError("adapter.targets must name a linear and adapter.r must be at least 1")
    config = LoraConfig(
        r=recipe.r,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.targets),
        bias="none",
        base_model_name_or_path=None,
    )
    with warnings.catch_warnings():  # peft reads a name the library has deprecated
        warnings.simplefilter("ignore", FutureWarning)
        adapted = get_peft_model(model, config)
    for name, parameter in adapted.named_parameters():
        assert parameter.requires_grad == (".lora_" in name), name
    return adapted


def embeddings_digest(model: Any) -> str:
    """The sha256 of the embedding tables' bytes; raises ``UsageError`` where they are not tied."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    check_tied(base, "the model")
    table = base.get_submodule(TABLES[0]).weight.detach().cpu().contiguous()
    return hashlib.sha256(table.numpy().tobytes()).hexdigest()


def save(adapted: Any, directory: Path) -> None:
    """Write peft's layout: ``adapter_model.safetensors`` and ``adapter_config.json``.

    Not by ``save_pretrained``, which records the path of the base and sets in any order, so that
    the same adapter would not give the same bytes.
    """
    from peft import get_peft_model_state_dict
    from safetensors.torch import save as serialised

    state = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    for name in state:
        if not name.endswith((".lora_A.weight", ".lora_B.weight")):
            raise SaysNo(f"the adapter would save {name}, which is not a LoRA matrix")
    directory.mkdir(parents=True, exist_ok=True)
    matrices = {name: state[name].detach().cpu().contiguous() for name in sorted(state)}
    (directory / "adapter_model.safetensors").write_bytes(
        serialised(matrices, metadata={"format": "pt"})
    )
    config = adapted.peft_config["default"].to_dict()
    config.update(inference_mode=True, base_model_name_or_path=None)
    plain = {
        name: sorted(value) if isinstance(value, set) else value for name, value in config.items()
    }
    text = json.dumps(plain, sort_keys=True, indent=2, default=str)
    write_atomically(directory / "adapter_config.json", text + "\n")
