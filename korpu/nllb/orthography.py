"""The canonical orthography in characters that a model's vocabulary has, and back.

NLLB's vocabulary has no byte pieces, so a character it lacks is ``<unk>``; and its normaliser
(nmt_nfkc) changes some without a word: … becomes three dots. ``plan`` finds what does not survive
a tokenizer and chooses the nearest form that does, such that ``decode(encode(x)) == x`` for text
in korpu's normal form; the bundle carries the plan as JSON.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Any

from korpu.errors import UsageError
from korpu.nllb import tokens, vocabulary

SCHEMA = 1
LANGUAGES = ("azj_Latn", "uzn_Latn")
UZBEK = "uzn_Latn"
SIGNS = "0123456789.,:;!?-()%/\"'"

# What the normal form holds, by what stands before it, and the forms that may stand for it there,
# nearest first. It has no ‘ and no ' behind a letter. In Uzbek it has ʻ only behind o and g, and ʼ
# (tutuq belgisi) and ’ (the end of a quotation) behind any; elsewhere ’ alone is the apostrophe.
AFTER_OG, AFTER_LETTER, ELSEWHERE = "after_o_g", "after_letter", "elsewhere"
OTHER = "other"
_NOT_LETTERS = {"‘": "‘`«", "’": "’´»", "'": "'"}
_MARKS: dict[str, dict[str, dict[str, str]]] = {
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
_SIGNS: dict[str, tuple[str, ...]] = {
    "“": ("“", "«", "„"),
    "”": ("”", "»", "‟"),
    "–": ("–", "--"),
    "—": ("—", "---"),
    "…": ("…", "..."),
}
# The normal form has … only at the end of a run of dots.
_BACK = {"...": r"\.{3}(?!\.)", "--": "(?<!-)--(?!-)", "---": "(?<!-)---(?!-)"}


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
    def is_identity(self) -> bool:
        return not self.marks and not self.signs

    def json(self) -> str:
        return json.dumps({"schema": SCHEMA, **asdict(self)}, ensure_ascii=False, sort_keys=True)


def plan(tokenizer: Any, languages: Sequence[str] = LANGUAGES) -> Orthography:
    """The orthography of ``languages`` in what the tokenizer can write.

    Each missing character takes the first form in its row that the vocabulary has and that no
    other character has in the same place. Raises ``UsageError`` naming a character without one.
    """
    letters = "".join(vocabulary.letters(language) for language in languages)
    for character in dict.fromkeys(letters + SIGNS):
        if character in "ʻʼ":
            continue  # the letters that have other forms; without ə there is no Azerbaijani
        if not survives(tokenizer, character):
            raise UsageError(
                f"the tokenizer cannot write {_named(character)}, and no other form stands for "
                "it; use a model whose vocabulary has it"
            )
    forms = {form for row in _SIGNS.values() for form in row}
    forms |= {
        form
        for places in _MARKS.values()
        for rows in places.values()
        for row in rows.values()
        for form in row
    }
    there = {form for form in forms if survives(tokenizer, form)}
    signs = _choose(_SIGNS, there)
    free = there - set(signs.values())
    marks: dict[str, dict[str, dict[str, str]]] = {}
    for language in (UZBEK, OTHER) if UZBEK in languages else (OTHER,):
        for place, rows in _MARKS[language].items():
            if chosen := _choose({mark: tuple(row) for mark, row in rows.items()}, free):
                marks.setdefault(language, {})[place] = chosen
    return Orthography(marks, signs)


def encode(orthography: Orthography, text: str, language: str) -> str:
    """Text in normal form as the model is to read it."""
    if marks := orthography.marks.get(UZBEK if language == UZBEK else OTHER):
        text = "".join(
            marks.get(_place(text[i - 1 : i]), {}).get(character, character)
            for i, character in enumerate(text)
        )
    for sign, form in orthography.signs.items():
        text = text.replace(sign, form)
    return text


def decode(orthography: Orthography, text: str, language: str) -> str:
    """What the model wrote, in the canonical orthography.

    The inverse of ``encode`` for text in normal form (where – or — is missing: for text that has
    no ``--`` of its own). Reads from left to right: the place of a mark is told by what has been
    mapped back before it.
    """
    for sign, form in orthography.signs.items():
        text = re.sub(_BACK.get(form, re.escape(form)), sign, text)
    marks = orthography.marks.get(UZBEK if language == UZBEK else OTHER)
    if not marks:
        return text
    back = {place: {form: mark for mark, form in row.items()} for place, row in marks.items()}
    out: list[str] = []
    for character in text:
        place = _place(out[-1] if out else "")
        out.append(back.get(place, {}).get(character, character))
    return "".join(out)


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
        known = all(form in _SIGNS[sign] for sign, form in signs.items()) and all(
            form in _MARKS[language][place][mark]
            for language, places in marks.items()
            for place, row in places.items()
            for mark, form in row.items()
        )
        if not known:
            raise ValueError("it maps to a form that is not known here")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"this is not an orthography: {error}; plan it again") from error
    return Orthography(marks, signs)


def survives(tokenizer: Any, form: str) -> bool:
    """Is ``form`` the same after tokens, inside a word and alone, and without ``<unk>``?"""
    texts = [f"a{form}a", f"a {form} a", form]
    rows = tokens.encode(tokenizer, texts, _any_code(tokenizer))
    unknown = any(tokenizer.unk_token_id in row for row in rows)
    return not unknown and tokens.decode(tokenizer, rows) == texts


def changed(tokenizer: Any, texts: Sequence[str]) -> dict[str, int]:
    """Characters of the texts that do not survive the tokenizer, with counts: ``<unk>``, or
    replaced by its normaliser without a word (№, ½, ™ …). White space is left out."""
    counts = Counter(c for text in texts for c in text if not c.isspace())
    return {c: counts[c] for c in sorted(counts) if not survives(tokenizer, c)}


def _choose(rows: Mapping[str, tuple[str, ...]], there: set[str]) -> dict[str, str]:
    """Each character's nearest form such that no two share one; those that stay are left out."""
    options = {mark: [form for form in row if form in there] for mark, row in rows.items()}
    for mark, found in options.items():
        if not found:
            raise UsageError(
                f"the tokenizer can write neither {_named(mark)} nor what may stand for it "
                f"({' '.join(rows[mark][1:]) or 'nothing may'}); use a model whose vocabulary can"
            )
    for forms in product(*options.values()):
        if len(set(forms)) == len(forms):
            chosen = zip(options, forms, strict=True)
            return {mark: form for mark, form in chosen if mark != form}
    needed = ", ".join(map(_named, rows))
    raise UsageError(f"the tokenizer has too few marks to keep {needed} apart; use another model")


def _place(before: str) -> str:
    if before and before in "oOgG":
        return AFTER_OG
    return AFTER_LETTER if before.isalpha() else ELSEWHERE


def _any_code(tokenizer: Any) -> str:
    special = {str(token) for token in tokenizer.all_special_tokens}
    return min(special - {*tokens.RESERVED, tokens.MASK})


def _named(character: str) -> str:
    return f"{character} (U+{ord(character):04X})"
