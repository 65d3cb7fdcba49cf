"""A model of the M2M100 family from a directory, and an adapter onto it.

What the library passes over in silence is an error here: another architecture, weights that are
missing and would be drawn at random, weights the model has no place for, embeddings that are not
one tensor. Layer drop is off and no target language is stored in any config, so that one model
serves both directions.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

from korpu.artifact import sha256
from korpu.errors import UsageError
from korpu.nllb import quantized

FAMILY = "m2m_100"
TABLES = ("model.shared", "model.encoder.embed_tokens", "model.decoder.embed_tokens", "lm_head")
# One tensor in this family; an adapter on one of its names unties it (peft merges it wrongly).
NEVER_ADAPTED = ("shared", "embed_tokens", "embed_positions", "lm_head")
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
SAFE = ("model.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")


def load_model(directory: Path | str, device: str = "cpu", quantize: str = "none") -> Any:
    """An ``M2M100ForConditionalGeneration`` in float32 and in eval mode.

    ``quantize``: ``none``, or ``8bit`` or ``4bit`` for the linear layers of a base that is only
    read (on CUDA; see ``quantized``). A pickled checkpoint (``.bin``) is read without running
    anything in it. Raises ``UsageError`` for a directory without a checkpoint, another
    architecture, weights that do not fill the model or do not all go into it, and embeddings that
    are not one tensor.
    """
    import torch
    from transformers import M2M100ForConditionalGeneration
    from transformers.utils import logging

    logging.disable_progress_bar()
    _check_directory(Path(directory))
    more = quantized.arguments(quantize, device)
    try:
        model, report = M2M100ForConditionalGeneration.from_pretrained(
            str(directory),
            local_files_only=True,
            weights_only=True,
            dtype=torch.float32,
            encoder_layerdrop=0.0,
            decoder_layerdrop=0.0,
            output_loading_info=True,
            **more,
        )
    except Exception as error:  # the library raises whatever its reader of the day raises
        raise UsageError(f"{directory}: no model can be loaded: {_first_line(error)}") from error
    if model.config.model_type != FAMILY:
        raise UsageError(_wrong_family(directory, model.config.model_type))
    for what in ("missing_keys", "mismatched_keys"):
        if report.get(what):
            name = str(sorted(report[what], key=str)[0])
            raise UsageError(
                f"{directory}: {len(report[what])} weights are {what.partition('_')[0]}, such as "
                f"{name}, and would be random; the checkpoint is not complete"
            )
    if left := sorted(name for name in report.get("unexpected_keys") or () if not _computed(name)):
        raise UsageError(
            f"{directory}: the checkpoint has {len(left)} weights that config.json leaves no place "
            f"for, such as {left[0]}; the two are not of one model"
        )
    leave_target_open(model)
    check_tied(model, str(directory))
    return model.eval() if more else model.to(device).eval()


def leave_target_open(model: Any) -> None:
    """Forget a stored target language: it would send the other direction off-target."""
    for config in (model.config, model.generation_config):
        if getattr(config, "forced_bos_token_id", None) is not None:
            config.forced_bos_token_id = None


def check_tied(model: Any, where: str) -> None:
    """Raise ``UsageError`` unless the four embedding tables are one tensor."""
    tables = [model.get_submodule(name).weight for name in TABLES]
    if any(table.data_ptr() != tables[0].data_ptr() for table in tables):
        raise UsageError(f"{where}: the embeddings are not tied; korpu adapts only tied models")


def load_adapter(model: Any, adapter_dir: Path | str) -> Any:
    """The model with a saved adapter on it (a ``PeftModel``), in eval mode.

    Raises ``UsageError`` for a directory that holds no adapter, one that touches the embeddings,
    or one made for another shape of model.
    """
    path = Path(adapter_dir)
    for name in ADAPTER_FILES:
        if not (path / name).is_file():
            raise UsageError(f"{path} has no {name}; name the directory of a trained adapter")
    try:
        config = json.loads((path / "adapter_config.json").read_text("utf-8"))
        named = [*(config.get("target_modules") or []), *(config.get("modules_to_save") or [])]
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError, TypeError) as error:
        raise UsageError(f"{path / 'adapter_config.json'} is not an adapter's config") from error
    refuse_embeddings(named, str(path))
    from peft import PeftModel

    try:
        with warnings.catch_warnings():  # peft reads a name the library has deprecated
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", UserWarning)  # _check_filled says it as an error
            adapted = PeftModel.from_pretrained(model, str(path))
    except Exception as error:
        raise UsageError(f"{path}: the adapter does not fit: {_first_line(error)}") from error
    _check_filled(adapted, path)
    return adapted.eval()


def load_trained(where: Path | str, trained: Path, device: str = "cpu") -> Any:
    """What `train` left: its adapter on the model ``where``, or the model it tuned whole."""
    if (trained / "model").is_dir():
        return load_model(trained / "model", device)
    return load_adapter(load_model(where, device), trained / "adapter")


def refuse_embeddings(targets: list[str], where: str) -> None:
    """Raise ``UsageError`` where an adapter names an embedding or the output layer."""
    for target in targets:
        if target.rpartition(".")[2] in NEVER_ADAPTED:
            raise UsageError(
                f"{where}: {target} is one tensor with the other embeddings, and an adapter would "
                "untie it; adapt attention and feed-forward only"
            )


def fingerprint(directory: Path | str) -> str:
    """The sha256 of what a model or adapter directory holds; equal content, equal value."""
    return sha256(Path(directory))


def _check_filled(adapted: Any, path: Path) -> None:
    """peft loads what it finds and is silent about the rest."""
    from safetensors import safe_open

    with safe_open(str(path / "adapter_model.safetensors"), "pt") as stored:
        there = set(stored.keys())
    wanted = {
        # DoRA's vector is a module in the model and a plain tensor in the file
        name.replace("magnitude_vector.default.weight", "magnitude_vector").replace(
            ".default.", "."
        )
        for name, _ in adapted.named_parameters()
        if ".lora_" in name or ".oft_" in name
    }
    if there != wanted:
        odd = sorted(there ^ wanted)[0]
        raise UsageError(f"{path}: {odd} is in the adapter or in the model, but not in both")


def _computed(name: str) -> bool:
    """Is it a tensor that older checkpoints stored and the model computes?"""
    return name.endswith(("embed_positions.weights", "embed_positions._float_tensor", ".version"))


def _check_directory(path: Path) -> None:
    """Refuse early what is no model's directory."""
    if not path.is_dir():
        raise UsageError(f"there is no model directory {path}")
    try:
        config = json.loads((path / "config.json").read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path} has no config.json; name a saved model's directory") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path / 'config.json'} is not JSON: {error}") from error
    if config.get("model_type") != FAMILY:
        raise UsageError(_wrong_family(path, config.get("model_type")))
    if not any((path / name).exists() for name in (*SAFE, *PICKLED)):
        raise UsageError(f"{path} has no checkpoint ({SAFE[0]} or {PICKLED[0]})")


def _wrong_family(where: Path | str, found: object) -> str:
    return f"{where} is a model of kind {found!r}, not of the M2M100/NLLB family ({FAMILY})"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
