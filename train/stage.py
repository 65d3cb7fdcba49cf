"""The two training stages: a base (trained, drawn or cut), and an adapter on the recipe's model."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from eval.load import base_of, given
from korpu import log, schema
from korpu.artifact import Artifact, File, Result, write_atomically
from korpu.errors import SaysNo, UsageError
from korpu.languages import direction
from korpu.nllb import loading, orthography, survival, tokens
from korpu.schema import Recipe
from train import adapter as adapters
from train import corpus, foundation, loop, models, reload, report, step, tracking
from train.ranks import joined
from train.state import Position
from train.task import task_of


def base(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """The model that an adapter is trained on, where the recipe makes it: see ``scratch``, and
    ``foundation.drawn`` and ``foundation.cut``, which train nothing."""
    if recipe.model.weights == "scratch":
        return scratch(recipe, inputs, out)
    prepare_torch(recipe.runtime)
    if int(os.environ.get("RANK", "0")):
        return Result(())  # of torchrun's processes the first makes it
    make = foundation.drawn if recipe.model.weights == "random" else foundation.cut
    return make(recipe, inputs, out)


def scratch(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Train all weights of a small NLLB-architecture model from scratch.

    Its vocabulary is learned from the rows it trains on, and not from those an adapter will see: a
    piece without training keeps a random embedding, which a frozen embedding table never repairs
    (adapted to the same new desks by the same steps, chrF++ 73/66 against 61/58). Leaves
    ``model/``, ``metrics.jsonl`` and ``report.html``.
    """
    device = prepare_torch(recipe.runtime)
    rows = corpus.of(inputs["prepare"], "train", recipe.base.directions)
    new, old = corpus.rows_to_learn(rows, recipe.base, "base")
    with joined(device, recipe.base.ranks, "base") as ranks:
        where = out / "work" / f"tokenizer-{ranks.rank}"
        tokenizer = models.vocabulary([*new, *old], recipe.model, where)
        torch.manual_seed(recipe.seed)
        model = models.from_scratch(recipe.model, len(tokenizer)).to(ranks.device)
        task, counts = task_of(recipe, "base", inputs, model, tokenizer, new, old, ranks)
        end = _fit(task, recipe, out, None)
    if not ranks.writes:
        return Result(())

    models.save(model, tokenizer, out)
    return _finish(task, recipe, out, "model", end, counts, {"model": out / "model"})


