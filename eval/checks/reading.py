"""Text as the checks read it: Latin script, one orthography, and what is kept of it by language."""

from __future__ import annotations

import re
from functools import lru_cache

from data_prep.text.normalize import normalize
from data_prep.text.transliterate import az_cyrillic_to_latin, uz_cyrillic_to_latin

KEPT = 1 << 17  # texts whose readings are kept: systems and parts share sources and references
_CYRILLIC = re.compile(r"[Ѐ-ԯ]")


def other(language: str) -> str | None:
    """The source's language for a target's, without script; None where the pair is not az–uz."""
    return {"uzn": "azj", "azj": "uzn"}.get(language[:3])


@lru_cache(maxsize=KEPT)
def latin(text: str, language: str) -> str:
    """``text`` of ``azj`` or ``uzn`` in Latin letters and the canonical orthography."""
    if _CYRILLIC.search(text):
        text = uz_cyrillic_to_latin(text) if language == "uzn" else az_cyrillic_to_latin(text)
    return normalize(text, f"{language}_Latn")


@lru_cache(maxsize=KEPT)
def lower(text: str) -> str:
    """Lower case in which every character keeps its place; İ and I are both i, as ı stays."""
    return text.replace("İ", "i").replace("I", "i").lower()


def pair(source: str, output: str, language: str) -> tuple[str, str] | None:
    """Both sides in Latin letters; None where the pair of languages is not az–uz."""
    theirs = other(language)
    if theirs is None:
        return None
    return latin(source, theirs), latin(output, language[:3])
