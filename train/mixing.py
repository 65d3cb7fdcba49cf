"""How often each example comes: a temperature between pairs of languages, weights of origins.

Let the pair of languages i have n(i) of the N examples. At a temperature T it has the share
p(i) = n(i)^(1/T) / Σ n^(1/T) of an epoch (Arivazhagan et al. 2019, section 4.2), so each of its
examples comes k(i) = p(i) · N / n(i) times on average: with T = 1 once, with a higher one more
often where the pair is small. An example of the origin o comes w(o) · k(i) times, w being the
origin's weight, so an epoch is N examples long where no origin has one.

Rows that are mixed in follow the same formula among themselves, and are ``mix_share`` of the epoch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from korpu.errors import UsageError
from korpu.languages import direction
from korpu.schema import Train
from train.corpus import Example, Row

PHASES = 0x9A5E  # apart from the numbers of epochs in the seeds of generators
Kind = tuple[str, str]  # direction, origin


@dataclass(frozen=True)
class Group:
    """Examples of one direction and origin, by their places in new and old ones after each other;
    each is ``times`` in an epoch on average."""

    direction: str
    origin: str
    mixed_in: bool
    members: NDArray[np.int64]
    times: float


def check(run: Train, rows: Sequence[Row], section: str) -> None:
    """Raise ``UsageError`` for a temperature or weight no run can have, or an unknown origin.

    ``rows`` are those that are learned, the mixed in among them.
    """
    if not run.temperature > 0:
        raise UsageError(f"{section}.temperature must be above 0, not {run.temperature}")
    there = sorted({str(row["origin"]) for row in rows})
    for name, weight in run.weights.items():
        if not weight > 0:
            raise UsageError(
                f"{section}.weights.{name} must be above 0, not {weight}; leave an origin out with "
                f"{section}.select"
            )
    for key, names in (("weights", run.weights), ("synthetic_targets", run.synthetic_targets)):
        for name in names:
            if name not in there:
                raise UsageError(
                    f"{section}.{key} names the origin {name!r}, which the selected rows do not "
                    f"have; they have {', '.join(there)}"
                )


def times(
    counts: Mapping[Kind, int], temperature: float, weights: Mapping[str, float]
) -> dict[Kind, float]:
    """How often an example of each direction and origin comes in an epoch, on average."""
    sizes: Counter[str] = Counter()  # examples of a pair of languages
    for (name, _), count in counts.items():
        sizes[pair_of(name)] += count
    flat = {pair: size ** (1 / temperature) for pair, size in sizes.items()}
    total = sizes.total() / sum(flat.values())
    # with a temperature of 1 exactly 1, which a quotient of sums is not
    factor = {
        pair: 1.0 if temperature == 1 else flat[pair] * total / size for pair, size in sizes.items()
    }
    return {
        (name, origin): weights.get(origin, 1.0) * factor[pair_of(name)] for name, origin in counts
    }


def pair_of(name: str) -> str:
    """Both directions of two languages are one pair, by whatever name."""
    return "-".join(sorted(direction(name)))


def groups(new: Sequence[Example], old: Sequence[Example], run: Train) -> tuple[Group, ...]:
    """The groups of an epoch; none where every new example comes once and old ones are drawn anew.

    Raises ``UsageError`` where an epoch could be empty.
    """
    if run.temperature == 1 and not run.weights:
        return ()
    found = _groups(new, 0, run, mixed_in=False)
    if max(len(group.members) * group.times for group in found) < 1:
        raise UsageError("an epoch has less than one example of each origin; raise weights")
    if not old:
        return tuple(found)
    mixed = _groups(old, len(new), run, mixed_in=True)
    length = sum(len(group.members) * group.times for group in found)
    natural = sum(len(group.members) * group.times for group in mixed)
    scale = length * run.mix_share / (1 - run.mix_share) / natural
    return (
        *found,
        *(Group(one.direction, one.origin, True, one.members, one.times * scale) for one in mixed),
    )


def _groups(examples: Sequence[Example], first: int, run: Train, *, mixed_in: bool) -> list[Group]:
    members: dict[Kind, list[int]] = {}
    for place, example in enumerate(examples, first):
        members.setdefault((example.direction, example.origin), []).append(place)
    often = times(
        {kind: len(places) for kind, places in members.items()}, run.temperature, run.weights
    )
    return [
        Group(*kind, mixed_in, np.array(members[kind], dtype=np.int64), often[kind])
        for kind in sorted(members)
    ]


def drawn(found: Sequence[Group], seed: int, number: int) -> NDArray[np.int64]:
    """The places of an epoch's examples, each ⌊times⌋ or ⌈times⌉ times; decided by seed and number.

    Every example has a phase u of its own, and after t epochs has come ⌊t · times + u⌋ times. The
    phases of a group's n examples are (0.5, 1.5, …)/n in an order drawn once, so the group as a
    whole has come ⌊n · t · times + 0.5⌋ times (Hermite's identity): no epoch and no example drifts.
    """
    chosen = []
    for at, group in enumerate(found):
        size = len(group.members)
        order = np.random.default_rng([seed, PHASES, at]).permutation(size)
        phase = (order + 0.5) / size
        before, after = (np.floor(t * group.times + phase) for t in (number, number + 1))
        chosen.append(np.repeat(group.members, (after - before).astype(np.int64)))
    return np.concatenate(chosen)


def described(
    new: Sequence[Example], old: Sequence[Example], found: Sequence[Group], share: float
) -> list[dict[str, Any]]:
    """What a run learns from, by direction and origin: how many examples, how often in an epoch."""
    often = {(g.mixed_in, g.direction, g.origin): g.times for g in found}
    natural = len(new) * share / (1 - share) / len(old) if old else 0.0
    rows = []
    for mixed_in, examples in ((False, new), (True, old)):
        counts = Counter((example.direction, example.origin) for example in examples)
        tagged = Counter((e.direction, e.origin) for e in examples if e.tagged)
        for kind, count in sorted(counts.items()):
            plain = natural if mixed_in else 1.0
            rows.append(
                {
                    "direction": kind[0],
                    "origin": kind[1],
                    "mixed_in": mixed_in,
                    "examples": count,
                    "tagged": tagged[kind],
                    "times": round(often.get((mixed_in, *kind), plain), 4),
                }
            )
    return rows
