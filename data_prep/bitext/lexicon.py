"""A bilingual lexicon learned from pairs that were mined without one.

Association of word beginnings by the Dice coefficient over sentence pairs, 2·n(s,t)/(n(s)+n(t)),
the best few kept per source word. Weak alone, it lifts similar sentences whose words are not
cognates, and the next round of mining finds more pairs to learn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse

from data_prep.bitext.ngram import Encoder, words

TRANSLATIONS = 2  # kept per source word
LEAST = 0.12  # of the coefficient


def learn(encoder: Encoder, src: Sequence[str], tgt: Sequence[str]) -> Encoder:
    """The encoder with a lexicon from parallel lists of sentences that translate each other."""
    left, right = _present(words(src)), _present(words(tgt))
    together = (left.T @ right).tocoo()
    count_left = np.asarray(left.sum(axis=0)).ravel()
    count_right = np.asarray(right.sum(axis=0)).ravel()
    # one joint sighting is worth little: discounted, so that hapaxes do not score a full 1
    joint = np.maximum(together.data - 0.5, 0)
    dice = 2 * joint / (count_left[together.row] + count_right[together.col])
    kept = dice >= LEAST
    rows, columns, scores = together.row[kept], together.col[kept], dice[kept]
    order = np.lexsort((columns, -scores, rows))
    rows, columns, scores = rows[order], columns[order], scores[order]
    first = np.r_[True, rows[1:] != rows[:-1]] if len(rows) else np.zeros(0, dtype=bool)
    starts = np.flatnonzero(first)
    rank = np.arange(len(rows)) - np.repeat(starts, np.diff(np.r_[starts, len(rows)]))
    best = rank < TRANSLATIONS
    lexicon = sparse.csr_matrix(
        (scores[best].astype(np.float32), (rows[best], columns[best])),
        shape=(left.shape[1], right.shape[1]),
    )
    return replace(encoder, lexicon=lexicon)


def _present(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    counts = counts.copy()
    counts.data[:] = 1
    return counts
