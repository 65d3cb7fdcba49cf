"""The card's table holds every metric that an evaluation may have, also those of programs."""

from __future__ import annotations

from typing import Any

from release import card


def row(metric: str, value: float, normalised: bool, system: str = "adapter") -> dict[str, Any]:
    return {
        "benchmark": "news", "direction": "azj_Latn-uzn_Latn", "system": system, "metric": metric,
        "normalised": normalised, "value": value, "ci": [value - 0.5, value + 0.5], "n": 7,
        "signature": f"nrefs:1|{metric}",
    }  # fmt: skip


def test_ter_and_a_program_s_metric_have_their_row() -> None:
    metrics = [
        row("ter", 40.0, False), row("ter", 39.0, True), row("ter", 90.0, True, "copy"),
        row("comet", 0.75, False), row("comet", -0.25, False, "base"),
    ]  # fmt: skip
    text = card._scores(metrics)
    place = "| news | azj_Latn-uzn_Latn | 7"
    assert f"{place} | TER | 90.0 | not measured | **39.0** (38.5–39.5) | 40.0 |" in text
    assert f"{place} | comet | not measured | -0.250 | **0.750** (0.250–1.250) | 0.750 |" in text
    (found,) = card._results(metrics)
    named = [(one["type"], one["name"], one["value"]) for one in found["metrics"]]
    assert named == [("ter", "TER", 40.0), ("ter", "TER (normalised)", 39.0),
                     ("comet", "comet", 0.75)]  # fmt: skip
