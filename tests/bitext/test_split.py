"""Properties of the split, on drawn corpora."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.bitext import shards, split
from korpu import schema
from tests.bitext import corpora
from tests.bitext.corpora import row

DATED = schema.Split("2025-02-01", "2025-03-01", "document", 0.2, 0.3, ["files"], None)

# few documents, few sentences: much is shared
ROWS = st.lists(
    st.tuples(
        st.integers(0, 12),  # document
        st.integers(0, 25),  # source sentence
        st.integers(0, 25),  # target sentence
    ),
    min_size=1,
    max_size=60,
    unique=True,
)


def candidates(rows: list[tuple[int, int, int]]) -> list[dict[str, Any]]:
    out = []
    for number, (document, src, tgt) in enumerate(rows):
        day = f"2025-0{1 + document % 3}-1{document % 10}T00:00:00Z"
        more = {
            "id": f"{number:016x}",
            "origin": "files" if document > 9 else "site",
            "published": None if document % 4 == 3 or document > 9 else day,
            "src_key": src,
            "tgt_key": tgt,
        }
        out.append(row(f"s{src}", f"t{tgt}", f"d{document}") | more)
    return out


def assigned(rows: list[dict[str, Any]], how: schema.Split, seed: int) -> pl.DataFrame:
    """The rows with ``split`` and ``reason``, by id."""
    rules = split.Rules(how, seed)
    with tempfile.TemporaryDirectory() as folder, shards.crew(1) as crew:
        known = corpora.corpus(rows, Path(folder) / "rows", 17)
        known = split.assign(known, rules, Path(folder) / "work", crew, shared_sides=True)
        parts = [split.read(known, part, rules) for part in known.parts]
    return pl.concat(parts).sort("id")


@given(ROWS, st.sampled_from(split.UNDATED), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_splits_never_share(rows: list[tuple[int, int, int]], undated: str, seed: int) -> None:
    how = dataclasses.replace(DATED, undated=undated)
    judged = assigned(candidates(rows), how, seed)
    assert judged.height == len(rows)
    assert (judged["split"].is_null() == judged["reason"].is_not_null()).all()
    parts = {name: judged.filter(split=name) for name in split.SPLITS}
    for one, other in (("train", "dev"), ("train", "test"), ("dev", "test")):
        for column in ("document", "src_key", "tgt_key"):
            assert not set(parts[one][column]) & set(parts[other][column]), (one, other, column)
    for name, part in parts.items():
        days = part["published"].drop_nulls().str.slice(0, 10)
        if name == "train":
            assert (days < "2025-02-01").all()
        elif name == "dev":
            assert ((days >= "2025-02-01") & (days < "2025-03-01")).all()
        else:
            assert (days >= "2025-03-01").all()
        if name != "train":
            assert "files" not in set(part["origin"])
        if undated == "reject":
            assert part.filter(pl.col("published").is_null(), origin="site").is_empty()


@given(ROWS, st.randoms())
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_changes_nothing(rows: list[tuple[int, int, int]], rng: Any) -> None:
    made = candidates(rows)
    shuffled = rng.sample(made, len(made))
    columns = ["id", "split", "reason"]
    one, two = (assigned(r, DATED, 1).select(columns) for r in (made, shuffled))
    assert one.equals(two)


def test_a_shared_side_leaves_the_test_and_then_dev() -> None:
    rows = [(0, 2, 2), (2, 2, 3), (2, 4, 4), (1, 5, 4), (1, 6, 7)]
    judged = assigned(candidates(rows), DATED, 1)
    assert judged["reason"].to_list() == [None, "train_side", None, "test_side", None]


REPORT = [
    "Paytaxtda yeni körpünün tikintisi başa çatıb.",
    "Körpünün uzunluğu altı yüz metrdir və üç zolağı var.",
    "Tikinti iki il çəkib, ona yüz milyon manat xərclənib.",
    "Açılışda şəhərin sakinləri də iştirak ediblər.",
]


def reprinted(day: str, first: str, **more: Any) -> list[dict[str, Any]]:
    lines = [first, *REPORT[1:]]
    return [row(line, f"{line} {day}", day, published=f"{day}T00:00:00Z", **more) for line in lines]


def test_nearly_the_same_document_is_in_one_split_only() -> None:
    other = "Bu gün paytaxtda körpü açıldı."
    rows = reprinted("2025-01-05", REPORT[0]) + reprinted("2025-03-05", other)
    judged = assigned(rows, dataclasses.replace(DATED, near_documents=0.6), 1)
    by_day = judged.group_by("document").agg(pl.col("reason").unique()).sort("document")
    assert by_day["reason"].to_list() == [["near document"], [None]]
    kept = assigned(rows, dataclasses.replace(DATED, near_documents=None), 1)
    assert set(kept["reason"]) == {None, "train_side"}


def test_two_splits_of_one_day_keep_their_near_documents() -> None:
    rows = reprinted("2025-01-05", REPORT[0]) + reprinted("2025-01-06", REPORT[0][:-1])
    judged = assigned(rows, dataclasses.replace(DATED, near_documents=0.6), 1)
    assert set(judged["split"]) == {"train"}


def test_a_document_whose_rows_disagree_about_the_date_goes_by_the_latest() -> None:
    days = ["2025-01-05", "2025-02-05", "2025-03-05", None]
    rows = [
        row(f"cümlə {n}", f"gap {n}", "one", published=day and f"{day}T00:00:00Z")
        for n, day in enumerate(days)
    ]
    judged = assigned(rows, dataclasses.replace(DATED, undated="reject"), 1)
    assert judged["split"].to_list() == ["test"] * 4


def test_shares_are_near_what_was_asked() -> None:
    chosen = [split.of_document(f"d{n}", None, DATED, 7) for n in range(4_000)]
    assert chosen.count("test") / 4_000 == pytest.approx(0.3, abs=0.025)
    assert chosen.count("dev") / 4_000 == pytest.approx(0.2, abs=0.025)
    again = [split.of_document(f"d{n}", None, DATED, 8) for n in range(4_000)]
    assert chosen != again


@pytest.mark.parametrize(
    ("published", "utc"),
    [
        ("2025-03-01T02:00:00+04:00", "2025-02-28T22:00:00Z"),
        ("2025-03-01T02:00:00Z", "2025-03-01T02:00:00Z"),
        ("2025-03-01", "2025-03-01T00:00:00Z"),
        ("bugun, 12:30", None),
        ("", None),
        (None, None),
    ],
)
def test_times_are_utc(published: str | None, utc: str | None) -> None:
    assert split.utc(published) == utc
