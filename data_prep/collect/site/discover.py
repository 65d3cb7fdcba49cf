"""The URLs that a fetched document names: sitemaps, feeds, and links of pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from data_prep.collect.page.charset import decode
from data_prep.collect.site import traps
from data_prep.collect.site.fetch import Answer, Body, Failed
from data_prep.collect.site.links import Link
from data_prep.collect.site.urls import authority, canonical, followed, origin
from data_prep.collect.site.window import latest, moment

_SITEMAPS, _FEEDS = ("urlset", "sitemapindex"), ("rss", "feed", "RDF")
_ROOT = re.compile(rb"<(?![?!])(?:[A-Za-z0-9_]+:)?([A-Za-z]+)")
MOST_LINKS = 20_000  # of one page that are followed
_FEED_TYPES = ("application/rss+xml", "application/atom+xml")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a document of which all the same something could be used."""

    reason: str  # what it is counted under
    says: str  # a part of a sentence
    line: int | None = None


@dataclass(frozen=True)
class Found:
    """What a document is (html | sitemap | feed) and where it leads, in document order.

    ``said`` is a digest of what a page says, see ``traps.said``.
    """

    kind: str
    links: tuple[Link, ...]
    said: str | None = None
    fault: Fault | None = None


def discover(answer: Answer, hosts: frozenset[str], most: int) -> Found:
    """Read a fetched document. ``hosts`` are the authorities that belong to the site.

    Raises ``Failed``: ``malformed_xml`` for XML that yields nothing, ``not_html`` for what is
    neither, ``too_large`` for a gzip of more than ``most`` bytes.
    """
    body, cut = _unpacked(answer.body, most)
    kind = _kind(answer.content_type, body)
    said, fault = None, None
    if kind == "html":
        root = _page(body, answer)
        said = traps.said(root) if root is not None else None
        links: Iterator[Link] = islice(_of_page(root, answer), MOST_LINKS)
    else:
        tree, fault = _xml(body)
        links = _of_sitemap(tree, answer.url) if kind == "sitemap" else _of_feed(tree, answer.url)
        if cut:
            fault = Fault("malformed_xml", f"its gzip is cut off after {len(body)} bytes of text")
    inside: dict[str, Link] = {}
    entries = 0
    sitemaps = hosts | {authority(answer.url)}  # one that lies elsewhere may have parts there
    for link in links:
        entries += 1
        allowed = sitemaps if link.kind == "sitemap" else hosts
        if authority(link.url) in allowed and (link.kind == "sitemap" or followed(link.url)):
            inside.setdefault(link.url, link)
    if kind == "sitemap" and not entries and fault is None:
        fault = Fault("empty_sitemap", "it lists nothing")
    return Found(kind, tuple(inside.values()), said, fault)


def _unpacked(body: bytes, most: int) -> tuple[bytes, bool]:
    """The bytes behind a gzip body, and whether it is cut off."""
    if body[:2] != b"\x1f\x8b":
        return body, False
    packed = Body("gzip", most)
    try:
        packed.feed(body)
        return packed.whole(), False
    except Failed as failed:
        if failed.reason != "bad_encoding" or not packed.so_far():
            raise
        return packed.so_far(), True


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
        if not body.strip():
            raise Failed("malformed_xml", "it is empty", status=200)
        raise Failed("malformed_xml", "neither a sitemap nor a feed", status=200)
    raise Failed("not_html", content_type, status=200)


def _xml(body: bytes) -> tuple[etree._Element, Fault | None]:
    """A tree of whatever can be read, and what is wrong; no entities, no DTD, no network."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root = etree.fromstring(body.replace(b"\0", b""), parser)
    except etree.XMLSyntaxError as error:
        raise Failed("malformed_xml", f"line {error.lineno}: {error.msg}", status=200) from error
    wrong = [one for one in parser.error_log.filter_from_errors() if "NS_" not in one.type_name]
    says = f"{wrong[0].message.strip()}" if wrong else "empty"
    line = wrong[0].line if wrong else None
    if root is None or (not len(root) and wrong):
        where = f"line {line}: " if line is not None else ""
        raise Failed("malformed_xml", f"{where}{says}", status=200)
    return root, Fault("malformed_xml", says, line) if wrong else None


def _name(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _of_sitemap(root: etree._Element, base: str) -> Iterator[Link]:
    kind = "sitemap" if _name(root) == "sitemapindex" else "page"
    for entry in root:
        urls: list[str | None] = []
        lastmod = published = None
        for inside in entry:
            name = _name(inside)
            if name == "loc":
                urls.append(canonical(inside.text or "", base))
            elif name == "link" and inside.get("hreflang"):
                urls.append(canonical(inside.get("href") or "", base))
            elif name == "lastmod":
                lastmod = moment(inside.text)
            elif name == "news":
                days = (moment(one.text) for one in inside if _name(one) == "publication_date")
                published = next(days, None)
        for url in urls:
            if url:
                yield Link(url, kind, True, latest(lastmod), published)


def _of_feed(root: etree._Element, base: str) -> Iterator[Link]:
    for entry in root.iter():
        if _name(entry) not in ("item", "entry"):
            continue
        url = permalink = published = updated = None
        for inside in entry:
            name = _name(inside)
            if name == "link" and inside.get("rel", "alternate") == "alternate":
                url = url or canonical(inside.get("href") or inside.text or "", base)
            elif name == "guid" and inside.get("isPermaLink", "true") == "true":
                permalink = canonical(inside.text or "")
            elif name in ("pubDate", "published", "date"):
                published = published or moment(inside.text)
            elif name == "updated":
                updated = moment(inside.text)
        url = url or permalink
        if url:
            yield Link(url, "page", True, latest(updated), published)


def _of_page(root: etree._Element | None, answer: Answer) -> Iterator[Link]:
    """Links a reader or a browser could follow; `nofollow` is respected."""
    base = answer.url
    for element in root.iter("a", "link", "base", "meta") if root is not None else ():
        tag, href = element.tag, element.get("href")
        if tag == "meta":
            robots = (element.get("name") or "").lower() == "robots"
            if robots and "nofollow" in (element.get("content") or "").lower():
                return
        elif tag == "base" and href:
            base = canonical(href, answer.url) or base
        elif href and (tag == "a" or _leads(element)):
            rel = (element.get("rel") or "").lower()
            # Most links begin with "/": the same on every page, so `canonical` remembers them.
            above = origin(base) if href[:1] == "/" and href[1:2] != "/" else base
            url = canonical(href, above) if "nofollow" not in rel else None
            if url:
                yield Link(url)


def _leads(element: etree._Element) -> bool:
    """Whether a <link> names a page: the canonical URL, a translation, a feed."""
    rel = (element.get("rel") or "").lower().split()
    if "canonical" in rel:
        return True
    kind = (element.get("type") or "").lower()
    return "alternate" in rel and (element.get("hreflang") is not None or kind in _FEED_TYPES)


def _page(body: bytes, answer: Answer) -> etree._Element | None:
    text = decode(body, answer.header("content-type"))
    data = text.replace("\0", "").encode("utf-8", "replace")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True)
    try:
        return etree.fromstring(data, parser) if data.strip() else None
    except etree.XMLSyntaxError:
        return None
