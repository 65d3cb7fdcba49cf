"""Models of NLLB's true shapes with random weights, for measuring without a download."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from korpu.errors import UsageError

TRIMMED = 34_195  # rows that az and uz text used of a large vocabulary: docs/trimming.md


@dataclass(frozen=True)
class Shape:
    """Width, layers of encoder and of decoder, attention heads, feed-forward width, vocabulary."""

    d: int
    layers: int
    heads: int
    ffn: int
    rows: int

    def cut(self, vocabulary: str) -> int:
        """Rows of the embedding table: ``full``, or ``trimmed`` to what az and uz text uses."""
        return min(self.rows, TRIMMED) if vocabulary == "trimmed" else self.rows


SHAPES = {
    "tiny": Shape(64, 1, 2, 128, 32_000),
    "mid": Shape(512, 6, 8, 2048, 32_000),
    # the configurations published with NLLB-200
    "600m": Shape(1024, 12, 16, 4096, 256_206),
    "1.3b": Shape(1024, 24, 16, 8192, 256_206),
    "3.3b": Shape(2048, 24, 16, 8192, 256_206),
}


def shape_of(name: str) -> Shape:
    """Raises ``UsageError`` for a name there is not."""
    if name not in SHAPES:
        raise UsageError(f"shape must be {', '.join(SHAPES)}, not {name!r}")
    return SHAPES[name]


def build(shape: Shape, rows: int, seed: int, device: str) -> Any:
    """An ``M2M100ForConditionalGeneration`` in float32; a seed gives the same weights, but for the
    table, which has another size with other ``rows``.
    """
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration
    from transformers.utils import logging

    from korpu.nllb import loading

    logging.disable_progress_bar()
    config = M2M100Config(
        vocab_size=rows,
        d_model=shape.d,
        encoder_layers=shape.layers,
        decoder_layers=shape.layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.ffn,
        decoder_ffn_dim=shape.ffn,
        dropout=0.1,  # as NLLB was trained
        attention_dropout=0.0,
        activation_dropout=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        max_position_embeddings=1024,
        scale_embedding=True,
    )
    torch.manual_seed(seed)
    with torch.device(device):
        model = M2M100ForConditionalGeneration(config)
    loading.leave_target_open(model)
    loading.check_tied(model, "the new model")
    return model


def numbered(rows: int, out: Path) -> None:
    """Save a tokenizer of so many rows, named t4, t5, …: converters ask for one."""
    from transformers import NllbTokenizer

    from korpu.nllb.tokens import RESERVED

    names = [*RESERVED, *(f"t{number}" for number in range(len(RESERVED), rows - 1)), "<mask>"]
    vocabulary = {name: number for number, name in enumerate(names)}
    NllbTokenizer(
        vocab=vocabulary, merges=[], extra_special_tokens=["t4", "t5"], src_lang="t4"
    ).save_pretrained(str(out))
