"""Pairs without documents: what is left, what is near, who is whose best; NTREX shuffled."""

from __future__ import annotations

import dataclasses
import random
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from data_prep.bitext import (
    columns,
    decontaminate,
    encoders,
    everywhere,
    leftover,
    margin,
    nearest,
    noise,
    sentences,
    shards,
    stage,
    vectors,
)
from data_prep.bitext.neighbours import Fitted
from korpu import schema
from korpu.errors import UsageError
from tests.bitext import conftest as made

CODES = ("azj_Latn", "uzn_Latn")
Recipe = Callable[..., schema.Recipe]
Corpus = tuple[list[str], list[str]]


def shard(articles: Sequence[tuple[str, str, Sequence[str]]], path: Path) -> Path:
    """A sentence shard of (id, language, sentences)."""
    rows = [
        {"id": name, "url": f"https://{name}.example", "site": code[:2], "section": "news",
         "published": "2025-01-01T00:00:00Z", "licence": "CC0-1.0", "may_redistribute": True,
         "language": code, "sentences": list(lines)}
        for name, code, lines in articles
    ]  # fmt: skip
    pl.DataFrame(rows, schema=sentences.SENTENCES).write_parquet(path)
    return path


def cut(corpus: Corpus, folder: Path, size: int = 4) -> list[Path]:
    """Both sides as articles of ten sentences, ``size`` articles of a side in a shard."""
    folder.mkdir(parents=True, exist_ok=True)
    articles = [
        (f"{code[:2]}{start:05d}", code, side[start : start + 10])
        for code, side in zip(CODES, corpus, strict=True)
        for start in range(0, len(side), 10)
    ]
    return [
        shard(articles[at : at + size], folder / f"{at:05d}.parquet")
        for at in range(0, len(articles), size)
    ]


def shuffled(shared: Path, half: int, seed: int) -> tuple[Corpus, set[tuple[str, str]]]:
    """NTREX lines of every other document, in any order; a fifth of each side lacks its partner."""
    names = (shared / "ntrex" / "documents.txt").read_text("utf-8").splitlines()
    number = {name: at for at, name in enumerate(dict.fromkeys(names))}
    lines = zip(names, *(noise.lines(shared, code) for code in CODES), strict=True)
    pairs = [(az, uz) for name, az, uz in lines if number[name] % 2 == half]
    rng = random.Random(seed)
    kept = [(rng.random() >= 0.2, rng.random() >= 0.2, pair) for pair in pairs]
    src = [pair[0] for one, _, pair in kept if one]
    tgt = [pair[1] for _, two, pair in kept if two]
    rng.shuffle(src)
    rng.shuffle(tgt)
    return (src, tgt), {pair for one, two, pair in kept if one and two}


def run(
    corpus: Corpus,
    work: Path,
    prepare: schema.Prepare,
    mined: Sequence[Path] = (),
    size: int = 4,
    learned: Corpus | None = None,
) -> pl.DataFrame:
    encoder: encoders.Encoder = encoders.fit(prepare.encoder, *corpus)
    if learned:
        encoder = encoder.learn(*learned)
    files = cut(corpus, work / "cut", size)
    fitted = Fitted(work / "encoder.npz", prepare.encoder, work / "vectors")
    encoders.save(encoder, fitted.path)
    lines = decontaminate.index([], prepare.decontaminate)
    with shards.crew(prepare.workers) as crew:
        found = everywhere.mine(files, mined, fitted, CODES, prepare, lines, work / "all", crew)
    return shards.read(found) if found else pl.DataFrame(schema=columns.CANDIDATE)


def at(recipe: Recipe, threshold: float | None, **values: Any) -> schema.Prepare:
    prepare = recipe(**values).prepare
    return dataclasses.replace(
        prepare, align=dataclasses.replace(prepare.align, everywhere=threshold)
    )


def score(found: pl.DataFrame, true: set[tuple[str, str]], threshold: float) -> noise.Score:
    pairs = set(found.filter(pl.col("score") >= threshold).select("src", "tgt").iter_rows())
    return noise.Score(len(pairs & true), len(pairs), len(true))


def test_ntrex_without_documents(shared: Path, recipe: Recipe, tmp_path: Path) -> None:
    results = []
    for half in (0, 1):
        corpus, true = shuffled(shared, half, seed=7)
        results.append((run(corpus, tmp_path / str(half), at(recipe, 0.5)), true))
    (found, true), (other, other_true) = results
    threshold = max(np.arange(0.6, 1.5, 0.01), key=lambda value: score(found, true, value).f1)
    held_out = score(other, other_true, threshold)
    print(
        f"everywhere: {held_out}, n={len(other_true)}, threshold {threshold:.2f} of the other half"
    )
    assert held_out.precision >= 0.9
    assert held_out.recall >= 0.85


