"""The text of an article's page, without what stands around it and between its paragraphs."""

from __future__ import annotations

import logging
import re
import unicodedata

from lxml import etree, html

for _library in ("trafilatura", "htmldate"):  # what is odd about a page is counted, not logged
    logging.getLogger(_library).setLevel(logging.CRITICAL)
_ABOVE = 4  # lines within which the headline is looked for
_HEADLINE = 12  # characters of a link that can be a headline
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2060\ufeff\ud800-\udfff]")
# Class names that publishers give to what interrupts an article: advertisements, "read also".
_BETWEEN = re.compile(
    r"(ads?|advert\w*|banner|reklama?|promo|related|also|see-?also|read-?(also|more|next)|share)"
    r"([_-]\w+)*",
    re.IGNORECASE,
)
_LARGEST = 600  # characters of such an element; a larger one is the page, whatever its class


def parse(page: str) -> etree._Element:
    """The tree of a page's text, which must not be blank."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    return html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)


def paragraphs(root: etree._Element, title: str | None) -> list[str]:
    """The article's paragraphs without its title; [] where there is no text. Changes the tree."""
    import trafilatura

    _prune(root)
    raw = trafilatura.extract(
        root, fast=True, favor_precision=True, include_comments=False, include_tables=False,
        with_metadata=False, output_format="txt",
    )  # fmt: skip
    lines = [clean(line).removeprefix("- ") for line in (raw or "").splitlines()]
    lines = [line for line in lines if line]
    if title and (shown := clean(title)) in lines[:_ABOVE]:
        del lines[: lines.index(shown) + 1]  # what stands above the headline is not the article
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
    line = _UNSEEN.sub("", line)
    if not line.isascii():
        line = "".join(" " if unicodedata.category(c) in ("Zs", "Zl", "Zp") else c for c in line)
    return " ".join(line.split())


def _prune(root: etree._Element) -> None:
    """Take out short elements whose class says that they are not the article."""
    for element in list(root.iter("div", "p", "section", "aside", "ul", "span", "figure")):
        names = (element.get("class") or "").split()
        if not any(_BETWEEN.fullmatch(name) for name in names) or element.getparent() is None:
            continue
        short = len("".join(element.itertext(with_tail=False))) <= _LARGEST
        if short and next(element.iter("h1"), None) is None:
            element.drop_tree()
