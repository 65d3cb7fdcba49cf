"""The `ngram` encoder: sentences as sparse vectors, without weights and without a download.

Four blocks stand side by side, each of unit length and weighted, so that the dot product of two
vectors is a weighted mean of cosines:

- characters: 2–4-grams of the text folded to the skeleton Turkic cognates share, TF-IDF;
- anchors: numbers, and the beginnings of capitalised words, TF-IDF;
- length: a smooth code of the logarithm of the number of characters;
- lexicon: word beginnings, the source side's translated by translation probabilities, first of the
  few hundred words of ``seed.tsv``, then of pairs that this same encoder mined (see ``lexicon``).

A sentence without anchors leaves that block empty, and the others carry it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data_prep.bitext.encoders import lexicon
from data_prep.bitext.vectors import Floats, Matrix, Vectors
from data_prep.text.normalize import fold

CODES = ("azj_Latn", "uzn_Latn")
ORDERS = (2, 3, 4)
GRAMS = 1 << 18  # hashed dimensions of the character block
ANCHORS = 1 << 14
WORDS = 1 << 16  # hashed dimensions of word beginnings
STEM = 4  # letters of a folded word that stand for it: Turkic words inflect at their end
LENGTHS = 24
COMMON = 0.2
"""Share of lines above which a feature is left out: it says little and costs most of the time."""
WEIGHTS = {"characters": 0.58, "anchors": 0.04, "length": 0.08, "lexicon": 0.30}
"""Shares of the similarity; chosen on half of the visible NTREX documents (docs/encoders.md)."""

FITTED = ("characters", "anchors", "words")
BLOCK = 2048  # sentences whose features are made at a time: some 20 MB
_NUMBER = re.compile(r"\d+")
_CAPITALISED = re.compile(r"\b[^\W\d_][\w’ʻʼ'-]*")


@dataclass(frozen=True)
class Ngram:
    """What was fitted: inverse document frequencies, and the lexicon (words × words) or None.

    ``codes`` are the FLORES codes of the two sides.
    """

    characters: Floats
    anchors: Floats
    words: Floats
    codes: tuple[str, str]
    lexicon: Matrix | None = None

    def encode(self, texts: Sequence[str], side: str) -> Vectors:
        """Unit row vectors, (len(texts), dimensions). ``side`` is ``src`` or ``tgt``."""
        parts = [
            _encode(self, texts[start : start + BLOCK], side)
            for start in range(0, max(len(texts), 1), BLOCK)
        ]
        return Vectors(sparse.vstack(parts, format="csr", dtype=np.float32))

    def learn(self, src: Sequence[str], tgt: Sequence[str]) -> Ngram:
        """With a lexicon from parallel lists of sentences that translate each other."""
        pairs = lexicon.drawn(len(src))
        left, right = ([side[at] for at in pairs] for side in (src, tgt))
        return replace(self, lexicon=_lexicon(left, right, self.codes))


def fit(texts: Sequence[str], codes: tuple[str, str] = CODES) -> Ngram:
    """Inverse document frequencies (smoothed, ``log((1 + n) / (1 + df))``) of a corpus's lines.

    Zero for what is in more than ``COMMON`` of them.
    """
    of_characters, of_anchors, of_words = (
        _idf(counts, texts) for counts in (characters, anchors, words)
    )
    known = _lexicon([], [], codes) if seed(codes) else None
    return Ngram(of_characters, of_anchors, of_words, codes, known)


def _lexicon(src: Sequence[str], tgt: Sequence[str], codes: tuple[str, str]) -> Matrix:
    known = seed(codes)
    left, right = ([pair[at] for pair in known] for at in (0, 1))
    return lexicon.associate(words([*src, *left]), words([*tgt, *right]))


@cache
def seed(codes: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """The word pairs of ``seed.tsv``, in the order of the codes; none for other languages."""
    if sorted(codes) != sorted(CODES):
        return ()
    lines = Path(__file__).with_name("seed.tsv").read_text("utf-8").splitlines()
    table = [line.split("\t") for line in lines if not line.startswith("#")]
    pairs = [(word, other) for word, others in table for other in others.split(" ")]
    return tuple(pairs if codes == CODES else [(other, word) for word, other in pairs])


def _idf(counts: Callable[[Sequence[str]], Matrix], texts: Sequence[str]) -> Floats:
    n = len(texts)
    frequency: NDArray[np.int64] = sum(
        np.bincount(part.indices, minlength=part.shape[1])
        for part in (counts(texts[at : at + BLOCK]) for at in range(0, max(n, 1), BLOCK))
    )  # type: ignore[assignment]
    weight: Floats = np.log((1 + n) / (1 + frequency)).astype(np.float32)
    weight[frequency > max(COMMON * n, 10)] = 0
    return weight


def _encode(encoder: Ngram, texts: Sequence[str], side: str) -> Matrix:
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


def arrays(encoder: Ngram) -> dict[str, Any]:
    """What ``restore`` needs, by name."""
    stored: dict[str, Any] = {name: getattr(encoder, name) for name in FITTED}
    stored["codes"] = np.array(encoder.codes)
    if encoder.lexicon is not None:
        table = encoder.lexicon
        stored |= {"data": table.data, "indices": table.indices, "indptr": table.indptr}
    return stored


def restore(stored: Mapping[str, Any]) -> Ngram:
    """KeyError where something is missing."""
    table = None
    if "data" in stored:
        parts = stored["data"], stored["indices"], stored["indptr"]
        table = sparse.csr_matrix(parts, shape=(WORDS, WORDS), dtype=np.float32)
    codes = str(stored["codes"][0]), str(stored["codes"][1])
    of_characters, of_anchors, of_words = (stored[name] for name in FITTED)
    return Ngram(of_characters, of_anchors, of_words, codes, table)
