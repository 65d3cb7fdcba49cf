"""One archived page to one article, or to the reason why it is none. A pure function of the page.

``VERSION`` is raised when the same page would give something else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from data_prep.collect import body, dates, metadata, warc
from data_prep.collect.charset import decode
from data_prep.collect.frontier import Record
from data_prep.collect.metadata import Metadata
from data_prep.collect.urls import path_of
from korpu.schema import Site

VERSION = 1


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

    Reasons: no_language, empty, extraction_failed, no_text, list_page, too_short, wrong_language.
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
        root = body.parse(page)
        zone = ZoneInfo(rules.timezone)
        about = metadata.read(root, record.url, zone, date.fromisoformat(rules.snapshot), prefix)
        headlines = body.anchors(root)
        lines = body.paragraphs(root, about.title)
        published = about.published or guessed(page, rules, zone) if lines else None
    except (etree.LxmlError, ValueError, TypeError, KeyError, IndexError, AttributeError,
            RecursionError, AssertionError):  # fmt: skip
        return {**known, "reason": "extraction_failed"}  # a page of another world, not our bug
    if not lines:
        return {**known, "reason": "no_text"}
    own = [line for line in lines if not body.linked(line, headlines)]
    if 2 * sum(map(len, own)) < sum(map(len, lines)):
        return {**known, "reason": "list_page"}  # a front page, a section, a tag
    text = "\n".join(own)
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
        "title": body.clean(about.title or ""),
        "published": dates.stamp(published),
        "text": text,
        "alternates": list(about.alternates),
        "html_lang": about.html_lang,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def guessed(page: str, rules: Rules, zone: ZoneInfo) -> datetime | None:
    """What htmldate finds where the page declares no date."""
    import htmldate

    found = htmldate.find_date(
        page, extensive_search=False, original_date=True, max_date=rules.snapshot
    )
    moment = dates.iso(found, zone)
    return dates.believable([moment], date.fromisoformat(rules.snapshot))
