"""Institutions, titles and terms with their forms in both languages, and whether they were kept.

``glossary.jsonl`` beside this module: one ``{kind, az: [form, …], uz: [form, …]}`` a line, the
preferred form first, the others allowed. Inner words of a form stand as they are written; the
last takes any suffix (Nazirliyi, Nazirliyinin), but none that makes another word of it: nazir is
not in nazirlik.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from eval.checks.reading import KEPT, lower, other, pair

PATH = Path(__file__).with_name("glossary.jsonl")
KINDS = ("institution", "title", "term")


@dataclass(frozen=True)
class Term:
    """One meaning: every form in a language is right for any form in the other."""

    kind: str
    az: tuple[str, ...]
    uz: tuple[str, ...]

    def forms(self, language: str) -> tuple[str, ...]:
        return self.az if language == "azj" else self.uz


@lru_cache(maxsize=1)
def terms() -> tuple[Term, ...]:
    """The glossary, in the order of its file."""
    rows = (json.loads(line) for line in PATH.read_text("utf-8").splitlines())
    return tuple(Term(row["kind"], tuple(row["az"]), tuple(row["uz"])) for row in rows)


def term_lost(source: str, output: str, language: str) -> bool | None:
    """A term of the glossary in the source, none of whose forms the output has.

    None where the source has no term, or the pair is not az–uz.
    """
    found = kept(source, output, language)
    return None if found is None or not found[1] else found[0] < found[1]


def kept(source: str, output: str, language: str) -> tuple[int, int] | None:
    """(terms of the source that the output has, terms of the source), each term once a sentence.

    The sums over a test set are its terminology accuracy.
    """
    sides, theirs = pair(source, output, language), other(language)
    if sides is None or theirs is None:
        return None
    terms_ = wanted(sides[0], theirs)
    return sum(_has(sides[1], number, language[:3]) for number in terms_), len(terms_)


_WORD = re.compile(r"(?<![\w-])\w\w")


@lru_cache(maxsize=KEPT)
def wanted(text: str, language: str) -> tuple[int, ...]:
    """The terms of a text; a longer one hides those inside it (baş nazir is not also nazir)."""
    low, index = lower(text), _index(language)
    found: dict[int, None] = {}
    end = 0
    for start in _WORD.finditer(low):
        forms = index.get(start[0])
        if forms is None or start.start() < end:
            continue
        for place in _matches(forms[0], text, start.start()):
            found[forms[1][place[0]]] = None
            end = place[1]
            break
    return tuple(found)


def _matches(
    forms: re.Pattern[str], text: str, only: int | None = None
) -> Iterator[tuple[int, int]]:
    """(place of the form in the pattern, end in the text) of each that is found; ``only``: at
    that offset. An acronym counts only in capitals: ÜST is an organisation, üst is "upper".
    """
    low = lower(text)
    at = None if only is None else forms.match(low, only)
    for match in forms.finditer(low) if only is None else [at] if at else []:
        kind, place = (match.lastgroup or "")[0], int((match.lastgroup or "")[1:])
        if kind == "w" or text[match.start() : match.start() + 2].isupper():
            yield place, match.end()


@lru_cache(maxsize=KEPT)
def _has(text: str, number: int, language: str) -> bool:
    return next(_matches(pattern(number, language), text), None) is not None


_SUFFIXES = {
    "azj": r"(?:l[aə]r)?(?:[ıiuü]m[ıiuü]z|s[ıiuü]|[ıiuü])?"
    r"(?:n?[ıiuü]n|[nys]?[aə]|n?d[aə]n?|[ny]?[ıiuü]|yl[aə]|l[aə])?(?:k[ıi])?(?:d[ıiuü]r)?",
    "uzn": r"(?:lar)?(?:imiz|miz|si|i)?(?:ning|ni|ga|ka|qa|dagi|dan|da|gacha|cha|dek)?(?:dir)?",
}
_POSSESSED = {"azj": re.compile(r"s?[ıiuü]$"), "uzn": re.compile(r"s?i$")}
_SOFT = {"azj": ("kqyğ", "[kqyğ]"), "uzn": ("kq", "(?:k|q|gʻ|g)")}


def _form(form: str, language: str) -> str:
    """The pattern of a form in lower-case text."""
    words = re.split(r"[ -]", lower(form))
    last = words[-1]
    if len(words) > 1 and len(last) > 4:
        last = _POSSESSED[language].sub("", last)
    letters, softened = _SOFT[language]
    stem = re.escape(last[:-1]) + softened if last[-1] in letters else re.escape(last)
    inner = "".join(re.escape(word) + "[ -]" for word in words[:-1])
    return inner + stem + _SUFFIXES[language]


@lru_cache(maxsize=2)
def _index(language: str) -> dict[str, tuple[re.Pattern[str], list[int]]]:
    """By the first two letters of a form: a pattern of those forms, longest first, and each one's
    term. One pattern of all forms would try three hundred at every word."""
    by_start: dict[str, list[tuple[str, int]]] = {}
    for number, term in enumerate(terms()):
        for form in term.forms(language):
            by_start.setdefault(lower(form)[:2], []).append((form, number))
    for forms in by_start.values():
        forms.sort(key=lambda pair: (-len(pair[0].split()), -len(pair[0])))
    return {
        start: (_any([form for form, _ in forms], language), [number for _, number in forms])
        for start, forms in by_start.items()
    }


@lru_cache(maxsize=1 << 10)
def pattern(number: int, language: str) -> re.Pattern[str]:
    """What finds any form of a term in lower-case text."""
    return _any(terms()[number].forms(language), language)


def _any(forms: Sequence[str], language: str) -> re.Pattern[str]:
    """Any of the forms, each in a group of its own: a0, a1 … for acronyms, w0, w1 … for words."""
    groups = (
        f"(?P<{'a' if form.isupper() else 'w'}{place}>{_form(form, language)})"
        for place, form in enumerate(forms)
    )
    return re.compile(rf"(?<![\w-])(?:{'|'.join(groups)})(?!\w)")


@lru_cache(maxsize=2)
def vocabulary(language: str) -> tuple[str, ...]:
    """How the words of institutions and titles begin: what has a capital and is translated."""
    words = {
        _POSSESSED[language].sub("", word) if len(word) > 5 else word
        for term in terms()
        for form in term.forms(language)
        for word in re.split(r"[ -]", lower(form))
        if len(word) > 3
    }
    soft = _SOFT[language][0]
    return tuple(sorted(w[:-1] if w[-1] in soft and len(w) > 4 else w for w in words))
