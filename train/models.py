"""A new model and its vocabulary, and how a model is written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from korpu import schema
from korpu.artifact import fsync_tree, replace_durably, write_atomically
from korpu.errors import Infrastructure, UsageError
from korpu.languages import LANGUAGES
from korpu.nllb import loading, orthography, survival, tokens
from korpu.nllb.orthography import Orthography
from train import corpus

POSITIONS = 1024  # as NLLB has; the table is computed, not learned
MEASURED = 34_000  # tokens: about what az and uz text uses of a large vocabulary (docs/trimming.md)


def settings(recipe: schema.Model, vocabulary_size: int) -> Any:
    """The library's config of a model of the recipe's shape. Raises ``UsageError``."""
    from transformers import M2M100Config

    if recipe.d_model % recipe.heads:
        raise UsageError(
            f"model.d_model={recipe.d_model} is not a multiple of model.heads={recipe.heads}"
        )
    return M2M100Config(
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


def from_scratch(recipe: schema.Model, vocabulary_size: int) -> Any:
    """A model of NLLB's architecture with weights drawn from torch's generator."""
    from transformers import M2M100ForConditionalGeneration
    from transformers.utils import logging

    logging.disable_progress_bar()
    model = M2M100ForConditionalGeneration(settings(recipe, vocabulary_size))
    loading.leave_target_open(model)
    loading.check_tied(model, "the new model")
    return model


def save(model: Any, tokenizer: Any, out: Path) -> None:
    """``model/`` whole, in the library's layout, and its orthography beside it too."""
    with replacing(out / "model") as temporary:
        save_model(model, tokenizer, temporary)
    write_orthography(tokenizer, out)


def save_model(model: Any, tokenizer: Any, directory: Path) -> None:
    """The library's layout: config, safetensors, tokenizer; raises ``Infrastructure``."""
    from safetensors import SafetensorError

    try:
        model.save_pretrained(str(directory))
        tokens.save_tokenizer(tokenizer, directory)
    except SafetensorError as error:  # a full disk, told in the serialiser's own way
        raise Infrastructure(f"{directory}: {error}; what was complete is kept") from error


def write_orthography(tokenizer: Any, out: Path) -> None:
    """``orthography.json`` of what is trained: evaluation and release read it."""
    own = tokens.orthography_of(tokenizer) or Orthography()
    write_atomically(out / orthography.NAME, own.json() + "\n")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new directory that takes the name ``path`` once the block has filled it."""
    temporary = path.parent / "work" / path.name
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    yield temporary
    fsync_tree(temporary)
    shutil.rmtree(path, ignore_errors=True)
    replace_durably(temporary, path)


def vocabulary(rows: list[corpus.Row], model: schema.Model, directory: Path) -> Any:
    """The tokenizer learned from the rows a base trains on, in ``directory``, with its orthography.

    Of ``model.vocabulary_size`` tokens; of a model that is only measured, as many of those as the
    rows give and one language uses.
    """
    texts = [row[side] for row in rows for side in ("src", "tgt")]
    codes = [code for code in LANGUAGES if code in ("azj_Latn", "uzn_Latn")]
    used = {row[side] for row in rows for side in ("src_lang", "tgt_lang")}
    codes += sorted(used - set(codes))
    drawn = model.weights == "random"
    size = min(model.vocabulary_size, MEASURED) if drawn else model.vocabulary_size
    shutil.rmtree(directory, ignore_errors=True)
    tokenizer = tokens.train_tokenizer(texts, size, codes, directory, at_most=drawn)
    return survival.settled(tokenizer, model.orthography)
