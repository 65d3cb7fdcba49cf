"""The rules as a whole: planted faults, any batch, hostile text, and people's own translations."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.bitext import filter
from data_prep.bitext.filters import copies, faults, measure, profanity, repetition
from korpu.errors import UsageError

RULES = measure.rules()
GOOD = [
    ("Nazir noyabrın 14-də Bakıda 350 milyon dollarlıq 3 yeni müqavilə imzaladıqlarını bildirib.",
     "Vazir 14-noyabrda Bokuda 350 million dollarlik 3 ta yangi shartnoma imzolaganini bildirdi."),
    ("Sərgi şəhərin mərkəzində, köhnə kitabxananın yanındakı binada bütün həftə açıq olacaq.",
     "Koʻrgazma shahar markazida, eski kutubxona yonidagi binoda butun hafta davomida ochiq."),
    ("Məktəbin 25 şagirdi yarışda 90-cı illərdən bəri ən yaxşı nəticəni göstərib, deyə o yazıb.",
     "Maktabning 25 nafar oʻquvchisi musobaqada 1990-yillardan beri eng yaxshi natijani berdi."),
    ("Gənclər üçün yeni kitabxana açıldı və orada hər kəs istədiyi kitabı bütün il boyu oxuya, "
     "rəssamların sərgilərinə baxa, axşamlar isə yazıçılarla görüşə bilər.",
     "Yoshlar uchun yangi kutubxona ochildi va u yerda har kim istagan kitobini yil boʻyi oʻqishi, "
     "rassomlar koʻrgazmalarini koʻrishi, kechqurun esa yozuvchilar bilan uchrashishi mumkin."),
]  # fmt: skip
TEXT = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    [text for pair in GOOD for text in pair]
)


def reasons(pairs: list[tuple[str, str]], *, trusted: bool = False) -> list[str | None]:
    rows = measure.frame(pairs).with_columns(trusted=pl.lit(trusted))
    return filter.apply(rows, RULES)["reason"].to_list()


def test_good_pairs_stay() -> None:
    assert reasons(GOOD) == [None] * len(GOOD)


FOUND = [name for name, (rule, _) in faults.FAULTS.items() if rule not in ("", "ratio")]


@pytest.mark.parametrize("name", FOUND)
def test_every_planted_fault_is_found_by_its_rule(name: str) -> None:
    rule, fault = faults.FAULTS[name]
    chance = random.Random(3)
    made = [fault(*pair, GOOD[(n + 2) % 4][1], chance) for n, pair in enumerate(GOOD)]
    planted = [pair for pair in made if pair is not None]
    assert planted
    # a changed digit may be the day of a date, and a number left out may stand in its words
    also = {"dates"} if rule == "numbers" else {"language"} if rule == "copy" else set()
    assert set(reasons(planted)) <= {rule, *also}


def test_trusted_pairs_are_judged_only_by_what_would_harm() -> None:
    chance = random.Random(3)
    for name, (rule, fault) in faults.FAULTS.items():
        made = [pair for good in GOOD if (pair := fault(*good, GOOD[0][1], chance))]
        expected = {rule} if rule in filter.FOR_ALL else {None}
        assert set(reasons(made, trusted=True)) == expected, name


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=12), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_a_verdict_does_not_depend_on_the_batch(pairs: list[tuple[str, str]], size: int) -> None:
    whole = reasons(pairs)
    parts = [reasons(pairs[at : at + size]) for at in range(0, len(pairs), size)]
    assert whole == [reason for part in parts for reason in part]


LONG = 10_000_000
HOSTILE = [
    "", " ", "\0", "a\0b", "\u202eabc\u202c", "\u200f\u200e", "\ufeff", "İ" * 50, "\n" * 50,
    "9" * 500, "1 000 " * 90, "1,2." * 140, "yüz " * 140, "min min " * 70, "@" * 300, "a.@b" * 120,
    "https://" * 70, "www." * 140, "14.11." * 90, "noyabr " * 80, "$" * 500, "{" * 500, "%s" * 250,
    "<" * 500, "<a " * 190, "&amp" * 140, "aaaa" * 140, "ab ab " * 90, "XXXXIIII" * 60, "٣٤٥" * 90,
    "x" * LONG, "9" * LONG, "a1 " * (LONG // 3),
]  # fmt: skip


def test_hostile_text_is_judged_in_any_pair() -> None:
    good = GOOD[1]
    pairs = [pair for text in HOSTILE for pair in ((text, good[1]), (good[0], text), (text, text))]
    found = reasons(pairs)
    assert len(found) == len(pairs)
    for (src, tgt), reason in zip(pairs, found, strict=True):
        assert reason is not None or min(len(src.strip()), len(tgt.strip())) >= 8
        assert max(len(src), len(tgt)) < LONG - 2 or reason == "long"


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip()])
def test_hostile_text_is_judged_by_every_rule(text: str) -> None:
    text = text[:20_000]
    rows = measure.frame([(text, GOOD[0][1]), (GOOD[0][0], text), (text, text)])
    for name, rule in filter.batched(RULES).items():
        assert len(rule(rows)) == 3, name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("yeni yeni yeni məktəb", True),
        ("bu gün bazarda bu gün bazarda bu gün bazarda", True),
        ("Salom! Salom! Salom! dedi", True),
        ("yeni, çox yeni məktəb", False),
        ("yeni yeni məktəb", False),
        ("ha ha ha deyib güldü", False),
        ("8.8.8.8 ünvanı və 000000000", False),
        ("gələn gələnə, gedən gedənə", False),
        ("bərabərlər bərabərlərdən", False),
    ],
)
def test_words_three_times_in_a_row(text: str, found: bool) -> None:
    rows = pl.DataFrame({"src": [text], "tgt": ["x"]})
    assert repetition.broken(rows, 0.9).to_list() == [found]


@given(st.lists(st.text("ab c", max_size=40), min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_periods_are_found_exactly(texts: list[str]) -> None:
    def repeats(text: str) -> bool:
        return any(
            text[at : at + p] == text[at + p : at + 2 * p] == text[at + 2 * p : at + 3 * p]
            for p in range(2, 10)
            for at in range(len(text) - 3 * p + 1)
        )

    expected = [at for at, text in enumerate(texts) if repeats(text)]
    assert repetition.periodic(pl.Series(texts, dtype=pl.String), 2, 9) == expected


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8), st.sampled_from([0.5, 0.8, 0.95]))
@settings(max_examples=100, deadline=None)
def test_no_copy_is_missed_for_speed(pairs: list[tuple[str, str]], most: float) -> None:
    near = [*pairs, *((src, src[1:]) for src, _ in pairs), *((src, src + "x") for src, _ in pairs)]
    rows = pl.DataFrame(near, schema=["src", "tgt"], orient="row")
    plain = rows.select(pl.all().str.to_lowercase().str.replace_all(r"\s+", ""))
    slow = [copies.similarity(*pair) > most for pair in plain.iter_rows()]
    assert copies.broken(rows, most).to_list() == slow


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ona qehbə dedi", True),
        ("QƏHBƏLƏR burda", True),
        ("U jalablar dedi", True),
        ("Siktir get", True),
        ("siklon, sikkə, sikl, götürmək, koʻtarmoq, qoʻtos, jalb, sukunat, amma, peysər", False),
        ("Suka", True),
        ("Sukut va Sukarno", False),
    ],
)
def test_profanity_is_found_by_the_words_beginning(text: str, found: bool) -> None:
    rows = pl.DataFrame({"src": ["təmiz söz", text], "tgt": [text, "toza soʻz"]})
    assert profanity.broken(rows, "korpu").to_list() == [found, found]


def test_profanity_takes_a_file_of_words(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("# ours\npis*\nyomon soʻz\n", "utf-8")
    rules = dataclasses.replace(RULES, profanity=str(words))
    rows = measure.frame([
        ("Bu pisdir, yəni yaxşı deyil", "Bu yomon, yaʼni yaxshi emas"),
        ("Bu sözdür, yəni yaxşı deyil", "Bu yomon so'z, yaʼni yaxshi emas"),
        ("Bu sözdür, yəni yaxşı deyil", "Bu yomon gap, yaʼni yaxshi emas"),
    ])  # fmt: skip
    assert filter.apply(rows, rules)["reason"].to_list() == ["profanity", "profanity", None]


@pytest.mark.parametrize("text", [None, "", "# nothing\n"])
def test_a_list_of_words_that_is_none_is_said(text: str | None, tmp_path: Path) -> None:
    words = tmp_path / "none.txt"
    if text is not None:
        words.write_text(text, "utf-8")
    rules = dataclasses.replace(RULES, profanity=str(words))
    with pytest.raises(UsageError, match=r"prepare\.filter\.profanity: .*none\.txt"):
        filter.apply(measure.frame(GOOD), rules)


def test_few_of_peoples_translations_are_rejected(shared: Path) -> None:
    assert shared
    for name, most in (("ntrex", {"numbers": 18}), ("xwmt", {"numbers": 8})):
        found = Counter(measure._reasons(measure.pairs(name)))
        kept = found.pop(None)
        assert kept >= 0.975 * (kept + found.total())
        assert all(count <= most.get(rule, 1) for rule, count in found.items()), found
