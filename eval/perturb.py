"""A source as people also write it: other apostrophes, another case, Cyrillic, typing errors.

Pure functions of (text, language, random generator). What a perturbation cannot change comes back
as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from data_prep.text.transliterate import uz_latin_to_cyrillic

_MARK = re.compile("[ʻʼ]")
_TYPED = ("'", "‘", "’", "`", "ʼ")  # for either of the two letters of the 1995 alphabet
_WORD = re.compile(r"[^\W\d_]{4,}")
TYPOS = 0.1  # of the words of four letters and more, at least one in a text
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {
    letter: row[max(0, i - 1) : i] + row[i + 1 : i + 2]
    for row in _ROWS
    for i, letter in enumerate(row)
}

Perturbation = Callable[[str, str, np.random.Generator], str]


def apostrophes(text: str, language: str, rng: np.random.Generator) -> str:
    """Uzbek ʻ and ʼ as one of the marks that are typed for them, the same all through a text."""
    if language != "uzn_Latn":
        return text
    return _MARK.sub(_TYPED[int(rng.integers(len(_TYPED)))], text)


def lower(text: str, language: str, _rng: np.random.Generator) -> str:
    """All in small letters; in Azerbaijani I is ı and İ is i."""
    if language.startswith("azj"):
        text = text.replace("I", "ı")
    return text.replace("İ", "i").lower()


def upper(text: str, language: str, _rng: np.random.Generator) -> str:
    """All in capitals; in Azerbaijani i is İ and ı is I."""
    if language.startswith("azj"):
        text = text.replace("i", "İ")
    return text.upper()


def cyrillic(text: str, language: str, _rng: np.random.Generator) -> str:
    """Uzbek in its Cyrillic script. There is no way back for Azerbaijani, which left it in 1991."""
    return uz_latin_to_cyrillic(text) if language == "uzn_Latn" else text


def typos(text: str, _language: str, rng: np.random.Generator) -> str:
    """One letter in a tenth of the longer words left out, doubled, swapped or its neighbour's."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    count = max(1, round(TYPOS * len(words)))
    chosen = sorted(int(i) for i in rng.choice(len(words), size=count, replace=False))
    for index in reversed(chosen):  # from the end, so that the places before stay
        word = words[index]
        text = text[: word.start()] + _mistyped(word[0], rng) + text[word.end() :]
    return text


def _mistyped(word: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(1, len(word) - 1))  # a first letter is seldom mistyped
    letter, kind = word[at], int(rng.integers(4))
    beside = _BESIDE.get(letter.lower())
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1 or (kind == 3 and not beside):
        return word[:at] + letter + word[at:]
    if kind == 2:
        return word[:at] + word[at + 1] + letter + word[at + 2 :]
    return word[:at] + str(rng.choice(list(beside or letter))) + word[at + 1 :]


PERTURBATIONS: dict[str, Perturbation] = {
    "apostrophes": apostrophes,
    "lower": lower,
    "upper": upper,
    "cyrillic": cyrillic,
    "typos": typos,
}
