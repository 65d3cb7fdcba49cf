"""Marks in a translation that never saw them: found again where that is certain.

The model gets a sentence without its markup. Afterwards a placeholder is where it stands verbatim,
and a link or an emphasis around the words that its own text, translated alone, gives, where these
occur once. If anything is not certain, ``placed`` says so and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from release.formats.document import Mark, plain
from release.formats.sentences import Parts, pairs

Piece = str | Mark
"""A run of translated text, or a mark of the source."""


@dataclass(frozen=True)
class _Span:
    start: int
    end: int
    first: int  # indices of its marks among the sentence's parts, the same for a keep
    last: int


def is_findable(parts: Parts) -> bool:
    """Whether all marks can be looked for: each is seen, or an end of a pair around something."""
    together = pairs(parts)
    paired = {index for pair in together for index in pair}
    shown = all(
        index in paired or bool(part.seen)
        for index, part in enumerate(parts)
        if isinstance(part, Mark)
    )
    return shown and all(plain(parts[first:last]) for first, last in together)


def placed(parts: Parts, translation: str, alone: Mapping[str, str]) -> list[Piece] | None:
    """The translation with all marks of the parts, or None where one's place is not certain.

    ``alone`` has the translations of what stands within pairs, by their plain text.
    """
    atoms = _atoms(parts, translation)
    if atoms is None:
        return None
    spans = list(atoms)
    for first, last in pairs(parts):
        found = _only(translation, alone[plain(parts[first : last + 1])])
        if found is None:
            return None
        spans.append(_Span(*found, first, last))
    if not _is_nested_alike(spans):
        return None
    return list(_woven(parts, translation, spans, 0, len(translation)))


def _atoms(parts: Parts, translation: str) -> list[_Span] | None:
    """Spans of what stands verbatim, as often as in the source; None where not."""
    wanted: dict[str, list[int]] = {}
    for index, part in enumerate(parts):
        if isinstance(part, Mark) and part.seen:
            wanted.setdefault(" ".join(part.seen.split()), []).append(index)
    rest, spans = translation, []
    for seen in sorted(wanted, key=len, reverse=True):
        found = list(re.finditer(rf"(?<![\w/@#]){re.escape(seen)}(?![\w/])", rest))
        if seen[-1:] in "}":  # a suffix may follow a placeholder: {name}ning
            found = list(re.finditer(re.escape(seen), rest))
        if len(found) != len(wanted[seen]):
            return None
        for match, index in zip(found, wanted[seen], strict=True):
            spans.append(_Span(match.start(), match.end(), index, index))
            rest = rest[: match.start()] + "\0" * len(match[0]) + rest[match.end() :]
    return spans


def _only(translation: str, words: str) -> tuple[int, int] | None:
    """Where words stand, to the end of the last one with its suffixes; None unless just once."""
    if not words:
        return None
    pattern = rf"(?<!\w){re.escape(words)}" + (r"[\w’ʼ]*" if words[-1].isalpha() else r"(?!\w)")
    found = list(re.finditer(pattern, translation, re.IGNORECASE))
    return found[0].span() if len(found) == 1 else None


def _is_nested_alike(spans: list[_Span]) -> bool:
    """Whether what contains what, and what lies apart, is as in the source."""
    for one in spans:
        for other in spans:
            if one is other:
                continue
            inside = one.first < other.first and other.last < one.last
            apart = other.last < one.first or one.last < other.first
            if inside and not (one.start <= other.start and other.end <= one.end):
                return False
            if apart and not (other.end <= one.start or one.end <= other.start):
                return False
    return True


def _woven(
    parts: Parts, translation: str, spans: list[_Span], at: int, end: int
) -> Iterable[Piece]:
    # Spans over the same words nest as their marks do in the source.
    for span in sorted(spans, key=lambda s: (s.start, -s.end, s.first)):
        if span.start < at:
            continue  # within the one before
        yield translation[at : span.start]
        yield _mark(parts, span.first)
        if span.first < span.last:
            inner = [s for s in spans if span.first < s.first and s.last < span.last]
            yield from _woven(parts, translation, inner, span.start, span.end)
            yield _mark(parts, span.last)
        at = span.end
    yield translation[at:end]


def _mark(parts: Parts, index: int) -> Mark:
    mark = parts[index]
    assert isinstance(mark, Mark)
    return mark
