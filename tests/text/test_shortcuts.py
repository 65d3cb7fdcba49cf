"""Shortcuts of `normalize` and `identify` decide as the long way does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep.bitext import synthetic
from data_prep.text import normalize as rules
from data_prep.text.identify import foreign, identify

LETTERS = "AaEOoGgZzhəöüğışçƏÖÜĞİŞÇ09 ,.:;?!()%/+-ʻʼ‘’'\"«–\u00a0"


@given(st.text(LETTERS, max_size=30), st.sampled_from(["azj_Latn", "uzn_Latn"]))
def test_a_usual_line_is_one_that_no_rule_changes(text: str, language: str) -> None:
    if rules._USUAL[language].fullmatch(text) and not rules._RARE.search(text):
        assert rules._once(text, language) == text


@pytest.mark.parametrize("code", ["azj_Latn", "uzn_Latn"])
def test_foreign_says_what_identify_says(code: str) -> None:
    turkish = "Bakanlar Kurulu bugün Ankara'da toplandı ve yeni bütçeyi görüştü."
    texts = [side for pair in synthetic.benchmark(1, 100) for side in pair] + [turkish, "", "OK"]
    found = [identify(text) for text in texts]
    expected = [one.reliable and one.language != code for one in found]
    assert foreign(texts, [code] * len(texts)) == expected
    assert any(expected)
    assert not all(expected)
