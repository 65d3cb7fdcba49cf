"""Each check on planted errors and on good translations."""

from __future__ import annotations

import pytest

from data_prep.text.transliterate import uz_latin_to_cyrillic
from eval import checks
from eval.checks import rates, wilson
from tests.eval.parts import AZ, UZ, shared

PLANTED = {
    "off_target": ("uzn_Latn", AZ[0], AZ[1]),
    "wrong_script": ("uzn_Latn", AZ[0], uz_latin_to_cyrillic(UZ[0])),
    "empty": ("uzn_Latn", AZ[0], "  "),
    "repeated": ("uzn_Latn", AZ[0], "Prezident bugun Bokuda Bokuda Bokuda Bokuda Bokuda uchrashdi"),
    "copied": ("uzn_Latn", AZ[0], AZ[0].upper()),
    "number_mismatch": ("uzn_Latn", AZ[7], UZ[7].replace("120", "210")),
}


@pytest.mark.parametrize("name", checks.CHECKS)
def test_a_planted_error_is_found_and_a_translation_is_not(name: str) -> None:
    language, source, output = PLANTED[name]
    assert checks.CHECKS[name](source, output, language) is True
    for az, uz in zip(AZ, UZ, strict=True):
        assert not checks.CHECKS[name](az, uz, "uzn_Latn"), uz
        assert not checks.CHECKS[name](uz, az, "azj_Latn"), az


@pytest.mark.parametrize(
    "output",
    [
        "bu yerda bor, bu yerda bor, bu yerda bor",
        "Hava hahahahahahahahaha",
        "ha ha ha ha",
        "a b c d e f g h a b c d e f g h a b c d e f g h",
    ],
)
def test_loops_of_words_and_letters(output: str) -> None:
    assert checks.repeated(AZ[0], output, "uzn_Latn") is True
    assert checks.repeated(output, output, "uzn_Latn") is False  # the source's own


def test_what_is_no_loop() -> None:
    for fine in ("Juda juda yaxshi kun", "1 000 000 000 soʻm", "kun kecha kunduz kun kecha"):
        assert checks.repeated(AZ[0], fine, "uzn_Latn") is False


def test_a_check_says_where_it_does_not_apply() -> None:
    assert checks.off_target(AZ[0], "qisqa", "uzn_Latn") is None
    assert checks.wrong_script("12", "12.5 %", "uzn_Latn") is None
    assert checks.empty("", "", "uzn_Latn") is None
    assert checks.copied("Bakı", "Bakı", "uzn_Latn") is None
    assert checks.number_mismatch("bir", "ikki", "uzn_Latn") is None


def test_the_right_language_in_the_wrong_script_is_not_off_target() -> None:
    cyrillic = uz_latin_to_cyrillic(UZ[0])
    assert checks.off_target(AZ[0], cyrillic, "uzn_Latn") is False


@pytest.mark.parametrize(
    ("source", "output", "wrong"),
    [
        ("1,70 manat", "1.70 manat", False),
        ("1 250 000 nəfər", "1250000 kishi", False),
        ("2025-ci il", "2025-yil", False),
        ("3:1", "1:3", False),  # the same numbers; their order is not read
        ("5 gün", "kun", True),
        ("gün", "5 kun", True),
        ("15 və 15", "15", True),
    ],
)
def test_numbers(source: str, output: str, wrong: bool) -> None:
    assert checks.number_mismatch(source, output, "uzn_Latn") is wrong


def test_rates_count_what_applies_and_name_what_failed() -> None:
    outputs = [UZ[0], "", *UZ[2:]]
    found = {row.check: row for row in rates(AZ, outputs, "uzn_Latn")}
    assert list(found) == list(checks.CHECKS)
    assert (found["empty"].count, found["empty"].n, found["empty"].failed) == (1, 8, (1,))
    assert found["empty"].rate == 0.125
    assert found["off_target"].n == 7
    nothing = {row.check: row for row in rates(["5"], ["5"], "uzn_Latn")}
    assert nothing["copied"].rate is None and nothing["copied"].interval is None


def test_wilson_s_interval() -> None:
    # statsmodels.stats.proportion.proportion_confint(k, n, method="wilson")
    assert wilson(8, 10) == pytest.approx((0.490162, 0.943318), abs=1e-6)
    assert wilson(0, 20) == pytest.approx((0.0, 0.161125), abs=1e-6)
    assert wilson(0, 0) is None


def test_false_alarms_on_human_references_are_few() -> None:
    az = shared("ntrex", "ntrex.azj_Latn").read_text("utf-8").splitlines()[:300]
    uz = shared("ntrex", "ntrex.uzn_Latn").read_text("utf-8").splitlines()[:300]
    for sources, outputs, language in ((az, uz, "uzn_Latn"), (uz, az, "azj_Latn")):
        found = {row.check: row.rate or 0.0 for row in rates(sources, outputs, language)}
        assert found["off_target"] <= 0.01 and found["wrong_script"] <= 0.01
        assert found["empty"] == found["repeated"] == 0.0
        assert found["copied"] <= 0.01
        assert 0.05 < found["number_mismatch"] < 0.35  # spelled-out numbers and dates: relative
