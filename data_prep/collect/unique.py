"""One article for each canonical URL, however many pages show it, in little memory.

Rows go through a temporary SQLite file, so a hundred thousand articles cost disk and not memory.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_SCHEMA = "CREATE TABLE best (id TEXT PRIMARY KEY, rank TEXT, fetched TEXT, site TEXT, row TEXT)"
EVERY = 5_000  # rows of one transaction


class Best:
    """The best row of each id so far, and why pages gave none.

    Of several pages with the same canonical URL it is the page itself, else the first by URL, then
    by source; of several captures of one page (in given WARC files) it is the latest.
    """

    def __init__(self, path: Path) -> None:
        """Start anew at ``path``, a scratch file. Raises ``OSError`` where the disk refuses."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")  # scratch: a killed run makes it again
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(_SCHEMA)
        self.reasons: dict[str, Counter[str]] = {}

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Take rows of ``extract``: articles, or reasons why a page is none."""
        self._db.execute("BEGIN")
        for number, row in enumerate(rows, 1):
            if number % EVERY == 0:
                self._db.execute("COMMIT")
                self._db.execute("BEGIN")
            counts = self.reasons.setdefault(row["site"], Counter())
            if "reason" in row:
                counts[row["reason"]] += 1
            else:
                self._article(row)
        self._db.execute("COMMIT")

    def _article(self, row: dict[str, Any]) -> None:
        rank = json.dumps([row["page"] != row["url"], row["page"], row["site"]])
        found = self._db.execute(
            "SELECT rank, fetched, site FROM best WHERE id = ?", (row["id"],)
        ).fetchone()
        if found is not None:
            same = json.loads(found[0]) == json.loads(rank)
            better = row["fetched"] > found[1] if same else json.loads(rank) < json.loads(found[0])
            loser = found[2] if better else row["site"]
            reason = "older_capture" if same else "same_canonical_url"
            self.reasons.setdefault(loser, Counter())[reason] += 1
            if not better:
                return
        self._db.execute(
            "INSERT OR REPLACE INTO best VALUES (?, ?, ?, ?, ?)",
            (row["id"], rank, row["fetched"], row["site"], json.dumps(row, ensure_ascii=False)),
        )

    def rows(self) -> Iterator[dict[str, Any]]:
        """The best rows by id."""
        for (row,) in self._db.execute("SELECT row FROM best ORDER BY id"):
            yield json.loads(row)

    def close(self) -> None:
        """Close the scratch file."""
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
