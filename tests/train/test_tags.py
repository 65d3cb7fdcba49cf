"""The tag of back-translation: before sources that a machine wrote, and nowhere else."""

from dataclasses import replace

import pytest

from korpu.errors import UsageError
from korpu.nllb import tokens
from tests.train.conftest import row, rows
from train import corpus

THERE, BACK = "azj_Latn-uzn_Latn", "uzn_Latn-azj_Latn"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    texts = [one[side] for one in rows(range(10, 16)) for side in ("src", "tgt")]
    return tokens.train_tokenizer(
        texts, 220, ["azj_Latn", "uzn_Latn"], tmp_path_factory.mktemp("tokenizer")
    )


def texts(tokenizer, examples, side):
    codes = ("azj_Latn", "uzn_Latn")
    at = 0 if side == "source" else 1
    return [
        tokens.decode(tokenizer, [getattr(e, side)], e.direction.split("-")[at])[0]
        for e in examples
        if e.direction.split("-")[at] in codes
    ]


SYNTHETIC = [
    row("Bakıda hava isti.", "Bokuda havo issiq.", "s", synthetic_side="src", origin="back"),
    row("Buxarada gün var.", "Buxoroda kun bor.", "s", synthetic_side="tgt", origin="back"),
]


def test_only_sources_that_a_machine_wrote_are_tagged(tokenizer):
    human = rows((10,))
    found, _ = corpus.examples([*human, *SYNTHETIC], [THERE, BACK], tokenizer, 100, tag=True)
    plain, _ = corpus.examples([*human, *SYNTHETIC], [THERE, BACK], tokenizer, 100)
    tagged = [example for example in found if example.tagged]
    machine = {(THERE, SYNTHETIC[0]["id"]), (BACK, SYNTHETIC[1]["id"])}
    assert {(example.direction, example.id) for example in tagged} == machine
    for one, other in zip(found, plain, strict=True):
        assert one.target == other.target and not other.tagged
        assert (one.source != other.source) == one.tagged
    assert all(text.startswith(corpus.TAG) for text in texts(tokenizer, tagged, "source"))
    untagged = texts(tokenizer, plain, "source") + texts(tokenizer, found, "target")
    assert not any(corpus.TAG in text for text in untagged)
    assert tokenizer.unk_token_id not in [t for example in tagged for t in example.source]


def test_a_machines_target_is_learned_from_named_origins_only(tokenizer):
    def learned(*origins):
        found, _ = corpus.examples(
            [*rows((10,)), *SYNTHETIC], [THERE, BACK], tokenizer, 100, origins
        )
        return [(e.direction, e.id) for e in found if e.origin == "back"]

    ids = [one["id"] for one in SYNTHETIC]
    assert learned() == learned("other") == [(THERE, ids[0]), (BACK, ids[1])]
    assert learned("back") == [(THERE, ids[0]), (THERE, ids[1]), (BACK, ids[0]), (BACK, ids[1])]


def test_what_is_validated_on_has_neither_tags_nor_a_machines_references(recipe):
    run = replace(
        recipe.train, select=replace(recipe.train.select, section=[]), validate_lines=100,
        tag_synthetic=True, synthetic_targets=["back"],
    )  # fmt: skip
    dev = corpus.validation([*rows((21,)), *SYNTHETIC], run)
    assert len(dev[THERE]) == len(dev[BACK]) == 24 + 1
    assert SYNTHETIC[1]["id"] not in {pair.id for pair in dev[THERE]}
    assert not any(corpus.TAG in pair.src for pairs in dev.values() for pair in pairs)


def test_a_vocabulary_without_the_tags_characters_is_refused(tokenizer, monkeypatch):
    monkeypatch.setattr(corpus, "TAG", "<ქ>")
    with pytest.raises(UsageError, match="cannot write the tag"):
        corpus.examples(SYNTHETIC, [THERE], tokenizer, 100, tag=True)
    assert corpus.examples(SYNTHETIC, [THERE], tokenizer, 100)[0]
