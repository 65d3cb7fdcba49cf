"""Sentences of two documents that translate each other: monotone dynamic programming.

Links are 1-0, 0-1, 1-1, 1-2, 2-1 and 2-2 as in Gale and Church (1993), scored by the margin of
the linked text over its surroundings in place of lengths, and two neighbours in crossed order,
which translation desks swap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from data_prep.bitext import margin, ngram
from data_prep.bitext.margin import Floats

MERGING = 0.45  # what a merged link must gain over plain ones, in units of margin
CROSSING = 0.12
LENIENCE = 0.9  # links down to this share of the threshold are made, to be rejected by name


@dataclass(frozen=True)
class Surroundings:
    """A fitted encoder and a sample of the corpus's sentences, the margin's neighbourhood.

    A document alone is too small a neighbourhood: in it, any line that stands on one side only
    would look close to something.
    """

    encoder: ngram.Encoder
    src_sample: sparse.csr_matrix
    tgt_sample: sparse.csr_matrix
    k: int


@dataclass(frozen=True)
class Document:
    """Sentences in order; ``known`` where they all are part of the sample."""

    sentences: Sequence[str]
    known: bool


@dataclass(frozen=True)
class Link:
    """Sentences ``src`` and ``tgt`` (half-open ranges) with their margin."""

    src: tuple[int, int]
    tgt: tuple[int, int]
    margin: float


@dataclass(frozen=True)
class _Side:
    vectors: sparse.csr_matrix  # single sentences, then neighbours joined
    near: margin.Neighbourhood


def align(
    pairs: Sequence[tuple[Document, Document]],
    around: Surroundings,
    threshold: float,
    max_merge: int = 2,
) -> list[list[Link]]:
    """The links of every document pair, in order of the source; weaker ones than the threshold
    are among them down to ``LENIENCE`` of it.

    All pairs are encoded in one go; the result for a pair does not depend on the others.
    """
    src = _sides([pair[0] for pair in pairs], around, "src", max_merge)
    tgt = _sides([pair[1] for pair in pairs], around, "tgt", max_merge)
    links = []
    for (left, right), one, two in zip(pairs, src, tgt, strict=True):
        cosines = (one.vectors @ two.vectors.T).toarray().astype(np.float32)
        margins = margin.ratio(cosines, one.near, two.near, left.known, right.known)
        sizes = len(left.sentences), len(right.sentences)
        links.append(path(margins, sizes, threshold * LENIENCE, max_merge))
    return links


def _sides(
    documents: Sequence[Document], around: Surroundings, side: str, max_merge: int
) -> list[_Side]:
    single = [line for document in documents for line in document.sentences]
    double = [
        f"{one} {two}"
        for document in documents
        for one, two in zip(document.sentences, document.sentences[1:], strict=False)
    ]
    ones = ngram.encode(around.encoder, single, side)
    twos = ngram.encode(around.encoder, double, side) if max_merge > 1 else None
    opposite = around.tgt_sample if side == "src" else around.src_sample
    near = margin.neighbourhood(ones, opposite, around.k)
    sides, at, joined = [], 0, 0
    for document in documents:
        size = len(document.sentences)
        own, own_near = ones[at : at + size], near[slice(at, at + size)]
        if twos is not None and size > 1:
            own = sparse.vstack([own, twos[joined : joined + size - 1]], format="csr")
            own_near = margin.with_joined(own_near)
        sides.append(_Side(own, own_near))
        at, joined = at + size, joined + max(size - 1, 0)
    return sides


def path(margins: Floats, sizes: tuple[int, int], skip: float, max_merge: int = 2) -> list[Link]:
    """The best monotone path. ``margins`` has rows and columns for single sentences, then for
    neighbours joined; a link is worth what its margin exceeds ``skip``, per sentence covered.
    """
    n, m = sizes
    gain = (margins - skip).tolist()
    merge = max_merge > 1
    best = [[0.0] * (m + 1) for _ in range(n + 1)]
    step = [[""] * (m + 1) for _ in range(n + 1)]
    for i in range(n + 1):
        for j in range(m + 1):
            value, how = (0.0, "") if not (i or j) else (-1e9, "")
            if i and best[i - 1][j] > value:
                value, how = best[i - 1][j], "10"
            if j and best[i][j - 1] > value:
                value, how = best[i][j - 1], "01"
            if i and j:
                other = best[i - 1][j - 1] + gain[i - 1][j - 1]
                if other > value:
                    value, how = other, "11"
            if merge and i and j > 1:
                other = best[i - 1][j - 2] + 1.5 * gain[i - 1][m + j - 2] - MERGING
                if other > value:
                    value, how = other, "12"
            if merge and i > 1 and j:
                other = best[i - 2][j - 1] + 1.5 * gain[n + i - 2][j - 1] - MERGING
                if other > value:
                    value, how = other, "21"
            if merge and i > 1 and j > 1:
                before = best[i - 2][j - 2]
                other = before + 2 * gain[n + i - 2][m + j - 2] - 2 * MERGING
                if other > value:
                    value, how = other, "22"
                first, second = gain[i - 2][j - 1], gain[i - 1][j - 2]
                other = before + first + second - CROSSING
                if min(first, second) > 0 and other > value:
                    value, how = other, "crossed"
            best[i][j], step[i][j] = value, how
    return _links(margins, step, n, m)


def _links(margins: Floats, step: Sequence[Sequence[str]], n: int, m: int) -> list[Link]:
    links: list[Link] = []
    i, j = n, m
    while i or j:
        how = step[i][j]
        if how == "crossed":
            links.append(Link((i - 1, i), (j - 2, j - 1), float(margins[i - 1, j - 2])))
            links.append(Link((i - 2, i - 1), (j - 1, j), float(margins[i - 2, j - 1])))
            i, j = i - 2, j - 2
            continue
        height, width = int(how[0]), int(how[1])
        i, j = i - height, j - width
        if height and width:
            row = i if height == 1 else n + i
            column = j if width == 1 else m + j
            found = float(margins[row, column])
            links.append(Link((i, i + height), (j, j + width), found))
    return links[::-1]
