"""The stage `collect`: crawl, extract, and write the two tables."""

from __future__ import annotations

import dataclasses
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data_prep.collect import files, shards, tables
from data_prep.collect.crawl import crawl
from data_prep.collect.extract import Rules
from data_prep.collect.frontier import Frontier
from korpu import artifact, log
from korpu.artifact import Artifact, File, Result
from korpu.errors import SaysNo, UsageError
from korpu.languages import language
from korpu.schema import Recipe


def run(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Collect every source of the recipe into ``articles.parquet`` and ``pairs.parquet``.

    Raises ``UsageError`` for sources that cannot be right, ``Infrastructure`` where a site cannot
    be reached (all other sites are fetched first, and a rerun continues), ``SaysNo`` where the
    sites gave no article at all, ``OSError`` where the disk refuses.
    """
    del inputs
    check(recipe)
    left_out: dict[str, int] = {}
    pair_rows = files.pairs(recipe.source.files, left_out)
    pairs = tables.write(out / "pairs.parquet", tables.PAIRS, pair_rows)
    stats: dict[str, Any] = {"pairs": pairs, "empty_lines": left_out}
    listed = []
    rows: list[dict[str, Any]] = []
    if recipe.source.site:
        rows, found = _articles(recipe, out)
        stats |= found
        raw = sorted(path.name for path in (out / "raw").glob("*.warc.gz"))
        listed = [File(f"raw/{name}", counts=False) for name in raw]
        listed.append(File("frontier.sqlite", counts=False))
    articles = tables.write(out / "articles.parquet", tables.ARTICLES, rows)
    stats["articles"] = articles
    log.say(f"  collect: {articles} articles, {pairs} pairs")
    return Result(
        (
            File("articles.parquet", rows=articles, time_columns=("fetched",)),
            File("pairs.parquet", rows=pairs),
            *listed,
        ),
        stats,
    )


def check(recipe: Recipe) -> None:
    """Raise ``UsageError`` for what is wrong before anything is fetched."""
    for name, site in recipe.source.site.items():
        if not site.terms_checked:
            log.say(f"  {name}: nobody has checked this site's terms (source.site.{name})")
    if not recipe.source.site and not recipe.source.files:
        raise UsageError("source: there is nothing to collect; choose one, such as source=newsroom")
    for name in [*recipe.source.site, *recipe.source.files]:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}", name):
            raise UsageError(f"source: {name!r} cannot be a name; use letters, digits, - and _")
    try:
        date.fromisoformat(recipe.collect.snapshot)
    except ValueError:
        raise UsageError(
            f"collect.snapshot: {recipe.collect.snapshot!r} is no date; write YYYY-MM-DD"
        ) from None
    for name, site in recipe.source.site.items():
        where = f"source.site.{name}"
        try:
            ZoneInfo(site.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UsageError(
                f"{where}.timezone: {site.timezone!r} is no time zone; write one such as Asia/Baku"
            ) from None
        if not site.start or not site.languages:
            raise UsageError(f"{where}: start and languages must each name at least one")
        for prefix, code in site.languages.items():
            language(code)
            if not prefix.startswith("/"):
                raise UsageError(f"{where}.languages: {prefix!r} must start with /")


def _articles(recipe: Recipe, out: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Crawl and extract: the rows of ``articles.parquet``, and what became of every page."""
    sites, collect, raw = recipe.source.site, recipe.collect, out / "raw"
    settings = dataclasses.asdict(collect)
    del settings["workers"]
    about = {name: dataclasses.asdict(site) for name, site in sites.items()}
    frontier = Frontier(out / "frontier.sqlite", artifact.digest([about, settings]))
    began = time.monotonic()
    try:
        given_up = crawl(sites, collect, frontier, raw)
        crawled = time.monotonic() - began
        if given_up:
            first, *others = given_up.values()
            for other in others:
                log.say(f"  {other}")
            raise first
        counts, records = frontier.counts(), frontier.records()
    finally:
        frontier.close()
    rules = {
        name: Rules.of(site, collect.snapshot, collect.min_characters)
        for name, site in sites.items()
    }
    parts = shards.plan(records, rules, raw, out / "work" / "extract")
    began = time.monotonic()
    with log.progress("extract", len(records), "pages") as advance:
        shards.make(parts, collect.workers, advance)
    extracted = time.monotonic() - began
    rows, reasons = _unique(shards.read(parts))
    for row in rows:
        site = sites[row["site"]]
        row |= {"licence": site.licence, "may_redistribute": site.may_redistribute}
    stats = _stats(counts, rows, reasons, list(sites))
    stats["seconds"] = {"crawl": round(crawled, 2), "extract": round(extracted, 2)}
    stats["pages_per_second"] = {
        "crawl": round(len(records) / max(crawled, 0.01), 1),
        "extract": round(len(records) / max(extracted, 0.01), 1),
    }
    if not rows:
        why = ", ".join(f"{reason} {count}" for reason, count in _total(reasons, counts))
        raise SaysNo(
            f"no article on {', '.join(sites)} ({why or 'no page was found'}); check start, "
            f"languages and collect.min_characters, and delete {out} to fetch again"
        )
    for name, of_site in stats["sites"].items():
        log.say(f"  {name}: {_line(of_site)}")
    return rows, stats


def _unique(
    found: Iterable[dict[str, Any]],
) -> tuple[list[dict[str, Any]], dict[str, Counter[str]]]:
    """One row for each canonical URL, sorted by id, and why other pages gave none.

    Of several pages with the same canonical URL it is the page itself, else the first by URL.
    """
    best: dict[str, dict[str, Any]] = {}
    reasons: dict[str, Counter[str]] = {}
    for row in found:
        of_site = reasons.setdefault(row["site"], Counter())
        if "reason" in row:
            of_site[row["reason"]] += 1
            continue
        other = best.get(row["id"])
        if other is not None:
            reasons[max(row, other, key=_rank)["site"]]["same_canonical_url"] += 1
        best[row["id"]] = row if other is None else min(row, other, key=_rank)
    return [best[key] for key in sorted(best)], reasons


def _rank(row: dict[str, Any]) -> tuple[bool, str, str]:
    return (row["page"] != row["url"], row["page"], row["site"])


def _stats(
    counts: list[tuple[str, str, str, str | None, int]],
    rows: list[dict[str, Any]],
    reasons: dict[str, Counter[str]],
    sites: list[str],
) -> dict[str, Any]:
    by_site: dict[str, Any] = {}
    for name in sites:
        of_site = [
            (kind, state, reason, n) for site, kind, state, reason, n in counts if site == name
        ]
        dropped = Counter(reasons.get(name, Counter()))
        for kind, _, reason, n in of_site:
            if reason and kind == "page":
                dropped[reason] += n
        languages = Counter(row["language"] for row in rows if row["site"] == name)
        by_site[name] = {
            "fetched": sum(n for kind, state, _, n in of_site if (kind, state) == ("html", "done")),
            "waiting": sum(n for kind, state, _, n in of_site if state == "new"),
            "articles": dict(sorted(languages.items())),
            "dated": sum(1 for row in rows if row["site"] == name and row["published"]),
            "left_out": dict(sorted(dropped.items())),
        }
    return {"sites": by_site}


def _total(
    reasons: dict[str, Counter[str]], counts: list[tuple[str, str, str, str | None, int]]
) -> list[tuple[str, int]]:
    total: Counter[str] = Counter()
    for of_site in reasons.values():
        total.update(of_site)
    for _, kind, _, reason, n in counts:
        if reason and kind == "page":
            total[reason] += n
    return total.most_common(5)


def _line(of_site: dict[str, Any]) -> str:
    articles = ", ".join(f"{n} {code}" for code, n in of_site["articles"].items()) or "no articles"
    left = ", ".join(f"{reason} {n}" for reason, n in of_site["left_out"].items())
    return f"{of_site['fetched']} pages, {articles}" + (f"; left out: {left}" if left else "")
