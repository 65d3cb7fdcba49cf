"""One archived page to one article, or to the reason why it is none. A pure function of the page.

``VERSION`` is raised when the same page would give something else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from data_prep.collect.page import body, dates, metadata
from data_prep.collect.page.charset import decode
from data_prep.collect.page.dates import Seen
from data_prep.collect.site import warc
from data_prep.collect.site.fetch import Answer
from data_prep.collect.site.ledger import Record
from data_prep.collect.site.urls import authority, path_of
from korpu.schema import Files, Hub, Site, Warc

VERSION = 2
IDENTIFY = "identify"
"""In place of a language: what the text itself is in, if it is Azerbaijani or Uzbek."""
_OURS = ("azj_Latn", "azj_Cyrl", "uzn_Latn", "uzn_Cyrl")


_OF_ANOTHER_WORLD = (  # what libraries raise at pages that nobody expected; not our bug
    etree.LxmlError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError,
    AssertionError,
)  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """What extraction is told; part of every shard's key.

    ``languages``: URL prefix → FLORES code or ``identify``; see `declared`. ``since`` and
    ``until``: calendar days of publication in ``timezone``, both inclusive.
    """

    languages: dict[str, str]
    timezone: str
    snapshot: str
    min_characters: int
    since: str | None = None
    until: str | None = None

    @classmethod
    def of(cls, source: Site | Warc | Files | Hub, snapshot: str, min_characters: int) -> Rules:
        """The rules for one source; given files have no window."""
        since, until = None, None
        if isinstance(source, Site | Warc):
            since, until = source.since, source.until
        languages = dict(source.languages)
        return cls(languages, source.timezone, snapshot, min_characters, since, until)


class _None(Exception):
    """The page is no article; the message is the reason."""


def declared(url: str, languages: dict[str, str]) -> tuple[str, str] | None:
    """(prefix, language) of the longest declared prefix of a URL, or None.

    A prefix that starts with ``/`` is one of the path; any other is one of host and path without
    scheme and `www.`, whole up to a ``/``; the empty one is every URL's.
    """
    path, whole = path_of(url), authority(url) + path_of(url)

    def fits(prefix: str) -> bool:
        if prefix.startswith("/"):
            return prefix == "/" or path.startswith(prefix) or path == prefix.rstrip("/")
        bare = prefix.removeprefix("www.").rstrip("/")
        return not bare or whole == bare or whole.startswith((f"{bare}/", f"{bare}:"))

    longest = max((prefix for prefix in languages if fits(prefix)), key=len, default=None)
    return (longest, languages[longest]) if longest is not None else None


def article(record: Record, folder: Path, rules: Rules) -> dict[str, Any]:
    """The article of an archived page, or ``{"reason": …}``; as `of_page`.

    Raises ``SaysNo`` where the archive holds no record, ``OSError`` where it cannot be read.
    """
    if declared(record.url, rules.languages) is None:
        return _nothing(record.site, record.url, record.fetched, "no_language")
    answer = warc.read(folder / record.file, record.offset, record.length)
    if answer.url != record.url:
        answer = Answer(record.url, answer.status, answer.headers, answer.body)
    return of_page(answer, rules, site=record.site, fetched=record.fetched, listed=record.listed)


def of_page(
    answer: Answer, rules: Rules, *, site: str, fetched: str, listed: str | None = None
) -> dict[str, Any]:
    """The article of a page, or ``{"reason": …}``; always with `site`, `page` and `fetched`.

    ``fetched``: ISO 8601, what relative dates are resolved against. ``listed``: when a feed or a
    news sitemap says it was published. Reasons: no_language, empty, extraction_failed, no_text,
    list_page, too_short, wrong_language, outside_window, no_date.
    """
    try:
        return _of_page(answer, rules, site, fetched, listed)
    except _None as reason:
        return _nothing(site, answer.url, fetched, str(reason))


def _of_page(
    answer: Answer, rules: Rules, site: str, fetched: str, listed: str | None
) -> dict[str, Any]:
    prefix, code = _declared(answer.url, rules)
    seen = _seen(rules, fetched)
    page = decode(answer.body, answer.header("content-type")).replace("\0", "")
    if not page.strip():
        raise _None("empty")
    try:
        page = body.within(page)
        root = body.parse(page)
        about = metadata.read(root, answer.url, seen, prefix)
        headlines = body.anchors(root)
        lines = body.paragraphs(root, about.title)
        published = about.published
        if published is None and lines:
            published = dates.believable([dates.iso(listed, seen)], seen) or guessed(
                page, answer.url, seen
            )
    except _OF_ANOTHER_WORLD:
        raise _None("extraction_failed") from None
    if not lines:
        raise _None("no_text")
    own = [line for line in lines if not body.linked(line, headlines)]
    if 2 * sum(map(len, own)) < sum(map(len, lines)):
        raise _None("list_page")  # a front page, a section, a tag
    text = "\n".join(own)
    code = _checked(text, code, rules)
    _in_window(published, rules, seen)
    return {
        "site": site,
        "page": answer.url,
        "fetched": fetched,
        **_identity(about.canonical or answer.url, text),
        "section": about.section,
        "language": code,
        "title": body.clean(about.title or ""),
        "published": dates.stamp(published),
        "alternates": list(about.alternates),
        "html_lang": about.html_lang,
    }


def of_text(
    text: str,
    rules: Rules,
    *,
    url: str,
    site: str,
    fetched: str,
    title: str = "",
    published: str | None = None,
    language: str | None = None,
    section: str | None = None,
    alternates: Sequence[str] = (),
) -> dict[str, Any]:
    """The article of a given text, one paragraph a line, as `of_page` gives one.

    ``published``: a date in any form that pages use; ``language``: a FLORES code or ``identify``,
    in place of what the rules say of the URL. Reasons: no_language, no_text, too_short,
    wrong_language, outside_window, no_date.
    """
    try:
        code = language or _declared(url, rules)[1]
        seen = _seen(rules, fetched)
        lines = [line for line in map(body.clean, text.splitlines()) if line]
        if not lines:
            raise _None("no_text")
        text = "\n".join(lines)
        code = _checked(text, code, rules)
        moment = dates.believable([dates.iso(published, seen)], seen)
        _in_window(moment, rules, seen)
    except _None as reason:
        return _nothing(site, url, fetched, str(reason))
    return {
        "site": site,
        "page": url,
        "fetched": fetched,
        **_identity(url, text),
        "section": (metadata.slug(section) or None) if section else None,
        "language": code,
        "title": body.clean(title),
        "published": dates.stamp(moment),
        "alternates": sorted({other for other in alternates if other} - {url}),
        "html_lang": None,
    }


def _nothing(site: str, page: str, fetched: str, reason: str) -> dict[str, Any]:
    return {"site": site, "page": page, "fetched": fetched, "reason": reason}


def _identity(url: str, text: str) -> dict[str, str]:
    return {
        "id": hashlib.sha256(url.encode()).hexdigest()[:16],
        "url": url,
        "text": text,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def _declared(url: str, rules: Rules) -> tuple[str, str]:
    """(path prefix, language) of a URL."""
    found = declared(url, rules.languages)
    if found is None:
        raise _None("no_language")
    prefix, code = found
    if not prefix.startswith("/"):
        prefix = "/" + prefix.partition("/")[2]
    return prefix, code


def _seen(rules: Rules, fetched: str) -> Seen:
    try:
        moment = datetime.fromisoformat(fetched)
    except ValueError:  # a given text that nobody fetched
        moment = datetime.fromisoformat(rules.snapshot)
    moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    return Seen.of(ZoneInfo(rules.timezone), moment, date.fromisoformat(rules.snapshot))


def _checked(text: str, code: str, rules: Rules) -> str:
    """The text's language, where it is long enough and in the language it should be in."""
    if len(text) < rules.min_characters:
        raise _None("too_short")
    from data_prep.text.identify import identify

    found = identify(text).language
    if found not in (_OURS if code == IDENTIFY else (code,)):
        raise _None("wrong_language")
    return found


def _in_window(published: datetime | None, rules: Rules, seen: Seen) -> None:
    if rules.since is None and rules.until is None:
        return
    if published is None:
        raise _None("no_date")
    day = published.astimezone(seen.zone).date().isoformat()
    if (rules.since and day < rules.since) or (rules.until and day > rules.until):
        raise _None("outside_window")


def guessed(page: str, url: str, seen: Seen) -> datetime | None:
    """What htmldate finds where neither the page nor a feed declares a date."""
    import htmldate

    latest = seen.latest.date().isoformat()
    try:
        found = htmldate.find_date(
            page, url=url, extensive_search=False, original_date=True, max_date=latest
        )
    except _OF_ANOTHER_WORLD:
        return None
    return dates.believable([dates.iso(found, seen)], seen)
