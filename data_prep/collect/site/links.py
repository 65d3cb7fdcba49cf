"""The table of URLs, and how a link enters it: what is new waits, what is known learns from it.

Everything here happens inside of a transaction of the frontier.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from data_prep.collect.site.traps import QUERIES_PER_PATH, path_without_query

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS urls (
  id INTEGER PRIMARY KEY,
  site TEXT NOT NULL,
  url TEXT NOT NULL,
  kind TEXT NOT NULL,           -- robots | sitemap | page; after the fetch also html | feed
  state TEXT NOT NULL,          -- new | done (has a record) | moved (to target) | gone
  depth INTEGER NOT NULL,       -- links from a start
  hops INTEGER NOT NULL,        -- redirects in a row that led here
  parent INTEGER,               -- where it was found; NULL: a start, an archive page, robots.txt
  path TEXT,                    -- without the query, of links from pages that have one
  tries INTEGER NOT NULL DEFAULT 0,
  reason TEXT, target TEXT,
  fetched TEXT,                 -- when its record was made
  file TEXT, offset INTEGER, length INTEGER, digest TEXT,
  snapshot TEXT,                -- in which it was last asked for
  asked TEXT,                   -- when it was last asked for; NULL: never
  first TEXT,                   -- the snapshot in which it was first fetched
  etag TEXT, modified TEXT,     -- validators of the last answer
  lastmod TEXT,                 -- what a sitemap or feed says of its last change
  listed TEXT,                  -- when it was published, by a feed or a news sitemap
  entry INTEGER NOT NULL DEFAULT 0,  -- 1: named by a start, a sitemap or a feed
  article INTEGER,              -- 1: the last extraction made an article of it, 0: it did not
  said TEXT,                    -- digest of its long paragraphs, digits left out
  novel INTEGER NOT NULL DEFAULT 0,  -- 1: no other page of the site had said that before
  finder INTEGER,               -- the first page that links to it
  fruit INTEGER NOT NULL DEFAULT 0,  -- pages found on it that said something new
  UNIQUE (site, url)
);
CREATE TABLE IF NOT EXISTS shapes (  -- of pages whose path looks like a session's
  site TEXT NOT NULL, shape TEXT NOT NULL, pages INTEGER NOT NULL, novel INTEGER NOT NULL,
  PRIMARY KEY (site, shape)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS upcoming ON urls (site, state, tries, depth, id);
CREATE INDEX IF NOT EXISTS queries ON urls (site, path, novel) WHERE path IS NOT NULL;
CREATE INDEX IF NOT EXISTS places ON urls (file, offset) WHERE file IS NOT NULL;
CREATE INDEX IF NOT EXISTS pages ON urls (site, id) WHERE state = 'done' AND kind = 'html';
CREATE INDEX IF NOT EXISTS sayings ON urls (site, said) WHERE said IS NOT NULL;
"""
_CHUNK = 500  # links that are held at a time
_KNOWN = (
    "url, id, state, kind, reason, snapshot, asked, lastmod, listed, entry, novel, finder, parent"
)


@dataclass(frozen=True)
class Link:
    """A URL found somewhere. ``listed``: by a start, sitemap or feed, which set no traps.

    ``reason`` is why it must not be asked for, where that is known already.
    """

    url: str
    kind: str = "page"
    listed: bool = False
    lastmod: str | None = None
    published: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Spot:
    """Where links were found. ``finder`` is the page that has them, if it is one."""

    site: str
    snapshot: str
    depth: int = 0
    hops: int = 0
    parent: int | None = None
    finder: int | None = None


def bears(db: sqlite3.Connection, page: int) -> None:
    """A page led to another that said something new."""
    db.execute("UPDATE urls SET fruit = fruit + 1 WHERE id = ?", (page,))


def known(db: sqlite3.Connection, site: str, urls: Sequence[str]) -> dict[str, sqlite3.Row]:
    """The rows of those URLs that have one."""
    cursor = db.cursor()
    cursor.row_factory = sqlite3.Row
    marks = ", ".join("?" * len(urls))
    rows = cursor.execute(
        f"SELECT {_KNOWN} FROM urls WHERE site = ? AND url IN ({marks})", (site, *urls)
    )
    return {row["url"]: row for row in rows}


def enter(db: sqlite3.Connection, spot: Spot, links: Iterable[Link]) -> None:
    """The links of one place."""
    rest = iter(links)
    while chunk := list(islice(rest, _CHUNK)):
        rows = known(db, spot.site, [link.url for link in chunk])
        for link in chunk:
            row = rows.get(link.url)
            if row is None:
                insert(db, spot, link)
            else:
                _meet(db, spot, link, row)


def insert(db: sqlite3.Connection, spot: Spot, link: Link) -> None:
    """A link to what is not known yet; nothing where enough queries of its path
    said nothing new so far."""
    path = None if link.listed else path_without_query(link.url)
    if path is not None:
        found = db.execute(
            "SELECT count(*) FROM urls WHERE site = ? AND path = ? AND novel = 0", (spot.site, path)
        ).fetchone()
        if found[0] >= QUERIES_PER_PATH:
            return
    values = {
        "site": spot.site,
        "url": link.url,
        "kind": link.kind,
        "state": "new" if link.reason is None else "gone",
        "reason": link.reason,
        "depth": spot.depth,
        "hops": spot.hops,
        "parent": spot.parent,
        "finder": spot.finder,
        "path": path,
        "lastmod": link.lastmod,
        "listed": link.published,
        "entry": link.listed,
    }
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    db.execute(f"INSERT OR IGNORE INTO urls ({names}) VALUES ({marks})", tuple(values.values()))


def _meet(db: sqlite3.Connection, spot: Spot, link: Link, row: sqlite3.Row) -> None:
    """A link to what is known already."""
    changes: dict[str, object] = {}
    if link.listed and not row["entry"]:
        changes["entry"] = 1
    if link.lastmod is not None and link.lastmod != row["lastmod"]:
        changes["lastmod"] = link.lastmod
    if link.published is not None and row["listed"] is None:
        changes["listed"] = link.published
    if spot.finder not in (None, row["id"]) and row["finder"] is None:
        changes["finder"] = spot.finder
        if row["novel"] and spot.finder is not None:
            bears(db, spot.finder)
    waits = (row["state"], row["asked"]) == ("new", None) and row["parent"] is not None
    if waits and link.reason is not None:
        changes |= {"state": "gone", "reason": link.reason}
    elif link.reason is None and (_hoped_for(row, link) or _changed(row, link, spot.snapshot)):
        changes |= {"state": "new", "reason": None, "tries": 0}
    if changes:
        names = ", ".join(f"{name} = ?" for name in changes)
        db.execute(f"UPDATE urls SET {names} WHERE id = ?", (*changes.values(), row["id"]))


def _hoped_for(row: sqlite3.Row, link: Link) -> bool:
    """Whether a page that was taken for a trap is listed by the site itself."""
    return (row["state"], row["reason"], link.listed) == ("gone", "trap", True)


def _changed(row: sqlite3.Row, link: Link, snapshot: str) -> bool:
    """Whether a page changed after an earlier snapshot asked for it."""
    has_one = (row["state"], row["kind"]) == ("done", "html") and row["snapshot"] != snapshot
    return has_one and (link.lastmod or "") > (row["asked"] or "")
