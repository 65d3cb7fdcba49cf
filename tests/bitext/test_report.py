"""The corpus report as text: what it says, and that nothing in a corpus can break out of it."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep.bitext import pictures, report
from data_prep.bitext.histogram import Histogram
from data_prep.bitext.pictures import Mark, Series
from data_prep.bitext.summary import Summary, Timeline
from data_prep.bitext.tally import Tally
from tests.bitext import judged
from tests.bitext.test_card import STATS


def summary(rows: list[dict[str, Any]]) -> Summary:
    tally = Tally()
    tally.add(judged.frame(rows))
    return tally.summary()


class Elements(HTMLParser):
    """Start tags with their attributes, and the text of every element of one name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_text_of_a_corpus_stays_text(recipe: Any) -> None:
    evil = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    rows = judged.rows(
        30, src=evil, tgt=evil, origin=evil, section=evil, licence=evil,
        src_url="javascript:alert(3)", tgt_url='https://uz.example/"><b>',
    )  # fmt: skip
    page = report.render(recipe(), summary(rows), STATS)
    elements = Elements(page)
    assert not elements.of("script")
    assert not elements.of("img")
    assert not elements.of("b") or all(not a for a in elements.of("b"))
    assert not any(name.startswith("on") for _, a in elements.found for name in a)
    links = {a["href"] for a in elements.of("a")}
    assert {link for link in links if link and not link.startswith("#")} == {
        'https://uz.example/"><b>'
    }


def test_nothing_is_loaded(recipe: Any) -> None:
    page = report.render(recipe(), summary(judged.rows(80)), STATS)
    elements = Elements(page)
    assert [a["href"] for a in elements.of("link")] == ["data:,"]
    assert not any("src" in a or "srcset" in a or "poster" in a for _, a in elements.found)
    assert "url(" not in page
    assert "@import" not in page


def test_sides_say_their_language(recipe: Any) -> None:
    rows = judged.rows(40)
    rows += judged.rows(9, seed=3, tgt_lang="rus_Cyrl", reason=None, split="dev", score=0.1)
    elements = Elements(report.render(recipe(), summary(rows), STATS))
    sides = [a for a in elements.of("p") if a.get("class") == "side"]
    assert {a["lang"] for a in sides} == {"az", "uz", "ru"}
    assert all(a["dir"] == "ltr" for a in sides)


def test_rules_come_in_order_and_end_at_what_is_kept(recipe: Any) -> None:
    told = summary(judged.rows(300))
    rules = report._rules(recipe().prepare, told)
    assert rules[-1].left == told.pairs
    left = told.pairs + told.rejected
    for rule in rules:
        assert rule.left == left - rule.dropped
        assert rule.share == pytest.approx(100 * rule.dropped / left)
        assert rule.meaning
        left = rule.left
    names = [rule.name for rule in rules]
    assert names.index("margin") < names.index("numbers") < names.index("duplicate")
    assert {"short", "language"} <= {rule.name for rule in rules if not rule.dropped}


def test_a_corpus_without_scores_dates_or_rejections(recipe: Any) -> None:
    rows = judged.rows(
        12, reason=None, split="train", score=None, published=None, benchmark=None, hit=None
    )
    stats = STATS | {"benchmarks": {}, "funnel": {"aligned_pairs": 12, "kept": 12}}
    page = report.render(recipe(), summary(rows), stats)
    assert "Nothing was rejected" in page
    assert "No kept pair has a date" in page
    assert "have no score" in page
    assert "No benchmark was configured" in page
    assert "Bars: aligned pairs 12, kept 12" in page


def test_pairs_of_every_band_and_reason_are_shown(recipe: Any) -> None:
    told = summary(judged.rows(500))
    page = report.render(recipe(), told, STATS)
    for one in (*told.bands, *told.reasons, *told.hits):
        assert one.samples
        assert all(f"<code>{pair.id}</code>" in page for pair in one.samples)
    assert "xwmt line 3 (src), 8-grams .85" in page


def test_the_same_rows_give_the_same_page(recipe: Any) -> None:
    told = summary(judged.rows(80))
    one, other = (report.render(recipe(workers=n), told, STATS) for n in (1, 5))
    assert one == other


def test_every_column_has_a_tooltip_and_the_threshold_is_drawn_where_it_is() -> None:
    kept, every = Histogram(0.5, 0.1, (0, 3, 5, 2)), Histogram(0.5, 0.1, (4, 3, 6, 2))
    picture = str(
        pictures.histogram(
            [Series("aligned", every, "all"), Series("kept", kept, "kept")], [Mark(0.7, "here")]
        )
    )
    assert re.findall("<title>(.*?)</title>", picture) == [
        "0.5 to 0.6: 4 aligned, 0 kept",
        "0.6 to 0.7: 3 aligned, 3 kept",
        "0.7 to 0.8: 6 aligned, 5 kept",
        "0.8 or more: 2 aligned, 2 kept",
    ]
    (mark,) = re.findall(r'class="mark" x1="([\d.]+)"', picture)
    columns = re.findall(r'class="over" x="([\d.]+)"', picture)
    assert mark == columns[2]


def test_stacked_columns_are_as_high_as_their_counts() -> None:
    line = Timeline("month", ("2025-01", "2025-02"), (("a", (30, 10)), ("b", (10, 0))), 0)
    rects = re.findall(
        r'class="c(\d)".*?y="([\d.]+)" .*?height="([\d.]+)"', str(pictures.stacked(line))
    )
    high = pictures.BOTTOM - pictures.TOP
    assert [(kind, float(height)) for kind, _, height in rects] == [
        ("0", pytest.approx(high * 0.75, abs=0.1)),
        ("1", pytest.approx(high * 0.25, abs=0.1)),
        ("0", pytest.approx(high * 0.25, abs=0.1)),
    ]
    assert float(rects[1][1]) == pytest.approx(pictures.TOP, abs=0.1)  # 40 is the top


def test_many_origins_share_the_last_colour() -> None:
    origins = tuple((f"site{n}", (20 - n, 1)) for n in range(15))
    line = Timeline("week", ("2025-01-06", "2025-01-13"), origins, 0)
    coloured = pictures.coloured(line)
    assert len(coloured) == pictures.COLOURS + 1
    assert coloured[-1] == ("9 others", (sum(20 - n for n in range(6, 15)), 9))
    assert sum(sum(counts) for _, counts in coloured) == sum(21 - n for n in range(15))


@given(
    st.floats(-1e6, 1e6, allow_nan=False), st.floats(1e-3, 1e6, allow_nan=False), st.integers(2, 9)
)
def test_ticks_are_round_inside_and_few(low: float, span: float, most: int) -> None:
    high = low + span
    ticks = pictures._ticks(low, high, most)
    assert len(ticks) <= most + 1
    slack = 1e-6 * max(1, abs(low), span)
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    if len(ticks) > 1:
        step = ticks[1] - ticks[0]
        assert math.log10(step) % 1 == pytest.approx(0, abs=0.01) or round(
            step / 10 ** math.floor(math.log10(step) + 1e-6)
        ) in (1, 2, 5, 10)


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 0, "–"), (0, 5, "0%"), (1, 5000, "<0.1%"), (4999, 5000, ">99.9%"), (5, 5, "100%"),
     (1, 3, "33.3%")],
)  # fmt: skip
def test_shares_are_never_rounded_to_none_or_all(part: int, whole: int, said: str) -> None:
    assert report._percent(part, whole) == said
