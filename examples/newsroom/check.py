"""Checks on the written stock that a reader would make: parity, forms, orthography, counts."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from examples.newsroom import stock as stocks
from examples.newsroom.event import TEST_FROM
from examples.newsroom.generate import stream
from examples.newsroom.morphology import Language, MorphologyError
from examples.newsroom.stock import SLOT, Filler, Stock, Template
from examples.newsroom.writer import Writer

MIN_TEMPLATES, MIN_HEADLINES, SAMPLES = 150, 6, 4
_AZ = "abcçdeəfgğhxıijkqlmnoöprsştuüvyz"
_LETTERS = {
    "az": re.compile(f"[{_AZ}{_AZ.upper()}Iİ]"),
    "uz": re.compile("[abdefghijklmnopqrstuvxyzABDEFGHIJKLMNOPQRSTUVXYZ]|[cC](?=[hH])|ʻ|ʼ"),
}
_OTHER = re.compile(r"[0-9 .,;:!?“”%()–/-]")


def check(stock: Stock) -> tuple[list[str], list[str]]:
    """(what is wrong, a summary line per desk and slot type)."""
    problems: list[str] = []
    summary: list[str] = []
    ids = Counter(t.id for desk in stock.desks.values() for t in (*desk.headlines, *desk.templates))
    problems += [f"{name}: id used {count} times" for name, count in ids.items() if count > 1]
    for desk in stock.desks.values():
        late = sum(template.late for template in desk.templates)
        summary.append(
            f"{desk.name}: {len(desk.templates)} templates ({late} late),"
            f" {len(desk.headlines)} headlines, /{desk.section['az']}/ /{desk.section['uz']}/"
        )
        if not late:
            problems.append(f"{desk.name}: no late template")
        if len(desk.headlines) < MIN_HEADLINES:
            problems.append(f"{desk.name}: fewer than {MIN_HEADLINES} headlines")
        if any(not re.fullmatch("[a-z-]+", slug) for slug in desk.section.values()):
            problems.append(f"{desk.name}: a section slug is not plain ASCII")
    total = len(stock.templates)
    if total < MIN_TEMPLATES:
        problems.append(f"{total} templates, at least {MIN_TEMPLATES} wanted")
    late = sum(template.late for template in stock.templates)
    summary.append(f"total: {total} templates ({late} late)")
    for kind, fillers in stock.fillers.items():
        problems += _fillers(kind, fillers)
        summary.append(f"{kind}: {len(fillers)} fillers ({sum(f.late for f in fillers)} late)")
    for desk in stock.desks.values():
        for template in desk.headlines:
            problems += _template(template, stock, title=True)
        for template in desk.templates:
            problems += _template(template, stock, title=False)
    return problems, summary


def orthography(text: str, language: Language) -> list[str]:
    """Characters of `text` that do not belong to the language's alphabet or punctuation."""
    found = []
    if unicodedata.normalize("NFC", text) != text:
        found.append("not NFC")
    rest = _OTHER.sub("", _LETTERS[language].sub("", text))
    if rest:
        found.append("foreign characters " + " ".join(f"{c} U+{ord(c):04X}" for c in set(rest)))
    if language == "uz" and re.search("(?<![oOgG])ʻ", text):
        found.append("U+02BB not after o or g")
    if language == "uz" and re.search("[oOgG]ʼ", text):
        found.append("U+02BC after o or g (U+02BB meant?)")
    return found


def _fillers(kind: str, fillers: tuple[Filler, ...]) -> list[str]:
    problems = []
    for side, texts in (("az", [f.az for f in fillers]), ("uz", [f.uz for f in fillers])):
        doubled = [text for text, count in Counter(texts).items() if count > 1]
        problems += [f"slots {kind}: {side} '{text}' twice" for text in doubled]
    for filler in fillers:
        az = (filler.az, filler.az_f, *filler.az_forms.values())
        uz = (filler.uz, filler.uz_f, *filler.uz_forms.values())
        problems += [f"slots {kind}: '{t}': {p}" for t in az for p in orthography(t, "az")]
        problems += [f"slots {kind}: '{t}': {p}" for t in uz for p in orthography(t, "uz")]
    return problems


def _template(template: Template, stock: Stock, *, title: bool) -> list[str]:
    problems: list[str] = []
    sides: tuple[Language, ...] = ("az", "uz")
    names = {slot.name for slot in template.slots}
    if unused := set(template.draw) - names:
        problems.append(f"draws without a slot: {', '.join(sorted(unused))}")
    for side in sides:
        text = template.text(side)
        problems += [f"{side}: {p}" for p in orthography(SLOT.sub("", text), side)]
        if side == "uz" and (m := re.search(r"\{[a-z_]+\d*:ord\}(?![{a-z“])", text)):
            problems.append(f"uz: {m[0]} needs a noun right after it (3-oʻrin)")
    rng = stream(0, f"check-{template.id}")
    writer = Writer(stock)
    try:
        for _ in range(SAMPLES):
            sentence = writer.fill(template, TEST_FROM, {}, rng)
            for side in sides:
                problems += [f"{side}: {p}" for p in _reads(sentence.text(side), title)]
    except (MorphologyError, stocks.StockError) as error:
        problems.append(str(error))
    return [f"{template.id}: {problem}" for problem in dict.fromkeys(problems)]


def _reads(text: str, title: bool) -> list[str]:
    problems = []
    start = text.lstrip("“–- ")[:1]
    if not (start.isupper() or start.isdigit()):
        problems.append(f"starts in lower case (use :cap): '{text}'")
    if not title and not re.search(r"[.!?]”?$", text):
        problems.append(f"has no final punctuation: '{text}'")
    if title and text.endswith("."):
        problems.append(f"a title takes no full stop: '{text}'")
    if re.search(r"\s\s|\s[.,;:!?]|^\s|\s$", text):
        problems.append(f"has stray spaces: '{text}'")
    if text.count("“") != text.count("”"):
        problems.append(f"has an unpaired quotation mark: '{text}'")
    return problems
