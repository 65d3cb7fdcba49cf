"""What the card and the report tell of a corpus: see ``tally``, which counts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from data_prep.bitext.histogram import Histogram


@dataclass(frozen=True)
class Group:
    """Kept pairs that are alike in everything but text, date and score."""

    split: str
    src_lang: str
    tgt_lang: str
    origin: str
    licence: str
    may_redistribute: bool
    synthetic_side: str | None
    trusted: bool
    pairs: int


@dataclass(frozen=True)
class Split:
    """A split of all pairs of languages; ``first`` and ``last`` are days."""

    name: str
    pairs: int
    documents: int
    undated: int
    first: str | None
    last: str | None


@dataclass(frozen=True)
class Pair:
    """A pair to look at; its sides are cut after some hundred characters."""

    id: str
    src_lang: str
    tgt_lang: str
    src: str
    tgt: str
    score: float | None
    origin: str
    section: str | None
    published: str | None
    src_url: str | None
    tgt_url: str | None
    hit: str | None


@dataclass(frozen=True)
class Reason:
    """Pairs rejected for one reason; ``documents`` where it takes those whole, else None."""

    name: str
    pairs: int
    origins: tuple[tuple[str, int], ...]  # most frequent first
    documents: int | None
    samples: tuple[Pair, ...]


@dataclass(frozen=True)
class Hits:
    """Pairs that hold lines of a benchmark; ``how`` they were found, most frequent first."""

    benchmark: str
    pairs: int
    documents: int
    how: tuple[tuple[str, int], ...]
    samples: tuple[Pair, ...]


@dataclass(frozen=True)
class Band:
    """Kept pairs with scores in [low, high); those without a score have no limits."""

    low: float | None
    high: float | None
    pairs: int
    samples: tuple[Pair, ...]


@dataclass(frozen=True)
class Timeline:
    """Kept, dated pairs of each origin in consecutive weeks (from their Mondays), months or years.

    The origin with most pairs comes first; ``before`` are pairs older than the first of ``starts``.
    """

    unit: str  # week | month | year
    starts: tuple[str, ...]
    origins: tuple[tuple[str, tuple[int, ...]], ...]
    before: int


@dataclass(frozen=True)
class Summary:
    """All of it; plain values, so that ``dataclasses.asdict`` of it is JSON."""

    pairs: int
    rejected: int
    documents: int
    splits: tuple[Split, ...]
    groups: tuple[Group, ...]
    reasons: tuple[Reason, ...]
    hits: tuple[Hits, ...]
    scores: tuple[Histogram, Histogram]  # kept, and all that were aligned
    characters: tuple[Histogram, Histogram]  # source and target of the kept
    words: tuple[Histogram, Histogram]
    ratios: Histogram  # of the kept: characters of the longer side over the shorter
    bands: tuple[Band, ...]
    timeline: Timeline

    def by(self, *names: str) -> list[tuple[Any, ...]]:
        """(values of these fields of ``Group``…, kept pairs), sorted by the values."""
        found: dict[tuple[Any, ...], int] = {}
        for group in self.groups:
            key = tuple(getattr(group, name) for name in names)
            found[key] = found.get(key, 0) + group.pairs
        return [(*key, found[key]) for key in sorted(found, key=str)]

    def count(self, **values: Any) -> int:
        """Kept pairs with these values of ``Group``."""
        return sum(
            group.pairs
            for group in self.groups
            if all(getattr(group, name) == value for name, value in values.items())
        )
