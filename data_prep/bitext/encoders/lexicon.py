"""A bilingual lexicon learned from pairs that were mined without one.

Word translation probabilities of IBM model 1 (Brown et al. 1993) in both directions, by
expectation–maximisation; a word pair's score is the geometric mean of the two, so that a word which
merely goes along with a frequent one loses it to the word it does translate. Weak alone, it lifts
similar sentences whose words are not cognates, and the next round of mining finds more pairs to
learn from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data_prep.bitext.vectors import Matrix

TRANSLATIONS = 3  # kept per source word
LEAST = 0.05  # score of a translation that is kept
ITERATIONS = 5
DOUBT = 1.0  # added to every word's count: what is seen once is not sure
PAIRS = 20_000  # at most, drawn at even distances; about 40 MB a thousand pairs of 30 words
WORDY = 60  # different words of a sentence above which it teaches nothing

Integers = NDArray[np.int64]
Doubles = NDArray[np.float64]


def drawn(size: int) -> list[int]:
    """Which of so many pairs are learned from: ``PAIRS`` at most, at even distances."""
    if size <= PAIRS:
        return list(range(size))
    return [int(at) for at in np.linspace(0, size - 1, PAIRS).round()]


def associate(src: Matrix, tgt: Matrix) -> Matrix:
    """Scores (source words, target words) from the word counts of parallel lists of sentences."""
    line, left, right = _cells(src, tgt)
    width = int(tgt.shape[1])
    distinct, cell = np.unique(left * width + right, return_inverse=True)
    rows, columns = distinct // width, distinct % width
    forward = _translate(cell, rows, np.unique(line * width + right, return_inverse=True)[1])
    wide = int(src.shape[1])
    backward = _translate(cell, columns, np.unique(line * wide + left, return_inverse=True)[1])
    return _best(rows, columns, np.sqrt(forward * backward), (wide, width))


def _cells(src: Matrix, tgt: Matrix) -> tuple[Integers, Integers, Integers]:
    """Pair, source word and target word, of every two words that share a pair."""
    lines, lefts, rights = [], [], []
    for at in range(src.shape[0]):
        one = src.indices[src.indptr[at] : src.indptr[at + 1]]
        two = tgt.indices[tgt.indptr[at] : tgt.indptr[at + 1]]
        if len(one) > WORDY or len(two) > WORDY:
            continue
        lefts.append(np.repeat(one, len(two)))
        rights.append(np.tile(two, len(one)))
        lines.append(np.full(len(one) * len(two), at))
    if not lines:
        return (np.zeros(0, dtype=np.int64),) * 3
    parts = (np.concatenate(part).astype(np.int64) for part in (lines, lefts, rights))
    return next(parts), next(parts), next(parts)


def _translate(cell: Integers, given: Integers, explained: Integers) -> Doubles:
    """t(other | given) of each distinct word pair.

    ``cell``: the word pair of each occurrence; ``explained``: the occurrence of the other word in
    its sentence, whose probability is shared out among the words of the facing sentence.
    """
    probability = np.ones(len(given))
    for _ in range(ITERATIONS if len(given) else 0):
        likely = probability[cell]
        # tiny: a sentence none of whose words is likely any more would divide by zero
        share = likely / np.maximum(np.bincount(explained, likely)[explained], 1e-300)
        count = np.bincount(cell, share, minlength=len(given))
        probability = count / (np.bincount(given, count)[given] + DOUBT)
    return probability


def _best(rows: Integers, columns: Integers, scores: Doubles, shape: tuple[int, int]) -> Matrix:
    kept = scores >= LEAST
    rows, columns, scores = rows[kept], columns[kept], scores[kept]
    order = np.lexsort((columns, -scores, rows))
    rows, columns, scores = rows[order], columns[order], scores[order]
    starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]]) if len(rows) else rows
    rank = np.arange(len(rows)) - np.repeat(starts, np.diff(np.r_[starts, len(rows)]))
    best = rank < TRANSLATIONS
    found = scores[best].astype(np.float32), (rows[best], columns[best])
    return sparse.csr_matrix(found, shape=shape)
