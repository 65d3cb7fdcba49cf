"""What a later snapshot takes over from an earlier frontier, and what it asks for again.

Again: robots.txt, starts, archive pages, sitemaps, feeds, pages that were no articles, articles
that are young or that a sitemap says have changed, and what failed for a passing reason. Not
again: all other articles, redirects, and what was refused or is gone for good. Nothing is asked
for again where both are of one snapshot (another recipe, or better extraction).
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote

from data_prep.collect.site.window import OUTSIDE, SKIPPED, Window
from korpu.schema import Site

INHERITED = "inherited:"  # before a file's name, in the meta table
PASSING = (
    *("timeout", "connection", "bad_encoding", "robots", "robots_unreachable"),
    *(f"http_{status}" for status in (408, 425, 429, *range(500, 600))),
)
_PASSING = ", ".join(f"'{reason}'" for reason in PASSING)
_AGAIN = f"""
  kind IN ('robots', 'sitemap', 'feed') OR parent IS NULL
  OR state IN ('done', 'gone') AND reason IN ({_PASSING})
  OR state = 'done' AND kind = 'html' AND (
    coalesce(article, 0) = 0 OR lastmod > asked OR substr(coalesce(listed, first), 1, 10) > :young)
"""


@dataclass(frozen=True)
class Carried:
    """Where rows come from and where they go. ``raw`` is the folder of the earlier WARC files."""

    snapshot: str
    revisit_days: int
    raw: Path

    @property
    def young(self) -> str:
        """The day after which an article was published that is asked for again."""
        return str(date.fromisoformat(self.snapshot) - timedelta(days=self.revisit_days))


@contextlib.contextmanager
def attached(
    db: sqlite3.Connection,
    previous: Path,
    scratch: Path,
    errors: Callable[[], contextlib.AbstractContextManager[None]],
) -> Iterator[None]:
    """The older frontier as the schema ``older``, without a byte written beside it.

    One that was not closed has a write-ahead log; a copy of both is read then.
    """
    copies = scratch / "previous.tmp"
    shutil.rmtree(copies, ignore_errors=True)
    log = previous.with_name(previous.name + "-wal")
    source, how = previous, "?mode=ro&immutable=1"
    try:
        if log.exists() and log.stat().st_size:
            copies.mkdir()
            for path in (previous, log):
                shutil.copyfile(path, copies / path.name)
            source, how = copies / previous.name, "?mode=rw"
        with errors():
            db.execute("ATTACH ? AS older", (f"file:{quote(str(source.absolute()))}{how}",))
        try:
            yield
        finally:
            with errors():
                db.execute("DETACH older")
    finally:
        shutil.rmtree(copies, ignore_errors=True)


def carry(db: sqlite3.Connection, name: str, site: Site, carried: Carried) -> None:
    """Copy one site's rows, inside a transaction; nothing where it has rows here already."""
    if db.execute("SELECT 1 FROM main.urls WHERE site = ? LIMIT 1", (name,)).fetchone():
        return
    theirs = {row[1] for row in db.execute("PRAGMA older.table_info(urls)")}
    ours = [row[1] for row in db.execute("PRAGMA main.table_info(urls)")]
    moved = ("id", "parent", "finder")
    columns = [column for column in ours if column in theirs]
    picked = [f"{column} + :last" if column in moved else column for column in columns]
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM main.urls").fetchone()
    db.execute(
        f"INSERT INTO main.urls ({', '.join(columns)}) SELECT {', '.join(picked)}"
        " FROM older.urls WHERE site = :site ORDER BY id",
        {"last": last, "site": name},
    )
    theirs_was = db.execute("SELECT value FROM older.meta WHERE key = 'snapshot'").fetchone()
    if theirs_was is None or theirs_was[0] != carried.snapshot:
        db.execute(
            f"UPDATE main.urls SET state = 'new', tries = 0, reason = NULL WHERE site = :site"
            f" AND ({_AGAIN}) AND coalesce(reason, '') != 'forgotten'",
            {"site": name, "young": carried.young},
        )
    _judge(db, name, site)
    files = db.execute(
        "SELECT DISTINCT file FROM main.urls WHERE site = ? AND file IS NOT NULL", (name,)
    ).fetchall()
    for (file,) in files:
        db.execute(
            "INSERT OR REPLACE INTO main.meta VALUES (?, ?)", (INHERITED + file, str(carried.raw))
        )


def _judge(db: sqlite3.Connection, name: str, site: Site) -> None:
    """What waits or was left out for its path or date is judged by the site as it is now."""
    window = Window(site)
    db.create_function("refused", 3, window.refuses, deterministic=True)
    ours = f"reason IN ('{SKIPPED}', '{OUTSIDE}')"
    db.execute(
        "UPDATE main.urls SET reason = refused(url, lastmod, listed) WHERE site = ?"
        f" AND parent IS NOT NULL AND digest IS NULL AND kind != 'robots'"
        f" AND (state = 'new' OR state = 'gone' AND {ours})",
        (name,),
    )
    db.execute(
        f"UPDATE main.urls SET state = CASE WHEN reason IS NULL THEN 'new' ELSE 'gone' END"
        f" WHERE site = ? AND (state = 'new' OR state = 'gone' AND (reason IS NULL OR {ours}))",
        (name,),
    )
