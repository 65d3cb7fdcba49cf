"""Translations kept by what makes them: another metric or test set translates nothing again.

One SQLite file for each (model, decoding, decoder version), named by the digest of that identity;
in it one row for each source and direction. Rows come in transactions, so a killed evaluation has
what it had done; several processes may share a file. The cache only saves time: it may be deleted.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from korpu import log
from korpu.artifact import digest
from korpu.errors import Infrastructure

PATIENCE = 60  # seconds for another process's transaction
ASKED = 500  # sources in one query
TABLES = (
    "CREATE TABLE IF NOT EXISTS about (identity TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS translations (direction TEXT, source TEXT, target TEXT NOT NULL,"
    " PRIMARY KEY (direction, source)) WITHOUT ROWID",
)


def path_of(folder: Path, identity: Mapping[str, Any]) -> Path:
    """Where the translations of this identity are."""
    return folder / f"{digest(identity)[:16]}.sqlite"


def known(path: Path, direction: str, sources: Sequence[str]) -> dict[str, str]:
    """Source to translation, of those that are there. A damaged file is put aside and said.

    Raises ``Infrastructure`` where it cannot be read.
    """
    if not path.exists():
        return {}
    found: dict[str, str] = {}
    try:
        with _opened(path) as base:
            for at in range(0, len(sources), ASKED):
                some = list(sources[at : at + ASKED])
                marks = ",".join("?" * len(some))
                rows = base.execute(
                    f"SELECT source, target FROM translations "
                    f"WHERE direction = ? AND source IN ({marks})",
                    [direction, *some],
                )
                found.update(rows)
    except sqlite3.OperationalError as error:  # another's transaction, the disk
        raise Infrastructure(f"the cache {path} cannot be read: {error}") from error
    except sqlite3.DatabaseError as error:
        aside = path.with_suffix(".damaged")
        path.replace(aside)
        log.say(f"  the cache {path} is damaged ({error}); it is now {aside}, and starts anew")
        return {}
    return found


def keep(path: Path, identity: Mapping[str, Any], direction: str, pairs: Mapping[str, str]) -> None:
    """Add translations, all or none. Raises ``Infrastructure`` where they cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _opened(path) as base, base:
            said = json.dumps(identity, sort_keys=True, ensure_ascii=False)
            base.execute("INSERT OR IGNORE INTO about VALUES (?)", [said])
            base.executemany(
                "INSERT OR REPLACE INTO translations VALUES (?, ?, ?)",
                [(direction, source, target) for source, target in pairs.items()],
            )
    except (OSError, sqlite3.Error) as error:
        raise Infrastructure(f"the cache {path} cannot be written: {error}") from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE)) as base:
        for table in TABLES:
            base.execute(table)
        yield base
