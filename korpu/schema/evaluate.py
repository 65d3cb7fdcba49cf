"""What `evaluate`, `gate` and `release` read."""

from __future__ import annotations

from dataclasses import dataclass, field
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
class External:
    """A system that is a program: sentences on its input, as many translations on its output."""

    command: str  # split as a shell does, run without one; {source} and {target} are the languages
    version: str = "1"  # of the program: raised when it would answer otherwise
    timeout: float = 3600.0  # seconds for one direction


@dataclass(frozen=True)
class Bundle:
    """A system that is a published bundle."""

    path: Annotated[str, CONTENT]  # its folder
    format: str = "ct2-int8"  # hf | ct2-float32 | ct2-int8: the folder inside that is loaded


@dataclass(frozen=True)
class Scorer:
    """A metric that is a program: JSON lines {src, hyp, ref} in, a number a line out."""

    command: str  # split as a shell does, run without one
    signature: str  # its name, version and model, as a score of it is cited
    timeout: float = 3600.0  # seconds for one system on one test set


@dataclass(frozen=True)
class Robustness:
    """Test sets with a disturbed source, translated beside the plain ones."""

    perturbations: list[str]  # apostrophes | lower | upper | cyrillic | typos; empty: none
    lines: int  # segments of each test set, evenly spread


@dataclass(frozen=True)
class Evaluate:
    """What is scored, on what, how."""

    systems: list[str]  # copy | base | adapter | merged | a name of external, bundles or hypotheses
    directions: list[str]
    test: dict[str, Part]
    slices: Annotated[str | None, CONTENT]  # JSON lines {language, text, slice}
    metrics: list[str]  # bleu | spbleu | ter | chrf | chrf_pp
    bootstrap: int  # resamples for the intervals
    backend: str  # hf | ctranslate2: what base and adapter are decoded with
    compute_type: str  # of ctranslate2; int8 and the like are another model with its own scores
    robustness: Robustness
    spm: Annotated[str | None, CONTENT] = None  # flores200's SentencePiece model, for spbleu
    external: dict[str, External] = field(default_factory=dict)
    bundles: dict[str, Bundle] = field(default_factory=dict)
    hypotheses: Annotated[dict[str, dict[str, dict[str, str]]], CONTENT] = field(
        default_factory=dict
    )  # system → test set → direction → a file of lines or JSON lines {id, hyp}
    scorers: dict[str, Scorer] = field(default_factory=dict)  # by the metric's name: comet


@dataclass(frozen=True)
class GateChecks:
    """When a check fails measurably more often than with the baseline."""

    names: list[str]  # of the checks; empty: all
    rise: float  # percentage points that a significant rise may have at most


@dataclass(frozen=True)
class Gate:
    """When a model is measurably worse than its baseline."""

    system: str
    baseline: Annotated[str, NAME_OR_CONTENT]  # a system here, another report or its folder, …
    # … or registry:NAME@ALIAS, the report of a bundle in release.registry
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
class LicenceOverride:
    """A licence that is looser than demanded, on purpose; both, or neither, are given."""

    licence: str | None
    reason: str | None


@dataclass(frozen=True)
class Release:
    """What is published, where, and what must hold before."""

    name: str
    version: str
    registry: Annotated[str, ELSEWHERE]
    alias: str | None  # moved to this version when all is proven
    exports: list[str]  # float32 | int8
    licence: str
    licence_override: LicenceOverride
    sign_key: Annotated[str | None, ELSEWHERE]  # private key (PEM) that signs the bundle
    parity_lines: int
    parity_identical: dict[str, float]  # minimum share of identical translations, by export
    parity_chrf_pp: float  # maximum difference
