"""What a benchmark of training is set to: shapes, adapters and runs, without Hydra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml

from korpu import schema
from korpu.errors import UsageError
from korpu.nllb.shapes import SHAPES, TRIMMED, Shape, build, shape_of
from korpu.schema import Select
from train import adapter

__all__ = ["SHAPES", "TRIMMED", "Shape", "adapted", "build", "run_of", "settings", "shape_of"]
CONFIGS = Path(__file__).resolve().parent.parent / "configs"


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
