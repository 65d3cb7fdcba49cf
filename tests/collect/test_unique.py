"""One row of a canonical URL: which, and why the others are left out."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep.collect.unique import Best


def row(page: str, url: str = "u", site: str = "s", fetched: str = "t1") -> dict[str, Any]:
    return {"id": url, "url": url, "page": page, "site": site, "fetched": fetched, "text": "ə"}


def best(path: Path, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    found = Best(path / "unique.sqlite")
    try:
        found.add(rows)
        return list(found.rows()), {name: dict(why) for name, why in found.reasons.items()}
    finally:
        found.close()


@pytest.mark.parametrize(
    ("rows", "page", "reasons"),
    [
        ([row("a"), row("u"), row("b")], "u", {"s": {"same_canonical_url": 2}}),
        ([row("b"), row("a")], "a", {"s": {"same_canonical_url": 1}}),
        ([row("u", site="z"), row("u", site="a")], "u",
         {"z": {"same_canonical_url": 1}, "a": {}}),
        ([row("u", fetched="t1"), row("u", fetched="t3"), row("u", fetched="t2")], "u",
         {"s": {"older_capture": 2}}),
    ],
)  # fmt: skip
def test_the_page_itself_stays(
    tmp_path: Path, rows: list[dict[str, Any]], page: str, reasons: dict[str, Any]
) -> None:
    kept, why = best(tmp_path, rows)
    assert [found["page"] for found in kept] == [page]
    assert why == reasons


def test_the_latest_capture_stays(tmp_path: Path) -> None:
    kept, _ = best(tmp_path, [row("u", fetched="t1"), row("u", fetched="t3"), row("u")])
    assert kept == [row("u", fetched="t3")]


def test_reasons_are_counted_by_site(tmp_path: Path) -> None:
    gone = {"site": "s", "page": "p", "fetched": "t", "reason": "too_short"}
    kept, why = best(tmp_path, [gone, row("u"), gone])
    assert (len(kept), why) == (1, {"s": {"too_short": 2}})


@given(st.lists(st.tuples(*[st.sampled_from("abc")] * 3, st.sampled_from("12")), max_size=20),
       st.randoms(use_true_random=False))  # fmt: skip
def test_the_order_of_pages_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[str, ...]], rng: random.Random
) -> None:
    rows = [row(*parts) for parts in set(found)]
    folder = tmp_path_factory.getbasetemp()
    first = best(folder, rows)[0]
    rng.shuffle(rows)
    assert best(folder, rows)[0] == first
    assert [kept["id"] for kept in first] == sorted({parts["id"] for parts in rows})
