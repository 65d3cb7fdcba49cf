"""What shards left, joined: one frontier, all archives, and the two tables by id and by source."""

import contextlib
import heapq
import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from data_prep.collect import share, tables
from data_prep.collect.parts import Shard
from data_prep.collect.site.carry import INHERITED
from data_prep.collect.site.frontier import Frontier
from data_prep.collect.site.inherited import inherit
from data_prep.collect.snapshots import FINISHED, SITES
from korpu import artifact
from korpu.errors import SaysNo, UsageError
from korpu.schema import Recipe

MERGED = "merged"  # the frontier's mark: no crawl began in this directory
IDS = ("id", "parent", "finder")  # columns of the frontier that name rows
_BATCH = 1_000  # rows of one shard in memory


def empty(out: Path) -> None:
    """Take away what a killed merge left; raises ``UsageError`` where a crawl was begun."""
    out.mkdir(parents=True, exist_ok=True)
    frontier = out / "frontier.sqlite"
    if frontier.exists():
        # what stands in its write-ahead log does not matter: a merged one was closed before it came
        address = _address(frontier, "ro", immutable=True)
        with contextlib.closing(sqlite3.connect(address, uri=True)) as db:
            try:
                marked = db.execute("SELECT 1 FROM meta WHERE key = ?", (MERGED,)).fetchone()
            except sqlite3.DatabaseError:
                marked = None
        if marked is None:
            raise UsageError(
                f"an undivided crawl was begun in {out}; finish it with `korpu collect`, or delete "
                "it to merge there"
            )
    shutil.rmtree(out / "raw", ignore_errors=True)
    for suffix in ("", "-wal", "-shm"):
        (out / f"frontier.sqlite{suffix}").unlink(missing_ok=True)


def frontier(recipe: Recipe, shards: Sequence[Shard], out: Path) -> None:
    """One frontier of all rows; ids and parents move up behind those of the shards before."""
    scratch = out / "work" / "merge"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    joined = scratch / "frontier.sqlite"
    Frontier(joined, share.source_digest(recipe.source, recipe.collect)).close()
    with contextlib.closing(
        sqlite3.connect(_address(joined, "rw"), uri=True, isolation_level=None)
    ) as db:
        db.execute("INSERT INTO meta VALUES (?, ?)", (MERGED, str(len(shards))))
        said: list[dict[str, str]] = []
        for shard in shards:
            if not shard.lists("frontier.sqlite"):
                continue
            theirs = shard.made.file("frontier.sqlite")
            db.execute("ATTACH ? AS shard", (_address(theirs, "ro", immutable=True),))
            if _columns(db, "shard") != _columns(db, "main"):
                raise UsageError(f"{theirs} has other columns: another version of korpu made it")
            _add_rows(db)
            said.append(dict(db.execute("SELECT key, value FROM shard.meta")))
            db.execute("DETACH shard")
        db.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", _meta(said).items())
    artifact.fsync_tree(joined)
    artifact.replace_durably(joined, out / "frontier.sqlite")


def _add_rows(db: sqlite3.Connection) -> None:
    """Take over every table of the shard. Ids move up, and so does what names a row by its id."""
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM main.urls").fetchone()
    db.execute("BEGIN IMMEDIATE")
    for table, columns in _columns(db, "main").items():
        if table == "meta":
            continue
        moved = [f"{name} + {last}" if name in IDS and table == "urls" else name
                 for name in columns]  # fmt: skip
        db.execute(
            f"INSERT INTO main.{table} ({', '.join(columns)})"
            f" SELECT {', '.join(moved)} FROM shard.{table}"
        )
    db.execute("COMMIT")


