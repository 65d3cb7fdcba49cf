"""Hundreds of kills: at random moments over thousands of pages, and once at many durable steps."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.collect import kills

pytestmark = pytest.mark.long
HOSTS, PAGES = 4, 600
STEPS = 40  # of each kind, spread over all there are


@pytest.mark.parametrize("workers", [1, 2])
def test_two_hundred_random_kills(
    tmp_path: Path, workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """At least 200 kills over 2,400 pages on four hosts; extraction in one process or in two."""
    began = time.monotonic()
    with (
        kills.town(tmp_path, HOSTS, PAGES) as place,
        kills.zygote(tmp_path, place, workers=workers) as runs,
    ):
        runs.whole(tmp_path / "whole")
        alone, began = time.monotonic() - began, time.monotonic()
        first = len(runs.runs)
        # A process that extracts is started anew, which takes its time.
        longest = 0.6 if workers == 1 else 5.0
        rng = random.Random(workers)
        kills.kill_often(runs, tmp_path / "out", 400, rng, spacing=10, longest=longest)
        took = time.monotonic() - began
        kills.compare(runs, tmp_path / "whole", tmp_path / "out", first)
    silent = sum(run.killed and not run.asked for run in runs.runs)
    assert runs.kills >= 200
    assert silent >= 3
    with capsys.disabled():
        print(
            f"\n{runs.kills} kills ({silent} of them outside the crawl), {HOSTS} hosts, "
            f"{HOSTS * PAGES} articles, {workers} extraction processes: {took:.0f} s; "
            f"undisturbed {alone:.0f} s"
        )


def test_kills_of_a_later_snapshot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second snapshot that goes on from the first one's frontier, killed all the way."""
    later = kills.later()
    with (
        kills.town(tmp_path, HOSTS, PAGES) as place,
        kills.zygote(tmp_path, place) as runs,
    ):
        kills.two_snapshots(runs, tmp_path)
        whole, out = (tmp_path / name / "collect" / "second" for name in ("whole", "killed"))
        runs.whole(whole, **later)
        asked = kills.requests(runs.runs[-1])
        assert asked < 0.6 * kills.requests(runs.runs[0])  # the others are known
        first, began = len(runs.runs), time.monotonic()
        kills.kill_often(runs, out, 300, random.Random(9), spacing=asked / 80, longest=0.5, **later)
        took = time.monotonic() - began
        kills.compare(runs, whole, out, first)
    assert runs.kills >= 60
    with capsys.disabled():
        print(f"\n{runs.kills} kills of a second snapshot of {asked} requests: {took:.0f} s")


def test_steps_of_every_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs over a small town are killed at events of every kind, from the first to the last."""
    began = time.monotonic()
    with kills.town(tmp_path, 2, 6) as place, kills.zygote(tmp_path, place) as runs:
        events = runs.events(tmp_path / "whole")
        assert set(events) == {"write", "written", "sync", "sql", "name", "named"}
        for kind, number in sorted(events.items()):
            for n in range(1, number + 1, max(1, number // STEPS)):
                first, out = len(runs.runs), tmp_path / f"{kind}{n}"
                # Sites take turns as the clock has it, so the last events may not be reached.
                assert runs.until(out, f"{kind}:{n}") or n > 0.9 * number, (kind, n, number)
                runs.whole(out)
                kills.compare(runs, tmp_path / "whole", out, first)
    with capsys.disabled():
        print(f"\n{runs.kills} kills, each at another step: {time.monotonic() - began:.0f} s")
