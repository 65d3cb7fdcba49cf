"""identify: languages, scripts, neighbours, short text, and bytes that upset CLD2."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.text.identify import SHORT, identify, identify_many

SENTENCES = [
    ("azj_Latn", "Sabah Bakıda hava şəraitinin dəyişkən buludlu olacağı gözlənilir."),
    ("azj_Latn", "NAZİRLƏR KABİNETİ YENİ QƏRAR QƏBUL EDİB"),
    ("uzn_Latn", "Bugun Toshkentda yangi kutubxona ochildi, unga minglab kishilar keldi."),
    ("uzn_Latn", "O'zbekiston terma jamoasi do'stona o'yinda g'alaba qozondi."),
    ("uzn_Cyrl", "Бугун Тошкентда янги кутубхона очилди, унга минглаб кишилар келди."),
    ("azj_Cyrl", "Сабаһ Бакыда һава шәраитинин дәјишкән булудлу олаҹағы ҝөзләнилир."),
    ("azj_Cyrl", "Мән һеч нәдән ваз кечмәмишәм."),  # no letter that is Azerbaijani alone
    ("tur_Latn", "Cumhurbaşkanı bugün Ankara'da yeni bir kütüphanenin açılışını yaptı."),
    ("rus_Cyrl", "Сегодня в Ташкенте открылась новая библиотека, туда пришли тысячи людей."),
    ("eng_Latn", "A new library was opened in Tashkent today and thousands of people came."),
    ("kaz_Cyrl", "Бүгін Ташкентте жаңа кітапхана ашылды, оған мыңдаған адам келді."),
    ("kir_Cyrl", "Бүгүн Ташкентте жаңы китепкана ачылды, ага миңдеген адам келди."),
]
NEIGHBOURS = [  # neither detector knows these; they must not pass for one of ours
    "Búgin Nókiste jańa kitapxana ashıldı, oǵan mıńlaǵan adam keldi.",  # Karakalpak, 2016
    "Bügün Aqmescitte yañı kütüphane açıldı, oña biñlernen insan keldi.",  # Crimean Tatar
    "Bu gün Aşgabatda täze kitaphana açyldy, oňa müňlerçe adam geldi.",  # Turkmen
    "Бүген Казанда яңа китапханә ачылды, анда меңләгән кеше килде.",  # Tatar
    "privet kak dela segodnya v tashkente otkrylas novaya biblioteka",  # Russian in Latin
]


@pytest.mark.parametrize(("language", "text"), SENTENCES)
def test_sentences(language: str, text: str) -> None:
    found = identify(text)
    assert (found.language, found.script, found.reliable) == (language, language[-4:], True)
    assert 0.3 < found.confidence <= 1


@pytest.mark.parametrize("text", NEIGHBOURS)
def test_neighbours_are_rejected(text: str) -> None:
    assert identify(text).language[:3] not in ("azj", "uzn")


@pytest.mark.parametrize("text", ["", " ", "12.05.2025", "https://kun.uz/news", "🙂🙂", "\x00\x7f"])
def test_nothing_to_read(text: str) -> None:
    found = identify(text)
    assert (found.language, found.script, found.reliable) == ("und", "Zyyy", False)


def test_short_text_is_a_guess() -> None:
    found = identify("Salam, dünya")
    assert len("Salamdünya") < SHORT
    assert not found.reliable


def test_addresses_do_not_count() -> None:
    text = "https://www.example.com/news/today/this-is-english Sabah hava soyuq keçəcək, dedilər."
    assert identify(text).language == "azj_Latn"


@pytest.mark.parametrize("bad", ["\ud800", "\x00", "\ufffe", "\x0b", "\u0378", "\U000e0001"])
def test_bytes_that_detectors_refuse(bad: str) -> None:
    found = identify(f"Sabah Bakıda {bad} hava şəraiti dəyişkən olacaq.")
    assert found.language == "azj_Latn"


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_never_raises(text: str) -> None:
    found = identify(text)
    assert 0 <= found.confidence <= 1.001
    assert not (found.reliable and found.language == "und")


def test_many_are_the_same_as_one_by_one() -> None:
    texts = [text for _, text in SENTENCES] * 2
    assert identify_many(iter(texts)) == [identify(text) for text in texts]
