"""Checks in the gate: relative to the baseline, significant, and of a size."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import eval.evaluate
from eval import run_evaluate, run_gate
from eval.checks import CHECKS, Judged
from eval.compared import Report, Side
from eval.gate_checks import compared, randomised, sentences, table
from eval.store import checks_name
from korpu.artifact import commit
from korpu.errors import UsageError
from korpu.schema import Gate, GateChecks, Recipe
from tests.eval.parts import AZ, UZ, Prepared, of, rows
from tests.eval.test_gate import GATE

DIRECTION = "azj_Latn-uzn_Latn"
NONE: Judged = np.zeros((0, 0), dtype=np.int64)
TURNED = str.maketrans("0123456789", "1234567890")


def sides(lines: int, document: int = 1) -> list[Side]:
    """A test set whose documents have so many segments."""
    return [Side("news", DIRECTION, NONE, NONE, np.arange(lines) // document)]


def report(base: Judged, system: Judged, name: str = "number_mismatch") -> Report:
    passed = np.zeros(len(base), dtype=np.int64)
    counts = {
        checks_name("news", DIRECTION, who, check): passed
        for who in ("base", "adapter")
        for check in CHECKS
    }
    counts[checks_name("news", DIRECTION, "base", name)] = base
    counts[checks_name("news", DIRECTION, "adapter", name)] = system
    return Report(Path("report.json"), {"systems": ["base", "adapter"]}, counts)


def failing(*where: range, lines: int = 400) -> Judged:
    found = np.zeros(lines, dtype=np.int64)
    for part in where:
        found[list(part)] = 1
    return found


def row(
    made: Report, gate: Gate = GATE, name: str = "number_mismatch", document: int = 1
) -> dict[str, object]:
    lines = len(made.counts[checks_name("news", DIRECTION, "base", name)])
    found, why = compared(made, sides(lines, document), gate)
    assert why is None
    (one,) = [row for row in found if row["check"] == name]
    return one


def test_a_rise_that_is_large_and_no_chance_fails() -> None:
    made = report(failing(range(10)), failing(range(5, 45)))
    found = row(made)
    assert (found["only_system"], found["only_baseline"], found["n"]) == (35, 5, 400)
    assert found["rise"] == 7.5 and found["verdict"] == "REGRESSED" and found["failed"]
    every, _ = compared(made, sides(400), GATE)
    assert len(sentences(every)) == 1 and sentences(every)[0].startswith(
        "number_mismatch REGRESSED"
    )
    assert any("number_mismatch | REGRESSED" in line for line in table(every))


def test_a_real_rise_below_the_limit_is_held() -> None:
    checks = dataclasses.replace(GATE, checks=GateChecks(names=[], rise=10.0))
    found = row(report(failing(range(10)), failing(range(5, 45))), checks)
    assert found["verdict"] == "HELD" and not found["failed"]


def test_a_rise_within_chance_warns() -> None:
    lines = 40
    base, system = failing(range(2), lines=lines), failing(range(1, 5), lines=lines)
    found = row(report(base, system))
    assert found["rise"] == 5.0 and found["verdict"] == "SUSPECT" and not found["failed"]


def test_many_failures_of_both_are_no_regression() -> None:
    same = failing(range(200))
    assert row(report(same, same))["verdict"] == "HELD"
    assert row(report(same, failing(range(40))))["verdict"] == "IMPROVED"


def test_holm_counts_the_checks_that_are_compared() -> None:
    made = report(failing(), failing(range(8)))
    alone = dataclasses.replace(GATE, checks=GateChecks(names=["number_mismatch"], rise=2.0))
    assert row(made, alone)["p_worse_holm"] == pytest.approx(0.5**8, abs=1e-6)
    assert row(made)["p_worse_holm"] == pytest.approx(len(CHECKS) * 0.5**8, abs=1e-4)
    assert row(made, alone)["verdict"] == "REGRESSED" and row(made)["verdict"] == "SUSPECT"


def test_a_check_that_applies_nowhere_has_no_row() -> None:
    absent = np.full(20, -1, dtype=np.int64)
    found, _ = compared(report(absent, absent), sides(20), GATE)
    assert "number_mismatch" not in {row["check"] for row in found}


def test_a_report_without_judgements_is_said() -> None:
    empty = Report(Path("old/report.json"), {"systems": ["base", "adapter"]}, {})
    found, why = compared(empty, sides(20), GATE)
    assert found == [] and why is not None and "old/report.json has no judgements" in why


def test_bad_settings() -> None:
    made = report(failing(), failing())
    for names, rise, said in ((["numbers"], 2.0, "unknown 'numbers'"), ([], -1.0, "not negative")):
        gate = dataclasses.replace(GATE, checks=GateChecks(names=names, rise=rise))
        with pytest.raises(UsageError, match=said):
            compared(made, sides(400), gate)


def test_segments_alone_are_the_sign_test() -> None:
    # R: binom.test(8, 10, alternative = "greater")$p.value
    assert randomised(np.array([1] * 8 + [-1] * 2 + [0] * 50)) == pytest.approx(0.0546875)
    assert randomised(np.array([-1] * 5)) == pytest.approx(1)
    assert randomised(np.zeros(3, dtype=np.int64)) == 1.0


def test_documents_are_counted_by_every_choice_of_signs() -> None:
    rng = np.random.default_rng(2)
    signs = np.array(list(itertools.product((-1, 1), repeat=9)))
    for _ in range(20):
        drawn = rng.integers(-4, 5, size=9)
        every = signs @ np.abs(drawn)
        assert randomised(drawn) == pytest.approx(np.mean(every >= drawn.sum()))


def test_failures_that_come_by_the_document_are_no_more_than_so_many_documents() -> None:
    """Equal systems, each failing whole documents of ten: the level holds only over documents."""
    rng = np.random.default_rng(1)
    alone, together = [], []
    for _ in range(2000):
        fails = np.repeat(rng.random((2, 40)) < 0.2, 10, axis=1).astype(int)
        difference = fails[0] - fails[1]
        alone.append(randomised(difference) <= 0.05)
        together.append(randomised(difference.reshape(40, 10).sum(1)) <= 0.05)
    assert np.mean(alone) > 0.2
    assert np.mean(together) <= 0.06

    made = report(failing(), failing(range(40)))
    assert row(made, document=1)["verdict"] == "REGRESSED"
    assert row(made, document=40)["verdict"] == "SUSPECT"


def test_an_evaluation_s_judgements_reach_the_gate(
    recipe: Recipe, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system that translates as well and turns every number is refused for its numbers."""

    def load_system(name: str, *_: Any) -> Any:
        def run(texts: Sequence[str], _direction: Any) -> list[str]:
            known = {f"{az[:-1]} {i}.": f"{UZ[i % 8][:-1]} {i}." for i, az in enumerate(AZ * 5)}
            outputs = [known[text] for text in texts]
            return outputs if name == "base" else [o.translate(TURNED) for o in outputs]

        return run

    monkeypatch.setattr(eval.evaluate, "load_system", load_system)
    monkeypatch.setattr(eval.evaluate, "identity_of", lambda *_: None)  # there are no weights
    wanted = of(recipe, systems=["base", "adapter"], directions=[DIRECTION])
    gate = dataclasses.replace(GATE, delta=50.0, underpowered=100.0)
    wanted = dataclasses.replace(wanted, gate=gate)
    (tmp_path / "evaluate").mkdir()
    inputs = {"prepare": prepared(rows(40))}
    result = run_evaluate(wanted, inputs, tmp_path / "evaluate")
    made = commit(
        tmp_path / "evaluate",
        stage="evaluate",
        key="e",
        config={},
        inputs=[],
        result=result,
        started=0.0,
    )
    (tmp_path / "gate").mkdir()
    found = run_gate(wanted, {"evaluate": made}, tmp_path / "gate")
    assert found.refused and "number_mismatch REGRESSED on news" in found.refused
    written = json.loads((tmp_path / "gate" / "gate.json").read_text("utf-8"))
    by_check = {row["check"]: row for row in written["checks"]}
    assert by_check["number_mismatch"]["only_system"] == 40 and not written["passed"]
    assert by_check["empty"]["verdict"] == by_check["copied"]["verdict"] == "HELD"
    assert "| number_mismatch | REGRESSED |" in (tmp_path / "gate" / "summary.md").read_text(
        "utf-8"
    )
    assert 'classname="korpu.gate.checks"' in (tmp_path / "gate" / "junit.xml").read_text("utf-8")
