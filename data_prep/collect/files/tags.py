"""Language tags as files write them – az, az-AZ, azj_Latn, uz-Cyrl-UZ, uz@cyrillic – as FLORES."""

from __future__ import annotations

import re

from korpu.languages import LANGUAGES

_NAMES = {
    "az": "azj", "aze": "azj", "azj": "azj", "uz": "uzn", "uzb": "uzn", "uzn": "uzn",
    "en": "eng", "eng": "eng", "ru": "rus", "rus": "rus", "tr": "tur", "tur": "tur",
}  # fmt: skip
_SCRIPTS = {"latn": "Latn", "latin": "Latn", "cyrl": "Cyrl", "cyrillic": "Cyrl", "arab": "Arab"}
_ARABIC = {("azj", "ir"), ("azj", "iq"), ("uzn", "af")}  # written so there, if nothing else is said


def parse(tag: str) -> tuple[str, str | None] | None:
    """(language as FLORES names it, script or None) of a tag; None for languages not known here."""
    first, *rest = re.split("[-_@]", tag.strip().lower())
    name = _NAMES.get(first)
    if name is None:
        return None
    script = next((_SCRIPTS[part] for part in rest if part in _SCRIPTS), None)
    if script is None and any((name, part) in _ARABIC for part in rest):
        script = "Arab"
    return name, script


def fits(tag: str, code: str) -> bool:
    """Whether a tag can mean a FLORES code; a tag without a script fits every script."""
    found = parse(tag)
    name, _, script = code.partition("_")
    return found is not None and found[0] == name and found[1] in (None, script)


def chosen(tag: str, codes: tuple[str, ...]) -> str | None:
    """The code that a tag means, one of the same script before one that only can be it."""
    fitting = [code for code in codes if fits(tag, code)]
    return next((code for code in fitting if code == flores(tag)), fitting[0] if fitting else None)


def flores(tag: str) -> str | None:
    """The FLORES code of a tag, in the language's first script where it names none, or None."""
    found = parse(tag)
    if found is None:
        return None
    name, script = found
    if script is not None:
        return code if (code := f"{name}_{script}") in LANGUAGES else None
    return next(code for code in LANGUAGES if code.startswith(f"{name}_"))
