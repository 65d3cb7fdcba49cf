"""A base whose linear layers are kept in 8 or 4 bits while an adapter is trained on it.

Through bitsandbytes, where CUDA is. Embeddings and output layer are one tensor and stay in float32,
as do the norms: peft's own preparation for such a base would cast and unfreeze some of them, so it
is not used; what a frozen quantised base needs beyond that (a gradient that reaches the first
adapter under checkpointing) the loop does without, as its checkpoints are not reentrant.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from korpu.errors import UsageError

KINDS = ("none", "8bit", "4bit")
KEPT = ["lm_head", "shared", "embed_tokens"]


def arguments(kind: str, device: str) -> dict[str, Any]:
    """What ``from_pretrained`` is told for a base of this kind; nothing for ``none``.

    Raises ``UsageError`` without CUDA or bitsandbytes.
    """
    if kind == "none":
        return {}
    if not device.startswith("cuda"):
        raise UsageError(
            f"adapter.quantize={kind} is for CUDA and this run is on the {device}; set "
            "adapter.quantize=none"
        )
    if importlib.util.find_spec("bitsandbytes") is None:
        raise UsageError(
            f"adapter.quantize={kind} needs bitsandbytes, which is not installed; install it with "
            "`pip install bitsandbytes` or set adapter.quantize=none"
        )
    return {"quantization_config": config(kind), "device_map": {"": device}}


def config(kind: str) -> Any:
    """transformers' description of the kind (``8bit``: LLM.int8; ``4bit``: NF4, as in QLoRA)."""
    import torch
    from transformers import BitsAndBytesConfig

    if kind == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=KEPT)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=KEPT,
    )