def test_the_nearest_is_among_the_candidates(shared: Path, recipe: Recipe) -> None:
    (src, tgt), _ = shuffled(shared, 0, seed=7)
    encoder = encoders.fit(recipe().prepare.encoder, src, tgt)
    one, two = encoder.encode(src, "src"), encoder.encode(tgt, "tgt")
    exact = vectors.similarities(one, two)
    sketched = nearest.sketch(one) @ nearest.sketch(two).T
    assert (sketched - exact).std() < 1.2 / nearest.WIDTH**0.5
    asked = np.argsort(-sketched, axis=1)[:, : nearest.CANDIDATES]
    assert np.mean(np.take_along_axis(exact, asked, axis=1).max(axis=1) == exact.max(axis=1)) > 0.99


@pytest.mark.parametrize("exhaustive", [True, False])
def test_the_same_pairs_as_the_dense_table(
    shared: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exhaustive: bool
) -> None:
    monkeypatch.setattr(nearest, "EXHAUSTIVE", 10**9 if exhaustive else 0)
    monkeypatch.setattr(nearest, "CELLS", 32)
    monkeypatch.setattr(nearest, "PROBES", 24)
    corpus, true = shuffled(shared, 1, seed=3)
    prepare = at(recipe, 1.0)
    encoder = encoders.fit(prepare.encoder, *corpus)
    table = margin.mine(encoder.encode(corpus[0], "src"), encoder.encode(corpus[1], "tgt"), 4)
    dense = {(corpus[0][i], corpus[1][j]) for i, j, value in table if value >= 1.0}
    # with mined files there is one round, with the encoder as it is
    nothing = tmp_path / "mined.parquet"
    pl.DataFrame(schema=columns.CANDIDATE).write_parquet(nothing)
    found = run(corpus, tmp_path, prepare, mined=[nothing])
    pairs = set(found.filter(pl.col("score") >= 1.0).select("src", "tgt").iter_rows())
    assert len(pairs & dense) >= (0.99 if exhaustive else 0.9) * len(dense)
    assert len(pairs & dense) >= (0.97 if exhaustive else 0.9) * len(pairs)
    assert len(pairs & true) >= 0.9 * len(dense & true)


