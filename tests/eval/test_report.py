"""report.html: self-contained, safe with any text, and it shows where systems differ."""

from __future__ import annotations

import html.parser
import re
from typing import Any

from eval import report
from eval.testset import Segment, TestSide

DIRECTION = "azj_Latn-uzn_Latn"
EVIL = "<script>alert(1)</script> & “soʻz”"


def page(systems: dict[str, list[str]]) -> str:
    from eval.scores import checked, scored

    refs = ["Bu juda yaxshi kun edi.", "Ertaga yomgʻir yogʻadi.", f"Uchinchi gap {EVIL}"]
    segments = tuple(Segment(str(i), "", f"mənbə {i}", ref) for i, ref in enumerate(refs))
    side = TestSide("news", DIRECTION, segments)
    rows, _ = scored(side, systems, ["bleu", "chrf_pp"], 20, 1, {})
    size = {"n": 3, "documents": 0, "sha256": side.sha256}
    made: dict[str, Any] = {
        "model": {"name": "tiny", "base_key": "b" * 64, "adapter_key": None},
        "normaliser": "korpu-1",
        "decode": {"beam": 1},
        "systems": list(systems),
        "benchmarks": {"news": {DIRECTION: size}},
        "scores": rows,
        "checks": checked(side, systems),
        "unavailable": [{"benchmark": "old", "direction": DIRECTION, "reason": "no row <b>"}],
    }
    return report.html(made, [side], {("news", DIRECTION): systems}, {})


class Tags(html.parser.HTMLParser):
    """Checks that tags close in order, and keeps what would make a request."""

    VOID = frozenset({"meta", "input", "br", "rect", "path"})

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


def test_it_is_whole_asks_for_nothing_and_escapes_text() -> None:
    found = page(OUTPUTS)
    tags = Tags()
    tags.feed(found)
    assert tags.open == [] and tags.requests == []
    assert tags.seen.count("script") == 1 and tags.seen.count("svg") == 1
    assert not re.search(r"https?://|@import|url\(", found)
    assert "&lt;script&gt;alert(1)" in found and "no row &lt;b&gt;" in found


def test_gains_and_losses_are_against_the_base() -> None:
    found = page(OUTPUTS)
    cards = re.findall(r'<article class="(\w+)".*?</article>', found, re.DOTALL)
    assert cards == ["worse", "better", "better"]
    assert "<mark>Kecha qor yogʻdi.</mark>" in found and "<mark>yomon</mark>" in found


def test_one_system_alone_is_shown_without_a_comparison() -> None:
    found = page({"copy": OUTPUTS["copy"]})
    assert "Sentences of copy" in found and found.count("<article") == 3


def test_marks_ignore_the_apostrophe_and_keep_every_word() -> None:
    text = report.marked("Ertaga yomg'ir kuchli yog‘adi", "Ertaga yomgʻir yogʻadi", "uzn_Latn")
    assert text == "Ertaga yomg&#39;ir <mark>kuchli</mark> yog‘adi"
    assert report.marked("", "bir", "uzn_Latn") == ""
    assert report.marked("a b", "c", "uzn_Latn") == "<mark>a b</mark>"
