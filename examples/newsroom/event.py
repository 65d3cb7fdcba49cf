"""Events, the sentences they consist of, and the pages that report them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from examples.newsroom.morphology import Language
from examples.newsroom.stock import Template

FIRST, LAST = date(2024, 10, 7), date(2025, 11, 30)  # every month is seen before the test
DEV_FROM, TEST_FROM = date(2025, 9, 29), date(2025, 10, 20)
DROPPED = 0.04  # of the sentences, on one side
REORDERED = 0.05  # of the neighbours within a paragraph: swapped or merged on one side


def period(day: date) -> str:
    """`train`, `dev` or `test` by date."""
    return "test" if day >= TEST_FROM else "dev" if day >= DEV_FROM else "train"


@dataclass(frozen=True)
class Sentence:
    """A filled template: the same statement in both languages, canonical spelling."""

    template: Template
    az: str
    uz: str
    late_filler: bool

    def text(self, language: Language) -> str:
        """One side."""
        return self.az if language == "az" else self.uz


@dataclass(frozen=True)
class Unit:
    """What a reader sees as one sentence on one page: one sentence of the event, or two merged."""

    members: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class Article:
    """One page: one side of an event, or (event None) a page in another language."""

    site: Language
    language: str
    number: int
    path: str
    title: str
    paragraphs: tuple[tuple[Unit, ...], ...]
    desk: str
    published: datetime
    author: str
    habit: str
    layout: int
    event: int | None = None
    hreflang: bool = False
    broken: str = ""  # how the page is broken, see traps.py

    @property
    def script(self) -> str:
        """`Latn` or `Cyrl`, as the page prints it."""
        return "Cyrl" if self.habit == "cyrillic" or self.language in ("ru", "kk") else "Latn"


@dataclass(frozen=True)
class Event:
    """What happened on a day: a headline and sentences, and the pages that report it."""

    index: int
    desk: str
    day: date
    headline: Sentence
    sentences: tuple[Sentence, ...]
    articles: dict[Language, Article]


def arrange(
    sentences: Sequence[Sentence],
    rng: random.Random,
    joinable: Callable[[Sentence, Language], str | None],
) -> dict[Language, list[list[Unit]]]:
    """Paragraphs of 1–3 sentences per side, with what translation desks do to them.

    Some sentences are dropped on one side; some neighbours are swapped or merged on one side.
    `joinable` gives a sentence as it reads after a semicolon, or None.
    """
    paragraphs: list[list[int]] = []
    rest = list(range(len(sentences)))
    while rest:
        size = rng.randint(1, 3)
        paragraphs.append(rest[:size])
        rest = rest[size:]
    both: list[Language] = ["az", "uz"]
    dropped = {i: rng.choice(both) for i in range(len(sentences)) if rng.random() < DROPPED}
    changes: dict[int, tuple[Language, bool]] = {}
    for group in paragraphs:
        for first, second in zip(group[::2], group[1::2], strict=False):
            if rng.random() < REORDERED and not {first, second} & dropped.keys():
                changes[first] = (rng.choice(both), rng.random() < 0.5)
    result: dict[Language, list[list[Unit]]] = {}
    for side in both:
        pages: list[list[Unit]] = []
        for group in paragraphs:
            units = [Unit((i,), sentences[i].text(side)) for i in group if dropped.get(i) != side]
            for first, (where, merge) in changes.items():
                if where != side or first not in group:
                    continue
                at = next(k for k, unit in enumerate(units) if unit.members == (first,))
                one, two = units[at : at + 2]
                tail = joinable(sentences[first + 1], side) if merge else None
                if tail and re.search(r"\w\.$", one.text):
                    text = f"{one.text[:-1]}; {tail}"
                    units[at : at + 2] = [Unit((first, first + 1), text)]
                else:
                    units[at : at + 2] = [two, one]
            if units:
                pages.append(units)
        result[side] = pages
    return result
