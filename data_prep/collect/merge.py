"""`korpu collect merge=…`: what n machines collected with `source.shard=i/n`, as one snapshot.

The result is the undivided recipe's: the same key, and the same content as one machine would have
made of the same sites. The shards stay as they are; archives are hard links to theirs.
"""

from __future__ import annotations

import contextlib
import glob
import heapq
import json
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from data_prep.collect import forget, share, tables
from data_prep.collect.carry import INHERITED
from data_prep.collect.frontier import Frontier
from data_prep.collect.inherited import inherit
from data_prep.collect.snapshots import FINISHED, SITES
from korpu import artifact, log, stages
from korpu.artifact import Artifact, File, Result
from korpu.config import key_config, key_of
from korpu.errors import SaysNo, Stopped, UsageError
from korpu.schema import Recipe

STAGE = stages.STAGES["collect"]
MERGED = "merged"  # the frontier's mark: no crawl began in this directory
IDS = ("id", "parent", "finder")  # columns of the frontier that name rows
_BATCH = 1_000  # rows of one shard in memory


@dataclass(frozen=True)
class Shard:
    """A finished shard; ``number`` of ``of``."""

    number: int
    of: int
    made: Artifact

    @property
    def label(self) -> str:
        return f"{self.number}/{self.of}"

    def lists(self, path: str) -> bool:
        """Whether its manifest has a file."""
        return any(entry["path"] == path for entry in self.made.manifest["files"])


def merge_action(recipe: Recipe, value: str) -> None:
    """Make the undivided recipe's `collect` out of shards, and print where it lies.

    ``value``: directories with commas between them, in brackets or not, each of them a glob.
    Raises what ``merge`` raises, and ``UsageError`` where the directory holds something else.
    """
    if recipe.source.shard is not None:
        raise UsageError("merge= makes the undivided snapshot; leave source.shard out")
    place = stages.plan(recipe, STAGE.name)[STAGE.name]
    directory = Path(recipe.out) if recipe.out else place.directory
    assert directory is not None and place.key is not None
    made = artifact.load(directory)
    if made is not None and made.key != place.key:
        raise UsageError(f"{directory} holds another result; name an empty directory in out=")
    if made is not None:
        log.say(f"collect: already done, {directory}")
    else:
        made = _make(recipe, directories(value, directory), directory, place.key)
    print(f"{STAGE.name:<9} {made.directory}")


def _make(recipe: Recipe, found: list[Path], directory: Path, key: str) -> Artifact:
    started = time.time()
    with artifact.locked(directory):
        done = artifact.load(directory)  # another process may have finished just now
        if done is not None and done.key == key:
            return done
        log.say(f"collect: merging {len(found)} shards into {directory}")
        with log.stage(STAGE.name, STAGE.command, directory):
            try:
                result = merge(recipe, found, directory)
            except Stopped as stopped:
                artifact.write_json(
                    directory / artifact.RESUMABLE,
                    {"stage": STAGE.name, "signal": stopped.signal_name, "resume": "run it again"},
                )
                raise
            return artifact.commit(
                directory,
                stage=STAGE.name,
                key=key,
                config=key_config(recipe, STAGE.sections),
                inputs=[],
                result=result,
                started=started,
            )


def directories(value: str, out: Path) -> list[Path]:
    """The directories that ``value`` names; a glob never means ``out`` itself.

    Raises ``UsageError`` where one of them matches nothing.
    """
    words = [word.strip().strip("'\"") for word in value.strip().strip("[]").split(",")]
    found: list[Path] = []
    for word in filter(None, words):
        if glob.has_magic(word) and not Path(word).exists():
            paths = glob.glob(word)  # noqa: PTH207 - a pattern may be absolute
            fitting = [Path(path) for path in sorted(paths) if Path(path).is_dir()]
            fitting = [path for path in fitting if path.resolve() != out.resolve()]
            if not fitting:
                raise UsageError(f"merge: no directory fits {word}")
            found += fitting
        elif not Path(word).is_dir():
            raise UsageError(f"merge: there is no directory {word}")
        else:
            found.append(Path(word))
    if not found:
        raise UsageError("merge: name the shards' directories, such as merge=DIR,DIR")
    return found


def merge(recipe: Recipe, found: Sequence[Path], out: Path) -> Result:
    """Join the shards in ``found`` into what the undivided recipe makes of the same sources.

    Articles that were forgotten since are left out. A killed merge is done again from the start.
    Raises ``UsageError`` where the directories are not all the shards of this recipe or ``out``
    holds a crawl that was begun, ``SaysNo`` where a shard's file is not the one that was written.
    """
    shards = check(recipe, found)
    _empty(out)
    stats = _added([shard.made.stats for shard in shards])
    stats.pop("pages_per_second", None)  # machines at the same time: no sum, no mean of it is true
    listed: list[File] = []
    # The frontier before the archives: an archive is a hard link to the shard's, and without the
    # frontier a crawl that is started here by mistake would cut it to nothing.
    if any(shard.lists("frontier.sqlite") for shard in shards):
        _frontier(recipe, shards, out)
        listed.append(File("frontier.sqlite", counts=False))
    listed += [File(path, counts=False) for path in _archives(shards, out)]
    pairs = tables.write(out / "pairs.parquet", tables.PAIRS, _pairs(shards))
    rows = _articles(shards, forget.forgotten(Path(recipe.runtime.outputs)), stats)
    articles = tables.write(out / "articles.parquet", tables.ARTICLES, rows)
    stats |= {"articles": articles, "pairs": pairs}
    stats["shards"] = [
        {"shard": shard.label, "manifest_sha256": shard.made.reference()["manifest_sha256"]}
        for shard in shards
    ]
    log.say(f"  collect: {articles} articles, {pairs} pairs of {len(shards)} shards")
    return Result(
        (
            File("articles.parquet", rows=articles, time_columns=("fetched",)),
            File("pairs.parquet", rows=pairs),
            *sorted(listed, key=lambda file: file.path),
        ),
        stats,
    )


