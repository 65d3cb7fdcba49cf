"""The newsroom: what is written, what is drawn, and what is known about it."""

from __future__ import annotations

import random
import re
import shutil
from datetime import UTC, datetime
from datetime import time as clock
from pathlib import Path

import pytest

from examples.newsroom import check, stock, truth
from examples.newsroom.event import DEV_FROM, FIRST, LAST, TEST_FROM, period
from examples.newsroom.generate import Newsroom, slug
from examples.newsroom.server import SIDES, addresses

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "examples" / "newsroom"
BASES = addresses(8801)


@pytest.fixture(scope="module")
def newsroom() -> Newsroom:
    return Newsroom(seed=3)


@pytest.fixture(scope="module")
def small() -> Newsroom:
    return Newsroom(seed=5, articles=90)


# ── the stock ───────────────────────────────────────────────────────────────────────────────────


def test_stock_is_sound() -> None:
    loaded = stock.load()
    problems, summary = check.check(loaded)
    assert problems == []
    assert len(loaded.templates) >= 150
    assert any(line.startswith("total:") for line in summary)


def test_check_sees_what_is_wrong() -> None:
    assert check.orthography("o'zbek", "uz")
    assert check.orthography("oʼzbek", "uz")
    assert check.orthography("maʻlum", "uz")
    assert check.orthography("wəb", "az")
    assert check.orthography("oʻzbekcha maʼlumot, 12-may", "uz") == []
    assert check.orthography("İlıq günəşli, 25-dən", "az") == []


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(stock.StockError, match=r"no slots-\*.yaml"):
        stock.load(tmp_path)
    for path in HERE.glob("slots-*.yaml"):
        shutil.copy(path, tmp_path)
    with pytest.raises(stock.StockError, match=r"weather.yaml is missing"):
        stock.load(tmp_path)
    shutil.copytree(HERE / "templates", tmp_path / "templates")
    weather, rates = (tmp_path / "templates" / f"{name}.yaml" for name in ("weather", "rates"))
    text = weather.read_text(encoding="utf-8")
    for old, new, message in (
        ("{city:loc} bugun", "{nowhere} bugun", "different slots"),
        ("{city:loc} bugun", "{city:xyz} bugun", "unknown form 'xyz'"),
        ("late: true", "lat: true", "unexpected keyword"),
    ):
        weather.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(stock.StockError, match=message):
            stock.load(tmp_path)
    weather.write_text(text, encoding="utf-8")
    rates.write_text("desk: [", encoding="utf-8")
    with pytest.raises(stock.StockError, match=r"rates.yaml is not valid YAML"):
        stock.load(tmp_path)


def test_numbers_are_drawn_by_rule() -> None:
    rng = random.Random(1)
    assert {stock.number("int 2 6 2", rng).az for _ in range(50)} == {"2", "4", "6"}
    assert all(re.fullmatch(r"[1-2],\d\d", stock.number("dec 1 2 2", rng).uz) for _ in range(50))
    with pytest.raises(stock.StockError):
        stock.number("float 1 2", rng)


