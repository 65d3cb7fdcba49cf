"""Numbers, dates, currencies and addresses: what is the same however it is written, what is not."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.bitext.filters import addresses, currencies, dates, numbers
from data_prep.bitext.filters.numerals import canonical, numerals

SAME_NUMBERS = """
350000 dollar = 350 ming dollar
1,5 milyon manat = 1.5 mln manat
1,5 milyon = 1 500 000 ta
8500 şagird = 8,5 ming oʻquvchi
2 milyon 300 min = 2,3 million
40 min 500 = 40 500
yüz min nəfər = 100 000 kishi
2,5 milyon = ikki yarim million
1.234.567,89 = 1 234 567,89
1,000 = 1000
18.40 dollar = 18,4 $
7 nəfər = yetti kishi
25 nəfər = yigirma besh kishi
iyirmi beş nəfər = 25 kishi
on ildə = 10 yilda
1 saat = bir soat
hər iki = 2 ta
3-cü yer = uchinchi oʻrin
10-cu = oʻninchi
səkkizinci = 8-
125-ci küçə = 125-koʻcha
XXI əsrdə = 21-asrda
II Elizabet = 2-Yelizaveta
1990-cı illərdə = 90-yillarda
90-cı illər = 1990-yillar
saat 5:30-dur = soat 17:30
saat 23.30-da = soat 11:30 da
saat 01.00 = soat 1 da
19:30-da = 19.30 da
14.11.2025 = 2025-yil 14-noyabr
14 noyabr 2025-ci il = 14.11.2025
2025-11-14 = 14.11.2025
2024-2025 = 2024/2025
0800 555 111 = 0800-555-111
3% = uch foiz
100%-i = 100 foizi
110 milyard m3 = 110 milliard kubometr
12-14 yaş = 12–14 yosh
Bakıda yağış yağdı = Bokuda yomgʻir yogʻdi
üç məktəb = toʻrt maktab
"""  # the last: words on both sides are not compared
OTHER_NUMBERS = """
3 nəfər = 4 kishi
onun 10 nəfəri = uning odamlari
1,5 milyon = 1,5 milliard
350000 = 350 million
25 faiz = 2,5 foiz
12:30 = 12:40
1996-cı il = 1966-yil
60 gün = 30 kun
3 km yol = uchun besh
10 min = 10 million
2 dəfə = 3 marta
6 nəfər = oltin
minlərlə = 1000 ta
5 manat = manat
3 və 3 = 3 ta
21-ci əsr = XX asr
5 nəfər = 17 kishi
"""
SAME_DATES = """
14 noyabr 2025 = 2025-yil 14-noyabr
noyabrın 14-də = 14-noyabrda
noyabr ayının 14-də = noyabr oyining 14-kuni
14.11.2025 = 2025-yil 14-noyabr
2025-11-14 = 14.11.2025
Sentyabrın 5-i = 5-sentabr
İyunun 3-ü = 3-iyun
mart ayında = marta
14 noyabr = u keldi
1 yanvar 2024-cü ildən 3 fevral 2025-ci ilədək = 2024-yil 1-yanvardan 2025-yil 3-fevralgacha
Martin gəldi = noyabrda keldi
"""
OTHER_DATES = """
noyabrın 14-də = 15-noyabrda
noyabr ayının 14-də = noyabr oyining 13-kuni
14 noyabr = 14-oktabr
14.11.2025 = 14-dekabr
noyabrda = oktabrda
2025-yil 14-noyabrda = 14 noyabr 2024-cü il
iyulun 3-ü = 3-iyun
5 mayda = 5-iyunda
2025-11-14 = 2025-11-15
"""
SAME_CURRENCIES = """
$5 = 5 dollar
5 ABŞ dolları = 5 AQSH dollari
5 avro = 5 yevro
Avropa 5 dollar = Yevropa 5 dollar
5 rubl = 5 ₽
5 ₼ = 100 AZN, 5 manat
5 min sum = 5 ming soʻm
5 türk lirəsi = 5 turk lirasi
3 funt ağırlığında 5 dollar = 3 funt 5 $
yeni = yangi 3 yen
10 dollar = pul
Yuanın 5 manatı = Yuanning 5 manati
"""
OTHER_CURRENCIES = """
5 manat = 5 soʻm
5 avro = 5 dollar
manatın məzənnəsi = soʻm kursi
26 milyard funt sterlinq = 26 milliard yevro
10 yuan = 10 dollar
5 dollar, 6 dollar = 5 dollar, 6 soʻm
"""
SAME_ADDRESSES = """
https://www.example.org/az/a. saytı = http://example.org/uz/a sayti
kun.uz-da = kun.uzda
report.az-ın = report.az ning
a@b.az-a yazın = a@b.azga yozing
@korpu_xeber yazdı = @korpu_xeber yozdi
@MerPolCC profilinə = @MerPolCCʻga
Amazon.com Inc = Amazon
https://t.me/kanal, = “https://t.me/kanal”
gəldi.Az qala = keldi
3.5.tr = x
"""
OTHER_ADDRESSES = """
https://example.org/az/2025 = sayt
https://example.org/1 = https://example.org/2
kun.uz saytı = daryo.uz sayti
report.az = report.uz
xeber@example.az = xeber@example.uz
@korpu = @korpus
"""


def cases(same: str, other: str) -> list[tuple[str, str, bool]]:
    return [
        (*line.split(" = "), differ)
        for text, differ in ((same, False), (other, True))
        for line in text.strip().splitlines()
    ]  # type: ignore[misc]


def verdict(rule: object, src: str, tgt: str) -> bool:
    rows = pl.DataFrame({"src": [src, tgt], "tgt": [tgt, src]})
    found = rule.broken(rows).to_list()  # type: ignore[attr-defined]
    assert found[0] == found[1], "a rule takes no side"
    return bool(found[0])


@pytest.mark.parametrize(("src", "tgt", "differ"), cases(SAME_NUMBERS, OTHER_NUMBERS))
def test_numbers(src: str, tgt: str, differ: bool) -> None:
    assert verdict(numbers, src, tgt) is differ


@pytest.mark.parametrize(("src", "tgt", "differ"), cases(SAME_DATES, OTHER_DATES))
def test_dates(src: str, tgt: str, differ: bool) -> None:
    assert verdict(dates, src, tgt) is differ


@pytest.mark.parametrize(("src", "tgt", "differ"), cases(SAME_CURRENCIES, OTHER_CURRENCIES))
def test_currencies(src: str, tgt: str, differ: bool) -> None:
    assert verdict(currencies, src, tgt) is differ


@pytest.mark.parametrize(("src", "tgt", "differ"), cases(SAME_ADDRESSES, OTHER_ADDRESSES))
def test_addresses(src: str, tgt: str, differ: bool) -> None:
    assert verdict(addresses, src, tgt) is differ


WHOLE = st.integers(2, 10**12)


@given(value=WHOLE, decimals=st.integers(0, 99), styles=st.tuples(*[st.integers(0, 4)] * 2))
@settings(max_examples=150, deadline=None)
def test_a_number_is_the_same_in_every_format(
    value: int, decimals: int, styles: tuple[int, int]
) -> None:
    src, tgt = (written(value, decimals, style) for style in styles)
    assert not verdict(numbers, f"Bakıda {src} manat", f"Bokuda {tgt} manat")


def written(value: int, decimals: int, style: int) -> str:
    marks = ((".", ","), (",", "."), (" ", ","), ("\u00a0", ","), ("", ","))
    thousands, point = marks[style]
    whole = f"{value:,}".replace(",", thousands)
    return f"{whole}{point}{decimals:02d}" if decimals else whole


AZ = (
    "bir iki üç dörd beş altı yeddi səkkiz doqquz",
    "on iyirmi otuz qırx əlli altmış yetmiş səksən doxsan", "yüz", "min",
)  # fmt: skip
UZ = (
    "bir ikki uch toʻrt besh olti yetti sakkiz toʻqqiz",
    "oʻn yigirma oʻttiz qirq ellik oltmish yetmish sakson toʻqson", "yuz", "ming",
)  # fmt: skip
SCALES = [("min", "ming", 3), ("mln", "million", 6), ("milyard", "mlrd", 9)]


def spelled(value: int, words: tuple[str, str, str, str]) -> str:
    units, tens = words[0].split(), words[1].split()
    hundred, thousand = words[2:]
    said = []
    if value >= 1000:
        said += [*([spelled(value // 1000, words)] if value >= 2000 else []), thousand]
        value %= 1000
    if value >= 100:
        said += [*([units[value // 100 - 1]] if value >= 200 else []), hundred]
        value %= 100
    if value >= 10:
        said.append(tens[value // 10 - 1])
    if value % 10:
        said.append(units[value % 10 - 1])
    return " ".join(said)


@given(value=st.integers(1, 999_999))
@settings(max_examples=150, deadline=None)
def test_a_number_in_words_is_the_number(value: int) -> None:
    for words in (AZ, UZ):
        assert any(str(value) in n.readings for n in numerals(spelled(value, words)))
        assert not verdict(numbers, f"{value} nəfər", f"{spelled(value, words)} kishi")


@given(value=st.integers(1, 9_999), scale=st.sampled_from(SCALES))
@settings(deadline=None)
def test_a_scale_is_its_zeros(value: int, scale: tuple[str, str, int]) -> None:
    az, uz, zeros = scale
    assert not verdict(numbers, f"{value} {az} manat", f"{value}{'0' * zeros} manat")
    assert not verdict(numbers, f"{value} {az} manat", f"{value} {uz} manat")


@given(one=WHOLE, two=WHOLE)
@settings(deadline=None)
def test_other_numbers_are_other(one: int, two: int) -> None:
    # an hour on a clock of 12 would need a time; no word stands for either
    assert verdict(numbers, f"{one} manat", f"{two} manat") is (one != two)


@given(st.text("0123456789", min_size=1, max_size=30), st.text("0123456789", max_size=30))
def test_canonical_values_have_no_idle_zeros(whole: str, decimals: str) -> None:
    from fractions import Fraction

    found = canonical(whole, decimals, 3)
    assert Fraction(found) == Fraction(f"{whole}.{decimals or 0}") * 1000
    assert found == "0" or not found.startswith("00")
    assert "." not in found or not found.endswith("0")
