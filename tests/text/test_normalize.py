"""normalize, casefold and fold on sentences as news sites write them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.text.normalize import LANGUAGES, casefold, fold, normalize
from data_prep.text.orthography import ORTHOGRAPHIES, from_orthography, to_orthography
from korpu.errors import UsageError

# Every character the rules look at, so that random text meets the rules at all.
ALPHABET = (
    "abogGOshəıiİIşçöüğ аеоўқғҳәҹк'`´ʻʼ‘’\"“”„«»–—-−.…,!?()[ \t\n\r\u00a0\u00ad\u200b\u202e"
    "\u0307\u0327\ud800\x85\x91\x93Ã¶Ä±Ê»â€™вЂ™КјЙ5¢ǝș&#39;8217ampţþð"
)
noisy = st.one_of(st.text(alphabet=ALPHABET, max_size=30), st.text(max_size=30))
anything = st.one_of(noisy, st.text(st.characters(exclude_categories=()), max_size=20))
languages = st.sampled_from([*LANGUAGES, "eng_Latn", "rus_Cyrl", "xyz"])

UZBEK = {
    "O'zbekiston g`alaba qozondi": "Oʻzbekiston gʻalaba qozondi",
    "O‘ZBEKISTON RESPUBLIKASI, G’IJDUVON": "OʻZBEKISTON RESPUBLIKASI, GʻIJDUVON",
    "ma'no, e’lon, sanʻat, mas´ul": "maʼno, eʼlon, sanʼat, masʼul",
    "Bugun tog‘ va bog' yashil.": "Bugun togʻ va bogʻ yashil.",
    "'so'z' va 'gap' dedi": "‘soʻz’ va ‘gap’ dedi",
    "U ‘blog’ yuritadi": "U ‘blog’ yuritadi",
    "'sog' odam' deyishdi": "‘sogʻ odam’ deyishdi",
    "''tango'' raqsi": "“tango” raqsi",
    "‘tog‘’ va 'bog`'": "‘togʻ’ va ‘bogʻ’",
    "bo''lgan voqea": "boʻlgan voqea",
    "tobe' va mavze’": "tobeʼ va mavzeʼ",
    "Konan O'Brayen keldi": "Konan OʼBrayen keldi",
    "o¢zbek tilida": "oʻzbek tilida",
    "oâ€˜zbek maâ€™no gÊ»oya": "oʻzbek maʼno gʻoya",
    "oвЂ˜zbek, maвЂ™no, oК»rta": "oʻzbek, maʼno, oʻrta",
    "'Neftchi'ning o‘yini": "‘Neftchi’ning oʻyini",
    "«Pravda Vostoka» gazetasi": "“Pravda Vostoka” gazetasi",
    "Tоshkеnt shahri": "Toshkent shahri",  # Cyrillic о and е
    "Havo 36 °С boʻladi": "Havo 36 °C boʻladi",
    "o&#8217;zbek va ma&#39;no": "oʻzbek va maʼno",
    "o&amp;lsquo;zbek, g&#x2bb;oya": "oʻzbek, gʻoya",
    "oÂ´zbek, oÃ¢â‚¬â„¢rta": "oʻzbek, oʻrta",
    "&quot;Paxtakor&quot;&nbsp;klubi&hellip;": "“Paxtakor” klubi…",
    "R&amp;D &lt;b&gt; 5 &euro;": "R&D &lt;b&gt; 5 &euro;",
    "bir&#10;ikki": "bir ikki",
}
AZERBAIJANI = {
    "Aзэрбайджан": "Азэрбайджан",  # a Cyrillic word with a Latin A
    "Azәrbaycan vǝ Türkiyə": "Azərbaycan və Türkiyə",
    "I\u0307stanbul, i\u0307l, s\u0327ǝhǝr, baș": "İstanbul, il, şəhər, baş",
    "AzÉ™rbaycan ÅŸÉ™hÉ™ri": "Azərbaycan şəhəri",
    '"ASAN"ın xidməti, "Neftçi"nin oyunu': "“ASAN”ın xidməti, “Neftçi”nin oyunu",
    "„Bakı“ və ”Gəncə”": "“Bakı” və “Gəncə”",
    "BMT'nin qərarı": "BMT’nin qərarı",
    "Bu — yaxşı xəbərdir...": "Bu – yaxşı xəbərdir…",
    "2019—2021-ci illər": "2019–2021-ci illər",
    'Ekran 15.6" ölçüdədir': 'Ekran 15.6" ölçüdədir',
    "Bu\u00a0gün  so\u00adyuq\u200b olacaq": "Bu gün soyuq olacaq",
    "−5 dərəcə": "-5 dərəcə",
    "Balıqçılar iţə baţladı": "Balıqçılar işə başladı",
    "Uþaqlar daðlara getdi, çünki yay idi": "Uşaqlar dağlara getdi, çünki yay idi",
    "Constanţa şəhəri": "Constanţa şəhəri",  # a Romanian name beside a real ş
}
CYRILLIC = {
    "ма'но ва қал’а": "маъно ва қалъа",
    "Тoшкeнт шаҳри": "Тошкент шаҳри",  # Latin o and e
    "Facebookда ва Facebookка": "Facebookда ва Facebookка",
}


@pytest.mark.parametrize(("raw", "clean"), UZBEK.items())
def test_uzbek(raw: str, clean: str) -> None:
    assert normalize(raw, "uzn_Latn") == clean


@pytest.mark.parametrize(("raw", "clean"), AZERBAIJANI.items())
def test_azerbaijani(raw: str, clean: str) -> None:
    assert normalize(raw, "azj_Latn") == clean


@pytest.mark.parametrize(("raw", "clean"), CYRILLIC.items())
def test_uzbek_cyrillic(raw: str, clean: str) -> None:
    assert normalize(raw, "uzn_Cyrl") == clean


SPELLINGS = {
    "2021": "Ōzbekiston ŞAHAR çōl toḡ Isʼhoq Ş. Raşidov",
    "2023": "Õzbekiston ŞAHAR cõl toğ Isʼhoq Ş. Raşidov",
    "2026": "Özbekiston ŞAHAR çöl toğ Isʼhoq Ş. Raşidov",
}


@pytest.mark.parametrize(("name", "reformed"), SPELLINGS.items())
def test_reform_spellings_and_back(name: str, reformed: str) -> None:
    raw = "O'zbekiston SHAHAR cho`l tog‘ Is'hoq Sh. Rashidov"
    assert normalize(raw, "uzn_Latn", name) == reformed
    assert from_orthography(reformed, name) == normalize(raw, "uzn_Latn")


def test_reform_spelling_is_for_uzbek_latin_words_only() -> None:
    text = "Washington, Cobalt, https://kun.uz/shahar, info@shahar.uz, #shahar, kun.uz"
    assert to_orthography(text, "2026") == text
    assert normalize("Бош шаҳар", "uzn_Cyrl", "2026") == "Бош шаҳар"
    assert normalize("Şah gəldi", "azj_Latn", "2026") == "Şah gəldi"


def test_an_unknown_spelling_is_named() -> None:
    with pytest.raises(UsageError, match=r"'1993'.*2026"):
        normalize("soʻz", "uzn_Latn", "1993")


SYLLABLES = st.sampled_from(
    ["oʻ", "gʻ", "sha", "cha", "bo", "ni", "Oʻ", "Sha", "Cha", "Gʻi", "aʼ", "ng"]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(SYLLABLES, min_size=2, max_size=5).map("".join).map(str.capitalize)),
    st.booleans(),
    st.sampled_from(list(ORTHOGRAPHIES)),
)
def test_reform_spellings_are_reversible(words: list[str], shout: bool, name: str) -> None:
    text = " ".join(words).upper() if shout else " ".join(words)
    assert from_orthography(to_orthography(text, name), name) == text


def test_lines_are_kept() -> None:
    assert normalize(" bir \r\n\r\niki\u2028üç\rdörd\x85", "azj_Latn") == "bir\n\niki üç\ndörd…"


def test_lone_surrogates_and_controls_go() -> None:
    assert normalize("a\ud800b\x00c\ufeff\udfff", "uzn_Latn") == "abc"


def test_english_keeps_what_only_uzbek_would_change() -> None:
    assert normalize("don't say Ã¶", "eng_Latn") == "don’t say Ã¶"


@settings(max_examples=400, deadline=None)
@given(anything, languages)
def test_idempotent_on_any_text(text: str, language: str) -> None:
    once = normalize(text, language)
    assert normalize(once, language) == once
    once.encode()


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="bdGoşəıƏİ5 хқўə.,", max_size=40), languages)
def test_letters_and_digits_survive(text: str, language: str) -> None:
    """Only spaces, and dots that became an ellipsis, may be fewer."""
    kept = [c for c in normalize(text, language) if c.isalnum()]
    assert len(kept) == sum(c.isalnum() for c in text)


@settings(max_examples=150, deadline=None)
@given(anything, languages)
def test_newlines_survive(text: str, language: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    assert normalize(text, language).count("\n") == lines


def test_long_lines_take_linear_time() -> None:
    text = "O'zbekistonda 'so'z' va \"gap\" — ma'no... " * 20_000
    assert normalize(text, "uzn_Latn").count("Oʻzbekistonda") == 20_000


def test_a_line_of_quotation_marks_ends() -> None:
    """Marks that each look past their neighbours would take days over this line."""
    marks = normalize('"' * 1_000_000, "uzn_Latn")
    assert len(marks) == 1_000_000
    assert set(marks) <= set("“”")


def test_casefold_knows_the_dotted_i() -> None:
    assert casefold("QIZIL İNSAN Iİ I\u0307", "azj_Latn") == "qızıl insan ıi i"
    assert casefold("QIZIL OʻZBEK İ", "uzn_Latn") == "qizil oʻzbek i"
    assert casefold("ЎЗБЕК", "uzn_Cyrl") == "ўзбек"


@pytest.mark.parametrize(
    ("left", "right"),
    [("gözəl", "goʻzal"), ("yol", "yoʻl"), ("ÇÖRƏK", "chorak"), ("qara", "qora"), ("gün", "kun"),
     ("cavab", "javob"), ("Yaxşı", "yaxshi"), ("йўл", "yo'l"), ("ҝөзәл", "gözəl"),
     ("шаҳар", "shahar"), ("IRAQ", "Iroq"), ("dağ", "dogʻ")],
)  # fmt: skip
def test_fold_brings_cognates_together(left: str, right: str) -> None:
    assert fold(left) == fold(right)


def test_fold_keeps_words_and_numbers_apart() -> None:
    assert fold("«Bakı» – 3,5 mln.") == "baki 3 5 mln"
    assert fold("xal") != fold("hal")


@settings(max_examples=200, deadline=None)
@given(anything)
def test_fold_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_importing_the_package_loads_no_detector() -> None:
    code = (
        "import sys, data_prep.text.identify, data_prep.text.normalize, data_prep.text.segment;"
        "assert not {'pycld2', 'py3langid', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_versions_are_told_without_loading_a_detector() -> None:
    code = (
        "import sys; from data_prep.text.versions import versions;"
        "assert all(v.isdigit() for v in versions().values()), versions();"
        "assert set(versions()) == {'identify', 'normalize', 'segment', 'transliterate'};"
        "assert not {'pycld2', 'py3langid', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
