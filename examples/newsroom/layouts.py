"""HTML of the two sites: chrome, lists, and article pages in three layouts.

Layouts differ in markup and in how they say when an article appeared: 0 in
`article:published_time`, 1 in JSON-LD, 2 only in words on the page. Class names, colours and the
order of blocks differ between the sites.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any

from examples.newsroom.cyrillic import to_cyrillic
from examples.newsroom.event import Article
from examples.newsroom.habits import show

UTC_OFFSET = {"az": 4, "uz": 5}


@dataclass(frozen=True)
class Item:
    """A link in a list."""

    href: str
    title: str
    when: str
    label: str
    photo: int


@dataclass(frozen=True)
class Frame:
    """What every page of one site, or of its Cyrillic half, has around its content."""

    side: str
    cyrillic: bool
    data: dict[str, Any]
    sections: tuple[tuple[str, str], ...]  # (href, label)
    popular: tuple[Item, ...] = ()

    @property
    def prefix(self) -> str:
        """`k` on the Uzbek site, `x` on the Azerbaijani: class names differ."""
        return "x" if self.side == "az" else "k"

    def say(self, text: str) -> str:
        """Site text in the frame's script, escaped."""
        return escape(to_cyrillic(text) if self.cyrillic else text)

    def label(self, name: str) -> str:
        """A label of `site.yaml`."""
        return self.say(self.data["labels"][name])

    def when(self, moment: datetime) -> str:
        """Local date and time in words."""
        local = moment + timedelta(hours=UTC_OFFSET[self.side])
        month = self.data["months"][local.month - 1]
        if self.side == "az":
            return f"{local.day} {month} {local.year}, {local:%H:%M}"
        return self.say(f"{local.year}-yil {local.day}-{month}, {local:%H:%M}")


def page(frame: Frame, title: str, head: str, main: str, lang: str = "") -> str:
    """A whole HTML document."""
    data, p = frame.data, frame.prefix
    lang = lang or ("uz-Cyrl" if frame.cyrillic else frame.side)
    home = "/kr/" if frame.cyrillic else "/"
    links = ((home, data["labels"]["home"]), *frame.sections)
    nav = "".join(f'<li><a href="{to}">{frame.say(name)}</a></li>' for to, name in links)
    ad = data["ads"][len(title) % len(data["ads"])]
    script = ""
    if frame.side == "uz":
        script = '<a href="/">Oʻzbekcha</a> · <a href="/kr/">Ўзбекча</a> · '
    search, calendar = ("axtar", "teqvim") if frame.side == "az" else ("qidiruv", "taqvim")
    return f"""<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – {frame.say(data["name"])}</title>
<link rel="stylesheet" href="/static/site.css">
<link rel="icon" href="/favicon.ico">
<link rel="alternate" type="application/rss+xml" title="RSS" href="/rss.xml">
{head}</head>
<body class="{p}-body">
<header class="{p}-header"><div class="wrap">
<a class="brand" href="{home}">{frame.say(data["name"])}</a>
<span class="tagline">{frame.say(data["tagline"])}</span>
<form class="search" action="/{search}/"><input name="q" aria-label="{frame.label("search")}"
placeholder="{frame.label("search")}"></form>
</div></header>
<nav class="{p}-nav"><ul class="wrap">{nav}</ul></nav>
<div class="wrap {p}-grid">
{main}
<aside class="side">
<div class="ad">{frame.label("ad")}<br><b>{frame.say(ad)}</b></div>
<section class="box"><h3>{frame.label("popular")}</h3>{_links(frame.popular)}</section>
</aside>
</div>
<footer class="{p}-footer"><div class="wrap">
<p>{frame.say(data["footer"])}</p>
<p>{script}<a href="/{calendar}/?ay=2025-12">{frame.label("calendar")}</a> ·
<a href="/rss.xml">RSS</a> · <a rel="nofollow" href="/admin/">{frame.label("admin")}</a></p>
</div></footer>
</body>
</html>
"""


def listing(frame: Frame, title: str, items: Sequence[Item], pager: str = "") -> str:
    """The front page and sections: the first item large, the others as cards."""
    cards = "".join(
        f'<li class="card"><img src="/static/photo-{item.photo}.svg" alt="" loading="lazy">'
        f'<span class="tag">{item.label}</span><a href="{item.href}">{item.title}</a>'
        f"<time>{item.when}</time></li>"
        for item in items
    )
    main = f'<main class="list"><h1>{title}</h1><ul class="cards">{cards}</ul>{pager}</main>'
    return page(frame, title, "", main)


def pager(frame: Frame, base: str, word: str, number: int, count: int) -> str:
    """Links to the neighbouring pages of a section."""

    def at(n: int) -> str:
        return base if n == 1 else f"{base}{word}/{n}/"

    parts = []
    if number > 1:
        parts.append(f'<a rel="prev" href="{at(number - 1)}">← {frame.label("previous")}</a>')
    parts.append(f"<span>{frame.label('page')} {number} / {count}</span>")
    if number < count:
        parts.append(f'<a rel="next" href="{at(number + 1)}">{frame.label("next")} →</a>')
    return f'<p class="pager">{" ".join(parts)}</p>'


