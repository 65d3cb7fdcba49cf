"""A crawl alone, without extraction: what a test of the frontier needs."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from data_prep.collect.site.crawl import crawl
from data_prep.collect.site.frontier import Frontier
from data_prep.collect.site.inherited import inherit_all
from korpu.errors import KorpuError
from korpu.schema import Site
from tests.collect.conftest import recipe_of


def fetch(
    out: Path, sites: Mapping[str, Site], previous: Path | None = None, **changes: Any
) -> dict[str, KorpuError]:
    """Crawl into ``out``, going on from the crawl in ``previous``; returns the errors by site."""
    collect = recipe_of(dict(sites), **changes).collect
    out.mkdir(parents=True, exist_ok=True)
    frontier = Frontier(out / "frontier.sqlite", "a test")
    frontier.snapshot = collect.snapshot
    try:
        if previous is not None:
            frontier.continue_from(
                previous / "frontier.sqlite", sites, collect.snapshot, collect.revisit_days
            )
        inherit_all(frontier, out / "raw")
        return crawl(sites, collect, frontier, out / "raw")
    finally:
        frontier.close()


def judge(out: Path, is_article: str = "/a") -> None:
    """What the extraction would say: pages under a path are articles."""
    frontier = Frontier(out / "frontier.sqlite", "a test")
    try:
        frontier.verdicts([(one.id, is_article in one.url) for one in frontier.records()])
    finally:
        frontier.close()


def rows(out: Path, query: str, *values: Any) -> list[Any]:
    """What the frontier in ``out`` answers."""
    with closing(sqlite3.connect(out / "frontier.sqlite")) as db:
        return db.execute(query, values).fetchall()


def reasons(out: Path) -> dict[str, int]:
    """How many URLs there are by reason."""
    return dict(
        rows(out, "SELECT reason, count(*) FROM urls WHERE reason IS NOT NULL GROUP BY reason")
    )


def pages(out: Path) -> set[str]:
    """Paths of all HTML pages with a record."""
    found = rows(out, "SELECT url FROM urls WHERE state = 'done' AND kind = 'html'")
    return {"/" + url.split("/", 3)[3] for (url,) in found}
