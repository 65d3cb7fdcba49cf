"""Orthography: what a vocabulary lacks is written in forms it has, and comes back as it was."""

import os
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import normalizers

from data_prep.text.normalize import normalize
from korpu.errors import UsageError
from korpu.nllb import orthography, survival, tokens
from korpu.nllb.orthography import Orthography, decode, encode
from korpu.nllb.pieces import ALPHABET, train_pieces
from korpu.nllb.survival import plan

CODES = ["azj_Latn", "uzn_Latn"]
NTREX = Path(os.environ.get("KORPU_SHARED", "../shared")) / "data/ntrex"
EVERYTHING = ALPHABET + "‘’«»`"
UZ = [
    "oʻzbek", "gʻisht", "togʻ", "Gʻafur", "OʻZBEKISTON", "maʼno", "sanʼat", "jurʼat", "TAʼLIM",
    "mashʼal", "Isʼhoq", "OʼBrayen", "bogʻ", "yoʻq", "choʻl", "kilo", "blog", "shahar", "5",
]  # fmt: skip
AZ = ["Bakı’nın", "İlham", "ılıq", "Əliyev", "əsər", "dağ", "Ğ", "üç", "şəhər", "Çay", "2025-ci"]
GLUE = [" ", " ", ", ", ". ", " – ", " — ", "…", "-", " ‘", "’ ", "’", " “", "” ", "'", " (", ") "]


@lru_cache
def normalizer():
    """NLLB's, which every sentencepiece model of ours has as well."""
    return tokens.build_tokenizer(train_pieces(["ab"], 105), CODES).backend_tokenizer.normalizer


def tokenizer_of(characters):
    """A vocabulary that has just these characters."""
    from transformers import NllbTokenizer

    pieces = dict.fromkeys((*tokens.RESERVED, "▁", *characters, *CODES, tokens.MASK))
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    built = NllbTokenizer(vocabulary, [], extra_special_tokens=CODES, src_lang=CODES[0])
    built.backend_tokenizer.normalizer = normalizer()
    return built


def without(missing):
    return tokenizer_of("".join(c for c in EVERYTHING if c not in missing))


def test_only_the_ellipsis_is_mapped_where_the_vocabulary_has_all():
    assert plan(tokenizer_of(EVERYTHING)) == Orthography({}, {"…": "..."})


def test_nothing_is_mapped_where_the_normaliser_changes_nothing_either():
    tokenizer = tokenizer_of(EVERYTHING + "…")
    tokenizer.backend_tokenizer.normalizer = normalizers.Sequence([])
    found = plan(tokenizer)
    assert found.is_identity
    for text in ("Oʻzbek… sanʼati", "o‘ ʼ ...", ""):
        assert encode(found, text, "uzn_Latn") == decode(found, text, "uzn_Latn") == text


def test_uzbek_marks_take_the_nearest_form_and_quotations_give_way():
    found = plan(without("ʻʼ"))
    assert encode(found, "Oʻzbekiston sanʼati, ‘togʻ’", "uzn_Latn") == (
        "O‘zbekiston san’ati, ‘tog‘'"
    )
    assert encode(found, "Bakı’nın ‘dağ’ı", "azj_Latn") == "Bakı’nın ‘dağ’ı"
    assert encode(plan(without("ʻ")), "Oʻzbek sanʼati", "uzn_Latn") == "O‘zbek sanʼati"
    assert encode(plan(without("ʼ")), "Oʻzbek sanʼati", "uzn_Latn") == "Oʻzbek san’ati"
    assert encode(plan(without("ʻ‘")), "oʻ ‘a’", "uzn_Latn") == "o' `a’"


def test_double_quotation_marks_and_dashes_take_marks_the_normal_form_does_not_have():
    text = "“Oltin olma” – bu… kitob — yangi"
    found = plan(without("“”–"))
    assert encode(found, text, "uzn_Latn") == "«Oltin olma» -- bu... kitob — yangi"
    assert decode(found, encode(found, text, "uzn_Latn"), "uzn_Latn") == text


