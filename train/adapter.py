"""Adapters on attention and feed-forward, through peft; the tied embeddings are never touched."""

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

PARTS = {
    "lora": ("lora_A", "lora_B"),
    "rslora": ("lora_A", "lora_B"),
    "dora": ("lora_A", "lora_B", "lora_magnitude_vector"),
    "oft": ("oft_R",),
}
"""The trained tensors of each kind, as peft names them."""

BASE = "base_sha256"  # in the header of what is saved
WITNESS = "model.encoder.layers.0.self_attn.q_proj"

SCALES = {"use_rslora": "adapter", "lora_alpha": "adapter.alpha", "oft_block_size": "adapter.block"}
"""What peft multiplies an adapter's matrices by, in its words and in ours."""


def attach(model: Any, recipe: schema.Adapter) -> Any:
    """The model with a new adapter (a ``PeftModel``); only the adapter is trainable.

    ``kind=none`` returns the model itself, all of it trainable. The adapter's first values come
    from torch's generator (seed it before), or from ``start``. Raises ``UsageError`` for a target
    that is an embedding or that the model does not have.
    """
    from peft import get_peft_model

    if recipe.kind == "none":
        if recipe.start:
            raise UsageError("adapter.start is of an adapter, and adapter.kind=none has none")
        check_tied(model, "the model")
        return model.requires_grad_(True)
    refuse_embeddings(recipe.targets, "adapter.targets")
    widths = linears(model)
    for target in recipe.targets:
        if target not in widths:
            raise UsageError(
                f"adapter.targets: the model has no linear {target!r}; it has {sorted(widths)}"
            )
    if not recipe.targets or recipe.r < 1:
        raise UsageError("adapter.targets must name a linear and adapter.r must be at least 1")
    with warnings.catch_warnings():  # peft reads a name the library has deprecated
        warnings.simplefilter("ignore", FutureWarning)
        adapted = get_peft_model(model, _config(recipe, widths))
    for name, parameter in adapted.named_parameters():
        ours = any(f".{part}" in name for part in PARTS[recipe.kind])
        assert parameter.requires_grad == ours, name
    if recipe.start:
        begin(adapted, Path(recipe.start), recipe.kind)
    return adapted


def linears(model: Any) -> dict[str, set[int]]:
    """Names of the model's linear layers (their last part) and the input widths they have."""
    import torch

    found: dict[str, set[int]] = {}
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and name != "lm_head":
            found.setdefault(name.rpartition(".")[2], set()).add(module.in_features)
    return found


def _config(recipe: schema.Adapter, widths: dict[str, set[int]]) -> Any:
    from peft import LoraConfig, OFTConfig

    if recipe.kind == "oft":
        for target in recipe.targets:
            if odd := [width for width in widths[target] if width % recipe.block]:
                raise UsageError(
                    f"adapter.block={recipe.block} does not divide the {odd[0]} inputs of "
                    f"{target}; choose a divisor"
                )
        return OFTConfig(
            r=0,
            oft_block_size=recipe.block,
            module_dropout=recipe.dropout,
            target_modules=list(recipe.targets),
            bias="none",
            base_model_name_or_path=None,
        )
    return LoraConfig(
        r=recipe.r,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.targets),
        use_rslora=recipe.kind == "rslora",
        use_dora=recipe.kind == "dora",
        bias="none",
        base_model_name_or_path=None,
    )


