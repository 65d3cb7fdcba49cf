"""The corpus of a run, encoded: what ``loop.fit`` is given."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from korpu import schema
from korpu.artifact import Artifact
from korpu.config import key_config
from korpu.errors import UsageError
from korpu.languages import direction
from korpu.nllb import tokens
from korpu.schema import Recipe
from korpu.stages import STAGES
from train import corpus, loop, mixing, state, step
from train.ranks import Ranks


def task_of(
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
    mixing.check(run, [*new, *old], section)
    encoded = partial(
        corpus.examples,
        tokenizer=tokenizer,
        max_tokens=run.max_tokens,
        machine_targets=run.synthetic_targets,
        tag=run.tag_synthetic,
    )
    learned, left_out = encoded(new, run.directions)
    mixed: list[corpus.Example] = []
    if old:
        # of several directions, what is mixed in may have some only
        there = [
            name
            for name in run.directions
            if any(corpus.turned(row, name, run.synthetic_targets) for row in old)
        ]
        mixed, also = encoded(old, there or run.directions)
        left_out += also
    groups = mixing.groups(learned, mixed, run)
    dev = corpus.validation(corpus.of(inputs["prepare"], "dev", run.directions), run)
    sides = [row[side] for row in [*new, *old] for side in ("src", "tgt")]
    counts = {
        "pairs": len(new),
        "pairs_mixed_in": len(old),
        "examples": len(learned),
        "examples_mixed_in": len(mixed),
        "examples_too_long": left_out,
        "mixture": mixing.described(learned, mixed, groups, run.mix_share),
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
        groups=groups,
    )
    return task, counts
