"""A raw text as a model of this project reads it: one orthography, one script.

Corpora are written so, and so is whatever is translated: validation, evaluation, a bundle and the
services that load one (``translation.json`` has vectors) give a model the same line for the same
text, however it was typed.
"""

from __future__ import annotations

from data_prep.text.normalize import normalize
from data_prep.text.transliterate import az_cyrillic_to_latin, uz_cyrillic_to_latin

TO_LATIN = {"uzn": uz_cyrillic_to_latin, "azj": az_cyrillic_to_latin}


def canonical(text: str, code: str) -> str:
    """Latin script, normalised, one line.

    ``code`` is a FLORES code; Cyrillic in a text that is said to be in Latin is found, too.

    >>> canonical("O`zbekiston  Respublikasi", "uzn_Latn"), canonical("Тошкент", "uzn_Latn")
    ('Oʻzbekiston Respublikasi', 'Toshkent')
    """
    name, _, script = code.partition("_")
    if name in TO_LATIN and (script == "Cyrl" or (script == "Latn" and _is_cyrillic(text))):
        text, code = TO_LATIN[name](text), f"{name}_Latn"
    return " ".join(normalize(text, code).split())


def _is_cyrillic(text: str) -> bool:
    cyrillic = sum("Ѐ" <= character <= "ӿ" for character in text)
    return cyrillic > sum(character.isalpha() for character in text) / 2
