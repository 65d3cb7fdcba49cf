"""XML files as events: exact lines, flat memory, no entity expanded, nothing fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from data_prep.collect.files import text, values
from korpu.errors import UsageError

BLOCK = 1 << 16
LONGEST = 1_000_000
"""Characters of one segment; what is longer is a trap for the memory."""
_SPACE = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True)
class Event:
    """``kind``: start, end or text. ``word``: the element's local name, or the text."""

    kind: str
    word: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)


def events(path: Path, key: str) -> Iterator[Event]:
    """Elements and text of a file, in order.

    Raises ``UsageError`` with file and line where it is not well-formed XML, or declares or uses
    an entity: a few lines of entities can mean gigabytes, or another file.
    """
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.buffer_text = True
    parser.buffer_size = BLOCK
    found: list[Event] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        found.append(Event("start", _local(name), parser.CurrentLineNumber, attributes))

    def refuse(name: str, *_: Any) -> None:
        raise UsageError(
            f"{path}, line {parser.CurrentLineNumber}: the entity {name} is not read; write the "
            "characters themselves"
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: found.append(
        Event("end", _local(name), parser.CurrentLineNumber)
    )
    parser.CharacterDataHandler = lambda words: found.append(
        Event("text", words, parser.CurrentLineNumber)
    )
    parser.EntityDeclHandler = refuse
    parser.SkippedEntityHandler = refuse
    with text.opened(path, key) as stream:
        last = False
        while not last:
            with text.whole(str(path)):
                block = stream.read(BLOCK)
            last = not block
            try:
                parser.Parse(block, last)
            except expat.ExpatError as error:
                yield from found  # what stands before the damage
                said = expat.errors.messages[error.code]
                raise UsageError(
                    f"{path}, line {error.lineno}: this is not whole XML ({said}); repair the "
                    "file, or copy it again if it is cut off"
                ) from error
            except (LookupError, ValueError) as error:
                raise UsageError(f"{path}, line 1: {error}; convert the file to UTF-8") from error
            yield from found
            found.clear()


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class Segment:
    """The text of a segment while it is read: ``depth`` counts the inline codes it stands in."""

    def __init__(self, path: Path, line: int) -> None:
        self._parts: list[str] = []
        self._size, self._path, self._line = 0, path, line
        self.depth = 0

    def add(self, words: str) -> None:
        """Text, which is left out inside a code. Raises ``UsageError`` past ``LONGEST``."""
        if self.depth:
            return
        self._size += len(words)
        if self._size > LONGEST:
            raise UsageError(
                f"{self._path}, line {self._line}: a segment of more than {LONGEST} characters; "
                "take the unit out"
            )
        self._parts.append(words)

    def text(self) -> str:
        """What was read, the line breaks of the file's own layout as one space."""
        return _SPACE.sub(" ", values.storable("".join(self._parts))).strip()
