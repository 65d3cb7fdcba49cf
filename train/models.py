"""Where a run's model comes from, and how one is written."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from korpu import schema
from korpu.artifact import Artifact
from korpu.errors import Infrastructure, UsageError
from korpu.languages import LANGUAGES
from korpu.nllb import loading, tokens
from korpu.schema import Recipe
from train import corpus

POSITIONS = 1024  # as NLLB has; the table is computed, not learned


def model_source(recipe: Recipe, inputs: Mapping[str, Artifact]) -> Path | str:
    """Where the recipe's model is: the base stage's directory, a local one, or a hub id."""
    if recipe.model.weights == "scratch":
        return inputs["base"].file("model")
    if recipe.model.weights == "local":
        return Path(str(recipe.model.path))
    if not recipe.model.hub_id:
        raise UsageError("model.hub_id has no value; name a model as model.hub_id=OWNER/NAME")
    return recipe.model.hub_id


def from_scratch(recipe: schema.Model, vocabulary_size: int) -> Any:
    """A model of NLLB's architecture with weights drawn from torch's generator."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration
    from transformers.utils import logging

    logging.disable_progress_bar()

    if recipe.d_model % recipe.heads:
        raise UsageError(
            f"model.d_model={recipe.d_model} is not a multiple of model.heads={recipe.heads}"
        )
    config = M2M100Config(
        vocab_size=vocabulary_size,
        d_model=recipe.d_model,
        encoder_layers=recipe.layers,
        decoder_layers=recipe.layers,
        encoder_attention_heads=recipe.heads,
        decoder_attention_heads=recipe.heads,
        encoder_ffn_dim=recipe.ffn,
        decoder_ffn_dim=recipe.ffn,
        dropout=recipe.dropout,
        attention_dropout=0.0,
        activation_dropout=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        max_position_embeddings=max(POSITIONS, recipe.max_length),
        scale_embedding=True,
    )
    model = M2M100ForConditionalGeneration(config)
    loading.leave_target_open(model)
    loading.check_tied(model, "the new model")
    return model


def save_model(model: Any, tokenizer: Any, directory: Path) -> None:
    """The library's layout: config, safetensors, tokenizer; raises ``Infrastructure``."""
    from safetensors import SafetensorError

    try:
        model.save_pretrained(str(directory))
        tokenizer.save_pretrained(str(directory))
    except SafetensorError as error:  # a full disk, told in the serialiser's own way
        raise Infrastructure(f"{directory}: {error}; what was complete is kept") from error


def vocabulary(rows: list[corpus.Row], model: schema.Model, directory: Path) -> Any:
    """The tokenizer learned from the rows a base trains on, in ``directory``."""
    texts = [row[side] for row in rows for side in ("src", "tgt")]
    codes = [code for code in LANGUAGES if code in ("azj_Latn", "uzn_Latn")]
    used = {row[side] for row in rows for side in ("src_lang", "tgt_lang")}
    shutil.rmtree(directory, ignore_errors=True)
    return tokens.train_tokenizer(
        texts, model.vocabulary_size, [*codes, *sorted(used - set(codes))], directory
    )
