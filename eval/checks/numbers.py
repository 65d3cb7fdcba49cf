"""Numbers, percentages, money and dates, read in digits and in words of both languages.

The readers are the corpus filters' (``data_prep.bitext.filters``): grouped and decimal digits,
scales (2 milyon, 3,5 mln), cardinals, ordinals and case suffixes in words, Roman numerals, hours,
months by name and by number. The filters keep a pair in doubt; a check also asks whether what the
source has is there at all, and compares numbers that stand in words on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from data_prep.bitext.filters import currencies, dates
from data_prep.bitext.filters.numbers import differ_in_numerals
from data_prep.bitext.filters.numerals import Numeral, numerals
from eval.checks.reading import KEPT, lower, pair

_TRIVIAL = {"1", "0.5", "0"}  # bir is also an article, yarım and yarim also "halfway"


def number_mismatch(source: str, output: str, language: str) -> bool | None:
    """A number in digits without its equal on the other side in digits or words; or numbers in
    words on both sides, each without an equal on the other. Neither side has one: None.
    """
    sides = pair(source, output, language)
    if sides is None:
        return None
    one, two = read(sides[0]), read(sides[1])
    if not any(n.in_digits or _worded(n) for n in (*one, *two)):
        return None
    if any(n.in_digits for n in (*one, *two)) and differ_in_numerals(one, two, *sides):
        return True
    return bool(alone(one, two) and alone(two, one))


@lru_cache(maxsize=KEPT)
def read(text: str) -> tuple[Numeral, ...]:
    return tuple(numerals(text))


def _worded(numeral: Numeral) -> bool:
    return not numeral.in_digits and not numeral.readings & _TRIVIAL


def alone(these: Sequence[Numeral], those: Sequence[Numeral]) -> list[Numeral]:
    """The numbers in words of these that are none of those, nor a part of a date or time there."""
    values = {value for n in those for value in (*n.readings, *n.parts)}
    return [n for n in these if _worded(n) and not n.readings & values]


_PERCENT = re.compile(r"%|(?<!\w)(?:faiz|foiz|prosent|protsent)\w*|(?<!\w)yüzdə(?= [0-9])")
_BEFORE = ("%", "yüzdə")  # they may stand before the number: %12, yüzdə 12

_TOKEN = re.compile(r"\S+")
_AFTER = re.compile(r" ?[0-9]+(?:[., \u00a0][0-9]+)*(?: (?:ming?|ml|mil|tr)\w*)?")
_LOOK = 48  # characters before a unit in which its number stands
Readings = frozenset[str]


def percent_mismatch(source: str, output: str, language: str) -> bool | None:
    """A number of per cent without the same number of per cent on the other side.

    None where neither side has a number with %, faiz or foiz.
    """
    sides = pair(source, output, language)
    if sides is None:
        return None
    one, two = percents(sides[0]), percents(sides[1])
    if not one and not two:
        return None
    return any(not any(a & b for b in two) for a in one) or any(
        not any(a & b for b in one) for a in two
    )


@lru_cache(maxsize=KEPT)
def percents(text: str) -> tuple[Readings, ...]:
    if "%" not in text and "iz" not in text and "sent" not in text and "yüz" not in text:
        return ()
    low = lower(text)
    found = []
    for match in _PERCENT.finditer(low):
        readings = quantity(low[max(0, match.start() - _LOOK) : match.start()])
        first = _AFTER.match(low, match.end())
        if not readings and match[0] in _BEFORE and first:
            readings = quantity(first[0])
        if readings:
            found.append(readings)
    return tuple(found)


def quantity(before: str) -> Readings:
    """The readings of the number that text ends with; empty where it ends with none.

    >>> sorted(quantity("gəlirlər on beş ")), sorted(quantity("narxi 2,5 mln. "))
    (['15'], ['2500000'])
    """
    begin, ended = len(before.rstrip(" -–")), None
    for token in reversed(list(_TOKEN.finditer(before))):
        if token.start() >= begin:
            continue
        if not _is_number(token[0].rstrip(".,-–")):
            break
        ended = ended or min(token.end(), begin)
        begin = token.start()
    if ended is None:
        return frozenset()
    found = numerals(before[begin:ended].replace(". ", " ").rstrip("."))
    return found[0].readings if len(found) == 1 or not found[0].in_digits else found[-1].readings


@lru_cache(maxsize=1 << 14)
def _is_number(token: str) -> bool:
    return bool(_SCALE.fullmatch(token)) or bool(numerals(token))


_SCALE = re.compile(
    r"min|ming|ml[nr]d?|mlrd|tr(?:il)?ln|milyon|milyard|million|milliard|trill?i?y?on"
)
Amount = tuple[str, Readings]


def money_mismatch(source: str, output: str, language: str) -> bool | None:
    """A currency that the other side does not name, or amounts of one currency that differ.

    None where neither side names a currency.
    """
    sides = pair(source, output, language)
    if sides is None:
        return None
    one, two = _amounts(sides[0]), _amounts(sides[1])
    if not one and not two:
        return None
    if {name for name, _ in one} != {name for name, _ in two}:
        return True
    return _unpaid(one, two) and _unpaid(two, one)


def _unpaid(these: tuple[Amount, ...], those: tuple[Amount, ...]) -> bool:
    return any(
        readings and not any(name == other and readings & others for other, others in those)
        for name, readings in these
    )


@lru_cache(maxsize=KEPT)
def _amounts(text: str) -> tuple[Amount, ...]:
    found = []
    for name, before, after in currencies.mentions(text):
        readings = quantity(before[-_LOOK:])
        if not readings:  # $5, € 20 mln
            first = _AFTER.match(after)
            readings = quantity(first[0]) if first else frozenset()
        found.append((name, readings))
    return tuple(found)


_WEEKDAYS = {
    "azj": r"bazar ertəsi|çərşənbə axşamı|çərşənbə|cümə axşamı|cümə|şənbə|bazar(?= gün)",
    "uzn": r"dushanba|seshanba|chorshanba|payshanba|juma|shanba|yakshanba",
}
_DAY_NUMBER = {
    "bazar ertəsi": "1", "çərşənbə axşamı": "2", "çərşənbə": "3", "cümə axşamı": "4", "cümə": "5",
    "şənbə": "6", "bazar": "7", "dushanba": "1", "seshanba": "2", "chorshanba": "3",
    "payshanba": "4", "juma": "5", "shanba": "6", "yakshanba": "7",
}  # fmt: skip
_WEEKDAY = {name: re.compile(rf"(?<!\w)(?:{names})") for name, names in _WEEKDAYS.items()}
Said = tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]


def date_mismatch(source: str, output: str, language: str) -> bool | None:
    """A month that the other side does not name, or another day, year or day of the week.

    None where neither side names a month or a day of the week.
    """
    sides = pair(source, output, language)
    if sides is None:
        return None
    target = language[:3]
    one = _dates(sides[0], "azj" if target == "uzn" else "uzn")
    two = _dates(sides[1], target)
    if not any((one[0], two[0], one[3], two[3])):
        return None
    if one[0] != two[0]:
        return True
    return any(
        bool(set(a) - set(b)) and bool(set(b) - set(a))
        for a, b in zip(one[1:], two[1:], strict=True)
    )


@lru_cache(maxsize=KEPT)
def _dates(text: str, language: str) -> Said:
    months, days, years = (frozenset(found) for found in dates.said(text))
    weekdays = frozenset(_DAY_NUMBER[m[0]] for m in _WEEKDAY[language].finditer(lower(text)))
    return months, days, years, weekdays
