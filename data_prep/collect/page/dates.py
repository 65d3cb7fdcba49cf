"""When an article was published, from what its page says, in UTC.

A date without a time is taken as noon in the site's own time zone, so that the calendar date stays
what the page shows. A date without a year is the latest such day that is not after the fetch; a
weekday beside it chooses the year. Dates before 1990, after the fetch or after the snapshot (with
a day's tolerance for clocks and zones) are not believed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_NAMES = (  # Azerbaijani, Uzbek Latin, Uzbek Cyrillic (and Russian spellings), Azerbaijani Cyrillic
    ("yanvar", "yan", "январ", "январь", "января", "јанвар"),
    ("fevral", "fev", "феврал", "февраль", "февраля"),
    ("mart", "mar", "март", "марта"),
    ("aprel", "apr", "апрел", "апрель", "апреля"),
    ("may", "май", "мая", "мај"),
    ("iyun", "iyn", "июн", "июнь", "июня", "ијун"),
    ("iyul", "iyl", "июл", "июль", "июля", "ијул"),
    ("avqust", "avgust", "avq", "avg", "август", "августа"),
    ("sentyabr", "sentabr", "sen", "sent", "сентябр", "сентябрь", "сентября", "сентјабр"),
    ("oktyabr", "oktabr", "okt", "октябр", "октябрь", "октября", "октјабр"),
    ("noyabr", "noy", "ноябр", "ноябрь", "ноября", "нојабр"),
    ("dekabr", "dek", "декабр", "декабрь", "декабря"),
)
_WEEKDAYS = (  # Monday first; the longer names hold the shorter ones
    ("bazar ertəsi", "dushanba", "душанба", "базар ертәси"),
    ("çərşənbə axşamı", "seshanba", "сешанба", "чәршәнбә ахшамы"),
    ("çərşənbə", "chorshanba", "чоршанба", "чәршәнбә"),
    ("cümə axşamı", "payshanba", "пайшанба", "ҹүмә ахшамы"),
    ("cümə", "juma", "жума", "ҹүмә"),
    ("şənbə", "shanba", "шанба", "шәнбә"),
    ("bazar", "yakshanba", "якшанба", "базар"),
)
_YEARS_BACK = 12  # in which every day of the year has fallen on every day of the week, or nearly
_LONGEST = 400  # characters of a text that a date is looked for in
_NEAR = 26  # characters between a date and its time: a weekday, "saat", a section
_SPACED = str.maketrans("\xa0\u202f\u2009\t\r\n", "      ")
_APOSTROPHES = "ʻʼ‘’'`´ʹ′"
_PLAIN = {ord("ə"): "e", ord("ı"): "i", ord("ө"): "о"} | {ord(c): None for c in _APOSTROPHES}


@dataclass(frozen=True)
class Seen:
    """Where and when a page was read.

    ``fetched``, ``latest``: aware, in UTC; nothing was published after ``latest``.
    """

    zone: ZoneInfo
    fetched: datetime
    latest: datetime

    @classmethod
    def of(cls, zone: ZoneInfo, fetched: datetime, snapshot: date) -> Seen:
        """``fetched`` is aware; ``snapshot`` is what the crawl counts as today."""
        end = datetime.combine(snapshot + timedelta(days=2), time(0), UTC)
        return cls(zone, fetched, min(end, fetched + timedelta(days=1)))

    @property
    def today(self) -> date:
        """The calendar day of the fetch, there."""
        return self.fetched.astimezone(self.zone).date()

    def at(self, day: date, clock: time | None) -> datetime:
        """A day and a time of the place, in UTC; noon where there is no time."""
        return datetime.combine(day, clock or time(12), self.zone).astimezone(UTC)


def fold(text: str) -> str:
    """Lower case without diacritics and apostrophes: `Dünən` → `dunen`, `Oʻtgan` → `otgan`.

    Only for finding words: letters that differ may become the same.
    """
    text = text.replace("İ", "i").replace("I", "i").lower().translate(_PLAIN).translate(_SPACED)
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


MONTHS = {fold(name): number for number, names in enumerate(_NAMES, 1) for name in names}
WEEKDAYS = {fold(name): number for number, names in enumerate(_WEEKDAYS) for name in names}
_MONTH = "(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_DAY = r"(?<![\d.,:/])(?P<day>[0-3]?\d)"
_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_ENDING = fold("(?:yil|йил|ci il|cı il|cu il|cü il|ил)")
_FORMS = [
    re.compile(form)
    for form in (
        rf"{_DAY}[\s-]*{_MONTH}[\s,-]*{_YEAR}",  # 12 avqust 2025 · 12-avgust, 2025-yil
        rf"{_YEAR}[\s-]*{_ENDING}?\w*[\s,-]+{_DAY}[\s-]*{_MONTH}",  # 2025-yil 12-avgust
        rf"\b{_MONTH}\s+{_DAY},?\s+{_YEAR}",  # Avqust 12, 2025
        r"(?<!\d)(?P<year>(?:19|20)\d\d)([-./])(?P<month>[01]\d)\2(?P<day>[0-3]\d)(?!\d)",
        rf"{_DAY}([-./])(?P<month>[01]?\d)\2{_YEAR}",
        r"(?<![\d.,:/])(?P<day>[0-3]\d)\.(?P<month>[01]\d)\.(?P<year>\d\d)(?![\d.:])",
    )
]
_YEARLESS = re.compile(rf"{_DAY}[\s-]*{_MONTH}(?!\w)")
WEEKDAY = re.compile(
    r"\b(" + "|".join(sorted(WEEKDAYS, key=len, reverse=True)) + r")(?: gunu| kuni| куни)?(?!\w)"
)
CLOCK = re.compile(r"(?<![\d.:])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?![\d:])")


def iso(text: str | None, seen: Seen) -> datetime | None:
    """A machine-readable date (meta, JSON-LD, time[datetime]) in UTC, or None."""
    if not text:
        return None
    text = text.strip()[:_LONGEST]
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return seen.at(date.fromisoformat(text), None)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=seen.zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return _mail(text) or local(text, seen)


def _mail(text: str) -> datetime | None:
    """A date as feeds and some `meta` elements write it: Tue, 12 Aug 2025 10:30:00 +0400."""
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def local(text: str, seen: Seen) -> datetime | None:
    """The first date in a short text, as people write it in Azerbaijani and Uzbek, in UTC.

    Absolute ones only: with a year, or with a day and a month. `relative.moment` reads the others.
    """
    found = day_of(text, seen)
    return seen.at(*found) if found else None


def span(text: str) -> tuple[int, int] | None:
    """Where a date lies in a folded text: one with a year, or with a time of day."""
    text = fold(text[:_LONGEST])
    found = [match.span() for form in _FORMS if (match := form.search(text))]
    if not found and CLOCK.search(text) and (match := _YEARLESS.search(text)):
        return match.span()
    return min(found, default=None)


def day_of(text: str, seen: Seen) -> tuple[date, time | None] | None:
    """The first calendar day in a short text, and the time beside it if there is one."""
    text = fold(text[:_LONGEST])
    found = [match for form in _FORMS if (match := form.search(text))]
    for match in sorted(found, key=lambda m: (m.start(), -m.end())):
        month, year = match["month"], int(match["year"])
        try:
            day = date(
                year if year > 99 else 2000 + year,
                int(month) if month.isdigit() else MONTHS[month],
                int(match["day"]),
            )
        except ValueError:
            continue
        return _beside(day, text, match)
    match = _YEARLESS.search(text)
    latest = match and _latest(MONTHS[match["month"]], int(match["day"]), text, seen)
    return _beside(latest, text, match) if match and latest else None


def _latest(month: int, day: int, text: str, seen: Seen) -> date | None:
    """The latest such day up to the day after the fetch, on the weekday that is named."""
    named = weekday(text)
    until = seen.today + timedelta(days=1)
    fitting = []
    for year in range(until.year, until.year - _YEARS_BACK, -1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue  # 29 February
        if found <= until:
            if named is None or found.weekday() == named:
                return found
            fitting.append(found)
    return fitting[0] if fitting else None


def weekday(text: str) -> int | None:
    """The first weekday named in a folded text, Monday 0."""
    match = WEEKDAY.search(text)
    return WEEKDAYS[match[1]] if match else None


def _beside(day: date, text: str, match: re.Match[str]) -> tuple[date, time | None]:
    """A day with the time beside it: after it, or before it."""
    return day, clock(text, match.start(), match.end())


def clock(text: str, start: int, end: int) -> time | None:
    """The time after or before ``text[start:end]``, where it is near."""
    match = CLOCK.search(text, end, end + _NEAR)
    if match is None:
        match = next(reversed(list(CLOCK.finditer(text, max(0, start - _NEAR), start))), None)
    return time(int(match["hour"]), int(match["minute"])) if match else None


def believable(moments: Iterable[datetime | None], seen: Seen) -> datetime | None:
    """The first moment that lies between 1990 and what can have been published when seen."""
    return next((m for m in moments if m is not None and EARLIEST <= m < seen.latest), None)


def stamp(moment: datetime | None) -> str | None:
    """ISO 8601 with a Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
