"""What a training run reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from korpu.schema.marks import ELSEWHERE


@dataclass(frozen=True)
class Select:
    """Rows of a corpus; an empty list does not restrict."""

    origin: list[str]
    section: list[str]


@dataclass(frozen=True)
class Train:
    """One training run: `base` (all weights, from scratch) or `train` (the adapter)."""

    select: Select
    mix: Select  # rows mixed in against forgetting …
    mix_share: float  # … as this share of an epoch's examples; 0: none
    directions: list[str]  # azj_Latn-uzn_Latn …
    steps: int
    target_tokens: int  # budget of one batch over all ranks, padding included
    micro_tokens: Annotated[int | None, ELSEWHERE]  # both sides, computed at once; null: what fits
    ranks: int  # processes that share each batch, as torchrun starts them
    precision: str  # auto (bf16 on CUDA, else float32) | float32 | bf16
    checkpointing: bool  # compute activations twice instead of keeping them
    max_tokens: int  # a longer pair is left out and counted
    lr: float
    schedule: str  # cosine | linear | constant
    warmup: int
    weight_decay: float
    label_smoothing: float
    clip: float
    average: int  # how many of the last validations' weights are averaged; 1: none
    validate_every: int
    validate_lines: int  # of dev, per direction
    patience: int  # validations without a better score before stopping; 0: never
    save_every: int


@dataclass(frozen=True)
class Tracker:
    """Who follows `metrics.jsonl`."""

    kind: str  # none | wandb
    project: str
    mode: str  # offline | online
