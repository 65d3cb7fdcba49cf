"""Dates that count from the moment of reading: `Bugun, 12:30`, `Dünən`, `2 soat oldin`.

Weeks, months and years ago are not read: they are no day. A page that was made before midnight
and read after it says `Bugun, 23:50` of a time to come: that is the day before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from data_prep.collect.page import dates
from data_prep.collect.page.dates import Seen, fold

_SLACK = timedelta(hours=2)  # by which a site's clock may be ahead of ours
_DAYS = {  # days back; Azerbaijani, Uzbek, Uzbek Cyrillic, Azerbaijani Cyrillic, Russian
    0: ("bu gün", "bugün", "bugun", "бугун", "бу ҝүн", "сегодня"),
    1: ("dünən", "kecha", "кеча", "дүнән", "вчера"),
    2: ("srağagün", "sırağagün", "oʻtgan kuni", "ўтган куни", "сырағаҝүн", "срағаҝүн", "позавчера"),
}
_NOW = (
    "indicə", "elə indicə", "bir az əvvəl", "bir az öncə", "bayaq", "hozir", "hozirgina",
    "biroz oldin", "biroz avval", "bir oz oldin", "ҳозир", "ҳозиргина", "бироз олдин", "индиҹә",
)  # fmt: skip
_UNITS = {
    "seconds": ("saniyə", "san", "soniya", "sekund", "сония", "секунд", "санијә"),
    "minutes": ("dəqiqə", "dəq", "daqiqa", "daq", "minut", "дақиқа", "минут", "дәгигә"),
    "hours": ("saat", "soat", "соат", "саат"),
    "days": ("gün", "kun", "кун", "ҝүн"),
}
_NUMBERS = (
    ("bir", "бир"),
    ("iki", "ikki", "икки", "ики"),
    ("üç", "uch", "уч", "үч"),
    ("dörd", "toʻrt", "тўрт", "дөрд"),
    ("beş", "besh", "беш"),
    ("altı", "olti", "олти", "алты"),
    ("yeddi", "yetti", "етти", "једди"),
    ("səkkiz", "sakkiz", "саккиз", "сәккиз"),
    ("doqquz", "toʻqqiz", "тўққиз", "доггуз"),
    ("on", "oʻn", "ўн", "он"),
)
_BEFORE = ("əvvəl", "öncə", "qabaq", "oldin", "avval", "ilgari", "олдин", "аввал", "илгари",
           "әввәл")  # fmt: skip
_HALF = ("yarım", "yarim", "ярим", "јарым")
_OTHERS = 40  # letters beside the date in an element that shows it: a section, an author


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted(map(fold, words), key=len, reverse=True)) + ")"


_BACK = {fold(word): days for days, words in _DAYS.items() for word in words}
_UNIT = {fold(word): unit for unit, words in _UNITS.items() for word in words}
_NUMBER = {fold(word): number for number, words in enumerate(_NUMBERS, 1) for word in words}
_DAY = re.compile(rf"(?<!\w){_any(_BACK)}(?!\w)")
_JUST = re.compile(rf"(?<!\w){_any(_NOW)}(?!\w)")
_PART = rf"(?:\d{{1,3}}|{_any([*_NUMBER, *_HALF])})\s*(?:ta\s+)?{_any(_UNIT)}\.?"
_AGO = re.compile(rf"(?<![\w.,:])((?:{_PART}\s*)+){_any(_BEFORE)}(?!\w)")
_PARTS = re.compile(rf"(\d{{1,3}}|{_any([*_NUMBER, *_HALF])})\s*(?:ta\s+)?({_any(_UNIT)})")
_ONLY_WEEKDAY = re.compile(r"[\W\d_]*(?:saat|soat|соат)?[\W\d_]*")


def moment(text: str, seen: Seen) -> datetime | None:
    """The relative date that a short text shows, in UTC, or None.

    ``text`` is that of an element that shows a date: one with many other words shows none.
    """
    text = fold(text[:400])
    for form, read in ((_AGO, _ago), (_DAY, _day), (_JUST, _now)):
        match = form.search(text)
        if match and _letters(text) - _letters(match[0]) <= _OTHERS:
            return read(match, text, seen)
    return _weekday(text, seen)


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _ago(match: re.Match[str], text: str, seen: Seen) -> datetime:
    """A time before the fetch, to the minute; of days only the day is known."""
    back, exact = timedelta(0), True
    for number, word in _PARTS.findall(match[1]):
        unit = _UNIT[word]
        count = int(number) if number.isdigit() else _NUMBER.get(number, 0.5)
        back += timedelta(**{unit: count})
        exact = exact and unit != "days"
    found = (seen.fetched - back).replace(second=0, microsecond=0)
    if exact:
        return found
    day = found.astimezone(seen.zone).date()
    return seen.at(day, dates.clock(text, match.start(), match.end()))


def _day(match: re.Match[str], text: str, seen: Seen) -> datetime:
    day = seen.today - timedelta(days=_BACK[match[0]])
    clock = dates.clock(text, match.start(), match.end())
    found = seen.at(day, clock)
    if clock is None:
        return min(found, seen.fetched.replace(second=0, microsecond=0))
    return found if found <= seen.fetched + _SLACK else seen.at(day - timedelta(days=1), clock)


def _now(match: re.Match[str], text: str, seen: Seen) -> datetime:
    del match, text
    return seen.fetched.replace(second=0, microsecond=0)


def _weekday(text: str, seen: Seen) -> datetime | None:
    """A weekday and nothing else but a time: the latest one."""
    match = dates.WEEKDAY.search(text)
    if not match or not _ONLY_WEEKDAY.fullmatch(text[: match.start()] + text[match.end() :]):
        return None
    back = (seen.today.weekday() - dates.WEEKDAYS[match[1]]) % 7
    found = seen.at(
        seen.today - timedelta(days=back), dates.clock(text, match.start(), match.end())
    )
    return found if found <= seen.fetched + _SLACK else found - timedelta(days=7)
