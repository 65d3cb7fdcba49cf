"""Numbers that stay as they stand: marks, with what the target language writes after them.

Only what is certain is written: digits, per cent, and the endings below. A number with any other
ending (``5-i``, ``14-də``, ``5 ga``) has no form here: the word that it ends is the model's.
"""

from __future__ import annotations

import re

from release.formats.document import Mark, Text, Write, cut
from release.formats.rendering import Languages
from release.formats.sentences import Parts

_NUMBER = re.compile(
    r"(?<![\w.,:/-])(?P<digits>[0-9]+(?:[.,:/–\u00a0\u202f -]?[0-9]+)*)(?P<sign>\s?[%°$€£₼]+)?"
    r"(?P<ending>[-–‑ʼʻ’']?[^\W\d_]+)?(?P<more>[-–‑ʼʻ’']+\w*)?"
)
_ORDINAL = re.compile(r"[-–‑]?c[iıuü]")
# What 5-ci may stand before and be 5- in Uzbek; not before və, olub, böyük, ildönümü, or a bare ilə
# (with, or to a year).
_NOUN = re.compile(
    r"(?:il(?:i|in|ində|də|dən|lər\w*)?|gün(?:ü|ün|ündə|də|dən)?|ay(?:ı|ın|ında|da)?|"
    r"(?:əsr|mərtəbə|mövsüm|maddə|bənd|dəfə|dövr|həftə|mərhələ|tur|raund|kurs|səhifə)\w*|"
    r"sinf\w*|sinif(?:də|dən|lər\w*)?|yer(?:i|də|dən|ə)?)(?!\w)"
)
_WORD = re.compile(
    r"[-–‑](?!(?:d[ae]|dan\w*|dagi\w*|d[ae][ky]|dir|ga|gacha\w*|ni(?:ng)?|lar\w*|lab|cha|"
    r"s?i(?:d[ae]\w*|ga\w*|ni\w*)?|i?n?chi\w*|lik\w*|ta(?:cha|d[ae]\w*|ga\w*|ni\w*|lik\w*|si\w*|y)?|"
    r"son\w*|raqam\w*|\w+li(?:[kg]\w*)?)(?!\w))[^\W\d_]{3}",
    re.IGNORECASE,
)
"""Uzbek 5-qavat: not an ending (5-larda), a number of another kind (5-son, 10-kunlik)."""
_MONTH = re.compile(
    r"[-–‑](?:(?:yanvar|fevral|aprel|iyun|iyul|avgust|sent?yabr|sentabr|okt?yabr|oktabr|noyabr|"
    r"dekabr)\w*|(?:mart|may)(?:i\w*|da|dan\w*|dagi\w*|ga\w*|ni|ning)?)(?!\w)",
    re.IGNORECASE,
)  # not marta (times), maydon, mayor
_DAY = re.compile(r"[0-3]?[0-9](?:[-–][0-3]?[0-9])?")
_OF_MONTH = re.compile(
    r"(?:(?:yanvar|fevral|aprel|iyun|iyul|avqust|sentyabr|oktyabr|noyabr|dekabr)\w*|"
    r"(?:mart|may)(?:ın\w*|ı|da\w*|a|adək)?)(?!\w)",
    re.IGNORECASE,
)  # 14 noyabr: 14-noyabr
_WORD_FOLLOWS = re.compile(r"[ \u00a0]+(?=[^\W\d_])")
_COUNTER = re.compile(r"[ \u00a0]?ta[ \u00a0]+(?=[^\W\d_])")  # 5 ta kitob: 5 kitab
_CYRILLIC = re.compile(r"[Ѐ-ԯ]")
_CLOCK = re.compile(r"(?<!\w)saat\s$", re.IGNORECASE)
_CASES = {"də": "da", "da": "da", "dən": "dan", "dan": "dan"}  # saat 5-də: soat 5 da
_UZBEK_CASE = re.compile(
    r"[ \u00a0](?:d[ae]|dan|dagi|d[ae]k|ga|gacha|ni(?:ng)?|s?i|lar\w*|i?nchi\w*|chi|ta\w*|lik)"
    r"(?!\w)"
)
_AZERBAIJANI_CASE = re.compile(r"[ \u00a0]-?c[iıuü](?!\w)|[ \u00a0]-\w")  # 2024 cü il, 5 -də

