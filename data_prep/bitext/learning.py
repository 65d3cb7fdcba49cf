"""An encoder learns from pairs that it mined itself."""

from __future__ import annotations

from collections.abc import Sequence

from data_prep.bitext import align, encoders
from data_prep.bitext.align import Document, Surroundings
from korpu import schema

ROUNDS = 2
SURE = 1.1  # score, as a factor on the threshold, of links that are learned from


def learn(
    encoder: encoders.Encoder,
    pairs: Sequence[tuple[Document, Document]],
    samples: tuple[Sequence[str], Sequence[str]],
    settings: schema.Align,
) -> encoders.Encoder:
    """After ``ROUNDS`` of aligning these document pairs and learning from their sure links.

    ``samples`` are the sentences of each side that are the margin's neighbourhood.
    """
    sure = settings.sentence_margin * SURE
    for _ in range(ROUNDS if pairs else 0):
        around = surroundings(encoder, samples, settings.neighbours)
        src, tgt = [], []
        found = align.align(pairs, around, settings.sentence_margin, max_merge=1)
        for (one, two), links in zip(pairs, found, strict=True):
            for link in links:
                if link.score >= sure:
                    src.append(one.sentences[link.src[0]])
                    tgt.append(two.sentences[link.tgt[0]])
        if not src:
            break
        encoder = encoder.learn(src, tgt)
    return encoder


def surroundings(
    encoder: encoders.Encoder, samples: tuple[Sequence[str], Sequence[str]], k: int
) -> Surroundings:
    """The encoder with the vectors of both samples."""
    return Surroundings(encoder, encoder.encode(samples[0], "src"),
                        encoder.encode(samples[1], "tgt"), k)  # fmt: skip
