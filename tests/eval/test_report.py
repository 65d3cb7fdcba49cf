"""report.html: self-contained, safe with any text, and it shows where systems differ."""

from __future__ import annotations

import html.parser
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from eval import breakdown, buckets, report, search, sentences
from eval.scores import judged
from eval.testset import Segment, TestSide
from korpu.schema import Scorer
from tests.eval.parts import AZ, UZ, program, spoiled

DIRECTION = "azj_Latn-uzn_Latn"
EVIL = "<script>alert(1)</script> & “soʻz” </script><!--"
REFS = ["Bu juda yaxshi kun edi.", "Ertaga yomgʻir yogʻadi.", f"Uchinchi gap {EVIL}"]


def page(
    systems: Mapping[str, Sequence[str]],
    side: TestSide | None = None,
    scorers: Mapping[str, Scorer] | None = None,
) -> str:
    """The page of one test set, with everything in it that the stage gives it."""
    from eval.scores import checked, scored

    if side is None:
        segments = tuple(Segment(str(i), "", f"mənbə {i}", ref) for i, ref in enumerate(REFS))
        side = TestSide("news", DIRECTION, segments)
    rows, _ = scored(side, systems, ["bleu", "chrf_pp"], 20, 1, {}, None, scorers)
    failed = breakdown.failures(systems, judged(side, systems)[0])
    cut = buckets.cut(side, failed, None)
    documents = len({segment.document for segment in side.segments})
    size = {"n": len(side.segments), "documents": documents, "sha256": side.sha256}
    made: dict[str, Any] = {
        "model": {"name": "tiny", "base_key": "b" * 64, "adapter_key": None},
        "normaliser": "korpu-1",
        "decode": {"beam": 1},
        "systems": list(systems),
        "benchmarks": {side.benchmark: {DIRECTION: size}},
        "scores": rows,
        "checks": checked(side, systems),
        "buckets": breakdown.scored(side, systems, cut, ["bleu", "chrf_pp"], 20, 1, {}),
        "unavailable": [{"benchmark": "old", "direction": DIRECTION, "reason": "no row <b>"}],
    }
    return report.html(made, [sentences.Shown(side, systems, cut, failed)], {})


def many(count: int) -> tuple[TestSide, dict[str, list[str]]]:
    """A test set of many sentences and three systems."""
    segments = tuple(
        Segment(
            str(i),
            f"d{i // 5}",
            f"{AZ[i % 8]} {i}" if i % 3 else " ".join(AZ[i % 8].split()[:7]),
            f"{UZ[i % 8][:-1]} {i}.",
            origin="ab"[i % 4 == 0] + ".example",
            published=f"2025-{1 + i * 6 // count:02}-01T00:00:00Z",
        )
        for i in range(count)
    )
    refs = [segment.ref for segment in segments]
    return TestSide("news", DIRECTION, segments), {
        "copy": [segment.src for segment in segments],
        "base": spoiled(refs, 0.5),
        "adapter": [
            "" if i % 50 == 7 else text for i, text in enumerate(spoiled(refs, 0.2, seed=1))
        ],
    }


