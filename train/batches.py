"""Token-budget batches in length buckets, decided by (seed, epoch) alone.

An epoch's batches are made up front by one pure function, in the process that trains, so their
order cannot depend on a number of workers, and a resumed run makes the same ones again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from train import mixing
from train.corpus import Example

JITTER = 4.0  # tokens of noise on the length that batches are sorted by: mixes them anew each epoch


@dataclass(frozen=True)
class Batch:
    """Tensors of one step; all are int64.

    ``source`` and ``source_mask`` are (rows, source length); ``decoder`` and ``labels`` are (rows,
    target length), labels -100 on padding. ``targets`` counts the labels, ``ids`` names the rows.
    """

    source: Any
    source_mask: Any
    decoder: Any
    labels: Any
    targets: int
    ids: tuple[str, ...]


def epoch(
    new: Sequence[tuple[int, int]],
    old: Sequence[tuple[int, int]],
    budget: int,
    mix_share: float,
    seed: int,
    number: int,
    groups: Sequence[mixing.Group] = (),
) -> list[list[int]]:
    """An epoch's batches, as indices into ``new`` followed by ``old``.

    ``new`` and ``old`` are (source, target) lengths in tokens. Every new example is in the epoch
    once; old ones are drawn without repetition (as far as there are enough) so that they are
    ``mix_share`` of the epoch. Where there are ``groups``, they say instead how often each example
    comes. A batch's rows × longest target, padding included, is at most ``budget``, but for a
    single row that is longer.
    """
    draw = np.random.default_rng([seed, number])
    chosen = np.arange(len(new))
    if groups:
        chosen = mixing.drawn(groups, seed, number)
    elif old and mix_share > 0:
        count = round(len(new) * mix_share / (1 - mix_share))
        rounds = [draw.permutation(len(old)) for _ in range(-(-count // len(old)))]
        chosen = np.concatenate([chosen, len(new) + np.concatenate(rounds)[:count]])
    sizes = np.array([*new, *old], dtype=np.float64)[chosen]
    # By target length first, since it bounds the budget; the source follows it closely.
    keys = sizes[:, 1] + 0.3 * sizes[:, 0] + draw.uniform(0, JITTER, len(chosen))
    order = np.argsort(keys, kind="stable")
    batches: list[list[int]] = []
    rows: list[int] = []
    longest = 0
    for index in order:
        target = int(sizes[index, 1])
        if rows and (len(rows) + 1) * max(longest, target) > budget:
            batches.append(rows)
            rows, longest = [], 0
        rows.append(int(chosen[index]))
        longest = max(longest, target)
    batches.append(rows)
    return [batches[at] for at in draw.permutation(len(batches))]


def lengths(examples: Sequence[Example]) -> list[tuple[int, int]]:
    """(source, target) lengths in tokens."""
    return [(len(example.source), len(example.target)) for example in examples]


def tensors(examples: Sequence[Example], pad: int, start: int, device: str) -> Batch:
    """Pad the examples of one batch; the decoder sees its labels shifted behind ``start``."""
    import torch

    rows = len(examples)
    width = max(len(example.source) for example in examples)
    length = max(len(example.target) for example in examples)
    source = np.full((rows, width), pad, dtype=np.int64)
    decoder = np.full((rows, length), pad, dtype=np.int64)
    labels = np.full((rows, length), -100, dtype=np.int64)
    decoder[:, 0] = start
    for row, example in enumerate(examples):
        source[row, : len(example.source)] = example.source
        decoder[row, 1 : len(example.target)] = example.target[:-1]
        labels[row, : len(example.target)] = example.target
    return Batch(
        source=torch.from_numpy(source).to(device),
        source_mask=torch.from_numpy((source != pad).astype(np.int64)).to(device),
        decoder=torch.from_numpy(decoder).to(device),
        labels=torch.from_numpy(labels).to(device),
        targets=int((labels != -100).sum()),
        ids=tuple(example.id for example in examples),
    )
