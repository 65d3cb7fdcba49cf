"""The report's picture says what the metrics say."""

import re
import xml.etree.ElementTree as ElementTree

from train import report

RECORDS = [{"step": step, "loss": 5.0 / step} for step in range(1, 1001)]
RECORDS += [
    {"step": step, "chrf_pp": {"a-b": float(step / 20), "b-a": 10.0}} for step in (500, 1000)
]


def test_curves_are_well_formed_and_in_place():
    page = report.render("base: <demo>", RECORDS, {"steps": 1000, "by": "<b>"})
    assert "<title>base: &lt;demo&gt;</title>" in page
    assert "&lt;b&gt;" in page and "<b>" not in page
    assert "prefers-color-scheme: dark" in page and "width=device-width" in page
    loss, scores = (ElementTree.fromstring(svg) for svg in re.findall("<svg.*?</svg>", page, re.S))
    (line,) = loss.findall("polyline")
    assert len(line.get("points").split()) <= 400
    first, second = scores.findall("polyline")
    points = [tuple(map(float, p.split(","))) for p in first.get("points").split()]
    assert points[0][0] < points[1][0] == report.WIDTH - 8
    assert points[0][1] > points[1][1] == 24  # higher is up; the top of the chart is 50
    ys = {p.split(",")[1] for p in second.get("points").split()}
    assert len(ys) == 1
    assert "a-b ends at 50" in scores.find("title").text


def test_a_run_without_validation_has_no_second_chart():
    page = report.render("base", RECORDS[:3], {})
    assert page.count("<svg") == 1
    assert "No steps" in report.chart({})


def test_smoothing_has_no_bias_at_the_start():
    assert report.smooth([(1, 4.0), (2, 4.0)]) == [(1, 4.0), (2, 4.0)]
    assert report.smooth([(step, 1.0) for step in range(1, 1002)])[-1][0] == 1001
