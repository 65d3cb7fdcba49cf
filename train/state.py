"""What a killed run needs to go on to the same bits, in safetensors and JSON, swapped by rename.

A state is a directory ``step-000400/`` that appears whole or not at all; the two newest are kept,
so that one that went bad leaves the one before it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from korpu import log
from korpu.artifact import fsync_tree, replace_durably, sha256
from korpu.errors import UsageError

KEPT = 2
TENSORS = ("weights", "optimizer", "random", "best", "recent")


@dataclass(frozen=True)
class Position:
    """Where a run is. ``step`` steps are done; the next batch is ``batch`` of epoch ``epoch``.

    ``metrics_bytes`` is the length of the metrics file at that moment, ``seconds`` what the run
    has cost so far, ``tokens`` the target tokens learned from.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    tokens: int = 0
    seconds: float = 0.0
    metrics_bytes: int = 0
    best_score: float | None = None
    best_step: int = 0
    without_gain: int = 0  # validations since the best one
    validated: tuple[int, ...] = ()  # steps whose weights `recent` holds, oldest first


def save(directory: Path, position: Position, tensors: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a state. ``tensors`` has a (possibly empty) group of tensors for each of TENSORS.

    Raises ``OSError`` where the disk refuses; the states before it survive.
    """
    from safetensors.torch import save as serialised

    directory.mkdir(parents=True, exist_ok=True)
    temporary = directory / "writing"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    digests = {}
    for group in TENSORS:
        path = temporary / f"{group}.safetensors"
        path.write_bytes(
            serialised({name: tensors[group][name] for name in sorted(tensors[group])})
        )
        digests[path.name] = sha256(path)
    state = {"position": asdict(position), "sha256": digests}
    (temporary / "state.json").write_text(json.dumps(state, indent=1) + "\n", "utf-8")
    fsync_tree(temporary)
    final = directory / f"step-{position.step:08d}"
    shutil.rmtree(final, ignore_errors=True)
    replace_durably(temporary, final)
    for older in sorted(directory.glob("step-*"))[:-KEPT]:
        shutil.rmtree(older)


def load(directory: Path) -> tuple[Position, dict[str, dict[str, Any]]] | None:
    """The newest whole state; None where there is none yet.

    A damaged state is passed over with a line that says so. Raises ``UsageError`` where all are
    damaged, since starting again silently would throw work away.
    """
    found = sorted(directory.glob("step-*"), reverse=True)
    for state in found:
        try:
            return _read(state)
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.say(f"{state} is damaged ({error}); trying the state before it")
    if found:
        raise UsageError(
            f"every state in {directory} is damaged; delete {directory} to train from the start"
        )
    return None


def _read(directory: Path) -> tuple[Position, dict[str, dict[str, Any]]]:
    from safetensors.torch import load_file

    state = json.loads((directory / "state.json").read_text("utf-8"))
    for name in (f"{group}.safetensors" for group in TENSORS):
        if sha256(directory / name) != state["sha256"][name]:
            raise ValueError(f"{name} is not the file that was written")
    position = Position(**state["position"])
    position = replace(position, validated=tuple(position.validated))  # JSON has no tuples
    tensors = {group: load_file(str(directory / f"{group}.safetensors")) for group in TENSORS}
    return position, tensors


def optimizer_tensors(optimizer: Any, names: Mapping[Any, str]) -> dict[str, Any]:
    """AdamW's moments and counts, named ``parameter|what``."""
    return {
        f"{names[parameter]}|{what}": tensor.detach().cpu().contiguous()
        for parameter, kept in optimizer.state.items()
        for what, tensor in kept.items()
    }


def fill_optimizer(
    optimizer: Any, parameters: Mapping[str, Any], tensors: Mapping[str, Any]
) -> None:
    """The inverse of ``optimizer_tensors``; raises ``UsageError`` for a state of other weights."""
    for key, tensor in tensors.items():
        name, _, what = key.partition("|")
        if name not in parameters:
            raise UsageError(f"the saved state has a weight {name} that this model does not have")
        place = "cpu" if what == "step" and tensor.device.type == "cpu" else parameters[name].device
        optimizer.state[parameters[name]][what] = tensor.clone().to(place)


def random_tensors() -> dict[str, Any]:
    """torch's generators, of the CPU and of each GPU."""
    import torch

    states = {"cpu": torch.get_rng_state()}
    for index in range(torch.cuda.device_count()):
        states[f"cuda{index}"] = torch.cuda.get_rng_state(index)
    return states


def fill_random(tensors: Mapping[str, Any]) -> None:
    """Put torch's generators back to where they were."""
    import torch

    torch.set_rng_state(tensors["cpu"].clone())
    for index in range(torch.cuda.device_count()):
        if f"cuda{index}" in tensors:
            torch.cuda.set_rng_state(tensors[f"cuda{index}"].clone(), index)
