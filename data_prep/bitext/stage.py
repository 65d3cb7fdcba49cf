"""The `prepare` stage, from top to bottom.

Articles become sentences, documents are paired, sentences aligned, pairs filtered; pairs from
aligned files join; what touches a benchmark, boilerplate and duplicates go; the rest is split.
Every step is a set of fixed tasks whose files lie under `work/`, so a killed run continues, any
number of workers gives the same, and nothing holds the corpus in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from data_prep import benchmarks
from data_prep.bitext import (
    aligned,
    buckets,
    card,
    decontaminate,
    dedupe,
    everywhere,
    inputs,
    mining,
    reasons,
    report,
    shards,
    split,
    splits,
)
from data_prep.bitext import sentences as texts
from data_prep.bitext.tally import Tally
from korpu import log, schema
from korpu.artifact import Artifact, File, Result, write_atomically
from korpu.errors import UsageError


def run(recipe: schema.Recipe, collected: Mapping[str, Artifact], out: Path) -> Result:
    """Write the three splits, what was rejected, the data card and the report.

    Raises ``UsageError`` for settings and inputs that cannot give a corpus (an empty split among
    them), ``SaysNo`` where a finished split overlaps a benchmark.
    """
    prepare = recipe.prepare
    codes = inputs.languages(prepare)
    inputs.check_settings(prepare)
    tables = inputs.check(collected["collect"], codes)
    test_sets = [benchmarks.load(name, b) for name, b in sorted(recipe.benchmark.items())]
    lines = decontaminate.index(test_sets, prepare.decontaminate)
    rules = split.Rules(prepare.split, recipe.seed)

    with shards.crew(prepare.workers, recipe.runtime) as crew:
        mined, counts = _from_articles(tables, codes, prepare, lines, out / "work", crew)
        given = _from_files(tables, codes, prepare, lines, out / "work", crew)
        known = buckets.corpus([*mined, *given])
        counts |= {"candidates": _rows(mined), "aligned_pairs": _rows(given)}
        if not known.rows:
            raise UsageError(_nothing(tables, counts, prepare))
        known = _judged(known, prepare, rules, out / "work" / "judged", crew)
        tally = Tally()
        written = splits.write(known, rules, "-".join(codes), out, tally)
        split.refuse_empty(
            written.splits, written.reasons, written.days, written.documents, prepare.split
        )
        finished = [
            out / path
            for path in written.files
            if path not in (splits.REJECTED, splits.CONTAMINATION)
        ]
        splits.verify(finished, lines, out / "work" / "verified", crew)

    summary = tally.summary()
    stats = _stats(written, counts, test_sets)
    sites = collected["collect"].stats.get("sites", {}).values()
    pages = sum(site.get("fetched", 0) for site in sites)
    stats["funnel"] = ({"pages": pages} if pages else {}) | stats["funnel"]
    write_atomically(out / "README.md", card.render(recipe, summary, stats))
    write_atomically(out / "report.html", report.render(recipe, summary, stats))
    log.say("  " + ", ".join(f"{name} {written.splits[name]}" for name in split.SPLITS))
    return Result((*written.artifact(), File("README.md"), File("report.html")), stats)


def _judged(
    known: buckets.Corpus,
    prepare: schema.Prepare,
    rules: split.Rules,
    work: Path,
    crew: shards.Crew,
) -> buckets.Corpus:
    # contamination before duplicates: the survivor of two equal pairs must not be the one that
    # goes with its document while the other is gone already
    known = _contaminated(known, work)
    for step in dedupe.steps(prepare):
        known = buckets.run(step, known, work, crew)
    # where one equal side is enough for a duplicate, no two splits can share a side, except
    # through a pair of other languages
    sides = prepare.dedupe.side == "both" or bool(prepare.pivots)
    return split.assign(known, rules, work, crew, shared_sides=sides)


def _contaminated(known: buckets.Corpus, work: Path) -> buckets.Corpus:
    """A document with one line of a benchmark goes entirely."""
    found = pl.concat(
        [
            pl.read_parquet(path, columns=["document_key", "benchmark"]).drop_nulls()
            for part in known.parts
            for path in part.files
        ]
    )
    if not found.height:
        return known
    reason = pl.lit(reasons.CONTAMINATED) + pl.col("benchmark").min()
    table = found.group_by("document_key").agg(reason=reason).sort("document_key")
    work.mkdir(parents=True, exist_ok=True)
    path = work / "contaminated.parquet"
    shards.keep(table, path)
    return replace(known, documents=(*known.documents, path))


def _rows(files: list[Path]) -> int:
    return buckets.corpus(files).rows


def _from_articles(
    tables: inputs.Collected,
    codes: tuple[str, str],
    prepare: schema.Prepare,
    lines: decontaminate.Index,
    work: Path,
    crew: shards.Crew,
) -> tuple[list[Path], dict[str, Any]]:
    counts: dict[str, Any] = {"articles": tables.article_rows}
    if not tables.article_rows:
        return [], counts
    starts = range(0, tables.article_rows, texts.SHARD)
    cut = shards.build(
        [texts.Slice(tables.articles, start, texts.SHARD, codes, lines) for start in starts],
        texts.split,
        work / "sentences",
        crew=crew,
        what="sentences",
    )
    articles = pl.scan_parquet(cut)
    used = articles.filter(pl.col("problem").is_null())
    problems = articles.select("problem").drop_nulls().group_by("problem").len().sort("problem")
    counts["unused_articles"] = dict(problems.collect().iter_rows())
    sizes = used.group_by("language").agg(pl.len(), pl.col("sentences").list.len().sum())
    sides = {code: (articles, lines) for code, articles, lines in sizes.collect().iter_rows()}
    counts["used_articles"] = sum(articles for articles, _ in sides.values())
    counts["sentences"] = {code: int(sides.get(code, (0, 0))[1]) for code in codes}
    if not all(code in sides for code in codes):
        return [], counts | {"documents": 0}
    found = mining.mine(cut, codes, prepare, work, crew)
    counts |= {"documents": len(found.pairs), "linked_documents": found.linked}
    todo = mining.tasks(found, prepare, lines)
    mined = shards.build(todo, mining.finish, work / "mined", crew=crew, what="alignment")
    others = everywhere.mine(
        cut, mined, found.fitted, codes, prepare, lines, work / "everywhere", crew
    )
    if others:
        counts["everywhere"] = _rows(others)
    return [*mined, *others], counts


def _from_files(
    tables: inputs.Collected,
    codes: tuple[str, str],
    prepare: schema.Prepare,
    lines: decontaminate.Index,
    work: Path,
    crew: shards.Crew,
) -> list[Path]:
    if not tables.pair_rows:
        return []
    starts = range(0, tables.pair_rows, aligned.SHARD)
    tasks = [
        aligned.Slice(tables.pairs, start, aligned.SHARD, codes, prepare, lines) for start in starts
    ]
    return shards.build(tasks, aligned.finish, work / "aligned", crew=crew, what="aligned pairs")


def _nothing(tables: inputs.Collected, counts: Mapping[str, Any], prepare: schema.Prepare) -> str:
    unused = ", ".join(f"{n} {why}" for why, n in counts.get("unused_articles", {}).items())
    sides = counts.get("sentences", {})
    if sides and not all(sides.values()):
        empty = " and ".join(code for code, size in sides.items() if not size)
        return (
            f"{tables.articles}: no usable article in {empty} (unused: {unused or 'none'}); check "
            "`source` and the languages it names"
        )
    return (
        f"{tables.articles}: no two of its {tables.article_rows} articles report the same, by "
        f"links or by margin within {prepare.align.days} days, or no sentence of them matches; "
        "lower prepare.align.document_margin or raise prepare.align.days"
    )


def _stats(
    written: splits.Written, counts: dict[str, Any], test_sets: list[benchmarks.TestSet]
) -> dict[str, Any]:
    rows = {name: written.splits[name] for name in split.SPLITS}
    others = {path: size for path, size in written.files.items() if "/" in path}
    counts = counts | {"kept": sum(rows.values()) + sum(others.values())}
    steps = ("articles", "used_articles", "documents", "candidates", "aligned_pairs", "kept")
    return counts | {
        "funnel": {name: counts[name] for name in steps if counts.get(name)},
        "splits": rows,
        "pivots": others,
        "rejected": dict(sorted(written.reasons.items(), key=lambda r: (-r[1], r[0]))),
        "contamination": written.files[splits.CONTAMINATION],
        "benchmarks": {test_set.name: test_set.sha256 for test_set in test_sets},
    }
