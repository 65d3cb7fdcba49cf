"""The same numbers on both sides, however they are written.

Every number in digits must have its equal on the other side: in digits or in words (7 nəfər,
yetti kishi), with any mark for thousands and decimals (1.234,5 is 1 234,5), with its scale in
words or zeros (350 ming is 350000, 8,5 ming is 8500, 1,5 mln is 1 500 000), as an ordinal or a
Roman numeral (XXI əsr, 21-asr), a decade short or long (90-yillar, 1990-cı illər), an hour of 12 or
24 (saat 5:30, 17:30), a date with its month by name or by number. Numbers that stand in words on
both sides are not compared: too many of them are articles and idioms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from data_prep.bitext.filters import dates
from data_prep.bitext.filters.numerals import Numeral, numerals
from data_prep.bitext.filters.rows import either, judged

_THOUSANDS = r"\b([0-9]{1,3})[., \u00a0\u2009\u202f]([0-9]{3})\b"
_MANY = 8  # numbers left alone: more are no hours
_SCALED = r"[0-9][ \u00a0-]?(?:[mM](?:[iİ][nl]|ln|lr)|[tT]r(?:il|ln))"


def broken(rows: pl.DataFrame) -> pl.Series:
    """For each row whether the sides' numbers differ."""
    # two lists of digits that are equal need no second look, unless a word multiplies them
    differ = _digits("src") != _digits("tgt")
    return judged(rows, either("[0-9]") & (differ | either(_SCALED)), differ_in_value)


def _digits(side: str) -> pl.Expr:
    text = pl.col(side)
    for _ in range(3):
        text = text.str.replace_all(_THOUSANDS, "$1$2")
    return text.str.extract_all(r"[0-9]+").list.sort()


def differ_in_value(src: str, tgt: str) -> bool:
    """Whether a number in digits on one side has no equal on the other."""
    return differ_in_numerals(numerals(src), numerals(tgt), src, tgt)


def differ_in_numerals(one: Sequence[Numeral], two: Sequence[Numeral], src: str, tgt: str) -> bool:
    """``differ_in_value`` of texts whose numerals have been read."""
    left, right = without_equal(one, two, src, tgt)
    return bool(left or right)


def without_equal(
    one: Sequence[Numeral], two: Sequence[Numeral], src: str, tgt: str
) -> tuple[list[Numeral], list[Numeral]]:
    """The numbers in digits of each side that the other has neither in digits nor in words."""
    left, right = ([numeral for numeral in side if numeral.in_digits] for side in (one, two))
    left, right = _unmatched(left, right)
    if not (left or right):
        return left, right
    left, words_two = _unmatched(left, (n for n in two if not n.in_digits))
    right, words_one = _unmatched(right, (n for n in one if not n.in_digits))
    if not (left or right):
        return left, right
    left, right = _parts(left, dates.months(tgt)), _parts(right, dates.months(src))
    left, right = _unmatched(left, right)
    left, _ = _unmatched(left, words_two)
    right, _ = _unmatched(right, words_one)
    if len(left) <= _MANY:
        left, right = _hours(left, right)
    return left, right


def _unmatched(
    left: Iterable[Numeral], right: Iterable[Numeral]
) -> tuple[list[Numeral], list[Numeral]]:
    """What is left of both when equal ones are taken away in pairs."""
    waiting: dict[str, list[Numeral]] = {}
    rest = list(right)
    for numeral in rest:
        for reading in numeral.readings:
            waiting.setdefault(reading, []).append(numeral)
    taken: set[int] = set()
    alone = []
    for numeral in left:
        found = next(
            (
                equal
                for reading in sorted(numeral.readings)
                for equal in _free(waiting.get(reading), taken)
            ),
            None,
        )
        if found is None:
            alone.append(numeral)
        else:
            taken.add(id(found))
    return alone, [numeral for numeral in rest if id(numeral) not in taken]


def _free(queue: list[Numeral] | None, taken: set[int]) -> list[Numeral]:
    while queue and id(queue[-1]) in taken:
        queue.pop()
    return queue[-1:] if queue else []


def _parts(left: Iterable[Numeral], months: set[str]) -> list[Numeral]:
    """Times, dates and lists as the numbers they are made of; :00 says nothing, and the month of a
    numeric date is said by the other side's name for it."""
    parts = []
    for numeral in left:
        if len(numeral.parts) < 2:
            parts.append(numeral)
            continue
        inside = list(numeral.parts)
        if len(inside) == 3 and inside[1] in months:
            del inside[1]
        if len(inside) == 2 and inside[1] == "0":
            del inside[1]
        parts += [
            Numeral(frozenset([part]), (part,), True, numeral.clock and place == 0, numeral.written)
            for place, part in enumerate(inside)
        ]
    return parts


def _hours(left: list[Numeral], right: list[Numeral]) -> tuple[list[Numeral], list[Numeral]]:
    """Without the hours that are the same on a clock of 12; one of the two must be a time."""
    rest = list(right)
    alone = []
    for numeral in left:
        equal = next((n for n in rest if _same_hour(numeral, n)), None)
        if equal is None:
            alone.append(numeral)
        else:
            rest.remove(equal)
    return alone, rest


def _same_hour(one: Numeral, two: Numeral) -> bool:
    if not (one.clock or two.clock):
        return False
    hours = [next(iter(n.readings)) for n in (one, two)]
    if not all(h.isdigit() and len(h) <= 2 and int(h) <= 24 for h in hours):
        return False
    return abs(int(hours[0]) - int(hours[1])) == 12
