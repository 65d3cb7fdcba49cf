"""The stage `evaluate`: translate the test sets, score them, and say where it goes wrong.

Every distinct source is translated once per system and direction, in fixed shards kept under
`work/`, so a killed evaluation continues and gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval import breakdown, buckets, report, store, testset, vocabulary
from eval.load import SYSTEMS, Translate, device_of, load_system
from eval.metrics import METRICS, Memo
from eval.scores import checked, scored
from eval.sentences import Shown
from eval.testset import TestSide
from korpu import artifact, languages, log
from korpu.artifact import Artifact, File, Result
from korpu.errors import UsageError
from korpu.schema import Recipe

SCHEMA = 1  # of report.json
SHARD = 512  # sources translated and kept at once


def run(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Files: report.json, report.html, stats.npz, hypotheses/*.jsonl.

    A part or benchmark without lines in a direction is named in ``unavailable``. Raises
    ``UsageError`` for an unknown system, metric or direction, and where nothing has lines.
    """
    _check(recipe)
    sides, unavailable = testset.sides(recipe, inputs)
    for row in unavailable:
        log.say(f"  {row['benchmark']} {row['direction']}: not scored, {row['reason']}")
    hyps: dict[tuple[str, str], dict[str, list[str]]] = {
        (side.benchmark, side.direction): {} for side in sides
    }
    for system in recipe.evaluate.systems:
        for side, outputs in _translated(system, recipe, inputs, out, sides):
            hyps[side.benchmark, side.direction][system] = outputs
    scores: list[dict[str, Any]] = []
    found_checks: list[dict[str, Any]] = []
    in_buckets: list[dict[str, Any]] = []
    shown: list[Shown] = []
    arrays = {}
    seen = vocabulary.counted(inputs["prepare"], sides) if "prepare" in inputs else {}
    memo: Memo = {}
    with log.progress("score", len(sides), "test sets") as advance:
        for side in sides:
            outputs_of = hyps[side.benchmark, side.direction]
            settings = (recipe.evaluate.metrics, recipe.evaluate.bootstrap, recipe.seed)
            rows, counts = scored(side, outputs_of, *settings, memo)
            scores += rows
            arrays.update(counts)
            found_checks += checked(side, outputs_of)
            failed = breakdown.failures(side, outputs_of)
            cut = buckets.cut(side, failed, seen.get(languages.direction(side.direction)[0]))
            in_buckets += breakdown.scored(side, outputs_of, cut, *settings, memo)
            shown.append(Shown(side, outputs_of, cut, failed))
            advance(1)
    made = {
        "schema": SCHEMA,
        "model": _model(recipe, inputs),
        "normaliser": _normaliser(),
        "decode": {**asdict(recipe.decode), "max_length": recipe.model.max_length},
        "systems": list(recipe.evaluate.systems),
        "benchmarks": _benchmarks(sides),
        "scores": scores,
        "checks": found_checks,
        "buckets": in_buckets,
        "unavailable": unavailable,
    }
    store.write_statistics(out / "stats.npz", arrays)
    artifact.write_json(out / "report.json", made)
    artifact.write_atomically(out / "report.html", report.html(made, shown, memo))
    return Result(files=_files(sides, recipe), stats=_stats(scores, unavailable))


def _check(recipe: Recipe) -> None:
    if not recipe.evaluate.systems:
        raise UsageError(f"evaluate.systems is empty; name some of {', '.join(SYSTEMS)}")
    for kind, given, known in (
        ("systems", recipe.evaluate.systems, SYSTEMS),
        ("metrics", recipe.evaluate.metrics, METRICS),
    ):
        for name in given:
            if name not in known:
                raise UsageError(f"evaluate.{kind}: unknown {name!r}; use {', '.join(known)}")
        if len(set(given)) < len(given):
            raise UsageError(f"evaluate.{kind} names one twice: {', '.join(given)}")
    for name in recipe.evaluate.directions:
        languages.direction(name)
    if recipe.evaluate.bootstrap < 1:
        raise UsageError("evaluate.bootstrap must be at least 1; 1000 is usual")


