"""Intervals and tests: exact where they can be, and honest about equal systems."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from eval import bench_gate
from eval.bench_equal import peer_alarms
from eval.equal_systems import World, alarms, logits, simulated
from eval.metrics import values
from eval.significance import (
    compare,
    detectable,
    grouped,
    holm,
    interval,
    jackknife,
    seeded,
    units,
)
from korpu.errors import UsageError


def test_units_are_documents_where_there_are_any() -> None:
    assert units(["a", "a", "b", "a"]).tolist() == [0, 0, 1, 0]
    assert units(["a", "", "", "b"]).tolist() == [0, 1, 2, 3]
    assert units(["a", "a", "a"]).tolist() == [0, 1, 2]
    counts = np.array([[1, 2], [3, 4], [5, 6]])
    assert grouped(counts, units(["x", "y", "x"])).tolist() == [[6, 8], [3, 4]]


def test_randomisation_finds_the_exact_p_of_a_small_case() -> None:
    """Seven units have 128 swaps; all of them counted by hand give the p-value."""
    a, b, of = simulated(seeded(5, "exact"), World(7, 3, 0.6))
    a, b = grouped(a, of), grouped(b, of)
    delta = values(a.sum(0), "chrf_pp") - values(b.sum(0), "chrf_pp")
    swaps = []
    for coins in itertools.product([False, True], repeat=7):
        pick = np.array(coins)[:, None]
        left, right = np.where(pick, b, a).sum(0), np.where(pick, a, b).sum(0)
        swaps.append(values(left, "chrf_pp") - values(right, "chrf_pp"))
    worse = np.mean(np.array(swaps) <= delta + 1e-9)
    differ = np.mean(np.abs(swaps) >= abs(delta) - 1e-9)
    found = compare(a, b, "chrf_pp", 40_000, seeded(1, "t"))
    assert found.worse == pytest.approx(worse, abs=0.01)
    assert found.differ == pytest.approx(differ, abs=0.01)
    assert 0.02 < worse < 0.98


def test_the_same_system_never_differs() -> None:
    a, _, of = simulated(seeded(1, "same"), World(10, 3, 0.3))
    found = compare(grouped(a, of), grouped(a, of), "chrf_pp", 500, seeded(1, "t"))
    assert (found.delta, found.worse, found.better, found.differ) == (0, 1, 1, 1)


def test_a_clear_loss_is_seen_in_the_right_direction() -> None:
    a, b, of = simulated(seeded(2, "loss"), World(40, 5, 0.1))
    b = b.copy()
    b[:, 2::3] = np.minimum(b[:, 2::3] + 3, np.minimum(b[:, 0::3], b[:, 1::3]))
    found = compare(grouped(a, of), grouped(b, of), "chrf_pp", 2000, seeded(1, "t"))
    assert found.delta < -1
    assert found.worse < 0.01 < 0.9 < found.better
    assert found.interval[0] < found.delta < found.interval[1] < 0


def test_results_depend_on_the_seed_and_the_names_only() -> None:
    a, b, _ = simulated(seeded(3, "seed"), World(30, 1, 0.3))
    assert compare(a, b, "chrf_pp", 300, seeded(1, "x")) == compare(
        a, b, "chrf_pp", 300, seeded(1, "x")
    )
    first = interval(a, "chrf_pp", 300, seeded(1, "x"))
    assert first != interval(a, "chrf_pp", 300, seeded(1, "y"))
    assert first != interval(a, "chrf_pp", 300, seeded(2, "x"))


def test_the_interval_is_the_spread_over_test_sets() -> None:
    """On many simulated test sets the score's own spread is the interval's width."""
    scores, widths = [], []
    for number in range(300):
        counts, _, _ = simulated(seeded(number, "spread"), World(60, 1, 0.3))
        scores.append(float(values(counts.sum(0), "chrf_pp")))
        if number < 30:
            low, high = interval(counts, "chrf_pp", 400, seeded(1, str(number)))
            widths.append((high - low) / (2 * 1.96))
    assert np.mean(widths) == pytest.approx(np.std(scores), rel=0.15)


def test_the_jackknife_error_is_the_spread_of_the_difference() -> None:
    deltas, errors = [], []
    for number in range(300):
        a, b, _ = simulated(seeded(number, "error"), World(60, 1, 0.3))
        deltas.append(float(values(a.sum(0), "chrf_pp") - values(b.sum(0), "chrf_pp")))
        errors.append(jackknife(a, b, "chrf_pp"))
    assert np.mean(errors) == pytest.approx(np.std(deltas), rel=0.12)


def test_detectable_effect_is_bloom_s_multiple() -> None:
    # 1.645 + 0.842 for many units; t(0.95, 9) + t(0.80, 9) = 1.833 + 0.883 for ten
    assert detectable(1.0, 10**6, 0.05) == pytest.approx(2.487, abs=0.001)
    assert detectable(2.0, 10, 0.05) == pytest.approx(2 * (1.8331 + 0.8834), abs=0.001)
    assert detectable(1.0, 1, 0.05) == float("inf")


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5]) == [0.5]
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_the_bootstrap_s_p_is_a_t_test_s_where_scores_are_sums() -> None:
    """chrF of one order with equal lengths is linear in the matches, as a t-test takes it."""
    from scipy.stats import ttest_rel

    rng = seeded(1, "linear")
    for units_ in (8, 60):
        a, b = (
            np.column_stack(
                [np.full(units_, 100), np.full(units_, 100), rng.integers(20, 60, units_)]
            )
            for _ in range(2)
        )
        found = compare(a, b, "chrf", 1, rng, 40_000)
        expected = ttest_rel(a[:, 2], b[:, 2]).pvalue
        assert found.bootstrap == pytest.approx(expected, abs=0.02)
        assert 0.01 < expected < 0.99


def test_equal_systems_are_called_different_about_as_often_as_asked() -> None:
    found = alarms(1000, trials=199, resamples=199)
    assert 30 <= found.randomisation <= 70  # three standard errors
    assert 30 <= found.bootstrap <= 70
    by_sentence = alarms(200, by_document=False, trials=199, resamples=199)
    assert by_sentence.randomisation > 20 and by_sentence.bootstrap > 20  # why documents count


def test_a_worse_system_is_worse_by_the_points_asked_for() -> None:
    world = World(200, 5)
    worse = logits(2.0, world)
    deltas = []
    for number in range(60):
        a, b, _ = simulated(seeded(number, "worse"), world, worse)
        deltas.append(values(a.sum(0), "chrf_pp") - values(b.sum(0), "chrf_pp"))
    assert np.mean(deltas) == pytest.approx(-2.0, abs=4 * np.std(deltas) / 60**0.5)
    assert np.std(deltas) < 1


@pytest.mark.long
def test_equal_systems_are_called_different_in_four_to_six_percent() -> None:
    found = alarms(6000)
    assert 240 <= found.randomisation <= 360 and 240 <= found.bootstrap <= 360
    assert peer_alarms(300, World(), 1).bootstrap > 24  # sacrebleu's: above 8%


def test_the_gate_s_simulation_rises_with_the_loss() -> None:
    found = {}
    for loss in (0.0, 6.0):
        gates = bench_gate.simulate(World(30, 4), loss, 20, bench_gate.DEFAULT, 1)
        found[loss] = sum(any(row["failed"] for row in rows) for rows in gates)
    assert found[0.0] <= 4 and found[6.0] >= 15


@pytest.mark.parametrize("words", [["sizes=40"], ["losses=a"], ["losses=-1"], ["sizes=1x4"]])
def test_the_gate_s_simulation_names_a_bad_word(words: list[str]) -> None:
    with pytest.raises(UsageError, match=words[0].partition("=")[0]):
        bench_gate.main(words)
