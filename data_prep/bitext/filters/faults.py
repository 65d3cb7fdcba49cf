"""Faults put into good pairs, to count which of them the rules find.

Each takes (source, target, another pair's target, a random generator) and returns the pair with
the fault, or None where there is nothing to spoil.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from data_prep.text.transliterate import uz_latin_to_cyrillic

Pair = tuple[str, str]
Fault = Callable[[str, str, str, random.Random], Pair | None]
_DIGITS = re.compile(r"[0-9]+")
_NUMBER = re.compile(r"[0-9]+(?:[.,:][0-9]+)*")
_MONTHS = ("yanvar", "fevral", "mart", "aprel", "may", "iyun", "iyul", "avgust", "sentabr",
           "oktabr", "noyabr", "dekabr")  # fmt: skip
_MONTH = re.compile(
    r"(?<=[0-9][ -])(?:yanvar|fevral|mart|aprel|may|iyun|iyul|avgust|sent?[ya]*br|okt[ya]*br|"
    r"noyabr|dekabr)", re.IGNORECASE,
)  # fmt: skip
_MONEY = ("dollar", "yevro", "rubl", "manat", "soʻm", "lira", "funt sterling")
_CURRENCY = re.compile(r"dollar|\byevro(?!p)|rubl|\bmanat(?!e)|\bsoʻm|\blira|funt sterling")
_DAYS = re.compile(r"(?<![0-9])([1-9]|[12][0-9]|3[01])(?=[ -](?:yanvar|fevral|mart|aprel|may|iyun|"
                   r"iyul|avgust|sent|okt|noyabr|dekabr))", re.IGNORECASE)  # fmt: skip
_SCALE = {"million": "milliard", "milliard": "million", "ming": "million", "mln": "mlrd"}
_SCALED = re.compile(r"(?<=[0-9][ ])(?:million|milliard|ming|mln)")


def _digit(src: str, tgt: str, _other: str, chance: random.Random) -> Pair | None:
    places = [match.start() for match in re.finditer("[0-9]", tgt)]
    if not places:
        return None
    at = chance.choice(places)
    digit = chance.choice([d for d in "123456789" if d != tgt[at]])
    return src, tgt[:at] + digit + tgt[at + 1 :]


def _number(src: str, tgt: str, other: str, chance: random.Random) -> Pair | None:
    own, strange = _NUMBER.findall(tgt), _NUMBER.findall(other)
    new = [number for number in strange if number not in own]
    if not own or not new:
        return None
    match = chance.choice(list(_NUMBER.finditer(tgt)))
    return src, tgt[: match.start()] + chance.choice(new) + tgt[match.end() :]


def _dropped(src: str, tgt: str, _other: str, chance: random.Random) -> Pair | None:
    found = list(_NUMBER.finditer(tgt))
    if not found:
        return None
    match = chance.choice(found)
    return src, tgt[: match.start()] + tgt[match.end() :]


def _replaced(pattern: re.Pattern[str], new: Callable[[str, random.Random], str]) -> Fault:
    def fault(src: str, tgt: str, _other: str, chance: random.Random) -> Pair | None:
        found = list(pattern.finditer(tgt))
        if not found:
            return None
        match = chance.choice(found)
        return src, tgt[: match.start()] + new(match[0].lower(), chance) + tgt[match.end() :]

    return fault


def _other_than(choices: tuple[str, ...]) -> Callable[[str, random.Random], str]:
    return lambda word, chance: chance.choice([c for c in choices if c[:3] != word[:3]])


def _day(word: str, chance: random.Random) -> str:
    return str(chance.choice([d for d in range(1, 29) if d != int(word)]))


URL, MAIL, HANDLE = "https://www.example.org/az/2025", "xeber@example.az", "@korpu_xeber"


def _with(address: str, changed: str) -> Fault:
    """The address at the end of both sides, on the target as it is ``changed``."""

    def fault(src: str, tgt: str, _other: str, _chance: random.Random) -> Pair:
        return f"{src} {address}", f"{tgt} {changed}".rstrip()

    return fault


def _copied(src: str, _tgt: str, _other: str, _chance: random.Random) -> Pair:
    return src, src


def _nearly_copied(src: str, _tgt: str, _other: str, chance: random.Random) -> Pair | None:
    words = src.split()
    if len(words) < 15:
        return None
    del words[chance.randrange(len(words))]
    return src, " ".join(words)


def _word_repeated(src: str, tgt: str, _other: str, chance: random.Random) -> Pair | None:
    words = tgt.split()
    places = [n for n, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
    if not places:
        return None
    at = chance.choice(places)
    return src, " ".join([*words[:at], *[words[at]] * 4, *words[at + 1 :]])


def _looped(src: str, tgt: str, _other: str, chance: random.Random) -> Pair | None:
    words = tgt.split()
    if len(words) < 6:
        return None
    at = chance.randrange(len(words) - 3)
    return src, " ".join([*words[:at], *words[at : at + 3] * 4])


def _cyrillic(src: str, tgt: str, _other: str, _chance: random.Random) -> Pair:
    return src, uz_latin_to_cyrillic(tgt)


def _tagged(src: str, tgt: str, _other: str, chance: random.Random) -> Pair:
    words = tgt.split()
    at = chance.randrange(len(words))
    words[at] = f"<b>{words[at]}</b>"
    return src, " ".join(words)


def _holder(src: str, tgt: str, _other: str, _chance: random.Random) -> Pair:
    return src, f"{tgt} {{NAME}}"


def _cut(share: float) -> Fault:
    def fault(src: str, tgt: str, _other: str, _chance: random.Random) -> Pair | None:
        words = tgt.split()
        size = int(len(words) * share)
        return (src, " ".join(words[:size])) if size else None

    return fault


def _joined(src: str, tgt: str, other: str, _chance: random.Random) -> Pair:
    return src, f"{tgt} {other}"


def _swapped(src: str, _tgt: str, other: str, _chance: random.Random) -> Pair:
    return src, other


def _sworn(src: str, tgt: str, _other: str, chance: random.Random) -> Pair:
    words = tgt.split()
    words.insert(chance.randrange(len(words) + 1), chance.choice(["Jalab", "siktir", "blyat'"]))
    return src, " ".join(words)


FAULTS: dict[str, tuple[str, Fault]] = {
    "one digit changed": ("numbers", _digit),
    "another pair's number": ("numbers", _number),
    "number left out": ("numbers", _dropped),
    "million for milliard, ming": ("numbers", _replaced(_SCALED, lambda word, _: _SCALE[word])),
    "another month": ("dates", _replaced(_MONTH, _other_than(_MONTHS))),
    "another day": ("dates", _replaced(_DAYS, _day)),
    "another currency": ("currencies", _replaced(_CURRENCY, _other_than(_MONEY))),
    "URL left out": ("urls", _with(URL, "")),
    "URL changed": ("urls", _with(URL, URL.replace("2025", "2024"))),
    "e-mail address left out": ("urls", _with(MAIL, "")),
    "@handle changed": ("urls", _with(HANDLE, "@korpu_news")),
    "side copied": ("copy", _copied),
    "side copied but for a word": ("copy", _nearly_copied),
    "word four times": ("repetition", _word_repeated),
    "three words in a loop": ("repetition", _looped),
    "in Cyrillic": ("script", _cyrillic),
    "tag left in": ("markup", _tagged),
    "placeholder on one side": ("placeholders", _holder),
    "cut to a third": ("ratio", _cut(0.33)),
    "cut to a half": ("ratio", _cut(0.5)),
    "next sentence joined on": ("ratio", _joined),
    "another sentence": ("", _swapped),
    "swear word": ("profanity", _sworn),
}
"""What is planted: the rule that should find it ("": none is meant to), and how it is made."""
