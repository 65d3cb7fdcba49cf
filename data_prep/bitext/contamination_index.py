"""The lines of all benchmarks in the forms in which they are looked up.

An index is small and equal for equal benchmarks, so that it travels with every task; the tables
of it (phrases, bands) are built once per process.
"""

from __future__ import annotations

import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data_prep.benchmarks import TestSet
from data_prep.bitext import minhash
from data_prep.text.normalize import fold, normalize
from data_prep.text.transliterate import az_cyrillic_to_latin, uz_cyrillic_to_latin
from korpu import schema
from korpu.errors import UsageError

PHRASE = 5
"""Words: fewer are no evidence, unless they are the whole line."""

MISSED = 0.01
"""Chance that bands pass over a sentence as similar as ``near``."""

LEAST_NEAR = 0.5
_CYRILLIC = re.compile("[\u0400-\u052f]")
_SUFFIX = re.compile(r"(?<=\w)[\"“”»](?=\w)")  # “Neftçi”nin is one word, as Neftçinin is
_TO_LATIN = {"azj": az_cyrillic_to_latin, "uzn": uz_cyrillic_to_latin}
Words = tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """The folded lines of the benchmarks, packed; what is looked up is built once per process.

    ``languages`` whose Cyrillic is compared too (``azj``, ``uzn``). Equal inputs give equal
    bytes, so that an index may travel with every task.
    """

    ngram: int
    coverage: float
    near: float | None
    languages: tuple[str, ...]
    packed: bytes


@dataclass(frozen=True)
class Line:
    """A spelling of a line; ``number`` counts from 1, ``side`` is src or tgt."""

    benchmark: str
    number: int
    side: str
    words: Words
    text: str  # folded


@dataclass(frozen=True)
class Tables:
    """``phrases``: ``PHRASE`` words → the lines with them; ``bands``: sorted keys of ``owners``."""

    lines: Sequence[Line]
    whole: Mapping[str, int]
    phrases: Mapping[Words, Sequence[int]]
    bands: NDArray[np.uint64]
    owners: NDArray[np.int64]
    rows: int  # of a band
    longest: float  # characters; a longer text is near no line


def check_settings(settings: schema.Decontaminate) -> None:
    """Raises ``UsageError`` for values that would find nothing, or everything."""
    where = "prepare.decontaminate"
    if settings.ngram < PHRASE:
        raise UsageError(
            f"{where}.ngram is {settings.ngram}; runs of fewer than {PHRASE} words stand in any "
            f"text, give {PHRASE} or more"
        )
    if not 0 < settings.coverage <= 1:
        raise UsageError(
            f"{where}.coverage is {settings.coverage}; it is a share, above 0 and at most 1"
        )
    if settings.near is not None and not LEAST_NEAR <= settings.near <= 1:
        raise UsageError(
            f"{where}.near is {settings.near}; it is a similarity from {LEAST_NEAR} to 1, or null"
        )


def index(test_sets: Iterable[TestSet], settings: schema.Decontaminate) -> Index:
    """Every line of every benchmark, both sides and all references, in its own script and in Latin.

    Of equal lines the first is kept. Raises ``UsageError`` for bad settings.
    """
    check_settings(settings)
    seen: set[str] = set()
    rows: list[tuple[str, int, str, str]] = []
    languages = set()
    for test_set in test_sets:
        sides = [("src", test_set.src_lang, test_set.src)]
        sides += [("tgt", test_set.tgt_lang, lines) for lines in (test_set.tgt, *test_set.refs)]
        for side, code, lines in sides:
            languages.add(code[:3])
            for number, line in enumerate(lines, 1):
                clean = normalize(line, code)
                # as a corpus has it, as it stands in the file, and without marks inside words
                for text in (clean, line, _SUFFIX.sub(" ", clean)):
                    for folded in spellings(text, (code[:3],)):
                        if folded and folded not in seen:
                            seen.add(folded)
                            rows.append((test_set.name, number, side, folded))
    packed = zlib.compress(json.dumps(rows, ensure_ascii=False).encode("utf-8", "replace"), 6)
    return Index(
        settings.ngram,
        settings.coverage,
        settings.near,
        tuple(sorted(languages & set(_TO_LATIN))),
        packed,
    )


def spellings(text: str, languages: Iterable[str]) -> Iterator[str]:
    """The folded text; Cyrillic also by way of Latin, as a corpus has it."""
    text = _SUFFIX.sub("", text)
    own = fold(text)
    yield own
    if not text.isascii() and _CYRILLIC.search(text):
        for language in languages:
            if language in _TO_LATIN:
                latin = fold(normalize(_TO_LATIN[language](text), f"{language}_Latn"))
                if latin != own:
                    yield latin


@lru_cache(maxsize=2)
def tables(lines: Index) -> Tables:
    """What ``find`` looks up; kept for the next call with an equal index."""
    rows = json.loads(zlib.decompress(lines.packed))
    found = [
        Line(name, number, side, tuple(map(sys.intern, text.split())), text)
        for name, number, side, text in rows
    ]
    phrases: dict[Words, list[int]] = {}
    for at, line in enumerate(found):
        for phrase in set(runs(line.words, PHRASE)):
            phrases.setdefault(phrase, []).append(at)
    whole = {line.text: at for at, line in enumerate(found)}
    none = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    near, rows_of_band, longest, (bands, owners_of) = lines.near, 1, 0.0, none
    long_enough = [at for at, line in enumerate(found) if len(line.words) >= PHRASE]
    if near is not None and long_enough:
        rows_of_band = _rows_of_band(near)
        texts = [found[at].text for at in long_enough]
        longest = max(map(len, texts)) / near + minhash.SHINGLE
        keys = keys_of(texts, rows_of_band)
        owners_of = np.repeat(np.asarray(long_enough), keys.shape[1])
        order = np.argsort(keys.ravel(), kind="stable")
        bands, owners_of = keys.ravel()[order], owners_of[order]
    return Tables(found, whole, phrases, bands, owners_of, rows_of_band, longest)


def runs(words: Sequence[str], size: int) -> Iterator[Words]:
    """Every ``size`` words that follow each other."""
    return zip(*(words[at:] for at in range(size)), strict=False)


def _rows_of_band(near: float) -> int:
    """The longest bands that still find all but ``MISSED`` of the sentences as similar as that."""
    fits = [
        rows
        for rows in range(1, minhash.ENTRIES + 1)
        if (1 - near**rows) ** (minhash.ENTRIES // rows) <= MISSED
    ]
    return min(max(fits, default=1), 10)  # near = 1 has the same words to find, too


def keys_of(folded: Sequence[str], rows: int) -> NDArray[np.uint64]:
    """(len(folded), bands): the keys of as many bands of ``rows`` entries as there are."""
    found = minhash.signatures(folded, folded=True)
    return minhash.bands(found, minhash.ENTRIES // rows, rows)
