"""The canonical orthography in characters that a model's vocabulary has, and back.

NLLB's vocabulary has no byte pieces, so a character it lacks is ``<unk>``; and its normaliser
(nmt_nfkc) changes some without a word: … becomes three dots. An ``Orthography`` says which form is
written instead (``korpu.nllb.survival`` chooses it for a tokenizer), such that
``decode(encode(x)) == x`` for text in korpu's normal form. A saved tokenizer has it beside it as
``orthography.json``, and a bundle's contract carries it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from korpu.errors import UsageError

SCHEMA = 1
NAME = "orthography.json"
UZBEK = "uzn_Latn"

# What the normal form holds, by what stands before it, and the forms that may stand for it there,
# nearest first. It has no ‘ and no ' behind a letter. In Uzbek it has ʻ only behind o and g, and ʼ
# (tutuq belgisi) and ’ (the end of a quotation) behind any; elsewhere ’ alone is the apostrophe.
AFTER_OG, AFTER_LETTER, ELSEWHERE = "after_o_g", "after_letter", "elsewhere"
OTHER = "other"
_NOT_LETTERS = {"‘": "‘`«", "’": "’´»", "'": "'"}
MARKS: dict[str, dict[str, dict[str, str]]] = {
    UZBEK: {
        AFTER_OG: {"ʻ": "ʻ‘'`", "ʼ": "ʼ’'`", "’": "’'`»"},
        AFTER_LETTER: {"ʼ": "ʼ’'`", "’": "’'`»"},
        ELSEWHERE: _NOT_LETTERS,
    },
    OTHER: {
        AFTER_OG: {"’": "’'`"},
        AFTER_LETTER: {"’": "’'`"},
        ELSEWHERE: _NOT_LETTERS,
    },
}
# Forms of several characters, or of marks that the normal form does not have at all.
SIGNS: dict[str, tuple[str, ...]] = {
    "“": ("“", "«", "„"),
    "”": ("”", "»", "‟"),
    "–": ("–", "--"),
    "—": ("—", "---"),
    "…": ("…", "..."),
}
# The normal form has … only at the end of a run of dots.
BACK = {"...": r"\.{3}(?!\.)", "--": "(?<!-)--(?!-)", "---": "(?<!-)---(?!-)"}


@dataclass(frozen=True)
class Orthography:
    """Canonical character → the form written instead; nothing in either: the identity.

    ``marks``: apostrophes and single quotation marks by language (``uzn_Latn`` or ``other``) and
    by what stands before them (``after_o_g``, ``after_letter``, ``elsewhere``). ``signs``: the
    rest, in every language.
    """

    marks: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    signs: Mapping[str, str] = field(default_factory=dict)

    @property
    def mapped(self) -> frozenset[str]:
        """The characters that another form stands for, in some place at least."""
        places = [row for rows in self.marks.values() for row in rows.values()]
        return frozenset(mark for row in [*places, self.signs] for mark in row)

    def marks_of(self, language: str) -> Mapping[str, Mapping[str, str]]:
        """Place → canonical mark → form, in one language."""
        return self.marks.get(language, self.marks.get(OTHER, {}))

    @property
    def is_identity(self) -> bool:
        return not self.marks and not self.signs

    def json(self) -> str:
        return json.dumps({"schema": SCHEMA, **asdict(self)}, ensure_ascii=False, sort_keys=True)


def encode(orthography: Orthography, text: str, language: str) -> str:
    """Text in normal form as the model is to read it."""
    if marks := orthography.marks_of(language):

        def form(found: re.Match[str]) -> str:
            mark, before = found[0], text[found.start() - 1 : found.start()]
            return marks.get(_place(before), {}).get(mark, mark)

        text = _any_of({mark for row in marks.values() for mark in row}).sub(form, text)
    for sign, written in orthography.signs.items():
        text = text.replace(sign, written)
    return text


def decode(orthography: Orthography, text: str, language: str) -> str:
    """What the model wrote, in the canonical orthography.

    The inverse of ``encode`` for text in normal form (where – or — is missing: for text that has
    no ``--`` of its own). Reads from left to right: the place of a mark is told by what has been
    mapped back before it.
    """
    for sign, written in orthography.signs.items():
        text = re.sub(back_of(written), sign, text)
    marks = orthography.marks_of(language)
    if not marks:
        return text
    back = {place: {form: mark for mark, form in row.items()} for place, row in marks.items()}
    last, end = "", -1  # the mark mapped back last, and where it ended

    def mark(found: re.Match[str]) -> str:
        nonlocal last, end
        before = last if found.start() == end else text[found.start() - 1 : found.start()]
        last, end = back.get(_place(before), {}).get(found[0], found[0]), found.end()
        return last

    return _any_of({form for row in back.values() for form in row}).sub(mark, text)


def back_of(form: str) -> str:
    """The regular expression that finds a sign's form in what a model wrote."""
    return BACK.get(form, re.escape(form))


def from_json(text: str) -> Orthography:
    """Raises ``UsageError`` for anything that ``Orthography.json`` did not write."""
    try:
        value = json.loads(text)
        if value["schema"] != SCHEMA:
            raise ValueError(f"schema {value['schema']}, not {SCHEMA}")
        marks = {
            language: {place: dict(row) for place, row in places.items()}
            for language, places in value["marks"].items()
        }
        signs = dict(value["signs"])
        known = all(form in SIGNS[sign] for sign, form in signs.items()) and all(
            form in MARKS.get(language, MARKS[OTHER])[place][mark]
            for language, places in marks.items()
            for place, row in places.items()
            for mark, form in row.items()
        )
        if not known:
            raise ValueError("it maps to a form that is not known here")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"this is not an orthography: {error}; plan it again") from error
    return Orthography(marks, signs)


def _place(before: str) -> str:
    if before and before in "oOgG":
        return AFTER_OG
    return AFTER_LETTER if before.isalpha() else ELSEWHERE


def _any_of(characters: set[str]) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(''.join(sorted(characters)))}]")
