"""What is known of every URL, in SQLite: the one truth of a crawl.

A page is a WARC record, appended and fsynced, and then one transaction that holds where the record
lies and every link found on it. A kill between the two leaves a tail that the next start cuts; so
no page is lost and none is doubled. Order depends on what was found, never on time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.collect import carry, links
from data_prep.collect.fetch import Validators
from data_prep.collect.links import Link, Spot
from data_prep.collect.traps import (
    BARREN_SHAPE,
    GENERATIONS,
    shape,
)
from data_prep.collect.warc import Place
from korpu.errors import SaysNo, UsageError
from korpu.schema import Site

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


class Frontier:
    """The SQLite file. Every method that writes is one durable transaction.

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

    # ── writing ────────────────────────────────────────────────────────────────────────────────

    def add(self, site: str, found: Iterable[Link]) -> None:
        """Starts, archive pages, robots.txt."""
        with self._transaction():
            links.enter(self._db, Spot(site, self.snapshot), found)

    def done(self, url: Url, place: Place | None, seen: Seen, found: Iterable[Link]) -> None:
        """A URL is fetched, and this is what was found there. Without a place its earlier record
        stays: it had the same body."""
        with self._transaction():
            finder, before = self._db.execute(
                "SELECT finder, novel FROM urls WHERE id = ?", (url.id,)
            ).fetchone()
            novel = seen.said is not None and not self._said(url, seen.said)
            self._db.execute(
                "UPDATE urls SET state = 'done', kind = ?, reason = ?, tries = 0, snapshot = ?,"
                " asked = ?, first = coalesce(first, ?), etag = ?, modified = ?, said = ?,"
                " novel = ? WHERE id = ?",
                (
                    seen.kind,
                    seen.fault,
                    self.snapshot,
                    seen.asked,
                    self.snapshot,
                    seen.validators.etag,
                    seen.validators.modified,
                    seen.said,
                    novel,
                    url.id,
                ),
            )
            if place is not None:
                self._db.execute(
                    "UPDATE urls SET fetched = ?, file = ?, offset = ?, length = ?, digest = ?"
                    " WHERE id = ?",
                    (seen.asked, place.file, place.offset, place.length, place.digest, url.id),
                )
            if novel and not before and finder is not None:
                links.bears(self._db, finder)
            if (masked := shape(url.url)) is not None and seen.kind == "html":
                self._db.execute(
                    "INSERT INTO shapes VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE SET"
                    " pages = pages + 1, novel = novel + excluded.novel",
                    (url.site, masked, novel),
                )
            page = url.id if seen.kind == "html" else None
            spot = Spot(url.site, self.snapshot, url.depth + 1, 0, url.id, page)
            links.enter(self._db, spot, found)

    def unchanged(self, url: Url, asked: str) -> None:
        """The server says that the record is still right."""
        self._settle(url, "done", None, asked)

    def kept(self, url: Url, reason: str, asked: str | None) -> None:
        """A URL was asked for again in vain; its earlier record stays."""
        self._settle(url, "done", reason, asked)

    def gone(self, url: Url, reason: str, asked: str | None) -> None:
        """A URL gives nothing. ``asked`` is None where it was never asked for."""
        self._settle(url, "gone", reason, asked)

    def _settle(self, url: Url, state: str, reason: str | None, asked: str | None) -> None:
        kind = "page" if state == "gone" and url.kind == "html" else url.kind
        with self._transaction():
            self._db.execute(
                "UPDATE urls SET state = ?, kind = ?, reason = ?, tries = 0,"
                " asked = coalesce(?, asked),"
                " snapshot = CASE WHEN ? IS NULL THEN snapshot ELSE ? END WHERE id = ?",
                (state, kind, reason, asked, asked, self.snapshot, url.id),
            )

    def moved(self, url: Url, target: str, asked: str, reason: str | None = None) -> None:
        """A URL redirects; its target is a discovery of the same depth, made in the same place.

        ``reason`` is why the target must not be asked for, where it must not.
        """
        with self._transaction():
            self._db.execute(
                "UPDATE urls SET state = 'moved', reason = 'redirected', target = ?, tries = 0,"
                " asked = ?, snapshot = ? WHERE id = ?",
                (target, asked, self.snapshot, url.id),
            )
            parent, finder = self._db.execute(
                "SELECT parent, finder FROM urls WHERE id = ?", (url.id,)
            ).fetchone()
            kind = "page" if url.kind == "html" else url.kind
            known = target in links.known(self._db, url.site, [target])
            if not known:
                link = Link(target, kind, listed=url.entry, reason=reason)
                parent = url.id if parent is None else parent
                hops = url.hops + 1
                spot = Spot(url.site, self.snapshot, url.depth, hops, parent, finder)
                links.insert(self._db, spot, link)

    def again(self, url: Url) -> None:
        """A URL failed for now: behind all others."""
        with self._transaction():
            self._db.execute("UPDATE urls SET tries = tries + 1 WHERE id = ?", (url.id,))

    def verdicts(self, rows: Iterable[tuple[int, bool]]) -> None:
        """Which records the extraction made articles of, by the record's id."""
        with self._transaction():
            self._db.executemany(
                "UPDATE urls SET article = ? WHERE id = ?", ((int(is_one), n) for n, is_one in rows)
            )

    # ── files and snapshots ────────────────────────────────────────────────────────────────────

    def continue_from(
        self, previous: Path, sites: Mapping[str, Site], snapshot: str, revisit_days: int
    ) -> None:
        """Take over the rows of some sites from an older frontier, for a new snapshot.

        What is then asked for again is said in ``carry``. Sites of which there are rows here
        already are left alone, so a call after a kill does no harm. ``inherited`` names the files.
        """
        carried = carry.Carried(snapshot, revisit_days, previous.parent / "raw")
        with (
            carry.attached(self._db, previous, self.path.parent, self._errors),
            self._transaction(),
        ):
            for name, site in sites.items():
                carry.carry(self._db, name, site, carried)

    def inherited(self) -> dict[Path, list[str]]:
        """WARC files of earlier snapshots that rows here refer to, by the folder they were in."""
        found: dict[Path, list[str]] = {}
        for key, folder in self._meta(carry.INHERITED):
            found.setdefault(Path(folder), []).append(key)
        return found

    def mark(self, key: str, value: str) -> None:
        """Note something about this crawl as a whole."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def marked(self, key: str) -> str | None:
        """What was noted."""
        with self._errors():
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else None

    def file_of(self, site: str) -> str:
        """The name of the WARC file that this snapshot's records of a site go to."""
        key = f"file:{site}"
        with self._transaction():
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            if row is None:
                row = (self.free_name(site),)
                self._db.execute("INSERT INTO meta VALUES (?, ?)", (key, row[0]))
        return str(row[0])

    def free_name(self, site: str) -> str:
        """A name for a WARC file of a site that none has yet."""
        base, number = f"{site}-{self.snapshot}" if self.snapshot else site, 1
        while True:
            name = f"{base}.warc.gz" if number == 1 else f"{base}-{number}.warc.gz"
            used = self._number(
                "SELECT EXISTS (SELECT 1 FROM urls WHERE file = :name)"
                " OR EXISTS (SELECT 1 FROM meta WHERE key = :inherited OR value = :name)",
                name=name,
                inherited=carry.INHERITED + name,
            )
            if not used:
                return name
            number += 1

    def files_of(self, site: str) -> list[str]:
        """The WARC files that rows of a site refer to."""
        with self._errors():
            return [
                row[0]
                for row in self._db.execute(
                    "SELECT DISTINCT file FROM urls WHERE site = ? AND file IS NOT NULL ORDER BY 1",
                    (site,),
                )
            ]

    def files(self) -> set[str]:
        """All WARC files that are referred to, or that the next record goes to."""
        with self._errors():
            rows = self._db.execute(
                "SELECT DISTINCT file FROM urls WHERE file IS NOT NULL"
                " UNION SELECT value FROM meta WHERE substr(key, 1, 5) = 'file:'"
            ).fetchall()
        return {row[0] for row in rows} | {name for name, _ in self._meta(carry.INHERITED)}

    def places(self, site: str, file: str) -> Iterator[tuple[int, str, Place]]:
        """(row id, URL, place) of the records of a site in one file, in the file's order."""
        last = -1
        while True:
            with self._errors():
                rows = self._db.execute(
                    "SELECT id, url, file, offset, length, digest FROM urls WHERE file = ?"
                    " AND offset > ? AND site = ? ORDER BY offset LIMIT ?",
                    (file, last, site, _CHUNK),
                ).fetchall()
            for row in rows:
                yield row[0], row[1], Place(*row[2:])
            if not rows:
                return
            last = rows[-1][3]

    def forget(
        self, site: str, urls: Sequence[str], places: Iterable[tuple[int, str, int]] | None
    ) -> None:
        """URLs of a site that are never to be asked for, and where all other records are now, as
        (row id, file, offset); every other place of the site is gone with this. None: no record
        moves."""
        with self._transaction():
            for url in urls:
                self._db.execute(
                    "INSERT INTO urls (site, url, kind, state, depth, hops, reason)"
                    " VALUES (?, ?, 'page', 'gone', 0, 0, 'forgotten')"
                    " ON CONFLICT (site, url) DO UPDATE SET kind = 'page', state = 'gone',"
                    " reason = 'forgotten', said = NULL, etag = NULL, modified = NULL,"
                    " article = NULL",
                    (site, url),
                )
            if places is None:
                return
            old = self.files_of(site)
            self._db.execute(
                "CREATE TEMP TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, file, offset)"
            )
            self._db.execute("DELETE FROM temp.kept")
            self._db.executemany("INSERT INTO temp.kept VALUES (?, ?, ?)", places)
            self._db.execute(
                "UPDATE urls SET file = NULL, offset = NULL, length = NULL, digest = NULL"
                " WHERE site = ? AND id NOT IN (SELECT id FROM temp.kept)",
                (site,),
            )
            self._db.execute(
                "UPDATE urls SET file = kept.file, offset = kept.offset FROM temp.kept"
                " WHERE urls.id = kept.id"
            )
            for name in old:
                self._db.execute("DELETE FROM meta WHERE key = ?", (carry.INHERITED + name,))
            self._db.execute("DELETE FROM meta WHERE key = ?", (f"file:{site}",))

    def _meta(self, prefix: str) -> list[tuple[str, str]]:
        with self._errors():
            rows = self._db.execute(
                "SELECT key, value FROM meta WHERE substr(key, 1, ?) = ? ORDER BY key",
                (len(prefix), prefix),
            ).fetchall()
        return [(key[len(prefix) :], value) for key, value in rows]

    # ── inside ─────────────────────────────────────────────────────────────────────────────────

    def _said(self, url: Url, said: str) -> bool:
        """Whether another page of the site said the same before."""
        row = self._db.execute(
            "SELECT 1 FROM urls WHERE site = ? AND said = ? AND id != ? LIMIT 1",
            (url.site, said, url.id),
        ).fetchone()
        return row is not None

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
