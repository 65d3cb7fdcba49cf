"""Markdown: words are translated; markup, addresses, code and what is not prose stay.

Blocks come from markdown-it, whose inline content is found again in the lines it came from. What
cannot be found again stays as it is.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from release.formats import hypertext
from release.formats.document import Document, Mark, Segment, Text, Write, text_parts
from release.formats.front_matter import front_matter
from release.formats.job import Job, sentence
from release.formats.spans import Span, parser, spans
from release.formats.tags import tokens

_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])|(&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,31});)")
_SPECIAL = re.compile(r"[\\`*<]|\](?=[(\[:])|(?<!\w)_|_(?!\w)|~(?=~)|&(?=#?\w+;)")
_STARTS = re.compile(r"(?:\#{1,6}|[-+])(?=\s|$)|>|(?<=^)\d{1,9}(?=[.)](?:\s|$))")
_SIGN = re.compile(
    r"(?P<line>^\[\^[^\]\s]+\]:|^\[[^\]\n]+\]:[ \t]+\S.*|^\[[ xX]\](?=\s))|\[\^[^\]\s]+\]",
    re.MULTILINE,
)
_TITLE = re.compile(r"""(\]\(.*\s["'])(.+)(["']\s*\))""", re.DOTALL)


def parsed(text: str, job: Job) -> Document:
    """A whole document. Nothing is refused: what is not understood stays."""
    document, rest = front_matter(text, job)
    document += _blocks(rest, job)
    if job.line:
        end = "" if text.endswith("\n") or not text else "\n"
        document.append(f"{end}\n*{written(sentence(job))}*\n")
    return document


def _blocks(text: str, job: Job) -> Document:
    md = parser()
    env: dict[str, Any] = {}
    lines = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text)), len(text), len(text)]
    document: Document = []
    at, before = 0, ""
    for token in md.parse(text, env):
        is_cell, before = before in ("td_open", "th_open"), token.type
        if token.map is None:
            continue
        start, end = lines[token.map[0]], lines[token.map[1]]
        if token.type == "html_block" and start >= at:
            document += [text[at:start], *hypertext.fragment(text[start:end], job)]
            at = end
        elif token.type == "inline" and token.content.strip():
            places = (_cell if is_cell else _places)(text, max(at, start), end, token.content)
            if places:
                found = spans(md, token.content, env.get("references", {}))
                write = written_in_cell if is_cell else written
                document.append(text[at : places[0]])
                document += _Paragraph(text, token.content, places, write, job).segments(found)
                at = places[-1]
    return [*document, text[at:]]


def _places(text: str, start: int, end: int, content: str) -> list[int]:
    """Where each character of a block's content stands in the text, and where the last one ends.

    A line of a quote or a list has a prefix that the content has not; it belongs to the line end
    before. Empty where the content is not found.
    """
    rows = [match.span() for match in re.compile(r"[^\r\n]+").finditer(text, start, end)]
    places: list[int] = []
    for line in content.split("\n"):
        words = line.lstrip()
        while rows and text.rfind(words, *rows[0]) < 0:
            rows.pop(0)
        if not rows:
            return []
        found = text.rfind(words, *rows.pop(0))
        places += [found] * (len(line) - len(words))
        places += range(found, found + len(words) + 1)  # with the line's end
    return places


def _cell(text: str, start: int, end: int, content: str) -> list[int]:
    """The same for a cell of a table, whose bars are escaped."""
    pattern = re.escape(content).replace(r"\|", r"\\\|")
    found = re.compile(rf"(?<![^|\s]){pattern}(?=\s*(?:\||$))", re.MULTILINE).search(
        text, start, end
    )
    if not found:
        return []
    places, at = [], found.start()
    for character in content:
        places.append(at)
        at += 2 if character == "|" else 1
    return [*places, at]


