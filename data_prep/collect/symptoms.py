"""What one answer of a site shows: pure functions of what was fetched, for `korpu doctor`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from data_prep.collect.page.charset import decode
from data_prep.collect.page.extract import declared
from data_prep.collect.site.fetch import Answer, decoded
from data_prep.collect.site.robots import Robots
from data_prep.collect.site.urls import canonical, path_of
from data_prep.collect.site.window import moment
from korpu.doctor import BAD, FINE, LOOK, TOLD, Finding, many, size
from korpu.schema import Site

_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_WALL = re.compile(
    r"just a moment|checking your browser|cf-chl|challenge-platform|captcha|ddos-guard|"
    r"enable (javascript and )?cookies|accept (all )?cookies to continue|cookie-?wall",
    re.IGNORECASE,
)
_MADE_BY_SCRIPT = re.compile(r"""id=["']?(root|app|__next|__nuxt|___gatsby)["'\s>]""")
_WALL_IN = 5000  # characters of a page with little text; a real article may mention a captcha
LITTLE = 200  # characters of paragraphs below which a page has no text
_ENTRIES = ("url", "sitemap", "item", "entry")
_DATES = ("lastmod", "publication_date", "pubDate", "updated", "published", "date")

REASONS = {
    "no_language": "its path begins with no declared language prefix",
    "empty": "it is empty",
    "extraction_failed": "its HTML cannot be read",
    "no_text": "no text is found in it",
    "list_page": "it is a list of links, no article",
    "too_short": "its text is shorter than collect.min_characters",
    "wrong_language": "its text is in another language than declared",
    "no_date": "it shows no date",
    "outside_window": "it was published outside of since … until",
}


@dataclass(frozen=True)
class Entry:
    """A URL that a sitemap or feed lists, and the date beside it (ISO, UTC) where there is one."""

    url: str
    date: str | None


def unpacked(answer: Answer, most: int) -> Answer:
    """The answer behind a gzip body (sitemaps); raises ``Failed`` as `fetch.decoded`."""
    if answer.body[:2] != b"\x1f\x8b":
        return answer
    body = decoded([answer.body], "gzip", most)
    return Answer(answer.url, answer.status, answer.headers, body)


def entries(answer: Answer) -> list[Entry]:
    """What a sitemap, sitemap index or feed lists, newest first, undated ones last as they stand.

    >>> xml = b"<urlset><url><loc>https://a.az/1</loc><lastmod>2025-01-02</lastmod></url></urlset>"
    >>> entries(Answer("https://a.az/s.xml", 200, (), xml))
    [Entry(url='https://a.az/1', date='2025-01-02T00:00:00Z')]
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root = etree.fromstring(answer.body.replace(b"\0", b""), parser)
    except etree.XMLSyntaxError:
        return []
    found = []
    for element in root.iter() if root is not None else ():
        if _name(element) not in _ENTRIES:
            continue
        url, date = None, None
        for inside in element.iter():
            name = _name(inside)
            address = (inside.get("href") or inside.text or "").strip()
            if url is None and address and name in ("loc", "link"):
                url = canonical(address, answer.url)
            elif name in _DATES:
                date = date or moment(inside.text)
        if url is not None:
            found.append(Entry(url, date))
    dated = sorted((e for e in found if e.date), key=lambda e: e.date or "", reverse=True)
    return dated + [e for e in found if not e.date]


def _name(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def is_index(answer: Answer) -> bool:
    """Whether a sitemap lists sitemaps."""
    return b"<sitemapindex" in answer.body[:4096]


def feeds(answer: Answer) -> list[str]:
    """The feeds that a page's head names."""
    found = []
    for tag in re.findall(r"<link\b[^>]*>", decode(answer.body, answer.header("content-type"))):
        href = re.search(r"""href=["']?([^"'\s>]+)""", tag)
        if href and re.search(r"application/(rss|atom)\+xml", tag):
            found.append(canonical(unescape(href[1]), answer.url))
    return [url for url in found if url is not None]


def robots(answer: Answer, rules: Robots, starts: Sequence[str], delay: float) -> Finding:
    """A robots.txt that was there: what it allows, and how slowly."""
    forbidden = [url for url in starts if not rules.allows(url)]
    facts = {
        "status": answer.status, "crawl_delay": rules.delay, "forbidden": forbidden,
        "sitemaps": list(rules.sitemaps),
    }  # fmt: skip
    asks = f"asks for {rules.delay:g} s between requests" if rules.delay else "asks for no delay"
    asks += f" (ours: {delay:g} s)" if rules.delay <= delay else f", more than our {delay:g} s"
    lists = f"lists {many(len(rules.sitemaps), 'sitemap')}"
    if answer.body.lstrip()[:1] == b"<":
        says = "is a page, no rules: everything counts as allowed"
        return Finding(LOOK, "robots.txt", says, facts)
    if forbidden:
        mark = BAD if len(forbidden) == len(starts) else LOOK
        return Finding(mark, "robots.txt", f"forbids {', '.join(forbidden)}; {asks}", facts)
    return Finding(FINE, "robots.txt", f"allows every start, {asks}, {lists}", facts)


def document(answer: Answer, kind: str, asked: str, links: int) -> Finding:
    """A start page, sitemap or feed that answered with 200."""
    encoding, odd = charset(answer)
    newest = next((e.date for e in entries(answer)), None) if kind != "html" else None
    parts = [
        {"html": "page"}.get(kind, kind),
        f"{size(len(answer.body))}, {encoding}",
        many(links, "link") if kind == "html" else f"{many(links, 'URL')} of this site",
    ]
    if kind != "html":
        parts.append(f"newest {newest}" if newest else "no dates")
    if answer.url != asked:
        parts.insert(0, f"now at {answer.url}")
    facts = {
        "asked": asked, "url": answer.url, "status": answer.status, "kind": kind,
        "bytes": len(answer.body), "charset": encoding, "links": links,
        "newest": newest, **validators(answer),
    }  # fmt: skip
    mark = LOOK if odd or not links else FINE
    return Finding(mark, "start", f"{asked}: {', '.join(parts)}", facts)


def validators(answer: Answer) -> dict[str, bool]:
    """Which headers make a conditional request possible."""
    return {
        "etag": answer.header("etag") is not None,
        "last_modified": answer.header("last-modified") is not None,
    }


def conditional(answers: Sequence[Answer]) -> Finding:
    """Whether a later crawl can ask "only if it changed"."""
    able = [answer for answer in answers if any(validators(answer).values())]
    facts = {"able": len(able), "of": len(answers)}
    if len(able) == len(answers):
        return Finding(FINE, "revisits", "an ETag or Last-Modified comes with everything", facts)
    says = f"{len(able)} of {len(answers)} answers carry an ETag or Last-Modified; a later crawl "
    return Finding(TOLD, "revisits", says + "fetches the others whole again", facts)


def charset(answer: Answer) -> tuple[str, bool]:
    """(the charset that was used, beside what was declared where that differs, whether it is odd).

    As `charset.decode` does it: what is valid UTF-8 is UTF-8, whatever is declared.
    """
    in_header = _HEADER.search(answer.header("content-type") or "")
    in_page = _META.search(answer.body, 0, 4096)
    given = in_header[1] if in_header else in_page[1].decode("ascii") if in_page else None
    name = (given or "").lower().replace("_", "-").replace("utf8", "utf-8")
    try:
        answer.body.decode("utf-8")
        used = "utf-8"
    except UnicodeDecodeError:
        used = name if name not in ("", "utf-8") else "utf-8"
    lost = decode(answer.body, answer.header("content-type")).count("\ufffd")
    if lost:
        return f"{used}, {lost} characters lost", True
    if given is None:  # XML is UTF-8 unless it says otherwise
        return (f"{used}, none declared" if "html" in answer.content_type else used), False
    return (used, False) if name == used else (f"{used}, though {given} is declared", True)


def languages(urls: Iterable[str], site: Site) -> Finding:
    """How many of the links fall under each declared language prefix."""
    counts: Counter[str] = Counter()
    for url in urls:
        if any(path_of(url).startswith(prefix) for prefix in site.skip):
            counts["skipped"] += 1
        else:
            found = declared(url, site.languages)
            counts[found[0] if found else "none"] += 1
    total = sum(counts.values())
    if not total:
        return Finding(BAD, "languages", "no link leads anywhere on the site", {"links": 0})
    parts = [
        f"{prefix} {code} {_share(counts[prefix], total)}"
        for prefix, code in site.languages.items()
    ]
    parts += [f"{what} {_share(counts[what], total)}" for what in ("skipped", "none")]
    facts = {"links": total, **counts}
    missing = [prefix for prefix in site.languages if not counts[prefix]]
    says = f"of {many(total, 'link')}: {', '.join(parts)}"
    if len(missing) == len(site.languages):
        return Finding(BAD, "languages", f"{says}; no declared prefix fits any of them", facts)
    if missing:
        says += f"; none begins with {' or '.join(missing)}"
    return Finding(LOOK if missing else FINE, "languages", says, facts)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%"


def article(row: Mapping[str, Any], origin: str) -> list[Finding]:
    """A page that gave an article. ``origin``: where its date is from."""
    code, text = row["language"], row["text"]
    facts = {key: row[key] for key in ("url", "title", "published", "language", "alternates")}
    facts["characters"] = len(text)
    what = "article"
    found = [
        Finding(FINE, what, f"{row['url']}", facts),
        Finding(TOLD, "", f"{code} as declared, {len(text)} characters, «{row['title']}»"),
        Finding(TOLD, "", f"begins «{' '.join(text.split())[:80]}»"),
    ]
    if row["published"] is None:
        says = "no date is found: it cannot be split by date, nor aligned by it"
        found.append(Finding(LOOK, "", says))
    else:
        found.append(Finding(TOLD, "", f"published {row['published']}, from {origin}"))
    if row["alternates"]:
        found.append(Finding(TOLD, "", f"hreflang leads to {', '.join(row['alternates'][:4])}"))
    if not row["title"]:
        found.append(Finding(LOOK, "", "no title is found"))
    return found


def no_article(row: Mapping[str, Any], answer: Answer, code: str) -> Finding:
    """A page that gave none, and the likely cause."""
    reason = str(row["reason"])
    says = f"{answer.url}: {REASONS.get(reason, reason)}"
    text = paragraphs(answer)
    if reason == "wrong_language":
        from data_prep.text.identify import identify

        says += f" ({identify(text).language}, not {code})"
    elif reason in ("no_text", "too_short", "list_page", "empty"):
        cause = suspicion(answer, text)
        says += f"; {cause}" if cause else f" ({len(text)} characters in paragraphs)"
    return Finding(LOOK, "no article", says, {"url": answer.url, "reason": reason})


def suspicion(answer: Answer, text: str) -> str | None:
    """Why a page may hold no text for us though a reader sees some; None where nothing says so."""
    page = decode(answer.body, answer.header("content-type"))
    if len(text) >= LITTLE:
        return None
    if _WALL.search(page, 0, _WALL_IN):
        return "it is a cookie or robot check: the site wants a browser"
    if _MADE_BY_SCRIPT.search(page) or page.lower().count("<script") >= 3:
        return "its text comes by script in a browser, which collect does not run"
    return None


def paragraphs(answer: Answer) -> str:
    """The text of a page's <p> elements, one a line."""
    data = decode(answer.body, answer.header("content-type")).replace("\0", "")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(data.encode("utf-8", "replace"), parser) if data.strip() else None
    except etree.XMLSyntaxError:
        root = None
    found = root.iter("p") if root is not None else ()
    lines = (" ".join("".join(p.itertext(with_tail=False)).split()) for p in found)
    return "\n".join(line for line in lines if line)


def date_from(answer: Answer, published: str | None, zone: ZoneInfo) -> str:
    """Where a page says the date that was taken: the first of its places with that moment."""
    page = decode(answer.body, answer.header("content-type"))
    places = (
        ("its meta tags", r"<meta[^>]+(?:content|datetime)=[\"']([^\"']{8,40})[\"']"),
        ("its JSON-LD", r"\"datePublished\"\s*:\s*\"([^\"]{8,40})\""),
        ("its time element", r"<(?:time|span)[^>]+datetime=[\"']([^\"']{8,40})[\"']"),
    )
    for name, form in places:
        if any(_is(text, published, zone) for text in re.findall(form, page)):
            return name
    return "its text"


def _is(text: str, published: str | None, zone: ZoneInfo) -> bool:
    """Whether a date of a page is the moment that was taken; a day alone is taken as its noon."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip()):
        found = found.replace(hour=12)
    found = found.replace(tzinfo=found.tzinfo or zone).astimezone(UTC)
    return found.strftime("%Y-%m-%dT%H:%M:%SZ") == published
