"""The stage `evaluate`: translate the test sets, score them, and say where it goes wrong.

Every distinct source is translated once per model, direction and decoding, in shards that are kept
(``eval.cache``), so a killed evaluation continues, and another metric or test set translates only
what is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval import (
    breakdown,
    buckets,
    cache,
    decoding,
    hypotheses,
    report,
    robustness,
    store,
    testset,
    vocabulary,
)
from eval.load import Translate, device_of, identity_of, load_system
from eval.metrics import METRICS, Memo
from eval.scores import available, checked, judged, scored
from eval.scores import unavailable as without
from eval.sentences import Shown
from eval.testset import TestSide
from korpu import artifact, languages, log, recorded
from korpu.artifact import Artifact, File, Result
from korpu.config import SYSTEMS
from korpu.errors import UsageError
from korpu.schema import Recipe

SCHEMA = 1  # of report.json
SHARD = 2048  # sources translated and kept at once: with fewer, more of a batch is padding


def run(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Files: report.json, report.html, stats.npz, hypotheses/*.jsonl.

    A part or benchmark without lines in a direction is named in ``unavailable``. Raises
    ``UsageError`` for an unknown system, metric or direction, and where nothing has lines.
    """
    _check(recipe)
    if recipe.evaluate.spm:
        lock = Path(recipe.runtime.outputs) / "benchmarks"
        recorded.check(lock, "spbleu", {"spm": recipe.evaluate.spm})
    sides, unavailable = testset.sides(recipe, inputs)
    unavailable += without(recipe.evaluate, sides)
    for row in unavailable:
        log.say(f"  {row['benchmark']} {row['direction']}: not scored, {row['reason']}")
    hyps: dict[tuple[str, str], dict[str, list[str]]] = {
        (side.benchmark, side.direction): {} for side in sides
    }
    disturbed = robustness.disturbed(sides, recipe.evaluate.robustness, recipe.seed)
    after: dict[tuple[str, str], dict[str, list[str]]] = {
        (one.side.benchmark, one.side.direction): {} for one in disturbed
    }
    for system in recipe.evaluate.systems:
        more = [one.side for one in disturbed] if _answers(system, recipe) else []
        for side, outputs in _translated(system, recipe, inputs, out, [*sides, *more]):
            known = after if (side.benchmark, side.direction) in after else hyps
            known[side.benchmark, side.direction][system] = outputs
    scores: list[dict[str, Any]] = []
    found_checks: list[dict[str, Any]] = []
    in_buckets: list[dict[str, Any]] = []
    shown: list[Shown] = []
    arrays = {}
    seen = vocabulary.counted(inputs["prepare"], sides) if "prepare" in inputs else {}
    memo: Memo = {}
    settings = (available(recipe.evaluate), recipe.evaluate.bootstrap, recipe.seed)
    spm = Path(recipe.evaluate.spm) if recipe.evaluate.spm else None
    with log.progress("score", len(sides), "test sets") as advance:
        for side in sides:
            outputs_of = hyps[side.benchmark, side.direction]
            rows, counts = scored(side, outputs_of, *settings, memo, spm, recipe.evaluate.scorers)
            scores += rows
            arrays.update(counts)
            by_check, counts = judged(side, outputs_of)
            arrays.update(counts)
            found_checks += checked(side, outputs_of, by_check)
            failed = breakdown.failures(outputs_of, by_check)
            cut = buckets.cut(side, failed, seen.get(languages.direction(side.direction)[0]))
            in_buckets += breakdown.scored(side, outputs_of, cut, *settings, memo, spm)
            shown.append(Shown(side, outputs_of, cut, failed))
            advance(1)
    made = {
        "schema": SCHEMA,
        "model": _model(recipe, inputs),
        "normaliser": _normaliser(),
        "decode": decoding.settings(recipe),
        "systems": list(recipe.evaluate.systems),
        "benchmarks": _benchmarks(sides),
        "scores": scores,
        "checks": found_checks,
        "robustness": robustness.rows(
            disturbed, hyps, after, recipe.evaluate.bootstrap, recipe.seed
        ),
        "buckets": in_buckets,
        "unavailable": unavailable,
    }
    store.write_statistics(out / "stats.npz", arrays)
    artifact.write_json(out / "report.json", made)
    artifact.write_atomically(out / "report.html", report.html(made, shown, memo))
    files = _files(sides, disturbed, recipe)
    return Result(files=files, stats=_stats(scores, unavailable))