# The last word that is said of a number decides its ordinal's vowel.
_UNITS = {"1": "ci", "2": "ci", "3": "cü", "4": "cü", "5": "ci", "6": "cı", "7": "ci", "8": "ci",
          "9": "cu"}  # fmt: skip
_TENS = {"1": "cu", "2": "ci", "3": "cu", "4": "cı", "5": "ci", "6": "cı", "7": "ci", "8": "ci",
         "9": "cı"}  # fmt: skip


def ordinal(digits: str) -> str:
    """The Azerbaijani ordinal ending of a whole number: 2024 → cü, 40 → cı, 100 → cü; empty for
    what has none that is certain (decimals, zero, millions)."""
    if not digits.isdecimal() or not digits.strip("0") or digits[-6:] == "000000":
        return ""
    if digits[-1] != "0":
        return _UNITS[digits[-1]]
    if digits[-2:] != "00":
        return _TENS[digits[-2]]
    return "ci" if digits[-3:] == "000" else "cü"  # min, yüz


def standing(parts: Parts, write: Write, languages: Languages) -> Parts | None:
    """The parts with their numbers as marks; None where there is none, where one's form in the
    target language is not certain, or where the text is Cyrillic."""
    found: list[Text | Mark] = []
    for part in parts:
        if isinstance(part, Mark):
            found.append(part)
            continue
        if _CYRILLIC.search(part.text):
            return None
        at = 0
        for number in _NUMBER.finditer(part.text):
            form = _form(part.text, number, languages.source[:3], languages.target[:3])
            if form is None:
                return None
            written, end = form
            found.append(cut(part.raw, part.text, write, at, number.start()))
            found.append(Mark((write(languages.finish(written)),), seen=written))
            at = end
        found.append(cut(part.raw, part.text, write, at, len(part.text)) if at else part)
    kept = tuple(part for part in found if not isinstance(part, Text) or part.text)
    return None if kept == tuple(parts) else kept


def _form(text: str, number: re.Match[str], source: str, target: str) -> tuple[str, int] | None:
    """What is written for a number, and where in the text what follows it begins."""
    digits, ending = number["digits"], number["ending"] or ""
    shown = digits + (number["sign"] or "")
    after = _WORD_FOLLOWS.match(text, number.end())
    if (source, target) not in (("azj", "uzn"), ("uzn", "azj")) or number["more"]:
        return None
    if source == "azj":
        if not ending:
            if after and _DAY.fullmatch(shown) and _OF_MONTH.match(text, after.end()):
                return f"{digits}-", after.end()
            plain = not _AZERBAIJANI_CASE.match(text, number.end())
            return (shown, number.end("sign" if number["sign"] else "digits")) if plain else None
        is_ordinal = _ORDINAL.fullmatch(ending) and not number["sign"]
        if is_ordinal and after and _NOUN.match(text, after.end()):
            return f"{digits}-", after.end()
        case = _CASES.get(ending.lstrip("-–‑"))
        if case and _CLOCK.search(text[max(0, number.start() - 6) : number.start()]):
            return f"{digits} {case}", number.end()
        return None
    counted = _COUNTER.match(text, number.end("digits"))
    if counted and not number["sign"]:
        return f"{digits} ", counted.end()
    if not ending:
        plain = not _UZBEK_CASE.match(text, number.end())
        return (shown, number.end("sign" if number["sign"] else "digits")) if plain else None
    if number["sign"] or not _WORD.match(ending):
        return None
    if _MONTH.match(ending):
        return f"{digits} ", number.start("ending") + 1
    suffix = ordinal(digits)
    return (f"{digits}-{suffix} ", number.start("ending") + 1) if suffix else None
