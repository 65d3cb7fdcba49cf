"""What a model is, and what is trained on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from korpu.schema.marks import CONTENT


@dataclass(frozen=True)
class Model:
    """A model of the M2M100/NLLB family, and its licence."""

    name: str
    weights: str  # scratch (a `base` stage trains it) | random (it draws it) | local | hub
    path: Annotated[str | None, CONTENT]  # a directory, for local
    hub_id: str | None
    revision: str | None
    licence: str
    vocabulary: str  # full | az_uz: a `base` stage cuts the model to what az and uz text uses
    vocabulary_least: int  # az_uz: a token that the corpus has less often goes
    pivots: list[str]  # az_uz: further languages whose tokens stay
    orthography: str  # auto (forms for characters that the vocabulary cannot write) | none
    vocabulary_size: int  # this and the shape below: of `scratch` and `random` alone
    d_model: int
    layers: int  # of encoder and of decoder
    heads: int
    ffn: int
    dropout: float
    max_length: int  # source tokens; longer input is split, never cut


@dataclass(frozen=True)
class Adapter:
    """What is trained on attention and feed-forward; embeddings never are, but for `none`."""

    kind: str  # lora | rslora | dora | oft | none (full fine-tuning: all weights)
    r: int  # rank of the three kinds of lora
    alpha: int  # scale: alpha / r, or alpha / √r for rslora
    block: int  # oft: size of its orthogonal blocks, a divisor of what the targets read
    dropout: float  # of the adapter
    targets: list[str]  # linear layers by the last part of their names
    start: Annotated[str | None, CONTENT]  # begin from this adapter (a bundle, or peft's layout)
    quantize: str  # the base's linear layers while training: none | 8bit | 4bit (on CUDA)
