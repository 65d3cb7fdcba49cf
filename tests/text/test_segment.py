"""segment: `|` marks where a sentence ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


texts = st.one_of(
    st.text(alphabet="aAəƏ.!?…  \n\"”“–-1)([mlns's", max_size=60),
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


def test_long_lines_take_linear_time() -> None:
    assert len(segment("Bu uzun bir cümlədir. " * 50_000, "azj_Latn")) == 50_000
    assert len(segment("." * 100_000 + '"' * 100_000, "azj_Latn")) == 1
