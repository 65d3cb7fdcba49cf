"""Documents and links of noisy NTREX documents: what the aligner finds, in P, R and F1.

The visible documents are spoilt (``noise``) with several seeds. Everything a person chose was
chosen on the even ones of seeds below 10; what is reported is the odd ones of seeds from 11 on.
The encoder sees both halves, without their links, as it sees a corpus.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_prep.bitext import align, encoders, learning, margin, noise, vectors
from data_prep.bitext.align import Document
from korpu import log, schema

READINGS = {"total": noise.TOTAL, "per side": noise.PER_SIDE}
SEEDS = (11, 12, 13)


@dataclass(frozen=True)
class Row:
    """What one seed gives: of the reported half, the links and how many documents find theirs."""

    links: noise.Score
    documents: int
    right: int
    seconds: float


def measure(
    shared: Path,
    config: schema.Encoder,
    settings: schema.Align,
    reading: noise.Noise,
    seed: int,
    cache: Path | None = None,
    half: int = 1,
) -> Row:
    """Spoil the documents, fit, learn, pair and align them; scored are those of one half."""
    began = time.process_time()
    pairs = [pair for pair in noise.ntrex(shared, reading, seed) if pair.src and pair.tgt]
    samples = ([s for pair in pairs for s in pair.src], [s for pair in pairs for s in pair.tgt])
    both = [(Document(pair.src, True), Document(pair.tgt, True)) for pair in pairs]
    plain = encoders.fit(config, *samples, cache)
    encoder = learning.learn(plain, both, samples, settings)
    around = learning.surroundings(encoder, samples, settings.neighbours)
    best = _documents(encoder, pairs, settings.neighbours)[half::2]
    found = align.align(both[half::2], around, settings.sentence_margin, settings.max_merge)
    total = noise.NOTHING
    for pair, links in zip(pairs[half::2], found, strict=True):
        kept = [link for link in links if link.score >= settings.sentence_margin]
        total += noise.score(noise.cells([(link.src, link.tgt) for link in kept]), pair.links)
    right = sum(int(column) == half + 2 * number for number, column in enumerate(best))
    return Row(total, len(best), right, time.process_time() - began)


def _documents(encoder: encoders.Encoder, pairs: Sequence[noise.Pair], k: int) -> NDArray[np.int64]:
    """Of every source document the target document with the greatest margin, of all of them."""
    src, tgt = (
        vectors.summed(
            encoder.encode([line for lines in side for line in lines], name),
            [len(lines) for lines in side],
        )
        for side, name in (
            ([pair.src for pair in pairs], "src"),
            ([pair.tgt for pair in pairs], "tgt"),
        )
    )
    near = margin.neighbourhood(src, tgt, k), margin.neighbourhood(tgt, src, k)
    margins = margin.ratio(vectors.similarities(src, tgt), *near, True, True)
    best: NDArray[np.int64] = margins.argmax(axis=1)
    return best


def table(
    shared: Path,
    config: schema.Encoder,
    settings: schema.Align,
    cache: Path | None = None,
    seeds: Sequence[int] = SEEDS,
) -> Iterator[str]:
    """Lines of a table: both readings of the noise, every seed, and all seeds together."""
    yield f"links, {config.kind}, threshold {settings.sentence_margin}, documents not tuned on"
    for name, reading in READINGS.items():
        total, documents, right = noise.NOTHING, 0, 0
        for seed in seeds:
            row = measure(shared, config, settings, reading, seed, cache)
            total, documents = total + row.links, documents + row.documents
            right += row.right
            log.say(f"  {name}, seed {seed}: {row.seconds:.0f} s")
            yield f"  {name:9} seed {seed}  {row.links}"
        yield f"  {name:9} all      {total}  n {total.true}; documents {right}/{documents}"
