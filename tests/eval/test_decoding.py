"""The decoder: exact, in order, never cutting."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from eval.decoding import batches, translate
from eval.pieces import joined, pieces
from korpu.errors import UsageError
from korpu.schema import Recipe
from tests.eval.parts import AZ, DIRECTION, UZ, decode


def texts() -> list[str]:
    return [" ".join(AZ[i % 8].split()[: 2 + i % 9]) for i in range(40)]


def by_generate(tiny: tuple[Any, Any], lines: list[str], beam: int = 1) -> list[str]:
    """What the library's own generate gives, one sentence at a time and so without padding."""
    import torch

    from korpu.nllb import tokens

    model, tokenizer = tiny
    found = []
    for ids in tokens.encode(tokenizer, lines, DIRECTION[0]):
        with torch.inference_mode():
            out = model.generate(
                input_ids=torch.tensor([ids]),
                forced_bos_token_id=tokens.code_id(tokenizer, DIRECTION[1]),
                max_new_tokens=24,
                num_beams=beam,
                do_sample=False,
                early_stopping=beam > 1,
            )
        found += tokens.decode(tokenizer, out.tolist(), DIRECTION[1])
    return [" ".join(text.split()) for text in found]


@pytest.mark.parametrize("beam", [1, 3])
def test_the_library_s_tokens_in_the_order_given(tiny: Any, beam: int) -> None:
    lines = texts()
    got = translate(*tiny, lines, DIRECTION, decode(beam=beam), 200)
    assert got == by_generate(tiny, lines, beam)
    lengths = {len(text.split()) for text in got}
    assert len(set(got)) > 10 and len(lengths) > 3  # a model that says one thing shows nothing


def test_whoever_typed_it_the_model_reads_one_orthography(tiny: Any) -> None:
    """Scores are of what a service gives, which normalises its input by the bundle's contract."""
    from data_prep.text.transliterate import uz_latin_to_cyrillic

    way = ("uzn_Latn", "azj_Latn")
    expected = translate(*tiny, UZ, way, decode(), 200)
    assert len(set(expected)) > 4
    for mark in ("'", "‘", "`", "’"):
        typed = [text.replace("ʻ", mark).replace("ʼ", mark) for text in UZ]
        assert typed != UZ and translate(*tiny, typed, way, decode(), 200) == expected
    cyrillic = [uz_latin_to_cyrillic(text) for text in UZ]
    assert translate(*tiny, cyrillic, way, decode(), 200) == expected
    paragraphs = [f"{UZ[0]}\n\n{cyrillic[1]}"]
    assert translate(*tiny, paragraphs, way, decode(), 200) == [f"{expected[0]}\n\n{expected[1]}"]


