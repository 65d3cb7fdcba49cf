"""Dated events as article pairs, drawn from the stock by a seed.

Every draw comes from its own stream, derived by hashing (seed, purpose, index): nothing is global,
and the same seed gives the same bytes.
"""

from __future__ import annotations

import hashlib
import random
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from examples.newsroom import stock as stocks
from examples.newsroom.event import FIRST, LAST, Article, Event, Sentence, Unit, arrange, period
from examples.newsroom.habits import AZ_HABITS, UZ_HABITS
from examples.newsroom.morphology import Language, lower_first
from examples.newsroom.stock import DESKS, Desk, Stock
from examples.newsroom.writer import Cast, Writer

ARTICLES = 620
ONE_SIDED, HREFLANG, CYRILLIC, SIDE_LINE = 0.10, 0.5, 0.3, 0.15
_UTC_OFFSET = {"az": 4, "uz": 5}
_SIDES: tuple[Language, ...] = ("az", "uz")


def stream(seed: int, purpose: str, index: int = 0) -> random.Random:
    """An independent random stream for one purpose."""
    digest = hashlib.sha256(f"{seed}|{purpose}|{index}".encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


class Newsroom:
    """Both sites' content.

    Args:
        seed: changes everything that is drawn.
        articles: number of events; each gives a page on one or both sites.
        stock: templates and fillers; the repository's own when None.

    Raises:
        StockError: a template or slot file is missing or wrong.
    """

    def __init__(self, seed: int = 1, articles: int = ARTICLES, stock: Stock | None = None) -> None:
        self.seed = seed
        self.stock = stock or stocks.load()
        self.site: dict[str, Any] = stocks.site()
        self._writer = Writer(self.stock)
        self._numbers = {
            side: iter(
                stream(seed, "numbers-" + side).sample(range(20_000, 999_999), articles + 99)
            )
            for side in ("az", "uz")
        }
        self._authors = {side: self._staff(side) for side in ("az", "uz")}
        rng = stream(seed, "calendar")
        days = sorted(
            FIRST + timedelta(days=rng.randrange((LAST - FIRST).days + 1)) for _ in range(articles)
        )
        desks = [DESKS[index % len(DESKS)] for index in range(articles)]
        rng.shuffle(desks)
        self.events = [
            self._event(index, self.stock.desks[desk], day)
            for index, (desk, day) in enumerate(zip(desks, days, strict=True))
        ]
        self.foreign = list(self._foreign())

    @property
    def articles(self) -> list[Article]:
        """Every readable article page of both sites, wrong-language pages included."""
        pages = [page for event in self.events for page in event.articles.values()]
        return [*pages, *self.foreign]

    def _event(self, index: int, desk: Desk, day: date) -> Event:
        rng = stream(self.seed, "event", index)
        cast: Cast = {}
        headline = self._writer.headline(desk, day, cast, rng)
        sentences = self._writer.sentences(desk, day, cast, rng)
        sides = _SIDES if rng.random() >= ONE_SIDED else (rng.choice(_SIDES),)
        linked = len(sides) == 2 and rng.random() < HREFLANG
        units = arrange(sentences, rng, self._writer.joinable)
        days = _publication_days(day, rng)
        articles = {
            side: self._page(side, index, desk, headline, units[side], days[side], linked)
            for side in sides
        }
        return Event(index, desk.name, day, headline, tuple(sentences), articles)

    # ── the pages that report it ────────────────────────────────────────────────────────────────

    def _page(
        self,
        side: Language,
        index: int,
        desk: Desk,
        headline: Sentence,
        paragraphs: list[list[Unit]],
        day: date,
        linked: bool,
    ) -> Article:
        rng = stream(self.seed, f"page-{side}", index)
        habit = rng.choice(AZ_HABITS if side == "az" else UZ_HABITS)
        if side == "uz" and rng.random() < CYRILLIC:
            habit = "cyrillic"
        body = [tuple(paragraph) for paragraph in paragraphs]
        if rng.random() < SIDE_LINE:  # a line that the other side does not have
            line = Unit((), rng.choice(self.site[side]["lines"]))
            body.insert(rng.randint(1, len(body)), (line,))
        title = headline.text(side).rstrip(".")
        number, section = next(self._numbers[side]), desk.section[side]
        prefix = "/kr" if habit == "cyrillic" else ""
        path = f"{prefix}/{section}/{day:%Y/%m}/{slug(title)}-{number}.html"
        return Article(
            site=side,
            language=side,
            number=number,
            path=path,
            title=title,
            paragraphs=tuple(body),
            desk=desk.name,
            published=_local(day, side, rng),
            author=rng.choice(self._authors[side]),
            habit=habit,
            layout=rng.randrange(3),
            event=index,
            hreflang=linked,
        )

    def _foreign(self) -> Iterator[Article]:
        for side in _SIDES:
            for index, language in enumerate(self.site["foreign"][side]):
                rng = stream(self.seed, f"foreign-{side}", index)
                day = FIRST + timedelta(days=rng.randrange((LAST - FIRST).days + 1))
                text = self.site["other"][language]
                title, desk = rng.choice(text["title"]), self.stock.desks[rng.choice(DESKS)]
                body = [Unit((), line) for line in rng.sample(text["body"], len(text["body"]))]
                number = next(self._numbers[side])
                name = slug(title) or language
                yield Article(
                    site=side,
                    language=language,
                    number=number,
                    path=f"/{desk.section[side]}/{day:%Y/%m}/{name}-{number}.html",
                    title=title,
                    paragraphs=(tuple(body[:3]), tuple(body[3:])),
                    desk=desk.name,
                    published=_local(day, side, rng),
                    author=rng.choice(self._authors[side]),
                    habit="canonical",
                    layout=rng.randrange(3),
                )

    def _staff(self, side: str) -> list[str]:
        rng = stream(self.seed, f"staff-{side}")
        people = [self._writer.draw("person", FIRST, set(), rng) for _ in range(6)]
        return [person.az if side == "az" else person.uz for person in people]


def slug(title: str) -> str:
    """An ASCII URL slug of at most eight words."""
    text = lower_first(title, "uz").translate(str.maketrans("əıİӘә", "eiIEe"))
    text = re.sub("[ʻʼ]", "", text)
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", ascii_text)[:8])


def _local(day: date, side: str, rng: random.Random) -> datetime:
    """A time of day between 08:00 and 20:59 local time, in UTC."""
    local = datetime.combine(day, time(rng.randint(8, 20), rng.randrange(60)), UTC)
    return local - timedelta(hours=_UTC_OFFSET[side])


def _publication_days(day: date, rng: random.Random) -> dict[Language, date]:
    """Azerbaijani on the day, Uzbek up to a day before or after, never in another period."""
    other = day + timedelta(days=rng.choices((-1, 0, 1), (15, 55, 30))[0])
    if not FIRST <= other <= LAST or period(other) != period(day):
        other = day
    return {"az": day, "uz": other}
