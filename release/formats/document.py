"""A document as what stays and what is translated; every format is read into this.

Joining the strings, and the ``raw`` of all parts of all segments, gives the document back, but for
the way a character is escaped in a text with placeholders. So whatever a translator does, only text
can change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Write = Callable[[str], str]
"""A text as it must be written at its place in the document (entities, escapes)."""


@dataclass(frozen=True)
class Text:
    """A run of text: as it stands in the document, and what it says."""

    raw: str
    text: str


@dataclass(frozen=True)
class Mark:
    """Something within a text that is not translated.

    ``open`` and ``close`` are the two ends of a link or an emphasis, ``keep`` is all else: a
    placeholder, an image, code. ``seen`` is what a reader sees of it, and the model too. Strings of
    ``raw`` stay; segments in it (an image's description) are translated by themselves.
    """

    raw: tuple[str | Segment, ...]
    role: Literal["open", "close", "keep"] = "keep"
    seen: str = ""


@dataclass(frozen=True)
class Segment:
    """A text of its own, such as a paragraph: translated without regard to the others.

    ``field`` and ``line`` say which line of which field of an article it is, from 1.
    """

    parts: tuple[Text | Mark, ...]
    write: Write
    field: str = ""
    line: int = 0


@dataclass(frozen=True)
class Change:
    """Numbers of a text that its translation does not have as they are (``eval.checks.unequal``).

    ``line`` is where the text begins in its document, from 1; ``field`` and ``paragraph`` where it
    is in an article. ``source`` and ``translation`` are the numbers as they are written.
    """

    line: int
    text: str
    source: tuple[str, ...]
    translation: tuple[str, ...]
    field: str = ""
    paragraph: int = 0


@dataclass(frozen=True)
class Note(Segment):
    """A place without a text, where ``tell`` writes what was found since the note before."""

    parts: tuple[Text | Mark, ...] = ()
    write: Write = str
    tell: Callable[[Sequence[Change]], str] = lambda _: ""


Document = list[str | Segment]

ATOM = re.compile(
    r"""
    (?:https?://|ftp://|www\.)[^\s<>"'“”«»]*[^\s<>"'“”«».,;:!?)\]]   # not the stop after it
    | (?<![\w.+-])[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+
    | \{\{[^{}\n]*\}\} | \$?\{[A-Za-z0-9_.:!-]*\}                       # {{ x }}, ${x}, {name}, {0}
    | %\(\w+\)(?:\.\d+)?[sdifgu]                                       # %(name)s
    | (?<![\d%])%(?:\d+\$)?(?:\.\d+)?[sdifgu](?!\w)                    # %s, %1$s, %.2f
    | (?<![@/.])@[A-Za-z_]\w* | (?<![\#&/])\#[^\W\d]\w*               # @user, #tag
    """,
    re.VERBOSE,
)
"""What must come out as it went in, wherever the model puts it."""


def text_parts(raw: str, text: str, write: Write) -> tuple[Text | Mark, ...]:
    """A run of text with its addresses, placeholders, names of users and tags as marks."""
    parts: list[Text | Mark] = []
    at = 0
    for found in ATOM.finditer(text):
        parts.append(cut(raw, text, write, at, found.start()))
        atom = found[0]
        parts.append(Mark((atom if atom in raw else write(atom),), seen=atom))
        at = found.end()
    if at == 0:
        return (Text(raw, text),) if raw else ()
    parts.append(cut(raw, text, write, at, len(text)))
    return tuple(part for part in parts if not isinstance(part, Text) or part.text)


def cut(raw: str, text: str, write: Write, start: int, end: int) -> Text:
    """A part of a run; where raw and text differ, it is written anew."""
    piece = text[start:end]
    return Text(piece if raw == text else write(piece), piece)


def plain(parts: Iterable[Text | Mark]) -> str:
    """What a reader sees, in one line."""
    seen = "".join(part.text if isinstance(part, Text) else part.seen for part in parts)
    return " ".join(seen.split())


def segments(document: Iterable[str | Segment]) -> Iterable[Segment]:
    """All segments, also those within marks."""
    for item in document:
        if isinstance(item, Segment):
            yield item
            for part in item.parts:
                if isinstance(part, Mark):
                    yield from segments(part.raw)
