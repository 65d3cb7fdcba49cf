"""A text as pieces that fit a model: paragraphs, sentences, clauses, words; nothing is ever cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

Measure = Callable[
    [Sequence[str]], list[int]
]  # texts → tokens each, language code and end included

CLAUSE = re.compile(r"(?<=[,;:–—])\s+")


def pieces(text: str, language: str, measure: Measure, limit: int) -> list[list[str]]:
    """Split a text into paragraphs of pieces, each of at most ``limit`` tokens where possible.

    A paragraph that fits is one piece; one that does not becomes its sentences, a sentence that
    does not fit becomes runs of clauses, then of words, and a word longer than the limit is halved
    until it fits. Joining pieces with a space and paragraphs with a newline gives back the text up
    to white space (a halved word gets a space). Empty paragraphs are empty lists.
    """
    paragraphs = [" ".join(line.split()) for line in text.splitlines()] or [""]
    return [
        _fit(paragraph, language, measure, limit) if paragraph else [] for paragraph in paragraphs
    ]


def joined(paragraphs: Iterable[Sequence[str]]) -> str:
    """The inverse of ``pieces``: spaces inside a paragraph, newlines between."""
    return "\n".join(" ".join(filter(None, parts)) for parts in paragraphs)


def _fit(paragraph: str, language: str, measure: Measure, limit: int) -> list[str]:
    if measure([paragraph])[0] <= limit:
        return [paragraph]
    from data_prep.text.segment import segment

    fitting: list[str] = []
    for sentence in segment(paragraph, language):
        fitting.extend(_sentence(sentence, measure, limit))
    return fitting


def _sentence(sentence: str, measure: Measure, limit: int) -> list[str]:
    if measure([sentence])[0] <= limit:
        return [sentence]
    runs: list[str] = []
    for clause in _packed(CLAUSE.split(sentence), measure, limit):
        if measure([clause])[0] <= limit:
            runs.append(clause)
        else:
            words = [part for word in clause.split() for part in _word(word, measure, limit)]
            runs.extend(_packed(words, measure, limit))
    return runs


def _packed(parts: Sequence[str], measure: Measure, limit: int) -> list[str]:
    """Neighbours put together while their token counts add up to at most the limit.

    Counts of parts include the code and the end once each, so their sum is an upper bound of the
    count of the whole, as long as words are tokenised one by one, which NLLB's tokenizer does.
    """
    packed: list[list[str]] = []
    room = 0
    for part, size in zip(parts, measure(parts), strict=True):
        if packed and size <= room:
            packed[-1].append(part)
            room -= size
        else:
            packed.append([part])
            room = limit - size
    return [" ".join(run) for run in packed]


def _word(word: str, measure: Measure, limit: int) -> list[str]:
    if len(word) < 2 or measure([word])[0] <= limit:
        return [word]
    middle = len(word) // 2
    return _word(word[:middle], measure, limit) + _word(word[middle:], measure, limit)
