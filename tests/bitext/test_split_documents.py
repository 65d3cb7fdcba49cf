"""What must hold of train, dev and test, on drawn corpora of documents, for any number of workers.

A document may carry several dates, an equal one may stand under another name, a near one may
differ in a word of every sentence, and sentences are shared.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.bitext import buckets, shards, split
from data_prep.bitext.buckets import Corpus
from korpu import schema
from tests.bitext import conftest as made
from tests.bitext import corpora

DEV, TEST = "2025-02-01", "2025-03-01"
DATED = schema.Split(DEV, TEST, "reject", 0.2, 0.3, [], 0.7)
DAYS = ("2025-01-01", "2025-01-31", DEV, "2025-02-28", TEST, "2031-01-01", None)
LINES = [pair for _, report in made.REPORTS for pair in report]

DOCUMENT = st.tuples(
    st.integers(0, len(made.REPORTS) - 1),  # its report
    st.sampled_from(["", "bu"]),  # a word more in every sentence: nearly the same document
    st.lists(st.sampled_from(DAYS), min_size=1, max_size=2),  # its rows' dates, in turn
    st.lists(st.integers(0, len(LINES) - 1), max_size=2),  # sentences of others in it
)
DOCUMENTS = st.lists(DOCUMENT, min_size=1, max_size=12)
Drawn = tuple[int, str, list[str | None], list[int]]


@pytest.fixture(scope="module")
def crews() -> Iterator[tuple[shards.Crew, shards.Crew]]:
    """One process, and three that stay for all examples."""
    with shards.crew(1) as one, shards.crew(3) as three:
        yield one, three


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several parts and buckets out of few rows, and processes even for two tasks."""
    monkeypatch.setattr(buckets, "PART", 9)
    monkeypatch.setattr(buckets, "BUCKET", 30)
    monkeypatch.setattr(shards, "SMALL", 0)


def rows(documents: list[Drawn]) -> list[dict[str, Any]]:
    found = []
    for number, (report, more, days, others) in enumerate(documents):
        lines = [*made.REPORTS[report][1], *(LINES[at] for at in others)]
        for at, (src, tgt) in enumerate(lines):
            day = days[at % len(days)]
            texts = (f"{side.rstrip('.')} {more}".strip() + "." for side in (src, tgt))
            published = day and f"{day}T12:00:00Z"
            found.append(corpora.row(*texts, f"d{number}", published=published, line=at))
    return found


def judged(known: Corpus, work: Path, crew: shards.Crew) -> pl.DataFrame:
    rules = split.Rules(DATED, 1)
    known = split.assign(known, rules, work, crew, shared_sides=True)
    return pl.concat([split.read(known, part, rules) for part in known.parts])


@given(DOCUMENTS)
@settings(max_examples=12, deadline=None)
def test_no_split_knows_of_a_later_one(
    crews: tuple[shards.Crew, shards.Crew], documents: list[Drawn]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        known = corpora.corpus(rows(documents), Path(folder) / "rows", 5)
        found, other = (
            judged(known, Path(folder) / str(crew.workers), crew) for crew in crews
        )  # fmt: skip
    assert found.equals(other)

    assert (found["split"].is_null() == found["reason"].is_not_null()).all()
    kept = found.filter(pl.col("split").is_not_null())
    # a document goes by the latest date of its rows, so an older row of it may be tested on, but
    # train holds nothing from the day on which dev begins, and the test has no end
    latest = {f"d{n}": max(filter(None, days), default=None) for n, (_, _, days, _) in
              enumerate(documents)}  # fmt: skip
    for document, name in kept.select("document", "split").unique().iter_rows():
        day = latest[document]
        assert day is not None
        assert name == ("test" if day >= TEST else "dev" if day >= DEV else "train")
    train = kept.filter(split="train")
    assert (train["published"].drop_nulls().str.slice(0, 10) < DEV).all()

    for column in ("document", "src_key", "tgt_key"):
        assert kept.group_by(column).agg(pl.col("split").n_unique())["split"].max() in (None, 1)


@given(DOCUMENTS)
@settings(max_examples=25, deadline=None)
def test_near_documents_are_in_one_split(
    crews: tuple[shards.Crew, shards.Crew], documents: list[Drawn]
) -> None:
    alone = [(report, more, days, []) for report, more, days, _ in documents]
    with tempfile.TemporaryDirectory() as folder:
        known = corpora.corpus(rows(alone), Path(folder) / "rows", 5)
        kept = judged(known, Path(folder) / "work", crews[0]).filter(pl.col("split").is_not_null())
    reports = kept.with_columns(
        report=pl.col("document").str.slice(1).cast(pl.Int64).map_elements(
            lambda number: documents[number][0], return_dtype=pl.Int64
        )
    )  # fmt: skip
    assert reports.group_by("report").agg(pl.col("split").n_unique())["split"].max() in (None, 1)