def test_workers_shards_and_blocks_change_no_pair(
    shared: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, _ = shuffled(shared, 0, seed=5)
    corpus = corpus[0][:120], corpus[1][:120]
    whole = run(corpus, tmp_path / "whole", at(recipe, 0.8))
    monkeypatch.setattr(everywhere, "BLOCK", 50)
    monkeypatch.setattr(everywhere, "SHARD", 20)
    monkeypatch.setattr(shards, "SMALL", 0)
    frames = [
        run(corpus, tmp_path / f"{workers}-{size}", at(recipe, 0.8, workers=workers), size=size)
        for workers, size in ((1, 3), (3, 3), (1, 7))
    ]
    assert whole.height > 50
    assert all(frame.equals(frames[0]) for frame in frames)
    assert frames[0].sort("id").equals(whole.sort("id"))


def test_a_killed_run_continues(shared: Path, recipe: Recipe, tmp_path: Path) -> None:
    corpus, _ = shuffled(shared, 0, seed=5)
    corpus = corpus[0][:80], corpus[1][:80]
    first = run(corpus, tmp_path, at(recipe, 0.8))
    for left in ("mined/00000.parquet", "last/nearest-src/00000.parquet", "encoder.npz"):
        (tmp_path / "all" / left).unlink()
    (tmp_path / "all" / "last" / "tgt" / "00000.parquet.host.1.tmp").write_bytes(b"half")
    assert run(corpus, tmp_path, at(recipe, 0.8)).equals(first)


def test_the_stage_finds_pairs_where_no_documents_match(recipe: Recipe, tmp_path: Path) -> None:
    rows = [row | {"alternates": []} for row in made.articles()]
    collected = made.collected(tmp_path / "collect", rows)
    true = {pair for _, report in made.REPORTS for pair in report}
    alone = recipe(align__document_margin=50.0)
    with pytest.raises(UsageError, match="no two of its 21 articles report the same"):
        stage.run(alone, {"collect": collected}, tmp_path / "off")
    settings = recipe(align__document_margin=50.0, align__everywhere=1.0)
    stats = stage.run(settings, {"collect": collected}, tmp_path / "on").stats
    assert stats["documents"] == 0
    assert stats["everywhere"] >= 0.8 * len(true)
    found = pl.concat([pl.read_parquet(path) for path in (tmp_path / "on").glob("*.parquet")],
                      how="diagonal")  # fmt: skip
    pairs = set(found.filter(pl.col("score") >= 1.0).select("src", "tgt").iter_rows())
    assert len(pairs & true) >= 0.9 * len(pairs)


@pytest.mark.long
def test_interface_strings_and_news_in_one_heap(
    shared: Path, recipe: Recipe, tmp_path: Path
) -> None:
    """Some 36,000 short lines a side, many alike, and NTREX among them; one round."""
    strings = [(shared / "ui" / f"ui.{code}").read_text("utf-8").splitlines() for code in CODES]
    news = [noise.lines(shared, code) for code in CODES]
    src, tgt = ([*dict.fromkeys([*a, *b])] for a, b in zip(strings, news, strict=True))
    random.Random(1).shuffle(src)
    random.Random(2).shuffle(tgt)
    nothing = tmp_path / "mined.parquet"
    pl.DataFrame(schema=columns.CANDIDATE).write_parquet(nothing)
    began = time.process_time()
    found = run((src, tgt), tmp_path, at(recipe, 1.1), mined=[nothing], size=128)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    of_news = score(found.filter(pl.col("src").is_in(news[0])), set(zip(*news, strict=True)), 1.1)
    print(f"{len(src)} × {len(tgt)} lines: {(len(src) + len(tgt)) / seconds:.0f} sentences a CPU "
          f"second, {peak:.0f} MiB at most; NTREX among them {of_news}")  # fmt: skip
    assert peak < 1_200
    assert of_news.precision >= 0.9


def test_what_documents_linked_is_not_paired_again(recipe: Recipe, tmp_path: Path) -> None:
    az = ["Bu gün yağış yağır.", "Sabah hava günəşli olacaq.", "Bakıda yeni park açılıb.",
          "Nazir Daşkəndə gəldi.", "Qısa."]  # fmt: skip
    path = shard([("a", CODES[0], az), ("b", CODES[1], ["Bugun yomgʻir yogʻmoqda."])],
                 tmp_path / "0.parquet")  # fmt: skip
    linked = [
        (f"{az[1]} {az[2]}", None),  # joined: both are used
        (az[3], "margin"),  # too weak a link uses nothing
        ("Another line.", None),
    ]
    mined = tmp_path / "mined.parquet"
    rows = [{"src": text, "tgt": "…", "reason": reason} for text, reason in linked]
    pl.DataFrame(rows, schema=columns.CANDIDATE).write_parquet(mined)
    with shards.crew(1) as crew:
        sides = leftover.find([path], [mined], CODES, recipe().prepare.filter, tmp_path, crew)
    assert sides[0].rows() == [(0, 0, 0), (0, 0, 3)]  # the last is shorter than filters allow
    assert sides[1].rows() == [(0, 1, 0)]


def test_repeated_sentences_are_asked_about_once(recipe: Recipe, tmp_path: Path) -> None:
    line = "Foto: müxbirimiz göndərib."
    files = [
        shard([(f"a{n}", CODES[0], [line, f"Cümlə nömrə {n} burada dayanır."])],
              tmp_path / f"{n}.parquet")
        for n in range(3)
    ]  # fmt: skip
    with shards.crew(1) as crew:
        sides = leftover.find(files, [], CODES, recipe().prepare.filter, tmp_path / "w", crew)
    assert sides[0].rows() == [(0, 0, 0), (0, 0, 1), (1, 0, 1), (2, 0, 1)]
    assert sides[1].height == 0


@pytest.mark.parametrize("empty", [(True, True), (True, False), (False, True)])
def test_an_empty_side_gives_nothing(
    recipe: Recipe, tmp_path: Path, empty: tuple[bool, bool]
) -> None:
    line = "Sabah hava günəşli olacaq."
    corpus = [] if empty[0] else [line], [] if empty[1] else [line]
    assert run(corpus, tmp_path, at(recipe, 0.8)).height == 0


def test_it_is_off_where_no_margin_is_set(recipe: Recipe, tmp_path: Path) -> None:
    corpus = ["Sabah hava günəşli olacaq."], ["Ertaga havo quyoshli boʻladi."]
    assert recipe().prepare.align.everywhere is None
    assert run(corpus, tmp_path, at(recipe, None)).height == 0
    assert not (tmp_path / "all").exists()


def test_a_pair_says_where_it_comes_from(shared: Path, recipe: Recipe, tmp_path: Path) -> None:
    corpus, _ = shuffled(shared, 0, seed=5)
    found = run((corpus[0][:60], corpus[1][:60]), tmp_path, at(recipe, 0.8))
    for row in found.iter_rows(named=True):
        one, two = row["document"].split("-")
        assert row["src"] in corpus[0][int(one[2:]) : int(one[2:]) + 10]
        assert row["tgt"] in corpus[1][int(two[2:]) : int(two[2:]) + 10]
        assert (row["src_lang"], row["tgt_lang"]) == CODES
        assert row["published"] == "2025-01-01T00:00:00Z"
        assert row["origin"] == "az+uz"
        assert (row["reason"] == "margin") == (row["score"] < 0.8)
    assert found["id"].n_unique() == found.height
