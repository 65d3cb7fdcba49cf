"""Each check on planted errors and on good translations."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.text.transliterate import uz_latin_to_cyrillic
from eval import checks
from eval.checks import rates, wilson
from eval.checks.planted import SIDES, pairs, planted
from tests.eval.parts import AZ, UZ, shared

WRONG = {
    "off_target": ("uzn_Latn", AZ[0], AZ[1]),
    "wrong_script": ("uzn_Latn", AZ[0], uz_latin_to_cyrillic(UZ[0])),
    "empty": ("uzn_Latn", AZ[0], "  "),
    "repeated": ("uzn_Latn", AZ[0], "Prezident bugun Bokuda Bokuda Bokuda Bokuda Bokuda uchrashdi"),
    "copied": ("uzn_Latn", AZ[0], AZ[0].upper()),
    "number_mismatch": ("uzn_Latn", AZ[7], UZ[7].replace("120", "210")),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_error_is_found_and_a_translation_is_not(name: str) -> None:
    language, source, output = WRONG[name]
    assert checks.CHECKS[name](source, output, language) is True
    for az, uz in zip(AZ, UZ, strict=True):
        assert not checks.CHECKS[name](az, uz, "uzn_Latn"), uz
        assert not checks.CHECKS[name](uz, az, "azj_Latn"), az


# of the faults that planted.py makes by rule: some are none (a sentence that ends in its quotation
# is not cut off) and some are not seen (two words for a short sentence)
RECALL = {"truncated": 0.98, "under_long": 0.65, "name_lost": 0.95, "copied": 0.99}


@pytest.mark.parametrize("target", SIDES)
@pytest.mark.parametrize("name", checks.CHECKS)
def test_planted_errors_are_found_and_written_translations_pass(name: str, target: str) -> None:
    check = checks.CHECKS[name]
    faults = planted(name, target)
    found = sum(check(source, output, target) is True for source, output in faults)
    assert len(faults) >= 6
    assert found / len(faults) >= RECALL.get(name, 1.0)
    assert [p.output for p in pairs(target) if check(p.source, p.output, target)] == []


def test_sentences_are_enough_and_clean() -> None:
    from data_prep.text.normalize import normalize

    written = pairs("uzn_Latn")
    assert len(written) >= 120 and len({p.source for p in written}) == len(written)
    for pair in written:
        assert normalize(pair.source, "azj_Latn") == pair.source
        assert normalize(pair.output, "uzn_Latn") == pair.output


TEXT = st.text(max_size=60) | st.lists(
    st.sampled_from(
        [
            "12",
            "3,5",
            "%",
            "faiz",
            "foiz",
            "mln.",
            "min",
            "0",
            "“",
            "”",
            "–",
            "Bakı",
            "may",
            "$",
            "yox",
            "İI",
        ]
    ),
    max_size=12,
).map(" ".join)


@settings(max_examples=30, deadline=None)
@given(TEXT, TEXT, st.sampled_from([*SIDES, "eng_Latn", "uzn_Cyrl"]))
def test_a_check_is_pure_and_takes_any_text(source: str, output: str, language: str) -> None:
    for check in checks.CHECKS.values():
        first = check(source, output, language)
        assert first in (True, False, None) and check(source, output, language) == first


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
    assert checks.number_mismatch("bir", "bir", "uzn_Latn") is None
    assert checks.number_mismatch("5", "6", "eng_Latn") is None  # another pair of languages


def test_the_right_language_in_the_wrong_script_is_not_off_target() -> None:
    cyrillic = uz_latin_to_cyrillic(UZ[0])
    assert checks.off_target(AZ[0], cyrillic, "uzn_Latn") is False


def test_rates_count_what_applies_and_name_what_failed() -> None:
    outputs = [UZ[0], "", *UZ[2:]]
    found = {row.check: row for row in rates(AZ, outputs, "uzn_Latn")}
    assert list(found) == list(checks.CHECKS)
    assert (found["empty"].count, found["empty"].n, found["empty"].failed) == (1, 8, (1,))
    assert found["empty"].rate == 0.125
    assert found["off_target"].n == 7
    assert found["term_lost"].n >= found["term_lost"].count
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
        assert found["number_mismatch"] <= 0.08  # digits alone: 0.22 (FINDINGS)