def adapter(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Train an adapter on the recipe's model: its base stage's, a directory, or a hub id.

    Leaves ``adapter/`` in peft's layout (or ``model/`` where ``adapter.kind=none`` tunes the model
    whole), ``metrics.jsonl`` and ``report.html``. Raises ``SaysNo`` should the tied embeddings
    have changed by one bit below an adapter, ``UsageError`` where the tokenizer cannot write a
    letter of the languages.
    """
    kind, quantize = recipe.adapter.kind, recipe.adapter.quantize
    if kind == "none" and quantize != "none":
        raise UsageError(
            f"adapter.quantize={quantize} is of a base below an adapter, and adapter.kind=none "
            "trains the base; set adapter.quantize=none"
        )
    device = prepare_torch(recipe.runtime)
    rows = corpus.of(inputs["prepare"], "train", recipe.train.directions)
    new, old = corpus.rows_to_learn(rows, recipe.train, "train")
    made = recipe.model.weights if "base" in inputs else None
    source, origin = (base_of(recipe, inputs), {"weights": made}) if made else given(recipe)
    tokenizer = survival.settled(tokens.load_tokenizer(source), recipe.model.orthography)
    with joined(device, recipe.train.ranks, "train") as ranks:
        model = loading.load_model(source, ranks.device, quantize)
        before = adapters.embeddings_digest(model)
        torch.manual_seed(recipe.seed)
        adapted = adapters.attach(model, recipe.adapter)
        task, counts = task_of(recipe, "train", inputs, adapted, tokenizer, new, old, ranks)
        sides = [row[side] for row in [*new, *old] for side in ("src", "tgt")]
        counts |= {"base": origin, "characters_lost": survival.lost(tokenizer, sides)}
        end = _fit(task, recipe, out, None if kind == "none" else source)
    if not ranks.writes:
        return Result(())

    if kind == "none":
        models.save(model, tokenizer, out)
        return _finish(task, recipe, out, "model", end, counts, {"model": out / "model"})
    if adapters.embeddings_digest(adapted) != before:
        raise SaysNo("the adapter changed the tied embeddings of its base; nothing is saved")
    with models.replacing(out / "adapter") as temporary:
        adapters.save(adapted, temporary)
    places = {"model": source, "adapter": out / "adapter"}
    return _finish(task, recipe, out, "adapter", end, counts, places)


def prepare_torch(runtime: schema.Runtime) -> str:
    """Set the number of threads, and say which device trains."""
    if runtime.threads:
        torch.set_num_threads(runtime.threads)
    if runtime.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("runtime.device=cuda, but torch sees no GPU; use runtime.device=cpu")
    if runtime.device == "cpu" or not torch.cuda.is_available():
        return "cpu"
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", step.WORKSPACE)  # before cuBLAS begins
    return "cuda"


def _fit(task: loop.Task, recipe: Recipe, out: Path, below: Path | None) -> Position:
    """``below``: the model that an adapter is on; None where the model is trained whole."""
    task = replace(task, prove=_proving(task, recipe, out / "work" / "reload", below))
    metrics = out / "metrics.jsonl"
    config = {task.section: asdict(task.run), "model": recipe.model.name, "seed": recipe.seed}
    name = f"{task.section}-{out.name}"
    shown = tracking.followers(recipe.tracker, metrics, name, config)
    with shown if task.ranks.writes else nullcontext(()) as them:
        return loop.fit(task, out / "state", metrics, them)


def _proving(
    task: loop.Task, recipe: Recipe, folder: Path, below: Path | None
) -> Callable[[], object]:
    """The proof of a state: the weights as they are, saved apart and loaded by a fresh process."""

    def prove() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        models.write_orthography(task.tokenizer, folder)
        places = {"orthography": folder / orthography.NAME}
        if below is None:
            models.save_model(task.model, task.tokenizer, folder / "model")
            places |= {"model": folder / "model"}
        else:
            adapters.save(task.model, folder / "adapter")
            places |= {"model": below, "adapter": folder / "adapter"}
        count = _reloaded(task, recipe, places)
        log.say(f"  {task.section}: a fresh process loads the same model ({count} sentences)")
        shutil.rmtree(folder)

    return prove


def _reloaded(task: loop.Task, recipe: Recipe, places: Mapping[str, Path]) -> int:
    """How many sentences a fresh process translates alike; raises ``SaysNo`` where it does not."""
    sentences = {
        name: reload.FIXED.get(direction(name)[0], []) + [p.src for p in task.dev.get(name, [])[:6]]
        for name in task.run.directions
    }
    quantize = recipe.adapter.quantize if "adapter" in places else "none"
    return reload.check(
        task.model, task.tokenizer, places, sentences, recipe.decode, task.max_length, quantize
    )


def _finish(
    task: loop.Task,
    recipe: Recipe,
    out: Path,
    saved: str,
    end: Position,
    counts: dict[str, Any],
    places: dict[str, Path],
) -> Result:
    """Prove the save in a fresh process, write the report, and list the files."""
    models.write_orthography(task.tokenizer, out)
    checked = _reloaded(task, recipe, {**places, "orthography": out / orthography.NAME})
    records, _ = tracking.read(out / "metrics.jsonl")
    stats = {**counts, **report.ended(records, end), "reload_sentences": checked}
    page = report.render(f"{task.section}: {recipe.name}", records, stats)
    write_atomically(out / "report.html", page)
    return Result(
        files=(
            File(saved),
            File(orthography.NAME),
            File("metrics.jsonl", rows=len(records), counts=False),
            File("report.html", counts=False),
        ),
        stats=stats,
    )