# ── what is drawn ───────────────────────────────────────────────────────────────────────────────


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        truth.write(Newsroom(seed=5, articles=90), BASES, tmp_path / name)
    for file in ("pairs", "articles", "slices"):
        one, two = (tmp_path / name / f"{file}.jsonl" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
        assert one.stat().st_size > 1000


def test_another_seed_changes_everything(small: Newsroom) -> None:
    other = Newsroom(seed=6, articles=90)
    texts = [{s.az for e in room.events for s in e.sentences} for room in (small, other)]
    assert len(texts[0] & texts[1]) < 0.1 * len(texts[0])
    sides = [[tuple(event.articles) for event in room.events] for room in (small, other)]
    assert sides[0] != sides[1]
    layouts = [[page.layout for page in room.articles] for room in (small, other)]
    assert layouts[0] != layouts[1]
    assert not {page.path for page in small.articles} & {page.path for page in other.articles}


def test_late_material_comes_late_and_nothing_is_written_twice(newsroom: Newsroom) -> None:
    seen: set[str] = set()
    late_templates = late_fillers = total = 0
    for event in newsroom.events:
        assert FIRST <= event.day <= LAST
        for sentence in (event.headline, *event.sentences):
            assert not {sentence.az, sentence.uz} & seen
            seen |= {sentence.az, sentence.uz}
            if event.day < TEST_FROM:
                assert not sentence.template.late
                assert not sentence.late_filler
        if event.day >= TEST_FROM:
            total += len(event.sentences)
            late_templates += sum(s.template.late for s in event.sentences)
            late_fillers += sum(s.late_filler for s in event.sentences)
    assert 0.09 < late_templates / total < 0.21
    assert 0.12 < late_fillers / total < 0.40


def test_articles_are_as_planned(newsroom: Newsroom) -> None:
    events = newsroom.events
    assert len(events) == 620
    assert all(6 <= len(event.sentences) <= 14 for event in events)
    one_sided = sum(len(event.articles) == 1 for event in events)
    assert 0.05 < one_sided / len(events) < 0.16
    uzbek = [event.articles["uz"] for event in events if "uz" in event.articles]
    assert 0.22 < sum(page.script == "Cyrl" for page in uzbek) / len(uzbek) < 0.42
    assert len({page.habit for page in uzbek}) == 7
    for event in events:
        for page in event.articles.values():
            assert abs((page.published.date() - event.day).days) <= 1
            assert period(page.published.date()) == period(event.day)
            assert re.fullmatch(r"(/kr)?/[a-z-]+/202[45]/\d\d/[a-z0-9-]+-\d+\.html", page.path)
    assert {page.language for page in newsroom.foreign} == {"ru", "tr", "en", "kk"}
    assert slug("Oʻzbekiston: Şəhər İclası ılıq") == "ozbekiston-seher-iclasi-iliq"


def test_truth_is_what_the_pages_show(newsroom: Newsroom) -> None:
    pages = {BASES[page.site] + page.path: page for page in newsroom.articles}
    rows = list(truth.pairs(newsroom, BASES))
    kinds = {row["kind"] for row in rows}
    assert kinds == {"headline", "sentence", "merged"}
    for row in rows:
        for side in SIDES:
            page = pages[row[f"{side}_url"]]
            printed = [page.title, *(unit.text for part in page.paragraphs for unit in part)]
            missing = row[side]
            for text in printed:
                missing = missing.replace(text, "")
            assert not missing.strip(), row
        if row["published"] < f"{TEST_FROM}":
            assert not row["late_template"]
            assert not row["late_filler"]
    # Every sentence on both pages is in exactly one row.
    both = [event for event in newsroom.events if len(event.articles) == 2]
    members = [m for event in both for m in (x[0] for x in truth.matched(event))]
    shown = sum(
        len(
            {i for part in e.articles["az"].paragraphs for u in part for i in u.members}
            & {i for part in e.articles["uz"].paragraphs for u in part for i in u.members}
        )
        for e in both
    )
    assert sum(len(m) for m in members) == shown
    late = {row[side] for row in rows if row["late_template"] for side in SIDES}
    assert not late & {
        row[side] for row in rows if row["published"] < f"{TEST_FROM}" for side in SIDES
    }


def test_slices_cover_the_test_period(newsroom: Newsroom) -> None:
    slices = {(row["language"], row["text"]): row["slice"] for row in truth.slices(newsroom)}
    assert set(slices.values()) == {"plain", "late_template", "late_filler", "late_both"}
    start = datetime.combine(TEST_FROM, clock(), UTC)
    assert DEV_FROM < TEST_FROM
    for row in truth.pairs(newsroom, BASES):
        if datetime.fromisoformat(row["published"]) < start:
            continue
        name = {(False, False): "plain", (True, False): "late_template"}.get(
            (row["late_template"], row["late_filler"]),
            "late_both" if row["late_template"] else "late_filler",
        )
        assert slices["azj_Latn", row["az"]] == name
        assert slices["uzn_Latn", row["uz"]] == name
