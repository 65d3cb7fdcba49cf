"""Do the report and the gate belong to this very model? Only then may it be published.

Every stage's manifest names its inputs by key and by the sha256 of their manifests, which name the
sha256 of every file; following these from gate to base proves what was measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from eval import decoding
from korpu.artifact import Artifact
from korpu.errors import SaysNo
from korpu.schema import Recipe

SYSTEM = "adapter"  # the evaluated system that a bundle is made of
MUST_NAME = {"train": ("prepare",), "evaluate": ("prepare", "train"), "gate": ("evaluate",)}


def check(recipe: Recipe, inputs: Mapping[str, Artifact]) -> dict[str, Any]:
    """The report (``report.json``) that belongs to these inputs.

    Raises ``SaysNo`` where a manifest names another input, a file was changed after its manifest
    was written, the gate did not pass or judged another system, a benchmark was scored that the
    corpus was not cleaned of, or the report is of another adapter or another decoding.
    """
    for made in inputs.values():
        _check_inputs(made, inputs)
    for made in inputs.values():
        made.verify()
    gate = inputs["gate"]
    verdict = json.loads(gate.file("gate.json").read_text("utf-8"))
    if gate.manifest.get("refused") or not verdict["passed"]:
        why = gate.manifest.get("refused") or "see its summary.md"
        raise SaysNo(f"the gate did not pass, so nothing is released: {why} ({gate.directory})")
    if verdict["system"] != SYSTEM:
        raise SaysNo(
            f"the gate judged the system {verdict['system']!r}, and the release is of {SYSTEM!r}; "
            f"set gate.system={SYSTEM} and run `korpu gate`"
        )
    evaluation = inputs["evaluate"]
    _check_clean(evaluation, inputs["prepare"])
    report: dict[str, Any] = json.loads(evaluation.file("report.json").read_text("utf-8"))
    measured, wanted = dict(report["decode"]), decoding.settings(recipe)
    if report["model"]["adapter_key"] != inputs["train"].key:
        raise SaysNo(f"{evaluation.directory} is the report of another adapter; run it again")
    if measured["compute_type"] != "float32":
        raise SaysNo(
            f"{evaluation.directory} was decoded in {measured['compute_type']}, which is another "
            "model than the adapter; evaluate with evaluate.compute_type=float32"
        )
    if measured != wanted:
        raise SaysNo(f"{evaluation.directory} was decoded otherwise than this recipe says")
    return report


def _check_clean(evaluation: Artifact, prepared: Artifact) -> None:
    """Every benchmark that was scored must be one that the corpus was cleaned of.

    ``prepare`` reads its finished splits once more and makes no corpus where a line is left, so
    what it names here is in none of them.
    """
    cleaned = prepared.manifest["config"].get("benchmark", {})
    counted = prepared.stats.get("benchmarks", {})
    for name, files in evaluation.manifest["config"].get("benchmark", {}).items():
        if name not in counted or cleaned.get(name) != files:
            raise SaysNo(
                f"the corpus {prepared.directory} was not cleaned of the benchmark {name} that was "
                "scored, so it may have been trained on; add it to benchmark and prepare again"
            )


def _check_inputs(made: Artifact, inputs: Mapping[str, Artifact]) -> None:
    named = {reference["stage"]: reference for reference in made.manifest["inputs"]}
    for stage in MUST_NAME.get(made.stage, ()):
        if stage not in named:
            raise SaysNo(
                f"{made.directory} does not say which {stage} it was made from; delete it and "
                f"run `korpu {made.stage}` again"
            )
    for stage, reference in named.items():
        if stage in inputs and reference != inputs[stage].reference():
            raise SaysNo(
                f"{made.directory} was made from another {stage} than "
                f"{inputs[stage].directory}; delete it and run `korpu {made.stage}` again"
            )
