"""HTML in pieces: tags and texts as they stand, so that joining them gives the page back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from itertools import accumulate
from typing import Literal

Kind = Literal["start", "end", "text", "other"]


@dataclass(frozen=True)
class Token:
    """A tag, a run of text, or something else (a comment, a declaration); ``raw`` as it stands."""

    kind: Kind
    raw: str
    name: str = ""
    is_closed: bool = False  # <br/>


def tokens(page: str) -> list[Token]:
    """The page's tokens in order; joining their ``raw`` gives the page, whatever it is."""
    reader = _Reader(page)
    if not reader.found:
        return [Token("other", page)] if page else []
    ends = [*(at for at, _, _ in reader.found[1:]), len(page)]
    made: list[Token] = []
    if reader.found[0][0]:
        made.append(Token("other", page[: reader.found[0][0]]))
    for (at, kind, name), end in zip(reader.found, ends, strict=True):
        raw = page[at:end]
        if kind == "text" and made and made[-1].kind == "text":
            made[-1] = Token("text", made[-1].raw + raw)
        elif raw:
            made.append(Token(kind, raw, name, kind == "start" and raw.endswith("/>")))
    return made


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, Kind, str]] = []
        self._lines = [0, *accumulate(len(line) + 1 for line in page.split("\n"))]
        self.feed(page)
        self.close()

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """``<![`` is a comment in HTML; the library raises where it is none it knows."""
        return self.parse_bogus_comment(i, bool(report))

    def _note(self, kind: Kind, name: str = "") -> None:
        line, column = self.getpos()
        at = self._lines[line - 1] + column
        if not self.found or at > self.found[-1][0]:
            self.found.append((at, kind, name))

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        self._note("start", tag)

    def handle_startendtag(self, tag: str, _attrs: object) -> None:
        self._note("start", tag)

    def handle_endtag(self, tag: str) -> None:
        self._note("end", tag)

    def handle_data(self, _data: str) -> None:
        self._note("text")

    def handle_comment(self, _data: str) -> None:
        self._note("other")

    def handle_decl(self, _decl: str) -> None:
        self._note("other")

    def handle_pi(self, _data: str) -> None:
        self._note("other")

    def unknown_decl(self, _data: str) -> None:
        self._note("other")


_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?""")


@dataclass(frozen=True)
class Attribute:
    """Where an attribute's value stands in its tag, quotes apart, and what it says."""

    start: int
    end: int
    quote: str
    value: str


def attributes(tag: str) -> Mapping[str, Attribute]:
    """A start tag's attributes by their lower-case names; the first of a name counts."""
    found: dict[str, Attribute] = {}
    name = re.match(r"<[^\s/>]+", tag)
    for match in _ATTRIBUTE.finditer(tag, name.end() if name else 1):
        written = match[2] or ""
        quote = written[:1] if written[:1] in ("'", '"') else ""
        start = match.start(2) + len(quote) if match[2] else match.end()
        end = match.end(2) - len(quote) if match[2] else match.end()
        found.setdefault(match[1].lower(), Attribute(start, end, quote, unescape(tag[start:end])))
    return found


def with_attribute(tag: str, name: str, value: str) -> str:
    """A start tag with one attribute set (a plain value without quotes)."""
    there = attributes(tag).get(name)
    if there and there.quote:
        return tag[: there.start] + value + tag[there.end :]
    if there and there.start < there.end:
        return f'{tag[: there.start]}"{value}"{tag[there.end :]}'
    begin = re.match(r"<[^\s/>]+", tag)
    at = begin.end() if begin else 1
    return f'{tag[:at]} {name}="{value}"{tag[at:]}'