def begin(adapted: Any, start: Path, kind: str) -> None:
    """Fill a new adapter with the matrices of a released one of the same kind and shape.

    ``start`` is a bundle or a directory in peft's layout. Raises ``UsageError`` where it is none,
    or does not fit; ``SaysNo`` where a bundle's adapter is not what was published.
    """
    from peft import get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    from korpu import bundle as bundles

    folder = start / "adapter" if (start / "adapter").is_dir() else start
    home = folder.resolve().parent  # of whoever names the folder in a bundle, too
    if (home / bundles.MANIFEST).exists():
        bundles.verify(home, parts=("adapter",))
    path = folder / "adapter_model.safetensors"
    if not path.is_file():
        raise UsageError(f"adapter.start: {start} holds no adapter (adapter_model.safetensors)")
    _refuse_another_scale(folder, start, adapted.peft_config["default"].to_dict())
    _refuse_another_base(path, start, adapted)
    saved = load_file(str(path))
    own = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    for name in sorted({*saved} ^ {*own}):
        raise UsageError(
            f"adapter.start: {start} is not a {kind} of the same targets: {name} is only in one"
        )
    for name, tensor in own.items():
        if saved[name].shape != tensor.shape:
            raise UsageError(
                f"adapter.start: {name} is {tuple(saved[name].shape)} in {start} and "
                f"{tuple(tensor.shape)} here; adapter.r or the model differs"
            )
    set_peft_model_state_dict(adapted, saved)


def _refuse_another_scale(folder: Path, start: Path, own: dict[str, Any]) -> None:
    """The same matrices under another factor would be another model, and no shape would say so."""
    try:
        saved = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"adapter.start: {start} has no readable adapter_config.json") from error
    for name, setting in SCALES.items():
        if name in own and saved.get(name) != own[name]:
            raise UsageError(
                f"adapter.start: {start} was trained with {name}={saved.get(name)}, not "
                f"{own[name]}; set {setting} as it was"
            )


def _refuse_another_base(path: Path, start: Path, adapted: Any) -> None:
    """NLLB's 1.3B and its distilled one have the same shapes. peft's own files do not say."""
    from safetensors import safe_open

    with safe_open(str(path), "pt") as stored:
        written = (stored.metadata() or {}).get(BASE)
    here = base_digest(adapted)
    if written and here and written != here:
        raise UsageError(f"adapter.start: {start} was trained on another base than this model")


def base_digest(adapted: Any) -> str | None:
    """The sha256 of one matrix below the adapter, the same whatever vocabulary was cut.

    None where the base is quantized, whose matrix is another one.
    """
    linear = adapted.get_base_model().get_submodule(WITNESS)
    weight = getattr(linear, "base_layer", linear).weight.detach()
    if str(weight.dtype) != "torch.float32":
        return None
    return hashlib.sha256(weight.cpu().contiguous().numpy().tobytes()).hexdigest()


def embeddings_digest(model: Any) -> str:
    """The sha256 of the embedding tables' bytes; raises ``UsageError`` where they are not tied."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    check_tied(base, "the model")
    table = base.get_submodule(TABLES[0]).weight.detach().cpu().contiguous()
    return hashlib.sha256(table.numpy().tobytes()).hexdigest()


def _ordered(data: bytes) -> bytes:
    """A safetensors file with its metadata in order, which the library writes in any."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[end:]


def save(adapted: Any, directory: Path) -> None:
    """Write peft's layout: ``adapter_model.safetensors`` and ``adapter_config.json``.

    Not by ``save_pretrained``, which records the path of the base and sets in any order, so that
    the same adapter would not give the same bytes.
    """
    from peft import get_peft_model_state_dict
    from safetensors.torch import save as serialised

    state = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    for name in state:
        if not any(f".{part}" in name for parts in PARTS.values() for part in parts):
            raise SaysNo(f"the adapter would save {name}, which is not part of an adapter")
    directory.mkdir(parents=True, exist_ok=True)
    matrices = {name: state[name].detach().cpu().contiguous() for name in sorted(state)}
    below = base_digest(adapted)
    header = {"format": "pt", **({BASE: below} if below else {})}
    path = directory / "adapter_model.safetensors"
    path.write_bytes(_ordered(serialised(matrices, metadata=header)))
    config = adapted.peft_config["default"].to_dict()
    config.update(inference_mode=True, base_model_name_or_path=None)
    plain = {
        name: sorted(value) if isinstance(value, set) else value for name, value in config.items()
    }
    text = json.dumps(plain, sort_keys=True, indent=2, default=str)
    write_atomically(directory / "adapter_config.json", text + "\n")
