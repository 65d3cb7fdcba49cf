"""Which characters survive a tokenizer, and the orthography that leads around those that do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from korpu.errors import UsageError
from korpu.nllb import orthography, tokens, vocabulary
from korpu.nllb.orthography import Orthography

LANGUAGES = ("azj_Latn", "uzn_Latn")
PLAIN = "0123456789.,:;!?-()%/\"'"


def settled(tokenizer: Any, setting: str) -> Any:
    """The tokenizer with its orthography: the one it was saved with, since a model was trained in
    it, or what ``model.orthography`` says: ``auto`` (planned here) or ``none`` (text as it is)."""
    if tokens.orthography_of(tokenizer) is None:
        own = plan(tokenizer) if setting == "auto" else Orthography()
        tokens.write_in(tokenizer, own)
    return tokenizer


def plan(tokenizer: Any, languages: Sequence[str] = LANGUAGES) -> Orthography:
    """The orthography of ``languages`` in what the tokenizer can write.

    Each missing character takes the first form in its row that the vocabulary has and that no
    other character has in the same place. Raises ``UsageError`` naming a character without one.
    """
    letters = "".join(vocabulary.letters(language) for language in languages)
    for character in dict.fromkeys(letters + PLAIN):
        if character in "ʻʼ":
            continue  # the letters that have other forms; without ə there is no Azerbaijani
        if not survives(tokenizer, character):
            raise UsageError(
                f"the tokenizer cannot write {_named(character)}, and no other form stands for "
                "it; use a model whose vocabulary has it"
            )
    forms = {form for row in orthography.SIGNS.values() for form in row}
    forms |= {
        form
        for places in orthography.MARKS.values()
        for rows in places.values()
        for row in rows.values()
        for form in row
    }
    there = {form for form in forms if survives(tokenizer, form)}
    signs = _choose(orthography.SIGNS, there)
    free = there - set(signs.values())
    marks: dict[str, dict[str, dict[str, str]]] = {}
    planned = [orthography.UZBEK] if orthography.UZBEK in languages else []
    for language in (*planned, orthography.OTHER):
        for place, rows in orthography.MARKS[language].items():
            if chosen := _choose({mark: tuple(row) for mark, row in rows.items()}, free):
                marks.setdefault(language, {})[place] = chosen
    return Orthography(marks, signs)


def survives(tokenizer: Any, form: str) -> bool:
    """Is ``form`` the same after tokens, inside a word and alone, and without ``<unk>``?"""
    texts = [f"a{form}a", f"a {form} a", form]
    rows = tokens.pieces(tokenizer, texts)
    unknown = any(tokenizer.unk_token_id in row for row in rows)
    return not unknown and tokens.text_of(tokenizer, rows) == texts


def changed(tokenizer: Any, texts: Sequence[str]) -> dict[str, int]:
    """Characters of the texts that do not survive the tokenizer, with counts: ``<unk>``, or
    replaced by its normaliser without a word (№, ½, ™ …). White space is left out."""
    counts = Counter(c for text in texts for c in text if not c.isspace())
    return {c: counts[c] for c in sorted(counts) if not survives(tokenizer, c)}


def lost(tokenizer: Any, texts: Sequence[str]) -> dict[str, int]:
    """The same, without the characters that the tokenizer's own orthography has a form for."""
    own = tokens.orthography_of(tokenizer) or Orthography()
    return {c: n for c, n in changed(tokenizer, texts).items() if c not in own.mapped}


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


def _named(character: str) -> str:
    return f"{character} (U+{ord(character):04X})"
