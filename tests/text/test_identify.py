"""identify: languages, scripts, neighbours, ways of typing, other detectors, hostile bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.text import identify as module
from data_prep.text.identify import SHORT, Detector, identify, identify_many, register
from data_prep.text.orthography import to_orthography
from data_prep.text.samples import SAMPLES, UNSEEN, samples
from data_prep.text.traits import traits
from korpu.errors import UsageError

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


UZBEK = "Oʻzbekiston terma jamoasi doʻstona oʻyinda gʻalaba qozondi, maʼno boshqa."
AZERBAIJANI = "Sabah Bakıda hava şəraitinin dəyişkən buludlu olacağı gözlənilir, İsmayıllıda qar."


@pytest.mark.parametrize("mark", ["ʻ", "ʼ", "‘", "’", "'", "`", "´", ""])
@pytest.mark.parametrize("change", [str, str.upper, str.lower])
def test_uzbek_however_it_is_typed(mark: str, change: type[str]) -> None:
    text = change(UZBEK.replace("ʻ", mark).replace("ʼ", mark))
    assert identify(text).language == "uzn_Latn"


@pytest.mark.parametrize(
    "text",
    [
        AZERBAIJANI.replace("i", "İ").upper(),
        AZERBAIJANI.replace("İ", "i").lower(),
        AZERBAIJANI.replace("ə", "ә"),  # the Cyrillic letter
    ],
)
def test_azerbaijani_however_it_is_typed(text: str) -> None:
    assert identify(text).language == "azj_Latn"


@pytest.mark.parametrize("spelling", ["2021", "2023", "2026"])
def test_uzbek_in_a_reform_spelling(spelling: str) -> None:
    text = to_orthography(UZBEK, spelling)
    assert text != UZBEK
    assert identify(text).language == "uzn_Latn"


@pytest.mark.parametrize(
    ("texts", "code"), [(texts, code) for texts in (SAMPLES, UNSEEN) for code in texts]
)
def test_own_sentences_of_neighbours_are_rejected(texts: Mapping[str, str], code: str) -> None:
    accepted = [t for t in samples(code, texts) if identify(t).language[:3] in ("azj", "uzn")]
    assert accepted == []


def test_own_sentences_are_mostly_called_by_their_name() -> None:
    for code, least in {"tat_Cyrl": 0.9, "bak_Cyrl": 0.9, "rus_Latn": 0.8, "kaa_Latn": 0.7}.items():
        found = [identify(t).language for t in samples(code)]
        assert found.count(code) >= least * len(found), code


@pytest.fixture
def registry() -> Iterator[dict[str, Detector]]:
    before = dict(module._REGISTRY)
    yield module._REGISTRY
    module._REGISTRY.clear()
    module._REGISTRY.update(before)


def by_exclamation(text: str, script: str) -> Mapping[str, float]:
    """A toy: text with an exclamation mark is French."""
    return {"fra_Latn": 20.0} if "!" in text and script == "Latn" else {}


def test_a_detector_of_ones_own(registry: dict[str, Detector]) -> None:
    register("toy", by_exclamation)
    assert "toy" in registry
    assert identify("Salam!", ["toy"]).language == "fra_Latn"
    assert identify(UZBEK, ["toy"]).language == "und"
    assert identify(f"{UZBEK}!", ["traits", "cld2"]).language == "uzn_Latn"
    assert identify("Bonjour tout le monde!", ["traits", by_exclamation]).language == "fra_Latn"
    assert identify_many(["Salam!"], [by_exclamation])[0].confidence > 0.99


def test_detectors_in_place_of_the_default_are_the_only_ones_asked() -> None:
    asked: list[str] = []

    def spy(_text: str, script: str) -> Mapping[str, float]:
        asked.append(script)
        return {"azj_Latn": 1.0}

    assert identify(UZBEK, [spy, spy]).language == "azj_Latn"
    assert asked == ["Latn", "Latn"]


def test_no_more_detectors_are_asked_once_two_agree() -> None:
    asked: list[str] = []

    def certain(_text: str, _script: str) -> Mapping[str, float]:
        return {"uzn_Latn": 9.0}

    def spy(text: str, _script: str) -> Mapping[str, float]:
        asked.append(text)
        return {}

    assert identify(UZBEK, [certain, certain, spy]).language == "uzn_Latn"
    assert asked == []


def test_an_unknown_detector_is_named() -> None:
    with pytest.raises(UsageError, match=r"'fasttext'.*traits, cld2, langid"):
        identify("Salam", ["fasttext"])


def test_traits_weigh_letters_words_and_endings() -> None:
    found = traits("kitoblar va Washington", "Latn")
    assert found["uzn_Latn"] == 1.0 + 2.0 - 0.7
    assert traits("və", "Latn")["azj_Latn"] == 2.0
    assert traits("və", "Latn")["tur_Latn"] == -2.0
    assert traits("oʻy", "Latn")["tur_Latn"] == -2.0
    assert traits("text", "Grek") == {}
