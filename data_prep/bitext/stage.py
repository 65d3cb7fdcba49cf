"""The `prepare` stage, from top to bottom.

Articles become sentences, documents are paired, sentences aligned, pairs filtered; pairs from
aligned files join; duplicates and whatever touches a benchmark go; the rest is split. The dear
steps lie in shards under `work/`, so that a killed run continues; the last ones take seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from data_prep import benchmarks
from data_prep.bitext import (
    aligned,
    card,
    columns,
    decontaminate,
    dedupe,
    inputs,
    mining,
    report,
    shards,
    split,
)
from data_prep.bitext import sentences as texts
from data_prep.bitext.documents import Article, day
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
    inputs.check_align(prepare.align)
    split.check(prepare.split)
    tables = inputs.check(collected["collect"], codes)
    test_sets = [benchmarks.load(name, b) for name, b in sorted(recipe.benchmark.items())]
    lines = decontaminate.index(test_sets)

    with shards.crew(prepare.workers) as crew:
        mined, counts = _from_articles(tables, codes, prepare, lines, out / "work", crew)
        given = _from_files(tables, codes, prepare, lines, out / "work", crew)
    both = pl.concat([mined, given], rechunk=True).sort("id")
    counts |= {"candidates": mined.height, "aligned_pairs": given.height}
    if not both.height:
        raise UsageError(_nothing(tables, counts, prepare))
    if both["id"].n_unique() != both.height:
        both = both.unique("id", keep="first", maintain_order=True)

    # contamination before duplicates: the survivor of two equal pairs must not be the one that
    # goes with its document while the other is gone already
    judged = dedupe.reject(decontaminate.reject(both))
    judged = split.assign(judged, prepare.split, recipe.seed)
    rejected = judged.filter(pl.col("reason").is_not_null())
    columns.write(rejected, out / "rejected.parquet", columns.REJECTED)
    split.refuse_empty(judged, prepare.split)

    files, rows = [], {}
    for name in split.SPLITS:
        path = out / f"{name}.parquet"
        rows[name] = columns.write(judged.filter(split=name), path, columns.CORPUS)
        files.append(File(path.name, rows=rows[name]))
    decontaminate.check([out / file.path for file in files], lines)
    stats = _stats(judged, counts | {"kept": sum(rows.values())}, rows, test_sets)
    sites = collected["collect"].stats.get("sites", {}).values()
    pages = sum(site.get("fetched", 0) for site in sites)
    stats["funnel"] = ({"pages": pages} if pages else {}) | stats["funnel"]
    write_atomically(out / "README.md", card.render(recipe, judged, stats))
    write_atomically(out / "report.html", report.render(recipe, judged, stats))
    log.say("  " + ", ".join(f"{name} {count}" for name, count in rows.items()))
    files.append(File("rejected.parquet", rows=rejected.height))
    return Result((*files, File("README.md"), File("report.html")), stats)


def _from_articles(
    tables: inputs.Collected,
    codes: tuple[str, str],
    prepare: schema.Prepare,
    lines: decontaminate.Index,
    work: Path,
    crew: shards.Crew,
) -> tuple[pl.DataFrame, dict[str, Any]]:
    counts: dict[str, Any] = {"articles": tables.article_rows}
    if not tables.article_rows:
        return pl.DataFrame(schema=columns.CANDIDATE), counts
    starts = range(0, tables.article_rows, texts.SHARD)
    cut = shards.build(
        [texts.Slice(tables.articles, start, texts.SHARD, codes, lines) for start in starts],
        texts.split,
        work / "sentences",
        crew=crew,
        what="sentences",
    )
    everything = shards.read(cut).sort("id")
    used = everything.filter(pl.col("problem").is_null())
    problems = everything["problem"].drop_nulls().value_counts().sort("problem")
    counts["unused_articles"] = dict(problems.iter_rows())
    counts["used_articles"] = used.height
    rows = [used.filter(language=code).to_dicts() for code in codes]
    sides = [[_article(row) for row in side] for side in rows]
    counts["sentences"] = {
        code: sum(len(article.sentences) for article in side)
        for code, side in zip(codes, sides, strict=True)
    }
    if not all(sides):
        return pl.DataFrame(schema=columns.CANDIDATE), counts | {"documents": 0}
    found = mining.mine(sides[0], sides[1], prepare.align, work)
    counts["documents"] = len(found.pairs)
    counts["linked_documents"] = sum(pair.margin is None for pair in found.pairs)
    todo = mining.tasks(rows[0], rows[1], (sides[0], sides[1]), found, prepare, lines)
    if not todo:
        return pl.DataFrame(schema=columns.CANDIDATE), counts
    done = shards.build(todo, mining.finish, work / "mined", crew=crew, what="alignment")
    return shards.read(done), counts


def _from_files(
    tables: inputs.Collected,
    codes: tuple[str, str],
    prepare: schema.Prepare,
    lines: decontaminate.Index,
    work: Path,
    crew: shards.Crew,
) -> pl.DataFrame:
    if not tables.pair_rows:
        return pl.DataFrame(schema=columns.CANDIDATE)
    starts = range(0, tables.pair_rows, aligned.SHARD)
    done = shards.build(
        [
            aligned.Slice(tables.pairs, start, aligned.SHARD, codes, prepare.filter, lines)
            for start in starts
        ],
        aligned.finish,
        work / "aligned",
        crew=crew,
        what="aligned pairs",
    )
    return shards.read(done)


def _article(row: Mapping[str, Any]) -> Article:
    return Article(
        row["id"],
        row["url"],
        day(split.utc(row["published"])),
        frozenset(row["alternates"] or ()),
        row["sentences"],
    )


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
    judged: pl.DataFrame,
    counts: dict[str, Any],
    rows: Mapping[str, int],
    test_sets: list[benchmarks.TestSet],
) -> dict[str, Any]:
    steps = ("articles", "used_articles", "documents", "candidates", "aligned_pairs", "kept")
    reasons = judged["reason"].drop_nulls().value_counts()
    return counts | {
        "funnel": {name: counts[name] for name in steps if counts.get(name)},
        "splits": dict(rows),
        "rejected": dict(reasons.sort(["count", "reason"], descending=[True, False]).iter_rows()),
        "benchmarks": {test_set.name: test_set.sha256 for test_set in test_sets},
    }
