"""Lines of the test sets, found wherever they stand in the corpus, also edited or in part.

Both sides and both scripts are compared after ``fold``. A text is contaminated by a test line if

- they are the same (``exact``),
- it holds the whole line, or is itself a part of it of ``ngram`` words or half the line
  (``contained``),
- it holds ``coverage`` of the line's runs of ``ngram`` words, shorter runs for short lines
  (``8-grams``; a share of 8-grams as in Chowdhery et al. 2022, section 8),
- as a sentence, it shares ``near`` of its character 5-grams with the line (``MinHash``, Jaccard),
  or words in the same order that are ``near`` of the longer of the two (``same words``).

Lines of ``PHRASE`` words or more only, in all but the first. The last two compare sentences, so
they skip texts too long to be one edited line. A document that holds one line goes entirely; that
is for the caller to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from data_prep.bitext import minhash
from data_prep.bitext.contamination_index import PHRASE as PHRASE
from data_prep.bitext.contamination_index import Index as Index
from data_prep.bitext.contamination_index import Line, Tables, Words, keys_of, runs, spellings
from data_prep.bitext.contamination_index import check_settings as check_settings
from data_prep.bitext.contamination_index import index as index
from data_prep.bitext.contamination_index import tables as tables_of

BATCH = 8192  # texts whose signatures are in memory at once


@dataclass(frozen=True)
class Hit:
    """``line`` counts from 1; ``share`` (0 to 1) is of what ``how`` compares."""

    benchmark: str
    line: int
    side: str  # src | tgt
    how: str
    share: float

    def __str__(self) -> str:
        share = "" if self.share == 1 else f" {self.share:.2f}".replace("0.", ".")
        return f"{self.benchmark} line {self.line} ({self.side}), {self.how}{share}"


def _hit(line: Line, how: str, share: float = 1.0) -> Hit:
    return Hit(line.benchmark, line.number, line.side, how, share)


def find(lines: Index, texts: Sequence[str]) -> list[Hit | None]:
    """For every text, the test line that it holds, is a part of, or is nearly; None where clean.

    Of several lines the surest way, then the first line is told. Texts may be sentences or whole
    articles; an edited line inside an article shows as ``near`` only when its sentence is given
    too. What is found for a text does not depend on the others.
    """
    tables = tables_of(lines)
    hits: list[Hit | None] = []
    for start in range(0, len(texts), BATCH):
        hits += _find(lines, tables, texts[start : start + BATCH])
    return hits


def _find(lines: Index, tables: Tables, texts: Sequence[str]) -> list[Hit | None]:
    hits: list[Hit | None] = [None] * len(texts)
    phrases = tables.phrases.keys()
    waiting: list[_Waiting] = []
    for at, text in enumerate(texts):
        for folded in spellings(text, lines.languages):
            if (known := tables.whole.get(folded)) is not None:
                hits[at] = _hit(tables.lines[known], "exact")
                break
            words = tuple(folded.split())
            if len(words) < PHRASE:
                continue
            phrase = not phrases.isdisjoint(runs(words, PHRASE))
            if phrase and (hit := _shared(lines, tables, folded, words)):
                hits[at] = hit
                break
            if len(folded) <= tables.longest:
                waiting.append(_Waiting(at, folded, words, phrase))
    waiting = [one for one in waiting if hits[one.at] is None]
    if waiting and len(tables.bands):
        for one, hit in zip(waiting, _near(lines, tables, waiting), strict=True):
            hits[one.at] = hits[one.at] or hit
    return hits


class _Waiting(NamedTuple):
    """A text that may still be near a line; ``phrase``: it has one in common with some line."""

    at: int
    text: str
    words: Words
    phrase: bool


def _shared(lines: Index, tables: Tables, folded: str, words: Words) -> Hit | None:
    """What shares a phrase with the text and more: contained, else n-grams, else the same words."""
    touched = {at for run in runs(words, PHRASE) for at in tables.phrases.get(run, ())}
    padded = f" {folded} "
    grams: dict[int, set[Words]] = {}
    best: Hit | None = None
    for at in sorted(touched):
        line = tables.lines[at]
        size = len(line.words)
        if f" {line.text} " in padded:
            return _hit(line, "contained")
        part = len(words) >= lines.ngram or 2 * len(words) >= size
        if part and padded in f" {line.text} ":
            return _hit(line, "contained", len(words) / size)
        run = min(lines.ngram, max(PHRASE, size // 3))
        if run not in grams:
            grams[run] = set(runs(words, run))
        share = sum(gram in grams[run] for gram in runs(line.words, run)) / (size - run + 1)
        if share >= lines.coverage and (best is None or share > best.share):
            best = _hit(line, f"{run}-grams", share)
    return best


def _near(lines: Index, tables: Tables, texts: Sequence[_Waiting]) -> list[Hit | None]:
    """The most similar line of each text, at least as similar as ``near``."""
    keys = keys_of([one.text for one in texts], tables.rows).ravel()
    left = np.searchsorted(tables.bands, keys, "left")
    common = np.flatnonzero(tables.bands[np.minimum(left, len(tables.bands) - 1)] == keys)
    right = np.searchsorted(tables.bands, keys[common], "right")
    per_text = len(keys) // len(texts)
    candidates: dict[int, set[int]] = {}
    for key, end in zip(common.tolist(), right.tolist(), strict=True):
        owners = tables.owners[left[key] : end].tolist()
        candidates.setdefault(key // per_text, set()).update(owners)
    return [
        _similar(lines, tables, candidates.get(at, set()), one.text, one.words)
        if one.phrase or at in candidates
        else None
        for at, one in enumerate(texts)
    ]


def _similar(
    lines: Index, tables: Tables, candidates: set[int], folded: str, words: Words
) -> Hit | None:
    """The first of the most similar lines. Those of ``candidates`` share a band with the text; a
    phrase in common is enough for the same words, which many edits of letters leave standing.
    """
    assert lines.near is not None
    best: Hit | None = None
    touched = candidates.union(*(tables.phrases.get(run, ()) for run in runs(words, PHRASE)))
    own = _shingles(folded) if candidates else set()
    for at in sorted(touched):
        line, how, share = tables.lines[at], "MinHash", 0.0
        if at in candidates:
            other = _shingles(line.text)
            share = len(own & other) / len(own | other)
        longer = max(len(words), len(line.words))
        if share < lines.near and min(len(words), len(line.words)) >= lines.near * longer:
            common = in_order(words, line.words)
            how, share = "same words", common / longer if common >= PHRASE else 0.0
        if share >= lines.near and (best is None or share > best.share):
            best = _hit(line, how, share)
    return best


def _shingles(folded: str) -> set[str]:
    size = minhash.SHINGLE
    return {folded[at : at + size] for at in range(max(1, len(folded) - size + 1))}


def in_order(one: Sequence[str], two: Sequence[str]) -> int:
    """Words of the longest common subsequence (bit-parallel, Hyyrö 2004)."""
    places: dict[str, int] = {}
    for at, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << at
    every = (1 << len(one)) - 1
    unmatched = every
    for word in two:
        here = unmatched & places.get(word, 0)
        unmatched = ((unmatched + here) | (unmatched - here)) & every
    return len(one) - unmatched.bit_count()
