"""What a page says about itself: title, date, section, canonical URL, translations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from data_prep.collect import dates
from data_prep.collect.urls import authority, canonical, path_of

_PUBLISHED = (
    "article:published_time", "og:published_time", "og:article:published_time", "datepublished",
    "publish-date", "publish_date", "pubdate", "date", "dc.date", "dc.date.issued", "dcterms.date",
    "parsely-pub-date", "sailthru.date",
)  # fmt: skip
_DATED = re.compile(r"(^|[\s_-])(date|time|datetime|published|pubdate|tarix|vaqt|sana)", re.I)
_FOLDED = str.maketrans("əıöüşçğ", "eiouscg")
_SHORT = 80  # characters; an element that shows a date shows little else


@dataclass(frozen=True)
class Metadata:
    """A page's own words on itself; None or empty where it says nothing."""

    canonical: str | None
    title: str | None
    published: datetime | None
    section: str | None
    html_lang: str | None
    alternates: tuple[str, ...]


def read(root: etree._Element, url: str, zone: ZoneInfo, snapshot: date, prefix: str) -> Metadata:
    """Metadata of a parsed page.

    ``prefix`` is the URL path prefix of its language, which is not a section.
    """
    metas = _metas(root)
    described = list(_linked_data(root))
    base = next((e.get("href") for e in root.iter("base") if e.get("href")), None)
    base = canonical(base, url) or url if base else url
    return Metadata(
        canonical=_canonical(root, url, base),
        title=_title(root, metas, described),
        published=_published(root, metas, described, zone, snapshot),
        section=_section(metas, described, url, prefix),
        html_lang=root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang"),
        alternates=tuple(sorted(set(_alternates(root, base)) - {url})),
    )


def text_of(element: etree._Element) -> str:
    """An element's text on one line."""
    return " ".join("".join(element.itertext(with_tail=False)).split())


def _metas(root: etree._Element) -> dict[str, str]:
    metas: dict[str, str] = {}
    for element in root.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = (element.get("content") or "").strip()
        if name and content:
            metas.setdefault(name.strip().lower(), content)
    return metas


def _linked_data(root: etree._Element) -> Iterator[dict[str, Any]]:
    """Objects of the page's JSON-LD blocks that describe an article."""
    for script in root.iter("script"):
        if (script.get("type") or "").strip().lower() != "application/ld+json" or not script.text:
            continue
        try:
            found = json.loads(script.text, strict=False)
        except (ValueError, RecursionError):
            continue
        todo = [found]
        for _ in range(1000):
            if not todo:
                break
            item = todo.pop(0)
            if isinstance(item, list):
                todo = item + todo
            elif isinstance(item, dict):
                if "Article" in str(item.get("@type")) or "datePublished" in item:
                    yield item
                todo = [item.get("@graph"), item.get("mainEntity"), *todo]


def _words(value: Any) -> str | None:
    """A JSON-LD value that is a string, or the first of a list of them."""
    if isinstance(value, list):
        value = value[0] if value else None
    return value.strip() or None if isinstance(value, str) else None


def _canonical(root: etree._Element, url: str, base: str) -> str | None:
    """The page's canonical URL, if it is of the same site and not just the front page."""
    for link in root.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split():
            found = canonical(link.get("href") or "", base)
            if found and authority(found) == authority(url):
                return None if path_of(found) == "/" != path_of(url) else found
    return None


def _alternates(root: etree._Element, base: str) -> Iterator[str]:
    for link in root.iter("link"):
        rel = (link.get("rel") or "").lower().split()
        if "alternate" in rel and link.get("hreflang"):
            found = canonical(link.get("href") or "", base)
            if found:
                yield found


def _title(
    root: etree._Element, metas: dict[str, str], described: list[dict[str, Any]]
) -> str | None:
    headings = [text for element in root.iter("h1") if (text := text_of(element))]
    given = metas.get("og:title") or next(
        (words for item in described if (words := _words(item.get("headline")))), None
    )
    if len(headings) == 1:
        return headings[0]  # og:title often carries the site's name
    if given:
        return next((heading for heading in headings if heading in given), given)
    titles = (text_of(element) for element in root.iter("title"))
    return headings[0] if headings else next((text for text in titles if text), None)


def _published(
    root: etree._Element,
    metas: dict[str, str],
    described: list[dict[str, Any]],
    zone: ZoneInfo,
    snapshot: date,
) -> datetime | None:
    def candidates() -> Iterator[datetime | None]:
        for name in _PUBLISHED:
            yield dates.iso(metas.get(name), zone)
        for item in described:
            yield dates.iso(_words(item.get("datePublished")), zone)
        for element in root.iter():
            if isinstance(element.tag, str) and element.get("itemprop") == "datePublished":
                yield dates.iso(element.get("datetime") or text_of(element), zone)
        for element in _times(root):
            yield dates.iso(element.get("datetime"), zone)
        for element in _shown(root):
            yield dates.local(text_of(element), zone)

    return dates.believable(candidates(), snapshot)


def _times(root: etree._Element) -> list[etree._Element]:
    """<time datetime> elements, those around the article before those in lists and side bars."""
    found = [element for element in root.iter("time") if element.get("datetime")]
    return sorted(found, key=lambda element: _elsewhere(element))


def _shown(root: etree._Element) -> Iterator[etree._Element]:
    """Short elements whose class or name says that they show a date."""
    found = []
    for element in root.iter("time", "span", "div", "p", "li", "small", "em", "i", "b", "address"):
        label = f"{element.get('class') or ''} {element.get('id') or ''}"
        dated = element.tag == "time" or _DATED.search(label)
        if dated and len("".join(element.itertext(with_tail=False))) <= _SHORT:
            found.append(element)
    yield from sorted(found, key=lambda element: _elsewhere(element))


def _elsewhere(element: etree._Element) -> bool:
    """Whether an element stands in a part of the page that is not the article."""
    return any(parent.tag in ("aside", "nav", "footer", "li") for parent in element.iterancestors())


def _section(
    metas: dict[str, str], described: list[dict[str, Any]], url: str, prefix: str
) -> str | None:
    named = metas.get("article:section") or next(
        (words for item in described if (words := _words(item.get("articleSection")))), None
    )
    if named and (short := slug(named)):
        return short
    rest = path_of(url).removeprefix(prefix.rstrip("/"))
    first, _, more = rest.strip("/").partition("/")
    return slug(first) or None if more and not first.isdigit() else None


def slug(label: str) -> str:
    """A section's label as a URL would write it: `Məzənnə` and `mezenne` are one section."""
    from data_prep.text.transliterate import uz_cyrillic_to_latin

    if re.search("[Ѐ-ӿ]", label):
        label = uz_cyrillic_to_latin(label)
    plain = label.replace("İ", "i").lower().translate(_FOLDED)
    plain = re.sub("[ʻʼ‘’'`]", "", plain)
    return re.sub(r"[\W_]+", "-", plain).strip("-")
