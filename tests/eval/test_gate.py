"""The gate: every verdict, every refusal, and files that a CI server reads."""

from __future__ import annotations

import dataclasses
import json
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval import run_gate
from eval.gate import judged
from eval.metrics import signature, statistics
from eval.store import counts_name, units_name, write_statistics
from korpu import bundle as bundles
from korpu.artifact import Artifact, File, Result, commit
from korpu.errors import NotComparable, SaysNo, UsageError
from korpu.schema import Gate, GateChecks, Recipe
from tests.eval.parts import UZ, spoiled

DIRECTION = "azj_Latn-uzn_Latn"
REFS = [f"{UZ[i % 8][:-1]} va {UZ[(i * 3 + 1) % 8][:-1]} {i}." for i in range(160)]
GATE = Gate(
    system="adapter",
    baseline="base",
    benchmarks=[],
    metric="chrf_pp",
    alpha=0.05,
    delta=0.5,
    trials=1000,
    underpowered=2.0,
    max_off_target=0.05,
    max_empty=0.01,
    max_repeated=0.05,
    checks=GateChecks(names=[], rise=2.0),
    strict=False,
)
Made = Callable[..., Artifact]


@pytest.fixture
def report(tmp_path: Path) -> Made:
    """Make an evaluation of base and adapter with given hypotheses, without translating."""

    def make(
        base: list[str],
        adapter: list[str],
        name: str = "evaluate",
        lines: int = len(REFS),
        rates: dict[str, float] | None = None,
        **changed: Any,
    ) -> Artifact:
        folder = tmp_path / name
        folder.mkdir()
        refs, arrays = REFS[:lines], {}
        arrays[units_name("news", DIRECTION)] = np.arange(lines) // 4
        for system, hyps in (("base", base), ("adapter", adapter)):
            stats = statistics(hyps[:lines], refs, "chrf_pp", True, "uzn_Latn")
            arrays[counts_name("news", DIRECTION, system, "chrf_pp", True)] = stats
        write_statistics(folder / "stats.npz", arrays)
        place = {"benchmark": "news", "direction": DIRECTION}
        content = {
            "schema": 1,
            "normaliser": "korpu-1",
            "decode": {"beam": 1},
            "systems": ["base", "adapter"],
            "benchmarks": {"news": {DIRECTION: {"n": lines, "sha256": "a" * 64}}},
            "scores": [
                {
                    **place,
                    "system": system,
                    "metric": "chrf_pp",
                    "normalised": True,
                    "signature": changed.pop("signature", signature("chrf_pp", True)),
                }
                for system in ("adapter", "base")
            ],
            "checks": [
                {**place, "system": "adapter", "check": check, "rate": rate, "n": lines}
                for check, rate in (rates or {"empty": 0.0}).items()
            ],
            "unavailable": [{**place, "benchmark": "other", "reason": "it is empty"}],
            **changed,
        }
        (folder / "report.json").write_text(json.dumps(content), "utf-8")
        result = Result(files=(File("report.json"), File("stats.npz")))
        return commit(
            folder, stage="evaluate", key=name, config={}, inputs=[], result=result, started=0.0
        )

    return make


def gated(
    recipe: Recipe, made: Artifact, tmp_path: Path, **changed: Any
) -> tuple[Result, dict[str, Any]]:
    out = tmp_path / "gate"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    recipe = dataclasses.replace(recipe, gate=dataclasses.replace(GATE, **changed))
    result = run_gate(recipe, {"evaluate": made}, out)
    return result, json.loads((out / "gate.json").read_text("utf-8"))


def verdict(gate: dict[str, Any]) -> str:
    (row,) = gate["verdicts"]
    return str(row["verdict"])


