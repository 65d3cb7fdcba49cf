"""The evaluation's report in a real Chromium: at a desk, on a phone, in the dark and on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from korpu.schema import Scorer
from tests.browser import chromium
from tests.browser.chromium import Page
from tests.browser.test_corpus_report import CONTRAST, SCREENS
from tests.eval.parts import program
from tests.eval.test_report import many, page

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        chromium.CHROMIUM is None or chromium.DRIVER is None,
        reason="needs Debian's chromium and chromium-driver",
    ),
]
SENTENCES = 300
CARDS = """
return [...document.querySelectorAll('#sentences article')].map(e => [
  parseFloat(e.querySelector('b').textContent.replace('−', '-')), e.textContent]);
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, str]]:
    """A tab, and the address of a report of three systems with a word that is too long."""
    folder = tmp_path_factory.mktemp("report")
    side, outputs = many(SENTENCES)
    outputs["adapter"][1] = "ʻ".join(["oʻ" * 400, "<b>qalin</b>"])
    path = folder / "report.html"
    length = "for line in lines: print(len(json.loads(line)['hyp']) / 100 - 1)"
    comet = {"comet": Scorer(program(length), "length|version:1")}
    path.write_text(page(outputs, side, comet), "utf-8")
    with chromium.page(folder) as tab:
        tab.open("about:blank")
        yield tab, path.as_uri()


@pytest.fixture
def report(opened: tuple[Page, str]) -> Page:
    """The report at a desk, as it opens."""
    tab, address = opened
    tab.screen(1280)
    tab.open(address)
    return tab


def choose(tab: Page, name: str, value: str) -> None:
    """Choose an option by its text, as a hand does."""
    chosen = tab.ask(
        f"const box = document.getElementById('{name}');"
        f"const option = [...box.options].find(o => o.textContent === '{value}');"
        "box.value = option.value; box.dispatchEvent(new Event('change', {bubbles: true}));"
        "return box.selectedOptions[0].textContent"
    )
    assert chosen == value


def write(tab: Page, text: str) -> None:
    """Type into the search, after what it holds is removed."""
    tab.ask("const box = document.getElementById('words'); box.focus(); box.select();")
    tab.tell("Input.insertText", text=text)


def shown(tab: Page) -> int:
    """How many sentences the page says it found."""
    text: str = tab.ask("return document.getElementById('count').textContent")
    found, of = map(int, re.findall(r"\d+", text))
    assert of == SENTENCES
    return found


@pytest.mark.parametrize("screen", SCREENS, ids=lambda s: f"{s[0]}{' dark' * s[1]}")
def test_on_every_screen(opened: tuple[Page, str], screen: tuple[int, bool]) -> None:
    tab, address = opened
    tab.screen(screen[0], dark=screen[1])
    tab.requests(), tab.console()
    tab.open(address)
    assert tab.console() == []
    assert [url for url in tab.requests() if not url.startswith("data:")] == [address]
    width, wide = tab.ask("return [document.documentElement.scrollWidth, innerWidth]")
    assert width <= wide
    outside = tab.ask(
        "return [...document.querySelectorAll('main *')].filter(e => !e.closest('.wide'))"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)"
    )
    assert outside == []
    assert [one for one in tab.ask(CONTRAST) if one[2] < 4.5] == []  # WCAG 2.1, 1.4.3
    drawn = "return [...document.querySelectorAll('svg.bars')].map(e => e.clientWidth)"
    assert all(width > 200 for width in tab.ask(drawn))


def test_words_on_marks_can_be_read(opened: tuple[Page, str]) -> None:
    tab, address = opened
    for dark in (False, True):
        tab.screen(1280, dark=dark)
        tab.open(address)
        for style in ("was", "now"):
            script = CONTRAST.replace(
                "document.body).backgroundColor",
                f"document.querySelector('article .{style}')).backgroundColor",
            ).replace("'p, td, th, dd, dt, a, summary, h1, h2, h3, code, li, text'",
                      f"'article .{style}'")  # fmt: skip
            ratios = [ratio for _, _, ratio in tab.ask(script)]
            assert ratios and min(ratios) >= 4.5


def test_dark_is_dark(opened: tuple[Page, str]) -> None:
    tab, address = opened
    lights = []
    for dark in (False, True):
        tab.screen(800, dark=dark)
        tab.open(address)
        colour: Any = tab.ask("return getComputedStyle(document.body).backgroundColor")
        lights.append(sum(map(int, re.findall(r"\d+", colour)[:3])) / 3)
    assert lights[0] > 230 and lights[1] < 40


def test_it_opens_with_the_largest_losses_marked_between_the_systems(report: Page) -> None:
    changes = [change for change, _ in report.ask(CARDS)]
    assert len(changes) == 20 and changes == sorted(changes) and changes[-1] < 0
    marks = report.ask(
        "return ['was', 'now', 'miss']"
        ".map(style => document.querySelectorAll('article .' + style).length)"
    )
    assert all(marks)
    report.ask("document.getElementById('more').click()")
    more = [change for change, _ in report.ask(CARDS)]
    assert len(more) == min(40, shown(report)) and more == sorted(more)
    choose(report, "show", "Gains, largest first")
    gains = [change for change, _ in report.ask(CARDS)]
    assert gains == sorted(gains, reverse=True) and gains[-1] > 0


