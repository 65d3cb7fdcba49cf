"""Names, places, languages, negation, quotation and terms: kept, and lost."""

from __future__ import annotations

import pytest

from eval.checks import Check, glossary
from eval.checks.glossary import KINDS, term_lost, terms
from eval.checks.names import name_lost, same, skeleton
from eval.checks.negation import negation_mismatch
from eval.checks.places import language_lost, place_lost
from eval.checks.quotation import quotation_lost


def both(check: Check, az: str, uz: str) -> list[bool | None]:
    return [check(az, uz, "uzn_Latn"), check(uz, az, "azj_Latn")]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Ceyms", "Jeyms"),
        ("Çingizin", "Chingizning"),
        ("Şəhla", "Shahlo"),
        ("Corc", "Jorj"),
        ("Uilyam", "Vilyam"),
        ("Qasımovun", "Qosimovning"),
        ("Steven", "Stiven"),
        ("Hüseynov", "Husaynov"),
        ("Çörçill", "Cherchill"),
        ("Əhmədov", "Ahmedov"),
    ],
)
def test_one_name_in_two_spellings(one: str, two: str) -> None:
    assert same(skeleton(one), skeleton(two))


@pytest.mark.parametrize(
    ("one", "two"), [("Kamran", "Rustam"), ("Corc", "Tomas"), ("Leyla", "Nigor")]
)
def test_two_names(one: str, two: str) -> None:
    assert not same(skeleton(one), skeleton(two))


@pytest.mark.parametrize(
    ("az", "uz", "wrong"),
    [
        ("Dünən Kamran Əliyev gəlib.", "Kecha Kamron Aliyev keldi.", False),
        ("Dünən Kamran Əliyev gəlib.", "Kecha Rustam Qosimov keldi.", True),
        ("Dünən Kamran Əliyev gəlib.", "Kecha u keldi.", True),
        ("Dünən o gəlib.", "Kecha Rustam keldi.", True),
        ("Bu gün Milli Kitabxanada sərgi var.", "Bugun Milliy kutubxonada koʻrgazma bor.", None),
        ("Dünən gəlib.", "Kecha keldi.", None),
    ],
)
def test_names(az: str, uz: str, wrong: bool | None) -> None:
    assert both(name_lost, az, uz) == [wrong, wrong]


@pytest.mark.parametrize(
    ("az", "uz", "wrong"),
    [
        ("Türkiyədən gəlib.", "Turkiyadan keldi.", False),
        ("ABŞ prezidenti", "AQSH prezidenti", False),
        ("Almaniyanın paytaxtı Berlin", "Germaniya poytaxti Berlin", False),
        ("Nyu-Yorkda görüş", "Nyu York shahridagi uchrashuv", False),
        ("Türkiyədən gəlib.", "Gruziyadan keldi.", True),
        ("Pekinə uçub.", "Tokioga uchib ketdi.", True),
        ("Çini qablar", "chinni idishlar", None),
        ("500 ABŞ dolları", "500 AQSH dollari", None),  # a currency, which money_mismatch reads
    ],
)
def test_places(az: str, uz: str, wrong: bool | None) -> None:
    if az.startswith("Çini"):
        assert place_lost(az.lower(), uz, "uzn_Latn") is wrong
    else:
        assert both(place_lost, az, uz) == [wrong, wrong]


@pytest.mark.parametrize(
    ("az", "uz", "wrong"),
    [
        ("ingilis dilində", "ingliz tilida", False),
        ("ingiliscə danışır", "inglizcha gapiradi", False),
        ("ingilis dilində", "nemis tilida", True),
        ("alman dilindən", "nemis tilidan", False),
        ("dilçilik", "tilshunoslik", None),
    ],
)
def test_languages(az: str, uz: str, wrong: bool | None) -> None:
    assert both(language_lost, az, uz) == [wrong, wrong]


@pytest.mark.parametrize(
    ("az", "uz"),
    [
        ("Heç kim gəlmədi.", "Hech kim kelmadi."),
        ("O, gəlməyəcək.", "U kelmaydi."),
        ("Səhv deyil.", "Xato emas."),
        ("Vaxt yoxdur.", "Vaqt yoʻq."),
        ("Etməməlidir.", "Qilmasligi kerak."),
        ("Gəlməsin.", "Kelmasin."),
        ("Gəlməyən adam", "Kelmagan odam"),
        ("Gəlməsə", "Kelmasa"),
        ("Bilmədiyi söz", "Bilmagan soʻzi"),
    ],
)
def test_negation_is_read_and_its_loss_found(az: str, uz: str) -> None:
    assert both(negation_mismatch, az, uz) == [False, False]
    assert negation_mismatch(az, "Bugun havo yaxshi.", "uzn_Latn") is True
    assert negation_mismatch("Bu gün hava yaxşıdır.", uz, "uzn_Latn") is True
    assert negation_mismatch(uz, "Bu gün hava yaxşıdır.", "azj_Latn") is True


