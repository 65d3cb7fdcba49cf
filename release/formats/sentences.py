"""A segment as sentences whose marks belong to them, with the marks at their edges taken off."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eval.pieces import CLAUSE
from release.formats.document import Mark, Segment, Text, Write, cut

Parts = tuple[Text | Mark, ...]


def sentences(segment: Segment, language: str) -> list[Parts]:
    """The segment's parts, cut between sentences; never within a link or an emphasis.

    A segment without marks stays whole: the model's own splitting is what was measured.
    """
    if not any(isinstance(part, Mark) for part in segment.parts):
        return [segment.parts]
    return at_sentences(segment.parts, segment.write, language)


def at_sentences(parts: Parts, write: Write, language: str) -> list[Parts]:
    """Cut between sentences."""
    return _cut(parts, _ends(_all_seen(parts), language), write)


def at_clauses(parts: Parts, write: Write) -> list[Parts]:
    """Cut after commas, colons, dashes."""
    return _cut(parts, [match.end() for match in CLAUSE.finditer(_all_seen(parts))], write)


def _cut(parts: Parts, cuts: Sequence[int], write: Write) -> list[Parts]:
    """Cut at places of what is seen; never within a link or an emphasis."""
    whole: list[Parts] = []
    current: list[Text | Mark] = []
    at = depth = 0
    for part in parts:
        end = at + len(_seen(part))
        if isinstance(part, Text) and depth == 0:
            begin = at
            for position in [c for c in cuts if at < c <= end]:
                current.append(_between(part, write, begin - at, position - at))
                whole.append(tuple(current))
                current, begin = [], position
            if begin < end:
                current.append(_between(part, write, begin - at, end - at))
        else:
            current.append(part)
        if isinstance(part, Mark):
            depth += {"open": 1, "close": -1, "keep": 0}[part.role]
        at = end
    return [*whole, tuple(current)] if current else whole


def _ends(text: str, language: str) -> list[int]:
    """Where sentences end and the next begin, after the white space between them."""
    from data_prep.text.segment import segment

    found, at = [], 0
    for sentence in segment(" ".join(text.split()), language):
        words = re.compile(r"\s+".join(map(re.escape, sentence.split())))
        match = words.search(text, at)
        if not match:
            return []  # spelled otherwise: leave the paragraph whole
        if at:
            found.append(match.start())
        at = match.end()
    return found


def _all_seen(parts: Parts) -> str:
    return "".join(_seen(part) for part in parts)


def _seen(part: Text | Mark) -> str:
    return part.text if isinstance(part, Text) else part.seen


def _between(part: Text, write: Write, start: int, end: int) -> Text:
    if (start, end) == (0, len(part.text)):
        return part
    return cut(part.raw, part.text, write, start, end)


def pairs(parts: Sequence[Text | Mark]) -> list[tuple[int, int]]:
    """Index of each opening mark and of its closing one, outer pairs first."""
    opened: list[int] = []
    found = []
    for index, part in enumerate(parts):
        if isinstance(part, Mark) and part.role == "open":
            opened.append(index)
        elif isinstance(part, Mark) and part.role == "close" and opened:
            found.append((opened.pop(), index))
    return sorted(found)


def edges(parts: Parts, write: Write) -> tuple[Parts, Parts, Parts]:
    """What stands before the sentence's words, the sentence, what stands after: white space,
    marks without words, and pairs around all of it."""
    parts = tuple(piece for part in parts for piece in _without_space(part, write))
    together = dict(pairs(parts))
    within = {index for pair in together.items() for index in pair}
    first, last = 0, len(parts)
    while first < last:
        if _is_bare(parts[first], first in within):
            first += 1
        elif _is_bare(parts[last - 1], last - 1 in within):
            last -= 1
        elif together.get(first) == last - 1:
            first, last = first + 1, last - 1
        else:
            break
    return parts[:first], parts[first:last], parts[last:]


def _without_space(part: Text | Mark, write: Write) -> list[Text | Mark]:
    """A text as its leading white space, its words, its trailing white space."""
    if not isinstance(part, Text) or not part.text.strip():
        return [part]
    start, end = (len(part.text) - len(part.text.lstrip())), len(part.text.rstrip())
    if (start, end) == (0, len(part.text)):
        return [part]
    # Where the document writes spaces as they are, its words are as they were too.
    raw = part.raw.strip()
    lead = part.raw[: len(part.raw) - len(part.raw.lstrip())]
    trail = part.raw[len(part.raw.rstrip()) :]
    if (lead, trail) == (part.text[:start], part.text[end:]):
        three = [Text(lead, lead), Text(raw, part.text[start:end]), Text(trail, trail)]
    else:
        bounds = ((0, start), (start, end), (end, len(part.text)))
        three = [cut(part.raw, part.text, write, *bound) for bound in bounds]
    return [piece for piece in three if piece.text]


def _is_bare(part: Text | Mark, is_paired: bool) -> bool:
    if isinstance(part, Text):
        return not part.text.strip()
    return not part.seen and not is_paired
