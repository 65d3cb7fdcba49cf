"""Ratings by people: a blind export, files that are checked, and what the report says of them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval import ballot, people, review, store
from eval.compared import opened
from eval.report import PEOPLE
from eval.testset import Segment, TestSide
from korpu.errors import UsageError
from korpu.schema import Recipe
from tests.eval.parts import AZ, BOTH, UZ, spoiled

Export = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the review reads of an evaluation, of base and adapter in both directions."""
    folder = tmp_path_factory.mktemp("evaluate")
    outputs: dict[str, list[str]] = {}
    for direction, (srcs, tgts) in zip(BOTH, ((AZ, UZ), (UZ, AZ)), strict=True):
        segments = tuple(
            Segment(str(i), f"d{i // 3}", f"{srcs[i % 8]} {i}", f"{tgts[i % 8]} {i}")
            for i in range(24)
        )
        side = TestSide("news", direction, segments)
        refs = [segment.ref for segment in segments]
        outputs = {"copy": refs, "base": spoiled(refs, 0.6), "adapter": spoiled(refs, 0.2, seed=1)}
        for system, texts in outputs.items():
            store.write_hypotheses(folder / store.hypotheses_path(side, system), side, texts)
    content = {
        "schema": 1,
        "systems": list(outputs),
        "benchmarks": {"news": {direction: {} for direction in BOTH}},
        "scores": [],
        "checks": [],
    }
    (folder / "report.json").write_text(json.dumps(content), "utf-8")
    (folder / "report.html").write_text(f"<main>{PEOPLE}</main>", "utf-8")
    store.write_statistics(folder / "stats.npz", {})
    return folder


@pytest.fixture
def report(evaluated: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(evaluated, tmp_path / "evaluate"))


@pytest.fixture
def export(recipe: Recipe, report: Path) -> Export:
    """Export a review of the report, and give the key."""

    def make(**options: str) -> dict[str, Any]:
        review.review_action(recipe, "export", report=str(report), **options)
        return ballot.read_key(report / "review" / ballot.KEY)

    return make


def rated(
    key: dict[str, Any],
    path: Path,
    rater: str,
    score: Callable[[dict[str, Any]], float],
    **row: Any,
) -> Path:
    """A rater's file, as the page saves it."""
    ratings = [
        {"id": item["id"], "score": score(item), "spans": [], "edit": None,
         "when": "2025-11-03T09:15:00.000Z", **row}
        for item in key["items"]
    ]  # fmt: skip
    content = {"schema": 1, "review": key["review"], "rater": rater, "ratings": ratings}
    path.write_text(json.dumps(content), "utf-8")
    return path


def by_system(item: dict[str, Any]) -> float:
    return 80.0 if "adapter" in item["systems"] else 40.0


def test_the_page_is_blind_and_the_key_is_apart(export: Export, report: Path) -> None:
    key = export(count="10", systems="base,adapter,reference")
    page = (report / "review" / "review.html").read_text("utf-8")
    found = json.loads(re.findall(r'id="data">(.*?)</script>', page, re.S)[0])
    seen = json.dumps({k: v for k, v in found.items() if k != "words"})
    for told in ("base", "adapter", "reference", "copy", "news", "d0", "segment", "systems"):
        assert f'"{told}"' not in seen
    assert not re.search(r"https?://|@import|url\(", page)
    assert len(found["sentences"]) == 10
    for sentence in found["sentences"]:
        ids = [item["id"] for item in sentence["items"]]
        assert ids == sorted(ids)  # of hashes: no system comes first more often than by chance
    assert {tuple(s["langs"]) for s in found["sentences"]} == {("az", "uz"), ("uz", "az")}
    outputs = {item["id"]: item["out"] for s in found["sentences"] for item in s["items"]}
    assert outputs == {item["id"]: item["out"] for item in key["items"]}
    first = [item["systems"][0] for item in key["items"]]
    assert {"base", "adapter", "reference"} <= set(first)


def test_every_system_comes_first_about_as_often(report: Path) -> None:
    found = opened(report)
    firsts: list[str] = []
    for seed in range(40):
        drawn = ballot.drawn(found, ["base", "adapter"], None, 20, seed)
        key = ballot.key(found, drawn, ["base", "adapter"], seed)
        seen = set()
        for item in key["items"]:
            if (item["direction"], item["src"]) not in seen and len(item["systems"]) == 1:
                firsts.append(item["systems"][0])
            seen.add((item["direction"], item["src"]))
    share = firsts.count("base") / len(firsts)
    assert len(firsts) > 500 and 0.4 < share < 0.6


def test_a_draw_depends_on_the_seed_alone_and_is_even(report: Path) -> None:
    found = opened(report)
    one, same, other = (ballot.drawn(found, ["base"], None, 12, seed) for seed in (1, 1, 2))
    assert one == same != other
    assert [s.direction for s in one].count("azj_Latn-uzn_Latn") == 6
    only = ballot.drawn(found, ["base"], "uzn_Latn-azj_Latn", 100, 1)
    assert len(only) == 24 and {s.direction for s in only} == {"uzn_Latn-azj_Latn"}