@pytest.mark.parametrize(
    ("az", "uz", "result"),
    [
        ("Evsiz qalıb.", "Uysiz qoldi.", None),  # an adjective is no negation by itself
        ("O, evə getmədi.", "U uyga borishdan bosh tortdi.", False),  # but may answer one
        ("Dəmir qapı təmir olunur.", "Temir eshik taʼmirlanmoqda.", None),
        ("Etməyə başladı.", "Qilishga kirishdi.", None),  # an infinitive
        ("Vladimir gəldi.", "Vladimir keldi.", None),
        ("Oyun heç-heçə bitdi.", "Oʻyin durang tugadi.", None),
        ("Silahı yox etdilər.", "Qurolni yoʻq qilishdi.", None),
        ("May ayında", "May oyida", None),
    ],
)
def test_what_is_no_negation(az: str, uz: str, result: bool | None) -> None:
    assert both(negation_mismatch, az, uz) == [result, result]


@pytest.mark.parametrize(
    ("az", "uz", "wrong"),
    [
        (
            "“Biz hamımız buna hazırıq”, – o dedi.",
            "“Biz hammamiz bunga tayyormiz”, – dedi u.",
            False,
        ),
        (
            "“Biz hamımız buna hazırıq”, – o dedi.",
            "«Biz hammamiz bunga tayyormiz», – dedi u.",
            False,
        ),
        ("“Biz hamımız buna hazırıq”, – o dedi.", "Biz hammamiz bunga tayyormiz, – dedi u.", True),
        ("“Qarabağ” klubu udub.", "Qarabogʻ klubi yutdi.", None),  # a name, no speech
        ("O gəldi.", "U keldi.", None),
    ],
)
def test_quotation(az: str, uz: str, wrong: bool | None) -> None:
    assert both(quotation_lost, az, uz) == [wrong, wrong]


def test_a_quotation_that_nobody_says() -> None:
    az = "“Biz hamımız buna hazırıq”, – nazir bildirib."
    assert quotation_lost(az, "“Biz hammamiz bunga tayyormiz”.", "uzn_Latn") is True


def test_the_glossary_is_whole() -> None:
    from data_prep.text.normalize import normalize

    known = terms()
    assert len(known) >= 120 and {term.kind for term in known} == set(KINDS)
    assert sum(term.kind != "term" for term in known) >= 120
    for language, code in (("azj", "azj_Latn"), ("uzn", "uzn_Latn")):
        forms = [form for term in known for form in term.forms(language)]
        assert all(forms) and all(normalize(form, code) == form for form in forms)
    firsts = [term.az[0] for term in known]
    assert len(set(firsts)) == len(firsts)


@pytest.mark.parametrize("number", range(0, 160, 7))
def test_a_term_is_found_in_its_own_forms(number: int) -> None:
    term = terms()[number]
    for az in term.az:
        assert number in glossary.wanted(f"Bu {az} barədə.", "azj")
        for uz in term.uz:
            assert term_lost(f"Bu {az} barədə.", f"Bu {uz} haqida.", "uzn_Latn") is False
        assert term_lost(f"Bu {az} barədə.", "Bu u haqida.", "uzn_Latn") is True


@pytest.mark.parametrize(
    ("az", "uz", "kept"),
    [
        ("Xarici İşlər Nazirliyinin rəhbəri", "Tashqi ishlar vazirligining rahbari", (2, 2)),
        ("baş nazirin çıxışı", "bosh vazirning nutqi", (1, 1)),  # not also nazir
        ("nazirlər", "vazirlar", (1, 1)),
        ("nazirlik", "vazirlik", (0, 0)),  # a ministry is no minister
        ("ÜST-nin hesabatı", "JSST hisoboti", (1, 1)),
        ("üst mərtəbə", "yuqori qavat", (0, 0)),
        ("Ağ Ev və Milli Məclis", "Oq uy va parlament", (1, 2)),
    ],
)
def test_terms(az: str, uz: str, kept: tuple[int, int]) -> None:
    assert glossary.kept(az, uz, "uzn_Latn") == kept
