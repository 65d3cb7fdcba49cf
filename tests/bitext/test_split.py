"""Properties of the split, on drawn corpora."""

from __future__ import annotations

import dataclasses
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.bitext import split
from data_prep.bitext.columns import CANDIDATE
from korpu import schema

DATED = schema.Split("2025-02-01", "2025-03-01", "document", 0.2, 0.3, ["files"])

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


def corpus(rows: list[tuple[int, int, int]]) -> pl.DataFrame:
    out = []
    for number, (document, src, tgt) in enumerate(rows):
        day = f"2025-0{1 + document % 3}-1{document % 10}T00:00:00Z"
        out.append(
            dict.fromkeys(CANDIDATE)
            | {
                "id": f"{number:03d}",
                "document": f"d{document}",
                "origin": "files" if document > 9 else "site",
                "published": None if document % 4 == 3 or document > 9 else day,
                "src_key": src,
                "tgt_key": tgt,
            }
        )
    return pl.DataFrame(out, schema=CANDIDATE)


@given(ROWS, st.sampled_from(split.UNDATED), st.integers(0, 5))
@settings(max_examples=80, deadline=None)
def test_splits_never_share(rows: list[tuple[int, int, int]], undated: str, seed: int) -> None:
    how = dataclasses.replace(DATED, undated=undated)
    judged = split.assign(corpus(rows), how, seed)
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
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_changes_nothing(rows: list[tuple[int, int, int]], rng: Any) -> None:
    frame = corpus(rows)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=rng.randrange(2**31))
    one, two = (split.assign(f, DATED, 1).sort("id") for f in (frame, shuffled))
    assert one.equals(two)


def test_a_pair_of_the_test_split_leaves_train_and_a_shared_side_leaves_the_test() -> None:
    judged = split.assign(corpus([(0, 1, 1), (2, 1, 1), (0, 2, 2), (2, 2, 3), (2, 4, 4)]), DATED, 1)
    assert judged["reason"].to_list() == ["held_out_pair", None, None, "train_side", None]


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