class Tags(html.parser.HTMLParser):
    """Checks that tags close in order, and keeps what would make a request."""

    VOID = frozenset({"meta", "input", "br", "rect", "path", "line"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.requests: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.requests += [f"{tag} {k}" for k, _ in attrs if k in ("src", "href", "srcset")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


OUTPUTS = {
    "copy": ["mənbə 0", "mənbə 1", "mənbə 2"],
    "base": ["Bu yomon kun edi.", "Ertaga yomgʻir yogʻadi.", "Uchinchi gap"],
    "adapter": ["Bu juda yaxshi kun edi.", "Kecha qor yogʻdi.", f"Uchinchi gap {EVIL} x"],
}


def data(found: str) -> Any:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', found, re.S)
    return json.loads(text)


def test_it_is_whole_asks_for_nothing_and_escapes_text() -> None:
    found = page(OUTPUTS)
    tags = Tags()
    tags.feed(found)
    assert tags.open == [] and tags.requests == []
    assert tags.seen.count("script") == 2 and tags.seen.count("svg") == 1 + found.count(
        '<svg class="strip"'
    )
    assert not re.search(r"https?://|@import|url\(", found)
    assert "&lt;script&gt;alert(1)" in found and "no row &lt;b&gt;" in found
    assert data(found)["sides"][0]["rows"][2][3] == REFS[2]


def test_a_metric_of_a_program_is_in_the_table_raw_with_its_interval() -> None:
    words = "for line in lines: print(len(json.loads(line)['hyp']) / 100)"
    comet = {"comet": Scorer(program(words), "comet|version:2")}
    found = page({"base": OUTPUTS["base"], "adapter": OUTPUTS["adapter"]}, scorers=comet)
    table = found[found.index('aria-label="Scores"') :].partition("</table>")[0]
    assert re.findall('<th scope="col">(.*?)</th>', table) == ["system", "BLEU", "chrF++", "comet"]
    for system, row in zip(("base", "adapter"), table.split("<tr>")[2:], strict=True):
        *_, cell = row.split("<td")
        mean = sum(map(len, OUTPUTS[system])) / 3 / 100
        assert f">{mean:.3f}\n" in cell and cell.count("<small>") == 2 and ">raw<" in cell
        low, high = map(float, re.findall(r"<small>(\d\.\d{3})–(\d\.\d{3})</small>", cell)[0])
        assert low <= mean <= high
    assert "nrefs:1|comet|comet|version:2" in found and "program computes is raw only" in found
    assert "program computes" not in page(OUTPUTS)


def test_gains_and_losses_are_against_the_base() -> None:
    found = page(OUTPUTS)
    cards = re.findall(r'<article class="sentence (\w+)".*?</article>', found, re.DOTALL)
    assert cards == ["worse", "better", "better"]
    assert '<span class="now miss">Kecha qor yogʻdi.</span>' in found
    assert '<span class="was miss">yomon</span>' in found
    assert '<span class="now">juda yaxshi</span>' in found  # the reference has it, the base not


def test_one_system_alone_is_shown_without_a_comparison() -> None:
    found = page({"copy": OUTPUTS["copy"]})
    assert found.count("<article") == 3 and data(found)["against"] is None
    assert '<span class="miss">mənbə 0</span>' in found


def test_marks_ignore_the_apostrophe_and_keep_every_word() -> None:
    def marked(text: str, ref: str, other: str | None = None) -> str:
        return str(sentences.marked(text, ref, other, "uzn_Latn"))

    text = marked("Ertaga yomg'ir kuchli yog‘adi", "Ertaga yomgʻir yogʻadi")
    assert text == 'Ertaga yomg&#39;ir <span class="miss">kuchli</span> yog‘adi'
    assert marked("", "bir") == ""
    assert marked("a b", "c") == '<span class="miss">a b</span>'
    assert marked("a b", "a b", "a c") == 'a <span class="now">b</span>'
    assert marked("a b", "c b", "a c") == ('<span class="miss">a</span> <span class="now">b</span>')


def test_the_data_has_scores_buckets_failures_and_spellings() -> None:
    side, outputs = many(120)
    outputs["adapter"][0] = "Prezident bugun yomg'ir"
    found = data(page(outputs, side))
    assert found["systems"] == ["copy", "base", "adapter"]
    assert (found["system"], found["against"]) == (2, 1)
    assert found["same"]["yomg'ir"] == "yomgʻir"
    rows = found["sides"][0]["rows"]
    assert len(rows) == 120 and rows[7][4][2] == "" and rows[7][5][2] == 0
    checks = found["checks"]
    assert checks.index("empty") in rows[7][7][2] and checks.index("empty") not in rows[8][7][2]
    kinds = [[found["buckets"][at][0] for at in row[6]] for row in rows]
    plain = [[kind for kind in inside if kind != "check"] for inside in kinds]
    assert all(inside == ["length", "origin", "date"] for inside in plain)


def test_many_sentences_stay_small_and_past_the_limit_those_that_changed_most_are_kept(
    monkeypatch: Any,
) -> None:
    side, outputs = many(200)
    found = page(outputs, side)
    assert len(found.encode()) < 300_000  # 2,000 sentences are ten times as many
    monkeypatch.setattr(search, "MOST", 10)
    side, outputs = many(100)
    found = page(outputs, side)
    kept = data(found)["sides"][0]["rows"]
    changes = sorted((abs(row[5][2] - row[5][1]) for row in kept), reverse=True)
    assert len(kept) == 10 and "Of 100 sentences the 10 that changed most" in found
    monkeypatch.undo()
    rest = [abs(r[5][2] - r[5][1]) for r in data(page(outputs, side))["sides"][0]["rows"]]
    assert changes == sorted(rest, reverse=True)[:10]
