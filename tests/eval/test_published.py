"""What other programs read: report.json and gate.json by schema, junit.xml by its parsers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import eval
from korpu.schema import Recipe
from tests.eval.parts import Prepared, of, rows, spoiled
from tests.eval.test_evaluate import evaluated, fake
from tests.eval.test_gate import REFS, Made, gated, report

SCHEMAS = Path(eval.__path__[0], "schema")
__all__ = ["report"]  # a fixture


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))


def errors(content: Any, name: str) -> list[str]:
    import jsonschema

    checker = jsonschema.Draft202012Validator(schema(name))
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(content)]


@pytest.mark.parametrize("name", ["report", "gate"])
def test_a_schema_is_one_and_says_which(name: str) -> None:
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$id"] == f"urn:korpu:schema:{name}:1"


def test_a_report_follows_its_schema_and_a_wrong_one_does_not(
    recipe: Recipe, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(monkeypatch)
    given = [{**row, "origin": "ab"[i % 2]} for i, row in enumerate(rows(60))]
    wanted = of(recipe, systems=["base", "adapter"])
    _, made = evaluated(wanted, {"prepare": prepared(given)}, tmp_path / "out")
    assert errors(made, "report") == [] and made["buckets"]
    assert errors({**made, "later": [1]}, "report") == []  # readers ignore what they do not know
    for broken in (
        {**made, "schema": 2},
        {**made, "buckets": [{**made["buckets"][0], "n": 0}]},
        {**made, "scores": [{**made["scores"][0], "value": 101}]},
        {**made, "scores": [{**made["scores"][0], "signature": ""}]},
        {**made, "checks": [{**made["checks"][0], "rate": 1.5}]},
        {key: value for key, value in made.items() if key != "normaliser"},
    ):
        assert errors(broken, "report")


@pytest.mark.parametrize(
    ("shares", "rates"),
    [((0.2, 0.4), {"empty": 0.5}), ((0.4, 0.2), {"empty": 0.0}), ((0.3, 0.3), {})],
)
def test_a_gate_follows_its_schema(
    recipe: Recipe,
    report: Made,
    tmp_path: Path,
    shares: tuple[float, float],
    rates: dict[str, float],
) -> None:
    made = report(spoiled(REFS, shares[0]), spoiled(REFS, shares[1], seed=1), rates=rates)
    _, gate = gated(recipe, made, tmp_path)
    assert errors(gate, "gate") == []
    wrong = {**gate, "verdicts": [{**gate["verdicts"][0], "p_worse": 1.2}]}
    assert errors(wrong, "gate") and errors({**gate, "passed": "no"}, "gate")


def test_junit_is_what_its_parsers_expect(
    recipe: Recipe,
    report: Made,
    tmp_path: Path,
) -> None:
    from lxml import etree

    made = report(
        spoiled(REFS, 0.2), spoiled(REFS, 0.4, seed=1), rates={"off_target": 0.5, "empty": 0.0}
    )
    _, gate = gated(recipe, made, tmp_path)
    path = tmp_path / "gate" / "junit.xml"
    strict = etree.XMLParser(recover=False, resolve_entities=False)
    root = etree.parse(str(path), strict).getroot()
    assert root.tag == "testsuites" and root.get("failures") == "2"

    junitparser = pytest.importorskip("junitparser", reason="junitparser is not installed")
    found = junitparser.JUnitXml.fromfile(str(path))
    (suite,) = list(found)
    assert (suite.tests, suite.failures, suite.errors) == (3, 2, 0)
    assert (found.tests, found.failures, found.errors) == (3, 2, 0)
    by_name = {case.name: case for case in suite}
    failed = {name: case.result[0] for name, case in by_name.items() if case.result}
    assert all(isinstance(one, junitparser.Failure) for one in failed.values())
    place = "news azj_Latn-uzn_Latn"
    assert set(failed) == {place, f"{place} off_target"}
    assert failed[place].message == f"REGRESSED: {gate['verdicts'][0]['why']}"
    assert failed[f"{place} off_target"].message.startswith("off_target 50.00% of 160")
    assert by_name[f"{place} empty"].is_passed and by_name[place].classname == "korpu.gate"
    totals = (found.tests, found.failures)
    found.update_statistics()
    assert (found.tests, found.failures) == totals  # counted from the cases


def test_a_verdict_that_only_warns_is_a_passed_case(
    recipe: Recipe,
    report: Made,
    tmp_path: Path,
) -> None:
    junitparser = pytest.importorskip("junitparser", reason="junitparser is not installed")
    hyps = spoiled(REFS, 0.3)
    gated(recipe, report(hyps, hyps), tmp_path)
    (suite,) = list(junitparser.JUnitXml.fromfile(str(tmp_path / "gate" / "junit.xml")))
    cases = list(suite)
    assert all(case.is_passed for case in cases) and suite.failures == 0
    assert cases[0].system_out.startswith("HELD: ")
