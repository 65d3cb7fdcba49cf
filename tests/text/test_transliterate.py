"""Transliteration: the rules one by one, the exception words, and the case of SHOUTED words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.text.transliterate import (
    az_cyrillic_to_latin,
    uz_cyrillic_to_latin,
    uz_latin_to_cyrillic,
)

BOTH_WAYS = [
    ("Ўзбекистон Республикаси", "Oʻzbekiston Respublikasi"),
    ("ШАҲАР ЙЎЛИ, Шаҳар йўли", "SHAHAR YOʻLI, Shahar yoʻli"),
    ("Ш. Рашидов, Ч. Айтматов", "Sh. Rashidov, Ch. Aytmatov"),
    ("концерт, станция, цирк, цемент", "konsert, stansiya, sirk, sement"),
    ("полиция, медицина, процент", "politsiya, meditsina, protsent"),
    ("пицца", "pitsa"),
    ("съезд, объект, субъект", "syezd, obyekt, subyekt"),
    ("сентябрь, октябрь, январь", "sentabr, oktabr, yanvar"),
    ("январда, январи, июлдан", "yanvarda, yanvari, iyuldan"),
    ("сўм, мўъжиза, мўътабар", "soʻm, moʻjiza, moʻtabar"),
    ("санъат, маъно, феъл, эълон, тобеъ", "sanʼat, maʼno, feʼl, eʼlon, tobeʼ"),
    ("Европа, қаерда, етти, поэзия", "Yevropa, qayerda, yetti, poeziya"),
    ("Исҳоқ", "Isʼhoq"),
    ("компьютер, батальон, пьеса", "kompyuter, batalyon, pyesa"),
    ("дунё, йўлбарс, ёш, юрт, яхши", "dunyo, yoʻlbars, yosh, yurt, yaxshi"),
    ("айтсин, айтса, фаолиятсиз", "aytsin, aytsa, faoliyatsiz"),
    ("цех, ценз, циклон, цистерна", "sex, senz, siklon, sisterna"),
    ("акция, лекция, конференция, милиция", "aksiya, leksiya, konferensiya, militsiya"),
    ("сессия, пенсия, версия, комиссия", "sessiya, pensiya, versiya, komissiya"),
    ("роль, роли, ролик, стиль, стилист", "rol, roli, rolik, stil, stilist"),
    ("Ельцин, Соловьёв, Татьяна, Васильев", "Yelsin, Solovyov, Tatyana, Vasilyev"),
    ("поезд, поэма, дуэль, проект", "poyezd, poema, duel, proyekt"),
    ("ёзув, юрист, яхши, ёдгорлик", "yozuv, yurist, yaxshi, yodgorlik"),
    ("ШЎХ ва Шўх, ЁШ ва Ёш, ЮРТ", "SHOʻX va Shoʻx, YOSH va Yosh, YURT"),
    ("Ч. Ғ. Ў. Я. Е. Ё.", "Ch. Gʻ. Oʻ. Ya. Ye. Yo."),
    ("қатъий, маъюс, шеър, Қуръон", "qatʼiy, maʼyus, sheʼr, Qurʼon"),
    ("мажмуа, олган, олганда, нолиш", "majmua, olgan, olganda, nolish"),
]


@pytest.mark.parametrize(("cyrillic", "latin"), BOTH_WAYS)
def test_uzbek_both_ways(cyrillic: str, latin: str) -> None:
    assert uz_cyrillic_to_latin(cyrillic) == latin
    assert uz_latin_to_cyrillic(latin) == cyrillic


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("АҚШнинг", "AQShning"),
        ("парашют, брошюра", "parashut, broshura"),
        ("инъекция, адъютант, маъюс", "inyeksiya, adyutant, maʼyus"),
        ("Елена Достоевский", "Yelena Dostoyevskiy"),
        ("ЯИМ 5,2 фоиз; Twitter’да", "YAIM 5,2 foiz; Twitter’da"),
        ("Щербаков, ЩУКИН, йод", "Sherbakov, SHUKIN, yod"),
        ("СЪЕЗД, ОБЪЕКТ, СЕНТЯБРЬ", "SYEZD, OBYEKT, SENTABR"),
        ("сентябрдан, Октябрьнинг", "sentabrdan, Oktabrning"),
    ],
)
def test_uzbek_to_latin(cyrillic: str, latin: str) -> None:
    assert uz_cyrillic_to_latin(cyrillic) == latin


@pytest.mark.parametrize(
    ("latin", "cyrillic"),
    [
        ("O'zbekistonda yo`l va ma’no", "Ўзбекистонда йўл ва маъно"),
        ("XXI asr, V asr, XX-asr", "XXI аср, V аср, XX-аср"),
        ("www.kun.uz sayti, info@kun.uz", "www.kun.uz сайти, info@kun.uz"),
        ("Washington va Cobalt", "Washington ва Cobalt"),
        ("sirka, sirkda, nyuans, Nyu-York", "сирка, циркда, нюанс, Нью-Йорк"),
    ],
)
def test_uzbek_to_cyrillic(latin: str, cyrillic: str) -> None:
    assert uz_latin_to_cyrillic(latin) == cyrillic


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("Азәрбајҹан Республикасы", "Azərbaycan Respublikası"),
        ("БАКЫ шәһәри, ИЈУЛ, ИРАН", "BAKI şəhəri, İYUL, İRAN"),
        ("мә'на, мәсʼәлә", "məna, məsələ"),
        ("ҝүн, ҝөзәл, гара, дағ, чөрәк", "gün, gözəl, qara, dağ, çörək"),
        ("ҸӘНУБ, Ҹәнуб, ҺӘЈАТ, ҺЕЈӘТ", "CƏNUB, Cənub, HƏYAT, HEYƏT"),
        ("концерт, цирк, сјезд", "konsert, sirk, syezd"),
        ("Ијун ајы, ИСТИГЛАЛ, ышыг, ЫШЫГ", "İyun ayı, İSTİQLAL, ışıq, IŞIQ"),
        ("Яшар, ЯШАР, Юсиф", "Yaşar, YAŞAR, Yusif"),
    ],
)
def test_azerbaijani(cyrillic: str, latin: str) -> None:
    assert az_cyrillic_to_latin(cyrillic) == latin


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_never_raises(text: str) -> None:
    for function in (uz_cyrillic_to_latin, uz_latin_to_cyrillic, az_cyrillic_to_latin):
        assert isinstance(function(text), str)


LETTERS = "абвгдежзийклмнопрстуфхчшэюяёғъьцАШЧЯЕ .,"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=LETTERS + "ўқҳЎҚҲ", max_size=30), st.text(alphabet=LETTERS + "әҝҹөүһјӘҸ"))
def test_nothing_cyrillic_is_left(uzbek: str, azerbaijani: str) -> None:
    latin = uz_cyrillic_to_latin(uzbek) + az_cyrillic_to_latin(azerbaijani)
    assert not any("Ѐ" <= c <= "ԯ" for c in latin)


def test_the_united_states_keep_a_small_h():
    assert uz_cyrillic_to_latin("АҚШ долларининг АҚШда ва АҚШ ДОЛЛАРИ") == (
        "AQSh dollarining AQShda va AQSh DOLLARI"
    )
