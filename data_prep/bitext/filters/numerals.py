"""Numerals of a sentence, in digits and in words of Azerbaijani and Uzbek, as comparable values.

A number written in digits can be read in more than one way (1.234 is 1234 or 1,234), so it has
``readings``: two numbers are the same where they share one. Values are strings of digits, so that
a line of ten million of them costs no more than reading it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_UNITS = {
    "bir": 1, "iki": 2, "üç": 3, "dörd": 4, "beş": 5, "altı": 6, "yeddi": 7, "səkkiz": 8,
    "doqquz": 9, "on": 10, "iyirmi": 20, "otuz": 30, "qırx": 40, "əlli": 50, "altmış": 60,
    "yetmiş": 70, "səksən": 80, "doxsan": 90, "yüz": 100, "qoşa": 2, "cüt": 2, "tək": 1,
    "ikki": 2, "ikk": 2, "uch": 3, "toʻrt": 4, "besh": 5, "olti": 6, "yetti": 7, "sakkiz": 8,
    "toʻqqiz": 9, "oʻn": 10, "yigirma": 20, "oʻttiz": 30, "qirq": 40, "ellik": 50, "oltmish": 60,
    "yetmish": 70, "sakson": 80, "toʻqson": 90, "yuz": 100, "bit": 1, "juft": 2,
}  # fmt: skip
_SCALES = {
    "min": 3, "ming": 3, "mln": 6, "milyon": 6, "million": 6, "mlrd": 9, "milyard": 9,
    "milliard": 9, "trln": 12, "trilyon": 12, "trillion": 12,
}  # fmt: skip
_CUT = ("mln", "mlrd", "trln")  # may have a full stop: 1 mln. 200 min
_HALF = {"yarım": "0.5", "yarim": "0.5"}
# What may follow: ordinals, -lik, -ta, cases. Not what makes another word of it: üçün (for),
# altında (under), onun (his), oltin (gold), uchun (for), birlikdə (together), minlərlə and minglab
# (thousands of), millionlab.
_ORDINAL = r"[ıiuü]?nc[ıiuü]\w*|i?nchi\w*"
_COUNTED = r"l[ıiuü](?!r)\w*|ta(?!m)\w*|ala(?:si)?(?:ga|ni|ning|da|dan)?|ov(?:i|lon)?\w*"
_TO = r"y?ə|ya|(?<=quz|tuz|ırx|san)a"  # beşə, altıya, otuza; not yuza (surface)
_CASES = rf"d[aə]n?|s[ıi]|ü|[uıi]|{_TO}|ni|ning|ga(?:cha)?|gacha|dagi|dan|nafar\w*"
_SUFFIX = f"(?:{_ORDINAL}|{_COUNTED}|{_CASES})?"
_ONLY = {  # the suffixes of those that would be other words with the rest
    "on": r"(?:uncu\w*|luq\w*)?",
    "bir": r"(?:[iı]nc[iı]\w*|inchi\w*|i|isi|ta\w*)?",
    "bit": r"ta\w*",
    "ikk": r"(?:ala|ov)\w*",
    "cüt": r"(?:ü|lük\w*)?",
    "tək": r"(?:cə)?",
    "juft": r"(?:i|lik\w*)?",
    "min": r"(?:inci\w*|d[aə]n?|[əi]|l[iı]\w*)?",
    "ming": r"(?:inchi\w*|ta\w*|lik\w*|dan|ga(?:cha)?|ni|ning|i|dagi)?",
}
_FULL = r"(?!l[aə][rb])\w*"  # milyona, millionning, not milyonlarla, millionlab


def _word(stems: dict[str, int], suffix: str) -> str:
    return "|".join(f"{stem}{_ONLY.get(stem, suffix)}" for stem in sorted(stems, key=len)[::-1])


_TOKEN = re.compile(
    r"(?P<digits>(?<![0-9])[0-9]{1,3}(?:[ \u00a0\u2009\u202f][0-9]{3})+(?![0-9])(?:[.,][0-9]+)?"
    r"|[0-9]+(?:[.,:][0-9]+)*)"
    rf"|(?<!\w)(?:(?P<scale>{_word(_SCALES, _FULL)})|(?P<unit>{_word(_UNITS, _SUFFIX)})"
    rf"|(?P<half>{'|'.join(_HALF)}))(?!\w)"
)  # fmt: skip
_STEMS = sorted([*_UNITS, *_SCALES], key=len, reverse=True)
_ROMAN = re.compile(r"(?<![\w.-])(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})(?![\w.])")
_MEASURE = re.compile(r"\b[kdscm]?m[23]\b")  # m2, km2: no numbers
_BLANK = re.compile(r"[\s\u00a0]*-?[\s\u00a0]*")
_DECADE = re.compile(r"(?:[-–]?\s?c[ıiuü])?\s?[-–]?\s?(?:illər|yillar)")
_CLOCK = re.compile(r"(?:saat|soat)\w*(?:\s\w+)?\s$", re.IGNORECASE)
_APOSTROPHES = str.maketrans("ʼ‘’'`´", "ʻ" * 6)
_LONGEST = 18  # digits that are computed with; longer ones are only compared
_WORDS = 12  # of a number; more are no number


@dataclass(frozen=True)
class Numeral:
    """``readings``: what it may be; ``parts``: its groups of digits, if it is no one number;
    ``written``: as it stands, letters in lower case."""

    readings: frozenset[str]
    parts: tuple[str, ...]
    in_digits: bool
    clock: bool = False  # a time of day
    written: str = ""


def numerals(text: str) -> list[Numeral]:
    """All of a sentence, in order; those in words may be no numbers at all (bir is also "a")."""
    text = _MEASURE.sub(" ", text)
    lower = text.replace("İ", "i").translate(_APOSTROPHES).lower()
    found = list(_runs(lower))
    if len(lower) == len(text):
        for match in _ROMAN.finditer(text):
            if match[0]:
                value = frozenset([str(_roman(match[0]))])
                found.append(Numeral(value, (), False, written=match[0]))
    return found


def canonical(whole: str, decimals: str = "", shift: int = 0) -> str:
    """The value whole.decimals · 10^shift without zeros that do not count.

    >>> canonical("1", "50", 6), canonical("007"), canonical("0", "30")
    ('1500000', '7', '0.3')
    """
    digits, place = whole + decimals, len(whole) + shift
    whole, decimals = digits[:place].ljust(place, "0").lstrip("0"), digits[place:].rstrip("0")
    return f"{whole or '0'}.{decimals}" if decimals else whole or "0"


def _runs(text: str) -> Iterator[Numeral]:
    """Tokens that stand together are one number: iyirmi beş, 350 ming, 2 milyon 300 min."""
    run: list[re.Match[str]] = []
    for match in _TOKEN.finditer(text):
        if run and not _continues(text, run, match):
            yield from _of_run(text, run)
            run = []
        run.append(match)
    if run:
        yield from _of_run(text, run)


def _continues(text: str, run: list[re.Match[str]], match: re.Match[str]) -> bool:
    last = run[-1]
    is_cut = last[0] in _CUT and text.startswith(".", last.end())
    if not _BLANK.fullmatch(text, last.end() + is_cut, match.start()):
        return False
    if match["digits"]:
        # after a scale in words only a rest: bir milyon 300 min, but milyon 2018 is two numbers
        rest = run[0]["digits"] or (match["digits"].isdecimal() and len(match["digits"]) < 4)
        return bool(last["scale"] and rest)
    if match["scale"]:
        return True
    if run[0]["digits"]:
        return bool(match["half"])
    # an ordinal or a counted form ends its number: birinci üç is two
    return not last["unit"] or last[0] in _UNITS


def _of_run(text: str, run: list[re.Match[str]]) -> Iterator[Numeral]:
    if not run[0]["digits"]:
        value = _spelled(run)
        if value is not None:
            decade = _DECADE.match(text, run[-1].end()) is not None
            in_digits = any(match["digits"] for match in run)
            readings = _decades({_plain(value)}, decade)
            yield Numeral(readings, (), in_digits, written=_written(text, run))
            if len(run) > 1:  # "yüz beş" may also be two numbers, each of its own
                for match in run:
                    if match["unit"]:
                        value_alone = frozenset([str(_UNITS[_stem(match)])])
                        yield Numeral(value_alone, (), False, written=match[0])
        return
    blocks: list[list[re.Match[str]]] = []
    for match in run:
        if match["digits"]:
            blocks.append([match])
        else:
            blocks[-1].append(match)
    total = _total(blocks)
    if total is None:
        yield from (_in_digits(text, block) for block in blocks)
    else:
        yield Numeral(frozenset([total]), (), True, written=_written(text, run))


def _written(text: str, run: list[re.Match[str]]) -> str:
    return text[run[0].start() : run[-1].end()]


def _in_digits(text: str, block: list[re.Match[str]]) -> Numeral:
    first, shift = block[0], sum(_SCALES[_stem(m)] for m in block if m["scale"])
    groups = re.split(r"[.,:\s\u00a0]", first["digits"])
    half = any(m["half"] for m in block)
    if len(groups) == 1:
        readings = {canonical(groups[0], "5" if half else "", shift)}
    else:
        readings = _readings(first["digits"], groups, shift)
    written = _written(text, block)
    if shift:
        return Numeral(frozenset(readings), (), True, written=written)
    end = block[-1].end()
    clock = ":" in first["digits"] or _CLOCK.search(text, max(0, first.start() - 24), first.start())
    parts = tuple(canonical(group) for group in groups)
    decade = _DECADE.match(text, end) is not None
    return Numeral(_decades(readings, decade), parts, True, bool(clock), written)


def _readings(digits: str, groups: list[str], shift: int) -> set[str]:
    found = set()
    marks = re.sub(r"[0-9]", "", digits)
    if len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]) and ":" not in marks:
        found.add(canonical("".join(groups), "", shift))
    if len(groups) == 2 and not marks.isspace():
        found.add(canonical(groups[0], groups[1], shift))
    elif len(groups) > 2 and len(set(marks[:-1])) == 1 and marks[-1] != marks[0]:
        found.add(canonical("".join(groups[:-1]), groups[-1], shift))
    return found or {"_".join(canonical(group) for group in groups)}


def _decades(readings: set[str], decade: bool) -> frozenset[str]:
    """The nineties are 90 and 1990."""
    if not decade:
        return frozenset(readings)
    short = [value for value in readings if len(value) == 2]
    return frozenset({*readings, *("19" + value for value in short), *("20" + v for v in short)})


def _total(blocks: list[list[re.Match[str]]]) -> str | None:
    """2 milyon 300 min, 40 min 500: the sum, where each fits below the scale before it."""
    if len(blocks) < 2:
        return None
    total, room = Decimal(0), _LONGEST
    for number, block in enumerate(blocks):
        digits = block[0]["digits"]
        shift = sum(_SCALES[_stem(match)] for match in block[1:] if match["scale"])
        # without a scale of its own only three digits are a rest: 5 milyon 2018 is two numbers
        rest = bool(shift) or len(digits) == 3
        if not digits.isdecimal() or len(digits) + shift > room or (number and not rest):
            return None
        total, room = total + Decimal(digits).scaleb(shift), shift
    return _plain(total)


def _spelled(run: list[re.Match[str]]) -> Decimal | None:
    if len(run) > _WORDS:
        return None
    total, current = Decimal(0), Decimal(0)
    for match in run:
        if match["half"]:
            current += Decimal(_HALF[match[0]])
        elif match["scale"]:
            scale = Decimal(10) ** _SCALES[_stem(match)]
            total, current = total + (current or Decimal(1)) * scale, Decimal(0)
        elif match["digits"]:
            current += Decimal(match["digits"])
        else:
            value = _UNITS[_stem(match)]
            current = (current or Decimal(1)) * 100 if value == 100 else current + value
    return total + current


def _plain(value: Decimal) -> str:
    whole, _, decimals = f"{value:f}".partition(".")
    return canonical(whole, decimals)


def _stem(match: re.Match[str]) -> str:
    word = match[0]
    if word in _UNITS or word in _SCALES:
        return word
    return next(stem for stem in _STEMS if word.startswith(stem))


def _roman(text: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in text]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))