class _Paragraph:
    """The text of a block, read into segments; a line break that shows ends one."""

    def __init__(self, text: str, content: str, places: list[int], write: Write, job: Job) -> None:
        self.text, self.content, self.places, self.write, self.job = (
            text,
            content,
            places,
            write,
            job,
        )
        self.parts: list[Text | Mark] = []
        self.document: Document = []

    def raw(self, start: int, end: int) -> str:
        return self.text[self.places[start] : self.places[end]]

    def segments(self, found: list[Span]) -> Document:
        """All of the block, given what is markup in it."""
        at = 0
        for number, span in enumerate(found):
            if span.start >= at:
                self.prose(at, span.start)
                at = self.markup(span, found[number + 1 :])
        self.prose(at, len(self.content))
        self.close()
        return self.document

    def prose(self, start: int, end: int) -> None:
        """A run of text; the sign of a note (``[^1]``) or of a task, and a line that defines
        one, are marks that nobody reads aloud."""
        for sign in _SIGN.finditer(self.content, start, end):
            self.words(start, sign.start())
            raw = self.raw(*sign.span())
            if sign["line"]:
                self.close()
                self.document.append(raw)
            else:
                self.parts.append(Mark((raw,)))
            start = sign.end()
        self.words(start, end)

    def words(self, start: int, end: int) -> None:
        if start < end:
            said = _read(self.content[start:end])
            self.parts += text_parts(self.raw(start, end), said, self.write)

    def markup(self, span: Span, following: list[Span]) -> int:
        """One piece of markup; returns where it ends."""
        raw = self.raw(span.start, span.end)
        if span.kind == "break":
            self.close()
            self.document.append(raw)
        elif span.kind == "open":
            self.parts.append(Mark((raw,), "open"))
        elif span.kind == "close":
            label = f"[{span.label}]" if span.label else ""
            self.parts.append(Mark(_titled(raw[:1] if label else raw, label), "close"))
        elif span.kind == "image":
            self.parts.append(Mark(self.image(raw)))
        elif span.kind == "html":
            return self.html(span, following)
        else:
            seen = raw.strip("`") if span.kind == "code" else raw[1:-1]
            self.parts.append(Mark((raw,), seen=" ".join(seen.split())))
        return span.end

    def image(self, raw: str) -> tuple[str | Segment, ...]:
        """``![description](address "title")``; where the description is the name of an address, it
        stays."""
        close = raw.rfind("](")
        if close < 0:
            return (raw,)
        said = raw[2:close]
        text = _read(said)
        plain = not re.search(r"[\[\]`*_<]", text)
        inner = (Segment(text_parts(said, text, written), written),) if plain and said else (said,)
        return ("![", *inner, *_titled(raw[close:], ""))

    def html(self, span: Span, following: list[Span]) -> int:
        """A tag within a text; what stands between ``<code>`` and ``</code>`` stays."""
        raw, end = self.raw(span.start, span.end), span.end
        (tag, *_) = tokens(raw)
        if tag.kind == "start" and hypertext.is_verbatim(tag):
            for after in following:
                if self.content[after.start : after.end].lower().startswith(f"</{tag.name}"):
                    raw, end = self.raw(span.start, after.end), after.end
                    break
        for item in hypertext.inline(tokens(raw), self.job):
            if isinstance(item, (Text, Mark)):
                self.parts.append(item)
            else:
                self.close()
                self.document += [item] if isinstance(item, str) else item
        return end

    def close(self) -> None:
        if self.parts:
            self.document.append(Segment(tuple(self.parts), self.write))
            self.parts = []


def _titled(raw: str, label: str) -> tuple[str | Segment, ...]:
    """The end of a link, whose title is text."""
    found = _TITLE.fullmatch(raw)
    if not found or "\\" in found[2]:
        return (raw + label,)
    quote = found[3][0]

    def write(text: str) -> str:
        return written(text).replace(quote, f"\\{quote}")

    return (found[1], Segment(text_parts(found[2], _read(found[2]), write), write), found[3])


def _read(raw: str) -> str:
    """What text says, without its escapes."""
    return _ESCAPE.sub(lambda m: m[1] or unescape(m[2]), raw)


def written(text: str) -> str:
    """Text so that none of it is markup."""
    text = _SPECIAL.sub(lambda m: "\\" + m[0], text)
    begin = _STARTS.match(text)
    if not begin:
        return text
    at = begin.end() if begin[0][0].isdigit() else 0
    return f"{text[:at]}\\{text[at:]}"


def written_in_cell(text: str) -> str:
    """The same within a table."""
    return written(text).replace("|", "\\|")
