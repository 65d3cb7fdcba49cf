"""Sentences written for the checks, and translations of them with one fault planted.

``sentences.jsonl``: az–uz pairs in the style of news, with ``names`` where a person is in them and
``turned`` (both sides without their negation) where they are negated. A fault is made by rule from
the good translation, in both directions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from data_prep.text.transliterate import uz_latin_to_cyrillic
from eval.checks import glossary, names, places
from eval.checks.negation import NEGATED
from eval.checks.reading import lower

PATH = Path(__file__).with_name("sentences.jsonl")
SIDES = {"azj_Latn": ("uz", "az"), "uzn_Latn": ("az", "uz")}  # (source, output) by target


@dataclass(frozen=True)
class Pair:
    """A source with its good translation; ``names`` and ``turned`` in the same order, or empty."""

    source: str
    output: str
    names: tuple[str, ...]
    turned: tuple[str, ...]


@lru_cache(maxsize=2)
def pairs(target: str) -> tuple[Pair, ...]:
    """The written pairs in the direction of a target language (``azj_Latn``, ``uzn_Latn``)."""
    sides = SIDES[target]
    rows = [json.loads(line) for line in PATH.read_text("utf-8").splitlines()]
    return tuple(
        Pair(
            row[sides[0]],
            row[sides[1]],
            tuple(row["names"][side] for side in sides) if "names" in row else (),
            tuple(row["turned"][side] for side in sides) if "turned" in row else (),
        )
        for row in rows
    )


def planted(
    check: str, target: str, written: Sequence[Pair] | None = None
) -> list[tuple[str, str]]:
    """(source, faulty output) for a check, every one that can be made from the written pairs or
    from other good pairs."""
    written = pairs(target) if written is None else written
    made = []
    for number, pair in enumerate(written):
        others = [*written[number + 1 :], *written[:number]]
        found = FAULTS[check](pair, others, target)
        made += [(s, o) for s, o in found if o != pair.output or s != pair.source]
    return made


Fault = Callable[[Pair, Sequence[Pair], str], Iterator[tuple[str, str]]]


def _off_target(pair: Pair, others: Sequence[Pair], _target: str) -> Iterator[tuple[str, str]]:
    yield pair.source, f"{others[0].source} {others[1].source}"


def _wrong_script(pair: Pair, _others: Sequence[Pair], target: str) -> Iterator[tuple[str, str]]:
    uzbek = pair.output if target == "uzn_Latn" else pair.source
    yield pair.source, uz_latin_to_cyrillic(uzbek)


def _empty(pair: Pair, _others: Sequence[Pair], _target: str) -> Iterator[tuple[str, str]]:
    yield pair.source, ""
    yield pair.source, " \n"


def _truncated(pair: Pair, _others: Sequence[Pair], _target: str) -> Iterator[tuple[str, str]]:
    words = pair.output.split()
    yield pair.source, " ".join(words[: max(1, len(words) * 2 // 3)]).rstrip(".,–")
    yield pair.source, pair.output[: len(pair.output) * 11 // 20].rstrip(" .,–")
    yield pair.source, " ".join(words[:-1]).rstrip(".,–”") + ","


def _repeated(pair: Pair, _others: Sequence[Pair], _target: str) -> Iterator[tuple[str, str]]:
    words = pair.output.rstrip(".”").split()
    yield pair.source, " ".join([*words, *words[-1:] * 5])
    yield pair.source, " ".join([*words, *words[-3:] * 4])
    yield pair.source, " ".join(words) + words[-1][-2:] * 12


def _under_long(pair: Pair, _others: Sequence[Pair], _target: str) -> Iterator[tuple[str, str]]:
    yield pair.source, " ".join(pair.output.split()[:2]).rstrip(".,–") + "."


def _over_long(pair: Pair, others: Sequence[Pair], _target: str) -> Iterator[tuple[str, str]]:
    yield pair.source, " ".join([pair.output, others[0].output, others[1].output])


def _copied(pair: Pair, _others: Sequence[Pair], _target: str) -> Iterator[tuple[str, str]]:
    yield pair.source, pair.source
    yield pair.source, pair.source.upper()


_SWAPS = {
    "az": {
        "iki": "üç", "üç": "dörd", "beş": "altı", "on iki": "on üç", "iyirmi beş": "iyirmi altı",
        "doqquz": "səkkiz", "yeddi": "doqquz", "altmış": "yetmiş", "yüz əlli": "yüz qırx",
        "on min": "yüz min",
    },
    "uz": {
        "ikki": "uch", "uch": "toʻrt", "besh": "olti", "oʻn ikkita": "oʻn uchta",
        "yigirma beshta": "yigirma oltita", "toʻqqiz": "sakkiz", "yetti": "toʻqqiz",
        "oltmish": "yetmish", "yuz ellikta": "yuz qirqta", "oʻn ming": "yuz ming",
    },
}  # fmt: skip
_MONEY = {
    "az": {"manat": "dollar", "dollar": "avro", "avro": "manat", "som": "dollar", "rubl": "manat",
           "yuan": "rubl"},
    "uz": {"manat": "dollar", "dollar": "yevro", "yevro": "manat", "soʻm": "dollar",
           "rubl": "manat", "yuan": "rubl"},
}  # fmt: skip
_MONTHS = {
    "az": [
        "yanvar", "fevral", "mart", "aprel", "may", "iyun", "iyul", "avqust", "sentyabr",
        "oktyabr", "noyabr", "dekabr",
    ],
    "uz": [
        "yanvar", "fevral", "mart", "aprel", "may", "iyun", "iyul", "avgust", "sentabr", "oktabr",
        "noyabr", "dekabr",
    ],
}  # fmt: skip
_DAYS = {
    "az": ["bazar ertəsi", "çərşənbə axşamı", "cümə günü", "şənbə günü"],
    "uz": ["dushanba", "seshanba", "juma", "shanba"],
}
_LANGUAGE = {"az": r"\w+ dil(?!ə )", "uz": r"\w+ til(?!ga )"}


def _swapped(text: str, swaps: dict[str, str]) -> Iterator[str]:
    """The text with each of the words replaced in turn, whatever its suffix."""
    for word, other in swaps.items():
        changed = re.sub(rf"(?<!\w){word}(?!ün|un)(?=\w{{0,5}}(?!\w))", other, text, count=1)
        if changed != text:
            yield changed


def _number(pair: Pair, _others: Sequence[Pair], target: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(r"\d+", pair.output):
        digits = match[0][:-1] + str((int(match[0][-1]) + 1) % 10)
        yield pair.source, pair.output[: match.start()] + digits + pair.output[match.end() :]
    yield from ((pair.source, text) for text in _swapped(pair.output, _SWAPS[SIDES[target][1]]))


def _percent(pair: Pair, _others: Sequence[Pair], target: str) -> Iterator[tuple[str, str]]:
    thousand = {"az": "min", "uz": "ming"}[SIDES[target][1]]
    changed = re.sub(r"faiz|foiz|(?<=\d)%", f" {thousand}", pair.output).replace("  ", " ")
    yield pair.source, changed


def _money(pair: Pair, _others: Sequence[Pair], target: str) -> Iterator[tuple[str, str]]:
    yield from ((pair.source, text) for text in _swapped(pair.output, _MONEY[SIDES[target][1]]))


def _date(pair: Pair, _others: Sequence[Pair], target: str) -> Iterator[tuple[str, str]]:
    for words in (_MONTHS[SIDES[target][1]], _DAYS[SIDES[target][1]]):
        shifted = dict(zip(words, words[1:] + words[:1], strict=True))
        yield from ((pair.source, text) for text in _swapped(pair.output, shifted))


def _name(pair: Pair, others: Sequence[Pair], target: str) -> Iterator[tuple[str, str]]:
    if pair.names:
        other = next(o.names[1] for o in others if o.names)
        yield pair.source, pair.output.replace(pair.names[1], other)
        pronoun = {"az": "o", "uz": "u"}[SIDES[target][1]]
        yield pair.source, pair.output.replace(pair.names[1], pronoun)
        return
    for match in names.named(pair.output, target[:3]):
        changed = pair.output[: match.start()] + "Daryal" + pair.output[match.end() :]
        yield pair.source, changed


def _place(pair: Pair, _others: Sequence[Pair], target: str) -> Iterator[tuple[str, str]]:
    low = lower(pair.output)
    for match in places.pattern(target[:3]).finditer(low):
        if pair.output[match.start()].isupper():
            other = "Meksika" if match[1] != "meksika" else "Kuba"
            yield pair.source, pair.output[: match.start(1)] + other + pair.output[match.end(1) :]


def _language(pair: Pair, _others: Sequence[Pair], target: str) -> Iterator[tuple[str, str]]:
    side = SIDES[target][1]
    yield (
        pair.source,
        re.sub(_LANGUAGE[side], "yapon " + {"az": "dil", "uz": "til"}[side], pair.output),
    )


def _negation(pair: Pair, _others: Sequence[Pair], target: str) -> Iterator[tuple[str, str]]:
    if pair.turned:
        yield pair.source, pair.turned[1]  # lost
        yield pair.turned[0], pair.output  # invented
        return
    without = NEGATED[target[:3]].sub("", pair.output)
    if without != pair.output:
        yield pair.source, " ".join(without.split())


def _quotation(pair: Pair, _others: Sequence[Pair], _target: str) -> Iterator[tuple[str, str]]:
    yield pair.source, re.sub("[“”]", "", pair.output)
    yield pair.source, "".join(re.findall("“[^”]*”", pair.output)) or pair.output


def _term(pair: Pair, _others: Sequence[Pair], target: str) -> Iterator[tuple[str, str]]:
    wanted = "azj" if target == "uzn_Latn" else "uzn"
    known = glossary.terms()
    for number in glossary.wanted(pair.source, wanted):
        kind = [n for n, term in enumerate(known) if term.kind == known[number].kind]
        other = known[kind[(kind.index(number) + 7) % len(kind)]].forms(target[:3])[0]
        pattern = glossary.pattern(number, target[:3])
        found = pattern.search(lower(pair.output))
        if found:
            changed = pair.output[: found.start()] + other + pair.output[found.end() :]
            yield pair.source, changed


FAULTS: dict[str, Fault] = {
    "off_target": _off_target,
    "wrong_script": _wrong_script,
    "empty": _empty,
    "truncated": _truncated,
    "repeated": _repeated,
    "under_long": _under_long,
    "over_long": _over_long,
    "copied": _copied,
    "number_mismatch": _number,
    "percent_mismatch": _percent,
    "money_mismatch": _money,
    "date_mismatch": _date,
    "name_lost": _name,
    "place_lost": _place,
    "language_lost": _language,
    "negation_mismatch": _negation,
    "quotation_lost": _quotation,
    "term_lost": _term,
}
