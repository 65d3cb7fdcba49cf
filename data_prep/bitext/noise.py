"""Document pairs with known faults, made of parallel lines that are one to one and in order.

"15% deletions, 8% merges, 5% wrong-language lines, reordered paragraphs" can be read in two ways;
``TOTAL`` and ``PER_SIDE`` are both.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_prep.text.normalize import normalize

Links = set[tuple[int, int]]  # which sentence of one side says some of which of the other
Unit = tuple[frozenset[int], str]


@dataclass(frozen=True)
class Noise:
    """Shares, of the lines of each side; ``shuffled`` of documents, whose paragraphs (3 to 6
    lines) are shuffled on one side. A wrong-language line is added to what is there, or with
    ``replaced`` takes the place of a line.
    """

    deleted: float = 0.0
    merged: float = 0.0
    foreign: float = 0.0
    shuffled: float = 0.0
    replaced: bool = False


TOTAL = Noise(0.075, 0.04, 0.025, 0.5)  # over the pair: half of it on each side
PER_SIDE = Noise(0.15, 0.08, 0.05, 1.0)  # 28% of the lines lack their other half


@dataclass(frozen=True)
class Pair:
    """Two documents and the true links of their sentences."""

    src: list[str]
    tgt: list[str]
    links: Links


def lines(shared: Path, code: str) -> list[str]:
    """NTREX in a language, normalised, a line for a line."""
    text = (shared / "ntrex" / f"ntrex.{code}").read_text("utf-8")
    return [normalize(line, code) for line in text.splitlines()]


def ntrex(shared: Path, noise: Noise, seed: int) -> list[Pair]:
    """The visible documents, az and uz; wrong lines are Turkish and Kazakh, Turkmen and Russian."""
    names = (shared / "ntrex" / "documents.txt").read_text("utf-8").splitlines()
    own = lines(shared, "azj_Latn"), lines(shared, "uzn_Latn")
    wrong = (
        [*lines(shared, "tur_Latn"), *lines(shared, "kaz_Cyrl")],
        [*lines(shared, "tuk_Latn"), *lines(shared, "rus_Cyrl")],
    )
    groups: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        groups.setdefault(name, []).append(number)
    rng = random.Random(seed)
    return [pair(members, own, wrong, noise, rng) for members in groups.values()]


def pair(
    members: Sequence[int],
    own: tuple[Sequence[str], Sequence[str]],
    wrong: tuple[Sequence[str], Sequence[str]],
    noise: Noise,
    rng: random.Random,
) -> Pair:
    """Lines ``members`` of both sides, each side spoilt by itself."""
    paragraphs = list(_paragraphs(members, rng))
    moved = rng.randrange(2) if rng.random() < noise.shuffled else None
    sides: list[list[Unit]] = []
    for number in range(2):
        order = list(paragraphs)
        if moved == number:
            rng.shuffle(order)
        units = [
            unit for paragraph in order for unit in _spoilt(paragraph, own[number], noise, rng)
        ]
        sides.append(list(_mixed(units, wrong[number], noise, rng)))
    links = {
        (i, j)
        for i, (one, _) in enumerate(sides[0])
        for j, (two, _) in enumerate(sides[1])
        if one & two
    }
    return Pair([text for _, text in sides[0]], [text for _, text in sides[1]], links)


def _paragraphs(members: Sequence[int], rng: random.Random) -> list[list[int]]:
    parts, at = [], 0
    while at < len(members):
        size = rng.randint(3, 6)
        parts.append(list(members[at : at + size]))
        at += size
    return parts


def _spoilt(
    paragraph: Sequence[int], texts: Sequence[str], noise: Noise, rng: random.Random
) -> list[Unit]:
    units = [(frozenset([i]), texts[i]) for i in paragraph if rng.random() >= noise.deleted]
    at = 0
    while at < len(units) - 1:
        if rng.random() < noise.merged:
            one, two = units[at : at + 2]
            units[at : at + 2] = [(one[0] | two[0], f"{one[1]} {two[1]}")]
        at += 1
    return units


def _mixed(
    units: Sequence[Unit], wrong: Sequence[str], noise: Noise, rng: random.Random
) -> list[Unit]:
    mixed: list[Unit] = []
    for unit in units:
        hit = rng.random() < noise.foreign
        if hit:
            mixed.append((frozenset(), rng.choice(wrong)))
        if not (hit and noise.replaced):
            mixed.append(unit)
    return mixed


@dataclass(frozen=True)
class Score:
    """Of links: precision, recall and their harmonic mean."""

    right: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        return self.right / max(self.found, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.true, 1)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(self.found + self.true, 1)

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.found + other.found, self.true + other.true)

    def __str__(self) -> str:
        return f"P {self.precision:.4f} R {self.recall:.4f} F1 {self.f1:.4f}"


NOTHING = Score(0, 0, 0)


def score(found: Links, true: Links) -> Score:
    """How well links are found."""
    return Score(len(found & true), len(found), len(true))


def cells(links: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> Links:
    """Every two sentences that ranges of a link put together."""
    return {(i, j) for src, tgt in links for i in range(*src) for j in range(*tgt)}
