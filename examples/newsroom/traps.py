"""What a crawler has to survive, and what it has to stay away from.

Broken articles are linked like any other: an address that is gone, one that fails, a page cut off
in the middle, an empty one. Forbidden areas (search, editors' entrance, a calendar without end)
are real pages that only robots.txt keeps a crawler out of.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from examples.newsroom.event import LAST, Article, Unit
from examples.newsroom.generate import Newsroom, stream
from examples.newsroom.morphology import Language

BROKEN = ("missing", "failing", "truncated", "empty")
PER_KIND = 2


def broken_articles(newsroom: Newsroom, side: Language) -> list[Article]:
    """`PER_KIND` listed addresses for each way to be broken."""
    result = []
    for index, kind in enumerate(BROKEN * PER_KIND):
        rng = stream(newsroom.seed, f"broken-{side}", index)
        desk = rng.choice(list(newsroom.stock.desks.values()))
        published = datetime.combine(LAST, time(6), UTC) - timedelta(hours=rng.randrange(7000))
        number = 1_000_000 + index * 1000 + rng.randrange(1000)
        name = f"{desk.name[0]}{number % 97}-{number}.html"
        lines = rng.sample(newsroom.site[side]["lines"], 3)
        result.append(
            Article(
                site=side,
                language=side,
                number=number,
                path=f"/{desk.section[side]}/{published:%Y/%m}/{name}",
                title=rng.choice(newsroom.site[side]["notes"]),
                paragraphs=(tuple(Unit((), line) for line in lines),),
                desk=desk.name,
                published=published,
                author="",
                habit="canonical",
                layout=index % 3,
                broken=kind,
            )
        )
    return result


def next_month(target: str, calendar: str) -> str:
    """The calendar page that a forbidden page links to: always one more month."""
    year, month = 2025, 11
    if match := re.search(r"ay=(\d{4})-(\d\d)", target):
        year, month = int(match[1]), int(match[2])
    year, month = (year + 1, 1) if month >= 12 else (year, month + 1)
    return f"{calendar}?ay={year:04d}-{month:02d}"
