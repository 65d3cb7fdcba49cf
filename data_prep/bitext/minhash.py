"""How much two texts share, told from a few hundred bytes each: MinHash (Broder 1997).

The share of equal entries of two signatures estimates the Jaccard similarity of the sets of
character 5-grams of the folded texts. Bands of entries as keys (Leskovec, Rajaraman, Ullman:
Mining of Massive Datasets, 3.4) bring likely pairs together without comparing all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import rensa
from numpy.typing import NDArray

from data_prep.text.normalize import fold

ENTRIES = 128
SHINGLE = 5  # characters
SEED = 1
BATCH = 2_048  # texts whose entries are Python's numbers at a time, 4 KB each
Signatures = NDArray[np.uint32]
_PRIME = np.uint64(0x9E3779B97F4A7C15)


def signatures(texts: Sequence[str], *, folded: bool = False) -> Signatures:
    """(len(texts), ``ENTRIES``). ``folded``: the texts are folded already.

    The signature of several texts together is the entrywise minimum of theirs.
    """
    found: Signatures = np.empty((len(texts), ENTRIES), dtype=np.uint32)
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        hashes, offsets = shingles(batch if folded else [fold(text) for text in batch])
        matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, ENTRIES, SEED)
        found[start : start + len(batch)] = matrix.to_rows()
    return found


def shingles(folded: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Hashes of all texts' character 5-grams, and where each text's begin (one more than texts).

    A text shorter than a shingle is one shingle, padded with spaces.
    """
    padded = [text if len(text) >= SHINGLE else text.ljust(SHINGLE) for text in folded]
    sizes = np.fromiter((len(text) - SHINGLE + 1 for text in padded), np.int64, len(padded))
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint64)
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "replace"), dtype=np.uint32)
    if not len(codes):
        return np.zeros(0, np.uint64), offsets
    wide, span = codes.astype(np.uint64), len(codes) - SHINGLE + 1
    mixed = np.zeros(span, dtype=np.uint64)
    for offset in range(SHINGLE):
        mixed = (mixed ^ wide[offset : offset + span]) * _PRIME
        mixed ^= mixed >> np.uint64(29)
    # windows that reach into the next text belong to none
    starts = np.concatenate([[0], np.cumsum([len(text) for text in padded])])[:-1]
    inside = np.repeat(starts - offsets[:-1].astype(np.int64), sizes) + np.arange(int(offsets[-1]))
    return mixed[inside], offsets


def bands(found: Signatures, count: int, rows: int) -> NDArray[np.uint64]:
    """(n, ``count``) keys of ``rows`` entries each; texts that share a key may be near duplicates.

    With similarity s they share one with probability 1 − (1 − s^rows)^count.
    """
    if count * rows > ENTRIES:
        raise ValueError(f"{count} bands of {rows} rows need more than {ENTRIES} entries")
    wide = found[:, : count * rows].astype(np.uint64).reshape(len(found), count, rows)
    mixed = np.tile(np.arange(count, dtype=np.uint64), (len(found), 1))
    for row in range(rows):
        mixed = (mixed ^ wide[:, :, row]) * _PRIME
        mixed ^= mixed >> np.uint64(29)
    return mixed


def bits(found: Signatures) -> NDArray[np.uint64]:
    """(n, 2): the lowest bit of every entry, packed: 16 bytes that still estimate similarity."""
    packed = np.packbits((found & 1).astype(np.uint8), axis=1)
    return packed.view(np.uint64)


def agreement(one: NDArray[np.uint64], two: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Estimated Jaccard similarity of rows of ``bits``, (n,): the standard error is about .05.

    Unequal entries agree in their lowest bit half of the time (Li and König 2010, b = 1).
    """
    differing = np.bitwise_count(one ^ two).sum(axis=-1, dtype=np.int64)
    similar: NDArray[np.float64] = 1 - 2 * differing / ENTRIES
    return similar
