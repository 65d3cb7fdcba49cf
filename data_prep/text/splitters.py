"""Other sentence splitters, as functions of a paragraph and its language, where installed.

For ``korpu bench text`` only; korpu needs none of them. Each gets the language that fits best of
those it has: none of them has Azerbaijani or Uzbek of its own but ICU.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from importlib import import_module

from data_prep.text import abbreviations
from data_prep.text.segment import segment

Splitter = Callable[[str, str], list[str]]
OURS, REGEX = "korpu", "regex with lists"

_PLACE = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+(?=[\"'“‘«(\[–—-]?\s?[^\W_a-zа-яəıöüçşğ])")


def by_regex(text: str, language: str) -> list[str]:
    """What one writes in an afternoon: mark, space, capital or digit, and korpu's lists of words.

    It knows every abbreviation that korpu knows and single capitals, and no context.
    """
    known = abbreviations.every(language)
    sentences, start = [], 0
    for match in _PLACE.finditer(text):
        before = text[start : match.start()].rsplit(None, 1)
        word = before[-1].strip("\"'“”«»()[]") if before else ""
        bare = word[:-1].lower() if word.endswith(".") else ""
        if bare and (bare in known or re.fullmatch(r"(?:\w[ʻ‘'’]?\.)+", word)):
            continue
        sentences.append(text[start : match.end()].strip())
        start = match.end()
    return [*sentences, text[start:].strip()]


def _sentence_splitter() -> Splitter:
    make = import_module("sentence_splitter").SentenceSplitter
    latin, cyrillic = make(language="tr"), make(language="ru")

    def split(text: str, language: str) -> list[str]:
        found: list[str] = (cyrillic if language.endswith("_Cyrl") else latin).split(text)
        return found

    return split


def _pysbd() -> Splitter:
    make = import_module("pysbd").Segmenter
    latin, cyrillic = make(language="en", clean=False), make(language="kk", clean=False)

    def split(text: str, language: str) -> list[str]:
        found: list[str] = (cyrillic if language.endswith("_Cyrl") else latin).segment(text)
        return found

    return split


def _blingfire() -> Splitter:
    blingfire = import_module("blingfire")

    def split(text: str, _language: str) -> list[str]:
        found: list[str] = blingfire.text_to_sentences(text).split("\n")
        return found

    return split


def _icu() -> Splitter:
    icu = import_module("icu")

    names = {"azj_Latn": "az", "uzn_Latn": "uz", "uzn_Cyrl": "uz_Cyrl"}
    breaks = {c: icu.BreakIterator.createSentenceInstance(icu.Locale(n)) for c, n in names.items()}

    def split(text: str, language: str) -> list[str]:
        iterator, wide = breaks[language], icu.UnicodeString(text)
        iterator.setText(wide)
        found, start = [], 0
        for end in iterator:
            found.append(str(wide[start:end]))
            start = end
        return found

    return split


PEERS = {  # package on PyPI: (module, how to make it)
    "sentence-splitter": ("sentence_splitter", _sentence_splitter),
    "pysbd": ("pysbd", _pysbd),
    "blingfire": ("blingfire", _blingfire),
    "icukit-pyicu": ("icu", _icu),
}


def installed() -> tuple[dict[str, Splitter], list[str]]:
    """korpu's and the others that are there, by name; and the names of those that are not."""
    found: dict[str, Splitter] = {OURS: segment, REGEX: by_regex}
    absent = []
    for name, (module, make) in PEERS.items():
        if importlib.util.find_spec(module) is None:
            absent.append(name)
        else:
            found[name] = make()
    return found, absent
