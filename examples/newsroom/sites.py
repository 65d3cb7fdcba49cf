"""The two sites as functions from a path to a response: everything but the socket.

Pages are rendered when first asked for and kept. Old addresses redirect; what a crawler should
survive or stay away from is in `traps.py`.
"""

from __future__ import annotations

import gzip
import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import format_datetime
from functools import partial
from html import escape
from pathlib import Path

from examples.newsroom import layouts, traps
from examples.newsroom.event import Article
from examples.newsroom.generate import Newsroom, stream
from examples.newsroom.habits import show
from examples.newsroom.layouts import Frame, Item
from examples.newsroom.morphology import Language

FORBIDDEN: dict[Language, tuple[str, ...]] = {
    "az": ("/axtar/", "/teqvim/", "/admin/"),
    "uz": ("/qidiruv/", "/taqvim/", "/admin/"),
}
PAGE_WORD: dict[Language, str] = {"az": "sehife", "uz": "sahifa"}
OLD_PREFIX: dict[Language, str] = {"az": "/xeber/", "uz": "/yangilik/"}
PER_PAGE, IN_FEED, ON_FRONT = 20, 40, 31
_HTML, _XML = "text/html; charset=utf-8", "application/xml; charset=utf-8"
_CSS = Path(__file__).with_name("site.css")


