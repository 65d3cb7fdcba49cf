"""The YAML at the head of a Markdown file: a few texts and the language change, all else stays."""

from __future__ import annotations

import json
import re

import yaml

from korpu.languages import language
from release.formats.document import Document, Segment, Text, text_parts
from release.formats.job import Job, facts

_FRONT = re.compile(
    r"\A---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_ENTRY = re.compile(r"^(\w+):[ \t]+(\S[^\r\n]*?)[ \t]*\r?$", re.MULTILINE)
TEXTS = ("title", "subtitle", "description", "summary", "abstract")
"""Keys at the top whose one-line values are text for readers."""


def front_matter(text: str, job: Job) -> tuple[Document, str]:
    """What stands at the head, and the rest of the text. ``lang`` becomes the target's."""
    front = _FRONT.match(text)
    if not front:
        return ([f"---\n{_origin(job)}---\n\n"] if job.metadata else []), text
    document: Document = []
    at = 0
    for entry in _ENTRY.finditer(text, *front.span(1)):
        start, end = entry.span(2)
        value = _text(entry[2])
        if entry[1] in ("lang", "language"):
            document += [text[at:start], language(job.target).iso]
        elif entry[1] in TEXTS and value:
            document += [text[at:start], *_written(entry[2], value)]
        else:
            continue
        at = end
    close = front.end(1)
    document += [text[at:close], _origin(job) if job.metadata else "", text[close : front.end()]]
    return document, text[front.end() :]


def _written(raw: str, value: str) -> Document:
    """A value as a segment: in double quotes where it was, or where marks are in it."""
    parts = text_parts(_escaped(value), value, _escaped)
    if raw[0] != '"' and len(parts) == 1 and isinstance(parts[0], Text):
        return [Segment((Text(raw, value),), _scalar)]
    return ['"', Segment(parts, _escaped), '"']


def _scalar(text: str) -> str:
    """Text as a value of YAML, in quotes only where it would say something else without."""
    return text if _text(text) == text and ": " not in text else f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _text(raw: str) -> str:
    """A value of YAML that is text in one line; empty for any other."""
    if raw[0] in "|>&*!":
        return ""
    try:
        value = yaml.safe_load(raw)
    except yaml.YAMLError:
        return ""
    return value if isinstance(value, str) else ""


def _origin(job: Job) -> str:
    rows = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in facts(job).items())
    return f"translation:\n{rows}"
