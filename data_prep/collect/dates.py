"""When an article was published, from what its page says, in UTC.

A date without a time is taken as noon in the site's own time zone, so that the calendar date stays
what the page shows. Dates before 1990 or after the snapshot are not believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_NAMES = (  # Azerbaijani, Uzbek Latin, Uzbek Cyrillic (and Russian spellings seen on Uzbek pages)
    ("yanvar", "январ", "январь", "января"),
    ("fevral", "феврал", "февраль", "февраля"),
    ("mart", "март", "марта"),
    ("aprel", "апрел", "апрель", "апреля"),
    ("may", "май", "мая"),
    ("iyun", "июн", "июнь", "июня"),
    ("iyul", "июл", "июль", "июля"),
    ("avqust", "avgust", "август", "августа"),
    ("sentyabr", "sentabr", "сентябр", "сентябрь", "сентября"),
    ("oktyabr", "oktabr", "октябр", "октябрь", "октября"),
    ("noyabr", "ноябр", "ноябрь", "ноября"),
    ("dekabr", "декабр", "декабрь", "декабря"),
)
MONTHS = {name: number for number, names in enumerate(_NAMES, 1) for name in names}
_MONTH = "(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b"
_DAY = r"(?<![\d.,:])(?P<day>[0-3]?\d)"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_CLOCK = r"(?<![\d.:])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?![\d.:])"
_FORMS = [
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_DAY}[\s-]*{_MONTH}[\s,-]*{_YEAR}(?!\d)",  # 12 avqust 2025 · 12-avgust, 2025-yil
        rf"{_YEAR}[\s-]*(?:yil|йил|ci il|cı il|cu il|cü il)?\w*[\s,-]+{_DAY}[\s-]*{_MONTH}",
        rf"{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)",
        rf"{_DAY}[./](?P<month>[01]?\d)[./]{_YEAR}(?!\d)",
    )
]
_TIME = re.compile(_CLOCK)
_NEAR = 16  # characters between a date and its time


def utc(moment: datetime, zone: ZoneInfo) -> datetime:
    """A moment in UTC; one without an offset is in the site's zone."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def iso(text: str | None, zone: ZoneInfo) -> datetime | None:
    """A machine-readable date (meta, JSON-LD, time[datetime]) in UTC, or None."""
    if not text:
        return None
    text = text.strip()
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return utc(datetime.combine(date.fromisoformat(text), time(12)), zone)
        return utc(datetime.fromisoformat(text), zone)
    except (ValueError, OverflowError):
        return local(text, zone)


def local(text: str, zone: ZoneInfo) -> datetime | None:
    """The first date in running text, as people write it in Azerbaijani and Uzbek, in UTC."""
    text = text.replace("\xa0", " ").replace("İ", "i").replace("ı", "i").lower()
    found = [match for form in _FORMS if (match := form.search(text))]
    for match in sorted(found, key=lambda m: m.start()):
        month = match["month"]
        try:
            day = date(
                int(match["year"]),
                int(month) if month.isdigit() else MONTHS[month],
                int(match["day"]),
            )
        except ValueError:
            continue
        return utc(datetime.combine(day, _clock(text, match) or time(12)), zone)
    return None


def _clock(text: str, match: re.Match[str]) -> time | None:
    """The time beside a date: after it, or before it."""
    after = _TIME.search(text, match.end(), match.end() + _NEAR)
    if after:
        return time(int(after["hour"]), int(after["minute"]))
    before = list(_TIME.finditer(text, max(0, match.start() - _NEAR), match.start()))
    return time(int(before[-1]["hour"]), int(before[-1]["minute"])) if before else None


def believable(moments: Iterable[datetime | None], snapshot: date) -> datetime | None:
    """The first moment that lies between 1990 and the day after the snapshot."""
    latest = datetime.combine(snapshot + timedelta(days=2), time(0), UTC)
    return next((m for m in moments if m is not None and EARLIEST <= m < latest), None)


def stamp(moment: datetime | None) -> str | None:
    """ISO 8601 with a Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
