"""Sentences drawn from the stock: no side of one is ever written twice.

So no pair can stand in two periods. Late templates and late fillers are drawn on and after
`TEST_FROM` only.
"""

from __future__ import annotations

import random
import re
from datetime import date

from examples.newsroom import stock as stocks
from examples.newsroom.event import TEST_FROM, Sentence
from examples.newsroom.morphology import Language, lower_first
from examples.newsroom.stock import Desk, Filler, Stock, Template

LATE_SHARE = 0.15  # of filler draws, and of sentences, on and after TEST_FROM
_KEEP = 0.55  # a name slot takes the article's own person, city, … rather than a new one
_TRIES = 8

_SIDES: tuple[Language, ...] = ("az", "uz")

Cast = dict[str, list[Filler]]  # the names an article keeps coming back to, by type


class Writer:
    """Writes headlines and sentences; remembers what it wrote."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self._seen: set[str] = set()
        self._lower_starts = _lower_words(stock)

    def headline(self, desk: Desk, day: date, cast: Cast, rng: random.Random) -> Sentence:
        """A title; one that was used before only if every headline of the desk fails."""
        pool = [h for h in desk.headlines if day >= TEST_FROM or not h.late]
        for template in rng.sample(pool, len(pool)):
            if sentence := self._write(template, day, cast, rng):
                return sentence
        template = rng.choice(pool)
        return self.fill(template, day, cast, rng)

    def sentences(self, desk: Desk, day: date, cast: Cast, rng: random.Random) -> list[Sentence]:
        """8–14 sentences from different templates of the desk."""
        wanted = rng.randint(8, 14)
        plain = [template for template in desk.templates if not template.late]
        late = [t for t in desk.templates if t.late] if day >= TEST_FROM else []
        rng.shuffle(plain)
        rng.shuffle(late)
        sentences: list[Sentence] = []
        while len(sentences) < wanted and (plain or late):
            pool = late if late and (not plain or rng.random() < LATE_SHARE) else plain
            if sentence := self._write(pool.pop(), day, cast, rng):
                sentences.append(sentence)
        return sentences

    def _write(
        self, template: Template, day: date, cast: Cast, rng: random.Random
    ) -> Sentence | None:
        """The template filled so that neither side was written before, or None."""
        for _ in range(_TRIES):
            sentence = self.fill(template, day, cast, rng)
            if not {sentence.az, sentence.uz} & self._seen:
                self._seen |= {sentence.az, sentence.uz}
                return sentence
        return None

    def fill(self, template: Template, day: date, cast: Cast, rng: random.Random) -> Sentence:
        """The template with fillers drawn for an article of that day; not remembered."""
        binding = self._bind(template, day, cast, rng)
        late = any(filler.late for filler in binding.values())
        az, uz = (template.fill(side, binding) for side in _SIDES)
        return Sentence(template, az, uz, late)

    def _bind(
        self, template: Template, day: date, cast: Cast, rng: random.Random
    ) -> dict[str, Filler]:
        binding: dict[str, Filler] = {}
        for slot in template.slots:
            if rule := template.draw.get(slot.name):
                binding[slot.name] = stocks.number(rule, rng)
            elif slot.name in stocks.DATED:
                binding[slot.name] = self._of_day(slot.name, day)
            else:
                used = {filler.az for filler in binding.values()}
                members = cast.setdefault(slot.type, [])
                place = int(slot.name[len(slot.type) :] or 1) - 1
                while len(members) <= place:
                    members.append(self.draw(slot.type, day, {m.az for m in members}, rng))
                filler = members[place]
                if not filler.proper or filler.az in used or rng.random() > _KEEP:
                    filler = self.draw(slot.type, day, used, rng)
                binding[slot.name] = filler
        return binding

    def _of_day(self, name: str, day: date) -> Filler:
        if name in ("month", "weekday"):
            return self.stock.fillers[name][day.month - 1 if name == "month" else day.weekday()]
        text = str(day.day if name == "day" else day.year)
        return Filler(text, text)

    def draw(self, kind: str, day: date, used: set[str], rng: random.Random) -> Filler:
        """A filler of this type that is not in `used`; a late one in its share, when due."""
        late = day >= TEST_FROM and rng.random() < LATE_SHARE
        for _ in range(_TRIES):
            if kind == "person":
                which = rng.choice(("given", "surname")) if late else ""
                given = self._pick("given", which == "given", rng)
                filler = stocks.person(given, self._pick("surname", which == "surname", rng))
            else:
                filler = self._pick(kind, late, rng)
            if filler.az not in used:
                break
        return filler

    def _pick(self, kind: str, late: bool, rng: random.Random) -> Filler:
        pool = self.stock.fillers[kind]
        return rng.choice([f for f in pool if f.late == late] or [f for f in pool if not f.late])

    def joinable(self, sentence: Sentence, side: Language) -> str | None:
        """The sentence as it continues after a semicolon, or None where that would read wrong."""
        text = sentence.text(side)
        if slot := stocks.SLOT.match(sentence.template.text(side)):
            return text if text[0].isupper() and "cap" not in (slot[3] or "") else None
        first = re.split(r"[\s,]", text)[0]
        return lower_first(text, side) if lower_first(first, side) in self._lower_starts else None


def _lower_words(stock: Stock) -> frozenset[str]:
    """Words that stand in lower case inside a template: these may follow a semicolon so."""
    words: set[str] = set()
    for template in stock.templates:
        for text in (template.az, template.uz):
            bare = stocks.SLOT.sub("0", text)
            words.update(word for word in re.findall(r"[^\s,.;:]+", bare)[1:] if word[0].islower())
    return frozenset(words)
