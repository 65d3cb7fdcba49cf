"""A page's headline: its words, the element that shows them, and what stands near it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from lxml import etree

from data_prep.collect.page.dates import fold
from data_prep.collect.page.tree import short

_MOST = 100  # `h1` that are looked at
_LONGEST = 300  # characters of a headline
_SITE = re.compile(r"\s+[|»«•·–—:-]+\s+|\s*[|»•·]\s*")  # between a headline and a site's name
_SHOWN_IN = ("h1", "h2", "h3", "div", "p", "span", "font", "b", "strong", "td")
_CALLED = re.compile(r"(^|[\s_-])(title|headline|basliq|bashliq|sarlavha|mavzu_?nomi)", re.I)
_PART = 12  # characters of a part of a page's title that can be the headline
_LINK = 25  # characters of a link that is a headline of another page
_AWAY = ("aside", "nav", "footer")
_COMMENTS = re.compile(r"comment|sidebar|related|similar|popular|latest|ticker|widget", re.I)


def title(
    root: etree._Element,
    shared: str | None,
    described: Sequence[Mapping[str, Any]],
    metas: Mapping[str, str],
) -> tuple[str | None, etree._Element | None]:
    """The headline, and the element that shows it.

    ``shared`` is what the page says for sharing (og:title), which often ends in the site's name;
    so what the page shows in `h1` goes first, where the two agree.
    """
    site = metas.get("og:site_name")
    shown = [
        (text, h1)
        for h1 in islice(root.iter("h1"), _MOST)
        if (text := short(h1, _LONGEST)) and text != site and not _leads_home(h1)
    ]
    given = shared or next(
        (words for item in described if isinstance(words := item.get("headline"), str)), None
    )
    if given:
        given = " ".join(given[: 4 * _LONGEST].split())[:_LONGEST]
        for text, element in shown:
            if _alike(text, given):
                return text, element
        return _shorter(root, given, site)
    if shown:
        return shown[0]
    whole = next((text for e in root.iter("title") if (text := short(e, _LONGEST))), None)
    found = _shorter(root, whole, None) if whole else (None, None)
    if found[1] is not None:
        return found
    for element in root.iter(*_SHOWN_IN):
        label = f"{element.get('class') or ''} {element.get('id') or ''}"
        text = short(element, _LONGEST) if _CALLED.search(label) else None
        if text and len(text) >= _LINK and next(element.iter("a"), None) is None:
            return text, element
    return found


def _leads_home(heading: etree._Element) -> bool:
    """Whether a heading is a site's logo: a link to its front page."""
    links = [*heading.iter("a"), *heading.iterancestors("a")]
    return any(
        re.fullmatch(r"(https?://[^/]+)?/?([a-z]{2}/?)?", a.get("href") or "x") for a in links
    )


def _alike(shown: str, given: str) -> bool:
    """Whether two forms of a headline are of the same article: most words are in both."""
    if shown in given or given in shown:
        return 5 * len(shown) >= 2 * len(given)
    one, other = set(fold(shown).split()), set(fold(given).split())
    return 2 * len(one & other) >= max(1, min(len(one), len(other)))


def _shorter(
    root: etree._Element, given: str, site: str | None
) -> tuple[str, etree._Element | None]:
    """A headline without the site's name: the part of it that some element shows by itself."""
    parts = [given]
    for match in _SITE.finditer(given):
        parts += [given[: match.start()].strip(), given[match.end() :].strip()]
    parts = [part for part in parts if len(part) >= _PART]
    found: dict[str, etree._Element] = {}
    for element in root.iter(*_SHOWN_IN) if parts else ():
        text = short(element, _LONGEST)
        if text in parts:
            found.setdefault(text, element)
    if found:  # the site's name is shown too, and shorter
        text = max(found, key=len)
        return text, _innermost(found[text])
    if site and given.endswith(site):
        given = re.sub(r"[\s|»•·–—:-]+$", "", given.removesuffix(site)) or given
    return given, None


def _innermost(element: etree._Element) -> etree._Element:
    """The element in an element that holds its whole text."""
    while (
        len(element) == 1 and isinstance(element[0].tag, str) and not (element.text or "").strip()
    ):
        element = element[0]
    return element


def nearest(
    elements: Iterable[etree._Element], headline: etree._Element | None
) -> list[tuple[int, etree._Element]]:
    """(distance, element) of the article's part of the page, those nearest to the headline first.

    Nearness is how deep the part of the tree is that holds both. What stands in lists of other
    articles, side bars, comments and footers is left out.
    """
    depth: dict[etree._Element, int] = {}
    away: dict[etree._Element, bool] = {}
    above = 0
    if headline is not None:
        line = [*reversed(list(headline.iterancestors())), headline]
        depth = {element: number for number, element in enumerate(line)}
        above = len(line)
    found = []
    for number, element in enumerate(elements):
        near = 0
        for parent in (element, *element.iterancestors()):
            if parent in depth:
                near = depth[parent]
                break
            if parent not in away:
                away[parent] = _elsewhere(parent)
            if away[parent]:
                near = -1
                break
        if near >= 0:
            found.append((above - near, number, element))
    found.sort(key=lambda item: item[:2])
    return [(distance, element) for distance, _, element in found]


def _elsewhere(element: etree._Element) -> bool:
    """Whether an element, which does not hold the headline, is no part of the article's head."""
    if element.tag in _AWAY:
        return True
    label = f"{element.get('class') or ''} {element.get('id') or ''}"
    if _COMMENTS.search(label):
        return True
    if element.tag in ("li", "div", "article", "section", "tr", "a") and short(element, _LONGEST):
        links = [element] if element.tag == "a" else element.iter("a")
        return any(len(short(link, _LONGEST) or "") >= _LINK for link in islice(links, _LONGEST))
    return False
