"""What is known of every URL, in SQLite: the one truth of a crawl.

A page is a WARC record, appended and fsynced, and then one transaction that holds where the record
lies and every link found on it. A kill between the two leaves a tail that the next start cuts; so
no page is lost and none is doubled. Order depends on what was found, never on time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from data_prep.collect.site import carry, links
from data_prep.collect.site.ledger import Ledger, Seen, Url
from data_prep.collect.site.links import Link, Spot
from data_prep.collect.site.traps import (
    shape,
)
from data_prep.collect.site.warc import Place
from korpu.schema import Site

_ROW = "id, site, url, kind, depth, hops, tries, entry, etag, modified, digest"
_CHUNK = 500  # rows that are held at a time


class Frontier(Ledger):
    """The ledger as a crawl writes it. Every method here is one durable transaction."""

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
            values: dict[str, object] = {
                "state": "done",
                "kind": seen.kind,
                "reason": seen.fault,
                "tries": 0,
                "snapshot": self.snapshot,
                "asked": seen.asked,
                "etag": seen.validators.etag,
                "modified": seen.validators.modified,
                "said": seen.said,
                "novel": novel,
            }
            if place is not None:
                values |= {"fetched": seen.asked, **dataclasses.asdict(place)}
            names = ", ".join(f"{name} = ?" for name in values)
            self._db.execute(
                f"UPDATE urls SET {names}, first = coalesce(first, ?) WHERE id = ?",
                (*values.values(), self.snapshot, url.id),
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

    # ── inside ─────────────────────────────────────────────────────────────────────────────────

    def _said(self, url: Url, said: str) -> bool:
        """Whether another page of the site said the same before."""
        row = self._db.execute(
            "SELECT 1 FROM urls WHERE site = ? AND said = ? AND id != ? LIMIT 1",
            (url.site, said, url.id),
        ).fetchone()
        return row is not None
