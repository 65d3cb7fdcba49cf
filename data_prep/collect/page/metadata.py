"""What a page says about itself: title, date, section, canonical URL, translations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from data_prep.collect.page import dates, headlines, showing
from data_prep.collect.page.dates import Seen
from data_prep.collect.page.showing import SHORT
from data_prep.collect.page.tree import short
from data_prep.collect.site.urls import authority, canonical, path_of

_PUBLISHED = (
    "article:published_time", "og:published_time", "og:article:published_time", "datepublished",
    "publish-date", "publish_date", "pubdate", "date", "dc.date", "dc.date.issued", "dcterms.date",
    "parsely-pub-date", "sailthru.date",
)  # fmt: skip
_FOLDED = str.maketrans("əıöüşçğ", "eiouscg")


@dataclass(frozen=True)
class Metadata:
    """A page's own words on itself; None or empty where it says nothing."""

    canonical: str | None
    title: str | None
    published: datetime | None
    section: str | None
    html_lang: str | None
    alternates: tuple[str, ...]


def read(root: etree._Element, url: str, seen: Seen, prefix: str) -> Metadata:
    """Metadata of a parsed page.

    ``prefix`` is the URL path prefix of its language, which is not a section.
    """
    metas = _metas(root)
    described = list(_linked_data(root))
    base = next((e.get("href") for e in root.iter("base") if e.get("href")), None)
    base = canonical(base, url) or url if base else url
    found = _canonical(root, url, base)
    described.sort(key=lambda item: not _describes(item, {url, found}))
    title, headline = headlines.title(root, metas.get("og:title"), described, metas)
    return Metadata(
        canonical=found,
        title=title,
        published=_published(root, metas, described, headline, seen),
        section=_section(metas, described, url, prefix),
        html_lang=root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang"),
        alternates=tuple(sorted(set(_alternates(root, base)) - {url})),
    )


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
                kind = str(item.get("@type"))
                if "Article" in kind or ("datePublished" in item and "Comment" not in kind):
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


def _describes(item: dict[str, Any], urls: set[str | None]) -> bool:
    """Whether a JSON-LD object is said to be of this very page."""
    whole = item.get("mainEntityOfPage")
    whole = whole.get("@id") if isinstance(whole, dict) else whole
    return any(isinstance(of, str) and of in urls for of in (whole, item.get("url")))


def _published(
    root: etree._Element,
    metas: dict[str, str],
    described: list[dict[str, Any]],
    headline: etree._Element | None,
    seen: Seen,
) -> datetime | None:
    def candidates() -> Iterator[datetime | None]:
        for name in _PUBLISHED:
            yield dates.iso(metas.get(name), seen)
        for item in described:
            yield dates.iso(_words(item.get("datePublished")), seen)
        for element in root.iter():
            if isinstance(element.tag, str) and element.get("itemprop") == "datePublished":
                text = element.get("datetime") or element.get("content")
                yield dates.iso(text or short(element, SHORT), seen)
        for _, element in headlines.nearest(root.iter("time"), headline):
            yield dates.iso(element.get("datetime"), seen)
        yield from showing.moments(root, headline, seen)

    return dates.believable(candidates(), seen)


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
