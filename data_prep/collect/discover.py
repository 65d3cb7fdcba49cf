"""The URLs that a fetched document names: sitemaps, feeds, and links of pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from data_prep.collect.charset import decode
from data_prep.collect.fetch import Answer, Failed, decoded
from data_prep.collect.frontier import Link
from data_prep.collect.urls import authority, canonical, followed

_SITEMAPS, _FEEDS = ("urlset", "sitemapindex"), ("rss", "feed", "RDF")
_ROOT = re.compile(rb"<(?![?!])(?:[A-Za-z0-9_]+:)?([A-Za-z]+)")
_FEED_TYPES = ("application/rss+xml", "application/atom+xml")


@dataclass(frozen=True)
class Found:
    """What a document is (html | sitemap | feed) and where it leads, in document order."""

    kind: str
    links: tuple[Link, ...]


def discover(answer: Answer, hosts: frozenset[str], most: int) -> Found:
    """Read a fetched document. ``hosts`` are the authorities that belong to the site.

    Raises ``Failed``: ``malformed_xml`` for XML that yields nothing, ``not_html`` for what is
    neither, ``too_large`` for a gzip of more than ``most`` bytes.
    """
    body = answer.body
    if body[:2] == b"\x1f\x8b":
        body = decoded([body], "gzip", most)
    kind = _kind(answer.content_type, body)
    if kind == "html":
        links: Iterator[Link] = _of_page(body, answer)
    elif kind == "sitemap":
        links = _of_sitemap(_xml(body), answer.url)
    else:
        links = _of_feed(_xml(body), answer.url)
    inside: dict[str, Link] = {}
    for link in links:
        if authority(link.url) in hosts and (link.kind == "sitemap" or followed(link.url)):
            inside.setdefault(link.url, link)
    return Found(kind, tuple(inside.values()))


def _kind(content_type: str, body: bytes) -> str:
    root = _ROOT.search(body, 0, 4096)
    name = root[1].decode("ascii") if root else ""
    if name in _SITEMAPS:
        return "sitemap"
    if name in _FEEDS:
        return "feed"
    if content_type in ("text/html", "application/xhtml+xml") or name.lower() == "html":
        return "html"
    if content_type == "" and root:
        return "html"
    if content_type.endswith("xml"):
        raise Failed("malformed_xml", "neither a sitemap nor a feed", status=200)
    raise Failed("not_html", content_type, status=200)


def _xml(body: bytes) -> etree._Element:
    """A tree of whatever can be read; no entities, no DTD, no network."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root = etree.fromstring(body.replace(b"\0", b""), parser)
    except etree.XMLSyntaxError as error:
        raise Failed("malformed_xml", str(error), status=200) from error
    if root is None or not len(root):
        problem = parser.error_log.last_error
        if root is None or problem is not None:
            raise Failed("malformed_xml", str(problem or "empty"), status=200)
    return root


def _name(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _of_sitemap(root: etree._Element, base: str) -> Iterator[Link]:
    kind = "sitemap" if _name(root) == "sitemapindex" else "page"
    for entry in root:
        for inside in entry:
            if _name(inside) == "loc":
                url = canonical(inside.text or "", base)
            elif _name(inside) == "link" and inside.get("hreflang"):
                url = canonical(inside.get("href") or "", base)
            else:
                continue
            if url:
                yield Link(url, kind, listed=True)


def _of_feed(root: etree._Element, base: str) -> Iterator[Link]:
    for entry in root.iter():
        if _name(entry) not in ("item", "entry"):
            continue
        for inside in entry:
            if _name(inside) == "link" and inside.get("rel", "alternate") == "alternate":
                url = canonical(inside.get("href") or inside.text or "", base)
                if url:
                    yield Link(url, listed=True)


def _of_page(body: bytes, answer: Answer) -> Iterator[Link]:
    """Links a reader or a browser could follow; `nofollow` is respected."""
    text = decode(body, answer.header("content-type"))
    base = answer.url
    for element in _tags(text):
        tag, href = element.tag, element.get("href")
        if tag == "meta":
            robots = (element.get("name") or "").lower() == "robots"
            if robots and "nofollow" in (element.get("content") or "").lower():
                return
        elif tag == "base" and href:
            base = canonical(href, answer.url) or base
        elif href and (tag == "a" or _leads(element)):
            rel = (element.get("rel") or "").lower()
            url = canonical(href, base) if "nofollow" not in rel else None
            if url:
                yield Link(url)


def _leads(element: etree._Element) -> bool:
    """Whether a <link> names a page: the canonical URL, a translation, a feed."""
    rel = (element.get("rel") or "").lower().split()
    if "canonical" in rel:
        return True
    kind = (element.get("type") or "").lower()
    return "alternate" in rel and (element.get("hreflang") is not None or kind in _FEED_TYPES)


def _tags(text: str) -> Iterator[etree._Element]:
    data = text.replace("\0", "").encode("utf-8", "replace")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(data, parser) if data.strip() else None
    except etree.XMLSyntaxError:
        root = None
    if root is not None:
        yield from root.iter("a", "link", "base", "meta")