@dataclass(frozen=True)
class Response:
    """What the server sends."""

    status: int
    type: str
    body: bytes
    location: str = ""

    @property
    def etag(self) -> str:
        """A strong validator of the body."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'


class Site:
    """One site. `bases` are both sites' addresses without a trailing slash."""

    def __init__(self, newsroom: Newsroom, side: Language, bases: Mapping[Language, str]) -> None:
        self.newsroom, self.side, self.base = newsroom, side, bases[side]
        self._bases = bases
        self._data = newsroom.site[side]
        mine = [page for page in newsroom.articles if page.site == side]
        mine += traps.broken_articles(newsroom, side)
        self._pages = sorted(mine, key=lambda page: (page.published, page.number), reverse=True)
        self._by_path = {page.path: page for page in self._pages}
        self._old = {f"{OLD_PREFIX[side]}{page.number}": page.path for page in self._pages}
        self._frames = {cyrillic: self._frame(cyrillic) for cyrillic in (False, True)}
        self._cache: dict[str, Response] = {}
        self._routes = self._static_routes()

    def respond(self, target: str) -> Response:
        """The response to a GET of `target` (a path, perhaps with a query)."""
        path = target.partition("?")[0]
        if path.startswith(FORBIDDEN[self.side]):
            return self._forbidden(target)
        if path not in self._cache:
            render = self._routes.get(path)
            if render is None:
                return self._error(404)
            self._cache[path] = render()
        return self._cache[path]

    def is_forbidden(self, target: str) -> bool:
        """Whether robots.txt disallows `target`."""
        return target.startswith(FORBIDDEN[self.side])

    # ── routes ──────────────────────────────────────────────────────────────────────────────────

    def _static_routes(self) -> dict[str, Callable[[], Response]]:
        routes: dict[str, Callable[[], Response]] = {
            "/robots.txt": self._robots,
            "/sitemap.xml": self._sitemap_index,
            "/rss.xml": self._feed,
            "/static/site.css": partial(Response, 200, "text/css", _CSS.read_bytes()),
            "/favicon.ico": partial(_photo, 7),
        }
        for number in range(8):
            routes[f"/static/photo-{number}.svg"] = partial(_photo, number)
        for month in self._months():
            routes[self._sitemap_path(month)] = partial(self._sitemap, month)
        for cyrillic in (False, True) if self.side == "uz" else (False,):
            root = "/kr/" if cyrillic else "/"
            items = [page for page in self._pages if (page.habit == "cyrillic") == cyrillic]
            routes[root] = partial(self._front, cyrillic, items)
            for name, desk in self.newsroom.stock.desks.items():
                base = f"{root}{desk.section[self.side]}/"
                of_desk = [page for page in items if page.desk == name]
                count = max(1, -(-len(of_desk) // PER_PAGE))
                for n in range(1, count + 1):
                    part = of_desk[(n - 1) * PER_PAGE : n * PER_PAGE]
                    path = base if n == 1 else f"{base}{PAGE_WORD[self.side]}/{n}/"
                    routes[path] = partial(self._section, cyrillic, name, base, part, n, count)
        for path, page in self._by_path.items():
            routes[path] = partial(self._article, page)
        for old, path in self._old.items():
            routes[old] = partial(Response, 301, _HTML, b"", path)
        return routes

    def _front(self, cyrillic: bool, pages: list[Article]) -> Response:
        frame = self._frames[cyrillic]
        items = [self._item(page) for page in pages[:ON_FRONT]]
        return _html(layouts.listing(frame, frame.label("latest"), items))

    def _section(
        self, cyrillic: bool, desk: str, base: str, pages: list[Article], number: int, count: int
    ) -> Response:
        frame = self._frames[cyrillic]
        pager = layouts.pager(frame, base, PAGE_WORD[self.side], number, count)
        items = [self._item(page) for page in pages]
        return _html(layouts.listing(frame, frame.say(self._data["desks"][desk]), items, pager))

    def _article(self, page: Article) -> Response:
        if page.broken == "missing":
            return self._error(404)
        if page.broken == "failing":
            return self._error(500)
        if page.broken == "empty":
            return Response(200, _HTML, b"")
        links = {"canonical": self.base + page.path}
        if page.hreflang and page.event is not None:
            for side, other in self.newsroom.events[page.event].articles.items():
                code = "uz-Cyrl" if other.habit == "cyrillic" else side
                links[code] = self._bases[side] + other.path
        peers = [
            other
            for other in self._pages
            if other.desk == page.desk and (other.habit == "cyrillic") == (page.habit == "cyrillic")
        ]
        at = peers.index(page)
        related = [
            self._item(other)
            for other in [*peers[at + 1 : at + 5], *peers[:1]]
            if other is not page
        ]
        desk = self.newsroom.stock.desks[page.desk]
        html = layouts.article(
            self._frames[page.habit == "cyrillic"],
            page,
            (desk.section[self.side], self._data["desks"][page.desk]),
            links,
            related,
            stream(self.newsroom.seed, f"html-{self.side}", page.number),
        )
        if page.broken == "truncated":
            html = html[: html.index("</h1>") + 120]
        return _html(html)

    # ── for machines ────────────────────────────────────────────────────────────────────────────

    def _robots(self) -> Response:
        lines = ["User-agent: *", *(f"Disallow: {path}" for path in FORBIDDEN[self.side])]
        text = "\n".join([*lines, "", f"Sitemap: {self.base}/sitemap.xml", ""])
        return Response(200, "text/plain; charset=utf-8", text.encode())

    def _months(self) -> list[str]:
        return sorted({f"{page.published:%Y-%m}" for page in self._pages})

    def _sitemap_path(self, month: str) -> str:
        return f"/sitemap-{month}.xml" + (".gz" if month == self._months()[0] else "")

    def _sitemap_index(self) -> Response:
        entries = "".join(
            f"<sitemap><loc>{self.base}{self._sitemap_path(month)}</loc></sitemap>\n"
            for month in self._months()
        )
        return _xml("sitemapindex", entries)

    def _sitemap(self, month: str) -> Response:
        entries = "".join(
            f"<url><loc>{self.base}{page.path}</loc>"
            f"<lastmod>{page.published:%Y-%m-%dT%H:%M:%SZ}</lastmod></url>\n"
            for page in self._pages
            if f"{page.published:%Y-%m}" == month
        )
        response = _xml("urlset", entries)
        if not self._sitemap_path(month).endswith(".gz"):
            return response
        return Response(200, "application/gzip", gzip.compress(response.body, mtime=0))

    def _feed(self) -> Response:
        entries = "".join(
            f"<item><title>{self._title(page)}</title><link>{self.base}{page.path}</link>"
            f"<guid>{self.base}{page.path}</guid>"
            f"<pubDate>{format_datetime(page.published)}</pubDate></item>\n"
            for page in self._pages[:IN_FEED]
        )
        name, about = escape(self._data["name"]), escape(self._data["tagline"])
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
            f"<title>{name}</title><link>{self.base}/</link><description>{about}</description>\n"
            f"{entries}</channel></rss>\n"
        )
        return Response(200, "application/rss+xml; charset=utf-8", text.encode())

    def _forbidden(self, target: str) -> Response:
        frame = self._frames[False]
        link = traps.next_month(target, FORBIDDEN[self.side][1])
        text = f'<h1>{frame.label("calendar")}</h1><a href="{link}">{frame.label("next")}</a>'
        return _html(layouts.page(frame, frame.label("archive"), "", f"<main>{text}</main>"))

    def _error(self, status: int) -> Response:
        frame = self._frames[False]
        main = f"<main><h1>{status}</h1><p>{frame.label('home')}: <a href='/'>/</a></p></main>"
        return replace(_html(layouts.page(frame, str(status), "", main)), status=status)

    # ── parts ───────────────────────────────────────────────────────────────────────────────────

    def _frame(self, cyrillic: bool) -> Frame:
        root = "/kr/" if cyrillic else "/"
        sections = tuple(
            (f"{root}{desk.section[self.side]}/", self._data["desks"][name])
            for name, desk in self.newsroom.stock.desks.items()
        )
        frame = Frame(self.side, cyrillic, self._data, sections)
        same = [page for page in self._pages if (page.habit == "cyrillic") == cyrillic]
        rng = stream(self.newsroom.seed, f"popular-{self.side}", int(cyrillic))
        popular = rng.sample(same, min(5, len(same)))
        return replace(frame, popular=tuple(self._item(page, frame) for page in popular))

    def _item(self, page: Article, frame: Frame | None = None) -> Item:
        frame = frame or self._frames[page.habit == "cyrillic"]
        old = page.number % 12 == 0  # some links still use the old address
        return Item(
            href=f"{OLD_PREFIX[self.side]}{page.number}" if old else page.path,
            title=self._title(page),
            when=frame.when(page.published),
            label=frame.say(self._data["desks"][page.desk]),
            photo=page.number % 8,
        )

    def _title(self, page: Article) -> str:
        return escape(show(page.title, page.habit, random.Random(page.number)), quote=False)


def _html(text: str) -> Response:
    return Response(200, _HTML, text.encode())


def _xml(root: str, entries: str) -> Response:
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{space}">\n{entries}</{root}>\n'
    return Response(200, _XML, text.encode())


def _photo(number: int) -> Response:
    return Response(200, "image/svg+xml", layouts.photo(number).encode())
