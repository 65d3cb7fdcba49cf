"""Numbers, percentages, money and dates: written one way or another, and really different."""

from __future__ import annotations

import pytest

from data_prep.bitext.filters import currencies, dates
from eval.checks.numbers import (
    date_mismatch,
    money_mismatch,
    number_mismatch,
    percent_mismatch,
    quantity,
)


@pytest.mark.parametrize(
    ("az", "uz", "wrong"),
    [
        ("1,70 manat", "1.70 manat", False),
        ("1 250 000 nəfər", "1250000 kishi", False),
        ("2025-ci il", "2025-yil", False),
        ("3:1", "1:3", False),  # the same numbers; their order is not read
        ("yeddi nəfər", "7 kishi", False),
        ("2 milyon sakin", "ikki million aholi", False),
        ("3,5 mln. manat", "uch yarim million manat", False),
        ("iyirmi beşinci sessiya", "25-sessiya", False),
        ("XXI əsr", "21-asr", False),
        ("doxsanıncı illər", "1990-yillar", False),
        ("350 min", "350 000", False),
        ("bir milyon 300 min", "1,3 million", False),
        ("milyon 300 min", "million 400 ming", True),
        ("beş yüz on iki", "besh yuz oʻn ikki", False),
        ("üçüncü dəfə", "uchinchi marta", False),
        ("5 gün", "kun", True),
        ("gün", "5 kun", True),
        ("15 və 15", "15", True),
        ("beş nəfər", "olti kishi", True),
        ("iyirmi beş", "yigirma olti", True),
        ("2 milyon", "2 milliard", True),
        ("üçüncü dəfə", "toʻrtinchi marta", True),
        ("bir gün", "kunlardan bir kun", None),  # bir is also an article
        ("şəhər", "shahar", None),
    ],
)
def test_numbers(az: str, uz: str, wrong: bool | None) -> None:
    assert number_mismatch(az, uz, "uzn_Latn") is wrong
    assert number_mismatch(uz, az, "azj_Latn") is wrong


@pytest.mark.parametrize(
    ("az", "uz", "wrong"),
    [
        ("12 faiz artıb", "12 foizga oshdi", False),
        ("12% artıb", "12 foizga oshdi", False),
        ("%12 artıb", "12 foizga oshdi", False),
        ("on beş faiz", "15 foiz", False),
        ("4,9 faiz", "4.9%", False),
        ("12 faiz artıb", "13 foizga oshdi", True),
        ("12 faiz artıb", "12 mingga oshdi", True),
        ("12 nəfər", "12 foiz", True),
        ("faiz dərəcəsi", "foiz stavkasi", None),  # no number of per cent
    ],
)
def test_percent(az: str, uz: str, wrong: bool | None) -> None:
    assert percent_mismatch(az, uz, "uzn_Latn") is wrong
    assert percent_mismatch(uz, az, "azj_Latn") is wrong


@pytest.mark.parametrize(
    ("az", "uz", "wrong"),
    [
        ("20 manata", "20 manatga", False),
        ("$5 milyon ayırıb", "5 million dollar ajratdi", False),
        ("2,4 milyard avro", "2,4 mlrd. yevro", False),
        ("450 milyon soma", "450 million soʻmga", False),
        ("iki manat", "2 manat", False),
        ("20 manata", "20 dollarga", True),
        ("20 manata", "30 manatga", True),
        ("5 manat, 7 dollar", "7 manat, 5 dollar", True),
        ("20 manata satılır", "sotilmoqda", True),
        ("20 ədəd", "20 dona", None),
        ("2000 yeni ev", "2000 ta yangi uy", None),  # yeni is new, not yen
    ],
)
def test_money(az: str, uz: str, wrong: bool | None) -> None:
    assert money_mismatch(az, uz, "uzn_Latn") is wrong
    assert money_mismatch(uz, az, "azj_Latn") is wrong


@pytest.mark.parametrize(
    ("az", "uz", "wrong"),
    [
        ("noyabrın 14-də", "14-noyabr kuni", False),
        ("14 noyabr 2025-ci il", "2025-yil 14-noyabr", False),
        ("14.11.2025", "14-noyabr 2025-yil", False),
        ("cümə günü", "juma kuni", False),
        ("çərşənbə axşamı", "seshanba kuni", False),
        ("noyabrın 14-də", "14-dekabr kuni", True),
        ("noyabrın 14-də", "15-noyabr kuni", True),
        ("noyabrın 14-də", "oʻsha kuni", True),
        ("14 noyabr 2025-ci il", "2024-yil 14-noyabr", True),
        ("cümə axşamı", "juma kuni", True),
        ("cümə günü", "oʻsha kuni", False),  # a day that is left out is not another day
        ("bazarda qiymətlər", "bozorda narxlar", None),  # bazar is also a market
    ],
)
def test_dates(az: str, uz: str, wrong: bool | None) -> None:
    assert date_mismatch(az, uz, "uzn_Latn") is wrong
    assert date_mismatch(uz, az, "azj_Latn") is wrong


def test_a_quantity_is_the_number_before_its_unit() -> None:
    assert quantity("2024-cü ildə gəlir 2,5 mln. ") == {"2500000"}
    assert quantity("narxi yuz ellik ") == {"150"}
    assert quantity("ikki yarim million ") == {"2500000"}
    assert quantity("5 kun davomida ") == frozenset()


@pytest.mark.parametrize(("locale", "number"), [("az", 12), ("uz", 12)])
def test_the_months_of_cldr_are_read(locale: str, number: int) -> None:
    from babel import Locale

    months = Locale.parse(locale).months["format"]["wide"]
    assert len(months) == number
    for month, name in months.items():
        assert dates.months(f"5 {name}") == {str(month)}, name


def test_the_days_of_cldr_are_read() -> None:
    from babel import Locale

    for locale, target in (("az", "azj_Latn"), ("uz", "uzn_Latn")):
        for name in Locale.parse(locale).days["format"]["wide"].values():
            assert date_mismatch(f"{name} günü", f"{name} günü", target) is not None, name


def test_the_currencies_of_cldr_are_read() -> None:
    from babel import Locale

    codes = (
        "AZN",
        "UZS",
        "USD",
        "EUR",
        "RUB",
        "TRY",
        "KZT",
        "INR",
        "UAH",
        "CNY",
    )  # az Yeni, yens, is also "new"
    az, uz = (Locale.parse(name).currencies for name in ("az", "uz"))
    for code in codes:
        one, two = (set(currencies.named(f"5 {names[code].split()[-1]}")) for names in (az, uz))
        assert one == two and len(one) == 1, code
