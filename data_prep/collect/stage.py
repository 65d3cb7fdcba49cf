"""The stage `collect`: take what is given, crawl, extract, and write the two tables."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from data_prep.collect import account, archives, checks, files, shards, snapshots, tables
from data_prep.collect.files import Context
from data_prep.collect.forget import forgotten
from data_prep.collect.page.extract import Rules
from data_prep.collect.shards import Shard
from data_prep.collect.share import share, source_digest
from data_prep.collect.site import inherited
from data_prep.collect.site.crawl import crawl
from data_prep.collect.site.frontier import Frontier
from data_prep.collect.site.ledger import Record
from data_prep.collect.site.urls import authority, canonical
from data_prep.collect.unique import Best
from korpu import log
from korpu.artifact import Artifact, File, Result
from korpu.errors import KorpuError, SaysNo
from korpu.schema import Recipe, Sources


@dataclass
class Work:
    """One run of the stage: what it is told, where it works, what went wrong so far."""

    recipe: Recipe
    sources: Sources  # of the recipe, or this shard's share of them
    out: Path
    failed: list[KorpuError | OSError] = field(default_factory=list)
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)  # of given rows
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def forgotten(self) -> frozenset[str]:
        """Addresses of articles that were taken down."""
        return forgotten(Path(self.recipe.runtime.outputs))

    def standing(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Rows of ``extract``; those of articles that were taken down are none any more."""
        for row in rows:
            if "reason" not in row and not self.forgotten.isdisjoint((row["url"], row["page"])):
                kept = {key: row[key] for key in ("site", "page", "fetched")}
                row = kept | {"reason": "forgotten"}
            yield row

    @property
    def scratch(self) -> Path:
        return self.out / "work"

    @property
    def context(self) -> Context:
        return Context(self.recipe.collect, self.scratch)

    def raise_first(self) -> None:
        """Raise the first failure; the others are said."""
        if self.failed:
            first, *others = self.failed
            for other in others:
                log.say(f"  {other}")
            raise first


@dataclass(frozen=True)
class Pages:
    """Archived pages of one source; ``records`` gives them anew each time, in a fixed order."""

    name: str
    folder: Path  # of the WARC files
    rules: Rules
    frontier: Frontier | None  # None: of given WARC files, indexed in ``index``
    index: Path | None = None

    def records(self) -> Iterator[Record]:
        """All pages, one at a time."""
        if self.frontier is not None:
            return self.frontier.records(self.name)
        assert self.index is not None
        return archives.records(self.name, self.index)