def _meta(said: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What the shards' frontiers say of themselves, together: a crawl is finished when all are, and
    nothing has to be fetched from an earlier snapshot's folder, since all archives are here."""
    together: dict[str, str] = {}
    sites: dict[str, str] = {}
    for one in said:
        together |= {k: v for k, v in one.items() if not k.startswith(INHERITED)}
        sites |= json.loads(one.get(SITES, "{}"))
    if any(FINISHED not in one for one in said):
        together.pop(FINISHED, None)
    return together | {SITES: json.dumps(sites)}


def _columns(db: sqlite3.Connection, schema: str) -> dict[str, list[str]]:
    """The names of the columns of every table."""
    tables = db.execute(
        f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table' ORDER BY name"
    ).fetchall()
    return {
        name: [row[1] for row in db.execute(f"PRAGMA {schema}.table_info({name})")]
        for (name,) in tables
        if not name.startswith("sqlite_")
    }


def _address(path: Path, mode: str, immutable: bool = False) -> str:
    """A SQLite URI. ``immutable``: of a finished artifact, beside which no file may appear."""
    return f"file:{quote(str(path.absolute()))}?mode={mode}{'&immutable=1' if immutable else ''}"


def archives(shards: Sequence[Shard], out: Path) -> list[str]:
    """Link every archive, or copy it where the file system cannot; returns their paths."""
    from_shard: dict[str, tuple[Shard, str]] = {}
    for shard in shards:
        for entry in shard.made.manifest["files"]:
            path, digest = entry["path"], entry["sha256"]
            if not path.startswith("raw/"):
                continue
            other = from_shard.setdefault(path, (shard, digest))
            if other[1] != digest:
                raise SaysNo(
                    f"{path} of {other[0].made.directory} and of {shard.made.directory} are not "
                    "the same file; the two do not belong together"
                )
            inherit(shard.made.directory / "raw", out / "raw", [path.removeprefix("raw/")])
    return list(from_shard)


def pairs(shards: Sequence[Shard]) -> Iterator[dict[str, Any]]:
    """The shards' pairs in the order of the undivided run: by source, each whole in one shard."""
    streams = [_rows(shard.made.file("pairs.parquet"), tables.PAIRS) for shard in shards]
    return heapq.merge(*streams, key=itemgetter("origin"))


def articles(
    shards: Sequence[Shard], forgotten: frozenset[str], stats: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The shards' articles by id, one for each; ``stats`` follow what is left out."""
    by_id = itemgetter("id")
    streams = [_rows(shard.made.file("articles.parquet"), tables.ARTICLES) for shard in shards]
    for _, same in groupby(heapq.merge(*streams, key=by_id), key=by_id):
        best, *others = sorted(same, key=_rank)
        for row in others:
            _left_out(row, "same_canonical_url", stats)
        if best["url"] in forgotten or _page(best) in forgotten:
            _left_out(best, "forgotten", stats)
        else:
            yield best


def _rank(row: Mapping[str, Any]) -> tuple[bool, str, str]:
    """As ``unique.Best`` has it; a page is in two shards only by two sources, so never equal."""
    return (_page(row) != row["url"], _page(row), row["site"])


def _page(row: Mapping[str, Any]) -> str:
    return str(row.get("page") or row["url"])


def _left_out(row: Mapping[str, Any], reason: str, stats: dict[str, Any]) -> None:
    of_site = stats["sites"][row["site"]]
    of_site["articles"][row["language"]] -= 1
    if not of_site["articles"][row["language"]]:
        del of_site["articles"][row["language"]]
    of_site["dated"] -= row["published"] is not None
    of_site["left_out"][reason] = of_site["left_out"].get(reason, 0) + 1


def _rows(path: Path, schema: pa.Schema) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH, columns=schema.names):
            yield from batch.to_pylist()


def added(values: Sequence[Any]) -> Any:
    """Numbers are added up, name by name; anything else stays where it is the same in all."""
    if all(isinstance(value, Mapping) for value in values):
        names = dict.fromkeys(name for value in values for name in value)
        return {name: added([value[name] for value in values if name in value]) for name in names}
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return round(sum(values), 2)
    return values[0] if all(value == values[0] for value in values) else list(values)
