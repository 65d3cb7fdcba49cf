"""The text of an article's page, without what stands around it and between its paragraphs."""

from __future__ import annotations

import logging
import re
import unicodedata

from lxml import etree, html

from data_prep.collect.page import phrases, tree

for _library in ("trafilatura", "htmldate"):  # what is odd about a page is counted, not logged
    logging.getLogger(_library).setLevel(logging.CRITICAL)
_ABOVE = 4  # lines within which the headline is looked for
_HEADLINE = 12  # characters of a link that can be a headline
LONGEST = 1_500_000  # characters of a page that are read
_INVISIBLE = re.compile(r"<(/?)(script|style|svg)\b[^<>]{0,2000}>", re.IGNORECASE)
_CONTROLS = re.compile(  # what the parser lets in, itself or as a reference, and no tree takes back
    "[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45])|"
    "x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef]))(?![0-9a-f]);?",
    re.IGNORECASE,
)
_UNSEEN = re.compile(  # controls, soft hyphens, marks that turn the direction of text
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e"
    "\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)


def within(page: str) -> str:
    """A page without control characters and not longer than ``LONGEST``, which bounds the time.

    Of a longer one scripts, styles and drawings go first, then what is left is cut.
    """
    page = _CONTROLS.sub(" ", page)
    if len(page) <= LONGEST:
        return page
    kept, start = [], 0
    opened: str | None = None
    for match in _INVISIBLE.finditer(page):
        if "ld+json" in match[0]:
            continue  # the page's words on itself
        if opened is None and not match[1]:
            kept.append(page[start : match.start()])
            opened = match[2].lower()
            start = len(page)
        elif opened == match[2].lower() and match[1]:
            opened, start = None, match.end()
    return "".join([*kept, page[start:]])[:LONGEST]


def parse(page: str) -> etree._Element:
    """The tree of a page's text, which must not be blank."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    return html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)


def paragraphs(root: etree._Element, title: str | None) -> list[str]:
    """The article's paragraphs without its title; [] where there is no text. Changes the tree."""
    import trafilatura

    tree.prepare(root)
    raw = trafilatura.extract(
        root, fast=True, favor_precision=True, include_comments=False, include_tables=False,
        with_metadata=False, output_format="txt",
    )  # fmt: skip
    lines = [clean(line).removeprefix("- ") for line in (raw or "").splitlines()]
    lines = [line for line in lines if line]
    if title:  # what stands above the headline is not the article
        shown = unicodedata.normalize("NFC", clean(title))
        for number, line in enumerate(lines[:_ABOVE]):
            if unicodedata.normalize("NFC", line) == shown:
                del lines[: number + 1]
                break
    lines = [line for line in lines if not phrases.boilerplate(line)]
    if len(lines) > 2 and phrases.signature(lines[-1]):
        lines.pop()
    return lines


def anchors(root: etree._Element) -> set[str]:
    """The texts of a page's links that are long enough to be headlines."""
    found = {clean("".join(element.itertext(with_tail=False))) for element in root.iter("a")}
    return {anchor for anchor in found if len(anchor) >= _HEADLINE}


def linked(line: str, headlines: set[str]) -> bool:
    """Whether a line is a link to another page, with a word before it at most."""
    return any(len(text) >= 0.6 * len(line) and text in line for text in headlines)


def clean(line: str) -> str:
    """Visible characters on one line; letters stay as the page wrote them."""
    return " ".join(_UNSEEN.sub("", line).split())
