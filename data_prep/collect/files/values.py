"""The values of one row, each as what it should be, or a sentence of where it is not."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from data_prep.collect.page import dates
from korpu.errors import UsageError

_YEAR = re.compile(r"(?<!\d)(19|20)\d\d")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # in no UTF-8 file, but JSON can escape them
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def kind(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return "text" if isinstance(value, str) else f"a {type(value).__name__}"


def text(value: Any, place: str, name: str) -> str:
    """Text without space around it; nothing is empty text. Raises ``UsageError``."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UsageError(f"{place}: {name} is {kind(value)}, where text is expected")
    return (value if value.isascii() and "\0" not in value else storable(value)).strip()


def storable(value: str) -> str:
    """Text that UTF-8 and JSON can hold: NUL and half surrogate pairs become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", value)


def label(value: Any, place: str, name: str) -> str | None:
    """A name or an id, which may be a whole number; None where it is empty."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value, place, name) or None


def flag(value: Any, place: str, name: str) -> bool | None:
    """True or false, as such or in a word."""
    if value is None or isinstance(value, bool):
        return value
    word = text(value, place, name).lower()
    if word and word not in _FLAGS:
        raise UsageError(f"{place}: {name} is {word!r}; write true or false")
    return _FLAGS.get(word)


def listed(value: Any, place: str, name: str) -> list[str]:
    """A list of texts; a text is cut at spaces."""
    if isinstance(value, list | tuple):
        return [text(item, place, name) for item in value]
    return text(value, place, name).split()


def moment(value: Any, zone: ZoneInfo, place: str, name: str) -> str | None:
    """A date in UTC, as ISO 8601 with a Z; one without an offset is in ``zone``, a day is its noon.

    Raises ``UsageError`` for what is no date with a year: words such as "today" would be guessed.
    """
    found: datetime | None = None
    if isinstance(value, datetime):
        found = (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    elif isinstance(value, date):
        found = datetime.combine(value, time(12), zone).astimezone(UTC)
    else:
        written = text(value, place, name)
        if not written:
            return None
        if _YEAR.search(written):
            now = datetime.now(UTC)  # unused where the year is written
            found = dates.iso(written, dates.Seen(zone, now, now))
        if found is None:
            raise UsageError(
                f"{place}: {name} is {written[:60]!r}, which is no date; write it as "
                "2025-08-12T10:30:00+04:00 or 2025-08-12"
            )
    return dates.stamp(found)
