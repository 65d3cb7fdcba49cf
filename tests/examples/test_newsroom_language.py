"""Inflection and script of the newsroom, against forms written by hand."""

from __future__ import annotations

import random

import pytest

from examples.newsroom.cyrillic import to_cyrillic
from examples.newsroom.habits import show
from examples.newsroom.morphology import MorphologyError, inflect, number_word, upper_first

CASES = ("gen", "dat", "acc", "loc", "abl")
AZ = """
Bakı        Bakının Bakıya Bakını Bakıda Bakıdan
Gəncə       Gəncənin Gəncəyə Gəncəni Gəncədə Gəncədən
Sumqayıt    Sumqayıtın Sumqayıta Sumqayıtı Sumqayıtda Sumqayıtdan
Lerik       Lerikin Lerikə Leriki Lerikdə Lerikdən
Kərimov     Kərimovun Kərimova Kərimovu Kərimovda Kərimovdan
Kərimova    Kərimovanın Kərimovaya Kərimovanı Kərimovada Kərimovadan
Həsənli     Həsənlinin Həsənliyə Həsənlini Həsənlidə Həsənlidən
Ürgənc      Ürgəncin Ürgəncə Ürgənci Ürgəncdə Ürgəncdən
Türkiyə     Türkiyənin Türkiyəyə Türkiyəni Türkiyədə Türkiyədən
Tokio       Tokionun Tokioya Tokionu Tokioda Tokiodan
İraq        İraqın İraqa İraqı İraqda İraqdan
BMT         BMT-nin BMT-yə BMT-ni BMT-də BMT-dən
ABŞ         ABŞ-ın ABŞ-a ABŞ-ı ABŞ-da ABŞ-dan
NATO        NATO-nun NATO-ya NATO-nu NATO-da NATO-dan
“Neftçi”    “Neftçi”nin “Neftçi”yə “Neftçi”ni “Neftçi”də “Neftçi”dən
çiçək       çiçəyin çiçəyə çiçəyi çiçəkdə çiçəkdən
otaq        otağın otağa otağı otaqda otaqdan
hüquq       hüququn hüquqa hüququ hüquqda hüquqdan
bank        bankın banka bankı bankda bankdan
gül         gülün gülə gülü güldə güldən
25          25-in 25-ə 25-i 25-də 25-dən
40          40-ın 40-a 40-ı 40-da 40-dan
6           6-nın 6-ya 6-nı 6-da 6-dan
100         100-ün 100-ə 100-ü 100-də 100-dən
3,5         3,5-in 3,5-ə 3,5-i 3,5-də 3,5-dən
"""
AZ_POSSESSIVE = """
Mədəniyyət Nazirliyi = Mədəniyyət Nazirliyinin, Mədəniyyət Nazirliyinə, Mədəniyyət Nazirliyini, \
Mədəniyyət Nazirliyində, Mədəniyyət Nazirliyindən
Mərkəzi Bankı = Mərkəzi Bankının, Mərkəzi Bankına, Mərkəzi Bankını, Mərkəzi Bankında, \
Mərkəzi Bankından
Dövlət Komitəsi = Dövlət Komitəsinin, Dövlət Komitəsinə, Dövlət Komitəsini, \
Dövlət Komitəsində, Dövlət Komitəsindən
Xəzər Ulduzu = Xəzər Ulduzunun, Xəzər Ulduzuna, Xəzər Ulduzunu, Xəzər Ulduzunda, Xəzər Ulduzundan
Muğan düzü = Muğan düzünün, Muğan düzünə, Muğan düzünü, Muğan düzündə, Muğan düzündən
"""
AZ_ORDINALS = (
    "1-ci 2-ci 3-cü 4-cü 5-ci 6-cı 7-ci 8-ci 9-cu 10-cu 12-ci 20-ci 30-cu 40-cı 50-ci 60-cı 70-ci"
    " 80-ci 90-cı 100-cü 1000-ci 1991-ci 2024-cü 2025-ci 1000000-cu"
)
UZ = """
Toshkent    Toshkentning Toshkentga Toshkentni Toshkentda Toshkentdan
Buxoro      Buxoroning Buxoroga Buxoroni Buxoroda Buxorodan
Bishkek     Bishkekning Bishkekka Bishkekni Bishkekda Bishkekdan
Chirchiq    Chirchiqning Chirchiqqa Chirchiqni Chirchiqda Chirchiqdan
Qoʻqon      Qoʻqonning Qoʻqonga Qoʻqonni Qoʻqonda Qoʻqondan
Karimov     Karimovning Karimovga Karimovni Karimovda Karimovdan
Karimova    Karimovaning Karimovaga Karimovani Karimovada Karimovadan
bogʻ        bogʻning bogʻga bogʻni bogʻda bogʻdan
barg        bargning bargga bargni bargda bargdan
AQSH        AQSHning AQSHga AQSHni AQSHda AQSHdan
“Paxtakor”  “Paxtakor”ning “Paxtakor”ga “Paxtakor”ni “Paxtakor”da “Paxtakor”dan
“Shafaq”    “Shafaq”ning “Shafaq”qa “Shafaq”ni “Shafaq”da “Shafaq”dan
vazirligi   vazirligining vazirligiga vazirligini vazirligida vazirligidan
sanʼat      sanʼatning sanʼatga sanʼatni sanʼatda sanʼatdan
"""