def _answers(system: str, recipe: Recipe) -> bool:
    """Whether a system translates whatever it is given: a file of hypotheses does not."""
    return system != "copy" and system not in recipe.evaluate.hypotheses


def _check(recipe: Recipe) -> None:
    if not recipe.evaluate.systems:
        raise UsageError(f"evaluate.systems is empty; name some of {', '.join(SYSTEMS)}")
    evaluate = recipe.evaluate
    own = [*evaluate.external, *evaluate.bundles, *evaluate.hypotheses]
    for kind, given, known in (
        ("systems", evaluate.systems, [*SYSTEMS, *own]),
        ("metrics", evaluate.metrics, METRICS),
    ):
        for name in given:
            if name not in known:
                raise UsageError(f"evaluate.{kind}: unknown {name!r}; use {', '.join(known)}")
        if len(set(given)) < len(given):
            raise UsageError(f"evaluate.{kind} names one twice: {', '.join(given)}")
    if not available(evaluate):
        raise UsageError(
            "evaluate.metrics has nothing that can be computed: spbleu needs evaluate.spm; "
            "add chrf_pp"
        )
    for name in [*own, *evaluate.scorers]:
        if not testset.NAME.fullmatch(name) or name in METRICS:
            raise UsageError(
                f"evaluate: {name!r} cannot be a name; use other letters, digits, _ . -"
            )
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
    if system in recipe.evaluate.hypotheses:
        found = [hypotheses.read(system, recipe.evaluate, side) for side in sides]
        for path, side, outputs in zip(paths, sides, found, strict=True):
            store.write_hypotheses(path, side, outputs or [])
    loaded: Translate | None = None
    for name in dict.fromkeys(side.direction for side in sides):
        wanted = [i for i, side in enumerate(sides) if side.direction == name]
        if all(found[i] is not None for i in wanted):
            continue
        sources = {s.src for i in wanted for s in sides[i].segments}
        kept = _kept(system, recipe, inputs, out)
        known = cache.known(kept.path, name, sorted(sources))
        missing = sorted(sources - known.keys(), key=lambda s: (len(s), s))
        if known and kept.outlives:
            log.say(f"  {system} {name}: {len(known)} of {len(sources)} were translated before")
        if missing:
            loaded = loaded or load_system(system, recipe, inputs, device_of(recipe))
            known |= _shards(loaded, system, name, missing, kept, recipe)
        for i in wanted:
            outputs = [known[segment.src] for segment in sides[i].segments]
            store.write_hypotheses(paths[i], sides[i], outputs)
            found[i] = outputs
    return [(side, outputs or []) for side, outputs in zip(sides, found, strict=True)]


@dataclass(frozen=True)
class Kept:
    """Where a system's translations are kept; ``outlives``: for other evaluations too."""

    path: Path
    identity: Mapping[str, Any]
    outlives: bool


def _kept(system: str, recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Kept:
    identity = identity_of(system, recipe, inputs, device_of(recipe))
    folder = Path(recipe.runtime.outputs) / "translations" if identity else out / "work"
    identity = identity or {"system": system}
    return Kept(cache.path_of(folder, identity), identity, folder != out / "work")


def _shards(
    run_system: Translate,
    system: str,
    direction: str,
    sources: Sequence[str],
    kept: Kept,
    recipe: Recipe,
) -> dict[str, str]:
    """Source to translation; each shard is kept when it is done."""
    known: dict[str, str] = {}
    codes = languages.direction(direction)
    with log.progress(f"{system} {direction}", len(sources), "sentences") as advance:
        # a program that loads a model is started once, not for every shard
        size = max(1, len(sources)) if system in recipe.evaluate.external else SHARD
        for at in range(0, len(sources), size):
            shard = sources[at : at + size]
            pairs = dict(zip(shard, run_system(shard, codes), strict=True))
            cache.keep(kept.path, kept.identity, direction, pairs)
            known.update(pairs)
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
            "references": 1 + len(side.more),
        }
    return found


def _files(
    sides: Sequence[TestSide], disturbed: Sequence[robustness.Disturbed], recipe: Recipe
) -> tuple[File, ...]:
    systems = recipe.evaluate.systems
    made = [(side, system) for side in sides for system in systems]
    answering = [system for system in systems if _answers(system, recipe)]
    made += [(one.side, system) for one in disturbed for system in answering]
    hypotheses = [
        File(store.hypotheses_path(side, system), rows=len(side.segments)) for side, system in made
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
