"""OpusFilter's rules as expressions: its definitions, written out, decide the same."""

from __future__ import annotations

import difflib
import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.bitext import bench_filters, opus_rules
from data_prep.bitext.bench import main
from korpu.errors import UsageError

PUNCTUATION = ".?!…"


def _punctuation(src: str, tgt: str) -> bool:
    one, two = (sum(c in PUNCTUATION for c in text) for text in (src, tgt))
    score = abs(one - two) + max(one - 1, 0) + max(two - 1, 0)
    return -math.log(score + 1) >= -2


def _numerals(src: str, tgt: str) -> bool:
    one, two = ([int(c) for c in text if c in "123456789"] for text in (src, tgt))
    return difflib.SequenceMatcher(None, one, two).ratio() >= 0.5


def _repetition(src: str, tgt: str) -> bool:
    pattern = re.compile(r"(\S.{2,100}?)(?: *\1){2,}")
    return not any(pattern.search(text) for text in (src, tgt))


def _words(src: str, tgt: str) -> bool:
    return all(1 <= len(text.split()) <= 100 for text in (src, tgt))


def _average(src: str, tgt: str) -> bool:
    parts = [text.split() for text in (src, tgt)]
    return all(2 <= (len("".join(p)) / len(p) if p else 0) <= 20 for p in parts)


def _ratio(src: str, tgt: str) -> bool:
    shorter, longer = sorted(map(len, (src, tgt)))
    return longer == 0 if shorter == 0 else longer / shorter < 2.5


def _long(src: str, tgt: str) -> bool:
    return all(len(word) < 40 for text in (src, tgt) for word in text.split())


# (OpusFilter's class, which of its kind, its definition)
DEFINED: dict[str, tuple[str, int, Callable[[str, str], bool]]] = {
    "length": ("LengthFilter", 0, lambda s, t: all(8 <= len(x) <= 600 for x in (s, t))),
    "words": ("LengthFilter", 1, _words),
    "ratio": ("LengthRatioFilter", 0, _ratio),
    "long word": ("LongWordFilter", 0, _long),
    "average": ("AverageWordLengthFilter", 0, _average),
    "punctuation": ("TerminalPunctuationFilter", 0, _punctuation),
    "numerals": ("NonZeroNumeralsFilter", 0, _numerals),
    "repetition": ("RepetitionFilter", 0, _repetition),
}
PIECES = ["a", "b", "ab", "abc", "  ", " ", "söz", "1", "0", "27", ".", "…", "!", "?", "<b>",
          "</b>", "<", ">", "x" * 39, "salom"]  # fmt: skip
TEXT = st.lists(st.sampled_from(PIECES), max_size=24).map("".join)


@pytest.mark.parametrize("name", DEFINED)
@given(pairs=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_rule_decides_as_it_is_defined(name: str, pairs: list[tuple[str, str]]) -> None:
    kind, which, definition = DEFINED[name]
    rule = [rule for rule in opus_rules.rules() if rule.name == kind][which]
    rows = pl.DataFrame(pairs, schema=["src", "tgt"], orient="row")
    assert rule.accept(rows).to_list() == [definition(*pair) for pair in pairs]


@pytest.mark.parametrize(
    ("text", "latin", "alphabetic"),
    [("Salom dunyo", True, True), ("Салом", False, True), ("12 34 a", True, False),
     ("", True, True), ("Oʻzbek САЛОМ", False, True)],
)  # fmt: skip
def test_characters_are_counted_by_script(text: str, latin: bool, alphabetic: bool) -> None:
    rows = pl.DataFrame({"src": ["Salom dunyo"], "tgt": [text]})
    named = {rule.name: rule for rule in opus_rules.rules()}
    assert named["CharacterScoreFilter"].accept(rows).to_list() == [latin]
    assert named["AlphabetRatioFilter"].accept(rows).to_list() == [alphabetic]


@pytest.mark.parametrize(
    ("text", "accepted"),
    [("a <b>b</b>", False), ("?refresh=<sec>", False), ("x<br/>y", False), ("3 < 5 > 2", True),
     ("bitdi</b>", True), ("a & b", True)],
)  # fmt: skip
def test_a_tag_is_one_that_opens(text: str, accepted: bool) -> None:
    rows = pl.DataFrame({"src": ["Salom dunyo", text], "tgt": [text, "Salom dunyo"]})
    rule = next(rule for rule in opus_rules.rules() if rule.name == "HtmlTagFilter")
    assert rule.accept(rows).to_list() == [accepted, accepted]


def test_without_opusfilter_the_benchmark_says_how_to_get_it() -> None:
    from importlib.util import find_spec

    if find_spec("opusfilter") is not None:
        pytest.skip("OpusFilter is installed here")
    with pytest.raises(UsageError, match=r"has no opusfilter.*pip install opusfilter==3\.3\.1"):
        main(["what=filters"])
    with pytest.raises(UsageError, match="peer=/nowhere/python cannot be run"):
        main(["what=filters", "peer=/nowhere/python"])


def test_our_contestant_keeps_what_all_rules_accept(tmp_path: Path) -> None:
    pairs = [("Bakıda yeni məktəb açıldı.", "Bokuda yangi maktab ochildi."), ("Bəli", "Ha"),
             ("Bakıda <b>yeni</b> məktəb", "Bokuda yangi maktab ochildi"),
             ("yeni yeni yeni məktəb açıldı", "Bokuda yangi maktab ochildi")]  # fmt: skip
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(f"{json.dumps(pair)}\n" for pair in pairs), "utf-8")
    names = [rule.name for rule in opus_rules.rules()]
    run = bench_filters.filtered(names, str(path))
    assert (run.pairs, run.kept) == (4, 1)
    assert bench_filters.filtered(names[:-1], str(path)).kept == 2
    decisions = [found for found, _ in bench_filters.decided(str(path))]
    assert [sum(one == "0" for one in column) for column in zip(*decisions, strict=True)] == [
        0, 1, 1, 1,
    ]  # fmt: skip


def test_the_peers_script_needs_nothing_of_korpu() -> None:
    text = bench_filters.PEER_FILE.read_text("utf-8")
    imported = set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE))
    assert imported <= {"__future__", *sys.stdlib_module_names}