# ── checking ───────────────────────────────────────────────────────────────────────────────────


def check(recipe: Recipe, found: Sequence[Path]) -> list[Shard]:
    """The shards in order, all of them, of this recipe, and whole.

    Raises ``UsageError`` naming the directory that does not belong or the shard that is missing,
    ``SaysNo`` naming the file that was changed.
    """
    shards = sorted((_shard(path) for path in found), key=lambda shard: shard.number)
    first = shards[0]
    for shard in shards[1:]:
        if shard.of != first.of:
            raise UsageError(
                f"{first.made.directory} is shard {first.label} and {shard.made.directory} is "
                f"shard {shard.label}; merge shards of one division"
            )
    for one, other in pairwise(shards):
        if one.number == other.number:
            raise UsageError(
                f"shard {one.label} is there twice: {one.made.directory} and "
                f"{other.made.directory}; name one of them"
            )
    there = {shard.number for shard in shards}
    missing = [f"{n}/{first.of}" for n in range(1, first.of + 1) if n not in there]
    if missing:
        raise UsageError(
            f"shard {', '.join(missing)} is missing; collect it with source.shard={missing[0]} and "
            "the same recipe, and name its directory too"
        )
    wanted = json.loads(json.dumps(key_config(recipe, STAGE.sections)))
    for shard in shards:
        _same_recipe(shard, wanted)
    for shard in shards:
        _whole(shard)
    return shards


def _shard(path: Path) -> Shard:
    made = artifact.load(path)
    if made is None:
        raise UsageError(
            f"{path} has no valid {artifact.MANIFEST}, so its collect is not done; run it there to "
            "the end"
        )
    if made.stage != STAGE.name:
        raise UsageError(f"{path} was made by {made.stage}; name directories that collect made")
    label = made.manifest["config"].get("source", {}).get("shard")
    if label is None:
        raise UsageError(f"{path} is no shard: it was collected without source.shard")
    number, of = share.parse(label)
    return Shard(number, of, made)


def _same_recipe(shard: Shard, wanted: Mapping[str, Any]) -> None:
    config = shard.made.manifest["config"]
    theirs, ours = (dict(_flat({**c, "source": {**c["source"], "shard": None}})) for c in
                    (config, wanted))  # fmt: skip
    for key in sorted(theirs.keys() | ours.keys()):
        if key not in theirs or key not in ours or theirs[key] != ours[key]:
            raise UsageError(
                f"{shard.made.directory} was collected with {_said(key, theirs)}, but this recipe "
                f"has {_said(key, ours)}; merge with the recipe that the shards were made with"
            )
    if key_of(STAGE.name, STAGE.version, config, []) != shard.made.key:
        raise UsageError(
            f"{shard.made.directory} was collected by another version of korpu; collect its shard "
            f"{shard.label} again"
        )


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inside in value.items():
            yield from _flat(inside, f"{key}.{name}" if key else name)
    else:
        yield key, value


def _said(key: str, config: Mapping[str, Any]) -> str:
    return f"{key}={json.dumps(config[key], ensure_ascii=False)}" if key in config else f"no {key}"


def _whole(shard: Shard) -> None:
    try:
        shard.made.verify()
    except SaysNo as error:
        raise SaysNo(
            f"shard {shard.label}: {error}; copy the shard here again, or collect it again"
        ) from None
    for name, schema in (("articles", tables.ARTICLES), ("pairs", tables.PAIRS)):
        path = shard.made.file(f"{name}.parquet")
        if not pq.read_schema(path).remove_metadata().equals(schema):
            raise UsageError(f"{path} has other columns: another version of korpu made it")


def _empty(out: Path) -> None:
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


# ── joining ────────────────────────────────────────────────────────────────────────────────────


def _frontier(recipe: Recipe, shards: Sequence[Shard], out: Path) -> None:
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


def _archives(shards: Sequence[Shard], out: Path) -> list[str]:
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


def _pairs(shards: Sequence[Shard]) -> Iterator[dict[str, Any]]:
    """The shards' pairs in the order of the undivided run: by source, each whole in one shard."""
    streams = [_rows(shard.made.file("pairs.parquet"), tables.PAIRS) for shard in shards]
    return heapq.merge(*streams, key=itemgetter("origin"))


def _articles(
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


def _added(values: Sequence[Any]) -> Any:
    """Numbers are added up, name by name; anything else stays where it is the same in all."""
    if all(isinstance(value, Mapping) for value in values):
        names = dict.fromkeys(name for value in values for name in value)
        return {name: _added([value[name] for value in values if name in value]) for name in names}
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return round(sum(values), 2)
    return values[0] if all(value == values[0] for value in values) else list(values)
