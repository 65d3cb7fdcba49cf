"""What card and report tell of a corpus: counted right, in bounded memory, however it is cut."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import pickle
from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.bitext import bounded
from data_prep.bitext.bounded import Distinct
from data_prep.bitext.histogram import Bins, shown
from data_prep.bitext.summary import Summary
from data_prep.bitext.tally import OTHERS, Tally
from tests.bitext import judged


def counted(*frames: pl.DataFrame) -> Summary:
    tally = Tally()
    for frame in frames:
        tally.add(frame)
    return tally.summary()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(0, 120),
    cuts=st.lists(st.integers(0, 120), max_size=8),
    limit=st.sampled_from([3, 17, 10_000]),
)
def test_how_rows_are_cut_into_frames_does_not_matter(
    seed: int, count: int, cuts: list[int], limit: int
) -> None:
    whole = judged.frame(judged.rows(count, seed))
    edges = [0, *sorted(min(cut, count) for cut in cuts), count]
    parts = [whole[a:b] for a, b in itertools.pairwise(edges)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounded, "LIMIT", limit)
        patch.setattr(bounded, "EXACT", 16)
        patch.setattr(bounded, "PENDING", 5)
        assert counted(*parts) == counted(whole)


def test_counts_are_those_of_the_rows() -> None:
    rows = judged.rows(700)
    summary = counted(judged.frame(rows))
    kept = [row for row in rows if row["split"]]
    lost = [row for row in rows if row["reason"]]
    assert (summary.pairs, summary.rejected) == (len(kept), len(lost))
    assert summary.documents == len({row["document"] for row in kept})
    by_split = {one.name: one for one in summary.splits}
    for name, one in by_split.items():
        own = [row for row in kept if row["split"] == name]
        days = [row["published"][:10] for row in own if row["published"]]
        assert (one.pairs, one.undated) == (len(own), len(own) - len(days))
        assert (one.first, one.last) == (min(days), max(days))
        assert one.documents == len({row["document"] for row in own})
    assert [one.name for one in summary.splits] == ["train", "dev", "test"]
    reasons = {one.name: one for one in summary.reasons}
    for name, size in Counter(row["reason"] for row in lost).items():
        of_it = [row for row in lost if row["reason"] == name]
        assert reasons[name].pairs == size
        assert dict(reasons[name].origins) == Counter(row["origin"] for row in of_it)
        assert [pair.id for pair in reasons[name].samples] == sorted(r["id"] for r in of_it)[:4]
    assert reasons["near document"].documents == len(
        {row["document"] for row in lost if row["reason"] == "near document"}
    )
    assert reasons["numbers"].documents is None
    assert summary.by("origin") == sorted(Counter(row["origin"] for row in kept).items())
    closed = sum(not row["may_redistribute"] for row in kept)
    assert summary.count(may_redistribute=False) == closed
    (hits,) = summary.hits
    assert hits.pairs == reasons["contaminated: xwmt"].pairs
    assert hits.how == (("8-grams", hits.pairs),)


def test_histograms_hold_every_pair_once() -> None:
    rows = judged.rows(700)
    summary = counted(judged.frame(rows))
    scored = [row for row in rows if row["score"] is not None]
    kept, every = summary.scores
    assert every.total == len(scored)
    assert kept.total == sum(bool(row["split"]) for row in scored)
    assert (kept.low, kept.width, len(kept.counts)) == (every.low, every.width, len(every.counts))
    assert all(a <= b for a, b in zip(kept.counts, every.counts, strict=True))
    for side in (*summary.characters, *summary.words, summary.ratios):
        assert side.total == summary.pairs


def test_bands_part_the_kept_pairs() -> None:
    rows = judged.rows(2_000)
    summary = counted(judged.frame(rows))
    *scored, given_ones = summary.bands
    assert sum(band.pairs for band in summary.bands) == summary.pairs
    assert (given_ones.low, given_ones.high) == (None, None)
    assert len(scored) == 4
    total = sum(band.pairs for band in scored)
    kept = [row["score"] for row in rows if row["split"] and row["score"] is not None]
    for band, after in zip(scored, [*scored[1:], None], strict=True):
        assert abs(band.pairs - total / 4) < total / 20
        assert band.low is not None
        assert band.high is not None
        inside = [score for score in kept if band.low <= np.float32(score) < band.high]
        assert abs(len(inside) - band.pairs) <= 2  # float32 against bins of a hundredth
        assert all(band.low - 1e-4 <= (pair.score or 0) <= band.high for pair in band.samples)
        assert after is None or after.low is not None
        assert after is None or after.low >= band.high


@pytest.mark.parametrize(
    ("days", "unit"),
    [
        (["2025-03-03", "2025-05-09"], "week"),
        (["2022-01-31", "2025-05-09"], "month"),
        (["1901-01-01", "1999-12-31", "2025-05-09"], "year"),
    ],
)
def test_timeline_has_every_dated_pair(days: list[str], unit: str) -> None:
    rows = judged.rows(40, reason=None, split="train", published=None)
    for number, row in enumerate(rows):
        row["published"] = f"{days[number % len(days)]}T00:00:00Z"
    line = counted(judged.frame(rows)).timeline
    assert line.unit == unit
    assert sum(sum(counts) for _, counts in line.origins) + line.before == 40
    assert all(len(counts) == len(line.starts) for _, counts in line.origins)
    sizes = [sum(counts) for _, counts in line.origins]
    assert sizes == sorted(sizes, reverse=True)
    assert line.starts == tuple(sorted(set(line.starts)))


def test_a_date_that_is_none_is_undated_and_a_score_that_is_none_unscored() -> None:
    rows = judged.rows(3, reason=None, split="train", benchmark=None, hit=None)
    rows[0] |= {"published": "2025-02-30T00:00:00Z", "score": float("nan")}
    rows[1] |= {"published": "yesterday", "score": float("inf")}
    rows[2] |= {"published": None, "score": None}
    summary = counted(judged.frame(rows))
    assert summary.splits[0].undated == 3
    assert summary.timeline.starts == ()
    assert summary.scores[0].total == 1
    assert sum(band.pairs for band in summary.bands) == 3


def test_a_summary_is_plain_values() -> None:
    said = dataclasses.asdict(counted(judged.frame(judged.rows(50))))
    assert json.loads(json.dumps(said))["pairs"] == said["pairs"]
    nothing = counted()
    assert (nothing.pairs, nothing.bands, nothing.timeline.starts) == (0, (), ())


def test_many_origins_are_counted_as_others() -> None:
    rows = judged.rows(200, reason=None, split="train", licence="MIT", published=None)
    for number, row in enumerate(rows):
        row["origin"] = f"site{number}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounded, "LIMIT", 20)
        summary = counted(judged.frame(rows))
    assert summary.pairs == sum(size for _, size in summary.by("origin")) == 200
    assert dict(summary.by("origin"))[OTHERS] >= 170
    assert len(summary.groups) < 60


def test_what_it_holds_does_not_grow_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "EXACT", 100)
    monkeypatch.setattr(bounded, "PENDING", 50)
    tally, held = Tally(), []
    for number in range(12):
        rows = judged.rows(2_000)  # the same weeks and bins again and again
        for at, row in enumerate(rows):
            row["id"] = hashlib.sha256(f"{number} {at}".encode()).hexdigest()[:16]
            row["document_key"] = int(row["id"], 16)
        tally.add(judged.frame(rows))
        tally.summary()  # what waits is sorted in
        held.append(len(pickle.dumps(tally)))
    assert held[-1] < 1.01 * held[4], held


def test_many_documents_are_estimated_from_the_lowest(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = np.random.default_rng(5).integers(0, 2**64, 300_000, dtype=np.uint64)
    seen = Distinct()
    seen.add(keys)
    assert len(seen) == 300_000
    monkeypatch.setattr(bounded, "EXACT", 10_000)
    part = Distinct()
    for start in range(0, 300_000, 7_000):
        part.add(keys[start : start + 7_000])
        part.add(keys[: start + 10])  # again: not counted twice
    assert len(part) == pytest.approx(300_000, rel=0.04)  # 4 standard errors of 1/sqrt(k)
    half = Distinct()
    half.add(keys[:150_000])
    assert len(Distinct.of([part, half])) == len(part)


@given(st.lists(st.floats(0, 3), min_size=1, max_size=200), st.integers(3, 40))
def test_shown_bins_lose_nothing_and_are_few(values: list[float], most: int) -> None:
    bins = Bins(0, 3, 0.01)
    bins.add(pl.Series(values, dtype=pl.Float64))
    (one,) = shown([bins], most)
    assert one.total == len(values)
    assert len(one.counts) <= most
    assert one.low <= min(values) + 1e-9


def test_bins_begin_where_they_say() -> None:
    bins = Bins(0, 3, 0.01)
    values: list[Any] = [0.7, np.float32(0.7), 0.699, -1.0, 99.0, None, float("nan")]
    places = bins.at(pl.Series([None if v is None else float(v) for v in values]))
    assert places.to_list() == [70, 70, 69, 0, 299, None, None]
