"""The `ngram` encoder: sentences as sparse vectors, without weights and without a download.

Four blocks stand side by side, each of unit length and weighted, so that the dot product of two
vectors is a weighted mean of cosines:

- characters: 2–4-grams of the text folded to the skeleton Turkic cognates share, TF-IDF;
- anchors: numbers, and the beginnings of capitalised words, TF-IDF;
- length: a smooth code of the logarithm of the number of characters;
- lexicon (once there is one): word beginnings, the source side's translated by association
  scores learned from pairs this same encoder mined before (see ``lexicon``).

A sentence without anchors leaves that block empty, and the others carry it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data_prep.text.normalize import fold

Matrix: TypeAlias = sparse.csr_matrix
Floats = NDArray[np.float32]

ORDERS = (2, 3, 4)
GRAMS = 1 << 18  # hashed dimensions of the character block
ANCHORS = 1 << 14
WORDS = 1 << 16  # hashed dimensions of word beginnings
STEM = 5  # letters of a folded word that stand for it: Turkic words inflect at their end
LENGTHS = 24
COMMON = 0.1
"""Share of lines above which a feature is left out: it says little and costs most of the time."""
WEIGHTS = {"characters": 0.45, "anchors": 0.06, "length": 0.08, "lexicon": 0.41}
"""Shares of the similarity; chosen on the visible NTREX documents."""

_NUMBER = re.compile(r"\d+")
_CAPITALISED = re.compile(r"\b[^\W\d_][\w’ʻʼ'-]*")


@dataclass(frozen=True)
class Encoder:
    """What was fitted: inverse document frequencies, and the lexicon (words × words) or None."""

    characters: Floats
    anchors: Floats
    words: Floats
    lexicon: Matrix | None = None


def fit(texts: Sequence[str]) -> Encoder:
    """Inverse document frequencies (smoothed, ``log((1 + n) / (1 + df))``) of a corpus's lines.

    Zero for what is in more than ``COMMON`` of them.
    """
    n = len(texts)
    return Encoder(*(_idf(counts(texts), n) for counts in (characters, anchors, words)))


def _idf(counts: Matrix, n: int) -> Floats:
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    weight: Floats = np.log((1 + n) / (1 + frequency)).astype(np.float32)
    weight[frequency > max(COMMON * n, 10)] = 0
    return weight


def encode(encoder: Encoder, texts: Sequence[str], side: str) -> Matrix:
    """Unit row vectors, (len(texts), dimensions). ``side`` is ``src`` or ``tgt``."""
    blocks = [
        _block(characters(texts), encoder.characters, WEIGHTS["characters"]),
        _block(anchors(texts), encoder.anchors, WEIGHTS["anchors"]),
        _scaled(lengths(texts), WEIGHTS["length"]),
    ]
    if encoder.lexicon is not None:
        weighted = _weighted(words(texts), encoder.words)
        if side == "src":
            weighted = weighted @ encoder.lexicon
        blocks.append(_scaled(unit(weighted.tocsr()), WEIGHTS["lexicon"]))
    return unit(sparse.hstack(blocks, format="csr", dtype=np.float32))


def _block(counts: Matrix, idf: Floats, weight: float) -> Matrix:
    return _scaled(unit(_weighted(counts, idf)), weight)


def _scaled(block: Matrix, weight: float) -> Matrix:
    return block * float(np.sqrt(weight))


def _weighted(counts: Matrix, idf: Floats) -> Matrix:
    """Sublinear TF-IDF, in place."""
    counts.data = (1 + np.log(counts.data)) * idf[counts.indices]
    counts.eliminate_zeros()
    return counts


def unit(matrix: Matrix) -> Matrix:
    """Rows scaled to length 1; empty rows stay empty."""
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scale = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
    return sparse.csr_matrix(sparse.diags(scale.astype(np.float32)) @ matrix, dtype=np.float32)


def characters(texts: Sequence[str]) -> Matrix:
    """Counts of hashed character 2–4-grams of the folded text, words padded with a space."""
    padded = [f" {fold(text)} " for text in texts]
    codes = np.frombuffer("\0".join(padded).encode("utf-32-le", "replace"), dtype=np.uint32)
    sizes = np.fromiter((len(text) + 1 for text in padded), dtype=np.int64, count=len(padded))
    rows = np.repeat(np.arange(len(padded)), sizes)[: len(codes)]
    if not len(codes):
        return sparse.csr_matrix((len(texts), GRAMS), dtype=np.float32)
    wide = codes.astype(np.uint64)
    indices, owners = [], []
    for order in ORDERS:
        if len(wide) < order:
            continue
        span = len(wide) - order + 1
        mixed = np.full(span, order, dtype=np.uint64)
        whole = np.ones(span, dtype=bool)
        for offset in range(order):
            part = wide[offset : offset + span]
            mixed = (mixed ^ part) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
            whole &= part != 0
        indices.append((mixed[whole] & np.uint64(GRAMS - 1)).astype(np.int64))
        owners.append(rows[:span][whole])
    return _counted(np.concatenate(owners), np.concatenate(indices), len(texts), GRAMS)


def anchors(texts: Sequence[str]) -> Matrix:
    """Counts of hashed numbers and folded beginnings of capitalised words."""
    return _hashed(
        [
            [f"#{number.lstrip('0')}" for number in _NUMBER.findall(text)]
            + [
                fold(word)[:4]
                for word in _CAPITALISED.findall(text)
                if word[0].isupper() and len(word) > 1
            ]
            for text in texts
        ],
        ANCHORS,
    )


def words(texts: Sequence[str]) -> Matrix:
    """Counts of hashed beginnings of folded words."""
    return _hashed([[word[:STEM] for word in fold(text).split()] for text in texts], WORDS)


def lengths(texts: Sequence[str]) -> Matrix:
    """A bump around the logarithm of the length: equal lengths 1, twice as long about .4."""
    at = np.log([max(len(text), 1) for text in texts]) * 3
    centres = np.arange(LENGTHS)
    bumps = np.exp(-((at[:, None] - centres[None, :]) ** 2) / 2).astype(np.float32)
    bumps[bumps < 0.01] = 0
    return unit(sparse.csr_matrix(bumps))


def _hashed(features: Sequence[Sequence[str]], dimensions: int) -> Matrix:
    cache: dict[str, int] = {}
    indices, sizes = [], []
    for row in features:
        sizes.append(len(row))
        for feature in row:
            if feature not in cache:
                cache[feature] = zlib.crc32(feature.encode("utf-8", "replace")) % dimensions
            indices.append(cache[feature])
    owners = np.repeat(np.arange(len(features)), sizes)
    return _counted(owners, np.array(indices, dtype=np.int64), len(features), dimensions)


def _counted(
    rows: NDArray[np.int64], columns: NDArray[np.int64], height: int, width: int
) -> Matrix:
    ones = np.ones(len(columns), dtype=np.float32)
    counted = sparse.coo_matrix((ones, (rows, columns)), shape=(height, width)).tocsr()
    counted.sum_duplicates()
    counted.sort_indices()
    return counted
