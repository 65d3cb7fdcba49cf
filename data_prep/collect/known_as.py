"""The addresses of one article: where redirects and canonical URLs lead, in all snapshots."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

import polars as pl

from data_prep.collect.page import extract
from data_prep.collect.page.extract import Rules
from data_prep.collect.site.ledger import Record
from korpu import artifact
from korpu.artifact import Artifact
from korpu.errors import SaysNo
from korpu.schema import Recipe, Site

_ROUNDS = 8  # of redirects and canonical URLs that lead on


@dataclass(frozen=True)
class Crawled:
    """A frontier. ``made`` is None while its snapshot is not finished."""

    directory: Path
    made: Artifact | None


def addresses(recipe: Recipe, urls: frozenset[str]) -> frozenset[str]:
    """``urls`` and what they lead to in any snapshot: redirects, and the pages' canonical URLs."""
    outputs = Path(recipe.runtime.outputs)
    found, new = set(urls), set(urls)
    for _ in range(_ROUNDS):
        ahead: set[str] = set()
        for crawled in frontiers(outputs):
            for row in fetched(crawled, new):
                if row["state"] == "moved":
                    ahead.add(row["target"])
                elif row["kind"] == "html" and row["file"] is not None:
                    ahead |= _canonical(recipe, crawled, row)
        for made in artifacts(outputs, "collect"):
            articles = table(made, "articles.parquet")
            if "page" in articles.collect_schema():
                shown = articles.filter(pl.col("page").is_in(list(new))).select("url").collect()
                ahead |= set(shown["url"])
        new = ahead - found
        if not new:
            break
        found |= new
    return frozenset(found)


def _canonical(recipe: Recipe, crawled: Crawled, row: sqlite3.Row) -> set[str]:
    """The article's URL that an archived page gives; nothing where it gives no article."""
    rules = _rules(recipe, crawled, row["site"])
    if rules is None:
        return set()
    record = Record(**{name: row[name] for name in Record.__dataclass_fields__})
    try:
        page = extract.article(record, crawled.directory / "raw", rules)
    except (SaysNo, OSError):
        return set()  # the archive is gone or damaged; the address itself stays forgotten
    return {page["url"]} if "url" in page else set()


def _rules(recipe: Recipe, crawled: Crawled, site: str) -> Rules | None:
    if crawled.made is None:
        ours, collect = recipe.source.site.get(site), asdict(recipe.collect)
    else:
        config = crawled.made.manifest["config"]
        theirs, collect = config["source"]["site"].get(site), config["collect"]
        ours = Site(**theirs) if theirs else None
    return Rules.of(ours, collect["snapshot"], collect["min_characters"]) if ours else None


def frontiers(outputs: Path) -> Iterator[Crawled]:
    for path in sorted((outputs / "collect").glob("*/frontier.sqlite")):
        yield Crawled(path.parent, artifact.load(path.parent))


def fetched(crawled: Crawled, urls: set[str]) -> list[sqlite3.Row]:
    """A frontier's rows of some URLs that were fetched; nothing where it cannot be read."""
    path = crawled.directory / "frontier.sqlite"
    mode = "ro" if crawled.made is None else "ro&immutable=1"  # no file appears beside a done one
    marks = ", ".join("?" for _ in urls)
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(
            sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True)
        ) as db,
    ):
        db.row_factory = sqlite3.Row
        return db.execute(
            f"SELECT * FROM urls WHERE url IN ({marks})"
            " AND (state IN ('done', 'moved') OR file IS NOT NULL)",
            sorted(urls),
        ).fetchall()
    return []


def artifacts(outputs: Path, stage: str) -> Iterator[Artifact]:
    for path in sorted((outputs / stage).glob(f"*/{artifact.MANIFEST}")):
        made = artifact.load(path.parent)
        if made is not None and made.stage == stage:
            yield made


def table(made: Artifact, name: str) -> pl.LazyFrame:
    path = made.file(name)
    try:
        table = pl.scan_parquet(path)
        table.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SaysNo(
            f"{path} cannot be read as Parquet, so nobody can say whether the article is in it; "
            f"delete {made.directory}"
        ) from error
    return table
