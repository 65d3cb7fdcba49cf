"""The SQLite file of a crawl as it is read: what waits, what is here, and where it lies."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.collect.site import links
from data_prep.collect.site.fetch import Validators
from data_prep.collect.site.traps import (
    BARREN_SHAPE,
    GENERATIONS,
    shape,
)
from data_prep.collect.site.warc import Place
from korpu.errors import SaysNo, UsageError

_ROW = "id, site, url, kind, depth, hops, tries, entry, etag, modified, digest"
_CHUNK = 500  # rows that are held at a time


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
    entry: bool
    etag: str | None
    modified: str | None
    digest: str | None  # of the record it has from an earlier time

    @property
    def validators(self) -> Validators | None:
        """What may be sent back to the server; None where no record could be kept."""
        return Validators(self.etag, self.modified) if self.digest else None


@dataclass(frozen=True)
class Seen:
    """What an answer showed. ``fault`` is counted beside the record."""

    kind: str
    asked: str
    validators: Validators
    said: str | None = None
    fault: str | None = None


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
    listed: str | None = None


def _url(row: Sequence[Any]) -> Url:
    own = Url(*row)
    return dataclasses.replace(own, entry=bool(own.entry))


class Ledger:
    """The SQLite file of a crawl.

    Raises ``OSError`` where the disk refuses, ``SaysNo`` where the file is damaged.
    """

    snapshot = ""  # of the crawl that writes here

    def __init__(self, path: Path, source: str) -> None:
        """Open or make it. ``source`` is a digest of what is crawled; raises ``UsageError`` where
        the file belongs to another."""
        self.path = path
        with self._errors():
            self._db = sqlite3.connect(path, isolation_level=None, uri=True)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(links.SCHEMA)
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
        return self._url(
            "WHERE site = ? AND state = 'new' AND kind != 'robots' ORDER BY tries, depth, id"
            " LIMIT 1",
            site,
        )

    def known(self, site: str, url: str) -> Url | None:
        """The row of a URL, whatever its state."""
        return self._url("WHERE site = ? AND url = ?", site, url)

    def _url(self, where: str, *values: str) -> Url | None:
        with self._errors():
            row = self._db.execute(f"SELECT {_ROW} FROM urls {where}", values).fetchone()
        return _url(row) if row else None

    def visited(self, site: str) -> int:
        """How many pages of a site this snapshot asked for and got answered, well or badly."""
        return self._number(
            "SELECT count(*) FROM urls WHERE site = ? AND state IN ('done', 'gone')"
            " AND kind IN ('page', 'html') AND asked IS NOT NULL AND snapshot = ?",
            site,
            self.snapshot,
        )

    def sitemaps(self, site: str) -> int:
        """How many sitemaps and feeds of a site this snapshot asked for."""
        return self._number(
            "SELECT count(*) FROM urls WHERE site = ? AND state IN ('done', 'gone')"
            " AND kind IN ('sitemap', 'feed') AND asked IS NOT NULL AND snapshot = ?",
            site,
            self.snapshot,
        )

    def waiting(self) -> dict[str, int]:
        """How many URLs wait, by site."""
        with self._errors():
            return dict(
                self._db.execute(
                    "SELECT site, count(*) FROM urls WHERE state = 'new' GROUP BY site"
                ).fetchall()
            )

    def records(self, site: str | None = None) -> Iterator[Record]:
        """All fetched HTML pages, of one site or of all, by site and order of discovery; a few
        held at a time."""
        last, only = ("" if site is None else site, 0), site is not None
        while True:
            with self._errors():
                rows = self._db.execute(
                    "SELECT id, site, url, fetched, file, offset, length, digest, listed FROM urls"
                    " WHERE state = 'done' AND kind = 'html' AND (site, id) > (?, ?)"
                    f"{' AND site = ?' if only else ''} ORDER BY site, id LIMIT ?",
                    (*last, *([site] if only else []), _CHUNK),
                ).fetchall()
            if not rows:
                return
            for row in rows:
                yield Record(*row)
            last = (rows[-1][1], rows[-1][0])

    def pages(self, site: str | None = None) -> int:
        """How many records of HTML pages there are, of one site or of all."""
        query = "SELECT count(*) FROM urls WHERE state = 'done' AND kind = 'html'"
        return self._number(query) if site is None else self._number(f"{query} AND site = ?", site)

    def place(self, url: Url) -> Place | None:
        """Where the record of a URL lies, if it has one."""
        with self._errors():
            row = self._db.execute(
                "SELECT file, offset, length, digest FROM urls WHERE id = ? AND file IS NOT NULL",
                (url.id,),
            ).fetchone()
        return Place(*row) if row else None

    def state(self, url: Url) -> str:
        """new, done, moved or gone."""
        with self._errors():
            row = self._db.execute("SELECT state FROM urls WHERE id = ?", (url.id,)).fetchone()
        return str(row[0])

    def committed(self, file: str) -> int:
        """Bytes of a WARC file that count."""
        return self._number("SELECT max(offset + length) FROM urls WHERE file = ?", file)

    def counts(self) -> list[tuple[str, str, str, str | None, int]]:
        """(site, kind, state, reason, how many). Of what is done, a reason is a fault it has."""
        with self._errors():
            return self._db.execute(
                "SELECT site, kind, state, reason, count(*) FROM urls GROUP BY 1, 2, 3, 4"
                " ORDER BY 1, 2, 3, 4"
            ).fetchall()

    def entry_points(self, site: str, most: int) -> list[tuple[str, str | None]]:
        """(URL, reason) of what a site is entered by: starts, archive pages, sitemaps."""
        with self._errors():
            return self._db.execute(
                "SELECT url, reason FROM urls WHERE site = ? AND kind != 'robots'"
                " AND (parent IS NULL OR kind = 'sitemap') ORDER BY id LIMIT ?",
                (site, most),
            ).fetchall()

    def moved_to(self, site: str, url: str) -> str | None:
        """Where a URL redirected to, if it did."""
        with self._errors():
            row = self._db.execute(
                "SELECT target FROM urls WHERE site = ? AND url = ? AND state = 'moved'",
                (site, url),
            ).fetchone()
        return row[0] if row else None

    def trapped(self, url: Url) -> bool:
        """Whether nothing new can be hoped for from a page that only pages lead to: its last
        ``GENERATIONS`` ancestors led to nothing that no page had said before, or it looks like one
        page under many session ids."""
        if url.entry:
            return False
        masked = shape(url.url)
        with self._errors():
            if masked is not None:
                row = self._db.execute(
                    "SELECT pages, novel FROM shapes WHERE site = ? AND shape = ?",
                    (url.site, masked),
                ).fetchone()
                if row and row[0] >= BARREN_SHAPE and row[1] * 10 < row[0]:
                    return True
            if url.depth < GENERATIONS:
                return False
            barren = self._db.execute(
                "WITH RECURSIVE up (parent, fruit, n) AS ("
                " SELECT parent, 0, 0 FROM urls WHERE id = ? UNION ALL"
                " SELECT urls.parent, urls.fruit, n + 1 FROM up JOIN urls ON urls.id = up.parent"
                " WHERE up.fruit = 0 AND n < ?) SELECT max(n), max(fruit) FROM up",
                (url.id, GENERATIONS),
            ).fetchone()
        return bool(barren[0] == GENERATIONS and barren[1] == 0)

    def mark(self, key: str, value: str) -> None:
        """Note something about this crawl as a whole."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def marked(self, key: str) -> str | None:
        """What was noted."""
        with self._errors():
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else None

    # ── inside ─────────────────────────────────────────────────────────────────────────────────

    def _meta(self, prefix: str) -> list[tuple[str, str]]:
        with self._errors():
            rows = self._db.execute(
                "SELECT key, value FROM meta WHERE substr(key, 1, ?) = ? ORDER BY key",
                (len(prefix), prefix),
            ).fetchall()
        return [(key[len(prefix) :], value) for key, value in rows]

    def _number(self, query: str, *values: object, **named: object) -> int:
        with self._errors():
            row = self._db.execute(query, named or values).fetchone()
        return int(row[0] or 0)

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
                raise OSError(errno.ENOSPC, "no space left on device", str(self.path)) from error
            if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise OSError(errno.EIO, str(error), str(self.path)) from error
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise SaysNo(
                    f"{self.path} is damaged ({error}); delete {self.path.parent} and collect again"
                ) from error
            raise
