"""The elements of a page that show a date to readers.

A date is looked for where a class, a tag or the whole of a short text says that it is one, near
the headline; never in running text. What is nearest to the headline goes first; of that, absolute
dates before relative ones, and those that say when an article was changed last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time

from lxml import etree

from data_prep.collect.page import dates, headlines, relative
from data_prep.collect.page.dates import CLOCK, Seen, fold
from data_prep.collect.page.tree import short

SHORT = 80  # characters; an element that shows a date shows little else
_ALONE = 36  # characters of an element without a telling class that is a date and nothing else
_OTHERS = 8  # letters in it that are not the date
_MOST = 2000  # elements of a page that are looked at
_TAGS = (
    "time", "span", "div", "p", "li", "small", "em", "i", "b", "address", "font", "td", "a",
)  # fmt: skip
_DATED = re.compile(
    r"(^|[\s_-])(date|time|datetime|published|posted|pubdate|when|tarix|vaqt|sana)", re.I
)
_NOW = re.compile(r"(current|today|now|server|header)[_-]?(date|time)?|(date|time)[_-]?now", re.I)
_CHANGED = re.compile(r"updat|modif", re.I)
_CHANGED_WORDS = re.compile(r"\W*(yenilen|yangilan|deyisdiril|ozgartiril|янгилан)")


def moments(
    root: etree._Element, headline: etree._Element | None, seen: Seen
) -> Iterator[datetime | None]:
    """Dates that a page shows, in UTC, in the order in which they are to be believed."""
    shown: dict[etree._Element, tuple[bool, str, bool]] = {}
    for element in root.iter(*_TAGS):
        label = f"{element.get('class') or ''} {element.get('id') or ''}"
        dated = element.tag == "time" or bool(_DATED.search(label))
        text = short(element, SHORT if dated else _ALONE)
        if text and not _NOW.search(label) and (dated or _is_date(text)):
            changed = bool(_CHANGED.search(label) or _CHANGED_WORDS.match(fold(text)))
            shown[element] = (changed, text, dated)
            if len(shown) == _MOST:
                break
    found = [
        (distance, changed, element, text, dated)
        for distance, element in headlines.nearest(shown, headline)
        for changed, text, dated in [shown[element]]
    ]
    for distance in sorted({one[0] for one in found}):
        near = sorted((one for one in found if one[0] == distance), key=lambda one: one[1])
        for _, _, element, text, _ in near:
            yield _absolute(element, text, seen)
        for _, _, _, text, dated in near:
            if dated:
                yield relative.moment(text, seen)


def _is_date(text: str) -> bool:
    """Whether a text is a date with a year, and little else."""
    if not any(map(str.isdigit, text)):
        return False
    span = dates.span(text)
    if span is None:
        return False
    folded = fold(text)
    return sum(map(str.isalpha, folded[: span[0]] + folded[span[1] :])) <= _OTHERS


def _absolute(element: etree._Element, text: str, seen: Seen) -> datetime | None:
    """The date of an element, with the time of day that may stand in an element beside it."""
    found = dates.day_of(text, seen)
    if found is None:
        return None
    day, clock = found
    for beside in (element.getnext(), element.getprevious()):
        if clock is None and beside is not None and isinstance(beside.tag, str):
            match = CLOCK.fullmatch(re.sub(r"^\W+|\W+$", "", short(beside, 12) or ""))
            if match:
                return seen.at(day, time(int(match["hour"]), int(match["minute"])))
    return seen.at(day, clock)
