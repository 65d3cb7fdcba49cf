"""Inflection of slot fillers and numbers in Azerbaijani and Uzbek.

Only what the sentence templates ask for: five cases, plural, capitalisation, the attributive of a
place, and ordinals. Sources: Azərbaycan dilinin orfoqrafiya qaydaları (2019) for softening,
abbreviations and numbers with suffixes; Oʻzbek tilining asosiy imlo qoidalari (1995) for -ga/-ka/
-qa (after gʻ and g the suffix stays -ga: bogʻga, bargga).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

Language = Literal["az", "uz"]
CASES = ("gen", "dat", "acc", "loc", "abl")
FORMS = (*CASES, "pl", "cap", "adj", "ord")

_AZ_BACK = "aıou"
_AZ_VOWELS = "aıoueəiöü"
_AZ_HIGH = dict(zip("aıeəiouöü", "ııiiiuuüü", strict=True))
_CLOSING = '”»"’)'
_NUMBER = re.compile(r"(\d+)(?:,(\d+))?$")
# Borrowed words keep k and q before a vowel.
_AZ_HARD = frozenset(
    {"hüquq", "ittifaq", "əxlaq", "məntiq", "təsdiq", "tədqiq", "tətbiq", "təbriq"}
)
_AZ_UNITS = ("sıfır", "bir", "iki", "üç", "dörd", "beş", "altı", "yeddi", "səkkiz", "doqquz")
_AZ_TENS = ("", "on", "iyirmi", "otuz", "qırx", "əlli", "altmış", "yetmiş", "səksən", "doxsan")
# Names of letters in abbreviations read letter by letter (BMT: be-em-te); the others end in e.
_AZ_LETTERS = {c: name for name in ("ef", "el", "em", "en", "er", "es") for c in name[1]} | {
    "k": "ka",
    "h": "aş",
}
_AZ_READ_AS_WORD = frozenset({"ABŞ", "ATƏT", "SOCAR"})


class MorphologyError(ValueError):
    """A form that does not exist, or that the word cannot take."""


def upper_first(text: str, language: Language) -> str:
    """`text` with its first letter in upper case (az: i→İ, ı→I); an opening quote is skipped."""
    for position, char in enumerate(text):
        if char.isalpha():
            return text[:position] + _upper(char, language) + text[position + 1 :]
        if char.isdigit():
            break
    return text


def lower_first(text: str, language: Language) -> str:
    """`text` with its first character in lower case (az: I→ı, İ→i); abbreviations stay."""
    if text[:2].isupper() and len(text) > 1:
        return text
    return _lower(text[:1], language) + text[1:]


def number_word(digits: str, fraction: str = "") -> str:
    """The last word of the number as spoken in Azerbaijani: ("2025", "") → "beş".

    A decimal ends in its fraction: 3,05 is read "üç tam yüzdə beş".
    """
    value = int(fraction or digits)
    if value == 0:
        return _AZ_UNITS[0]
    if value % 10:
        return _AZ_UNITS[value % 10]
    if value % 100:
        return _AZ_TENS[value % 100 // 10]
    for scale, word in ((1000, "yüz"), (10**6, "min"), (10**9, "milyon")):
        if value % scale:
            return word
    return "milyard"


def inflect(
    language: Language,
    word: str,
    forms: Sequence[str] = (),
    *,
    possessive: bool = False,
    overrides: Mapping[str, str] | None = None,
) -> str:
    """`word` with `forms` applied in the order given (`("pl", "gen")`, `("loc", "cap")`).

    Args:
        language: `az` or `uz`.
        word: a name, a common noun, a phrase, or a number in digits (decimal comma).
        forms: names from `FORMS`.
        possessive: the word ends in a third-person possessive (Nazirliyi): Azerbaijani then takes
            the pronominal n (Nazirliyinə); Uzbek does not change.
        overrides: irregular results, keyed by the forms without `cap` joined by "+".

    Raises:
        MorphologyError: an unknown form, or one that cannot follow.
    """
    for form in forms:
        if form not in FORMS:
            raise MorphologyError(f"unknown form '{form}'; known: {', '.join(FORMS)}")
    steps = [form for form in forms if form != "cap"]
    key = "+".join(steps)
    if overrides and key in overrides:
        result = overrides[key]
    else:
        suffix = _az_step if language == "az" else _uz_step
        result, owned = word, possessive
        for position, form in enumerate(steps):
            if position + 1 < len(steps) and form != "pl":
                raise MorphologyError(f"nothing can follow '{form}' in '{key}'")
            if form == "pl" and possessive:
                raise MorphologyError(f"'{word}' is possessive and takes no 'pl'; give an override")
            result = suffix(result, form, owned)
    return upper_first(result, language) if "cap" in forms else result


def _az_step(word: str, form: str, possessive: bool) -> str:
    sound, joint = _az_sound(word)
    last = next((char for char in reversed(sound) if char in _AZ_VOWELS), "e")
    high, low = _AZ_HIGH[last], "a" if last in _AZ_BACK else "ə"
    open_end = sound[-1:] in tuple(_AZ_VOWELS)
    if form == "ord":
        if not word[-1:].isdigit():
            raise MorphologyError(f"'ord' needs a number, not '{word}'")
        return f"{word}-c{high}"
    if form == "pl":
        return f"{word}{joint}l{low}r"
    if form == "adj":
        return f"{lower_first(word, 'az')}{joint}l{high}"
    n = "n" if possessive else ""
    if form in ("loc", "abl"):
        return f"{word}{joint}{n}d{low}{'n' if form == 'abl' else ''}"
    if form == "gen":
        suffix = ("n" if open_end else "") + high + "n"
    elif form == "acc":
        suffix = ("n" if open_end else "") + high
    else:
        suffix = (n or ("y" if open_end else "")) + low
    return f"{word if joint else _az_soften(word, sound)}{joint}{suffix}"


def _az_sound(word: str) -> tuple[str, str]:
    """(what the ear hears last, what joins the suffix to it)."""
    bare = word.rstrip(_CLOSING)
    if match := _NUMBER.search(bare):
        return number_word(match[1], match[2] or ""), "-"
    token = re.split(r"[\s-]", bare)[-1]
    if len(token) > 1 and token.isalpha() and token.isupper():
        sound = _lower(token, "az")
        readable = token in _AZ_READ_AS_WORD or (
            len(token) > 3 and any(char in _AZ_VOWELS for char in sound)
        )
        if not readable and sound[-1] not in _AZ_VOWELS:
            sound = _AZ_LETTERS.get(sound[-1], sound[-1] + "e")
        return sound, "-"
    return _lower(token, "az"), ""


def _az_soften(word: str, sound: str) -> str:
    """k→y after a front vowel and q→ğ after a vowel, in common nouns of two syllables or more."""
    token = re.split(r"[\s-]", word)[-1]
    syllables = sum(char in _AZ_VOWELS for char in sound)
    if not token[:1].islower() or syllables < 2 or sound in _AZ_HARD or not word[-1].isalpha():
        return word
    if sound[-1] == "k" and sound[-2] in "əeiöü":
        return word[:-1] + "y"
    if sound[-1] == "q" and sound[-2] in _AZ_VOWELS:
        return word[:-1] + "ğ"
    return word


def _uz_step(word: str, form: str, possessive: bool) -> str:
    del possessive  # Uzbek has no pronominal n: vazirligi → vazirligida
    bare = word.rstrip(_CLOSING)
    number = bare[-1:].isdigit()
    if form == "ord":
        if not number:
            raise MorphologyError(f"'ord' needs a number, not '{word}'")
        return f"{word}-"
    joint = " " if number else ""
    if form == "adj":
        return f"{lower_first(word, 'uz')}{joint}lik"
    if form == "dat":
        token = re.split(r"[\s-]", bare)[-1]
        spelled = len(token) > 1 and token.isupper()  # AQSHga: read letter by letter
        consonant = "" if spelled else bare[-1:].lower()
        return word + joint + {"k": "ka", "q": "qa"}.get(consonant, "ga")
    return word + joint + {"gen": "ning", "acc": "ni", "loc": "da", "abl": "dan", "pl": "lar"}[form]


def _upper(text: str, language: Language) -> str:
    if language == "az":
        text = text.replace("i", "İ").replace("ı", "I")
    return text.upper()


def _lower(text: str, language: Language) -> str:
    if language == "az":
        text = text.replace("İ", "i").replace("I", "ı")
    return text.lower()