def test_a_worse_model_is_regressed_and_refused(
    recipe: Recipe, report: Made, tmp_path: Path
) -> None:
    made = report(spoiled(REFS, 0.2), spoiled(REFS, 0.4, seed=1))
    result, gate = gated(recipe, made, tmp_path)
    assert verdict(gate) == "REGRESSED" and not gate["passed"]
    row = gate["verdicts"][0]
    assert row["delta"] < -2 and row["ci"][1] < 0 and row["p_worse_holm"] < 0.01
    assert row["n"] == 160 and row["units"] == 40
    assert result.refused and "REGRESSED on news" in result.refused


def test_a_better_model_is_improved(recipe: Recipe, report: Made, tmp_path: Path) -> None:
    result, gate = gated(recipe, report(spoiled(REFS, 0.4), spoiled(REFS, 0.2, seed=1)), tmp_path)
    assert verdict(gate) == "IMPROVED" and result.refused is None and gate["passed"]


def test_an_equal_model_is_held(recipe: Recipe, report: Made, tmp_path: Path) -> None:
    hyps = spoiled(REFS, 0.3)
    result, gate = gated(recipe, report(hyps, hyps), tmp_path)
    assert verdict(gate) == "HELD" and result.refused is None
    assert gate["verdicts"][0]["mde"] == 0


def few(worse: int) -> tuple[list[str], list[str]]:
    """Baseline and system that differ by chance in many lines, and for the worse in a few."""
    base, system = spoiled(REFS, 0.3, seed=4), spoiled(REFS, 0.3, seed=5)
    return base, [*spoiled(REFS[:worse], 0.9), *system[worse:]]


def test_a_drop_within_chance_is_suspect_and_strict_refuses_it(
    recipe: Recipe, report: Made, tmp_path: Path
) -> None:
    base, system = few(2)
    made = report(base, system, lines=24)
    result, gate = gated(recipe, made, tmp_path)
    assert gate["verdicts"][0]["delta"] <= -0.5 and gate["verdicts"][0]["p_worse"] > 0.05
    assert verdict(gate) == "SUSPECT" and result.refused is None
    result, gate = gated(recipe, made, tmp_path, strict=True)
    assert result.refused and "SUSPECT" in result.refused and not gate["passed"]


def test_a_test_set_too_small_to_see_is_underpowered(
    recipe: Recipe, report: Made, tmp_path: Path
) -> None:
    base, system = few(0)
    made = report(base, system, lines=16)
    result, gate = gated(recipe, made, tmp_path, delta=50.0, alpha=0.001)
    assert verdict(gate) == "UNDERPOWERED" and gate["verdicts"][0]["mde"] > 2
    assert result.refused is None
    result, _ = gated(recipe, made, tmp_path, delta=50.0, alpha=0.001, strict=True)
    assert result.refused and "could go unseen" in result.refused


def test_a_real_loss_below_delta_is_held(recipe: Recipe, report: Made, tmp_path: Path) -> None:
    made = report(spoiled(REFS, 0.2), spoiled(REFS, 0.4, seed=1))
    _, gate = gated(recipe, made, tmp_path, delta=50.0, underpowered=90.0)
    assert verdict(gate) == "HELD" and "a real loss" in gate["verdicts"][0]["why"]


@pytest.mark.parametrize(
    ("delta", "p_worse", "p_better", "effect", "expected"),
    [
        (-0.5, 0.05, 1.0, 0.3, "REGRESSED"),
        (-0.5, 0.051, 1.0, 0.3, "SUSPECT"),
        (-0.49, 0.001, 1.0, 0.3, "HELD"),
        (-0.49, 0.4, 0.6, 2.1, "UNDERPOWERED"),
        (0.1, 1.0, 0.05, 9.0, "IMPROVED"),
        (5.0, 1.0, 0.06, 2.1, "UNDERPOWERED"),
        (0.0, 1.0, 1.0, 2.0, "HELD"),
    ],
)
def test_verdicts_at_their_borders(
    delta: float, p_worse: float, p_better: float, effect: float, expected: str
) -> None:
    assert judged(delta, p_worse, p_better, effect, GATE) == expected