def run(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Collect every source of the recipe into ``articles.parquet`` and ``pairs.parquet``.

    A source that fails does not keep others from being collected; then the first error is raised,
    and a rerun asks for nothing that is already here. Raises ``UsageError`` for sources that
    cannot be right and for damaged files, ``Infrastructure`` where a site cannot be reached,
    ``SaysNo`` where a site gives no article, ``OSError`` where the disk refuses.
    """
    del inputs
    checks.sources(recipe)
    work = Work(recipe, share(recipe.source), out)
    pairs = tables.write(
        out / "pairs.parquet",
        tables.PAIRS,
        files.pairs(work.sources, work.context, work.left_out, work.failed),
    )
    given = files.articles(work.sources, work.context, work.left_out, work.failed)
    tables.write_lines(work.scratch / "given.jsonl", given)
    pages = _archived(work)
    frontier = _crawled(work) if work.sources.site else None
    try:
        work.raise_first()
        if frontier is not None:
            pages += _fetched(work, frontier)
        articles, stats = _articles(work, pages, frontier)
    finally:
        if frontier is not None:
            frontier.close()
    stats |= {"pairs": pairs, "articles": articles, "left_out": work.left_out}
    stats |= {"sources": files.notes(work.sources, work.context)}
    log.say(f"  collect: {articles} articles, {pairs} pairs")
    raw = sorted(path.name for path in (out / "raw").glob("*.warc.gz")) if frontier else []
    listed = [File(f"raw/{name}", counts=False) for name in raw]
    if frontier is not None:
        listed.append(File("frontier.sqlite", counts=False))
    return Result(
        (
            File("articles.parquet", rows=articles, time_columns=("fetched",)),
            File("pairs.parquet", rows=pairs),
            *listed,
        ),
        stats,
    )


def _archived(work: Work) -> list[Pages]:
    """Pages of the given WARC files."""
    collect, found = work.recipe.collect, []
    for name, source in sorted(work.sources.warc.items()):
        try:
            index = archives.index(name, source, collect.max_bytes, work.scratch / "index")
        except (KorpuError, OSError) as error:
            work.failed.append(error)
            continue
        rules = Rules.of(source, collect.snapshot, collect.min_characters)
        found.append(Pages(name, archives.root(Path(source.path)), rules, None, index))
    return found


def _crawled(work: Work) -> Frontier:
    """Crawl the sites, going on from the newest earlier crawl of each; what had to be given up is
    among the failures."""
    collect, raw = work.recipe.collect, work.out / "raw"
    frontier = Frontier(work.out / "frontier.sqlite", source_digest(work.sources, collect))
    frontier.snapshot = collect.snapshot
    began = time.monotonic()
    try:
        snapshots.go_on(work.recipe, work.sources.site, frontier, work.out)
        inherited.inherit_all(frontier, raw)
        for name, site in work.sources.site.items():
            hosts = {authority(url) for url in map(canonical, site.start) if url}
            gone = sorted(url for url in work.forgotten if authority(url) in hosts)
            if gone:
                inherited.without(frontier, raw, name, gone)
        if collect.fetch:
            given_up = crawl(work.sources.site, collect, frontier, raw)
            work.failed += given_up.values()
            if not given_up:
                frontier.mark(snapshots.FINISHED, "yes")
        elif frontier.marked(snapshots.FINISHED) is None:
            raise SaysNo(snapshots.missing(work.recipe, work.out))
    except BaseException:
        frontier.close()
        raise
    work.seconds["crawl"] = time.monotonic() - began
    return frontier


def _fetched(work: Work, frontier: Frontier) -> list[Pages]:
    collect = work.recipe.collect
    return [
        Pages(
            name,
            work.out / "raw",
            Rules.of(site, collect.snapshot, collect.min_characters),
            frontier,
        )
        for name, site in sorted(work.sources.site.items())
    ]


def _articles(
    work: Work, pages: list[Pages], frontier: Frontier | None
) -> tuple[int, dict[str, Any]]:
    """Extract every page and write ``articles.parquet``; returns its rows and what became of all.

    The frontier learns which pages were articles, so that a later snapshot knows what to ask for.
    """
    began = time.monotonic()
    pages_seen = _extract(work, pages)
    work.seconds["extract"] = time.monotonic() - began
    best = Best(work.scratch / "unique.sqlite")
    try:
        for source in pages:
            _take(work, source, best)
        best.add(work.standing(tables.read_lines(work.scratch / "given.jsonl")))
        licences, tally = account.licences(work.sources), account.Tally()
        rows = (row | licences[row["site"]] for row in best.rows())
        articles = tables.write(work.out / "articles.parquet", tables.ARTICLES, tally.over(rows))
        given = dict(work.left_out)
        for source in pages:
            if source.index is not None:
                given[source.name] = archives.left_out(source.index)
        crawled = frontier.counts() if frontier is not None else []
        sites = account.stats(work.sources, tally, best.reasons, crawled, given)
    finally:
        best.close()
    for name, of_site in sites.items():
        log.say(f"  {name}: {account.line(of_site)}")
        if not of_site["articles"]:
            work.failed.append(
                SaysNo(
                    f"{name} gave no article ({account.why(of_site)}); check its start, languages "
                    f"and collect.min_characters, or leave it out; delete {work.out} to fetch again"
                )
            )
    work.raise_first()
    return articles, {
        "sites": sites,
        "seconds": {name: round(value, 2) for name, value in work.seconds.items()},
        "pages_per_second": {
            name: round(pages_seen / max(value, 0.01), 1) for name, value in work.seconds.items()
        },
    }


def _extract(work: Work, pages: list[Pages]) -> int:
    """Make every shard that is missing; returns how many pages there are."""
    total = sum(1 for source in pages for _ in source.records())
    with log.progress("extract", total, "pages") as advance:
        every = chain.from_iterable(_shards(work, source) for source in pages)
        shards.make(every, work.recipe.collect.workers, advance)
    return total


def _shards(work: Work, source: Pages) -> Iterator[Shard]:
    return shards.plan(source.records(), source.rules, source.folder, work.scratch / "extract")


def _take(work: Work, source: Pages, best: Best) -> None:
    """Hand a source's rows over. The frontier learns which pages were articles, so that a later
    snapshot knows what to ask for again."""
    if source.frontier is None:
        best.add(work.standing(row for _, row in shards.read(_shards(work, source))))
        return
    verdicts: list[tuple[int, bool]] = []

    def judged() -> Iterator[dict[str, Any]]:
        for record, row in shards.read(_shards(work, source)):
            verdicts.append((record.id, "reason" not in row))
            yield row

    best.add(work.standing(judged()))
    source.frontier.verdicts(verdicts)
