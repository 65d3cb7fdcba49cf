"""Where a score comes from: the same test set cut by length, origin, date, rare words and check.

A bucket is a set of segments that is the same for every system, so that systems compare within it.
Ordered buckets that are too small to say anything are joined with a neighbour; those that still
are small say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval import vocabulary
from eval.metrics import canonical
from eval.testset import Segment, TestSide
from korpu.languages import direction

SMALL = 20  # segments; with fewer, an interval is wide and a difference is no finding
PERIODS = 12  # of publication; more are told by quarters, then by years
WORDS = (10, 15, 20, 30, 40)  # first source words of the second and further buckets
SHARES = (0.0, 0.1, 0.25, 0.5)  # upper ends of the share of rare words in a source
KINDS = ("length", "origin", "date", "rare", "check")

Failures = Mapping[str, Mapping[str, frozenset[int]]]  # system → check → indices that fail


@dataclass(frozen=True)
class Bucket:
    """``indices`` are the test set's segments in it, in order."""

    kind: str
    name: str
    indices: tuple[int, ...]

    @property
    def small(self) -> bool:
        return len(self.indices) < SMALL


def cut(side: TestSide, failed: Failures, seen: Mapping[str, int] | None) -> list[Bucket]:
    """All buckets of a test set; a kind that does not divide it is left out.

    ``seen`` counts the source language's words in training (``vocabulary.counted``); without it a
    word is rare where the test set itself has it once.
    """
    found = [
        *_length(side.segments),
        *_origin(side.segments),
        *_date(side.segments),
        *_rare(side, seen),
        *_check(failed, len(side.segments)),
    ]
    divided = Counter(bucket.kind for bucket in found)
    return [bucket for bucket in found if divided[bucket.kind] > 1]


def _length(segments: Sequence[Segment]) -> list[Bucket]:
    """Of the source, in words between spaces."""
    firsts = (1, *WORDS)

    def name(low: int, high: int) -> str:
        if high == len(WORDS):
            return f"{firsts[low]}+ words"
        return f"{firsts[low]}–{firsts[high + 1] - 1} words"

    places = [sum(len(s.src.split()) >= first for first in WORDS) for s in segments]
    return _ordered("length", places, name)


def _origin(segments: Sequence[Segment]) -> list[Bucket]:
    found = _grouped([segment.origin for segment in segments])
    named = {name: indices for name, indices in found.items() if name is not None}
    rest = sorted(i for indices in named.values() if len(indices) < SMALL for i in indices)
    few = sum(len(indices) < SMALL for indices in named.values())
    kept = {n: i for n, i in named.items() if len(i) >= SMALL or few == 1}
    if few > 1:
        kept[f"{few} others"] = rest
    if None in found:
        kept["unknown"] = found[None]
    return [Bucket("origin", name, tuple(indices)) for name, indices in sorted(kept.items())]


def _date(segments: Sequence[Segment]) -> list[Bucket]:
    """Of publication: months, or quarters or years where there are many."""
    days = [segment.published for segment in segments]
    periods: list[str | None] = []
    for of_day in (_month, _quarter, _year):
        periods = [day and of_day(day) for day in days]
        if len(set(periods) - {None}) <= PERIODS:
            break
    known = sorted({period for period in periods if period})
    places = [None if period is None else known.index(period) for period in periods]
    dated = _ordered(
        "date", places, lambda low, high: " to ".join(dict.fromkeys((known[low], known[high])))
    )
    undated = tuple(i for i, place in enumerate(places) if place is None)
    return [*dated, Bucket("date", "undated", undated)] if undated else dated


def _month(day: str) -> str:
    return day[:7]


def _quarter(day: str) -> str:
    return f"{day[:4]} Q{(int(day[5:7]) + 2) // 3}"


def _year(day: str) -> str:
    return day[:4]


def _rare(side: TestSide, seen: Mapping[str, int] | None) -> list[Bucket]:
    """By the share of a source's words that training had at most ``vocabulary.RARE`` times."""
    language = direction(side.direction)[0]
    sources = canonical([segment.src for segment in side.segments], language)
    words = vocabulary.words(sources, language)
    if seen is None:
        seen, most = Counter(word for found in words for word in found), 1
    else:
        most = vocabulary.RARE
    shares = [sum(seen.get(w, 0) <= most for w in found) / max(len(found), 1) for found in words]
    ends = [f"{share:.0%}" for share in SHARES]

    def name(low: int, high: int) -> str:
        if high == 0:
            return "no rare word"
        if high == len(SHARES):
            return f"over {ends[low - 1]} rare" if low else "any share rare"
        return f"up to {ends[high]} rare" if low < 2 else f"{ends[low - 1]}–{ends[high]} rare"

    return _ordered("rare", [sum(share > end for end in SHARES) for share in shares], name)


def _check(failed: Failures, size: int) -> list[Bucket]:
    """Sentences on which a system fails a check; copying fails by its nature and is not asked."""
    asked = [system for system in failed if system != "copy"] or list(failed)
    names = list(dict.fromkeys(name for system in asked for name in failed[system]))
    found = {
        name: sorted(set().union(*(failed[system].get(name, ()) for system in asked)))
        for name in names
    }
    every = {i for indices in found.values() for i in indices}
    passed = tuple(i for i in range(size) if i not in every)
    buckets = [Bucket("check", name, tuple(found[name])) for name in names if found[name]]
    return [*buckets, Bucket("check", "all pass", passed)] if passed else buckets


def _grouped(keys: Iterable[Any]) -> dict[Any, list[int]]:
    found: dict[Any, list[int]] = {}
    for index, key in enumerate(keys):
        found.setdefault(key, []).append(index)
    return found


def _ordered(
    kind: str, places: Sequence[int | None], name: Callable[[int, int], str]
) -> list[Bucket]:
    """Segments by their place on a scale; the smallest bucket joins its smaller neighbour while
    it is small. ``name`` is given the first and the last place of a bucket.
    """
    found = _grouped(places)
    found.pop(None, None)
    spans = [(place, place, found[place]) for place in sorted(found)]
    while len(spans) > 1:
        at = min(range(len(spans)), key=lambda i: len(spans[i][2]))
        if len(spans[at][2]) >= SMALL:
            break
        beside = [i for i in (at - 1, at + 1) if 0 <= i < len(spans)]
        other = min(beside, key=lambda i: len(spans[i][2]))
        low, high = min(at, other), max(at, other)
        joined = sorted([*spans[low][2], *spans[high][2]])
        spans[low : high + 1] = [(spans[low][0], spans[high][1], joined)]
    return [Bucket(kind, name(low, high), tuple(indices)) for low, high, indices in spans]
