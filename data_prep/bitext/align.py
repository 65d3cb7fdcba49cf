"""Sentences of two documents that translate each other: their margins, then their links."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_prep.bitext import encoders, links, margin, vectors
from data_prep.bitext.links import Link
from data_prep.bitext.vectors import Vectors
from korpu.artifact import replace_durably

FIRM = 1.2  # score, as a factor on the threshold, of links whose sentences are not joined to others


@dataclass(frozen=True)
class Surroundings:
    """A fitted encoder and a sample of the corpus's sentences, the margin's neighbourhood.

    A document alone is too small a neighbourhood: in it, any line that stands on one side only
    would look close to something.
    """

    encoder: encoders.Encoder
    src_sample: Vectors
    tgt_sample: Vectors
    k: int


@dataclass(frozen=True)
class Document:
    """Sentences in order; ``known`` where they all are part of the sample."""

    sentences: Sequence[str]
    known: bool


@dataclass(frozen=True)
class _Side:
    """A document's sentences, and later its neighbours joined, as vectors."""

    vectors: Vectors
    near: margin.Neighbourhood
    known: bool


def align(
    pairs: Sequence[tuple[Document, Document]],
    around: Surroundings,
    threshold: float,
    max_merge: int = 2,
) -> list[list[Link]]:
    """The links of every document pair, in order of the source (``links.find``).

    Single sentences are linked first. Two neighbours are joined, for ``max_merge`` 2, only where
    that leaves one of them alone, since to encode them is what takes time. All pairs are encoded
    in one go; the result for a pair does not depend on the others.
    """
    documents = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    src, tgt = (
        _single(side, around, name) for side, name in zip(documents, ("src", "tgt"), strict=True)
    )
    found = [_linked(*both, threshold, 1) for both in zip(src, tgt, strict=True)]
    if max_merge == 1:
        return found
    firm = [[link for link in of_pair if link.score >= FIRM * threshold] for of_pair in found]
    src = _joined(documents[0], src, [[link.src for link in some] for some in firm], around, "src")
    tgt = _joined(documents[1], tgt, [[link.tgt for link in some] for some in firm], around, "tgt")
    return [_linked(*both, threshold, max_merge) for both in zip(src, tgt, strict=True)]


def _linked(src: _Side, tgt: _Side, threshold: float, max_merge: int) -> list[Link]:
    cosines = vectors.similarities(src.vectors, tgt.vectors)
    margins = margin.ratio(cosines, src.near, tgt.near, src.known, tgt.known)
    if max_merge == 1:
        return links.find(margins, (len(src.vectors), len(tgt.vectors)), threshold, 1)
    # n rows of single sentences have n − 1 of joined ones after them
    sizes = (len(src.vectors) + 1) // 2, (len(tgt.vectors) + 1) // 2
    return links.find(margins, sizes, threshold, max_merge)


def _single(documents: Sequence[Document], around: Surroundings, side: str) -> list[_Side]:
    encoded = around.encoder.encode([s for d in documents for s in d.sentences], side)
    near = margin.neighbourhood(
        encoded, around.tgt_sample if side == "src" else around.src_sample, around.k
    )
    sides, at = [], 0
    for document in documents:
        own = slice(at, at + len(document.sentences))
        sides.append(_Side(encoded[own], near[own], document.known))
        at = own.stop
    return sides


def _joined(
    documents: Sequence[Document],
    sides: Sequence[_Side],
    linked: Sequence[Sequence[tuple[int, int]]],
    around: Surroundings,
    side: str,
) -> list[_Side]:
    """With a row for each two neighbours; of zeros where both have links of their own."""
    texts: list[str] = []
    places = []
    for document, spans in zip(documents, linked, strict=True):
        lines, taken = document.sentences, {at for span in spans for at in range(*span)}
        loose = [at for at in range(len(lines) - 1) if not {at, at + 1} <= taken]
        places.append((loose, len(texts)))
        texts += [f"{lines[at]} {lines[at + 1]}" for at in loose]
    encoded = around.encoder.encode(texts, side)
    found = []
    for own, (loose, start) in zip(sides, places, strict=True):
        if len(own.vectors) < 2:
            found.append(own)
            continue
        nothing = own.vectors[:1].scaled(0)
        rows = np.full(len(own.vectors) - 1, len(loose))
        rows[loose] = np.arange(len(loose))
        joined = vectors.stack([encoded[start : start + len(loose)], nothing])[rows]
        found.append(
            _Side(vectors.stack([own.vectors, joined]), margin.with_joined(own.near), own.known)
        )
    return found


def save(src: Vectors, tgt: Vectors, file: Path) -> None:
    """The two samples of ``Surroundings``, one .npz file, whole or absent."""
    arrays = {
        f"{side}.{name}": array
        for side, sample in (("src", src), ("tgt", tgt))
        for name, array in vectors.arrays(sample).items()
    }
    temporary = file.with_name(f"{file.name}.tmp")
    with temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
        stream.flush()
        os.fsync(stream.fileno())
    replace_durably(temporary, file)


def load(file: Path) -> tuple[Vectors, Vectors]:
    """What ``save`` wrote."""
    with np.load(file, allow_pickle=False) as stored:
        found = []
        for side in ("src.", "tgt."):
            own = {name[4:]: stored[name] for name in stored.files if name.startswith(side)}
            found.append(vectors.restore(own))
    return found[0], found[1]
