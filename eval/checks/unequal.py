"""Which numbers the two sides of a sentence do not share, as they are written.

``number_mismatch`` says that something is wrong with a sentence's numbers; whoever mends one, or
shows it to an editor, must know which. Read here is what it reads, and per cent, days of a month,
scores, and the order that numbers in digits stand in: Azerbaijani and Uzbek order words alike, so
two that have changed places are most likely swapped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data_prep.bitext.filters import dates
from data_prep.bitext.filters.numbers import without_equal
from data_prep.bitext.filters.numerals import Numeral
from eval.checks import numbers
from eval.checks.reading import latin, lower, pair

_WRITTEN = re.compile(r"[0-9](?:[.,:/ \u00a0\u202f-]?[0-9])*%?")
_FULL = re.compile(r"(?<![0-9:])[0-9]{1,2}:[0-9]{2}(?![0-9:])")
_SHORT = re.compile(r"(?<![0-9:])[0-9]{1,2}:[0-9](?![0-9:])")
_SAID_OTHERWISE = re.compile(
    r"[0-9][ \u00a0-]?(?:mi[nl]|ml|tr)|f[ao]iz|rosent|rotsent|yüzdə|[Ѐ-ԯ]"
    rf"|{'|'.join(dates.HINTS)}",
    re.IGNORECASE,
)
"""Where digits alone do not say what the number is: scales, per cent, months, Cyrillic."""

_TO = (
    r"(?:-?[^\W\d_]{1,4}\s?,\s?|\s?[,–-]\s?|-?d[aə]n\s|(?:-[^\W\d_]{1,4})?\s(?:və|va|ilə|bilan)\s)"
)
_RUN = re.compile(rf"(?<![0-9.,:])[0-3]?[0-9](?:{_TO}[0-3]?[0-9])+(?![0-9.,:]?[0-9])")
_RANGE = re.compile(
    r"([0-9]+(?:[.,][0-9]+)?)(?:\s?[–-]\s?|[\s-]?d[aə]n\s)[0-9]+(?:[.,][0-9]+)?\s?(?:%|f[ao]iz)"
)
_YEAR = re.compile(r"(?<![0-9.,:])((?:1[0-9]|20)[0-9]{2})(?:-c[iıuü])?[\s-]y?il")


@dataclass(frozen=True)
class Unequal:
    """The numbers of each side, as written there, that the other does not have; where both have
    the same in another order, those that have changed places."""

    source: tuple[str, ...]
    output: tuple[str, ...]


def unequal(source: str, output: str, language: str) -> Unequal | None:
    """What differs between the numbers of a source and of its translation to ``language`` (a
    FLORES code); None where nothing does, or the pair is not az–uz."""
    sides = pair(source, output, language)
    if sides is None:
        return None
    one, two = (numbers.read(side) for side in sides)
    are_alike = _written(source) == _written(output)
    if are_alike and not _SAID_OTHERWISE.search(source + output):
        return _of_words(one, two)  # the same digits in the same order: most sentences
    left, right = without_equal(one, two, *sides)
    if left or right:
        return Unequal(_as_written(left), _as_written(right))
    return (
        _of_minutes(*sides)
        or _of_days(*sides)
        or _of_percent(one, two, *sides)
        or _of_scores(one, two)
        or _of_order(one, two, *sides)
        or _of_words(one, two)
    )


def forget() -> None:
    """Let go of what is kept of texts that were read: a service would keep 131,072 of each kind."""
    for reader in (latin, lower, numbers.read, numbers.percents):
        reader.cache_clear()


def _written(text: str) -> list[str]:
    return _WRITTEN.findall(text)


def _sorted(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(found))


def _as_written(found: Iterable[Numeral]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(numeral.written for numeral in found))


def _of_minutes(one: str, two: str) -> Unequal | None:
    """A time that has lost a digit (19:0), which the readers take for the full hour."""
    lost = [
        tuple(time for time in _FULL.findall(these) if time[:-1] in _SHORT.findall(those))
        for these, those in ((one, two), (two, one))
    ]
    if not any(lost):
        return None
    left, right = lost
    return Unequal(left or tuple(t[:-1] for t in right), right or tuple(t[:-1] for t in left))


def _of_days(one: str, two: str) -> Unequal | None:
    """Days of a month (``14.5``) that only one side names."""
    (left, left_too), (right, right_too) = (_days(side) for side in (one, two))
    left, right = left - right - right_too, right - left - left_too
    return Unequal(_sorted(left), _sorted(right)) if left or right else None


def _days(text: str) -> tuple[set[str], set[str]]:
    """Days beside their month, and those that share it: noyabrın 14-ü və 15-i, 5–7-noyabr."""
    named = dates.said(text)[1]
    months = {day: month for day, _, month in (each.partition(".") for each in named)}
    shared = set()
    for run in _RUN.finditer(text):
        days = {str(int(day)) for day in re.findall("[0-9]+", run[0])}
        shared |= {f"{day}.{months[other]}" for other in days & months.keys() for day in days}
    return named, shared


def _of_percent(
    one: Sequence[Numeral], two: Sequence[Numeral], src: str, tgt: str
) -> Unequal | None:
    """A number of per cent in digits that on the other side is a number of something else."""
    left, right = (numbers.percents(side) for side in (src, tgt))
    found = Unequal(
        _of_no_percent(one, left, (*right, *_begun(tgt))),
        _of_no_percent(two, right, (*left, *_begun(src))),
    )
    return found if found.source or found.output else None


def _begun(text: str) -> list[numbers.Readings]:
    """What a range of per cent begins with: 5–10%, 5 dan 10 foizgacha."""
    return [n.readings for match in _RANGE.finditer(text) for n in numbers.read(match[1])]


def _of_no_percent(
    numerals: Sequence[Numeral],
    these: Sequence[numbers.Readings],
    those: Sequence[numbers.Readings],
) -> tuple[str, ...]:
    lost = [readings for readings in these if not any(readings & other for other in those)]
    return tuple(f"{n.written}%" for n in numerals if n.in_digits and n.readings in lost)


def _of_scores(one: Iterable[Numeral], two: Iterable[Numeral]) -> Unequal | None:
    """A score the other way round: 3:1 and 1:3."""
    left, right = ({n.written for n in side if ":" in n.written} for side in (one, two))
    turned = {written: ":".join(reversed(written.split(":"))) for written in left - right}
    found = {written: other for written, other in turned.items() if other in right - left}
    return Unequal(_sorted(found), _sorted(found.values())) if found else None


def _of_words(one: Sequence[Numeral], two: Sequence[Numeral]) -> Unequal | None:
    """Numbers in words on both sides, each without an equal on the other."""
    left, right = numbers.alone(one, two), numbers.alone(two, one)
    return Unequal(_as_written(left), _as_written(right)) if left and right else None


def _of_order(one: Iterable[Numeral], two: Iterable[Numeral], src: str, tgt: str) -> Unequal | None:
    """The numbers that both sides have once, where they follow each other in another way.

    A date's day and year are left aside (14 noyabr 2025, 2025-yil 14-noyabr), and what is called
    a year, where years follow each other alike.
    """
    dated = {part for side in (src, tgt) for part in _of_dates(side)}
    years = _YEAR.findall(src)
    dated |= set(years) if years == _YEAR.findall(tgt) else set()
    rest = [[n for n in side if n.in_digits and not n.readings & dated] for side in (one, two)]
    left, right = ([n for n in rest[side] if _is_once(n, rest)] for side in (0, 1))
    moved = [
        (n, other) for n, other in zip(left, right, strict=False) if not n.readings & other.readings
    ]
    if len(left) != len(right) or not moved:
        return None
    return Unequal(_as_written(n for n, _ in moved), _as_written(n for _, n in moved))


def _of_dates(text: str) -> set[str]:
    _, days, years = dates.said(text)
    return {day.partition(".")[0] for day in days} | years


def _is_once(numeral: Numeral, sides: list[list[Numeral]]) -> bool:
    return all(sum(bool(numeral.readings & n.readings) for n in side) == 1 for side in sides)
