"""The one recipe every command reads: a frozen dataclass per group, values in ``configs/``.

A field says by its annotation how it enters a stage's key: ``ELSEWHERE`` fields (paths, workers,
devices, credentials) do not, ``CONTENT`` fields are paths whose file *content* does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from korpu.schema.collect import (
    Collect,
    Corrections,
    Files,
    Hub,
    Newsroom,
    Opus,
    Site,
    Sources,
    Warc,
)
from korpu.schema.evaluate import (
    Bundle,
    Decode,
    Evaluate,
    External,
    Gate,
    GateChecks,
    LicenceOverride,
    Part,
    Release,
    Robustness,
    Scorer,
)
from korpu.schema.marks import CONTENT, ELSEWHERE, NAME_OR_CONTENT
from korpu.schema.model import Adapter, Model
from korpu.schema.prepare import (
    Align,
    Benchmark,
    Decontaminate,
    Dedupe,
    Encoder,
    Filter,
    Prepare,
    Split,
)
from korpu.schema.runtime import Runtime, Slurm
from korpu.schema.train import Monitor, Select, Tracker, Train

__all__ = [
    "CONTENT", "ELSEWHERE", "NAME_OR_CONTENT", "Adapter", "Align", "Benchmark", "Bundle", "Collect",
    "Corrections", "Decode", "Decontaminate", "Dedupe", "Encoder", "Evaluate", "External", "Files",
    "Filter", "Gate", "GateChecks", "Hub", "LicenceOverride", "Model", "Monitor", "Newsroom",
    "Opus", "Part", "Prepare", "Recipe", "Release", "Robustness", "Runtime", "Scorer", "Select",
    "Site", "Slurm", "Sources", "Split", "Tracker", "Train", "Warc",
]  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """One schema for every command; a stage declares which of these sections it reads."""

    name: str
    seed: int
    newsroom: Newsroom
    source: Sources
    collect: Collect
    prepare: Prepare
    benchmark: dict[str, Benchmark]
    model: Model
    adapter: Adapter
    base: Train
    train: Train
    decode: Decode
    evaluate: Evaluate
    gate: Gate
    release: Release
    tracker: Tracker
    runtime: Annotated[Runtime, ELSEWHERE]
    out: Annotated[str | None, ELSEWHERE]  # the command's own output goes here instead
