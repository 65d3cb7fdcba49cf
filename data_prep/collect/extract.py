"""One archived page to one article, or to the reason why it is none. A pure function of the page.

``VERSION`` is raised when the same page would give something else.
"""

from __future__ import annotations

import hashlib
import logging
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree, html

from data_prep.collect import dates, metadata, warc
from data_prep.collect.charset import decode
from data_prep.collect.frontier import Record
from data_prep.collect.metadata import Metadata
from data_prep.collect.urls import path_of
from korpu.schema import Site

VERSION = 1
_ABOVE = 4  # lines within which the headline is looked for
_LINKED = 12  # characters of a link that can be a headline
for _library in ("trafilatura", "htmldate"):  # what is odd about a page is counted, not logged
    logging.getLogger(_library).setLevel(logging.CRITICAL)
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2060\ufeff\ud800-\udfff]")


@dataclass(frozen=True)
class Rules:
    """What extraction is told; part of every shard's key."""

    languages: dict[str, str]
    timezone: str
    snapshot: str
    min_characters: int

    @classmethod
    def of(cls, site: Site, snapshot: str, min_characters: int) -> Rules:
        """The rules for one site."""
        return cls(dict(site.languages), site.timezone, snapshot, min_characters)


def declared(url: str, languages: dict[str, str]) -> tuple[str, str] | None:
    """(prefix, language) of the longest declared path prefix of a URL, or None."""
    path = path_of(url)
    fitting = [
        prefix for prefix in languages if path.startswith(prefix) or path == prefix.rstrip("/")
    ]
    longest = max(fitting, key=len, default=None)
    return (longest, languages[longest]) if longest is not None else None


def article(record: Record, folder: Path, rules: Rules) -> dict[str, Any]:
    """The article of an archived page, or ``{"reason": …}``; always with `site` and `page`.

    Reasons: no_language, empty, extraction_failed, no_text, list_page,
    too_short, wrong_language.
    """
    known: dict[str, Any] = {"site": record.site, "page": record.url, "fetched": record.fetched}
    language = declared(record.url, rules.languages)
    if language is None:
        return {**known, "reason": "no_language"}
    prefix, code = language
    answer = warc.read(folder / record.file, record.offset, record.length)
    page = decode(answer.body, answer.header("content-type")).replace("\0", "")
    if not page.strip():
        return {**known, "reason": "empty"}
    try:
        root = parse(page)
        zone = ZoneInfo(rules.timezone)
        about = metadata.read(root, record.url, zone, date.fromisoformat(rules.snapshot), prefix)
        text = text_of_page(root, about.title)
        published = about.published or guessed(page, rules, zone) if text else None
    except (etree.LxmlError, ValueError, TypeError, KeyError, IndexError, AttributeError,
            RecursionError, AssertionError):  # fmt: skip
        return {**known, "reason": "extraction_failed"}  # a page of another world, not our bug
    if not text:
        return {**known, "reason": "no_text"}
    if is_list(root, text):
        return {**known, "reason": "list_page"}
    if len(text) < rules.min_characters:
        return {**known, "reason": "too_short"}
    from data_prep.text.identify import identify

    if identify(text).language != code:
        return {**known, "reason": "wrong_language"}
    return {**known, **_columns(record, about, code, text, published)}


def _columns(
    record: Record, about: Metadata, code: str, text: str, published: datetime | None
) -> dict[str, Any]:
    url = about.canonical or record.url
    return {
        "id": hashlib.sha256(url.encode()).hexdigest()[:16],
        "url": url,
        "section": about.section,
        "language": code,
        "title": _clean(about.title or ""),
        "published": dates.stamp(published),
        "text": text,
        "alternates": list(about.alternates),
        "html_lang": about.html_lang,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def parse(page: str) -> etree._Element:
    """The tree of a page's text; never empty."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    return html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)


def text_of_page(root: etree._Element, title: str | None) -> str:
    """The article's paragraphs, one a line, without the title; "" where there is none."""
    import trafilatura

    raw = trafilatura.extract(
        root, fast=True, favor_precision=True, include_comments=False, include_tables=False,
        with_metadata=False, output_format="txt",
    )  # fmt: skip
    lines = [_clean(line).removeprefix("- ") for line in (raw or "").splitlines()]
    lines = [line for line in lines if line]
    if title and (shown := _clean(title)) in lines[:_ABOVE]:
        del lines[: lines.index(shown) + 1]  # what stands above the headline is not the article
    return "\n".join(lines)


def is_list(root: etree._Element, text: str) -> bool:
    """Whether most of a page's text are links to other pages: a front page, a section, a tag."""
    anchors = {_clean(metadata.text_of(element)) for element in root.iter("a")}
    anchors = {anchor for anchor in anchors if len(anchor) >= _LINKED}
    linked = sum(
        len(line)
        for line in text.split("\n")
        if any(len(anchor) >= 0.6 * len(line) and anchor in line for anchor in anchors)
    )
    return linked > 0.5 * len(text)


def guessed(page: str, rules: Rules, zone: ZoneInfo) -> datetime | None:
    """What htmldate finds where the page declares no date."""
    import htmldate

    found = htmldate.find_date(
        page, extensive_search=False, original_date=True, max_date=rules.snapshot
    )
    moment = dates.iso(found, zone)
    return dates.believable(
        [moment], datetime.fromisoformat(rules.snapshot).replace(tzinfo=UTC).date()
    )


def _clean(line: str) -> str:
    """Visible characters on one line; letters stay as the page wrote them."""
    line = _UNSEEN.sub("", line)
    line = "".join(" " if unicodedata.category(c) in ("Zs", "Zl", "Zp") else c for c in line)
    return " ".join(line.split())
