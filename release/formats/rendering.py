"""Sentences in the target language: what the model says, with the source's marks in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from release.formats.document import Mark, Text, plain
from release.formats.placing import Piece, is_findable, placed
from release.formats.sentences import Parts, pairs

Run = Callable[[Sequence[str]], list[str]]
"""Lines of the source language to as many lines of the target language."""
STOPS = ".!?…"


@dataclass(frozen=True)
class Languages:
    """FLORES codes, and what is done to the model's text before it is written (its script)."""

    source: str
    target: str
    finish: Callable[[str], str] = str


class Rendering:
    """The model in one direction; it is asked for a text once."""

    def __init__(self, run: Run, languages: Languages) -> None:
        self.languages = languages
        self._run = run
        self._known: dict[str, str] = {}

    def sentences(self, cores: Sequence[Parts]) -> list[list[Piece]]:
        """Each of them, in two batches at most for all; one whose marks cannot be placed with
        certainty is translated apart."""
        return self._rendered(cores, are_parts=False)

    def parts(self, cores: Sequence[Parts]) -> list[list[Piece]]:
        """The same for parts of sentences, which have no capital and no stop of a whole one."""
        return self._rendered(cores, are_parts=True)

    def _rendered(self, cores: Sequence[Parts], are_parts: bool) -> list[list[Piece]]:
        self._learn(text for core in cores for text in _first(core))
        whole = [self._whole(core, are_parts) for core in cores]
        together = zip(cores, whole, strict=True)
        rest = iter(self.apart([core for core, pieces in together if pieces is None]))
        return [next(rest) if pieces is None else pieces for pieces in whole]

    def apart(self, cores: Sequence[Parts]) -> list[list[Piece]]:
        """Each of them run by run, the text between two marks alone: its marks stand where they
        stood, its text has less context."""
        self._learn(text for core in cores for text in _runs(core))
        return [self._apart(core) for core in cores]

    def _learn(self, texts: Iterable[str]) -> None:
        wanted = [text for text in dict.fromkeys(texts) if text not in self._known]
        if wanted:
            self._known.update(zip(wanted, self._run(wanted), strict=True))

    def _whole(self, core: Parts, is_part: bool) -> list[Piece] | None:
        """The sentence in one, or None where it must be translated apart."""
        if not _has_words(core):
            return as_it_is(core)
        if not is_findable(core):
            return None
        text = plain(core)
        made = self._like(text) if is_part else self._known[text]
        if self.languages.finish(made) == text:
            return as_it_is(core)
        alone = {
            inner: self._like(inner) if is_text else inner
            for inner, is_text in _inner(core).items()
        }
        return placed(core, made, alone)

    def _apart(self, core: Parts) -> list[Piece]:
        pieces: list[Piece] = []
        for part in core:
            if isinstance(part, Mark):
                pieces.append(part)
                continue
            text = " ".join(part.text.split())
            made = self._like(text)
            pieces += as_it_is((part,)) if self.languages.finish(made) == text else [made]
        return pieces

    def _like(self, source: str) -> str:
        """The translation of a part of a sentence, without the capital and the stop of a whole
        one."""
        made = self._known.get(source, source)
        if source[-1:] not in STOPS and made[-1:] in STOPS:
            made = made.rstrip(STOPS)
        if source[:1].islower() and made[:1].isupper() and not made[:2].isupper():
            first = made[0]
            if self.languages.target.startswith("azj"):
                first = {"I": "ı", "İ": "i"}.get(first, first)
            made = first.lower() + made[1:]
        return made


def as_it_is(parts: Iterable[Text | Mark]) -> list[Piece]:
    """What is written as it stands in the document."""
    return [Mark((p.raw,), seen=p.text) if isinstance(p, Text) else p for p in parts]


def seen(pieces: Iterable[Piece]) -> str:
    """What a reader sees of a rendered sentence, in one line, before its script is changed."""
    text = "".join(piece if isinstance(piece, str) else piece.seen for piece in pieces)
    return " ".join(text.split())


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
