"""Documents translated: two batches for all of them, and every mark of the source once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from release.formats.document import Document, Mark, Segment, Text, plain, segments
from release.formats.placing import Piece, is_findable, placed
from release.formats.sentences import Parts, edges, pairs, sentences

Run = Callable[[Sequence[str]], list[str]]
"""Lines of the source language to as many lines of the target language."""
STOPS = ".!?…"


@dataclass(frozen=True)
class Languages:
    """FLORES codes, and what is done to the model's text before it is written (its script)."""

    source: str
    target: str
    finish: Callable[[str], str] = str


def translated(documents: Sequence[Document], run: Run, languages: Languages) -> list[str]:
    """Each document with its text translated.

    A sentence whose marks cannot be placed with certainty is translated run by run, the text
    between two marks alone: its marks stand where they stood, its text has less context.
    """
    work = {id(s): _plan(s, languages) for d in documents for s in segments(d)}
    known: dict[str, str] = {}
    plans = [sentence for plan in work.values() for sentence in plan]
    _learn(known, (text for sentence in plans for text in _first(sentence[1])), run)
    found = {}
    apart: list[Parts] = []
    for _, core, _ in plans:
        pieces = _whole(core, known, languages)
        if pieces is None:
            apart.append(core)
        else:
            found[id(core)] = pieces
    _learn(known, (t for core in apart for t in _runs(core)), run)
    for core in apart:
        found[id(core)] = _apart(core, known, languages)
    return ["".join(_written(document, work, found, languages)) for document in documents]


_Sentence = tuple[Parts, Parts, Parts]


def _plan(segment: Segment, languages: Languages) -> list[_Sentence]:
    whole = sentences(segment, languages.source)
    return [edges(parts, segment.write) for parts in whole]


def _learn(known: dict[str, str], texts: Iterable[str], run: Run) -> None:
    wanted = [text for text in dict.fromkeys(texts) if text not in known]
    if wanted:
        known.update(zip(wanted, run(wanted), strict=True))


def has_words(text: str) -> bool:
    """Whether there is a letter: numbers and signs alone are the same in both languages."""
    return any(character.isalpha() for character in text)


def _has_words(parts: Parts) -> bool:
    return any(isinstance(part, Text) and has_words(part.text) for part in parts)


def _first(core: Parts) -> list[str]:
    """What to translate of a sentence at first: the whole, and what stands within its pairs."""
    if not _has_words(core) or not is_findable(core):
        return []
    return [plain(core), *(text for text, is_text in _inner(core).items() if is_text)]


def _inner(core: Parts) -> dict[str, bool]:
    """What is seen within each pair, and whether it is translated."""
    within = (core[first : last + 1] for first, last in pairs(core))
    return {plain(parts): _has_words(parts) for parts in within}


def _runs(core: Parts) -> list[str]:
    texts = (" ".join(part.text.split()) for part in core if isinstance(part, Text))
    return [text for text in texts if has_words(text)]


def _whole(core: Parts, known: dict[str, str], languages: Languages) -> list[Piece] | None:
    """The sentence in one, or None where it must be translated apart."""
    if not _has_words(core):
        return [Mark((part.raw,)) if isinstance(part, Text) else part for part in core]
    if not is_findable(core):
        return None
    text = plain(core)
    if languages.finish(known[text]) == text:
        return [Mark((part.raw,)) if isinstance(part, Text) else part for part in core]
    alone = {
        inner: _like(inner, known[inner], languages) if is_text else inner
        for inner, is_text in _inner(core).items()
    }
    return placed(core, known[text], alone)


def _apart(core: Parts, known: dict[str, str], languages: Languages) -> list[Piece]:
    pieces: list[Piece] = []
    for part in core:
        if isinstance(part, Mark):
            pieces.append(part)
            continue
        text = " ".join(part.text.split())
        made = _like(text, known.get(text, text), languages)
        pieces.append(Mark((part.raw,)) if languages.finish(made) == text else made)
    return pieces


def _like(source: str, made: str, languages: Languages) -> str:
    """A translation of a part of a sentence, without the capital and the stop of a whole one."""
    if source[-1:] not in STOPS and made[-1:] in STOPS:
        made = made.rstrip(STOPS)
    if source[:1].islower() and made[:1].isupper() and not made[:2].isupper():
        first = made[0]
        if languages.target.startswith("azj"):
            first = {"I": "ı", "İ": "i"}.get(first, first)
        made = first.lower() + made[1:]
    return made


def _written(
    items: Iterable[str | Segment],
    work: dict[int, list[_Sentence]],
    found: dict[int, list[Piece]],
    languages: Languages,
) -> Iterable[str]:
    for item in items:
        if isinstance(item, str):
            yield item
            continue
        for before, core, after in work[id(item)]:
            yield from _kept(before, work, found, languages)
            for piece in found[id(core)]:
                if isinstance(piece, str):
                    yield item.write(languages.finish(piece))
                else:
                    yield from _written(piece.raw, work, found, languages)
            yield from _kept(after, work, found, languages)


def _kept(
    parts: Parts,
    work: dict[int, list[_Sentence]],
    found: dict[int, list[Piece]],
    languages: Languages,
) -> Iterable[str]:
    for part in parts:
        if isinstance(part, Text):
            yield part.raw
        else:
            yield from _written(part.raw, work, found, languages)
