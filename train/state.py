"""What a killed run needs to go on to the same bits, in safetensors and JSON, swapped by rename.

A state is a directory ``step-000400/`` that appears whole or not at all; the two newest are kept,
so that one that went bad leaves the one before it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from korpu import log
from korpu.artifact import fsync_tree, replace_durably, sha256
from korpu.errors import UsageError

KEPT = 2
TENSORS = ("weights", "optimizer", "random", "best")


@dataclass(frozen=True)
class Position:
    """Where a run is. ``step`` steps are done; the next batch is ``batch`` of epoch ``epoch``.

    ``metrics_bytes`` is the length of the metrics file at that moment, ``seconds`` what the run
    has cost so far, ``tokens`` the target tokens learned from. ``kept`` are the best validations as
    (step, score), best first, ``averaged`` how many of them the chosen weights are the mean of,
    ``before`` the monitored directions' scores before the first step.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    tokens: int = 0
    seconds: float = 0.0
    metrics_bytes: int = 0
    kept: tuple[tuple[int, float], ...] = ()
    without_gain: int = 0  # validations since the best one
    averaged: int = 0
    before: Mapping[str, float] = field(default_factory=dict)
    micro_tokens: int | None = None  # what the memory allowed at once

    @property
    def chosen(self) -> int:
        """The step whose weights the run ends with; the last one's for a mean."""
        return self.kept[0][0] if self.kept and not self.averaged else self.step


def save(
    directory: Path,
    position: Position,
    tensors: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Write a state. ``tensors`` has a (possibly empty) group of tensors for each of TENSORS;
    ``settings`` are what a resumed run must have too.

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
    state = {"position": asdict(position), "settings": dict(settings or {}), "sha256": digests}
    (temporary / "state.json").write_text(json.dumps(state, indent=1) + "\n", "utf-8")
    fsync_tree(temporary)
    final = directory / f"step-{position.step:08d}"
    shutil.rmtree(final, ignore_errors=True)
    replace_durably(temporary, final)
    for older in sorted(directory.glob("step-*"))[:-KEPT]:
        shutil.rmtree(older)


def load(
    directory: Path, settings: Mapping[str, Any] | None = None
) -> tuple[Position, dict[str, dict[str, Any]]] | None:
    """The newest whole state; None where there is none yet.

    A damaged state is passed over with a line that says so. Raises ``UsageError`` where all are
    damaged, since starting again silently would throw work away, and for a state of other
    ``settings``, naming those that differ.
    """
    found = sorted(directory.glob("step-*"), reverse=True)
    for state in found:
        try:
            position, tensors, saved = _read(state)
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.say(f"{state} is damaged ({error}); trying the state before it")
            continue
        _same(saved, settings, state)
        return position, tensors
    if found:
        raise UsageError(
            f"every state in {directory} is damaged; delete {directory} to train from the start"
        )
    return None


def _same(saved: Mapping[str, Any], wanted: Mapping[str, Any] | None, state: Path) -> None:
    if wanted is None:
        return
    plain = json.loads(json.dumps(wanted))  # as it would be read back
    odd = sorted(key for key in {*saved, *plain} if saved.get(key) != plain.get(key))
    if odd:
        changes = "; ".join(f"{key} was {saved.get(key)}, is {plain.get(key)}" for key in odd)
        raise UsageError(
            f"{state} is of another run: {changes}. Put them back, or delete {state.parent} to "
            "train from the start"
        )


def _read(directory: Path) -> tuple[Position, dict[str, dict[str, Any]], dict[str, Any]]:
    from safetensors.torch import load_file

    state = json.loads((directory / "state.json").read_text("utf-8"))
    for name in (f"{group}.safetensors" for group in TENSORS):
        if sha256(directory / name) != state["sha256"][name]:
            raise ValueError(f"{name} is not the file that was written")
    position = Position(**state["position"])
    kept = tuple((step, score) for step, score in position.kept)  # JSON has no tuples
    position = replace(position, kept=kept)
    tensors = {group: load_file(str(directory / f"{group}.safetensors")) for group in TENSORS}
    return position, tensors, state.get("settings", {})


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested configuration by dotted key, for sentences that name one."""
    found: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


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


def merged_random(by_rank: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Every rank's generators, named ``rank|which``."""
    return {f"{r}|{name}": t for r, tensors in enumerate(by_rank) for name, t in tensors.items()}


def fill_random(tensors: Mapping[str, Any], rank: int = 0) -> None:
    """Put torch's generators back to where this rank's were."""
    import torch

    torch.set_rng_state(tensors[f"{rank}|cpu"].clone())
    for index in range(torch.cuda.device_count()):
        if f"{rank}|cuda{index}" in tensors:
            torch.cuda.set_rng_state(tensors[f"{rank}|cuda{index}"].clone(), index)
