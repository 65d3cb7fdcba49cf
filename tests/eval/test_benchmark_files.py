"""Test sets from files: the layouts of FLORES and NTREX, hashes at first use, wrong languages."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data_prep import benchmarks
from eval.testset import sides
from korpu.errors import SaysNo, UsageError
from korpu.schema import Benchmark, Recipe
from tests.eval.parts import AZ, BOTH, UZ, of


def written(path: Path, lines: list[str]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return str(path)


def pair(folder: Path, **changed: Any) -> Benchmark:
    return Benchmark(
        **{
            "src": written(folder / "dev" / "azj_Latn.dev", AZ),
            "tgt": written(folder / "dev" / "uzn_Latn.dev", UZ),
            "src_lang": "azj_Latn",
            "tgt_lang": "uzn_Latn",
            "documents": None,
            "licence": "MIT",
            **changed,
        }
    )


def recipe_with(recipe: Recipe, folder: Path, benchmark: Benchmark) -> Recipe:
    runtime = dataclasses.replace(recipe.runtime, outputs=str(folder / "outputs"))
    return dataclasses.replace(of(recipe, {"mine": benchmark}, test={}), runtime=runtime)


def test_the_layout_of_flores_200_with_its_metadata(tmp_path: Path) -> None:
    rows = ["URL\tdomain\ttopic", *(f"https://x/{i // 3}\tnews\tweather" for i in range(8))]
    path = written(tmp_path / "metadata_dev.tsv", rows)
    found = benchmarks.load("dev", pair(tmp_path, documents=path, document_column="URL"))
    assert found.src == AZ and found.tgt == UZ
    assert found.documents == [f"https://x/{i // 3}" for i in range(8)]
    with pytest.raises(UsageError, match="no column page"):
        benchmarks.load("dev", pair(tmp_path, documents=path, document_column="page"))


def test_the_layout_of_ntrex_128_with_its_document_ids(tmp_path: Path) -> None:
    ids = written(tmp_path / "DOCUMENT_IDS.tsv", [f"bbc.{i // 4}" for i in range(8)])
    found = benchmarks.load("ntrex", pair(tmp_path, documents=ids))
    assert found.documents == [f"bbc.{i // 4}" for i in range(8)]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_the_layout_of_flores_plus(tmp_path: Path, suffix: str) -> None:
    paths = []
    for code, texts in (("azj_Latn", AZ), ("uzn_Latn", UZ)):
        path = tmp_path / f"{code}.{suffix}"
        table = pl.DataFrame(
            {"id": range(8), "text": texts, "url": [f"u{i // 2}" for i in range(8)]}
        )
        table.write_parquet(path) if suffix == "parquet" else table.write_ndjson(path)
        paths.append(str(path))
    found = benchmarks.load("plus", pair(tmp_path, src=paths[0], tgt=paths[1], documents=paths[0]))
    assert (found.src, found.tgt) == (AZ, UZ)
    assert found.documents == [f"u{i // 2}" for i in range(8)]
    with pytest.raises(UsageError, match="no readable column sentence"):
        benchmarks.load("plus", pair(tmp_path, src=paths[0], tgt=paths[1], column="sentence"))


def test_further_references_are_scored_in_one_direction(recipe: Recipe, tmp_path: Path) -> None:
    second = written(tmp_path / "second.txt", UZ[::-1])
    wanted = recipe_with(recipe, tmp_path, pair(tmp_path, refs=[second]))
    found, _ = sides(wanted, {})
    forth, back = sorted(found, key=lambda side: side.direction)
    assert forth.direction == BOTH[0] and forth.more == [UZ[::-1]] and back.more == []
    plain, _ = sides(recipe_with(recipe, tmp_path / "b", pair(tmp_path)), {})
    assert forth.sha256 not in {side.sha256 for side in plain}


def test_a_file_that_changed_since_its_first_use_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    wanted = recipe_with(recipe, tmp_path, pair(tmp_path))
    first, _ = sides(wanted, {})
    assert sides(wanted, {})[0] == first
    lock = tmp_path / "outputs" / "benchmarks" / "mine.lock.json"
    recorded = json.loads(lock.read_text("utf-8"))["files"]
    assert set(recorded) == {"src", "tgt"}
    written(tmp_path / "dev" / "uzn_Latn.dev", [*UZ[:-1], UZ[-1] + " Xolos."])
    with pytest.raises(SaysNo, match=rf"mine: tgt was {recorded['tgt']}.*is [0-9a-f]{{64}} now"):
        sides(wanted, {})
    lock.unlink()
    assert sides(wanted, {})[0] != first
    lock.write_text("{}", "utf-8")
    with pytest.raises(UsageError, match="no lock"):
        sides(wanted, {})


@pytest.mark.parametrize("role", ["src", "tgt", "refs"])
def test_a_file_in_the_other_language_is_refused(recipe: Recipe, tmp_path: Path, role: str) -> None:
    wrong = written(tmp_path / "wrong.txt", UZ if role == "src" else AZ)
    benchmark = pair(tmp_path, **{role: [wrong] if role == "refs" else wrong})
    called = r"azj_Latn and reads as uzn" if role == "src" else r"uzn_Latn and reads as azj"
    with pytest.raises(UsageError, match=rf"benchmark\.mine\.{role}.* is called {called}"):
        sides(recipe_with(recipe, tmp_path, benchmark), {})