def test_a_broken_floor_fails_even_what_improved(
    recipe: Recipe, report: Made, tmp_path: Path
) -> None:
    rates = {"off_target": 0.06, "empty": 0.01, "repeated": 0.0, "copied": 1.0}
    made = report(spoiled(REFS, 0.4), spoiled(REFS, 0.2), rates=rates)
    result, gate = gated(recipe, made, tmp_path)
    assert verdict(gate) == "IMPROVED" and not gate["passed"]
    assert [row["check"] for row in gate["floors"] if row["broken"]] == ["off_target"]
    assert result.refused and "off_target" in result.refused and "6.0%" in result.refused


def test_another_report_as_the_baseline(recipe: Recipe, report: Made, tmp_path: Path) -> None:
    decode = {"beam": 1, "batch_tokens": 9}  # batches change nothing that is compared
    before = report(spoiled(REFS, 0.5), spoiled(REFS, 0.1), name="before", decode=decode)
    now = report(spoiled(REFS, 0.5), spoiled(REFS, 0.4, seed=1))
    _, gate = gated(recipe, now, tmp_path, baseline=str(before.directory / "report.json"))
    assert verdict(gate) == "REGRESSED"  # adapter against adapter, not against base


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"benchmarks": {"news": {DIRECTION: {"n": 160, "sha256": "b" * 64}}}}, "other lines"),
        ({"benchmarks": {"else": {DIRECTION: {"n": 160, "sha256": "a" * 64}}}}, "lacks this"),
        ({"normaliser": "korpu-0"}, "normaliser"),
        ({"decode": {"beam": 4}}, "decoding"),
        ({"signature": "nrefs:1|version:1.0"}, "computed as"),
        ({"schema": 0}, "format"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    recipe: Recipe, report: Made, tmp_path: Path, changed: dict[str, Any], words: str
) -> None:
    hyps = spoiled(REFS, 0.3)
    before = report(hyps, hyps, name="before", **changed)
    with pytest.raises(NotComparable, match=words):
        gated(recipe, report(hyps, hyps), tmp_path, baseline=str(before.directory))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"system": "adaptr"}, "gate.system=adaptr"),
        ({"baseline": "bse"}, "gate.baseline=bse.*base, adapter"),
        ({"baseline": "adapter"}, "both adapter"),
        ({"benchmarks": ["other"]}, "it is empty"),
        ({"benchmarks": ["nothing"]}, "nothing is not in the report.*news"),
        ({"metric": "bleu"}, "no normalised bleu"),
        ({"metric": "ter"}, "gate.metric"),
        ({"alpha": 5.0}, "gate.alpha"),
        ({"delta": -1.0}, "gate.delta"),
        ({"trials": 1}, "gate.trials"),
    ],
)
def test_what_the_gate_cannot_be_asked(
    recipe: Recipe, report: Made, tmp_path: Path, changed: dict[str, Any], words: str
) -> None:
    hyps = spoiled(REFS[:8], 0.3) * 20
    with pytest.raises(UsageError, match=words):
        gated(recipe, report(hyps, hyps), tmp_path, **changed)


def test_the_same_bytes_again_and_other_trials_with_another_seed(
    recipe: Recipe, report: Made, tmp_path: Path
) -> None:
    made = report(*few(3), lines=40)
    _, first = gated(recipe, made, tmp_path)
    bytes_ = [(tmp_path / "gate" / n).read_bytes() for n in ("gate.json", "junit.xml")]
    gated(recipe, made, tmp_path)
    assert bytes_ == [(tmp_path / "gate" / n).read_bytes() for n in ("gate.json", "junit.xml")]
    _, other = gated(dataclasses.replace(recipe, seed=recipe.seed + 1), made, tmp_path)
    assert other["verdicts"][0]["p_worse"] != first["verdicts"][0]["p_worse"]
    assert other["verdicts"][0]["delta"] == first["verdicts"][0]["delta"]


