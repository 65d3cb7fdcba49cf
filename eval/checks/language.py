"""Another language or another script than asked for."""

from __future__ import annotations

from functools import lru_cache

from data_prep.text.identify import Identified, identify

MIN_CHARACTERS = 20  # shorter text is not identified reliably


@lru_cache(maxsize=1 << 17)  # two checks ask, and parts overlap
def _identified(text: str) -> Identified:
    return identify(text)


def off_target(_source: str, output: str, language: str) -> bool | None:
    """Another language than asked for, in whatever script; only where identified reliably."""
    if len(output) < MIN_CHARACTERS:
        return None
    found = _identified(output)
    return found.language[:3] != language[:3] if found.reliable else None


def wrong_script(_source: str, output: str, language: str) -> bool | None:
    """Most letters are of another script than the target's; text without letters is left out."""
    script = _identified(output).script
    return None if script == "Zyyy" else script != language.partition("_")[2]
