"""How well sentences find their translation: NTREX lines, each among all of the other side.

Precision at 1 with and without the margin, for parts of the encoders and for baselines; pairs
above a threshold where a fifth of each side lacks its partner. Documents are in two halves: what a
person or a search chose was chosen on the first (and on X-WMT); what is reported is the second.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data_prep.bitext import encoders, margin, noise, vectors
from data_prep.bitext.encoders import ngram
from data_prep.bitext.encoders.fused import Fused
from data_prep.bitext.vectors import Floats, Matrix, Vectors
from korpu import schema

CODES = ("azj_Latn", "uzn_Latn")
K = 4
ROUNDS, SURE = 2, 1.1  # of learning from mutual best pairs, and their margin
ALONE = 0.2  # of each side, where a partner is taken away
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Lines:
    """Parallel lines, and which half the document of each is in (0 or 1)."""

    src: list[str]
    tgt: list[str]
    half: NDArray[np.int64]


def ntrex(shared: Path) -> Lines:
    """The visible lines; every other document is in the second half."""
    names = (shared / "ntrex" / "documents.txt").read_text("utf-8").splitlines()
    number = {name: at for at, name in enumerate(dict.fromkeys(names))}
    half = np.array([number[name] % 2 for name in names])
    return Lines(noise.lines(shared, CODES[0]), noise.lines(shared, CODES[1]), half)


def learned(
    encoder: encoders.Encoder, src: Sequence[str], tgt: Sequence[str], rounds: int = ROUNDS
) -> encoders.Encoder:
    """After so many rounds of mining these lines and learning from the sure pairs."""
    for _ in range(rounds):
        found = margin.mine(encoder.encode(src, "src"), encoder.encode(tgt, "tgt"), K)
        sure = [(i, j) for i, j, value in found if value >= SURE]
        encoder = encoder.learn([src[i] for i, _ in sure], [tgt[j] for _, j in sure])
    return encoder


def at_1(src: Vectors, tgt: Vectors, with_margin: bool) -> tuple[Bools, Bools]:
    """Whether each line's best is its partner: of the source, of the target; equal ones lose."""
    table = vectors.similarities(src, tgt)
    if with_margin:
        near = margin.neighbourhood(src, tgt, K), margin.neighbourhood(tgt, src, K)
        table = margin.ratio(table, *near, True, True)
    own = np.arange(len(src))
    return table.argmax(axis=1) == own, table.argmax(axis=0) == own


def baselines(src: Sequence[str], tgt: Sequence[str]) -> Iterator[tuple[str, Vectors, Vectors]]:
    """Parts of the `ngram` encoder alone, and characters as they are written."""
    both = [*src, *tgt]
    lower = [text.lower() for text in both]
    for name, features, texts in (
        ("length", ngram.lengths, both),
        ("anchors", ngram.anchors, both),
        ("characters, not folded", _unfolded, lower),
        ("characters", ngram.characters, both),
    ):
        table = features(texts)
        if name != "length":
            frequency = np.bincount(table.indices, minlength=table.shape[1])
            idf = np.log((1 + len(both)) / (1 + frequency)).astype(np.float32)
            table.data = ((1 + np.log(table.data)) * idf[table.indices]).astype(np.float32)
        unit = ngram.unit(table)
        yield name, Vectors(unit[: len(src)]), Vectors(unit[len(src) :])


def _unfolded(texts: Sequence[str]) -> Matrix:
    grams: dict[str, int] = {}
    rows, columns = [], []
    for row, text in enumerate(texts):
        for size in ngram.ORDERS:
            for at in range(len(text) + 3 - size):
                rows.append(row)
                columns.append(grams.setdefault(f" {text} "[at : at + size], len(grams)))
    counts = sparse.coo_matrix((np.ones(len(rows), np.float32), (rows, columns)),
                               shape=(len(texts), len(grams))).tocsr()  # fmt: skip
    counts.sum_duplicates()
    return counts


def of_ngram(src: Sequence[str], tgt: Sequence[str]) -> Iterator[tuple[str, Vectors, Vectors]]:
    """The `ngram` encoder as it grows."""
    whole = ngram.fit([*src, *tgt])
    steps: list[tuple[str, encoders.Encoder]] = [
        ("ngram: characters, anchors, length", replace(whole, lexicon=None)),
        ("ngram: with the seed lexicon", whole),
        ("ngram: with a lexicon of its own, 1 round", learned(whole, src, tgt, 1)),
        ("ngram: with a lexicon of its own, 2 rounds", learned(whole, src, tgt, 2)),
    ]
    for name, encoder in steps:
        yield name, encoder.encode(src, "src"), encoder.encode(tgt, "tgt")


def of_neural(
    config: schema.Encoder, src: Sequence[str], tgt: Sequence[str], cache: Path
) -> Iterator[tuple[str, Vectors, Vectors]]:
    """A neural encoder raw, centred, and fused with `ngram`."""
    name = config.kind
    fused = learned(encoders.fit(config, src, tgt, cache), src, tgt)
    assert isinstance(fused, Fused)
    neural = fused.neural
    raw = Vectors(dense=neural.embed["src"](src)), Vectors(dense=neural.embed["tgt"](tgt))
    yield f"{name}, raw", *raw
    yield f"{name}, centred", neural.encode(src, "src"), neural.encode(tgt, "tgt")
    encoded = fused.encode(src, "src"), fused.encode(tgt, "tgt")
    yield f"{name} ({config.weight}) fused with ngram", *encoded


def with_some_alone(
    lines: Lines, half: int, seed: int
) -> tuple[list[str], list[str], set[tuple[int, int]]]:
    """One half, shuffled, each side without a fifth of its lines; the pairs that are left."""
    rng = random.Random(seed)
    members = np.flatnonzero(lines.half == half).tolist()
    sides = []
    for _ in range(2):
        kept = [at for at in members if rng.random() >= ALONE]
        rng.shuffle(kept)
        sides.append(kept)
    place = {at: row for row, at in enumerate(sides[1])}
    true = {(row, place[at]) for row, at in enumerate(sides[0]) if at in place}
    return [lines.src[at] for at in sides[0]], [lines.tgt[at] for at in sides[1]], true


def thresholded(
    config: schema.Encoder, lines: Lines, seeds: Sequence[int], cache: Path | None
) -> tuple[float, noise.Score]:
    """The threshold with the best F1 on the first half, and the second half's score with it."""
    found: Mapping[int, list[tuple[list[tuple[int, int, float]], set[tuple[int, int]]]]] = {
        0: [], 1: [],
    }  # fmt: skip
    for half, results in found.items():
        for seed in seeds:
            src, tgt, true = with_some_alone(lines, half, seed)
            encoder = learned(encoders.fit(config, src, tgt, cache), src, tgt)
            mined = margin.mine(encoder.encode(src, "src"), encoder.encode(tgt, "tgt"), K)
            results.append((mined, true))

    def score(half: int, threshold: float) -> noise.Score:
        total = noise.NOTHING
        for mined, true in found[half]:
            total += noise.score({(i, j) for i, j, value in mined if value >= threshold}, true)
        return total

    grid: Floats = np.arange(0.7, 2, 0.01, dtype=np.float32)
    best = max(grid, key=lambda value: score(0, float(value)).f1)
    return float(best), score(1, float(best))
