"""Models of NLLB's true shapes with random weights, for measuring without a download."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from korpu import schema
from korpu.errors import UsageError
from korpu.nllb import loading
from korpu.schema import Select
from train import adapter

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
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
    from transformers import M2M100Config, M2M100ForConditionalGeneration
    from transformers.utils import logging

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


def adapted(model: Any, kind: str, seed: int) -> Any:
    """The model under an adapter of the recipe's own values; ``none``: all weights train.

    Raises ``UsageError`` for a kind there is not.
    """
    torch.manual_seed(seed)
    return adapter.attach(model, settings(schema.Adapter, "adapter", kind))


def run_of(**values: Any) -> schema.Train:
    """The recipe's training section, with these values in place of its own."""
    nothing = Select([], [])
    values |= {"select": nothing, "mix": nothing}
    found: schema.Train = settings(schema.Train, "train", "tiny_base", **values)
    return found


def settings(section: type[Any], group: str, name: str, **values: Any) -> Any:
    """A section from ``configs/``, without Hydra, which a GPU machine need not have."""
    path = CONFIGS / group / f"{name}.yaml"
    if not path.is_file():
        have = sorted(other.stem for other in path.parent.glob("*.yaml"))
        raise UsageError(f"{group} must be one of {', '.join(have)}, not {name!r}")
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    base = next((other for other in found.pop("defaults", []) if other != "_self_"), None)
    if base is None:
        return section(**found | values)
    return settings(section, group, str(base), **found | values)
