"""HTML: text, descriptions and titles are translated; tags, code and scripts stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from html import escape, unescape

from korpu.languages import language
from release.formats.document import Document, Mark, Segment, Text, text_parts
from release.formats.job import Job, facts, sentence
from release.formats.tags import Token, attributes, tokens, with_attribute

INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "data", "del", "dfn", "em", "font",
    "i", "ins", "mark", "nobr", "q", "s", "small", "span", "strike", "strong", "sub", "sup",
    "time", "tt", "u", "img", "wbr",
))  # fmt: skip
"""Elements within a sentence; all others end it."""
VERBATIM = frozenset((
    "script", "style", "pre", "code", "kbd", "samp", "var", "textarea", "template", "svg", "math",
    "iframe", "object", "noembed", "noframes", "xmp", "plaintext",
))  # fmt: skip
"""Elements that are no text of the article; ``translate="no"`` says so of any."""
WITHIN = frozenset(["code", "kbd", "samp", "var"])
"""Those of them that stand within a sentence, where their content is seen."""
VOID = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
))  # fmt: skip
DESCRIBED = ("alt", "title", "placeholder", "aria-label")
"""Attributes that are text for readers."""
META = frozenset((
    "description", "og:title", "og:description", "og:image:alt", "twitter:title",
    "twitter:description",
))  # fmt: skip


def parsed(page: str, job: Job) -> Document:
    """A whole page: its language set, and what was asked for about its origin added."""
    document = fragment(page, job)
    if job.metadata:
        content = escape(json.dumps(facts(job), ensure_ascii=False), quote=True)
        _insert(document, f'<meta name="translation" content="{content}">', "</head", "<body")
    if job.line:
        note = escape(sentence(job), quote=False)
        tag = f'<p lang="{language(job.target).iso}" class="machine-translation">{note}</p>\n'
        _insert(document, tag, "</body", "</html")
    return document


def _insert(document: Document, added: str, *before: str) -> None:
    """Put markup before the first of these tags there is, else after the doctype or at the end."""
    for wanted in before:
        tag = re.compile(rf"{wanted}[\s>]", re.IGNORECASE)
        for index, item in enumerate(document):
            if tag.match(_beginning(item)):
                document.insert(index, added)
                return
    if added.startswith("<p"):
        document.append(added)
        return
    skipped = ("<!doctype", "<html", "<?xml")
    after = (i for i, s in enumerate(document) if isinstance(s, str) and not _is_before(s, skipped))
    document.insert(next(after, len(document)), added)


def _beginning(item: str | Segment) -> str:
    return item if isinstance(item, str) else ""


def _is_before(item: str, skipped: tuple[str, ...]) -> bool:
    return item.isspace() or item.lower().startswith(skipped)


def fragment(page: str, job: Job) -> Document:
    """HTML of any completeness; what a tag leaves open or closes too often does no harm."""
    document: Document = []
    current: list[Text | Mark] = []
    for item in inline(tokens(page), job):
        if isinstance(item, str):
            document += _segment(current)
            current = []
            document.append(item)
        elif isinstance(item, list):
            document += [*_segment(current), *item]
            current = []
        else:
            current.append(item)
    return [*document, *_segment(current)]


def _segment(parts: list[Text | Mark]) -> Document:
    return [Segment(tuple(parts), written)] if parts else []


def written(text: str) -> str:
    """A text as HTML between tags."""
    return escape(text, quote=False).replace("\xa0", "&nbsp;")


def inline(found: Iterable[Token], job: Job) -> Iterator[str | Document | Text | Mark]:
    """Parts of a running text, and between them what ends it: strings, or lists where a tag has
    text of its own."""
    stream = iter(found)
    for token in stream:
        if token.kind == "text":
            yield from text_parts(token.raw, unescape(token.raw), written)
        elif token.kind == "start" and is_verbatim(token):
            raw, seen = _verbatim(token, stream)
            if token.name in WITHIN or token.name in INLINE:
                yield Mark((raw,), seen=seen)
            else:
                yield raw
        elif token.name in INLINE and token.kind == "start":
            is_open = token.name not in VOID and not token.is_closed
            yield Mark(tuple(start_tag(token, job)), "open" if is_open else "keep")
        elif token.name in INLINE and token.kind == "end":
            yield Mark((token.raw,), "close")
        elif token.kind == "start":
            parts = start_tag(token, job)
            yield "".join(p for p in parts if isinstance(p, str)) if len(parts) == 1 else parts
        else:
            yield token.raw


def is_verbatim(token: Token) -> bool:
    """Whether an element that begins here is no text to translate."""
    if token.name in VERBATIM:
        return True
    found = attributes(token.raw)
    classes = found["class"].value.split() if "class" in found else []
    return ("translate" in found and found["translate"].value.lower() == "no") or (
        "notranslate" in classes
    )


def _verbatim(first: Token, stream: Iterator[Token]) -> tuple[str, str]:
    """All of an element, and what is seen of it."""
    raw, seen, depth = first.raw, "", 1
    if first.name in VOID or first.is_closed:
        return raw, seen
    for token in stream:
        raw += token.raw
        if token.kind == "text":
            seen += unescape(token.raw)
        elif token.name == first.name and not token.is_closed:
            depth += 1 if token.kind == "start" else -1
        if depth == 0:
            break
    return raw, " ".join(seen.split())


def start_tag(token: Token, job: Job) -> Document:
    """A start tag, its texts for readers as segments; ``<html>`` and what is said to be in the
    source language get the target's."""
    tag = token.raw
    found = attributes(tag)
    if token.name == "html":
        tag = _with_language(tag, job)
    elif "lang" in found and found["lang"].value.lower().split("-")[0] == _iso(job.source):
        tag = with_attribute(tag, "lang", language(job.target).iso)
    found = attributes(tag)
    names = [name for name in DESCRIBED if name in found]
    if token.name == "meta" and any(
        found[name].value.lower() in META for name in ("name", "property") if name in found
    ):
        names = ["content"] if "content" in found else []
    parts: Document = []
    at = 0
    for spot in sorted((found[name] for name in names), key=lambda a: a.start):
        if not spot.quote or not spot.value.strip():
            continue
        write = _quoted(spot.quote)
        raw = tag[spot.start : spot.end]
        parts += [tag[at : spot.start], Segment(text_parts(raw, spot.value, write), write)]
        at = spot.end
    return [*parts, tag[at:]]


def _quoted(quote: str) -> Callable[[str], str]:
    entity = {'"': "&quot;", "'": "&#x27;"}[quote]
    return lambda text: written(text).replace(quote, entity)


def _with_language(tag: str, job: Job) -> str:
    found = attributes(tag)
    if "xml:lang" in found:
        tag = with_attribute(tag, "xml:lang", language(job.target).iso)
    if "dir" in found:
        tag = with_attribute(tag, "dir", "ltr")
    return with_attribute(tag, "lang", language(job.target).iso)


def _iso(code: str) -> str:
    return language(code).iso.split("-")[0]
