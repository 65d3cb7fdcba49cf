"""Buckets: every segment in one of each kind, scores equal sacrebleu's on the same lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval import breakdown, buckets, vocabulary
from eval.metrics import score
from eval.scores import judged
from eval.testset import Segment, TestSide
from tests.eval.parts import AZ, UZ, Prepared, rows, spoiled

DIRECTION = "azj_Latn-uzn_Latn"


def side(count: int = 120, **given: Any) -> TestSide:
    """Sentences of one to forty words, from two sites and four months; ``given`` by field."""
    segments = []
    for i in range(count):
        one = {
            "src": " ".join(AZ[i % 8].split() * 4)[: 30 + 4 * i % 300],
            "ref": UZ[i % 8],
            "origin": "a" if i % 3 else "b",
            "published": f"2025-{1 + i % 4:02}-10T00:00:00Z",
            **{name: values[i] for name, values in given.items()},
        }
        segments.append(Segment(str(i), f"d{i // 3}", **one))
    return TestSide("news", DIRECTION, tuple(segments))


NONE: buckets.Failures = {"base": {"empty": frozenset()}}


def of_kind(found: list[buckets.Bucket], kind: str) -> dict[str, tuple[int, ...]]:
    return {bucket.name: bucket.indices for bucket in found if bucket.kind == kind}


def test_each_kind_divides_the_whole_test_set() -> None:
    found = buckets.cut(side(), NONE, None)
    for kind in ("length", "origin", "date", "rare"):
        indices = [i for inside in of_kind(found, kind).values() for i in inside]
        assert sorted(indices) == list(range(120)), kind
    assert list(of_kind(found, "date")) == ["2025-01", "2025-02", "2025-03", "2025-04"]
    assert {name: len(i) for name, i in of_kind(found, "origin").items()} == {"a": 80, "b": 40}
    assert not any(bucket.small for bucket in found)
    assert of_kind(found, "check") == {}  # nothing failed, so it does not divide


def test_length_is_in_source_words_and_small_buckets_join_a_neighbour() -> None:
    sources = ["a " * (5 if i < 50 else 12 if i < 60 else 17 if i < 62 else 50) for i in range(100)]
    found = of_kind(buckets.cut(side(100, src=sources), NONE, None), "length")
    assert {name: len(i) for name, i in found.items()} == {
        "1–9 words": 50, "10+ words": 50,
    }  # fmt: skip


def test_many_months_become_quarters_and_years_and_undated_stays_apart() -> None:
    days = [f"{2020 + i % 6}-{1 + i // 6 % 12:02}-01" for i in range(239)] + [None] * 21
    found = of_kind(buckets.cut(side(260, published=days), NONE, None), "date")
    assert list(found) == ["2020", "2021", "2022", "2023", "2024", "2025", "undated"]
    assert len(found["undated"]) == 21
    days = [f"2025-{1 + i % 12:02}-01" for i in range(60)] + [
        f"2026-{1 + i % 2:02}-01" for i in range(60)
    ]
    found = of_kind(buckets.cut(side(120, published=days), NONE, None), "date")
    assert list(found) == ["2025 Q1 to 2025 Q2", "2025 Q3 to 2025 Q4", "2026 Q1"]


def test_small_origins_are_one() -> None:
    origins = ["big"] * 80 + ["x"] * 5 + ["y"] * 5 + [None] * 10
    found = of_kind(buckets.cut(side(100, origin=origins), NONE, None), "origin")
    assert {name: len(i) for name, i in found.items()} == {
        "big": 80, "2 others": 10, "unknown": 10,
    }  # fmt: skip


def test_a_word_is_rare_by_training_and_else_by_the_test_set() -> None:
    sources = ["yağış yağacaq"] * 40 + ["yağış sellənəcək"] * 40
    cut = buckets.cut(side(80, src=sources), NONE, {"yağış": 9, "yağacaq": 3, "sellənəcək": 2})
    assert {name: len(i) for name, i in of_kind(cut, "rare").items()} == {
        "no rare word": 40, "25%–50% rare": 40,
    }  # fmt: skip
    lines = ["eyni söz"] * 30 + [f"eyni söz {'abcdefgh'[i % 8] * (i // 8 + 1)}" for i in range(30)]
    cut = buckets.cut(side(60, src=lines), NONE, None)
    assert len(of_kind(cut, "rare")["no rare word"]) == 30


def test_a_check_holds_what_any_system_but_copy_fails() -> None:
    failed: buckets.Failures = {
        "copy": {"off_target": frozenset(range(120))},
        "base": {"off_target": frozenset({1, 2}), "empty": frozenset()},
        "adapter": {"off_target": frozenset({2, 3}), "empty": frozenset()},
    }
    found = of_kind(buckets.cut(side(), failed, None), "check")
    assert found["off_target"] == (1, 2, 3) and len(found["all pass"]) == 117
    assert set(found) == {"off_target", "all pass"}


def test_scores_equal_those_of_the_lines_alone() -> None:
    tested = side()
    refs = [segment.ref for segment in tested.segments]
    hyps = {"base": spoiled(refs, 0.5), "adapter": spoiled(refs, 0.2, seed=1)}
    cut = buckets.cut(tested, breakdown.failures(hyps, judged(tested, hyps)[0]), None)
    found = breakdown.scored(tested, hyps, cut, ["bleu", "chrf_pp"], 50, 1, {})
    assert len(found) == len(cut) * 2 and len({bucket.kind for bucket in cut}) >= 4
    indices = {(bucket.kind, bucket.name): bucket.indices for bucket in cut}
    for row in found:
        inside = indices[row["kind"], row["bucket"]]
        texts = [[given[i] for i in inside] for given in (hyps[row["system"]], refs)]
        expected = score(*texts, "chrf_pp", True, "uzn_Latn").value
        assert row["value"] == pytest.approx(expected, abs=1e-6)
        assert row["ci"][0] <= row["value"] <= row["ci"][1]
        assert row["n"] == len(inside) and row["small"] == (len(inside) < 20)


def test_training_is_counted_in_both_columns_and_either_orthography(prepared: Prepared) -> None:
    words = {"src": "İşıq IŞIQ yandı 15", "tgt": "Yomg'ir yog‘di"}
    other = {**words, "src_lang": "uzn_Latn", "tgt_lang": "azj_Latn"}
    other["src"], other["tgt"] = "Yomgʻir", "Yağış işıq"
    corpus = prepared(rows(6), [words, other])
    both = [
        TestSide("news", DIRECTION, (Segment("1", "", "İşıq yandı, külək 15", "x"),)),
        TestSide("news", "uzn_Latn-azj_Latn", (Segment("1", "", "Yomg`ir", "x"),)),
    ]
    found = vocabulary.counted(corpus, both)
    assert found["azj_Latn"] == {"işıq": 2, "yandı": 1}
    assert vocabulary.words(["IŞIQ İŞIQ oʻtdi"], "azj_Latn") == [["ışıq", "işıq", "oʻtdi"]]
    # the corpus is normalised when it is prepared; the test set is here
    assert found["uzn_Latn"] == {"yomgʻir": 1}


def test_the_report_has_them(recipe: Any, prepared: Prepared, tmp_path: Path) -> None:
    from eval import run_evaluate
    from tests.eval.parts import of

    given = [{**row, "origin": "ab"[i % 2]} for i, row in enumerate(rows(80))]
    (tmp_path / "out").mkdir()
    run_evaluate(of(recipe), {"prepare": prepared(given)}, tmp_path / "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    found = {(r["kind"], r["bucket"], r["n"]) for r in report["buckets"] if r["system"] == "copy"}
    assert {("origin", "a", 40), ("origin", "b", 40)} <= found
