"""Dates that are written with a month's name must not contradict each other.

14 noyabr 2025, noyabrın 14-də, noyabr ayının 14-ü, 14-noyabr 2025-yil, 2025-yil 14-noyabrda, and
14.11.2025 and 2025-11-14 are the same day. A side that leaves a date out contradicts nothing.
"""

from __future__ import annotations

import re

import polars as pl

from data_prep.bitext.filters.rows import both, contradict, judged

_NAMES = {
    "yan": 1, "fev": 2, "mar": 3, "apr": 4, "may": 5, "iyun": 6, "iyul": 7, "avq": 8, "avg": 8,
    "sen": 9, "okt": 10, "noy": 11, "dek": 12,
}  # fmt: skip
_PLAIN = r"yanvar|fevral|aprel|iyun|iyul|av[qg]ust|sent?yabr|sentabr|oktyabr|oktabr|noyabr|dekabr"
# mart and may begin other words: Martin, marta (times, in Uzbek), maydon, mayda (small, in Uzbek)
_MONTH = (
    rf"(?:(?:{_PLAIN})\w*|mart(?:ı?n\w*|ı|da\w*|a?dək|ga\w*|ning|ni)?(?!\w)"
    r"|may(?:ın\w*|ı|dan|dagi|a?dək|ga|gacha|ning|ni)?(?!\w))"
)
_DAY = r"(?<![0-9.,:])(?P<{0}>[0-3]?[0-9])"
_YEAR = r"(?P<{0}>(?:1[0-9]|20)[0-9]{{2}})"
_NAMED = re.compile(
    rf"(?:{_YEAR.format('year')}[\w\s-]{{0,12}}?[\s-])?"
    rf"(?:{_DAY.format('day')}\s?[-–]?\s?)?(?<!\w)(?P<month>{_MONTH}|(?<=[0-9][ -])mayda)"
    rf"(?:(?P<of>(?<=[ıiuü]n)|\s(?:ayının|oyining))\s(?P<day_after>[0-3]?[0-9])(?![0-9.,:%]))?"
    rf"(?:\s*,?\s*{_YEAR.format('year_after')}(?![0-9]))?"
)
_NUMERIC = re.compile(
    r"(?<![0-9.])(?:(?P<d>[0-3]?[0-9])(?P<mark>[./])(?P<m>[01]?[0-9])(?P=mark)(?P<y>(?:1[0-9]|20)[0-9]{2})"
    r"|(?P<iso_y>(?:1[0-9]|20)[0-9]{2})-(?P<iso_m>[01][0-9])-(?P<iso_d>[0-3][0-9]))(?![0-9])"
)  # fmt: skip
HINTS = (
    "yanvar", "fevral", "mart", "aprel", "may", "iyun", "İyun", "iyul", "İyul", "avq", "avg",
    "sent", "okt", "noyabr", "dekabr",
)  # fmt: skip
_NUMERIC_HINT = r"[0-9][./-][0-9]{1,2}[./-][0-9]"


def broken(rows: pl.DataFrame) -> pl.Series:
    """For each row whether the sides name different months, days or years."""
    return judged(rows, both(HINTS, _NUMERIC_HINT), differ)


def differ(src: str, tgt: str) -> bool:
    """Whether each side names a month, a day or a year that the other does not."""
    one, two = said(src), said(tgt)
    return any(contradict(a, b) for a, b in zip(one, two, strict=True))


def months(text: str) -> set[str]:
    """The months that are named, as numbers in digits."""
    return {_month(match["month"]) for match in _NAMED.finditer(_lower(text))}


def said(text: str) -> tuple[set[str], set[str], set[str]]:
    """(months, days of a month as ``day.month``, years of dates), as numbers in digits."""
    found: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    for match in _NAMED.finditer(_lower(text)):
        month = _month(match["month"])
        _add(found, match["day"] or match["day_after"], month, match["year"] or match["year_after"])
    for match in _NUMERIC.finditer(text):
        day, month, year = match["d"], match["m"], match["y"]
        if day is None:
            day, month, year = match["iso_d"], match["iso_m"], match["iso_y"]
        if 1 <= int(month) <= 12:
            _add(found, day, str(int(month)), year)
    return found


def _add(
    found: tuple[set[str], set[str], set[str]], day: str | None, month: str, year: str | None
) -> None:
    found[0].add(month)
    if day and 1 <= int(day) <= 31:
        found[1].add(f"{int(day)}.{month}")
    if year:
        found[2].add(year)


def _lower(text: str) -> str:
    return text.replace("İ", "i").lower()


def _month(word: str) -> str:
    return str(_NAMES[word[:4]] if word[:4] in _NAMES else _NAMES[word[:3]])
