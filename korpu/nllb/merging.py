"""The adapter folded into the base: W + (α/r)·B·A, after which no PEFT is needed to load it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from korpu.errors import SaysNo
from korpu.schema import Decode


def merge(model: Any) -> Any:
    """A PEFT model as a plain one, in place; the four embedding tables stay one tensor.

    A model that was tuned whole is one already.
    """
    from korpu.nllb.loading import check_tied

    if not hasattr(model, "merge_and_unload"):
        return model
    merged = model.merge_and_unload(safe_merge=True).eval()
    check_tied(merged, "the merged model")
    return merged


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
