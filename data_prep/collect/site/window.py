"""Which URLs of a site are never asked for: skipped paths, and what lies outside its dates."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from data_prep.collect.site.urls import path_of
from korpu.errors import UsageError
from korpu.schema import Site

SKIPPED, OUTSIDE = "skipped", "outside_window"
_IN_PATH = re.compile(
    r"/((?:19|20)\d\d)(/|-|)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?![0-9])"
)  # /2024/05/12, /2024-05-12 or /20240512


class Window:
    """The dates and paths of one site, as its row of the recipe has them."""

    def __init__(self, site: Site) -> None:
        self._since = date.fromisoformat(site.since) if site.since else None
        self._until = date.fromisoformat(site.until) if site.until else None
        self._skip = tuple(site.skip)
        self._zone = ZoneInfo(site.timezone)

    def refuses(self, url: str, lastmod: str | None, published: str | None) -> str | None:
        """Why a URL must not be asked for, or None.

        ``lastmod`` and ``published`` as ``moment`` gives them, in any precision.
        """
        path = path_of(url)
        if self._skip and path.startswith(self._skip):
            return SKIPPED
        if self._since is None and self._until is None:
            return None
        days = [self._local(published)] if published else []
        if (found := in_path(path)) is not None:
            days.append(found)
        if any(self._outside(day) for day in days):
            return OUTSIDE
        changed = self._local(lastmod) if lastmod else None
        if self._since and changed and changed < self._since:
            return OUTSIDE
        return None

    def _outside(self, day: date) -> bool:
        return bool((self._since and day < self._since) or (self._until and day > self._until))

    def _local(self, text: str) -> date:
        if len(text) == 10:
            return date.fromisoformat(text)
        return datetime.fromisoformat(text).astimezone(self._zone).date()


def in_path(path: str) -> date | None:
    """The full date in a URL's path.

    >>> in_path("/az/2024/05/12/xeber")
    datetime.date(2024, 5, 12)
    """
    found = _IN_PATH.search(path)
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return None


def moment(text: str | None) -> str | None:
    """A date of a sitemap (ISO 8601) or a feed (RFC 822): in UTC, or only its day where no more
    is said; None where it is no date.

    >>> moment("Sun, 12 May 2024 10:00:00 +0400"), moment("2024-05-12"), moment("soon")
    ('2024-05-12T06:00:00Z', '2024-05-12', None)
    """
    text = (text or "").strip()[:64]
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = email.utils.parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return None


def latest(text: str | None) -> str | None:
    """The last second that a date of ``moment`` can mean."""
    return f"{text}T23:59:59Z" if text is not None and len(text) == 10 else text


def days(name: str, site: Site, snapshot: str) -> Iterator[str]:
    """The archive pages of a site, the newest day first, without repetition.

    Raises ``UsageError`` where a pattern cannot be filled or no day is given to begin with.
    """
    where = f"source.site.{name}"
    if site.archive and site.since is None:
        raise UsageError(f"{where}.archive needs {where}.since: the day of its first page")
    for pattern in site.archive:
        left = re.sub(r"\{(year|month|day)\}", "", pattern)
        if "{" in left or "}" in left or left == pattern:
            raise UsageError(
                f"{where}.archive: {pattern!r} must have {{year}}, {{month}} or {{day}} and no "
                "other braces"
            )
    first = date.fromisoformat(site.since or snapshot)
    day, given = date.fromisoformat(site.until or snapshot), ""
    while day >= first and site.archive:
        for pattern in site.archive:
            url = pattern.replace("{year}", f"{day:%Y}").replace("{month}", f"{day:%m}")
            url = url.replace("{day}", f"{day:%d}")
            if len(site.archive) > 1 or url != given:  # the frontier keeps each once anyway
                given = url
                yield url
        day -= timedelta(days=1)