def test_kept_translations_are_of_what_the_model_reads(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data_prep.text import normalize, segment, transliterate
    from eval.load import identity_of

    made: Any = {"base": SimpleNamespace(content="b")}
    before = identity_of("base", recipe, made, "cpu")
    for rules in (normalize, segment, transliterate):
        with monkeypatch.context() as patch:
            patch.setattr(rules, "VERSION", "next")
            assert identity_of("base", recipe, made, "cpu") != before
    assert identity_of("base", recipe, made, "cpu") == before


def test_greedy_does_not_depend_on_the_batch(tiny: Any) -> None:
    lines = texts()
    alone = translate(*tiny, lines, DIRECTION, decode(batch_tokens=1), 200)
    assert translate(*tiny, lines, DIRECTION, decode(batch_tokens=10_000), 200) == alone
    back = translate(*tiny, lines[::-1], DIRECTION, decode(), 200)
    assert back == alone[::-1]


def test_no_repeat_ngram_is_obeyed(tiny: Any) -> None:
    from korpu.nllb import tokens

    def repeats(found: list[str]) -> int:
        ids = tokens.encode(tiny[1], found, DIRECTION[1])
        return sum(len(row) - len(set(row)) for row in ids)

    free = translate(*tiny, texts(), DIRECTION, decode(), 200)
    held = translate(*tiny, texts(), DIRECTION, decode(no_repeat_ngram=1), 200)
    assert repeats(held) < repeats(free)


def test_empty_in_empty_out_and_paragraphs_stay(tiny: Any) -> None:
    said = dict(zip(AZ, translate(*tiny, AZ, DIRECTION, decode(), 200), strict=True))
    first, second = [text for text in AZ if said[text]][:2]
    one, two = said[first], said[second]
    got = translate(*tiny, ["", " \n ", f"{first}\n\n{second}"], DIRECTION, decode(), 200)
    assert got == ["", "\n", f"{one}\n\n{two}"]


def test_long_input_is_translated_whole_in_sentences(tiny: Any) -> None:
    long = " ".join(AZ)
    whole = translate(*tiny, [long], DIRECTION, decode(), 70)
    each = translate(*tiny, AZ, DIRECTION, decode(), 70)
    assert whole == [" ".join(filter(None, each))]  # a random model may have nothing to say
    assert len(set(each)) > 5


def test_the_target_language_is_the_call_s_and_leaves_no_trace(tiny: Any) -> None:
    model, _ = tiny
    before = model.generation_config.to_dict()
    there = translate(*tiny, AZ, DIRECTION, decode(beam=2), 200)
    back = translate(*tiny, AZ, DIRECTION[::-1], decode(beam=2), 200)
    assert there != back
    assert model.generation_config.to_dict() == before
    assert model.generation_config.forced_bos_token_id is None


def test_a_model_in_training_stays_in_training(tiny: Any) -> None:
    model, _ = tiny
    model.train()
    try:
        translate(*tiny, AZ[:1], DIRECTION, decode(), 200)
        assert model.training
    finally:
        model.eval()


def test_an_adapter_is_decoded_through(tiny: Any) -> None:
    import copy

    import torch
    from peft import LoraConfig, get_peft_model

    model, tokenizer = tiny
    torch.manual_seed(1)
    config = LoraConfig(r=4, target_modules=["q_proj", "fc1"], init_lora_weights=False)
    adapted = get_peft_model(copy.deepcopy(model), config).eval()
    got = translate(adapted, tokenizer, texts(), DIRECTION, decode(), 200)
    assert got != translate(model, tokenizer, texts(), DIRECTION, decode(), 200)
    merged = adapted.merge_and_unload()
    assert translate(merged, tokenizer, texts(), DIRECTION, decode(), 200) == got


def test_an_unknown_language_is_refused(tiny: Any) -> None:
    with pytest.raises(UsageError, match="kaz_Cyrl"):
        translate(*tiny, AZ, ("azj_Latn", "kaz_Cyrl"), decode(), 200)


def test_progress_counts_distinct_pieces(tiny: Any) -> None:
    seen: list[int] = []
    translate(*tiny, [*AZ, *AZ], DIRECTION, decode(batch_tokens=200), 200, seen.append)
    assert sum(seen) == len(AZ) and len(seen) > 1


def test_batches_keep_the_budget_and_every_row() -> None:
    lengths = [7, 3, 500, 12, 12, 1, 40]
    found = list(batches(lengths, 60))
    assert sorted(i for batch in found for i in batch) == list(range(7))
    assert found[0] == [2]  # longer than the budget: alone
    assert all(len(b) * max(lengths[i] for i in b) <= 60 for b in found[1:])


def test_pieces_lose_nothing_and_fit() -> None:
    def measure(given: Any) -> list[int]:
        return [2 + len(text.replace(" ", "")) for text in given]

    clauses = ", ".join(f"bu {i} nömrəli uzun cümlə hissəsidir" for i in range(9)) + "."
    text = f"{AZ[0]} {AZ[1]}\n{clauses} {'x' * 300}\n\n{AZ[2]}"
    split = pieces(text, "azj_Latn", measure, 80)
    assert max(size for parts in split for size in measure(parts) or [0]) <= 80
    assert joined(split).replace(" ", "") == text.replace(" ", "")
    assert split[0] == AZ[:2] and split[2] == []
    assert all(part.endswith(",") for part in split[1][:3])  # clauses before words