@pytest.mark.parametrize("letter", "əƏğĞıİşçöü")
def test_a_letter_has_no_other_form(letter):
    with pytest.raises(UsageError, match=rf"{letter} \(U\+0"):
        plan(without(letter))
    if letter not in "şçöü":
        assert plan(without(letter), ["uzn_Latn"])


def test_too_few_marks_to_tell_apart_are_refused():
    with pytest.raises(UsageError, match=r"too few marks to keep ʻ \(U\+02BB\), ʼ"):
        plan(without("ʻʼ‘’`»«"), ["uzn_Latn"])
    with pytest.raises(UsageError, match="neither ‘"):
        plan(without("‘`«"))


MISSING = ["", "ʻ", "ʼ", "ʻʼ", "ʻʼ‘", "ʼ’", "ʻʼ“”", "–", "–—", "ʻ‘", "ʻʼ‘–“"]


@pytest.fixture(scope="module")
def plans():
    return {missing: (without(missing), plan(without(missing))) for missing in MISSING}


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(MISSING),
    st.sampled_from(CODES),
    st.lists(st.tuples(st.sampled_from(UZ + AZ), st.sampled_from(GLUE)), max_size=9),
)
def test_text_in_normal_form_comes_back_as_it_was(plans, missing, language, words):
    _, found = plans[missing]
    text = normalize("".join(word + glue for word, glue in words), language)
    assert decode(found, encode(found, text, language), language) == text


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(MISSING),
    st.sampled_from(CODES),
    st.text("ogxOG ʻʼ‘’'`´5“”.…,\"«»", max_size=14),
)
def test_any_marks_in_normal_form_come_back_as_they_were(plans, missing, language, text):
    _, found = plans[missing]
    text = normalize(text, language)
    assert decode(found, encode(found, text, language), language) == text


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(MISSING), st.lists(st.sampled_from([*UZ, "‘", "’", "“kilo”", "–", "—", "…"]))
)
def test_it_also_survives_the_tokenizer(plans, missing, words):
    tokenizer, found = plans[missing]
    text = normalize(" ".join(words), "uzn_Latn")
    tokens.write_in(tokenizer, found)
    rows = tokens.encode(tokenizer, [text], "uzn_Latn")
    assert tokenizer.unk_token_id not in rows[0]
    assert tokens.decode(tokenizer, rows, "uzn_Latn") == [text]


@pytest.mark.skipif(not NTREX.exists(), reason="../shared/data is not here")
@pytest.mark.parametrize("missing", ["ʻʼ", "ʻʼ‘", "ʼ’", "ʻʼ“”–"])
def test_news_comes_back_as_it_was(plans, missing):
    found = plans[missing][1] if missing in plans else plan(without(missing))
    mapped = 0
    for language in CODES:
        for line in (NTREX / f"ntrex.{language}").read_text("utf-8").splitlines():
            text = normalize(line, language)
            written = encode(found, text, language)
            mapped += written != text
            assert decode(found, written, language) == text
    assert mapped > 200


def test_the_json_form_is_read_back_and_anything_else_refused(plans):
    for _, found in plans.values():
        assert orthography.from_json(found.json()) == found
    good = plans["ʻʼ"][1].json()
    for bad in ("", "[]", "{}", good.replace("‘", "q"), good.replace('"schema": 1', '"schema": 9')):
        with pytest.raises(UsageError, match="not an orthography"):
            orthography.from_json(bad)


def test_characters_that_a_tokenizer_changes_are_counted():
    tokenizer = tokenizer_of(EVERYTHING)
    texts = ["№ 5 … ½", "ə № 日 a’b"]
    assert survival.changed(tokenizer, texts) == {"½": 1, "…": 1, "№": 2, "日": 1}
    survival.settled(tokenizer, "auto")
    assert survival.lost(tokenizer, texts) == {"½": 1, "№": 2, "日": 1}
