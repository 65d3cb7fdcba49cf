"""What is known of every URL, in SQLite: the one truth of a crawl.

A page is a WARC record, appended and fsynced, and then one transaction that holds where the record
lies and every link found on it. A kill between the two leaves a tail that the next start cuts; so
no page is lost and none is doubled. Order depends on what was found, never on time.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data_prep.collect.urls import without_query
from data_prep.collect.warc import Place
from korpu.errors import SaysNo, UsageError

QUERIES_PER_PATH = 60  # links from pages that differ only in the query: a calendar, a search
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS urls (
  id INTEGER PRIMARY KEY,
  site TEXT NOT NULL,
  url TEXT NOT NULL,
  kind TEXT NOT NULL,           -- robots | sitemap | page; after the fetch also html | feed
  state TEXT NOT NULL,          -- new | done (has a record) | moved (to target) | gone
  depth INTEGER NOT NULL,       -- links from a start
  hops INTEGER NOT NULL,        -- redirects in a row that led here
  parent INTEGER,               -- where it was found
  path TEXT,                    -- without the query, of links from pages that have one
  tries INTEGER NOT NULL DEFAULT 0,
  reason TEXT, target TEXT, fetched TEXT,
  file TEXT, offset INTEGER, length INTEGER, digest TEXT,
  snapshot TEXT,                -- in which it was last asked for
  etag TEXT, modified TEXT,     -- validators of the last answer
  lastmod TEXT,                 -- what a sitemap or feed says of its last change
  listed TEXT,                  -- when it was published, by a feed or a news sitemap
  article INTEGER,              -- 1: the last extraction made an article of it, 0: it did not
  said TEXT,                    -- digest of its long paragraphs, digits left out
  fruit INTEGER NOT NULL DEFAULT 0,  -- pages found on it that said something new
  UNIQUE (site, url)
);
CREATE INDEX IF NOT EXISTS upcoming ON urls (site, state, tries, depth, id);
CREATE INDEX IF NOT EXISTS queries ON urls (site, path) WHERE path IS NOT NULL;
CREATE INDEX IF NOT EXISTS places ON urls (file, offset) WHERE file IS NOT NULL;
"""
_ROW = "id, site, url, kind, depth, hops, tries"


@dataclass(frozen=True)
class Url:
    """A URL to fetch."""

    id: int
    site: str
    url: str
    kind: str
    depth: int
    hops: int
    tries: int


@dataclass(frozen=True)
class Link:
    """A URL found somewhere. ``listed``: by a start, sitemap or feed, which set no traps."""

    url: str
    kind: str = "page"
    listed: bool = False


@dataclass(frozen=True)
class Record:
    """A fetched HTML page and where its record lies."""

    id: int
    site: str
    url: str
    fetched: str
    file: str
    offset: int
    length: int
    digest: str


