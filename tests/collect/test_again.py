"""A later snapshot, another recipe of the same snapshot, extraction alone, and takedowns."""

from __future__ import annotations

import gzip
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from data_prep.collect import forget, run
from korpu.errors import SaysNo, UsageError
from tests.collect.conftest import Server, article, html, link_to, recipe_of, site_of

PAGES = 8


@pytest.fixture
def town(server: Server) -> Server:
    """A front page and some articles; validators are understood."""
    server.pages["/"] = html(link_to(*(f"/{n}" for n in range(PAGES))))
    for n in range(PAGES):
        server.pages[f"/{n}"] = article(n)
    return server


def collect(server: Server, outputs: Path, name: str, **changes: Any) -> Any:
    """One run of the stage; returns its articles by path, and what it had to ask for."""
    recipe = recipe_of({"site": site_of(f"{server.url}/")}, **changes)
    recipe.runtime = SimpleNamespace(outputs=str(outputs))
    out = outputs / "collect" / name
    out.mkdir(parents=True, exist_ok=True)
    server.asked.clear()
    run(recipe, {}, out)
    rows = pq.read_table(out / "articles.parquet").to_pylist()
    return {row["url"].removeprefix(server.url): row for row in rows}, set(server.asked)


def archived(out: Path) -> bytes:
    """Everything that is in a snapshot's archives."""
    return b"".join(gzip.decompress(p.read_bytes()) for p in sorted((out / "raw").iterdir()))


def test_a_later_snapshot_asks_only_for_what_may_be_new(town: Server, tmp_path: Path) -> None:
    first, _ = collect(town, tmp_path, "one")
    before = {p.name: p.read_bytes() for p in (tmp_path / "collect/one/raw").iterdir()}
    town.pages["/"] = html(link_to(*(f"/{n}" for n in range(PAGES + 1))))
    town.pages[f"/{PAGES}"] = article(PAGES)
    second, asked = collect(town, tmp_path, "two", snapshot="2025-12-20")
    assert asked == {"/robots.txt", "/sitemap.xml", "/", f"/{PAGES}"}
    assert set(second) == {*first, f"/{PAGES}"}
    assert {path: row for path, row in second.items() if path in first} == first
    after = {p.name: p.read_bytes() for p in (tmp_path / "collect/one/raw").iterdir()}
    assert after == before


def test_another_recipe_of_the_same_snapshot_asks_for_nothing(town: Server, tmp_path: Path) -> None:
    first, _ = collect(town, tmp_path, "one")
    second, asked = collect(town, tmp_path, "two", min_characters=100)
    assert asked == set()
    assert second == first


def test_extraction_alone(town: Server, tmp_path: Path) -> None:
    with pytest.raises(SaysNo, match=r"not finished, .* none is finished here"):
        collect(town, tmp_path, "none", fetch=False)
    first, _ = collect(town, tmp_path, "one")
    town.pages.clear()
    second, asked = collect(town, tmp_path, "two", fetch=False, min_characters=100)
    assert (second, asked) == (first, set())
    with pytest.raises(SaysNo, match=r"collect\.snapshot=2025-12-01 is there"):
        collect(town, tmp_path, "three", fetch=False, snapshot="2025-12-20")


def test_an_unfinished_crawl_is_not_extracted_alone(town: Server, tmp_path: Path) -> None:
    from data_prep.collect.site import crawl as module

    real, calls = module._settle, []

    def stop(*words: Any) -> bool:
        calls.append(1)
        if len(calls) == 4:
            raise OSError(28, "No space left on device", "x")
        return real(*words)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_settle", stop)
        with pytest.raises(OSError):
            collect(town, tmp_path, "one")
    with pytest.raises(SaysNo, match="not finished"):
        collect(town, tmp_path, "one", fetch=False)
    assert set(collect(town, tmp_path, "one")[0]) == {f"/{n}" for n in range(PAGES)}


def test_a_takedown(town: Server, tmp_path: Path) -> None:
    first, _ = collect(town, tmp_path, "one")
    assert b"(3.0)" in archived(tmp_path / "collect/one")
    forget.remember(tmp_path, [f"{town.url}/3"])
    second, asked = collect(town, tmp_path, "two", snapshot="2025-12-20")
    assert "/3" not in asked
    assert set(second) == set(first) - {"/3"}
    assert b"(3.0)" not in archived(tmp_path / "collect/two")
    assert b"(2.0)" in archived(tmp_path / "collect/two")
    assert b"(3.0)" in archived(tmp_path / "collect/one")  # the old one stays as it is
    third, asked = collect(town, tmp_path, "three", snapshot="2025-12-31")
    assert set(third) == set(second)
    assert "/3" not in asked


def test_a_takedown_by_canonical_url(town: Server, tmp_path: Path) -> None:
    head = f"<link rel=canonical href='{town.url}/named'>"
    town.pages["/2"] = article(2, head=head)
    assert "/named" in collect(town, tmp_path, "one")[0]
    forget.remember(tmp_path, [f"{town.url}/named"])
    rows, _ = collect(town, tmp_path, "two", snapshot="2025-12-20")
    assert not {"/named", "/2"} & set(rows)


def test_another_site_by_the_same_name_begins_anew(town: Server, tmp_path: Path) -> None:
    collect(town, tmp_path, "one")
    recipe = recipe_of({"site": site_of(f"{town.url}/0")})
    recipe.runtime = SimpleNamespace(outputs=str(tmp_path))
    town.asked.clear()
    (tmp_path / "collect/two").mkdir()
    run(recipe, {}, tmp_path / "collect/two")
    assert "/0" in town.asked


def test_extract_action_names_its_one_word() -> None:
    from data_prep.collect.again import extract_action

    with pytest.raises(UsageError, match="stage=extract"):
        extract_action(recipe_of(), "crawl")
