"""Which rows are learned from, in which direction."""

from dataclasses import replace

import pytest

from korpu.errors import UsageError
from korpu.schema import Select
from train import corpus

A = {"src_lang": "azj_Latn", "tgt_lang": "uzn_Latn", "origin": "a", "synthetic_side": None}
ROWS = [
    {**A, "id": "1", "src": "bir", "tgt": "bitta", "section": "hava"},
    {**A, "id": "2", "src": "iki iki", "tgt": "ikkita ikkita", "section": "idman"},
    {**A, "id": "3", "src": "üç", "tgt": "uchta", "section": None, "origin": "b"},
]
EVERY = Select(origin=[], section=[])


def ids(rows):
    return [row["id"] for row in rows]


def test_selection_by_section_and_origin():
    assert ids(corpus.select(ROWS, EVERY, "base.select")) == ["1", "2", "3"]
    assert ids(corpus.select(ROWS, Select(origin=[], section=["idman"]), "x")) == ["2"]
    assert ids(corpus.select(ROWS, Select(origin=["b"], section=[]), "x")) == ["3"]


def test_an_empty_selection_names_what_there_is():
    with pytest.raises(UsageError) as caught:
        corpus.select(ROWS, Select(origin=["a"], section=["hva"]), "base.select")
    for part in ("base.select", "['hva']", "['a', 'b']", "['hava', 'idman']"):
        assert part in str(caught.value)


def test_rows_mixed_in_are_never_new_ones_too(recipe):
    run = replace(recipe.train, select=Select([], ["hava"]), mix=EVERY, mix_share=0.2)
    new, old = corpus.rows_to_learn(ROWS, run, "train")
    assert (ids(new), ids(old)) == (["1"], ["2", "3"])
    assert corpus.rows_to_learn(ROWS, replace(run, mix_share=0.0), "train") == (new, [])
    with pytest.raises(UsageError, match="set mix_share=0"):
        corpus.rows_to_learn(ROWS, replace(run, mix=run.select), "train")
    with pytest.raises(UsageError, match="below 1"):
        corpus.rows_to_learn(ROWS, replace(run, mix_share=1.0), "train")


def test_a_pair_turns_round_and_a_synthetic_side_is_never_a_target():
    there, back = "azj_Latn-uzn_Latn", "uzn_Latn-azj_Latn"
    assert corpus.pairs(ROWS[:1], there) == [corpus.Pair("1", "bir", "bitta")]
    assert corpus.pairs(ROWS[:1], back) == [corpus.Pair("1", "bitta", "bir")]
    written = [{**ROWS[0], "synthetic_side": "src"}]
    assert len(corpus.pairs(written, there)) == 1
    assert corpus.pairs(written, back) == []
    assert corpus.pairs(ROWS, "eng_Latn-azj_Latn") == []


def test_examples_carry_both_directions_codes_and_long_ones_are_counted(tmp_path):
    from korpu.nllb import tokens

    texts = [row[side] for row in ROWS for side in ("src", "tgt")]
    tokenizer = tokens.train_tokenizer(texts, 125, ["azj_Latn", "uzn_Latn"], tmp_path)
    az, uz = (tokens.code_id(tokenizer, code) for code in ("azj_Latn", "uzn_Latn"))
    both = ["azj_Latn-uzn_Latn", "uzn_Latn-azj_Latn"]
    found, too_long = corpus.examples(ROWS, both, tokenizer, 50)
    assert too_long == 0
    assert [(e.source[0], e.target[0]) for e in found] == [(az, uz)] * 3 + [(uz, az)] * 3
    for example in found:
        assert example.source[-1] == example.target[-1] == 2
    assert tokens.decode(tokenizer, [found[0].source, found[0].target], "azj_Latn") == [
        "bir",
        "bitta",
    ]

    limit = max(max(len(e.source), len(e.target)) for e in found) - 1
    short, too_long = corpus.examples(ROWS, both, tokenizer, limit)
    assert 0 < too_long == len(found) - len(short)
    with pytest.raises(UsageError, match="max_tokens=2"):
        corpus.examples(ROWS, both, tokenizer, 2)
    with pytest.raises(UsageError, match="eng_Latn-azj_Latn"):
        corpus.examples(ROWS, ["eng_Latn-azj_Latn"], tokenizer, 50)


def test_validation_takes_the_same_lines_in_any_order_of_rows(recipe):
    run = replace(recipe.base, select=EVERY, validate_lines=2)
    chosen = corpus.validation(ROWS, run)
    assert chosen == corpus.validation(ROWS[::-1], run)
    assert {name: [p.id for p in found] for name, found in chosen.items()} == {
        name: ["1", "2"] for name in run.directions
    }
    assert corpus.validation(ROWS, replace(run, select=Select([], ["none"]))) == {}


def test_a_file_that_is_no_corpus_is_refused(tmp_path):
    (tmp_path / "train.parquet").write_text("no")
    with pytest.raises(UsageError, match=r"train\.parquet is not a corpus file"):
        corpus.read(tmp_path / "train.parquet")
