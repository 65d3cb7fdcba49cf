"""The report's picture says what the metrics say."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from train import report
from train.state import Position

RECORDS = [
    {"step": n, "loss": 5.0 / n, "lr": 1 / n, "tokens_per_s": 900.0, "source_tokens_per_s": 800.0,
     "mfu": 0.3, "memory_gib": n / 1000}
    for n in range(1, 1001)
]  # fmt: skip
RECORDS += [
    {"step": step, "chrf_pp": {"a-b": float(step / 20), "b-a": 10.0}} for step in (500, 1000)
]


def charts(page):
    return [ElementTree.fromstring(svg) for svg in re.findall("<svg.*?</svg>", page, re.S)]


def test_curves_are_well_formed_and_in_place():
    page = report.render("base: <demo>", RECORDS, {"chosen_step": 500, "by": "<b>"})
    assert "<title>base: &lt;demo&gt;</title>" in page
    assert "&lt;b&gt;" in page and "<b>" not in page
    assert "prefers-color-scheme: dark" in page and "width=device-width" in page
    loss, scores, rate, speed = charts(page)
    raw, line = loss.findall("polyline")
    assert raw.get("class") == "s0 raw" and len(raw.get("points").split()) == 1000
    assert len(line.get("points").split()) <= 400
    first, second = scores.findall("polyline")
    points = [tuple(map(float, p.split(","))) for p in first.get("points").split()]
    assert points[0][0] < points[1][0] == report.WIDTH - 8
    assert points[0][1] > points[1][1] == report.TOP  # higher is up; the top of the chart is 50
    ys = {p.split(",")[1] for p in second.get("points").split()}
    assert len(ys) == 1
    assert "a-b ends at 50" in scores.find("title").text
    (kept,) = (x for x in scores.findall("line") if x.get("class") == "chosen")
    assert float(kept.get("x1")) == points[0][0]
    assert "lr ends at 0.001" in rate.find("title").text
    assert "target ends at 900; source ends at 800" in speed.find("title").text


def test_what_a_run_forgot_is_drawn_from_before_its_first_step_and_told_of_the_kept_weights():
    watched = {0: 20.0, 500: 18.5, 1000: 12.0}
    scores = [{"step": n, "chrf_pp_monitor": {"f eng-a": score}} for n, score in watched.items()]
    scores[1:] = [{**record, "chrf_pp": {"a-b": 1.0}} for record in scores[1:]]
    end = Position(step=1000, kept=((500, 1.0),), before={"f eng-a": 20.0}, seconds=9.0)
    ended = report.ended([*RECORDS[:1000], *scores], end)
    assert ended["forgetting"] == {"f eng-a": -1.5}
    assert (ended["chosen_step"], ended["kept"]) == (500, [{"step": 500, "chrf_pp": 1.0}])
    assert (ended["mfu"], ended["memory_gib"], ended["tokens_per_s"]) == (0.3, 1.0, 900.0)
    page = report.render("train", [*RECORDS[:1000], *scores], ended)
    assert "f eng-a -1.5" in page
    curve = charts(page)[2].find("polyline").get("points").split()
    assert curve[0].startswith(f"{float(report.LEFT)},")
    assert len(curve) == 3


def test_the_scores_told_are_those_of_the_weights_chosen_mean_or_not():
    records = [
        {"step": 4, "chrf_pp": {"a-b": 30.0}},
        {"step": 4, "average_of": 2, "chrf_pp": {"a-b": 31.0}},
    ]
    end = Position(step=4, kept=((4, 30.0), (2, 29.0)))
    assert report.ended(records, end)["dev_chrf_pp"] == {"a-b": 30.0}
    assert report.ended(records, replace(end, averaged=2))["dev_chrf_pp"] == {"a-b": 31.0}


def test_a_run_without_validation_has_no_chart_of_scores():
    page = report.render("base", RECORDS[:3], {})
    assert page.count("<svg") == 3
    assert "No steps" in report.chart({})


def test_smoothing_has_no_bias_at_the_start():
    assert report.smooth([(1, 4.0), (2, 4.0)]) == [(1, 4.0), (2, 4.0)]
    assert report.smooth([(step, 1.0) for step in range(1, 1002)])[-1][0] == 1001


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 400, [0, 100, 200, 300, 400]),
        (0.98, 5.56, [1, 2, 3, 4, 5]),
        (0, 0.003, [0, 0.001, 0.002, 0.003]),
        (0, 2e-4, [0, 5e-5, 1e-4, 1.5e-4, 2e-4]),
        (17.4, 17.9, [17.4, 17.5, 17.6, 17.7, 17.8, 17.9]),
        (-3, 3, [-2, 0, 2]),
    ],
)
def test_ticks_are_round_numbers(low, high, expected):
    assert report.ticks(low, high) == pytest.approx(expected)