def test_files_for_a_ci_server(
    recipe: Recipe, report: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = tmp_path / "steps.md"
    steps.write_text("earlier\n", "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(steps))
    rates = {"off_target": 0.5, "empty": 0.0}
    made = report(spoiled(REFS, 0.2), spoiled(REFS, 0.4, seed=1), rates=rates)
    gated(recipe, made, tmp_path)
    suite = ElementTree.parse(tmp_path / "gate" / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert suite.get("tests") == str(len(cases)) == "3"
    assert suite.get("failures") == "2"
    assert failed == [f"news {DIRECTION}", f"news {DIRECTION} off_target"]
    text = (tmp_path / "gate" / "summary.md").read_text("utf-8")
    assert "gate: failed" in text and "| news |" in text and "REGRESSED" in text
    assert steps.read_text("utf-8") == "earlier\n" + text


def test_three_even_comparisons_are_corrected_together() -> None:
    """Holm: p of one comparison counts thrice where three are made."""
    from eval.compared import Side
    from eval.gate import _tested, _verdicts

    base, system = few(4)
    stats = [statistics(h[:60], REFS[:60], "chrf_pp") for h in (system, base)]
    side = Side("news", DIRECTION, stats[0], stats[1], np.arange(60) // 4)
    tested = _tested(side, GATE, 1, lambda _: None)
    alone, together = _verdicts([side], [tested], GATE), _verdicts([side] * 3, [tested] * 3, GATE)
    assert 0 < alone[0]["p_worse_holm"] < 1 / 3
    assert together[0]["p_worse_holm"] == pytest.approx(3 * alone[0]["p_worse_holm"], abs=1e-5)
    assert together[0]["mde"] > alone[0]["mde"]


def bundle(
    registry: Path, made: Artifact, version: str = "0.1.0", alias: str = "production"
) -> None:
    """A registry's folders with an evaluation in them, as `release` publishes it."""
    home = registry / "news"
    folder = home / "versions" / version / "eval"
    folder.mkdir(parents=True)
    for name in ("report.json", "stats.npz"):
        shutil.copyfile(made.file(name), folder / name)
    bundles.seal(folder.parent, "news", version, {})
    (home / "aliases").mkdir(exist_ok=True)
    (home / "aliases" / alias).write_text(f"{version}\n", "utf-8")


def registered(recipe: Recipe, registry: Path) -> Recipe:
    release = dataclasses.replace(recipe.release, registry=str(registry))
    return dataclasses.replace(recipe, release=release)


def test_the_baseline_may_be_what_is_in_production(
    recipe: Recipe, report: Made, tmp_path: Path
) -> None:
    hyps = spoiled(REFS, 0.2)
    bundle(tmp_path / "registry", report(hyps, hyps, name="shipped"))
    made = report(hyps, spoiled(REFS, 0.4, seed=1))
    wanted = registered(recipe, tmp_path / "registry")
    _, gate = gated(wanted, made, tmp_path, baseline="registry:news@production")
    assert verdict(gate) == "REGRESSED"
    assert gate["baseline"] == "registry:news@production" and gate["baseline_version"] == "0.1.0"


def test_a_baseline_that_was_changed_since_it_was_published_is_refused(
    recipe: Recipe, report: Made, tmp_path: Path
) -> None:
    hyps = spoiled(REFS, 0.2)
    bundle(tmp_path / "registry", report(hyps, hyps, name="shipped"))
    kept = tmp_path / "registry/news/versions/0.1.0/eval/report.json"
    text = kept.read_text("utf-8")
    changed = text.replace('"n": ', '"n": 1', 1)
    assert changed != text
    kept.write_text(changed, "utf-8")
    wanted = registered(recipe, tmp_path / "registry")
    with pytest.raises(SaysNo, match=r"eval/report\.json is not the file that was published"):
        gated(wanted, report(hyps, hyps), tmp_path, baseline="registry:news@production")


def test_a_moved_alias_is_another_gate(recipe: Recipe, report: Made, tmp_path: Path) -> None:
    from korpu.config import key_config

    hyps = spoiled(REFS, 0.2)
    bundle(tmp_path / "registry", report(hyps, hyps, name="one"))
    wanted = dataclasses.replace(
        registered(recipe, tmp_path / "registry"),
        gate=dataclasses.replace(GATE, baseline="registry:news@production"),
    )
    before = key_config(wanted, ("gate",))
    assert before == key_config(wanted, ("gate",))
    bundle(tmp_path / "registry", report(hyps, hyps, name="two", decode={"beam": 5}), "0.2.0")
    assert before != key_config(wanted, ("gate",))


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("registry:news@candidate", "it has 0.1.0, production"),
        ("registry:other@production", "it has nothing yet"),
        ("registry:news", "NAME@ALIAS"),
        ("registry:../news@production", "is no bundle"),
    ],
)
def test_a_bundle_that_is_not_there(
    recipe: Recipe, report: Made, tmp_path: Path, reference: str, words: str
) -> None:
    hyps = spoiled(REFS, 0.2)
    made = report(hyps, hyps)
    bundle(tmp_path / "registry", made)
    with pytest.raises(UsageError, match=words):
        gated(registered(recipe, tmp_path / "registry"), made, tmp_path, baseline=reference)


def test_a_bundle_without_its_evaluation(recipe: Recipe, report: Made, tmp_path: Path) -> None:
    hyps = spoiled(REFS, 0.2)
    made = report(hyps, hyps)
    bundle(tmp_path / "registry", made)
    shutil.rmtree(tmp_path / "registry" / "news" / "versions" / "0.1.0" / "eval")
    with pytest.raises(UsageError, match="without its evaluation"):
        gated(
            registered(recipe, tmp_path / "registry"),
            made,
            tmp_path,
            baseline="registry:news@production",
        )


def test_a_report_with_nan_is_no_report(recipe: Recipe, report: Made, tmp_path: Path) -> None:
    hyps = spoiled(REFS, 0.2)
    made = report(hyps, hyps, rates={"off_target": float("nan")})
    with pytest.raises(UsageError, match="NaN where a number belongs"):
        gated(recipe, made, tmp_path)


def test_statistics_of_another_evaluation_are_refused(
    recipe: Recipe, report: Made, tmp_path: Path
) -> None:
    hyps = spoiled(REFS, 0.2)
    made, short = report(hyps, hyps), report(hyps, hyps, name="short", lines=80)
    shutil.copyfile(short.file("stats.npz"), made.directory / "stats.npz")
    with pytest.raises(NotComparable, match=r"has 80 lines .* not of one evaluation"):
        gated(recipe, made, tmp_path)


def test_a_metric_that_was_not_available_says_why(
    recipe: Recipe, report: Made, tmp_path: Path
) -> None:
    hyps = spoiled(REFS, 0.2)
    row = {"benchmark": "news", "direction": DIRECTION, "metric": "spbleu", "reason": "no model"}
    made = report(hyps, hyps, unavailable=[row])
    with pytest.raises(UsageError, match="no spbleu: no model"):
        gated(recipe, made, tmp_path, metric="spbleu")


def test_the_bootstrap_s_p_stands_beside_the_randomisation_s(
    recipe: Recipe, report: Made, tmp_path: Path
) -> None:
    _, gate = gated(recipe, report(*few(6)), tmp_path)
    (row,) = gate["verdicts"]
    assert 0 < row["p_bootstrap"] < 0.5 and row["p_bootstrap"] != row["p_two_sided"]
    assert row["p_bootstrap"] == pytest.approx(row["p_two_sided"], abs=0.05)
