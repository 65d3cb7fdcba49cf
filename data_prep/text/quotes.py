"""Apostrophes and quotation marks decided by their context on the line.

Uzbek: ``oʻ gʻ`` take U+02BB and the tutuq belgisi U+02BC (Unicode CLDR exemplars for uz; the
1995 alphabet draws the first as a reversed comma and the second as a comma). Everything typed
for them (see ``APOSTROPHES``) is also typed for single quotation marks, hence the context.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from data_prep.text.characters import APOSTROPHES, LETTER

DOUBLE = '"“”„‟«»″〝〞＂'

_APOSTROPHE = re.compile(f"[{APOSTROPHES}]")
_RUN = re.compile(f"[{APOSTROPHES}]{{2,}}")
_CENT = re.compile(rf"(?<=[oOgG])¢(?={LETTER})")  # fonts of the 1990s drew ʻ in this place
_CYRILLIC_INSIDE = re.compile(rf"(?<=[Ѐ-ԯ])[{APOSTROPHES}](?=[Ѐ-ԯ])")


_SPLITTING = "'’`´"


def unify_apostrophes(line: str, language: str) -> str:
    """One line with ʻ and ʼ in Uzbek Latin, and ‘ ’ for what is a quotation mark.

    Elsewhere an apostrophe inside a word is ’ (in Uzbek Cyrillic it stands for ъ). After a
    number, where it may be minutes or feet, it is ``'``.
    """
    uzbek = language == "uzn_Latn"
    if uzbek and "¢" in line:
        line = _CENT.sub("ʻ", line)
    if not _APOSTROPHE.search(line):
        return line
    line = _RUN.sub(lambda m: _run(m, uzbek), line)
    if language == "uzn_Cyrl":
        line = _CYRILLIC_INSIDE.sub(_hard_sign, line)
    places = [m.start() for m in _APOSTROPHE.finditer(line)]
    if not places:
        return line
    closes, closes_first, splits = _look_ahead(line, places, uzbek)
    out = list(line)
    opened = False
    for n, i in enumerate(places):
        before, after = _around(line, i)
        if before.isalpha() and after.isalpha():
            out[i], opened = _inside(line, i, uzbek, opened, closes[n])
        elif before.isalpha():
            if uzbek and before in "oOgG":
                letter = line[i] == "ʻ" or not opened or closes_first[n]
                out[i] = "ʻ" if letter else "’"
                opened = opened and letter
            elif uzbek and (not opened or (line[i] == "ʼ" and closes_first[n])):
                out[i] = "ʼ"
            else:
                out[i], opened = "’", False
        elif before.isdigit() and not opened:
            out[i] = "’" if after.isalpha() else "'"
        elif not opened and _opens(before, after, closes[n], splits[n]):
            out[i], opened = "‘", True
        else:
            out[i], opened = "’", False
    return "".join(out)


def _around(line: str, i: int) -> tuple[str, str]:
    return line[i - 1] if i else " ", line[i + 1] if i + 1 < len(line) else " "


def _run(match: re.Match[str], uzbek: bool) -> str:
    """Several marks in a row: one inside a word, otherwise a double quotation mark.

    Unless the first belongs to an Uzbek word and the second closes a quotation (‘togʻ’).
    """
    marks, line = match[0], match.string
    before = line[match.start() - 1 : match.start()]
    if before.isalpha() and line[match.end() : match.end() + 1].isalpha():
        return "ʻ" if "ʻ" in marks else "'"
    own = uzbek and before.isalpha() and (before in "oOgG" or marks[0] == "ʼ")
    return marks if own and len(marks) == 2 and marks[0] != marks[1] else '"'


def _hard_sign(match: re.Match[str]) -> str:
    before, after = _around(match.string, match.start())
    return "Ъ" if before.isupper() and after.isupper() else "ъ"


def _opens(before: str, after: str, closes: bool, splits: bool) -> bool:
    return ((closes and after.isalnum()) or (splits and after.isalpha())) and not before.isdigit()


def _look_ahead(
    line: str, places: list[int], uzbek: bool
) -> tuple[list[bool], list[bool], list[bool]]:
    """Per apostrophe: does any later one close a quotation; does one before the next opening;
    does one, in Uzbek, stand inside a word where it may part a quoted word from its suffix.

    The last two count only marks that cannot be letters (not after o or g in Uzbek).
    """
    closes, closes_first, splits = ([False] * len(places) for _ in range(3))
    any_ahead = first_ahead = split_ahead = False
    for n in range(len(places) - 1, -1, -1):
        closes[n], closes_first[n], splits[n] = any_ahead, first_ahead, split_ahead
        before, after = _around(line, places[n])
        if not before.isspace() and not after.isalnum():
            any_ahead = True
            first_ahead = first_ahead or not (uzbek and before in "oOgG")
        elif after.isalnum() and not before.isalnum():
            first_ahead = False
        elif uzbek and before.isalpha() and before not in "oOgG" and line[places[n]] in _SPLITTING:
            split_ahead = True
    return closes, closes_first, splits


def _inside(line: str, i: int, uzbek: bool, opened: bool, closes: bool) -> tuple[str, bool]:
    """The mark between two letters, and whether a quotation is still open after it."""
    if not uzbek:
        return "’", opened
    before, after = _around(line, i)
    if before in "oOgG":
        irish = before == "O" and after.isupper() and line[i + 2 : i + 3].islower()
        alone = i < 2 or not line[i - 2].isalpha()
        return ("ʼ" if irish and alone else "ʻ"), opened  # OʼBrayen, but OʻZBEKISTON
    if opened and not closes and line[i] in _SPLITTING:
        return "’", False  # a suffix on a quoted word: ‘Neftchi’ning
    return "ʼ", opened


_MARKS = re.compile(f"[{DOUBLE}‘’]+")  # seen as one from outside, so that time is linear
_OPENING = set("“„‟«〝")


def unify_quotes(line: str) -> str:
    """One line with every double quotation mark as “ or ” by what stands around it.

    Where the context says nothing (``"ASAN"ın``), a straight mark closes what is open and a
    directed one keeps its direction. A straight mark after a number with nothing open stays
    (15.6").
    """
    out = list(line)
    opened = False
    for i, before, after in _double(line):
        may_open = before in " \n([{<–-/" and not after.isspace()
        may_close = before not in " \n([{<–/" and (after in " \n.,;:!?…)]}>–-/")
        if may_open and not may_close:
            mark = "“"
        elif line[i] == '"' and before.isdigit() and not opened:
            mark = '"'
        elif may_close and not may_open:
            mark = "”"
        elif line[i] in '"″＂':
            mark = "”" if opened else "“"
        else:
            mark = "“" if line[i] in _OPENING else "”"
        out[i] = mark
        opened = mark == "“" or (mark == '"' and opened)
    return "".join(out)


def _double(line: str) -> Iterator[tuple[int, str, str]]:
    """Each double mark's place, and the nearest characters that are no quotation marks; space at
    the edges."""
    for run in _MARKS.finditer(line):
        before = line[run.start() - 1] if run.start() else " "
        after = line[run.end()] if run.end() < len(line) else " "
        for i in range(run.start(), run.end()):
            if line[i] in DOUBLE:
                yield i, before, after
