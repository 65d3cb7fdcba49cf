"""What `evaluate`, `gate` and `release` read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from korpu.schema.marks import CONTENT, ELSEWHERE, NAME_OR_CONTENT


@dataclass(frozen=True)
class Decode:
    """How text is translated, in validation, evaluation and release alike."""

    beam: int
    length_penalty: float
    max_new_tokens: int
    no_repeat_ngram: int
    batch_tokens: int


@dataclass(frozen=True)
class Part:
    """A named part of the corpus's own test split; empty lists do not restrict."""

    origin: list[str]
    section: list[str]
    slice: list[str]


@dataclass(frozen=True)
class Robustness:
    """Test sets with a disturbed source, translated beside the plain ones."""

    perturbations: list[str]  # apostrophes | lower | upper | cyrillic | typos; empty: none
    lines: int  # segments of each test set, evenly spread


@dataclass(frozen=True)
class Evaluate:
    """What is scored, on what, how."""

    systems: list[str]  # copy | base | adapter
    directions: list[str]
    test: dict[str, Part]
    slices: Annotated[str | None, CONTENT]  # JSON lines {language, text, slice}
    metrics: list[str]  # bleu | chrf | chrf_pp
    bootstrap: int  # resamples for the intervals
    robustness: Robustness


@dataclass(frozen=True)
class GateChecks:
    """When a check fails measurably more often than with the baseline."""

    names: list[str]  # of the checks; empty: all
    rise: float  # percentage points that a significant rise may have at most


@dataclass(frozen=True)
class Gate:
    """When a model is measurably worse than its baseline."""

    system: str
    baseline: Annotated[str, NAME_OR_CONTENT]  # a system of this report, or another report's path
    benchmarks: list[str]  # empty: all
    metric: str
    alpha: float
    delta: float
    trials: int  # of the approximate randomisation
    underpowered: float  # minimum detectable effect above which a verdict says so
    max_off_target: float
    max_empty: float
    max_repeated: float
    checks: GateChecks
    strict: bool


@dataclass(frozen=True)
class Release:
    """What is published, where, and what must hold before."""

    name: str
    version: str
    registry: Annotated[str, ELSEWHERE]
    alias: str | None  # moved to this version when all is proven
    exports: list[str]  # float32 | int8
    licence: str
    parity_lines: int
    parity_identical: dict[str, float]  # minimum share of identical translations, by export
    parity_chrf_pp: float  # maximum difference