def test_equal_outputs_are_asked_once_and_count_for_both(export: Export, report: Path) -> None:
    path = report / "hypotheses" / "news.azj_Latn-uzn_Latn"
    path.with_name(path.name + ".adapter.jsonl").write_text(
        path.with_name(path.name + ".base.jsonl").read_text("utf-8"), "utf-8"
    )
    key = export(direction="azj_Latn-uzn_Latn", count="24")
    assert [item["systems"] for item in key["items"]] == [["base", "adapter"]] * 24
    file = rated(key, report / "a.json", "AB", by_system)
    found = people.imported(opened(report), [file], report / "review", 1)
    assert [(row["system"], row["mean"]) for row in found["systems"]] == [
        ("base", 80.0), ("adapter", 80.0),
    ]  # fmt: skip
    assert found["differences"][0]["same"] == 24


def test_import_says_means_differences_agreement_and_errors(
    recipe: Recipe, export: Export, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = export(count="20", direction="azj_Latn-uzn_Latn")
    span = {"start": 0, "end": 2, "severity": "major", "type": "name"}
    files = [
        rated(key, report / "a.json", "AB", by_system, spans=[span]),
        rated(key, report / "b.json", "ÇŞ", lambda item: by_system(item) / 2),
    ]
    before = (report / "report.html").read_bytes()
    review.review_action(
        recipe, "import", report=str(report), file=",".join(str(file) for file in files)
    )
    assert "alpha" in capsys.readouterr().out
    found = json.loads((report / "review" / "review.json").read_text("utf-8"))
    means = {row["system"]: row["mean"] for row in found["systems"]}
    base_only = [item for item in key["items"] if "adapter" not in item["systems"]]
    assert means["adapter"] == pytest.approx(60.0)
    assert means["base"] < means["adapter"] and base_only
    z = {row["system"]: row["z"] for row in found["systems"]}
    assert z["base"] < 0 < z["adapter"]
    (difference,) = found["differences"]
    assert difference["delta"] > 0 and difference["worse"] == 0
    assert difference["better"] == 2 * len(base_only)
    assert found["agreement"]["pairs"] == [
        {"raters": ["AB", "ÇŞ"], "tau": 1.0, "n": len(key["items"])}
    ]
    assert -1 <= found["agreement"]["alpha"] < 1
    errors = {row["system"]: row["errors"] for row in found["systems"]}
    assert errors["base"]["major"]["name"] == errors["adapter"]["major"]["name"] == 20
    assert errors["base"]["minor"] == dict.fromkeys(ballot.TYPES, 0)
    page = (report / "review" / "report.html").read_text("utf-8")
    assert "What people say" in page and "ÇŞ" in page
    assert (report / "report.html").read_bytes() == before  # the evaluation stays what it was
    merged = json.loads((report / "review" / "report.json").read_text("utf-8"))
    assert merged["people"]["agreement"] == found["agreement"]
    assert not (report / "review" / "corrections.jsonl").exists()


def test_a_rater_comes_later_or_again(export: Export, report: Path) -> None:
    key = export(count="6")
    merge = lambda path: people.imported(opened(report), [path], report / "review", 1)  # noqa: E731
    merge(rated(key, report / "a.json", "AB", by_system))
    both = merge(rated(key, report / "b.json", "CD", by_system))
    assert [row["rater"] for row in both["raters"]] == ["AB", "CD"]
    again = merge(rated(key, report / "a.json", "AB", lambda _: 10.0))
    assert [row["mean"] for row in again["raters"]] == [10.0, both["raters"][1]["mean"]]
    text = (report / "review" / "review.json").read_bytes()
    merge(report / "b.json")
    assert (report / "review" / "review.json").read_bytes() == text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"score": 101}, "score is 101, give a number from 0 to 100"),
        ({"score": True}, "score is True, give a number from 0 to 100"),
        ({"score": None}, "score is None, give a number from 0 to 100"),
        ({"id": "f" * 16}, "the export has no such output"),
        ({"when": "2025-11-03T09:15:00"}, "when is '2025-11-03T09:15:00', give a time such as"),
        ({"edit": 5}, "edit is 5, give text or null"),
        ({"spans": [{"start": 3, "end": 3}]}, "a span from 3 to 3 is outside of the output"),
        ({"spans": [{"start": 0, "end": 9999}]}, "a span from 0 to 9999 is outside of the output"),
        ({"spans": [{"start": 0, "end": 1, "text": "~"}]}, "a span says '~' where the output has"),
        ({"spans": [{"start": 0, "end": 1, "severity": "huge"}]}, "a span's severity is 'huge'"),
    ],
)
def test_what_does_not_fit_is_one_sentence(
    export: Export, report: Path, change: dict[str, Any], said: str
) -> None:
    key = export(count="3")
    path = rated(key, report / "a.json", "AB", by_system)
    content = json.loads(path.read_text("utf-8"))
    content["ratings"][1].update(change)
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(UsageError, match="rating 2") as caught:
        people.imported(opened(report), [path], report / "review", 1)
    assert said in str(caught.value) and str(path) in str(caught.value)
    assert not (report / "review" / "review.json").exists()