def test_a_word_of_both_outputs_is_not_marked(report: Page) -> None:
    wrong = report.ask("""
return [...document.querySelectorAll('#sentences article')].flatMap(card => {
  const [base, adapter] = [...card.querySelectorAll('.output p')];
  const plain = of => [...of.childNodes].filter(e => !e.classList?.contains('was') &&
    !e.classList?.contains('now')).flatMap(e => e.textContent.split(' ')).filter(Boolean);
  return plain(base).join(' ') === plain(adapter).join(' ') ? [] : [card.textContent];
})""")
    assert wrong == []


def test_search_takes_every_spelling_and_filters_narrow(report: Page) -> None:
    choose(report, "show", "All, in order")
    assert shown(report) == SENTENCES
    write(report, "MA'LUMOTIGA yağış")
    found = shown(report)
    assert 0 < found < SENTENCES
    texts = [text for _, text in report.ask(CARDS)]
    assert texts and all("maʼlumotiga" in text and "yağış" in text for text in texts)
    write(report, "zzz yoʻq")
    assert shown(report) == 0
    write(report, "")
    choose(report, "check", "empty")
    assert shown(report) == SENTENCES // 50  # of the adapter, every fiftieth
    choose(report, "system", "base")
    assert shown(report) == 0
    choose(report, "check", "–")
    choose(report, "bucket", "a.example")
    assert shown(report) == SENTENCES * 3 // 4
    choose(report, "bucket", "b.example")
    assert shown(report) == SENTENCES // 4
    choose(report, "side", "news: Azerbaijani → Uzbek")
    assert shown(report) == SENTENCES // 4


def test_one_system_alone_has_no_losses(report: Page) -> None:
    choose(report, "against", "nothing")
    options = report.ask("return [...document.getElementById('show').options].map(o => o.value)")
    assert options == ["lowest", "highest", "listed"]
    scores = [score for score, _ in report.ask(CARDS)]
    assert scores == sorted(scores) and shown(report) == SENTENCES
    assert report.ask("return document.querySelectorAll('article .now').length") == 0


def test_tables_sort_by_number_and_by_name_with_the_keyboard(report: Page) -> None:
    column = (
        "return [...document.querySelector('table.sortable').tBodies[0].rows]"
        ".map(row => row.cells[{}].firstChild.textContent.trim())"
    )
    press = (
        "document.querySelectorAll('table.sortable')[0]"
        ".querySelectorAll('thead button')[{}].focus()"
    )

    def enter() -> None:
        for kind in ("keyDown", "keyUp"):
            text = "\r" if kind == "keyDown" else ""
            pressed = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": text}
            report.tell("Input.dispatchKeyEvent", type=kind, **pressed)

    report.ask(press.format(1))
    enter()
    values = [float(value) for value in report.ask(column.format(1))]
    assert values == sorted(values, reverse=True) and len(set(values)) > 1
    enter()
    assert [float(value) for value in report.ask(column.format(1))] == values[::-1]
    state = (
        "return [...document.querySelector('table.sortable').querySelectorAll('th')]"
        ".map(e => e.ariaSort)"
    )
    assert report.ask(state) == [None, "ascending", None, None]
    report.ask(press.format(0))
    enter()
    assert report.ask(column.format(0)) == ["copy", "base", "adapter"]


def test_a_metric_of_a_program_stands_beside_the_others(report: Page) -> None:
    cells = report.ask(
        "const table = document.querySelector('table.sortable');"
        "return [...table.rows].map(row => row.cells[row.cells.length - 1].innerText.split('\\n'))"
    )
    assert cells[0] == ["comet"]
    for value, interval, raw in cells[1:]:
        low, high = map(float, interval.replace(" to ", "–").rsplit("–", 1))
        assert low <= float(value) <= high and raw == "raw"
    assert len(cells) == 4
    report.ask("document.querySelectorAll('table.sortable thead button')[3].click()")
    found = report.ask(
        "return [...document.querySelector('table.sortable').tBodies[0].rows]"
        ".map(row => parseFloat(row.cells[3].dataset.value))"
    )
    assert found == sorted(found, reverse=True) and len(set(found)) > 1


def test_text_stays_text(report: Page) -> None:
    choose(report, "show", "All, in order")
    assert report.ask("return document.querySelectorAll('article .text b').length") == 0
    assert any("<b>qalin</b>" in text for _, text in report.ask(CARDS))


def test_everything_has_a_name(report: Page) -> None:
    unnamed = report.ask(
        "return [...document.querySelectorAll('input, select, button, svg')]"
        ".filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim()))"
        ".map(e => e.outerHTML)"
    )
    assert unnamed == []
    languages = report.ask(
        "return [...new Set([...document.querySelectorAll('article .text')].map(e => e.lang))]"
    )
    assert languages == ["az", "uz"]


def test_on_paper_it_is_light_without_controls_and_buckets_are_open(
    opened: tuple[Page, str],
) -> None:
    tab, address = opened
    tab.screen(1000, dark=True, medium="print")
    tab.open(address)
    paper = "return getComputedStyle(document.body).backgroundColor"
    assert tab.ask(paper) == "rgb(255, 255, 255)"
    hidden = "return getComputedStyle(document.getElementById('filter')).display"
    assert tab.ask(hidden) == "none"
    closed = tab.ask(
        "document.querySelectorAll('details').forEach(e => e.open = false);"
        "return [...document.querySelectorAll('details td:first-child')]"
        ".filter(e => !e.checkVisibility({contentVisibilityAuto: true}) || !e.offsetHeight).length"
    )
    assert closed == 0
    tab.screen(1000)
    assert tab.printed().startswith(b"%PDF")
