"""FLOPs of a training step by arithmetic, and what the device could do in its time: MFU.

One multiply-accumulate is two FLOPs. Forward through N weights costs 2·N a token, and so does the
gradient of their input; the gradient of the weights, another 2·N, is only there where they learn.
So a frozen weight costs 4 and a trained one 6 a token: an adapter costs about .68 of full
fine-tuning. Counted is what the model needs: tokens without padding, the head at targets alone,
attention over whole rows (masked halves too, as PaLM's MFU has it), and nothing for norms, for
activations computed twice, or for what DoRA and OFT do once a step. The first layers' query, key
and value projections, whose inputs need no gradient below an adapter, count as all others (half a
percent at 600M).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

ACHIEVABLE = {
    "H100": 790e12,  # dense bf16 that large matrix products reach on the SXM cards; 989 nominal
    "H200": 790e12,  # the same chip
    "A100": 312e12,  # from here on NVIDIA's data sheets, dense bf16
    "L40S": 362e12,
    "L4": 121e12,
}
"""FLOPs/s of one device in bf16, by a word of its name."""


@dataclass(frozen=True)
class Shape:
    """What a step's FLOPs depend on.

    ``source`` and ``target`` are weights a token of that side passes through, ``adapter_source``
    and ``adapter_target`` those of the adapter (multiply-accumulates, for OFT), ``head`` is
    vocabulary × d. ``whole``: all weights learn.
    """

    d: int
    encoder: int  # layers
    decoder: int
    source: int
    target: int
    head: int
    adapter_source: int = 0
    adapter_target: int = 0
    whole: bool = False


@dataclass(frozen=True)
class Lengths:
    """Sums over a batch's rows of their source (s) and target (t) lengths in tokens."""

    s: int
    t: int
    ss: int
    tt: int
    st: int


def lengths(pairs: Iterable[tuple[int, int]]) -> Lengths:
    """The sums of (source, target) lengths."""
    rows = list(pairs)
    return Lengths(
        s=sum(s for s, _ in rows),
        t=sum(t for _, t in rows),
        ss=sum(s * s for s, _ in rows),
        tt=sum(t * t for _, t in rows),
        st=sum(s * t for s, t in rows),
    )


def step(shape: Shape, batch: Lengths) -> int:
    """FLOPs of forward and backward over a batch."""
    weights = shape.source * batch.s + shape.target * batch.t + shape.head * batch.t
    adapter = shape.adapter_source * batch.s + shape.adapter_target * batch.t
    scores = shape.encoder * batch.ss + shape.decoder * (batch.tt + batch.st)
    attention = 2 * shape.d * scores  # queries by keys, and weights by values; no weights learn
    return (6 if shape.whole else 4) * weights + 6 * adapter + 6 * attention


def shape_of(model: Any) -> Shape:
    """The shape of an M2M100 model, or of a ``PeftModel`` around one with its adapter."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    config = base.config
    own: dict[str, int] = {"source": 0, "target": 0}
    added: dict[str, int] = {"source": 0, "target": 0}
    for name, module in base.named_modules():
        linear = getattr(module, "base_layer", module)  # an adapter wraps the layer it is for
        inside = ".base_layer" in name or ".lora_" in name
        if inside or name == "lm_head" or not isinstance(linear, torch.nn.Linear):
            continue
        # the decoder's cross attention reads the encoder's states through these two
        reads = name.endswith(("encoder_attn.k_proj", "encoder_attn.v_proj"))
        side = "source" if reads or ".encoder." in name else "target"
        own[side] += linear.in_features * linear.out_features
        added[side] += _adapter(module, linear)
    return Shape(
        d=int(config.d_model),
        encoder=int(config.encoder_layers),
        decoder=int(config.decoder_layers),
        source=own["source"],
        target=own["target"],
        head=int(base.lm_head.out_features) * int(config.d_model),
        adapter_source=added["source"],
        adapter_target=added["target"],
        whole=not any(added.values()),
    )


def _adapter(module: Any, linear: torch.nn.Linear) -> int:
    if hasattr(module, "lora_A"):
        matrices = [*module.lora_A.values(), *module.lora_B.values()]
        return sum(matrix.weight.numel() for matrix in matrices)
    if hasattr(module, "oft_block_size"):  # the input, block by block, times a rotation
        return sum(linear.in_features * int(size) for size in module.oft_block_size.values())
    return 0


@cache
def peak(device: str, precision: str) -> tuple[float, str]:
    """FLOPs/s of one device (``cpu``, ``cuda:0``), and where the number is from.

    A known GPU's in bf16 is in ``ACHIEVABLE``; of another one, in float32, and of a CPU, it is what
    a matrix product of its own reaches now.
    """
    if device.startswith("cuda"):
        name = torch.cuda.get_device_name(device)
        known = [word for word in ACHIEVABLE if word in name.replace("-", " ").split()]
        if known and precision == "bf16":
            return ACHIEVABLE[known[0]], f"bf16 of {known[0]}, a table"
    size, kind = (8192, torch.bfloat16) if precision == "bf16" else (512, torch.float32)
    if device == "cpu":
        size = 512
    one = torch.ones(size, size, dtype=kind, device=device)
    least = float("inf")
    for _ in range(5):
        clock = time.perf_counter()
        (one @ one)[0, 0].item()  # waits for a GPU
        least = min(least, time.perf_counter() - clock)
    return 2 * size**3 / least, f"{precision} matrix product of {size} measured here"
