"""Disturbed sources: what each perturbation does, and the score before and after."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny_recipe
from hypothesis import given, settings
from hypothesis import strategies as st

import eval
from eval.markdown import robustness
from eval.perturb import PERTURBATIONS, cyrillic, lower, typos, upper
from eval.robustness import disturbed, rows
from eval.testset import Segment, TestSide
from korpu.errors import UsageError
from korpu.schema import Recipe, Robustness
from tests.eval.parts import AZ, UZ, Prepared, of
from tests.eval.parts import rows as lines
from tests.eval.test_evaluate import evaluated, fake

RNG = np.random.default_rng(1)
UZ_AZ = "uzn_Latn-azj_Latn"
ALL = Robustness(perturbations=list(PERTURBATIONS), lines=200)


def side(direction: str = UZ_AZ) -> TestSide:
    src, ref = (UZ, AZ) if direction.startswith("uzn") else (AZ, UZ)
    segments = [
        Segment(str(i), f"d{i // 2}", s, r) for i, (s, r) in enumerate(zip(src, ref, strict=True))
    ]
    return TestSide("news", direction, tuple(segments))


def test_case_keeps_the_two_i_apart() -> None:
    assert upper("İstidə ılıq içki", "azj_Latn", RNG) == "İSTİDƏ ILIQ İÇKİ"
    assert lower("İSTİDƏ ILIQ İÇKİ", "azj_Latn", RNG) == "istidə ılıq içki"
    assert upper("oʻzbek tili", "uzn_Latn", RNG) == "OʻZBEK TILI"
    assert lower("OʻZBEK TILI", "uzn_Latn", RNG) == "oʻzbek tili"


def test_apostrophes_and_cyrillic_are_uzbek() -> None:
    text = "Oʻzbekiston maʼlumoti"
    typed = {PERTURBATIONS["apostrophes"](text, "uzn_Latn", RNG) for _ in range(50)}
    assert len(typed) == 5 and "O'zbekiston ma'lumoti" in typed
    assert cyrillic(text, "uzn_Latn", RNG) == "Ўзбекистон маълумоти"
    for name in ("apostrophes", "cyrillic"):
        assert PERTURBATIONS[name]("Özbəkistan", "azj_Latn", RNG) == "Özbəkistan"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60), st.integers(0, 99))
def test_typos_are_the_same_for_a_seed_and_few(text: str, seed: int) -> None:
    once, again = (typos(text, "uzn_Latn", np.random.default_rng(seed)) for _ in range(2))
    assert once == again
    assert abs(len(once) - len(text)) <= max(1, len(text) // 20)


def test_every_typo_changes_a_letter_or_leaves_the_word() -> None:
    found = {typos("bugun", "uzn_Latn", np.random.default_rng(seed)) for seed in range(60)}
    assert {"bgun", "buggun"} <= found and len(found) > 8
    assert all(word[0] == "b" and 4 <= len(word) <= 6 for word in found)


def test_a_side_is_disturbed_where_something_changes() -> None:
    found = disturbed([side(), side("azj_Latn-uzn_Latn")], ALL, seed=1)
    names = [(one.side.benchmark, one.side.direction[:3]) for one in found]
    assert ("news+cyrillic", "uzn") in names and ("news+cyrillic", "azj") not in names
    assert ("news+upper", "azj") in names and ("news+apostrophes", "azj") not in names
    for one in found:
        assert [s.ref for s in one.side.segments] == [one.plain.segments[i].ref for i in one.lines]
        assert 0 < one.changed <= len(one.lines)
    assert found == disturbed([side(), side("azj_Latn-uzn_Latn")], ALL, seed=1)


def test_lines_are_spread_evenly() -> None:
    (one,) = disturbed([side()], Robustness(perturbations=["upper"], lines=4), seed=1)
    assert one.lines == (0, 2, 4, 6)
    assert disturbed([side()], Robustness(perturbations=[], lines=4), seed=1) == []


def test_bad_settings() -> None:
    for changed, said in (
        ({"perturbations": ["shout"]}, "unknown 'shout'"),
        ({"perturbations": ["upper", "upper"]}, "names one twice"),
        ({"perturbations": ["upper"], "lines": 0}, "at least 1"),
    ):
        with pytest.raises(UsageError, match=said):
            disturbed([side()], dataclasses.replace(ALL, **changed), seed=1)


def test_the_loss_is_of_the_same_lines() -> None:
    plain = side()
    found = disturbed([plain], Robustness(perturbations=["upper"], lines=4), seed=1)
    hyps = {("news", UZ_AZ): {"base": list(AZ)}}
    after = {("news+upper", UZ_AZ): {"base": [AZ[i][: len(AZ[i]) // 2] for i in (0, 2, 4, 6)]}}
    (row,) = rows(found, hyps, after, resamples=100, seed=1)
    assert row["before"] == pytest.approx(100) and row["after"] < 80
    assert row["loss"] == pytest.approx(row["before"] - row["after"], abs=1e-5)
    assert row["ci"][0] <= row["loss"] <= row["ci"][1] and row["n"] == row["changed"] == 4
    after["news+upper", UZ_AZ]["base"] = [AZ[i] for i in (0, 2, 4, 6)]
    (row,) = rows(found, hyps, after, resamples=100, seed=1)
    assert row["loss"] == 0 and row["ci"] == [0, 0]
    assert "-" not in f"{row['loss']}{row['ci']}"  # a page would show -0.0


def test_the_evaluation_translates_disturbed_sides(
    recipe: Recipe, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import jsonschema

    fake(monkeypatch)
    robustness = Robustness(perturbations=["upper", "cyrillic"], lines=8)
    wanted = of(recipe, systems=["copy", "base", "adapter"], robustness=robustness)
    result, report = evaluated(wanted, {"prepare": prepared(lines())}, tmp_path / "out")
    schema = json.loads(Path(eval.__path__[0], "schema", "report.schema.json").read_text("utf-8"))
    jsonschema.validate(report, schema)
    places = [(r["direction"][:3], r["perturbation"], r["system"]) for r in report["robustness"]]
    assert sorted(places) == [
        (source, name, system)
        for source, names in (("azj", ["upper"]), ("uzn", ["cyrillic", "upper"]))
        for name in names
        for system in ("adapter", "base")
    ]
    # the fake knows no disturbed source, and gives it back
    assert all(row["loss"] > 20 and row["ci"][0] > 0 for row in report["robustness"])
    assert {row["benchmark"] for row in report["scores"]} == {"news"}
    paths = {file.path for file in result.files}
    assert "hypotheses/news+cyrillic.uzn_Latn-azj_Latn.base.jsonl" in paths
    assert not any("+" in path and ".copy." in path for path in paths)
    assert all((tmp_path / "out" / path).exists() for path in paths)


def test_the_table_of_the_documents() -> None:
    row = {
        "benchmark": "news", "direction": UZ_AZ, "perturbation": "typos", "system": "adapter",
        "metric": "chrf_pp", "before": 61.04, "after": 58.96, "loss": 2.08, "ci": [-0.2, 4.31],
        "changed": 39, "n": 40,
    }  # fmt: skip
    text = robustness({"robustness": [row]})
    assert text.splitlines()[2:] == [
        f"| news | {UZ_AZ} | typos | adapter | 39 of 40 | 61.0 | 59.0 | 2.1 (-0.2 to 4.3) |"
    ]


@pytest.mark.long
def test_a_trained_model_through_the_command(tiny_corpus: Path, tmp_path: Path) -> None:
    """Nothing of it is fake: the model, its adapter and the command."""
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_corpus, folder)
    wanted = "evaluate.robustness.perturbations=[apostrophes,lower,upper,cyrillic,typos]"
    words = tiny_recipe.words(
        folder, wanted, "evaluate.robustness.lines=9", "evaluate.bootstrap=20"
    )
    done = tiny_recipe.korpu(folder, "evaluate", *words)
    assert done.code == 0, done.err
    (made,) = (folder / "outputs" / "evaluate").glob("*/report.json")
    report = json.loads(made.read_text("utf-8"))
    found = {(row["direction"][:3], row["perturbation"]) for row in report["robustness"]}
    both = {(source, name) for source in ("azj", "uzn") for name in ("lower", "upper", "typos")}
    assert (
        both | {("uzn", "cyrillic")}
        <= found
        <= both | {("uzn", "cyrillic"), ("uzn", "apostrophes")}
    )
    assert {row["system"] for row in report["robustness"]} == {"base", "adapter"}
    assert all(0 < row["n"] <= 9 for row in report["robustness"])
    page = made.with_name("report.html").read_text("utf-8")
    assert "when the source is disturbed" in page and ">-0.0<" not in page
