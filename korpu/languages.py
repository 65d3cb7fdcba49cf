"""Languages are FLORES codes everywhere; this is the one table of what else they are called."""

from __future__ import annotations

from dataclasses import dataclass

from korpu.errors import UsageError


@dataclass(frozen=True)
class Language:
    """A language in one script. ``flores`` is its name here, ``iso`` its BCP 47 tag."""

    flores: str
    iso: str
    name: str
    script: str


LANGUAGES = {
    language.flores: language
    for language in (
        Language("azj_Latn", "az", "Azerbaijani", "Latn"),
        Language("azj_Cyrl", "az-Cyrl", "Azerbaijani (Cyrillic)", "Cyrl"),
        Language("uzn_Latn", "uz", "Uzbek", "Latn"),
        Language("uzn_Cyrl", "uz-Cyrl", "Uzbek (Cyrillic)", "Cyrl"),
        Language("eng_Latn", "en", "English", "Latn"),
        Language("rus_Cyrl", "ru", "Russian", "Cyrl"),
        Language("tur_Latn", "tr", "Turkish", "Latn"),
    )
}


def language(code: str) -> Language:
    """The language of a FLORES code or BCP 47 tag; raises ``UsageError`` naming the known ones."""
    if code in LANGUAGES:
        return LANGUAGES[code]
    for known in LANGUAGES.values():
        if known.iso == code:
            return known
    raise UsageError(f"unknown language {code!r}: use one of {', '.join(LANGUAGES)}")


def direction(name: str) -> tuple[str, str]:
    """``azj_Latn-uzn_Latn`` as (source, target); raises ``UsageError`` for anything else."""
    source, dash, target = name.partition("-")
    if not dash or source == target or not {source, target} <= set(LANGUAGES):
        raise UsageError(f"a direction is SOURCE-TARGET, such as azj_Latn-uzn_Latn, not {name!r}")
    return source, target
