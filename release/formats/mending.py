"""Numbers that a translation changed: its sentence again in smaller parts, until they are right.

Nothing is put in by hand. A text is translated again by its sentences, then by its clauses, and
last with its numbers standing as they stood (``standing``) and what is between them translated
alone. Only what came out wrong is cut further, and a new translation is taken only where all
numbers of the whole are right and no part is empty or far too long; else the first one stays, and
what differs is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from eval.checks.unequal import Unequal, unequal
from release.formats.document import Write, plain
from release.formats.placing import Piece
from release.formats.rendering import Rendering, as_it_is, has_words, seen
from release.formats.sentences import Parts, at_clauses, at_sentences, edges
from release.formats.standing import standing

SLACK = 20  # characters that a translation of a few may be longer


@dataclass(frozen=True)
class Rendered:
    """A sentence's pieces; ``unequal`` is what is wrong with its numbers, if anything is."""

    pieces: list[Piece]
    unequal: Unequal | None = None
    is_mended: bool = False


@dataclass(frozen=True)
class _Part:
    """A part of a sentence: its words, what stands before and after them, and how the words come
    out; None before they are translated."""

    before: Parts
    core: Parts
    after: Parts
    pieces: list[Piece] | None = None


def with_numbers(
    cores: Sequence[Parts], writes: Sequence[Write], rendering: Rendering
) -> list[Rendered]:
    """Each sentence rendered, and rendered again where its numbers are wrong. ``writes`` says how
    each one's text is written in its document."""
    made = [Rendered(pieces) for pieces in rendering.sentences(cores)]
    wrong: dict[int, list[_Part]] = {}
    for index, core in enumerate(cores):
        found = _compared(core, made[index].pieces, rendering)
        if found:
            made[index] = replace(made[index], unequal=found)
            wrong[index] = [_Part((), core, (), made[index].pieces)]
    for cut, render in (
        (_by_sentences, rendering.parts),
        (_by_clauses, rendering.parts),
        (_by_numbers, rendering.apart),
    ):
        for index, parts in wrong.items():
            wrong[index] = [
                smaller for part in parts for smaller in _cut(part, cut, writes[index], rendering)
            ]
        waiting = [part for parts in wrong.values() for part in parts if part.pieces is None]
        rendered = iter(render([part.core for part in waiting]))
        for index, parts in list(wrong.items()):
            wrong[index] = [
                p if p.pieces is not None else replace(p, pieces=next(rendered)) for p in parts
            ]
            pieces = [piece for part in wrong[index] for piece in _all_of(part)]
            if _is_sound(wrong[index]) and not _compared(cores[index], pieces, rendering):
                made[index] = Rendered(pieces, is_mended=True)
                del wrong[index]
    return made


def _is_sound(parts: Sequence[_Part]) -> bool:
    """Whether every part says something, and no more than twice what it should: Azerbaijani and
    Uzbek are as long as each other, but a model may rave where it has a word or two alone."""
    told = [(plain(part.core), seen(part.pieces or ())) for part in parts]
    return all(
        has_words(made) >= has_words(source) and len(made) <= 2 * len(source) + SLACK
        for source, made in told
    )


def _compared(core: Parts, pieces: Sequence[Piece] | None, rendering: Rendering) -> Unequal | None:
    return unequal(plain(core), seen(pieces or ()), rendering.languages.target)


def _all_of(part: _Part) -> list[Piece]:
    return [*as_it_is(part.before), *(part.pieces or ()), *as_it_is(part.after)]


Cut = Callable[[Parts, Write, Rendering], Sequence[Parts]]


def _cut(part: _Part, cut: Cut, write: Write, rendering: Rendering) -> list[_Part]:
    """The part in smaller ones to be rendered, or as it is where it is right or cannot be cut."""
    if not _compared(part.core, part.pieces, rendering):
        return [part]
    smaller = cut(part.core, write, rendering)
    if list(smaller) == [part.core]:
        return [part]
    parts = [_Part(*edges(each, write)) for each in smaller]
    parts[0] = replace(parts[0], before=part.before + parts[0].before)
    parts[-1] = replace(parts[-1], after=parts[-1].after + part.after)
    return parts


def _by_sentences(core: Parts, write: Write, rendering: Rendering) -> Sequence[Parts]:
    return at_sentences(core, write, rendering.languages.source)


def _by_clauses(core: Parts, write: Write, _rendering: Rendering) -> Sequence[Parts]:
    return at_clauses(core, write)


def _by_numbers(core: Parts, write: Write, rendering: Rendering) -> Sequence[Parts]:
    return [standing(core, write, rendering.languages) or core]
