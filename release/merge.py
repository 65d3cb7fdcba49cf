"""The model that was evaluated, merged (``korpu.nllb.merging``) and written as a bundle has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from korpu.artifact import Artifact
from korpu.errors import SaysNo
from korpu.nllb.merging import merge as merge
from korpu.schema import Decode, Recipe


def evaluated(recipe: Recipe, inputs: Mapping[str, Artifact]) -> tuple[Any, Any]:
    """The model that was evaluated, as evaluation loads it (PEFT on the base), and its tokenizer.

    On the CPU, where every export can be compared with it.
    """
    from eval.load import base_of, tokenizer_of
    from korpu.nllb import loading

    where = base_of(recipe, inputs)
    model = loading.load_trained(where, inputs["train"].directory, "cpu")
    return model, tokenizer_of(recipe, inputs, where)


def save(model: Any, tokenizer: Any, directory: Path, decode: Decode) -> None:
    """Write config, generation config, ``model.safetensors`` (one file) and the tokenizer.

    The generation config holds no target language: as a default it would silently send the other
    direction off-target. Raises ``SaysNo`` where the embeddings were written more than once.
    """
    from safetensors import safe_open
    from transformers import GenerationConfig

    from korpu.nllb.tokens import save_tokenizer

    config = model.config
    search: dict[str, Any] = {"num_beams": decode.beam}
    if decode.beam > 1:
        search |= {"length_penalty": decode.length_penalty, "early_stopping": True}
    model.generation_config = GenerationConfig(
        bos_token_id=config.bos_token_id,
        decoder_start_token_id=config.decoder_start_token_id,
        eos_token_id=config.eos_token_id,
        pad_token_id=config.pad_token_id,
        max_new_tokens=decode.max_new_tokens,
        **search,
    )
    directory.mkdir(parents=True)
    model.save_pretrained(str(directory), max_shard_size="1000GB")
    save_tokenizer(tokenizer, directory)
    table = [config.vocab_size, config.d_model]
    with safe_open(directory / "model.safetensors", framework="numpy") as weights:
        tables = [n for n in weights.keys() if weights.get_slice(n).get_shape() == table]  # noqa: SIM118
    if len(tables) != 1:
        raise SaysNo(f"the embeddings were written as {len(tables)} tensors, not one: {tables}")
