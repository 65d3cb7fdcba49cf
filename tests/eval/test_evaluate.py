"""The stage evaluate: what it writes, from which lines, and again after being stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import eval.evaluate
from eval import run_evaluate, table
from eval.metrics import score
from eval.store import read_statistics, write_statistics
from korpu.artifact import Artifact, Result, commit, sha256
from korpu.errors import Stopped, UsageError
from korpu.schema import Benchmark, Recipe, Scorer
from tests.eval.parts import AZ, BOTH, UZ, Prepared, of, part, program, rows, spoiled


def evaluated(recipe: Recipe, inputs: dict[str, Artifact], out: Path) -> tuple[Result, Any]:
    out.mkdir(parents=True, exist_ok=True)
    result = run_evaluate(recipe, inputs, out)
    return result, json.loads((out / "report.json").read_text("utf-8"))


def fake(monkeypatch: pytest.MonkeyPatch, calls: list[Any] | None = None) -> None:
    """Base and adapter that need no weights: spoiled references, more and less."""
    known = {f"{az[:-1]} {i}.": f"{UZ[i % 8][:-1]} {i}." for i, az in enumerate(AZ * 4)}
    known |= {uz: az for az, uz in known.items()}

    def load_system(name: str, *_: Any) -> Any:
        def run(texts: Sequence[str], direction: Any) -> list[str]:
            if calls is not None:
                calls.append((name, direction, list(texts)))
            if name == "copy":
                return list(texts)
            share = {"base": 0.6, "adapter": 0.2}[name]
            return [spoiled([known.get(text, text)], share, seed=len(text))[0] for text in texts]

        return run

    monkeypatch.setattr(eval.evaluate, "load_system", load_system)
    monkeypatch.setattr(eval.evaluate, "identity_of", lambda *_: None)  # there are no weights


def test_the_report_follows_its_schema_and_equals_sacrebleu(
    recipe: Recipe, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import jsonschema

    fake(monkeypatch)
    wanted = of(recipe, systems=["copy", "base", "adapter"])
    result, report = evaluated(wanted, {"prepare": prepared(rows())}, tmp_path / "out")
    schema = json.loads(Path(eval.__path__[0], "schema", "report.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(report, schema)
    assert len(report["scores"]) == 2 * 3 * 3 * 2
    assert report["benchmarks"]["news"][BOTH[0]]["n"] == 24
    assert report["benchmarks"]["news"][BOTH[0]]["documents"] == 8
    for row in report["scores"]:
        path = tmp_path / "out" / f"hypotheses/news.{row['direction']}.{row['system']}.jsonl"
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        assert list(lines[0]) == ["id", "document", "src", "ref", "hyp"]
        target = row["direction"][-8:]
        expected = score(
            [r["hyp"] for r in lines],
            [r["ref"] for r in lines],
            row["metric"],
            row["normalised"],
            target,
        )
        assert row["value"] == pytest.approx(expected.value, abs=1e-6)
        assert row["signature"] == expected.signature
        assert row["ci"][0] <= row["value"] <= row["ci"][1] and row["ci"][0] < row["ci"][1]
    by_system = {
        r["system"]: r["value"]
        for r in report["scores"]
        if r["metric"] == "chrf_pp" and r["normalised"] and r["direction"] == BOTH[0]
    }
    assert by_system["copy"] < by_system["base"] < by_system["adapter"]
    listed = {file.path for file in result.files}
    there = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*")}
    assert listed == {path for path in there if not path.startswith("work")}


def test_copy_scores_what_copying_scores_and_nothing_loads(
    recipe: Recipe, prepared: Prepared, tmp_path: Path
) -> None:
    _, report = evaluated(of(recipe), {"prepare": prepared(rows())}, tmp_path / "out")
    copied = {
        (r["system"], r["check"]): r["rate"] for r in report["checks"] if r["direction"] == BOTH[0]
    }
    assert copied["copy", "copied"] == copied["copy", "off_target"] == 1.0
    assert copied["reference", "copied"] == copied["reference", "off_target"] == 0.0


def test_a_stopped_evaluation_continues_to_the_same_bytes(
    recipe: Recipe, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eval.evaluate, "SHARD", 5)
    calls: list[Any] = []
    fake(monkeypatch, calls)
    inputs = {"prepare": prepared(rows())}
    wanted = of(recipe, systems=["copy", "base", "adapter"])
    whole, _ = evaluated(wanted, inputs, tmp_path / "whole")
    undisturbed = len(calls)
    calls.clear()
    keep = eval.evaluate.cache.keep
    for stop_after in (1, 4, 9, 13):
        count = 0

        def stopping(*given: Any, stop_after: int = stop_after) -> None:
            nonlocal count
            keep(*given)
            count += 1
            if count == stop_after:
                raise Stopped("SIGTERM")

        monkeypatch.setattr(eval.evaluate.cache, "keep", stopping)
        with pytest.raises(Stopped):
            evaluated(wanted, inputs, tmp_path / "again")
    monkeypatch.setattr(eval.evaluate.cache, "keep", keep)
    evaluated(wanted, inputs, tmp_path / "again")
    assert len(calls) == undisturbed  # no shard twice
    for file in whole.files:
        assert sha256(tmp_path / "whole" / file.path) == sha256(tmp_path / "again" / file.path)


def test_a_source_in_several_parts_is_translated_once(
    recipe: Recipe, prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []
    fake(monkeypatch, calls)
    wanted = of(recipe, test={"all": part(), "weather": part(section=["hava"])})
    evaluated(wanted, {"prepare": prepared(rows() + rows(4))}, tmp_path / "out")
    for direction in (("azj_Latn", "uzn_Latn"), ("uzn_Latn", "azj_Latn")):
        asked = [text for _, d, texts in calls if d == direction for text in texts]
        assert len(asked) == len(set(asked)) == 24


def benchmark(folder: Path) -> Benchmark:
    (folder / "b.az").write_text("\n".join(AZ) + "\n", "utf-8")
    (folder / "b.uz").write_text("\n".join(UZ) + "\n", "utf-8")
    return Benchmark(
        src=str(folder / "b.az"),
        tgt=str(folder / "b.uz"),
        src_lang="azj_Latn",
        tgt_lang="uzn_Latn",
        documents=None,
        licence="CC0-1.0",
    )


def test_a_benchmark_beside_an_empty_part(
    recipe: Recipe, prepared: Prepared, tmp_path: Path
) -> None:
    comet = Scorer(program("for line in lines: print(0.75)"), "1")
    wanted = of(recipe, benchmark={"files": benchmark(tmp_path)}, scorers={"comet": comet})
    result, report = evaluated(wanted, {"prepare": prepared([])}, tmp_path / "out")
    assert list(report["benchmarks"]) == ["files"]
    assert report["benchmarks"]["files"][BOTH[1]]["n"] == 8
    assert [row["benchmark"] for row in report["unavailable"]] == ["news", "news"]
    assert "0 rows" in report["unavailable"][0]["reason"]
    made = commit(
        tmp_path / "out",
        stage="evaluate",
        key="e" * 64,
        config={},
        inputs=[],
        result=result,
        started=0.0,
    )
    shown = table.show(made)
    assert "files" in shown and "chrF++" in shown and "not scored" in shown
    assert "comet" in shown and "0.750 ±0.000" in shown
    assert max(map(len, shown.splitlines()[:-2])) <= 100


def test_what_cannot_be_evaluated_is_refused(
    recipe: Recipe, prepared: Prepared, tmp_path: Path
) -> None:
    inputs = {"prepare": prepared(rows(3))}
    for given, words in (
        ({"systems": ["copy", "bse"]}, "'bse'"),
        ({"systems": []}, "evaluate.systems is empty"),
        ({"metrics": ["chrf++"]}, "chrf_pp"),
        ({"systems": ["copy", "copy"]}, "twice"),
        ({"directions": ["az-uz-tr"]}, "az-uz-tr|uz-tr"),
        ({"test": {"a/b": part()}}, "a/b"),
        ({"test": {"none": part(origin=["nobody"])}}, "nothing to evaluate.*none"),
        ({"test": {}}, "nothing to evaluate"),
        ({"slices": str(tmp_path / "gone.jsonl")}, "gone.jsonl"),
    ):
        with pytest.raises(UsageError, match=words):
            evaluated(of(recipe, **given), inputs, tmp_path / "out")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"language": "azj_Latn", "text": "a", "slice": "x"}\n{"text": 1}\n', "utf-8")
    with pytest.raises(UsageError, match=r"bad\.jsonl, line 2"):
        evaluated(of(recipe, slices=str(bad)), inputs, tmp_path / "out")


def test_statistics_have_the_same_bytes_at_any_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    import numpy as np

    arrays = {"b/x": np.arange(6).reshape(2, 3), "a/y": np.array([7, 8])}
    write_statistics(tmp_path / "one.npz", arrays)
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    write_statistics(tmp_path / "two.npz", dict(reversed(arrays.items())))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    again = read_statistics(tmp_path / "one.npz")
    assert {k: v.tolist() for k, v in again.items()} == {k: v.tolist() for k, v in arrays.items()}


def test_base_and_adapter_are_really_loaded(
    recipe: Recipe, prepared: Prepared, tmp_path: Path, tiny: Any
) -> None:
    """The whole stage on saved weights: a random base, and an adapter that changes it."""
    import copy

    import torch
    from peft import LoraConfig, get_peft_model

    from eval.decoding import translate
    from korpu.artifact import File
    from korpu.nllb.orthography import Orthography

    model, tokenizer = tiny
    torch.manual_seed(2)
    config = LoraConfig(r=4, target_modules=["q_proj", "fc1"], init_lora_weights=False)
    adapted = get_peft_model(copy.deepcopy(model), config).eval()
    inputs = {"prepare": prepared(rows(6))}
    for stage, saved, name in (("base", model, "model"), ("train", adapted, "adapter")):
        folder = tmp_path / stage
        saved.save_pretrained(folder / name)
        if stage == "base":
            tokenizer.save_pretrained(folder / name)
        (folder / "orthography.json").write_text(Orthography().json(), "utf-8")
        inputs[stage] = commit(
            folder,
            stage=stage,
            key=stage[0] * 64,
            config={},
            inputs=[],
            result=Result(files=(File(name), File("orthography.json"))),
            started=0.0,
        )
    systems = ["base", "adapter", "merged"]
    wanted = of(recipe, systems=systems, directions=BOTH[:1], metrics=["chrf_pp"])
    _, report = evaluated(wanted, inputs, tmp_path / "out")
    assert report["model"]["base_key"] == "b" * 64 and report["model"]["adapter_key"] == "t" * 64
    for system, which in zip(systems, (model, adapted, adapted), strict=True):
        path = tmp_path / "out" / "hypotheses" / f"news.{BOTH[0]}.{system}.jsonl"
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        expected = translate(
            which,
            tokenizer,
            [row["src"] for row in lines],
            ("azj_Latn", "uzn_Latn"),
            wanted.decode,
            wanted.model.max_length,
        )
        assert [row["hyp"] for row in lines] == expected
