"""From sentence shards to candidates, whatever the shards and workers."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data_prep.bitext import decontaminate, documents, mining, neighbours, sentences, shards
from korpu import schema
from korpu.artifact import Artifact
from tests.bitext import conftest as made

CODES = ("azj_Latn", "uzn_Latn")
Recipe = Callable[..., schema.Recipe]


def cut(articles: Path, work: Path, prepare: schema.Prepare, crew: shards.Crew) -> list[Path]:
    """The sentence shards of a table of articles."""
    lines = decontaminate.index([], prepare.decontaminate)
    size = pl.read_parquet(articles).height
    tasks = [
        sentences.Slice(articles, start, sentences.SHARD, CODES, lines)
        for start in range(0, size, sentences.SHARD)
    ]
    return shards.build(tasks, sentences.split, work / "sentences", crew=crew, what="sentences")


def run(articles: Path, work: Path, prepare: schema.Prepare) -> tuple[mining.Found, list[Path]]:
    """Mine and align a table of articles."""
    lines = decontaminate.index([], prepare.decontaminate)
    with shards.crew(prepare.workers) as crew:
        found = mining.mine(cut(articles, work, prepare, crew), CODES, prepare, work, crew)
        todo = mining.tasks(found, prepare, lines)
        return found, shards.build(todo, mining.finish, work / "mined", crew=crew, what="mined")


def digest(files: Sequence[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def kept(files: Sequence[Path]) -> set[tuple[str, str]]:
    frame = pl.concat([pl.read_parquet(path) for path in files])
    return set(frame.filter(pl.col("reason").is_null()).select("src", "tgt").iter_rows())


def with_aligned(prepare: schema.Prepare, **values: Any) -> schema.Prepare:
    return dataclasses.replace(prepare, align=dataclasses.replace(prepare.align, **values))


def test_every_report_is_found_and_aligned(
    newsroom: Artifact, recipe: Recipe, tmp_path: Path
) -> None:
    found, files = run(newsroom.directory / "articles.parquet", tmp_path, recipe().prepare)
    assert found.linked == len(made.LINKED)
    assert found.pairs.height == len(made.REPORTS)
    true = {pair for _, lines in made.REPORTS for pair in lines}
    assert len(kept(files) & true) >= 0.9 * len(true)
    assert len(kept(files) & true) >= 0.95 * len(kept(files))


def test_workers_and_shards_change_no_byte(
    newsroom: Artifact, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles = newsroom.directory / "articles.parquet"
    whole = kept(run(articles, tmp_path / "whole", recipe().prepare)[1])
    monkeypatch.setattr(sentences, "SHARD", 3)
    monkeypatch.setattr(mining, "SHARD", 2)
    monkeypatch.setattr(neighbours, "GROUP", 2)
    monkeypatch.setattr(neighbours, "BUCKET", 3)
    monkeypatch.setattr(shards, "SMALL", 0)
    small = [
        run(articles, tmp_path / str(workers), recipe(workers=workers).prepare)[1]
        for workers in (1, 3)
    ]
    assert digest(small[0]) == digest(small[1])
    assert kept(small[0]) == whole


def test_what_is_there_is_read_back(newsroom: Artifact, recipe: Recipe, tmp_path: Path) -> None:
    articles, prepare = newsroom.directory / "articles.parquet", recipe().prepare
    found, files = run(articles, tmp_path, prepare)
    before = digest(files)
    (tmp_path / "documents.parquet").unlink()  # killed before the pairs had a name
    files[0].unlink()
    again, files = run(articles, tmp_path, prepare)
    assert again.pairs.equals(found.pairs)
    assert digest(files) == before


@pytest.mark.parametrize("code", CODES)
def test_one_language_alone_gives_no_pair(code: str, recipe: Recipe, tmp_path: Path) -> None:
    rows = [row for row in made.articles() if row["language"] == code]
    articles = made.collected(tmp_path / "collect", rows).directory / "articles.parquet"
    found, files = run(articles, tmp_path / "work", recipe().prepare)
    assert (found.pairs.height, found.linked, files) == (0, 0, [])


def test_a_benchmark_line_marks_every_pair_of_its_article(recipe: Recipe, tmp_path: Path) -> None:
    rows = made.articles()
    articles = made.collected(tmp_path / "collect", rows).directory / "articles.parquet"
    prepare = recipe().prepare
    with shards.crew(1) as crew:
        parts = cut(articles, tmp_path / "work", prepare, crew)
        table = pl.read_parquet(parts[0])
        marked = pl.col("url") == made.address("uz", 2)
        table.with_columns(
            benchmark=pl.when(marked).then(pl.lit("known")),
            hit=pl.when(marked).then(pl.lit("line 3")),
        ).write_parquet(parts[0])
        found = mining.mine(parts, CODES, prepare, tmp_path / "work", crew)
    todo = mining.tasks(found, prepare, decontaminate.index([], prepare.decontaminate))
    pairs = pl.concat([mining.finish(task) for task in todo])
    of_it = pairs.filter(tgt_url=made.address("uz", 2))
    assert of_it.height >= 4
    assert set(of_it.select("benchmark", "hit").iter_rows()) == {("known", "line 3")}
    assert pairs.filter(pl.col("tgt_url") != made.address("uz", 2))["hit"].null_count() > 0


def table(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """``documents.ARTICLES`` with addresses for names."""
    return pl.DataFrame(
        [
            {"size": 1, "shard": 0, "row": number, "day": 1, "alternates": []} | dict(row)
            for number, row in enumerate(rows)
        ],
        schema=dict(documents.ARTICLES),
    )


def pairs(found: pl.DataFrame) -> list[tuple[int, int]]:
    return list(found.select("src", "tgt").iter_rows())


def test_one_sided_links_hold_and_mutual_ones_win() -> None:
    az = table([
        {"id": "a", "address": 10, "alternates": [20, 20, 99]},
        {"id": "b", "address": 11, "alternates": [22]},
    ])  # fmt: skip
    uz = table([
        {"id": "c", "address": 20},
        {"id": "d", "address": 21, "alternates": [11]},
        {"id": "e", "address": 22, "alternates": [11]},
    ])  # fmt: skip
    assert pairs(documents.linked(az, uz)) == [(0, 0), (1, 2)]


def test_of_two_links_the_closer_date_wins_and_no_date_is_far() -> None:
    az = table([{"id": "a", "address": 10, "alternates": [20, 21, 22], "day": 5}])
    uz = table([
        {"id": "c", "address": 20, "day": 1},
        {"id": "d", "address": 21, "day": 4},
        {"id": "e", "address": 22, "day": None},
    ])  # fmt: skip
    assert pairs(documents.linked(az, uz)) == [(0, 1)]


def test_addresses_are_equal_without_scheme_fragment_and_last_slash() -> None:
    urls = ["https://a.example/x/", "http://a.example/x#top", "https://a.example/x",
            "https://a.example/y", "https://a.example/x?u=http://b.example"]  # fmt: skip
    hashed = pl.DataFrame({"url": urls}).select(documents.address(pl.col("url"))).to_series()
    assert hashed[0] == hashed[1] == hashed[2]
    assert hashed.n_unique() == 3


@pytest.mark.parametrize(("days", "shift", "expected"), [(1, 1, 10), (0, 1, 0), (2, None, 10)])
def test_documents_without_links_are_found_within_the_window(
    days: int, shift: int | None, expected: int, recipe: Recipe, tmp_path: Path
) -> None:
    rows = [row | {"alternates": []} for row in made.articles()]
    for row in rows:
        day = None if shift is None and "uz" in row["url"] else "2025-05-01T08:00:00Z"
        if shift and "uz" in row["url"]:
            day = f"2025-05-{1 + shift:02d}T08:00:00Z"
        row["published"] = day
    articles = made.collected(tmp_path / "collect", rows).directory / "articles.parquet"
    prepare = with_aligned(recipe().prepare, days=days, document_margin=1.0)
    found, files = run(articles, tmp_path / "work", prepare)
    assert (found.linked, found.pairs.height) == (0, expected)
    document = pl.concat([pl.read_parquet(path) for path in files]) if files else pl.DataFrame()
    for src, tgt in document.select("src_url", "tgt_url").iter_rows() if files else ():
        assert src.rpartition("/")[2] == tgt.rpartition("/")[2]


def test_a_document_of_two_thousand_sentences(recipe: Recipe, tmp_path: Path) -> None:
    rng = random.Random(5)
    lines = [pair for _, report in made.REPORTS for pair in report]
    long = [rng.choice(lines) for _ in range(1_990)]
    rows = [
        made.article(f"https://{side}.example/long", code, long[0][at],
                     "\n".join(f"{pair[at][:-1]} {number}." for number, pair in enumerate(long)),
                     "2025-01-01T00:00:00Z", ["https://az.example/long"])
        for at, (side, code) in enumerate((("az", CODES[0]), ("uz", CODES[1])))
    ]  # fmt: skip
    articles = made.collected(tmp_path / "collect", rows).directory / "articles.parquet"
    found, files = run(articles, tmp_path / "work", recipe().prepare)
    assert found.pairs.height == 1
    frame = pl.concat([pl.read_parquet(path) for path in files])
    assert frame.height >= 1_900
    same = [a.split()[-1] == b.split()[-1] for a, b in frame.select("src", "tgt").iter_rows()]
    assert sum(same) >= 0.99 * len(same)
