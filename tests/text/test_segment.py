"""segment: `|` marks where a sentence ends. The hard cases are in ``cases/``."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.text import bench, splitters
from data_prep.text.segment import paragraphs, segment

AZERBAIJANI = """\
Bu gün hava soyuqdur.|Sabah isti olacaq.
Görüş 2024-cü il 12.05.2025 tarixində keçirilib.|Sonra fasilə oldu.
Prof. Ş. Əliyev çıxış edib.|O, layihədən danışıb.
Layihəyə 5,5 mln. manat ayrılıb.|Vəsait büdcədəndir.
Ümumi dəyəri 5 mln. ABŞ dollarıdır.
Kartof, soğan və s. satılır.
Bazarda kartof, soğan və s.|Qiymətlər artıb.
M.Ə. Rəsulzadə küç. 5-də yerləşir.
İ. Həsənov və A.B. Quliyev gəlib.
“Gəl!” – Əli dedi.
“Nə vaxt?” deyə o soruşdu.
Bəli...|Sonra getdi.
Kim gəldi?!|Heç kim.
Qiymət 3.5 manatdır.|Ucuzdur.
Bu, çox gözəl kənddir.|Bizim kənd.|Orada bulaq var.
Məşhur t.ü.f.d. Kərimov çıxış etdi.
Bax səh. 12.|Orada yazılıb.
1. Birinci maddə.|2. İkinci maddə.
“Biz hazırıq”, – nazir bildirib.|“Vaxt azdır.”|Müzakirə davam edir.
Saytın ünvanı www.azertag.az saytıdır.|Oxuyun.
Temperatur 25 °C.|Sabah isti olacaq.
O, 2020-ci ildə gəlib.|15 nəfər onu qarşıladı.
— Salam!|— Salam, necəsən?
ABŞ.|Rusiya.|Çin.
Dr. Məmmədova xəstəni qəbul etdi."""

UZBEK = """\
Bugun havo sovuq.|Ertaga iliq boʻladi.
Sh. Mirziyoyev 2018-yil may oyida keldi.|Uchrashuv boʻldi.
Oʻ. Hoshimov, A. Qodiriy va h.k.|Bugun yomgʻir yogʻdi.
G‘. G‘ulom va O'. Umarbekov asarlari oʻqildi.
Bozorda olma, anor va h.k. sotiladi.
Loyihaga 3.5 mln. soʻm ajratildi.|Bu koʻp emas.
Qiymati 5 mln. AQSH dollari.
«Nima?» – soʻradi u.|Hech kim javob bermadi.
“Kelaman!” – Ali dedi.
Navoiy koʻch. 5-uyda yashaydi.
Toshkent sh. Amir Temur koʻchasi.
T.f.d. Karimov soʻzladi.|Prof. Yusupov tingladi.
Bu katta uy.|U yerda besh kishi yashaydi.
Soat 12.30 da boshlandi.|Keyin tugadi.
Sana 12.05.2025.|Imzo qoʻyildi.
Nega?|Chunki vaqt yoʻq!
Rostdanmi?..|Ha, rost.
1. Birinchi band.|2. Ikkinchi band.
U keldi, dedi u.|Keyin ketdi.
AQSH.|Rossiya.|Xitoy.
Temperatura 25 °C.|Ertaga sovuq boʻladi.
“U keldi.”|“Kim?”
Kutilmaganda (2019-yil.)|Hammasi oʻzgardi.
Matnda […] Belgisi bor.
Maqola kun.uz saytida chiqdi.|Uni oʻqing."""

CYRILLIC = """\
Проф. Ш. Раҳимов 5 млн. сўм олди.|Бу кўп эмас.
Олма, анор ва ҳ.к. сотилди.|Бозор ёпилди."""


@pytest.mark.parametrize(
    ("language", "case"),
    [("azj_Latn", c) for c in AZERBAIJANI.split("\n")]
    + [("uzn_Latn", c) for c in UZBEK.split("\n")]
    + [("uzn_Cyrl", c) for c in CYRILLIC.split("\n")],
)
def test_sentences(language: str, case: str) -> None:
    assert segment(case.replace("|", " "), language) == case.split("|")


def test_paragraphs_always_end_a_sentence() -> None:
    text = "Sarlavha\n\n  Birinchi gap. Ikkinchi gap.  \nUchinchi"
    assert paragraphs(text) == ["Sarlavha", "Birinchi gap. Ikkinchi gap.", "Uchinchi"]
    assert segment(text, "uzn_Latn") == ["Sarlavha", "Birinchi gap.", "Ikkinchi gap.", "Uchinchi"]


def test_nothing_to_split() -> None:
    assert segment("", "azj_Latn") == segment(" \n ", "azj_Latn") == []


def test_a_language_without_lists_gets_the_general_rules() -> None:
    assert segment("Mr. Smith came. He left.", "eng_Latn") == ["Mr. Smith came.", "He left."]


CASES = {
    code: bench.read_cases(bench.CASES / f"{code}.txt")
    for code in ("azj_Latn", "uzn_Latn", "uzn_Cyrl")
}


def f1(code: str, cases: list[list[bench.Case]], split: splitters.Splitter = segment) -> float:
    found = bench.Found.of(bench.judged(cases, split, code))
    return 2 * found.right / (found.found + found.gold)


def test_there_are_enough_cases_and_none_twice() -> None:
    assert len(CASES["azj_Latn"]) >= 120
    assert len(CASES["uzn_Latn"]) + len(CASES["uzn_Cyrl"]) >= 120
    assert len(CASES["uzn_Cyrl"]) >= 25
    for cases in CASES.values():
        texts = [tuple(p.text for p in case) for case in cases]
        assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("code", CASES)
def test_hard_cases(code: str) -> None:
    """All of the half that chose the rules; the other half was never looked at for them."""
    tuned = [case for case in CASES[code] if not case[0].held_out]
    held_out = [case for case in CASES[code] if case[0].held_out]
    wrong = [p.text for c in tuned for p in c if bench.ends(segment(p.text, code)) != p.ends]
    assert not wrong
    assert f1(code, held_out) >= 0.99
    assert f1(code, held_out) > f1(code, held_out, splitters.by_regex)


def test_a_case_is_read_as_it_is_written() -> None:
    case = bench._case(3, "Bu bir.|Bu “iki”.¦Bu üç.")
    assert case.text == "Bu bir. Bu “iki”.Bu üç."
    assert case.ends == bench.ends(["Bu bir.", "Bu “iki”.", "Bu üç."]) == {6, 14}
    assert case.held_out


def test_counts_are_of_boundaries_inside() -> None:
    found = bench.Found.of([(frozenset({1, 2}), frozenset({2, 3, 4})), (frozenset(), frozenset())])
    assert found == bench.Found(right=1, found=2, gold=3)
    assert found.cells() == ("0.500", "0.333", "0.400")


def test_the_bench_says_who_is_absent(capsys: pytest.CaptureFixture[str]) -> None:
    _, absent = splitters.installed()
    assert bench.main(["repeat=1", "wrong=korpu"]) == 0
    printed = capsys.readouterr().out
    assert "Azerbaijani, 1" in printed and "Uzbek (Cyrillic)" in printed
    assert ("not installed" in printed) == bool(absent)
    assert all(name in printed for name in absent)


def test_a_quotation_mark_alone_closes_what_was_opened() -> None:
    text = '"Bilmirəm. Ümid edirəm. " Sonra susdu. " Gəlin " dedi.'
    assert segment(text, "azj_Latn") == [
        '"Bilmirəm.', 'Ümid edirəm. "', "Sonra susdu.", '" Gəlin " dedi.',
    ]  # fmt: skip


PIECES = [
    "h.", "k.", "b.", "e.", "ə.", "mln.", "5", "12.", "05.", "2025", "AQSh", "(va", "s.)", "“",
    "”", '"', "«Kim?»", "–", "dedi", "Əli", "Şəki.Bakı", "Sh.", "Oʻ.", "M.Ə.", "qrup", "C.", "V",
    "XX", "əsr", "[3]", ".[3]", "…", "...", "?!", "kun.uz.", "iPhone", "I.", ":", "Bu", "gəlib.",
]  # fmt: skip

texts = st.one_of(
    st.text(alphabet="aAəƏ.!?…  \n\"”“–-1)([mlns's", max_size=60),
    st.lists(
        st.sampled_from(PIECES),
        max_size=14,
    ).map(" ".join),
    st.text(st.characters(exclude_categories=()), max_size=40),
)


@settings(max_examples=300, deadline=None)
@given(texts, st.sampled_from(["azj_Latn", "uzn_Latn", "uzn_Cyrl", "azj_Cyrl", "xyz"]))
def test_only_white_space_is_lost(text: str, language: str) -> None:
    sentences = segment(text, language)
    assert "".join("".join(sentences).split()) == "".join(text.split())
    assert all(s and s == s.strip() for s in sentences)
    rest = text
    for sentence in sentences:  # in order, and each as it stood
        _, found, rest = rest.partition(sentence)
        assert found


@settings(max_examples=300, deadline=None)
@given(texts, st.sampled_from(["azj_Latn", "uzn_Latn", "uzn_Cyrl", "azj_Cyrl", "xyz"]))
def test_its_own_sentences_stay_whole(text: str, language: str) -> None:
    for sentence in segment(text, language):
        assert segment(sentence, language) == [sentence]


def test_sentences_of_news_stay_whole() -> None:
    for code, cases in CASES.items():
        for sentence in (s for case in cases for p in case for s in segment(p.text, code)):
            assert segment(sentence, code) == [sentence]


LONG = [
    ". ", "A. ", "(b. ", "h. k. ", '. "', ".) ", "abc.D,", ".[1]", "!” Ali ", "? – Ali ", "12. ",
    "s.) Bu (", "5 mln. Bu ", '."', "gəldi. ” ", "- ", "“",
]  # fmt: skip


@pytest.mark.parametrize("unit", LONG)
def test_time_is_linear(unit: str) -> None:
    """A megabyte of what a mark's surroundings are made of; what is quadratic takes minutes."""
    began = time.process_time()
    assert segment(unit * (1_000_000 // len(unit)), "azj_Latn")
    assert time.process_time() - began < 20


def test_long_lines_take_linear_time() -> None:
    assert len(segment("Bu uzun bir cümlədir. " * 50_000, "azj_Latn")) == 50_000
    assert len(segment("." * 100_000 + '"' * 100_000, "azj_Latn")) == 1
