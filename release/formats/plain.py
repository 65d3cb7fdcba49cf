"""Plain text: a line is a paragraph, and stays one."""

from __future__ import annotations

import re

from release.formats.document import Document, Segment, text_parts


def line(text: str) -> Document:
    """One line, without white space at its ends."""
    text = text.strip()
    return [Segment(text_parts(text, text, str), str)] if text else []


def parsed(text: str) -> Document:
    """All lines; line ends stay what they are."""
    document: Document = []
    for row in re.split(r"(?<=\n)", text):
        content = row.rstrip("\r\n")
        document += [Segment(text_parts(content, content, str), str), row[len(content) :]]
    return document