@pytest.mark.parametrize("line", AZ.strip().splitlines())
def test_azerbaijani_cases(line: str) -> None:
    word, *expected = line.split()
    assert [inflect("az", word, (case,)) for case in CASES] == expected


@pytest.mark.parametrize("line", AZ_POSSESSIVE.strip().splitlines())
def test_azerbaijani_possessives_take_n(line: str) -> None:
    word, forms = line.split(" = ")
    got = [inflect("az", word, (case,), possessive=True) for case in CASES]
    assert got == forms.split(", ")


def test_azerbaijani_ordinals_follow_the_spoken_number() -> None:
    expected = AZ_ORDINALS.split()
    assert [inflect("az", form.split("-")[0], ("ord",)) for form in expected] == expected
    assert [number_word(*pair) for pair in (("0", ""), ("3", "05"), ("200", ""), ("7000", ""))] == [
        "sıfır",
        "beş",
        "yüz",
        "min",
    ]


def test_azerbaijani_other_forms() -> None:
    assert inflect("az", "şəhər", ("pl", "gen")) == "şəhərlərin"
    assert inflect("az", "oyunçu", ("pl", "dat")) == "oyunçulara"
    assert inflect("az", "Bakı", ("adj",)) == "bakılı"
    assert inflect("az", "İsmayıllı", ("adj",)) == "ismayıllılı"
    assert inflect("az", "istilik", ("gen", "cap")) == "İstiliyin"
    assert upper_first("ılıq", "az") == "Ilıq"
    assert upper_first("“isti", "az") == "“İsti"
    assert upper_first("issiq", "uz") == "Issiq"


@pytest.mark.parametrize("line", UZ.strip().splitlines())
def test_uzbek_cases(line: str) -> None:
    word, *expected = line.split()
    assert [inflect("uz", word, (case,)) for case in CASES] == expected


def test_uzbek_other_forms() -> None:
    assert inflect("uz", "shahar", ("pl", "gen")) == "shaharlarning"
    assert inflect("uz", "oʻyinchi", ("pl", "dat", "cap")) == "Oʻyinchilarga"
    assert inflect("uz", "Toshkent", ("adj",)) == "toshkentlik"
    assert inflect("uz", "2025", ("ord",)) == "2025-"


@pytest.mark.parametrize(
    ("word", "forms"), [("Bakı", ("xyz",)), ("Bakı", ("ord",)), ("Bakı", ("gen", "loc"))]
)
def test_impossible_forms_are_refused(word: str, forms: tuple[str, ...]) -> None:
    with pytest.raises(MorphologyError):
        inflect("az", word, forms)


def test_overrides_win_and_can_be_capitalised() -> None:
    assert inflect("az", "su", ("gen", "cap"), overrides={"gen": "suyun"}) == "Suyun"


CYRILLIC = """
2025-yil 12-sentabr, 1-oktabrda | 2025-йил 12-сентябрь, 1-октябрда
yanvar fevral aprel iyun iyul noyabr dekabr | январь февраль апрель июнь июль ноябрь декабрь
eʼlon qilingan sanʼat asari, maʼlum masʼul | эълон қилинган санъат асари, маълум масъул
Oʻzbekiston Yevropa yoʻl yer dunyo yangi | Ўзбекистон Европа йўл ер дунё янги
film filmi festivalda albom konserti sentr | фильм фильми фестивалда альбом концерти центр
konferensiya stansiyasi investitsiya aksiyalar | конференция станцияси инвестиция акциялар
aeroport poeziya Eron ekran | аэропорт поэзия Эрон экран
aytsin ketsa shahar choʻl Isʼhoq | айтсин кетса шаҳар чўл Исҳоқ
BMT AQSH AQSh kompyuterlar rejissyor | БМТ АҚШ АҚШ компьютерлар режиссёр
"""


@pytest.mark.parametrize("line", CYRILLIC.strip().splitlines())
def test_uzbek_cyrillic(line: str) -> None:
    latin, cyrillic = line.split(" | ")
    assert to_cyrillic(latin) == cyrillic


def test_apostrophe_habits() -> None:
    rng = random.Random(1)
    text = "oʻt maʼlum"
    assert show(text, "curly", rng) == "o‘t ma’lum"
    assert show(text, "right-curly", rng) == "o’t ma’lum"
    assert show(text, "ascii", rng) == "o't ma'lum"
    assert show(text, "backtick", rng) == "o`t ma`lum"
    assert show(text, "canonical", rng) == text
    assert show("şəş", "comma-below", rng) == "șəș"
    with pytest.raises(ValueError, match="unknown habit"):
        show(text, "no-such", rng)
