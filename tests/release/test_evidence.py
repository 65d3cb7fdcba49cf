"""What of an evaluation ships: always the counts, texts only where all of them may."""

import json
import time

import polars as pl
import pytest

from eval import store
from eval.testset import Segment, TestSide
from korpu import artifact
from korpu.artifact import File, Result
from release import evidence


def commit(folder, stage, files):
    return artifact.commit(
        folder, stage=stage, key="k", config={}, inputs=[], started=time.time(),
        result=Result(tuple(File(path) for path in files)),
    )  # fmt: skip


@pytest.fixture
def world(tmp_path):
    prepare, evaluate = tmp_path / "prepare", tmp_path / "evaluate"
    (prepare / "azj_Latn-eng_Latn").mkdir(parents=True)
    rows = {"id": ["a", "b", "c"], "may_redistribute": [True, True, False]}
    pl.DataFrame(rows).write_parquet(prepare / "test.parquet")
    other = {"id": ["e"], "may_redistribute": [True]}
    pl.DataFrame(other).write_parquet(prepare / "azj_Latn-eng_Latn" / "test.parquet")
    files = ["report.json", "stats.npz"]
    evaluate.mkdir()
    artifact.write_json(evaluate / "report.json", {})
    store.write_statistics(evaluate / "stats.npz", {})
    for name, ids in (("news", "ab"), ("closed", "bc"), ("english", "e"), ("flores", "12")):
        segments = tuple(Segment(i, f"d{i}", f"mənbə {i}", f"tarjima {i}") for i in ids)
        side = TestSide(name, "azj_Latn-uzn_Latn", segments)
        for system in ("adapter", "base"):
            path = store.hypotheses_path(side, system)
            store.write_hypotheses(evaluate / path, side, [f"{system} {i}" for i in ids])
            files.append(path)
    made = commit(prepare, "prepare", ["test.parquet", "azj_Latn-eng_Latn/test.parquet"])
    return commit(evaluate, "evaluate", files), made


def test_only_what_may_be_handed_on_ships(world, tmp_path):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    kept = evidence.copy(*world, "adapter", bundle)
    end = "azj_Latn-uzn_Latn.adapter.jsonl"
    assert kept == [f"closed.{end}", f"flores.{end}"]
    files = {p.relative_to(bundle).as_posix() for p in bundle.rglob("*") if p.is_file()}
    assert files == {
        "eval/report.json",
        "eval/stats.npz",
        f"eval/hypotheses/news.{end}",
        f"eval/hypotheses/english.{end}",
    }
    rows = (bundle / "eval" / "hypotheses" / f"news.{end}").read_text("utf-8").splitlines()
    assert [json.loads(row)["hyp"] for row in rows] == ["adapter a", "adapter b"]
