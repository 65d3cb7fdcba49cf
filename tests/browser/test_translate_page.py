"""The page of `korpu translate serve` in a real Chromium: a box on each side, three interfaces."""

import os
import threading
import time
from pathlib import Path

import pytest

from release.opened import Opened
from release.web.desk import Desk
from release.web.server import Server
from tests.browser import chromium

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not (chromium.CHROMIUM and chromium.DRIVER), reason="needs Debian's chromium-driver"
    ),
]
CONTRACT = {
    "input": {"accepts": {"uzn_Cyrl": "uzn_Latn"}},
    "directions": [
        {"source": "azj_Latn", "target": "uzn_Latn"},
        {"source": "uzn_Latn", "target": "azj_Latn"},
    ],
}
KNOWN = {
    "Bakıda hava günəşlidir.": "Bokuda havo quyoshli.",
    "salom": "salam",
    "onların 25-i gəldi": "ularning 2 tasi keldi",
}


@pytest.fixture(scope="module")
def address():
    def translate(texts, _way):
        time.sleep(0.2)
        return [KNOWN.get(text, text) for text in texts]

    bundle = Opened("newsroom", "0.1.1", "none", CONTRACT, translate)
    server = Server(("127.0.0.1", 0), Desk(bundle, 300, 20, 4), 20)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.end()
    thread.join()


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with chromium.page(tmp_path_factory.mktemp("chromium")) as page:
        yield page


def until(tab, script):
    end = time.monotonic() + 20
    while not (found := tab.ask(f"return {script}")):
        assert time.monotonic() < end, script
        time.sleep(0.05)
    return found


@pytest.fixture
def opened(tab, address):
    tab.screen(1280)
    tab.open(address)
    until(tab, "document.getElementById('from').options.length")
    choose(tab, "interface", "en")
    return tab


def value(tab, name):
    return tab.ask(f"return document.getElementById('{name}').value")


def choose(tab, name, what):
    tab.ask(
        f"const box = document.getElementById('{name}'); box.value = '{what}';"
        "box.dispatchEvent(new Event('change'))"
    )


def write(tab, text):
    tab.ask(
        f"const box = document.getElementById('source'); box.value = '{text}';"
        "box.dispatchEvent(new Event('input'))"
    )


def click(tab, name):
    tab.ask(f"document.getElementById('{name}').click()")


def status(tab):
    return tab.ask("return document.getElementById('status').textContent")


def test_a_text_is_translated(opened, address):
    write(opened, "Bakıda hava günəşlidir.")
    click(opened, "go")
    assert status(opened) == "Translating…"
    assert opened.ask("return document.getElementById('go').disabled")
    until(opened, "document.getElementById('target').value")
    assert value(opened, "target") == "Bokuda havo quyoshli."
    assert status(opened) == "Done."
    choose(opened, "to", "uz-Cyrl")
    click(opened, "go")
    until(opened, "document.getElementById('target').value.startsWith('Б')")
    assert value(opened, "target") == "Бокуда ҳаво қуёшли."
    assert opened.ask("return document.getElementById('target').lang") == "uz-Cyrl"
    assert opened.console() == []
    asked = [url for url in opened.requests() if url.startswith("http")]
    assert address in asked
    assert all(url.startswith(address) for url in asked), asked


def test_the_direction_is_switched(opened):
    write(opened, "Bakıda hava günəşlidir.")
    click(opened, "go")
    until(opened, "document.getElementById('target').value")
    click(opened, "swap")
    assert [value(opened, n) for n in ("from", "to", "source", "target")] == [
        "uz", "az", "Bokuda havo quyoshli.", "Bakıda hava günəşlidir.",
    ]  # fmt: skip
    write(opened, "salom")
    click(opened, "go")
    until(opened, "document.getElementById('target').value == 'salam'")


def test_characters_are_counted_and_too_many_refused(opened):
    write(opened, "oʻ" * 10)
    assert (
        opened.ask("return document.getElementById('count').textContent") == "20 / 300 characters"
    )
    write(opened, "a" * 301)
    assert opened.ask("return document.getElementById('count').className") == "over"
    assert opened.ask("return document.getElementById('go').disabled")
    write(opened, "   ")
    assert opened.ask("return document.getElementById('go').disabled")


def test_numbers_that_changed_are_shown(opened):
    def warned():
        return opened.ask(
            "const box = document.getElementById('warnings');"
            "return box.hidden ? null : [...box.children].map((part) => part.textContent)"
        )

    assert warned() is None
    write(opened, "salam\\nonların 25-i gəldi")
    click(opened, "go")
    until(opened, "document.getElementById('target').value")
    assert value(opened, "target") == "salam\nularning 2 tasi keldi"
    assert warned() == ["Numbers to check:", "Line 2: 25 → 2"]
    choose(opened, "interface", "uz")
    assert warned() == ["Tekshirish kerak boʻlgan raqamlar:", "Satr 2: 25 → 2"]
    opened.screen(390)
    assert opened.ask("return document.documentElement.scrollWidth") <= 390
    write(opened, "Bakıda hava günəşlidir.")
    click(opened, "go")
    until(opened, "document.getElementById('target').value.startsWith('Bokuda')")
    assert warned() is None
    assert opened.console() == []


def test_three_interfaces(opened):
    words = {"en": "Translate", "az": "Tərcümə et", "uz": "Tarjima qilish"}
    for code, word in words.items():
        choose(opened, "interface", code)
        assert opened.ask("return document.getElementById('go').textContent") == word
        assert opened.ask("return document.documentElement.lang") == code
    said = opened.ask("return Object.values(SAY).map((words) => Object.keys(words).sort())")
    assert said[0] == said[1] == said[2]
    assert opened.ask(
        "return [...document.querySelectorAll('button, select, textarea')].every("
        "(b) => b.getAttribute('aria-label') || b.labels?.length || b.textContent.trim())"
    )


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_the_screen(opened, width, dark):
    opened.screen(width, dark=dark)
    for code in ("az", "uz"):
        choose(opened, "interface", code)
        assert opened.ask("return document.documentElement.scrollWidth") <= width
    write(opened, "Bakıda hava günəşlidir.")
    click(opened, "go")
    until(opened, "document.getElementById('target').value")
    ink, paper = opened.ask(
        "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
    )
    light = sum(map(int, paper[4:-1].split(","))) > 384
    assert light is not dark
    assert (sum(map(int, ink[4:-1].split(","))) > 384) is dark
    if folder := os.environ.get("KORPU_PICTURES"):
        name = f"translate-{width}-{'dark' if dark else 'light'}.png"
        (Path(folder) / name).write_bytes(opened.picture())


def test_a_service_that_is_gone(opened):
    write(opened, "salom")
    opened.ask("window.fetch = () => Promise.reject(new TypeError())")
    click(opened, "go")
    until(opened, "document.getElementById('status').className == 'bad'")
    assert status(opened) == "The service does not answer."
