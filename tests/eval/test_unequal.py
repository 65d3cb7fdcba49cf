"""Which numbers differ between a source and its translation, as they are written."""

import pytest

from eval.checks.unequal import Unequal, unequal


@pytest.mark.parametrize(
    ("az", "uz", "source", "output"),
    [
        ("2024-cü ildə 30 nəfər", "2042-yilda 30 kishi", ("2024",), ("2042",)),
        ("qiymət 3,5 manat", "narx 35 manat", ("3,5",), ("35",)),
        ("30 nəfər", "odamlar", ("30",), ()),
        ("nəfər", "5 kishi", (), ("5",)),
        ("12 nəfər 5 gün", "5 kishi 12 kun", ("12", "5"), ("5", "12")),
        ("7,5 faizdən 7,25 faizə", "7,25 foizdan 7,5 foizga", ("7,5", "7,25"), ("7,25", "7,5")),
        ("1,5 mln manat", "1,5 mlrd manat", ("1,5 mln",), ("1,5 mlrd",)),
        ("14 may", "14-mart", ("14.5",), ("14.3",)),
        ("14 noyabr 2025", "14-yil 2025-noyabr", ("14.11",), ()),
        ("12% artıb", "12 ta oshdi", ("12%",), ()),
        ("hesab 3:1", "hisob 1:3", ("3:1",), ("1:3",)),
        ("saat 19:00-da", "soat 19:0 da", ("19:00",), ("19:0",)),
        ("mayın 5-də 7 nəfər", "7-mayda 5 kishi", ("5.5",), ("7.5",)),
        ("14 və 15 may", "14 va 15-mart", ("15.5",), ("15.3",)),
        ("2020-ci ildə 2030-cu il", "2030-yilda 2020-yil", ("2020", "2030"), ("2030", "2020")),
        ("2020-ci ildə 5 nəfər", "5-yilda 2020 kishi", ("2020", "5"), ("5", "2020")),
        ("5–10 nəfər", "5–10%", (), ("10%",)),
        ("üç gün", "toʻrt kun", ("üç",), ("toʻrt",)),
        ("yüz beş gün 7 il", "yuz olti kun 7 yil", ("yüz beş", "beş"), ("yuz olti", "olti")),
    ],
)
def test_what_differs_is_named(az, uz, source, output):
    assert unequal(az, uz, "uzn_Latn") == Unequal(source, output)
    assert unequal(uz, az, "azj_Latn") == Unequal(output, source)


@pytest.mark.parametrize(
    ("az", "uz"),
    [
        ("14 noyabr 2025-ci ildə 3 nəfər", "2025-yil 14-noyabrda uch kishi"),
        ("14.11.2025", "2025-yil 14-noyabr"),
        ("8,5 min manat", "8500 manat"),
        ("1.234,5 km", "1 234,5 km"),
        ("saat 17:30-da", "soat 5:30 da"),
        ("12 faiz", "12%"),
        ("90-cı illər", "1990-yillar"),
        ("bir gün", "kun"),
        ("2024-cü il", "2024-йил"),
        ("mart ayında 5 nəfər", "mart oyida 5 kishi"),
        ("oktyabrın 5-dən 7-dək", "5–7-oktabr kunlari"),
        ("noyabrın 14-ü və 15-i", "14 va 15-noyabr"),
        ("sentyabrın 1-dən 5-nə kimi", "1-sentabrdan 5-sentabrgacha"),
        ("10-dan 15 maydək", "10-maydan 15-maygacha"),
        ("2, 3 və 4 may", "2, 3 va 4-may"),
        ("saat beşə qədər", "soat 5 gacha"),
        ("altıya, otuza, üçə yaxın", "6 ga, 30 ga, 3 ga yaqin"),
        ("səthi 5 m", "yuza 5 m"),
        ("1 mln. 200 min manat", "1,2 mln manat"),
        ("5%-dən 10%-dək", "5–10 foiz"),
        ("10 faizdən 12 faizə", "10 dan 12 foizga"),
        ("2020-ci ildə 5 nəfər", "5 kishi 2020-yilda"),
    ],
)
def test_what_is_written_otherwise_does_not_differ(az, uz):
    assert unequal(az, uz, "uzn_Latn") is None
    assert unequal(uz, az, "azj_Latn") is None


def test_other_pairs_are_not_compared():
    assert unequal("5 gün", "6 days", "eng_Latn") is None