def _translated(
    system: str,
    recipe: Recipe,
    inputs: Mapping[str, Artifact],
    out: Path,
    sides: Sequence[TestSide],
) -> list[tuple[TestSide, list[str]]]:
    """One system's hypotheses on every test set, translated or as a killed run left them."""
    paths = [out / store.hypotheses_path(side, system) for side in sides]
    found = [store.read_hypotheses(path, side) for path, side in zip(paths, sides, strict=True)]
    loaded: Translate | None = None
    for name in dict.fromkeys(side.direction for side in sides):
        wanted = [i for i, side in enumerate(sides) if side.direction == name]
        if all(found[i] is not None for i in wanted):
            continue
        loaded = loaded or load_system(system, recipe, inputs, device_of(recipe))
        sources = {s.src for i in wanted for s in sides[i].segments}
        known = _shards(loaded, system, name, sorted(sources, key=lambda s: (len(s), s)), out)
        for i in wanted:
            outputs = [known[segment.src] for segment in sides[i].segments]
            store.write_hypotheses(paths[i], sides[i], outputs)
            found[i] = outputs
    return [(side, outputs or []) for side, outputs in zip(sides, found, strict=True)]


def _shards(
    run_system: Translate, system: str, direction: str, sources: Sequence[str], out: Path
) -> dict[str, str]:
    """Source to translation, in shards that are complete or absent."""
    known: dict[str, str] = {}
    codes = languages.direction(direction)
    with log.progress(f"{system} {direction}", len(sources), "sentences") as advance:
        for at in range(0, len(sources), SHARD):
            shard = list(sources[at : at + SHARD])
            name = artifact.digest([system, direction, shard])[:16]
            path = out / "work" / f"{name}.json"
            if path.exists():
                outputs = json.loads(path.read_text("utf-8"))
            else:
                outputs = run_system(shard, codes)
                artifact.write_json(path, outputs)
            known.update(zip(shard, outputs, strict=True))
            advance(len(shard))
    return known


def _model(recipe: Recipe, inputs: Mapping[str, Artifact]) -> dict[str, Any]:
    """Which model was evaluated: keys of the stages that made it, or what names its weights."""
    if "base" in inputs:
        base: str | None = inputs["base"].key
    elif recipe.model.weights == "hub":
        base = f"{recipe.model.hub_id}@{inputs['train'].stats['base']['revision']}"
    else:
        base = artifact.sha256(Path(recipe.model.path)) if recipe.model.path else None
    adapter = inputs["train"].key if "train" in inputs else None
    return {"name": recipe.model.name, "base_key": base, "adapter_key": adapter}


def _normaliser() -> str:
    from data_prep.text.normalize import VERSION

    return f"korpu-{VERSION}"


def _benchmarks(sides: Sequence[TestSide]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for side in sides:
        documents = len({s.document for s in side.segments if s.document})
        found.setdefault(side.benchmark, {})[side.direction] = {
            "n": len(side.segments),
            "documents": documents,
            "sha256": side.sha256,
        }
    return found


def _files(sides: Sequence[TestSide], recipe: Recipe) -> tuple[File, ...]:
    hypotheses = [
        File(store.hypotheses_path(side, system), rows=len(side.segments))
        for side in sides
        for system in recipe.evaluate.systems
    ]
    return (File("report.json"), File("report.html"), File("stats.npz"), *hypotheses)


def _stats(scores: Sequence[Mapping[str, Any]], unavailable: Sequence[Any]) -> dict[str, Any]:
    main = [row for row in scores if row["normalised"]]
    return {
        "normalised": {
            " ".join([row["benchmark"], row["direction"], row["system"], row["metric"]]): round(
                row["value"], 2
            )
            for row in main
        },
        "unavailable": len(unavailable),
    }
