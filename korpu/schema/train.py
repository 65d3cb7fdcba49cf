"""What a training run reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from korpu.schema.marks import CONTENT, ELSEWHERE


@dataclass(frozen=True)
class Select:
    """Rows of a corpus; an empty list does not restrict."""

    origin: list[str]
    section: list[str]


@dataclass(frozen=True)
class Monitor:
    """Line-aligned sentences of directions that are not trained: watched for forgetting."""

    src: Annotated[str, CONTENT]
    tgt: Annotated[str, CONTENT]
    src_lang: str
    tgt_lang: str
    lines: int  # the first so many, in each of the two directions


@dataclass(frozen=True)
class Train:
    """One training run: `base` (all weights, from scratch) or `train` (the adapter)."""

    select: Select
    mix: Select  # rows mixed in against forgetting …
    mix_share: float  # … as this share of an epoch's examples; 0: none
    directions: list[str]  # azj_Latn-uzn_Latn …
    temperature: float  # of the sampling between pairs of languages; 1: as many as there are
    weights: dict[str, float]  # origin → how often its rows come: 2.0 is twice an epoch
    synthetic_targets: list[str]  # origins whose machine translations may be targets: a teacher's
    tag_synthetic: bool  # a tag before sources that a machine wrote, in training only
    steps: int
    target_tokens: int  # budget of one batch over all ranks, padding included
    micro_tokens: Annotated[int | None, ELSEWHERE]  # both sides, computed at once; null: what fits
    ranks: int  # processes that share each batch, as torchrun starts them
    precision: str  # auto (bf16 on CUDA, else float32) | float32 | bf16
    checkpointing: bool  # compute activations twice instead of keeping them
    loss: str  # chunked | liger | cce (kernels for CUDA, each a package of its own)
    compile: bool  # torch.compile; a resumed run may then differ in the last bits
    deterministic: bool  # on CUDA: kernels that give the same bits every time
    max_tokens: int  # a longer pair is left out and counted
    lr: float
    schedule: str  # cosine | linear | constant
    warmup: int
    weight_decay: float
    label_smoothing: float
    clip: float
    keep: int  # the best validations whose weights are kept in the state
    average: bool  # try the mean of those in the end; it is chosen where it scores better
    validate_every: int
    validate_lines: int  # of dev, per direction
    patience: int  # validations without a better score before stopping; 0: never
    save_every: int
    # end | first | every: which saves, beside the last, a fresh process must load alike
    reload: Annotated[str, ELSEWHERE]
    monitor: dict[str, Monitor]  # scored at every validation, never selected by
    forget: float  # chrF++ points a monitored direction may lose before a line warns


@dataclass(frozen=True)
class Tracker:
    """Who follows `metrics.jsonl`."""

    kinds: list[str]  # wandb, tensorboard
    project: str
    mode: str  # offline | online
