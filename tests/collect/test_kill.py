"""Kill a run at any moment: no page is lost, none is doubled, none is fetched twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collect import kills
from tests.collect.kills import Town, Zygote


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with kills.town(tmp_path_factory.mktemp("town"), hosts=2, pages=150) as running:
        yield running


@pytest.fixture(scope="module")
def ready(place: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with kills.zygote(tmp_path_factory.mktemp("runs"), place) as running:
        yield running


@pytest.fixture(scope="module")
def events(ready: Zygote) -> Counter[str]:
    """How many durable steps of each kind an undisturbed run has."""
    return ready.events(ready.folder / "outputs" / "collect" / "whole")


@pytest.fixture(scope="module")
def whole(ready: Zygote, events: Counter[str]) -> Path:
    """What an undisturbed run leaves."""
    assert events
    return ready.folder / "outputs" / "collect" / "whole"


def test_random_kills(ready: Zygote, whole: Path, tmp_path: Path) -> None:
    first, before = len(ready.runs), ready.kills
    kills.kill_often(ready, tmp_path / "out", 12, random.Random(3), spacing=15)
    assert ready.kills - before == 12
    kills.compare(ready, whole, tmp_path / "out", first)


def test_kills_at_chosen_moments(ready: Zygote, whole: Path, tmp_path: Path) -> None:
    """Inside a write, between the write and its commit, inside extraction, around a rename."""
    first = len(ready.runs)
    moments = ["write:1", "written:9", "sync:20", "sql:60", "write:30", "name:2", "named:1"]
    for moment in moments:
        assert ready.until(tmp_path / "out", moment), moment
    ready.whole(tmp_path / "out")
    kills.compare(ready, whole, tmp_path / "out", first)


def test_extraction_goes_on_without_the_server(
    ready: Zygote, whole: Path, events: Counter[str], tmp_path: Path
) -> None:
    """The fetching is over with the last page: what follows needs no site."""
    first = len(ready.runs)
    # Every shard of the extraction gets its name once it is whole, and little else does.
    assert ready.until(tmp_path / "out", f"name:{events['name'] // 2}")
    ready.whole(tmp_path / "out")
    assert ready.runs[-1].asked == {}
    kills.compare(ready, whole, tmp_path / "out", first)


def test_kills_of_a_later_snapshot(tmp_path: Path) -> None:
    """While it takes over the earlier one's pages, and while it asks what has changed."""
    later = kills.later()
    with kills.town(tmp_path, hosts=2, pages=60) as place, kills.zygote(tmp_path, place) as runs:
        kills.two_snapshots(runs, tmp_path)
        whole, out = (tmp_path / name / "collect" / "second" for name in ("whole", "killed"))
        runs.whole(whole, **later)
        first, before = len(runs.runs), runs.kills
        moments = ["sql:3", "name:1", "named:1", "sync:1", "sql:40", "write:2", "written:3"]
        for moment in moments:
            assert runs.until(out, moment, **later), moment
        kills.kill_often(runs, out, 4, random.Random(5), spacing=9, **later)
        assert runs.kills - before >= len(moments)
        kills.compare(runs, whole, out, first)
        assert kills.requests(runs.runs[first - 1]) < kills.requests(runs.runs[0])
