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
from korpu.config import key_config
from korpu.errors import Infrastructure, SaysNo, UsageError
from korpu.languages import LANGUAGES, direction
from korpu.nllb import loading, tokens
from korpu.schema import Recipe
from korpu.stages import STAGES
from train import adapter as adapters
from train import corpus, loop, reload, report, state, step, tracking
from train.ranks import Ranks, joined
from train.state import Position

POSITIONS = 1024  # as NLLB has; the table is computed, not learned


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
        tokenizer = _vocabulary([*new, *old], recipe.model, where)
        torch.manual_seed(recipe.seed)
        model = from_scratch(recipe.model, len(tokenizer)).to(ranks.device)
        task, counts = _task(recipe, "base", inputs, model, tokenizer, new, old, ranks)
        end = _fit(task, recipe, out)
    if not ranks.writes:
        return Result(())

    with _replacing(out / "model") as temporary:
        save_model(model, tokenizer, temporary)
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
    source = model_source(recipe, inputs)
    revision = None if isinstance(source, Path) else _commit(source, recipe.model.revision)
    tokenizer = tokens.load_tokenizer(source, revision)
    with joined(device, recipe.train.ranks, "train") as ranks:
        model = loading.load_model(source, ranks.device, revision)
        before = adapters.embeddings_digest(model)
        torch.manual_seed(recipe.seed)
        adapted = adapters.attach(model, recipe.adapter)
        task, counts = _task(recipe, "train", inputs, adapted, tokenizer, new, old, ranks)
        counts |= {"base": {"weights": recipe.model.weights, "revision": revision}}
        end = _fit(task, recipe, out)
    if not ranks.writes:
        return Result(())

    if recipe.adapter.kind == "none":
        with _replacing(out / "model") as temporary:
            save_model(model, tokenizer, temporary)
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


def model_source(recipe: Recipe, inputs: Mapping[str, Artifact]) -> Path | str:
    """Where the recipe's model is: the base stage's directory, a local one, or a hub id."""
    if recipe.model.weights == "scratch":
        return inputs["base"].file("model")
    if recipe.model.weights == "local":
        return Path(str(recipe.model.path))
    if not recipe.model.hub_id:
        raise UsageError("model.hub_id has no value; name a model as model.hub_id=OWNER/NAME")
    return recipe.model.hub_id


def from_scratch(recipe: schema.Model, vocabulary_size: int) -> Any:
    """A model of NLLB's architecture with weights drawn from torch's generator."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration
    from transformers.utils import logging

    logging.disable_progress_bar()

    if recipe.d_model % recipe.heads:
        raise UsageError(
            f"model.d_model={recipe.d_model} is not a multiple of model.heads={recipe.heads}"
        )
    config = M2M100Config(
        vocab_size=vocabulary_size,
        d_model=recipe.d_model,
        encoder_layers=recipe.layers,
        decoder_layers=recipe.layers,
        encoder_attention_heads=recipe.heads,
        decoder_attention_heads=recipe.heads,
        encoder_ffn_dim=recipe.ffn,
        decoder_ffn_dim=recipe.ffn,
        dropout=recipe.dropout,
        attention_dropout=0.0,
        activation_dropout=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        max_position_embeddings=max(POSITIONS, recipe.max_length),
        scale_embedding=True,
    )
    model = M2M100ForConditionalGeneration(config)
    loading.leave_target_open(model)
    loading.check_tied(model, "the new model")
    return model


def save_model(model: Any, tokenizer: Any, directory: Path) -> None:
    """The library's layout: config, safetensors, tokenizer; raises ``Infrastructure``."""
    from safetensors import SafetensorError

    try:
        model.save_pretrained(str(directory))
        tokenizer.save_pretrained(str(directory))
    except SafetensorError as error:  # a full disk, told in the serialiser's own way
        raise Infrastructure(f"{directory}: {error}; what was complete is kept") from error


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


def _vocabulary(rows: list[corpus.Row], model: schema.Model, directory: Path) -> Any:
    texts = [row[side] for row in rows for side in ("src", "tgt")]
    codes = [code for code in LANGUAGES if code in ("azj_Latn", "uzn_Latn")]
    used = {row[side] for row in rows for side in ("src_lang", "tgt_lang")}
    shutil.rmtree(directory, ignore_errors=True)
    return tokens.train_tokenizer(
        texts, model.vocabulary_size, [*codes, *sorted(used - set(codes))], directory
    )


def _task(
    recipe: Recipe,
    section: str,
    inputs: Mapping[str, Artifact],
    model: Any,
    tokenizer: Any,
    new: list[corpus.Row],
    old: list[corpus.Row],
    ranks: Ranks,
) -> tuple[loop.Task, dict[str, Any]]:
    """Encode the rows; returns the task and what was counted on the way."""
    run: schema.Train = getattr(recipe, section)
    if not run.directions:
        raise UsageError(f"{section}.directions is empty; name one as SOURCE-TARGET")
    for name in run.directions:
        tokens.check_languages(tokenizer, direction(name))
    learned, left_out = corpus.examples(new, run.directions, tokenizer, run.max_tokens)
    mixed: list[corpus.Example] = []
    if old:
        mixed, also = corpus.examples(old, run.directions, tokenizer, run.max_tokens)
        left_out += also
    dev = corpus.validation(corpus.read(inputs["prepare"].file("dev.parquet")), run)
    sides = [row[side] for row in [*new, *old] for side in ("src", "tgt")]
    counts = {
        "pairs": len(new),
        "pairs_mixed_in": len(old),
        "examples": len(learned),
        "examples_mixed_in": len(mixed),
        "examples_too_long": left_out,
        "dev": {name: len(pairs) for name, pairs in dev.items()},
        "characters_unknown": tokens.unknown(tokenizer, sides),
        "parameters": sum(p.numel() for p in model.parameters()),
        "parameters_trained": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "device": ranks.device.partition(":")[0],
        "precision": step.precision(run, ranks),
        "ranks": ranks.world,
        "threads": torch.get_num_threads(),
    }
    task = loop.Task(
        section=section,
        run=run,
        model=model,
        tokenizer=tokenizer,
        new=learned,
        old=mixed,
        dev=dev,
        decode=recipe.decode,
        max_length=recipe.model.max_length,
        seed=recipe.seed,
        ranks=ranks,
        settings=state.flat(key_config(recipe, STAGES[section].sections)),
    )
    return task, counts


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
