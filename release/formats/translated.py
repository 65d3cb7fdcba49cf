"""Documents translated: every mark of the source once, and what is wrong with the numbers told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from eval.checks.unequal import forget
from release.formats.document import Change, Document, Mark, Note, Segment, Text, plain, segments
from release.formats.mending import Rendered, with_numbers
from release.formats.rendering import Languages, Rendering, Run, has_words
from release.formats.sentences import Parts, edges, sentences


@dataclass(frozen=True)
class Translation:
    """A document's translation. Of its ``texts`` (sentences and paragraphs) ``mended`` had other
    numbers at first, and ``changes`` have them still."""

    text: str
    texts: int
    mended: int
    changes: tuple[Change, ...]


def translated(
    documents: Sequence[Document], run: Run, languages: Languages, numbers: bool = True
) -> list[Translation]:
    """Each document with its text translated; ``numbers``: compared with the source's, and mended
    where that can be done (``release.formats.mending``)."""
    plans = {
        id(segment): [edges(parts, segment.write) for parts in sentences(segment, languages.source)]
        for document in documents
        for segment in segments(document)
    }
    texts = [
        (core, segment.write)
        for document in documents
        for segment in segments(document)
        for _, core, _ in plans[id(segment)]
    ]
    cores, rendering = [core for core, _ in texts], Rendering(run, languages)
    if numbers:
        try:
            made = with_numbers(cores, [write for _, write in texts], rendering)
        finally:
            forget()
    else:
        made = [Rendered(pieces) for pieces in rendering.sentences(cores)]
    found = {id(core): each for core, each in zip(cores, made, strict=True)}
    return [_Written(plans, found, languages).document(document) for document in documents]


_Plan = tuple[Parts, Parts, Parts]  # before the words, the words, after them


class _Written:
    """A document as it is written, and what was found on the way."""

    def __init__(
        self, plans: dict[int, list[_Plan]], found: dict[int, Rendered], languages: Languages
    ) -> None:
        self.plans, self.found, self.languages = plans, found, languages
        self.line = 1  # of the source
        self.texts = self.mended = self.told = 0
        self.changes: list[Change] = []

    def document(self, document: Document) -> Translation:
        text = "".join(self._items(document))
        return Translation(text, self.texts, self.mended, tuple(self.changes))

    def _items(self, items: Iterable[str | Segment]) -> Iterator[str]:
        for item in items:
            if isinstance(item, str):
                self.line += item.count("\n")
                yield item
            elif isinstance(item, Note):
                yield item.tell(self.changes[self.told :])
                self.told = len(self.changes)
            else:
                for plan in self.plans[id(item)]:
                    yield from self._sentence(item, plan)

    def _sentence(self, segment: Segment, plan: _Plan) -> Iterator[str]:
        before, core, after = plan
        yield from self._kept(before)
        start, rendered = self.line, self.found[id(core)]
        self._note(segment, core, rendered)
        for piece in rendered.pieces:
            if isinstance(piece, str):
                yield segment.write(self.languages.finish(piece))
            else:
                yield from self._items(piece.raw)
        self.line = start + sum(raw.count("\n") for raw in _raw(core))
        yield from self._kept(after)

    def _kept(self, parts: Parts) -> Iterator[str]:
        for part in parts:
            yield from self._items((part.raw,) if isinstance(part, Text) else part.raw)

    def _note(self, segment: Segment, core: Parts, rendered: Rendered) -> None:
        self.texts += any(isinstance(part, Text) and has_words(part.text) for part in core)
        self.mended += rendered.is_mended
        if rendered.unequal:
            source, translation = rendered.unequal.source, rendered.unequal.output
            self.changes.append(
                Change(self.line, plain(core), source, translation, segment.field, segment.line)
            )


def _raw(parts: Iterable[Text | Mark]) -> Iterator[str]:
    for part in parts:
        for raw in (part.raw,) if isinstance(part, Text) else part.raw:
            yield from (raw,) if isinstance(raw, str) else _raw(raw.parts)
