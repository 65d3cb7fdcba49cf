"""What the libraries pass over in silence, one row each: here it is an error, or cannot happen.

The list is what was found out about the family (NLLB, M2M100) with transformers, peft and fairseq.
"""

import json
import shutil
import warnings
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from korpu.errors import UsageError
from korpu.nllb import loading, quantized, survival, tokens
from korpu.nllb.pieces import ALPHABET, train_pieces
from korpu.schema import Adapter
from tests.nllb.conftest import CODES, TEXTS

LORA = Adapter("lora", 2, 4, 8, 0.0, ["q_proj", "fc1"], None, "none")


@pytest.fixture
def model(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "model")
    return tmp_path / "model"


def edit(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def change(directory, changed):
    path = directory / "model.safetensors"
    save_file(changed(load_file(path)), path, metadata={"format": "pt"})


def of_vocab_file(directory):
    from transformers import NllbTokenizer

    (directory / "sentencepiece.bpe.model").write_bytes(train_pieces(TEXTS, 180))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        NllbTokenizer(vocab_file=str(directory / "sentencepiece.bpe.model")).save_pretrained(
            directory
        )
    tokens.load_tokenizer(directory)


def unknown_language(directory):
    tokens.encode(tokens.load_tokenizer(directory), ["salam"], "eng_Latn")


def another_pad(directory):
    edit(directory / "config.json", pad_token_id=0)
    tokens.load_tokenizer(directory)


def more_tokens_than_rows(directory):
    edit(directory / "config.json", vocab_size=100)
    tokens.load_tokenizer(directory)


def random_weights(directory):
    edit(directory / "config.json", decoder_layers=2)
    loading.load_model(directory)


def dropped_weights(directory):
    edit(directory / "config.json", decoder_layers=0)
    loading.load_model(directory)


def untied_config(directory):
    edit(directory / "config.json", tie_word_embeddings=False)
    loading.load_model(directory)


def untied_weights(directory):
    name = "model.decoder.embed_tokens.weight"
    change(directory, lambda w: {**w, name: w["model.shared.weight"] + 0.1})
    loading.load_model(directory)


def pickled_untied_weights(directory):
    state = dict(loading.load_model(directory).state_dict())
    state["lm_head.weight"] = state["lm_head.weight"] + 0.1
    torch.save(state, directory / "pytorch_model.bin")
    (directory / "model.safetensors").unlink()
    loading.load_model(directory)


def another_architecture(directory):
    edit(directory / "config.json", model_type="mbart")
    loading.load_model(directory)


def adapted(directory, **changes):
    from train import adapter

    return adapter.attach(loading.load_model(directory), replace(LORA, **changes))


def adapter_on_embeddings(directory):
    adapted(directory, targets=["q_proj", "embed_tokens"])


def adapter_on_the_output_layer(directory):
    adapted(directory, targets=["lm_head"])


def embeddings_saved_with_an_adapter(directory):
    from train import adapter

    adapter.save(adapted(directory), directory / "adapter")
    edit(directory / "adapter" / "adapter_config.json", modules_to_save=["lm_head"])
    loading.load_adapter(loading.load_model(directory), directory / "adapter")


def adapter_with_missing_matrices(directory):
    from train import adapter

    adapter.save(adapted(directory), directory / "adapter")
    path = directory / "adapter" / "adapter_model.safetensors"
    weights = load_file(path)
    weights.pop(sorted(weights)[0])
    save_file(weights, path, metadata={"format": "pt"})
    loading.load_adapter(loading.load_model(directory), directory / "adapter")


def too_long_a_source(directory):
    tokens.encode(tokens.load_tokenizer(directory), ["salam " * 90], "azj_Latn", max_length=64)


def a_letter_that_becomes_unknown(_):
    letters = ALPHABET.replace("ə", "")
    built = tokens.build_tokenizer(train_pieces(["salam dünya"], 120, alphabet=letters), CODES)
    survival.settled(built, "auto")


def a_quantised_base_on_the_cpu(directory):
    loading.load_model(directory, "cpu", "8bit")


@pytest.mark.parametrize(
    ("happens", "sentence"),
    [
        (of_vocab_file, "only its reserved tokens"),
        (unknown_language, "no language code 'eng_Latn'"),
        (another_pad, "pad_token_id 0 and the tokenizer 1"),
        (more_tokens_than_rows, "and the model 100 rows"),
        (random_weights, "weights are missing"),
        (dropped_weights, r"weights that config\.json leaves no place for"),
        (untied_config, "missing|not tied"),
        (untied_weights, "are not tied"),
        (pickled_untied_weights, "are not tied"),
        (another_architecture, "of kind 'mbart'"),
        (adapter_on_embeddings, "one tensor with the other embeddings"),
        (adapter_on_the_output_layer, "one tensor with the other embeddings"),
        (embeddings_saved_with_an_adapter, "one tensor with the other embeddings"),
        (adapter_with_missing_matrices, "in the adapter or in the model, but not in both"),
        (too_long_a_source, "tokens where 64 fit"),
        (a_letter_that_becomes_unknown, r"cannot write ə \(U\+0259\)"),
        (a_quantised_base_on_the_cpu, r"adapter\.quantize=8bit is for CUDA"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_it_is_refused_with_a_sentence(model, happens, sentence):
    with pytest.raises(UsageError, match=sentence):
        happens(model)


def test_what_cannot_happen(model):
    """A stored target language, layer drop, a trailing space, a special token in the text."""
    edit(model / "config.json", encoder_layerdrop=0.05, decoder_layerdrop=0.05)
    edit(model / "generation_config.json", forced_bos_token_id=7)
    loaded, tokenizer = loading.load_model(model), tokens.load_tokenizer(model)
    assert loaded.model.encoder.layerdrop == loaded.model.decoder.layerdrop == 0
    assert loaded.generation_config.forced_bos_token_id is None
    plain, spaced, special = tokens.encode(tokenizer, ["salam", "salam ", "salam </s>"], "azj_Latn")
    assert plain == spaced
    assert special.count(tokenizer.eos_token_id) == 1


def test_the_kinds_of_quantised_bases_leave_the_table_alone():
    with pytest.raises(UsageError, match="is for CUDA and this run is on the cpu"):
        quantized.arguments("4bit", "cpu")
    assert quantized.arguments("none", "cpu") == {}
