"""The corpus report in a real Chromium, at a desk, on a phone, in the dark and on paper."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from data_prep.bitext import report
from data_prep.bitext.tally import Tally
from tests.bitext import judged
from tests.bitext.conftest import compose
from tests.bitext.test_card import STATS
from tests.browser import chromium
from tests.browser.chromium import Page

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        chromium.CHROMIUM is None or chromium.DRIVER is None,
        reason="needs Debian's chromium and chromium-driver",
    ),
]
SCREENS = [(1280, False), (1280, True), (390, False), (390, True)]
CONTRAST = """
const parts = text => text.match(/[\\d.]+/g).map(Number);
const light = text => parts(text).slice(0, 3).map(c => c / 255)
  .map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
  .reduce((sum, c, at) => sum + c * [.2126, .7152, .0722][at], 0);
const paper = light(getComputedStyle(document.body).backgroundColor);
return [...document.querySelectorAll('p, td, th, dd, dt, a, summary, h1, h2, h3, code, li, text')]
  .map(e => [e.tagName, getComputedStyle(e)[e.tagName == 'text' ? 'fill' : 'color']])
  .map(([name, colour]) => [name, colour, light(colour)])
  .map(([name, colour, l]) =>
    [name, colour, (Math.max(l, paper) + .05) / (Math.min(l, paper) + .05)]);
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, str]]:
    """A tab, and the address of a report with everything in it, long words too."""
    folder = tmp_path_factory.mktemp("report")
    rows = judged.rows(1_500)
    rows[0] |= {"src": "ə" * 900, "tgt": "oʻ" * 450, "origin": "o" * 90, "split": "train"}
    rows[0] |= {"id": "0" * 16, "reason": None, "licence": "L" * 80}
    tally = Tally()
    tally.add(judged.frame(rows))
    path = folder / "report.html"
    path.write_text(report.render(compose(), tally.summary(), STATS), "utf-8")
    with chromium.page(folder) as page:
        page.open("about:blank")
        yield page, path.as_uri()


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]}{' dark' * screen[1]}")
def page(opened: tuple[Page, str], request: pytest.FixtureRequest) -> Page:
    """The report on a screen."""
    page, address = opened
    width, dark = request.param
    page.requests(), page.console()
    page.screen(width, dark=dark)
    page.open(address)
    return page


def test_it_renders_and_asks_for_nothing(page: Page, opened: tuple[Page, str]) -> None:
    assert page.console() == []
    assert [url for url in page.requests() if not url.startswith("data:")] == [opened[1]]
    count = "return document.querySelectorAll('svg.chart').length"
    assert page.ask(count) == 5  # origins, margin, characters, words, ratio
    drawn = "return [...document.querySelectorAll('svg.chart')].every(e => e.clientWidth > 200)"
    assert page.ask(drawn)


def test_nothing_is_wider_than_the_screen(page: Page) -> None:
    width, shown = page.ask("return [document.documentElement.scrollWidth, innerWidth]")
    assert width <= shown
    # but for tables that scroll by themselves
    wide = page.ask(
        "return [...document.querySelectorAll('main *')].filter(e => !e.closest('.wide'))"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)"
    )
    assert wide == []


def test_everything_can_be_read(page: Page) -> None:
    least = [(name, colour, ratio) for name, colour, ratio in page.ask(CONTRAST) if ratio < 4.5]
    assert least == []  # WCAG 2.1, 1.4.3: 4.5 to 1
    small = page.ask(
        "return [...document.querySelectorAll('main *')].filter(e => e.children.length == 0 &&"
        " e.textContent.trim() && e.getClientRects().length && !e.closest('svg'))"
        ".map(e => [e.tagName, parseFloat(getComputedStyle(e).fontSize)]).filter(x => x[1] < 11)"
    )
    assert small == []


def test_sides_are_never_hyphenated_and_say_their_language(page: Page) -> None:
    found = page.ask(
        "return [...document.querySelectorAll('.side')]"
        ".map(e => [e.lang, e.dir, getComputedStyle(e).hyphens])"
    )
    assert {tuple(one) for one in found} == {("az", "ltr", "none"), ("uz", "ltr", "none")}


def test_dark_is_dark(opened: tuple[Page, str]) -> None:
    page, address = opened
    lights = []
    for dark in (False, True):
        page.screen(800, dark=dark)
        page.open(address)
        colour: Any = page.ask("return getComputedStyle(document.body).backgroundColor")
        lights.append(sum(map(int, re.findall(r"\d+", colour)[:3])) / 3)
    assert lights[0] > 230
    assert lights[1] < 40


def test_on_paper_it_is_light_and_every_sample_is_there(opened: tuple[Page, str]) -> None:
    page, address = opened
    page.screen(1000, dark=True, medium="print")
    page.open(address)
    assert (
        page.ask("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    )
    hidden = page.ask(
        "return [...document.querySelectorAll('details .side')]"
        ".filter(e => !e.checkVisibility({contentVisibilityAuto: true}) || !e.offsetHeight).length"
    )
    assert hidden == 0
    page.screen(1000)
    pdf = page.printed()
    assert pdf.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf)) or sum(
        len(re.findall(rb"/Type\s*/Page\b", _inflated(part)))
        for part in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S)
    )
    assert 3 <= pages <= 15


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return b""
