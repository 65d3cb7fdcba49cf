"""The data card: front matter that tools read, and everything that decides what may be done."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from data_prep.bitext import card
from data_prep.bitext.summary import Summary
from data_prep.bitext.tally import Tally
from data_prep.text.versions import versions
from tests.bitext import judged

STATS: dict[str, Any] = {
    "funnel": {"pages": 30, "articles": 21, "candidates": 60, "kept": 40},
    "pivots": {},
    "benchmarks": {"xwmt": "ab" * 32, "ntrex": "cd" * 32},
}


def summary(rows: list[dict[str, Any]]) -> Summary:
    tally = Tally()
    tally.add(judged.frame(rows))
    return tally.summary()


def front(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return found


def test_front_matter_names_every_pair_of_languages(recipe: Any) -> None:
    rows = judged.rows(60)
    english = judged.row(99, judged.random.Random(1), tgt_lang="eng_Latn", split="dev", reason=None)
    sizes = {
        "azj_Latn-eng_Latn/train.parquet": 0,
        "azj_Latn-eng_Latn/dev.parquet": 1,
        "azj_Latn-eng_Latn/test.parquet": 0,
    }
    text = card.render(recipe(), summary([*rows, english]), STATS | {"pivots": sizes})
    assert front(text)["language"] == ["az", "uz", "en"]
    default, pivot = front(text)["configs"]
    assert default == {
        "config_name": "default",
        "data_files": [
            {"split": "train", "path": "train.parquet"},
            {"split": "validation", "path": "dev.parquet"},
            {"split": "test", "path": "test.parquet"},
        ],
        "default": True,
    }
    # `datasets` refuses a split without rows
    assert pivot == {
        "config_name": "azj_Latn-eng_Latn",
        "data_files": [{"split": "validation", "path": "azj_Latn-eng_Latn/dev.parquet"}],
    }
    assert 'load_dataset("FOLDER", "azj_Latn-eng_Latn")' in text


@pytest.mark.parametrize(
    ("licences", "may", "said"),
    [
        (["MIT", "CC0-1.0"], True, {"license": ["cc0-1.0", "mit"]}),
        (["MIT"], False, {"license": "other", "license_name": "MIT"}),
        (["MIT", "LicenseRef-news"], True,
         {"license": "other", "license_name": "LicenseRef-news / MIT"}),
    ],
)  # fmt: skip
def test_licence_is_a_known_one_only_where_all_may_be_handed_on(
    recipe: Any, licences: list[str], may: bool, said: dict[str, Any]
) -> None:
    rows = judged.rows(20, reason=None, split="train", may_redistribute=may)
    for number, row in enumerate(rows):
        row["licence"] = licences[number % len(licences)]
    found = front(card.render(recipe(), summary(rows), STATS))
    assert {name: found[name] for name in said} == said


def test_says_how_many_may_not_be_handed_on(recipe: Any) -> None:
    rows = judged.rows(200)
    told = summary(rows)
    text = card.render(recipe(), told, STATS)
    kept = [row for row in rows if row["split"]]
    closed = sum(not row["may_redistribute"] for row in kept)
    assert f"{closed} of {len(kept)} pairs may be used for training here but not handed on" in text
    table = re.findall(r"^\| ([\w+]+) \| ([\w.-]+) \| (yes|no) \| (\d+) \|$", text, re.M)
    assert sum(int(size) for *_, size in table) == len(kept)
    opened = [row | {"may_redistribute": True} for row in rows]
    assert "All of this corpus may be handed on" in card.render(recipe(), summary(opened), STATS)


def test_every_setting_is_there_and_no_path(recipe: Any, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("söyüş\n", "utf-8")
    made = recipe(filter__profanity=str(words))
    text = card.render(made, summary(judged.rows(20)), STATS)
    for group in ("encoder", "align", "filter", "dedupe", "decontaminate", "split"):
        for name in vars(getattr(made.prepare, group)):
            named = f"`prepare.{group}.{name}`" in text
            assert named is not (name == "batch_tokens"), name  # how fast, never what
    assert "| `prepare.dedupe.near` | 0.85 |" in text
    assert str(tmp_path) not in text
    for name, version in versions().items():
        assert f"| `{name} (version)` | {version} |" in text


def test_the_same_for_any_number_of_workers(recipe: Any) -> None:
    told = summary(judged.rows(20))
    assert card.render(recipe(workers=1), told, STATS) == card.render(
        recipe(workers=7), told, STATS
    )


def test_rejections_with_their_meaning_and_hits_with_their_way(recipe: Any) -> None:
    rows = judged.rows(300)
    text = card.render(recipe(), summary(rows), STATS)
    numbers = sum(row["reason"] == "numbers" for row in rows)
    assert f"| numbers | the sides hold different numbers | – | {numbers} |" in text
    assert "Tried, and broken by none: empty, short" in text
    hits = [row for row in rows if row["reason"] == "contaminated: xwmt"]
    documents = len({row["document"] for row in hits})
    way = f"8-grams {len(hits)} | {documents} | {len(hits)} |"
    assert f"| xwmt | `{'ab' * 8}` | {way}" in text
    assert f"| ntrex | `{'cd' * 8}` | – | 0 | 0 |" in text
    unlooked = card.render(recipe(), summary(rows), STATS | {"benchmarks": {}})
    assert "No benchmark was configured" in unlooked


def test_splits_with_documents_and_dates(recipe: Any) -> None:
    told = summary(judged.rows(300))
    text = card.render(recipe(), told, STATS)
    for one in told.splits:
        row = f"| {one.name} | {one.documents} | {one.first} | {one.last} | {one.undated} |"
        assert f"{row} {one.pairs} |" in text


def test_odd_names_do_not_break_tables_or_front_matter(recipe: Any) -> None:
    rows = judged.rows(20, reason=None, split="train", origin="a|b\nc", licence="X: [1] # 'y'")
    text = card.render(recipe(), summary(rows), STATS)
    assert "| a\\|b c | X: [1] # 'y' |" in text
    assert front(text)["license_name"] == "X: [1] # 'y'"


@pytest.mark.parametrize(
    ("pairs", "said"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (5_000_000, "1M<n<10M"), (10**10, "n>1B")],
)
def test_size_category(pairs: int, said: str) -> None:
    assert card._size(pairs) == said