def article(
    frame: Frame,
    item: Article,
    section: tuple[str, str],
    links: dict[str, str],
    related: Sequence[Item],
    rng: random.Random,
) -> str:
    """An article page.

    Args:
        frame: the site around it.
        item: the article.
        section: slug and label of its section.
        links: `canonical`, and for hreflang the other version's language code and address.
        related: other articles, for the boxes.
        rng: draws advertisements, captions and comments.
    """

    def shown(text: str) -> str:
        return escape(show(text, item.habit, rng), quote=False)

    title = shown(item.title)
    author = escape(show(item.author, item.habit, rng))
    paragraphs = [" ".join(shown(u.text) for u in part) for part in item.paragraphs]
    head = _metadata(frame, item, section[0], links, title, author)
    blocks = [f"<p>{text}</p>" for text in paragraphs]
    if item.layout == 2:  # an old content system: one block, lines broken by hand
        blocks = [f"{text}<br>\n<br>" for text in paragraphs]
    if rng.random() < 0.35:
        ad = rng.choice(frame.data["ads"])
        blocks.insert(
            len(blocks) // 2, f'<div class="ad">{frame.label("ad")}: {frame.say(ad)}</div>'
        )
    if related and rng.random() < 0.25:
        also = rng.choice(related)
        line = f'{frame.label("read")}: <a href="{also.href}">{also.title}</a>'
        tag = "p" if item.layout != 2 else "div"
        blocks.insert(rng.randint(1, len(blocks)), f'<{tag} class="also">{line}</{tag}>')
    photo = f'<img src="/static/photo-{item.number % 8}.svg" alt="">'
    if rng.random() < 0.4:
        photo += f"<figcaption>{frame.say(rng.choice(frame.data['captions']))}</figcaption>"
    body, figure = "\n".join(blocks), f"<figure>{photo}</figure>"
    byline = (
        f'<p class="byline"><a href="/{section[0]}/">{frame.say(section[1])}</a> ·'
        f" <time>{frame.when(item.published)}</time> · {frame.label('author')}: {author}</p>"
    )
    p = frame.prefix
    if item.layout == 0:
        main = (
            f'<article class="{p}-article"><h1>{title}</h1>{byline}{figure}'
            f'<div class="{p}-text">{body}</div></article>'
        )
    elif item.layout == 1:
        main = (
            f'<div class="{p}-story">{figure}<div class="story-head">{byline}<h1>{title}</h1></div>'
            f'<div class="story-text">{body}</div></div>'
        )
    else:
        main = (
            f'<div id="content" class="{p}-content"><h1 class="title">{title}</h1>{figure}'
            f'<div class="entry">{body}</div><div class="meta">{byline}</div></div>'
        )
    box = f'<section class="box"><h3>{frame.label("related")}</h3>{_links(related)}</section>'
    order = [main, box, _comments(frame, rng)]
    if frame.side == "uz" and item.layout == 1:
        order = [box, main, order[2]]
    lang = "uz-Cyrl" if item.habit == "cyrillic" else item.site
    return page(frame, title, head, f"<main>{''.join(order)}</main>", lang)


def _metadata(
    frame: Frame, item: Article, section: str, links: dict[str, str], title: str, author: str
) -> str:
    local = item.published + timedelta(hours=UTC_OFFSET[frame.side])
    stamp = f"{local:%Y-%m-%dT%H:%M:%S}+0{UTC_OFFSET[frame.side]}:00"
    lines = [f'<link rel="canonical" href="{links["canonical"]}">']
    lines += [
        f'<link rel="alternate" hreflang="{code}" href="{href}">'
        for code, href in links.items()
        if code != "canonical"
    ]
    lines += [
        '<meta property="og:type" content="article">',
        f'<meta property="og:title" content="{title.replace(chr(34), "&quot;")}">',
        f'<meta property="article:section" content="{section}">',
        f'<meta name="author" content="{author}">',
    ]
    if item.layout == 0:
        lines.append(f'<meta property="article:published_time" content="{stamp}">')
    if item.layout == 1:
        facts = {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": show(item.title, item.habit, random.Random(item.number)),
            "datePublished": stamp,
            "articleSection": section,
            "author": {"@type": "Person", "name": item.author},
        }
        text = json.dumps(facts, ensure_ascii=False)
        lines.append(f'<script type="application/ld+json">{text}</script>')
    return "\n".join(lines) + "\n"


def _links(items: Sequence[Item]) -> str:
    return "<ul>" + "".join(f'<li><a href="{i.href}">{i.title}</a></li>' for i in items) + "</ul>"


def _comments(frame: Frame, rng: random.Random) -> str:
    data = frame.data
    rows = "".join(
        f"<li><b>{frame.say(rng.choice(data['nicknames']))}</b>"
        f" {frame.say(rng.choice(data['comments']))}</li>"
        for _ in range(rng.choice((0, 0, 1, 2, 3)))
    )
    if not rows:
        return ""
    return f'<section class="comments"><h3>{frame.label("comments")}</h3><ul>{rows}</ul></section>'


def photo(number: int) -> str:
    """A drawn landscape (SVG) in place of a photograph."""
    hue = number * 47 % 360
    near, far = 300 + number * 8, 170 + number * 9
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 450"
 preserveAspectRatio="xMidYMid slice"><rect width="800" height="450" fill="hsl({hue},45%,82%)"/>
<circle cx="{150 + number * 70}" cy="120" r="52" fill="hsl({(hue + 40) % 360},80%,92%)"/>
<path d="M0 330 L{140 + number * 20} 190 L330 330 L520 {far} L800 340 V450 H0Z"
 fill="hsl({hue},32%,58%)"/>
<path d="M0 380 Q200 {near} 420 372 T800 360 V450 H0Z" fill="hsl({hue},35%,40%)"/></svg>
"""
