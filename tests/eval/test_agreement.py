"""Agreement between raters against published numbers and against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from eval import agreement
from eval.significance import seeded

# Krippendorff's own example (2011): four observers, twelve units, missing values
OBSERVERS = {
    "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    "C": [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
}


def scores(rows: dict[str, list[int | None]]) -> dict[str, dict[str, float]]:
    return {
        rater: {str(item): float(v) for item, v in enumerate(values) if v is not None}
        for rater, values in rows.items()
    }


def test_alpha_equals_krippendorffs_example() -> None:
    assert agreement.alpha(scores(OBSERVERS)) == pytest.approx(0.849, abs=5e-4)


def test_alpha_is_one_minus_observed_over_expected_by_every_pair() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        given = {
            rater: {str(i): float(rng.integers(0, 101)) for i in range(15) if rng.random() < 0.7}
            for rater in "abc"
        }
        items = [[g[str(i)] for g in given.values() if str(i) in g] for i in range(15)]
        items = [values for values in items if len(values) > 1]
        flat = [v for values in items for v in values]
        n = len(flat)
        observed = (
            sum(
                (x - y) ** 2 / (len(values) - 1) for values in items for x in values for y in values
            )
            / n
        )
        expected = sum((x - y) ** 2 for x in flat for y in flat) / (n * (n - 1))
        assert agreement.alpha(given) == pytest.approx(1 - observed / expected)


def test_alpha_where_it_says_nothing() -> None:
    assert agreement.alpha({"a": {"1": 5.0}, "b": {"2": 7.0}}) is None
    assert agreement.alpha({"a": {"1": 5.0}, "b": {"1": 5.0}}) is None
    assert agreement.alpha({"a": {"1": 5.0, "2": 9.0}, "b": {"1": 5.0, "2": 9.0}}) == 1.0


def test_tau_of_every_two_raters() -> None:
    given = {"a": {"1": 1.0, "2": 2.0, "3": 3.0}, "b": {"1": 10.0, "2": 20.0, "3": 30.0}}
    given |= {"c": {"1": 9.0, "2": 5.0, "4": 1.0}, "d": {"3": 1.0}}
    found = {tuple(row["raters"]): (row["tau"], row["n"]) for row in agreement.pairs(given)}
    assert found["a", "b"] == (1.0, 3) and found["a", "c"] == (-1.0, 2)
    assert found["a", "d"] == (None, 1) and len(found) == 6


def test_standard_scores_take_a_raters_scale_out() -> None:
    found = agreement.standard({"a": {"1": 10.0, "2": 30.0}, "b": {"1": 80.0, "2": 90.0}})
    assert found["a"] == found["b"] == {"1": -1.0, "2": 1.0}
    assert agreement.standard({"a": {"1": 4.0, "2": 4.0}}) == {"a": {"1": 0.0, "2": 0.0}}


def test_the_interval_is_over_documents() -> None:
    rng = np.random.default_rng(1)
    documents = [f"d{i // 20}" for i in range(400)]
    luck = rng.normal(0, 10, 20)
    values = [50 + luck[i // 20] + rng.normal(0, 1) for i in range(400)]
    mean, (low, high) = agreement.mean(values, documents, 2000, seeded(1, "a"))
    assert mean == pytest.approx(np.mean(values))
    assert high - low == pytest.approx(2 * 1.96 * np.std(luck) / np.sqrt(20), rel=0.2)
    _, (low, high) = agreement.mean(values, [str(i) for i in range(400)], 2000, seeded(1, "a"))
    assert high - low < 3  # as if the sentences of a document were independent
