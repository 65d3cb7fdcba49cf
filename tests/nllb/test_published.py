"""Directories as transformers 4 wrote them: loaded right, or refused with a sentence."""

import json
import shutil

import pytest
import torch

from korpu.errors import UsageError
from korpu.nllb import loading, published, tokens
from tests.nllb.conftest import CODES, TEXTS

# What 4.57 writes for the slow tokenizer, shortened; it numbers <mask> first, the hub's files last.
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


@pytest.fixture
def old(whole, pieces, tmp_path):
    """The same model in the older layout, its codes named but not numbered."""
    directory = tmp_path / "old"
    directory.mkdir()
    config = json.loads((whole / "config.json").read_text())
    for name in ("dtype", "tie_word_embeddings", "transformers_version"):
        config.pop(name, None)
    config |= {
        "torch_dtype": "float32",
        "transformers_version": "4.21.0.dev0",
        "_name_or_path": "facebook/nllb",
        "tokenizer_class": "NllbTokenizer",
        "max_length": 200,
        "encoder_layerdrop": 0.05,
        "decoder_layerdrop": 0.05,
        "num_hidden_layers": 1,
    }
    (directory / "config.json").write_text(json.dumps(config))
    state = loading.load_model(whole).state_dict()
    state = {name: tensor for name, tensor in state.items() if "embed_positions" not in name}
    state["model.encoder.embed_positions.weights"] = torch.zeros(66, 16)  # older ones stored it
    torch.save(state, directory / "pytorch_model.bin")
    (directory / published.SENTENCEPIECE).write_bytes(pieces)
    (directory / "tokenizer_config.json").write_text(
        json.dumps({**SPECIAL, "tokenizer_class": "NllbTokenizer", "src_lang": None})
    )
    (directory / "special_tokens_map.json").write_text(
        json.dumps({**SPECIAL, "additional_special_tokens": CODES})
    )
    return directory


def test_an_old_directory_gives_the_same_model_and_tokens(whole, old):
    new_tokenizer, old_tokenizer = tokens.load_tokenizer(whole), tokens.load_tokenizer(old)
    for code in CODES:
        rows = tokens.encode(old_tokenizer, TEXTS, code)
        assert rows == tokens.encode(new_tokenizer, TEXTS, code)
    ids = torch.tensor(rows[:1])
    with torch.inference_mode():
        one, two = (
            loading.load_model(path)(input_ids=ids, decoder_input_ids=ids).logits
            for path in (whole, old)
        )
    assert torch.equal(one, two)


def test_ids_that_the_files_state_are_kept(old):
    """The slow tokenizer of 4.57 numbered <mask> before the codes."""
    first = len(tokens.load_tokenizer(old)) - 3
    stated = {"<mask>": first, "uzn_Latn": first + 1, "azj_Latn": first + 2}
    (old / "added_tokens.json").write_text(json.dumps(stated))
    tokenizer = tokens.load_tokenizer(old)
    assert {token: tokenizer.convert_tokens_to_ids(token) for token in stated} == stated
    (row,) = tokens.encode(tokenizer, ["salom"], "azj_Latn")
    assert row[0] == first + 2
    (old / "added_tokens.json").write_text(json.dumps({**stated, "azj_Latn": first + 5}))
    with pytest.raises(UsageError, match="have gaps"):
        tokens.load_tokenizer(old)


def test_without_any_list_of_codes_they_are_nllb_s_in_fairseq_s_order(old):
    (old / "special_tokens_map.json").unlink()
    with pytest.raises(UsageError, match=r"has 38\d tokens and the model 18\d rows"):
        tokens.load_tokenizer(old)  # these are too many for this model
    pieces = (old / published.SENTENCEPIECE).read_bytes()
    tokenizer = tokens.build_tokenizer(*published.parts(old))
    first = len(tokenizer) - 203
    found = [tokenizer.convert_tokens_to_ids(c) - first for c in ("ace_Arab", "azj_Latn")]
    assert found == [0, 19]
    assert tokenizer.convert_tokens_to_ids("zul_Latn") - first == 201
    assert len(pieces) > 1000


def test_a_sentencepiece_model_of_another_model_is_refused(old):
    config = json.loads((old / "config.json").read_text())
    (old / "config.json").write_text(json.dumps({**config, "vocab_size": 256206}))
    with pytest.raises(UsageError, match="do not belong together"):
        tokens.load_tokenizer(old)


def test_the_tokenizer_of_m2m100_is_refused(old):
    (old / "vocab.json").write_text("{}")
    with pytest.raises(UsageError, match="languages are not FLORES codes"):
        tokens.load_tokenizer(old)


def test_a_tokenizer_json_with_other_ids_than_stated_is_refused(whole, tmp_path):
    there = tmp_path / "model"
    shutil.copytree(whole, there)
    (there / "added_tokens.json").write_text(json.dumps({"azj_Latn": 7}))
    with pytest.raises(UsageError, match=r"azj_Latn is 7 in its files and \d+ in the tokenizer"):
        tokens.load_tokenizer(there)
