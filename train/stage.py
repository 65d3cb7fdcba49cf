"""The two training stages: a base from scratch, and an adapter on the recipe's model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from korpu import log, schema
from korpu.artifact import Artifact, File, Result, fsync_tree, replace_durably, write_atomically
from korpu.errors import SaysNo, UsageError
from korpu.languages import direction
from korpu.nllb import loading, tokens
from korpu.schema import Recipe
from train import adapter as adapters
from train import corpus, loop, models, reload, report, tracking
from train.ranks import joined
from train.state import Position
from train.task import task_of


def base(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Train all weights of a small NLLB-architecture model from scratch.

    Its vocabulary is learned from the rows it trains on, and not from those an adapter will see: a
    piece without training keeps a random embedding, which a frozen embedding table never repairs
    (adapted to the same new desks by the same steps, chrF++ 73/66 against 61/58). Leaves
    ``model/``, ``metrics.jsonl`` and ``report.html``.
    """
    device = prepare_torch(recipe.runtime)
    rows = corpus.read(inputs["prepare"].file("train.parquet"))
    new, old = corpus.rows_to_learn(rows, recipe.base, "base")
    with joined(device, recipe.base.ranks, "base") as ranks:
        where = out / "work" / f"tokenizer-{ranks.rank}"
        tokenizer = models.vocabulary([*new, *old], recipe.model, where)
        torch.manual_seed(recipe.seed)
        model = models.from_scratch(recipe.model, len(tokenizer)).to(ranks.device)
        task, counts = task_of(recipe, "base", inputs, model, tokenizer, new, old, ranks)
        end = _fit(task, recipe, out)
    if not ranks.writes:
        return Result(())

    with _replacing(out / "model") as temporary:
        models.save_model(model, tokenizer, temporary)
    places = {"model": str((out / "model").absolute()), "adapter": None, "revision": None}
    return _finish(task, recipe, out, "model", end, counts, places)


def adapter(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Train an adapter on the recipe's model: its base stage's, a directory, or a hub id.

    Leaves ``adapter/`` in peft's layout (or ``model/`` where ``adapter.kind=none`` tunes the model
    whole), ``metrics.jsonl`` and ``report.html``. Raises ``SaysNo`` should the tied embeddings
    have changed by one bit below an adapter.
    """
    device = prepare_torch(recipe.runtime)
    rows = corpus.read(inputs["prepare"].file("train.parquet"))
    new, old = corpus.rows_to_learn(rows, recipe.train, "train")
    source = models.model_source(recipe, inputs)
    revision = None if isinstance(source, Path) else _commit(source, recipe.model.revision)
    tokenizer = tokens.load_tokenizer(source, revision)
    with joined(device, recipe.train.ranks, "train") as ranks:
        model = loading.load_model(source, ranks.device, revision)
        before = adapters.embeddings_digest(model)
        torch.manual_seed(recipe.seed)
        adapted = adapters.attach(model, recipe.adapter)
        task, counts = task_of(recipe, "train", inputs, adapted, tokenizer, new, old, ranks)
        counts |= {"base": {"weights": recipe.model.weights, "revision": revision}}
        end = _fit(task, recipe, out)
    if not ranks.writes:
        return Result(())

    if recipe.adapter.kind == "none":
        with _replacing(out / "model") as temporary:
            models.save_model(model, tokenizer, temporary)
        places = {"model": str((out / "model").absolute()), "adapter": None, "revision": None}
        return _finish(task, recipe, out, "model", end, counts, places)
    if adapters.embeddings_digest(adapted) != before:
        raise SaysNo("the adapter changed the tied embeddings of its base; nothing is saved")
    with _replacing(out / "adapter") as temporary:
        adapters.save(adapted, temporary)
    places = {
        "model": str(source.absolute()) if isinstance(source, Path) else source,
        "revision": revision,
        "adapter": str((out / "adapter").absolute()),
    }
    return _finish(task, recipe, out, "adapter", end, counts, places)


def prepare_torch(runtime: schema.Runtime) -> str:
    """Set the number of threads, and say which device trains."""
    if runtime.threads:
        torch.set_num_threads(runtime.threads)
    if runtime.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("runtime.device=cuda, but torch sees no GPU; use runtime.device=cpu")
    return "cuda" if runtime.device != "cpu" and torch.cuda.is_available() else "cpu"


def _commit(hub_id: str, revision: str | None) -> str:
    commit = loading.commit_of(hub_id, revision)
    if revision is None:
        log.say(f"  {hub_id} is at {commit}; put it in model.revision to keep to it")
    return commit


def _fit(task: loop.Task, recipe: Recipe, out: Path) -> Position:
    metrics = out / "metrics.jsonl"
    config = {task.section: asdict(task.run), "model": recipe.model.name, "seed": recipe.seed}
    name = f"{task.section}-{out.name}"
    shown = tracking.followers(recipe.tracker, metrics, name, config)
    with shown if task.ranks.writes else nullcontext(()) as them:
        return loop.fit(task, out / "state", metrics, them)


def _finish(
    task: loop.Task,
    recipe: Recipe,
    out: Path,
    saved: str,
    end: Position,
    counts: dict[str, Any],
    places: dict[str, str | None],
) -> Result:
    """Prove the save in a fresh process, write the report, and list the files."""
    sentences = {
        name: reload.FIXED.get(direction(name)[0], []) + [p.src for p in task.dev.get(name, [])[:6]]
        for name in task.run.directions
    }
    places = {"tokenizer": places["model"], **places}
    checked = reload.check(
        task.model, task.tokenizer, places, sentences, recipe.decode, task.max_length
    )
    records, _ = tracking.read(out / "metrics.jsonl")
    scored = [record for record in records if "chrf_pp" in record]
    chosen = [record for record in scored if record["step"] == end.best_step]
    stats = {
        **counts,
        "steps": end.step,
        "tokens": end.tokens,
        "chosen_step": end.best_step if scored else end.step,
        "dev_chrf_pp": chosen[-1]["chrf_pp"] if chosen else {},
        "train_seconds": end.seconds,
        "micro_tokens": end.micro_tokens,  # null: a batch at once
        "reload_sentences": checked,
    }
    page = report.render(f"{task.section}: {recipe.name}", records, _facts(stats))
    write_atomically(out / "report.html", page)
    return Result(
        files=(
            File(saved),
            File("metrics.jsonl", rows=len(records), counts=False),
            File("report.html", counts=False),
        ),
        stats=stats,
    )


def _facts(stats: Mapping[str, Any]) -> dict[str, str]:
    return {
        name.replace("_", " "): json.dumps(value, ensure_ascii=False)
        for name, value in stats.items()
    }


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A new directory that takes the name ``path`` once the block has filled it."""
    temporary = path.parent / "work" / path.name
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    yield temporary
    fsync_tree(temporary)
    shutil.rmtree(path, ignore_errors=True)
    replace_durably(temporary, path)
