"""`korpu train shares=1,2,5`: what an epoch would be made of, before anything is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from korpu import schema, stages
from korpu.errors import UsageError
from korpu.schema import Recipe
from train import corpus, mixing

HEAD = ("direction", "origin", "pairs", "times", "in an epoch", "share")


def shares_action(recipe: Recipe, value: str) -> None:
    """Print, for each temperature in ``value``, how often the rows of ``train`` come in an epoch.

    The rows are those of ``train.select``, by direction and origin, with ``train.weights``; what is
    mixed in is not among them, and none is counted out as too long yet. Raises ``UsageError`` where
    the corpus is not made, or the settings are none.
    """
    made = stages.plan(recipe, "prepare")["prepare"].made
    if made is None:
        raise UsageError("shares needs the corpus of this recipe; make it with `korpu prepare`")
    try:
        temperatures = [float(part) for part in value.split(",")]
    except ValueError:
        raise UsageError(
            f"shares is a list of temperatures, such as 1,2,5, not {value!r}"
        ) from None
    rows = corpus.of(made, "train", recipe.train.directions)
    learned = corpus.select(rows, recipe.train.select, "train.select")
    for temperature in temperatures:
        run = replace(recipe.train, temperature=temperature)
        mixing.check(run, learned, "train")
        print("\n".join(lines(learned, run)))


def lines(rows: Sequence[corpus.Row], run: schema.Train) -> Iterator[str]:
    """A table of one temperature."""
    counts = Counter(
        (name, str(row["origin"]))
        for name in run.directions
        for row in rows
        if corpus.turned(row, name, run.synthetic_targets)
    )
    often = mixing.times(counts, run.temperature, run.weights)
    total = sum(counts[kind] * often[kind] for kind in counts)
    wide = max([len(HEAD[1]), *(len(origin) for _, origin in counts)])
    yield f"temperature {run.temperature:g}"
    yield f"  {HEAD[0]:<19} {HEAD[1]:<{wide}} " + " ".join(f"{name:>11}" for name in HEAD[2:])
    for kind, count in counts.items():
        length = count * often[kind]
        yield (
            f"  {kind[0]:<19} {kind[1]:<{wide}} {count:>11} {often[kind]:>11.3f} {length:>11.0f} "
            f"{length / total:>11.1%}"
        )