class Frontier:
    """The SQLite file. Every method that writes is one durable transaction.

    Raises ``OSError`` where the disk refuses, ``SaysNo`` where the file is damaged.
    """

    def __init__(self, path: Path, source: str) -> None:
        """Open or make it. ``source`` is a digest of what is crawled; raises ``UsageError`` where
        the file belongs to another."""
        self._path = path
        with self._errors():
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('source', ?)", (source,))
            row = self._db.execute("SELECT value FROM meta WHERE key = 'source'").fetchone()
        if row[0] != source:
            self._db.close()
            raise UsageError(f"{path} is the crawl of another recipe; choose an empty directory")

    def close(self) -> None:
        """Fold the write-ahead log into the file and close."""
        with self._errors():
            self._db.close()

    # ── reading ────────────────────────────────────────────────────────────────────────────────

    def upcoming(self, site: str) -> Url | None:
        """The next URL to fetch: fewest tries first, then nearest to a start, then oldest."""
        with self._errors():
            row = self._db.execute(
                f"SELECT {_ROW} FROM urls WHERE site = ? AND state = 'new'"
                " AND kind != 'robots' ORDER BY tries, depth, id LIMIT 1",
                (site,),
            ).fetchone()
        return Url(*row) if row else None

    def visited(self, site: str) -> int:
        """How many pages of a site have been asked for and answered, well or badly."""
        with self._errors():
            found = self._db.execute(
                "SELECT count(*) FROM urls WHERE site = ? AND state IN ('done', 'gone')"
                " AND kind IN ('page', 'html') AND fetched IS NOT NULL",
                (site,),
            ).fetchone()
        return int(found[0])

    def records(self) -> list[Record]:
        """All fetched HTML pages, by site and order of discovery."""
        with self._errors():
            rows = self._db.execute(
                "SELECT id, site, url, fetched, file, offset, length, digest FROM urls"
                " WHERE state = 'done' AND kind = 'html' ORDER BY site, id"
            ).fetchall()
        return [Record(*row) for row in rows]

    def place(self, url: Url) -> Place | None:
        """Where the record of a URL lies, if it has one."""
        with self._errors():
            row = self._db.execute(
                "SELECT file, offset, length, digest FROM urls WHERE id = ? AND state = 'done'",
                (url.id,),
            ).fetchone()
        return Place(*row) if row else None

    def known(self, site: str, url: str) -> Url | None:
        """The row of a URL, whatever its state."""
        with self._errors():
            row = self._db.execute(
                f"SELECT {_ROW} FROM urls WHERE site = ? AND url = ?", (site, url)
            ).fetchone()
        return Url(*row) if row else None

    def state(self, url: Url) -> str:
        """new, done, moved or gone."""
        with self._errors():
            row = self._db.execute("SELECT state FROM urls WHERE id = ?", (url.id,)).fetchone()
        return str(row[0])

    def committed(self, file: str) -> int:
        """Bytes of a WARC file that count."""
        with self._errors():
            row = self._db.execute(
                "SELECT max(offset + length) FROM urls WHERE file = ?", (file,)
            ).fetchone()
        return int(row[0] or 0)

    def counts(self) -> list[tuple[str, str, str, str | None, int]]:
        """(site, kind, state, reason, how many)."""
        with self._errors():
            return self._db.execute(
                "SELECT site, kind, state, reason, count(*) FROM urls GROUP BY 1, 2, 3, 4"
                " ORDER BY 1, 2, 3, 4"
            ).fetchall()

    def moved_to(self, site: str, url: str) -> str | None:
        """Where a URL redirected to, if it did."""
        with self._errors():
            row = self._db.execute(
                "SELECT target FROM urls WHERE site = ? AND url = ?", (site, url)
            ).fetchone()
        return row[0] if row else None

    # ── writing ────────────────────────────────────────────────────────────────────────────────

    def add(self, site: str, links: Iterable[Link]) -> None:
        """Starts, robots.txt and what it lists."""
        with self._transaction():
            for link in links:
                self._insert(site, link, depth=0, hops=0, parent=None)

    def done(self, url: Url, kind: str, place: Place, fetched: str, links: Iterable[Link]) -> None:
        """A page is fetched, and this is what was found on it."""
        with self._transaction():
            self._db.execute(
                "UPDATE urls SET state = 'done', kind = ?, fetched = ?, file = ?, offset = ?,"
                " length = ?, digest = ? WHERE id = ?",
                (kind, fetched, place.file, place.offset, place.length, place.digest, url.id),
            )
            for link in links:
                self._insert(url.site, link, url.depth + 1, 0, url.id)

    def moved(self, url: Url, target: str, fetched: str) -> None:
        """A URL redirects; its target is a discovery of the same depth."""
        with self._transaction():
            self._db.execute(
                "UPDATE urls SET state = 'moved', reason = 'redirected', target = ?, fetched = ?"
                " WHERE id = ?",
                (target, fetched, url.id),
            )
            link = Link(target, url.kind, listed=True)
            self._insert(url.site, link, url.depth, url.hops + 1, url.id)

    def gone(self, url: Url, reason: str, fetched: str | None) -> None:
        """A URL gives nothing. ``fetched`` is None where it was never asked for."""
        with self._transaction():
            self._db.execute(
                "UPDATE urls SET state = 'gone', reason = ?, fetched = ? WHERE id = ?",
                (reason, fetched, url.id),
            )

    def again(self, url: Url) -> None:
        """A URL failed for now: behind all others."""
        with self._transaction():
            self._db.execute("UPDATE urls SET tries = tries + 1 WHERE id = ?", (url.id,))

    def _insert(self, site: str, link: Link, depth: int, hops: int, parent: int | None) -> None:
        path = None if link.listed else without_query(link.url)
        if path is not None:
            found = self._db.execute(
                "SELECT count(*) FROM urls WHERE site = ? AND path = ?", (site, path)
            ).fetchone()
            if found[0] >= QUERIES_PER_PATH:
                return
        self._db.execute(
            "INSERT OR IGNORE INTO urls (site, url, kind, state, depth, hops, parent, path)"
            " VALUES (?, ?, ?, 'new', ?, ?, ?, ?)",
            (site, link.url, link.kind, depth, hops, parent, path),
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """SQLite's words as the errors a command ends with."""
        try:
            yield
        except sqlite3.Error as error:
            code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
            if code == sqlite3.SQLITE_FULL:
                raise OSError(errno.ENOSPC, "no space left on device", str(self._path)) from error
            if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise OSError(errno.EIO, str(error), str(self._path)) from error
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise SaysNo(
                    f"{self._path} is damaged ({error}); delete {self._path.parent} and collect "
                    "again"
                ) from error
            raise
