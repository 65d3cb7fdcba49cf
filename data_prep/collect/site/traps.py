"""Endless parts of a site: calendars, pagination, session ids; and what a page says that is new.

A page that only other pages lead to must be led to by pages that were worth it: when none of its
last 25 ancestors led to a text that no page of the site had said before, it is not asked for. An
archive of 300 pages with new articles on each is read to its end; a calendar of empty months ends.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

from lxml import etree

QUERIES_PER_PATH = 60  # that said nothing new, or wait, and differ only in the query: a search
GENERATIONS = 25  # ancestors of which one must have led to something new
BARREN_SHAPE = 60  # pages of one path under different session ids, before they are judged
LONG = 80  # characters of a paragraph that says something

_SESSION = re.compile(
    r"\(s\([a-z0-9]{20,}\)\)|[0-9a-f]{24,}|(sid|sess|session|phpsessid)[-_=:.]?[a-z0-9]{8,}",
    re.IGNORECASE,
)
_BLOCKS = ("p", "div", "td", "li", "blockquote", "section", "article", "main", "body", "dd")
_INLINE = frozenset(("b", "i", "em", "strong", "span", "u", "font", "small", "mark", "abbr", "sup"))
_UNLINKED = etree.XPath(".//text()[not(ancestor::a)]")
_DIGITS = re.compile(r"\d+")


def path_without_query(url: str) -> str | None:
    """The URL up to its query, or None where it has no query; what query traps are counted by."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")) if parts.query else None


def shape(url: str) -> str | None:
    """The URL with what may be a session id masked, or None where nothing in its path may be."""
    parts = urlsplit(url)
    segments = parts.path.split("/")
    masked = ["*" if _SESSION.fullmatch(segment) else segment for segment in segments]
    if masked == segments:
        return None
    masked = [_DIGITS.sub("0", segment) for segment in masked]
    return urlunsplit((parts.scheme, parts.netloc, "/".join(masked), "", ""))


def said(root: etree._Element) -> str | None:
    """A digest of a page's long paragraphs without links and digits, or None if it has none."""
    texts = list(_texts(root))
    if not texts:
        return None
    return hashlib.sha256("\n".join(texts).encode("utf-8", "replace")).hexdigest()[:32]


def _texts(root: etree._Element) -> Iterator[str]:
    for block in root.iter(*_BLOCKS):
        pieces = [block.text or ""]
        for child in block:
            if child.tag in _INLINE:
                pieces += _UNLINKED(child)
            pieces.append(child.tail or "")
        text = "".join(pieces)
        if len(text) >= LONG and len(text := " ".join(text.split())) >= LONG:
            yield _DIGITS.sub("", text)