def test_files_of_others_are_refused(recipe: Recipe, export: Export, report: Path) -> None:
    key = export(count="3")
    into = report / "review"

    def refused(said: str, *paths: Path) -> None:
        with pytest.raises(UsageError, match=said):
            people.imported(opened(report), list(paths), into, 1)

    good = rated(key, report / "a.json", "AB", by_system)
    refused(
        "is of another export",
        rated({**key, "review": "x" * 64}, report / "x.json", "X", by_system),
    )
    refused("are both of AB", good, rated(key, report / "b.json", "AB", by_system))
    refused("rater is ''", rated(key, report / "c.json", "", by_system))
    refused("no rating", rated({**key, "items": []}, report / "d.json", "D", by_system))
    refused("is not a rater's file", report / "report.json")
    refused("there is no file", report / "none.json")
    content = json.loads(good.read_text("utf-8"))
    content["ratings"] *= 2
    (report / "e.json").write_text(json.dumps(content), "utf-8")
    refused("rated a second time", report / "e.json")
    text = (report / "report.json").read_text("utf-8")
    (report / "report.json").write_text(text.replace('"schema": 1', '"schema":  1'), "utf-8")
    refused("is of another report", good)
    (report / "report.json").write_text(text, "utf-8")
    with pytest.raises(UsageError, match="holds another export"):
        export(count="4")
    for value, options, said in (
        ("export", {"count": "0"}, "count is a number"),
        ("export", {"systems": "best"}, "'best' is not in"),
        ("export", {"direction": "az-uz"}, "a direction is SOURCE-TARGET"),
        ("export", {"direction": "eng_Latn-uzn_Latn"}, "has no sentence in the direction"),
        ("export", {"file": "a.json"}, "review=export takes"),
        ("import", {}, "needs file="),
        ("list", {}, "must be export or import"),
    ):
        with pytest.raises(UsageError, match=said):
            review.review_action(recipe, value, report=str(report), **options)


def test_edits_are_collected_as_corrections(export: Export, report: Path, tmp_path: Path) -> None:
    from korpu.schema import Corrections
    from tests.collect.givens import read

    key = export(count="8")
    path = rated(key, report / "a.json", "AB", by_system)
    content = json.loads(path.read_text("utf-8"))
    edited = content["ratings"][0]
    edited["edit"] = "  Tuzatilgan gap. "
    path.write_text(json.dumps(content), "utf-8")
    people.imported(opened(report), [path], report / "review", 1)
    source = Corrections(
        path=str(report / "review" / "corrections.jsonl"), src_lang=None, tgt_lang=None,
        timezone="UTC", licence="LicenseRef-own", may_redistribute=False,
    )  # fmt: skip
    found = read(tmp_path, desk=source)
    assert not found.failed
    (row,) = found.rows
    item = next(item for item in key["items"] if item["id"] == edited["id"])
    assert (row["src"], row["tgt"], row["machine"]) == (item["src"], "Tuzatilgan gap.", item["out"])
    assert f"{row['src_lang']}-{row['tgt_lang']}" == item["direction"]
    assert (row["editor"], row["trusted"]) == ("AB", True)
    assert row["published"] == "2025-11-03T09:15:00Z"


def test_the_words_of_the_page_are_complete_in_every_language() -> None:
    from eval.report import PAGES

    words = json.loads((PAGES / "review.words.json").read_text("utf-8"))
    assert list(words) == [tongue for tongue, _ in ballot.TONGUES]
    script = (PAGES / "review.js").read_text("utf-8") + (PAGES / "review.html.jinja").read_text()
    used = set(re.findall(r'saying\("\w+", "(\w+)"|say\("(\w+)"', script))
    used = {name for pair in used for name in pair if name}
    used |= set(re.findall(r'data-(?:say|label)"?[=:] ?"(\w+)"', script))
    used |= {*ballot.TYPES, *ballot.SEVERITIES, *(f"scale{at}" for at in (0, 33, 66, 100))}
    for tongue, said in words.items():
        assert list(said) == list(words["en"]) and used <= set(said), tongue
        assert not {name for name in said if not re.fullmatch("..-..", name)} - used - {"lost"}
        for key, text in said.items():
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", words["en"][key]))
            assert not re.search("['`‘’]", text), (tongue, key)  # ʻ and ʼ have letters of their own
