"""Trimming: fewer rows, the same tokens, the same numbers, the same translations."""

import json
import os
import time
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, M2M100Config, M2M100ForConditionalGeneration

from korpu.artifact import sha256
from korpu.errors import SaysNo, UsageError
from korpu.nllb import loading, tokens, trimming, vocabulary
from korpu.nllb.pieces import train_pieces
from korpu.nllb.trimming import check, keep, outside, trim

CODES = ["eng_Latn", "azj_Latn", "rus_Cyrl", "uzn_Latn"]
OURS = ["azj_Latn", "uzn_Latn"]
NTREX = Path(os.environ.get("KORPU_SHARED", "../shared")) / "data/ntrex"
AZ = [
    "Bakıda hava günəşli olacaq, temperatur 25 dərəcəyə çatacaq.",
    "Nazirlik 2025-ci ildə 1 250 nəfərin iştirak etdiyini bildirib.",
    "İlham Əliyeva “Qızıl alma” festivalında çıxış edib – özü də ikinci dəfə!",
]
UZ = [
    "Toshkentda havo quyoshli boʻladi, harorat 25 darajaga yetadi.",
    "Vazirlik 2025-yilda 1 250 nafar ishtirok etganini maʼlum qildi.",
    "Gʻofur Oʻrinov “Oltin olma” festivalida qatnashdi – ikkinchi marta!",
]
ELSE = [
    "The ministry said that 1,250 people had taken part, the highest number in the last ten years.",
    "The weather in the capital will be sunny throughout the week, forecasters said on Thursday.",
    "Министерство сообщило, что в мероприятии приняли участие 1250 человек из разных городов.",
    "На этой неделе в столице ожидается солнечная погода, сообщили синоптики в четверг.",
]
SIZE = 48_000  # pieces of the vocabulary measured with
WORDS = sorted({word for line in AZ + UZ + ELSE for word in line.split()})


def model_of(rows, **more):
    torch.manual_seed(3)
    config = M2M100Config(
        vocab_size=rows,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        max_position_embeddings=128,
        init_std=0.5,
        dropout=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        **more,
    )
    model = M2M100ForConditionalGeneration(config).eval()
    loading.leave_target_open(model)
    return model


@pytest.fixture(scope="module")
def tokenizer():
    torch.set_num_threads(1)
    return tokens.build_tokenizer(train_pieces(AZ + UZ + ELSE, 620), CODES)


@pytest.fixture(scope="module")
def model(tokenizer):
    return model_of(len(tokenizer) + 2)  # NLLB has two rows more than its tokenizer has tokens


@pytest.fixture(scope="module")
def trimmed(model, tokenizer):
    return trim(model, tokenizer, keep(tokenizer, AZ + UZ, OURS))


TEXTS = {"azj_Latn": AZ, "uzn_Latn": UZ}


def test_a_corpus_in_the_vocabulary_has_the_same_tokens_and_logits(model, tokenizer, trimmed):
    small, small_tokenizer, mapping = trimmed
    assert 200 < len(mapping.kept) < 560
    proof = check((model, tokenizer), (small, small_tokenizer), mapping, TEXTS)
    assert proof.texts == 6
    assert proof.texts_outside == 0
    assert proof.encoder_difference == 0
    assert proof.logits_difference <= 1e-5 * proof.logits_largest
    assert proof.logits_largest > 1


def test_special_tokens_keep_their_meaning(model, tokenizer, trimmed):
    small, found, mapping = trimmed
    assert small.config.vocab_size == len(found) == len(mapping.kept)
    assert mapping.kept[:4] == (0, 1, 2, 3)
    assert (found.bos_token_id, found.pad_token_id, found.eos_token_id) == (0, 1, 2)
    assert found.unk_token_id == 3
    for name in ("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id"):
        old, new = getattr(model.config, name), getattr(small.config, name)
        assert mapping.kept[new] == old
    for code in OURS:
        new = tokens.code_id(found, code)
        assert mapping.kept[new] == tokens.code_id(tokenizer, code)
    for code in ("eng_Latn", "rus_Cyrl"):
        with pytest.raises(UsageError, match="no language code"):
            tokens.code_id(found, code)
    assert mapping.kept[found.mask_token_id] == tokenizer.mask_token_id


def test_the_old_model_is_untouched_and_its_other_tensors_are_shared(model, tokenizer, trimmed):
    small = trimmed[0]
    assert model.config.vocab_size == model.lm_head.out_features == len(tokenizer) + 2
    old, new = dict(model.named_parameters()), dict(small.named_parameters())
    assert old.keys() == new.keys()
    assert [name for name in old if old[name] is not new[name]] == ["model.shared.weight"]
    loading.check_tied(model, "old")
    loading.check_tied(small, "new")


def test_any_word_of_the_languages_is_written_without_unk(tokenizer, trimmed):
    _, found, mapping = trimmed
    words = [
        "fövqəladə",
        "ZƏFƏR",
        "jurnalistika",
        "Xushvaqt",
        "gʻoʻza",
        "JURʼAT",
        "Weißkopf",
        "9,8",
    ]
    written = outside(tokenizer, found, mapping, words)
    assert written.texts == 8
    assert written.unknown_after == written.unknown_before == 1  # the ß
    assert written.texts_outside > 0
    assert written.tokens_after > written.tokens_before
    for word in words[:6]:
        assert tokens.decode(found, tokens.encode(found, [word], "azj_Latn"), "azj_Latn") == [word]


def test_a_piece_is_kept_with_what_its_merges_go_through():
    ranks = {("a", "b"): 0, ("c", "d"): 1, ("ab", "cd"): 2, ("abc", "d"): 3, ("b", "c"): 4}
    assert vocabulary.derivation("abcd", ranks) == {*"abcd", "ab", "cd", "abcd"}
    assert vocabulary.derivation("bcd", ranks) == {*"bcd", "cd"}


def test_without_the_pieces_in_between_the_check_says_no(model, tokenizer):
    kept = set(keep(tokenizer, AZ + UZ, OURS))
    used = {
        i for code, lines in TEXTS.items() for r in tokens.encode(tokenizer, lines, code) for i in r
    }
    between = {
        i for i in kept - used if i > 3 and len(tokenizer.convert_ids_to_tokens(i)) in (2, 3)
    }
    assert between
    bad = trim(model, tokenizer, kept - between)
    with pytest.raises(SaysNo, match="in other tokens"):
        check((model, tokenizer), bad[:2], bad[2], TEXTS)


def test_another_models_weights_are_found_out(model, tokenizer, trimmed):
    other, found, mapping = trim(model, tokenizer, trimmed[2].kept)
    with torch.no_grad():
        other.model.shared.weight[found.convert_tokens_to_ids("a"), 5] += 1e-3
    with pytest.raises(SaysNo, match=r"model\.shared\.weight is not that of the untrimmed"):
        check((model, tokenizer), (other, found), mapping, TEXTS)


def test_another_scale_of_the_same_weights_is_found_out(model, tokenizer, trimmed):
    other, found, mapping = trim(model, tokenizer, trimmed[2].kept)
    other.model.encoder.embed_tokens.embed_scale = 1.0
    with pytest.raises(SaysNo, match="differs from the untrimmed one: encoder outputs by"):
        check((model, tokenizer), (other, found), mapping, TEXTS)


def test_a_check_on_nothing_proves_nothing(model, tokenizer, trimmed):
    with pytest.raises(SaysNo, match="none of 4 texts"):
        check((model, tokenizer), trimmed[:2], trimmed[2], {"azj_Latn": ELSE})


def test_a_vocabulary_without_a_letter_is_found_out(model, tokenizer):
    lost = tokenizer.convert_tokens_to_ids("ğ")
    bad = trim(model, tokenizer, [i for i in keep(tokenizer, AZ + UZ, OURS) if i != lost])
    with pytest.raises(SaysNo, match="cannot write ğ,"):
        check((model, tokenizer), bad[:2], bad[2], TEXTS)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=12),
    st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), min_size=1, max_size=8),
    st.sets(st.integers(0, 500)),
)
def test_any_kept_set_maps_one_to_one_where_it_reaches(model, tokenizer, corpus, sentences, more):
    kept = keep(tokenizer, corpus, OURS)
    extra = {i for i in more if len(tokenizer.convert_ids_to_tokens(i)) <= 2}
    small, found, mapping = trim(model, tokenizer, {*kept, *extra})
    texts = [" ".join(corpus), *map(" ".join, sentences)]
    proof = check((model, tokenizer), (small, found), mapping, {"uzn_Latn": texts})
    assert proof.texts_outside < proof.texts == len(texts)
    assert proof.encoder_difference == 0
    written = outside(tokenizer, found, mapping, texts)
    assert written.texts_outside == proof.texts_outside
    assert written.rate == proof.texts_outside / proof.texts


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("abcçdeəgğıiİoʻʼşzоку -5.,"), max_size=6))
def test_the_choice_does_not_depend_on_the_order_of_the_texts(tokenizer, texts):
    assert keep(tokenizer, texts, OURS) == keep(tokenizer, texts[::-1], OURS)


def test_rare_tokens_go_where_more_is_asked(tokenizer):
    corpus = AZ * 2 + UZ
    once, twice = (set(keep(tokenizer, corpus, OURS, least=n)) for n in (1, 2))
    assert twice < once
    with pytest.raises(UsageError, match="least=0"):
        keep(tokenizer, corpus, OURS, least=0)
    with pytest.raises(UsageError, match="no language code 'xyz'"):
        keep(tokenizer, corpus, ["xyz"])
    with pytest.raises(UsageError, match="no languages"):
        keep(tokenizer, corpus, [])


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ([], "not rows of the table"),
        ([-1, 0], "not rows"),
        ([0, 99999], "not rows"),
        ([0, 1, 2], "<unk> is not among"),
    ],
)
def test_ids_that_cannot_be_kept_are_refused(model, tokenizer, ids, sentence):
    with pytest.raises(UsageError, match=sentence):
        trim(model, tokenizer, ids)


def test_rows_without_a_token_are_refused(model, tokenizer, trimmed):
    with pytest.raises(UsageError, match="has no token"):
        trim(model, tokenizer, [*trimmed[2].kept, len(tokenizer)])
    codes = [tokens.code_id(tokenizer, code) for code in CODES]
    with pytest.raises(UsageError, match="no language code is among"):
        trim(model, tokenizer, [i for i in trimmed[2].kept if i not in codes])


def test_the_map_is_read_back_and_anything_else_refused(trimmed, tmp_path):
    mapping, path = trimmed[2], tmp_path / "vocabulary.json"
    trimming.save_map(mapping, path)
    assert trimming.load_map(path) == mapping
    assert sha256(path) == mapping.sha256
    assert mapping.to_old(mapping.to_new(mapping.kept)) == list(mapping.kept)
    good = json.loads(path.read_text())
    gone = next(i for i in range(mapping.old_size) if i not in mapping.new)
    assert mapping.to_new([0, gone]) is None
    for bad in ({}, good | {"schema": 2}, good | {"kept": [1, 0]}, good | {"old_size": 5}):
        path.write_text(json.dumps(bad))
        with pytest.raises(UsageError, match="is not a vocabulary map"):
            trimming.load_map(path)
    with pytest.raises(UsageError, match="is not a vocabulary map"):
        trimming.load_map(tmp_path / "none.json")


@pytest.fixture(scope="module")
def saved(trimmed, tmp_path_factory):
    directory = tmp_path_factory.mktemp("trimmed")
    trimmed[0].save_pretrained(directory)
    trimmed[1].save_pretrained(directory)
    return directory


def greedy(model, ids, code, **more):
    made = model.generate(
        torch.tensor([ids]), forced_bos_token_id=code, num_beams=1, max_new_tokens=20, **more
    )
    return made[0].tolist()


def test_it_is_saved_and_loaded_as_it_was(model, tokenizer, trimmed, saved):
    small, found = loading.load_model(saved), tokens.load_tokenizer(saved)
    assert type(found).__name__ == "NllbTokenizer"
    assert type(AutoTokenizer.from_pretrained(saved)) is type(found)
    assert found.get_vocab() == trimmed[1].get_vocab()
    assert found.model_max_length == tokenizer.model_max_length
    proof = check((model, tokenizer), (small, found), trimmed[2], TEXTS)
    assert proof.texts_outside == 0
    odd = ["</s> azj_Latn", "½ № 5", "yangi  soʻz", "日本"]
    for text in odd:
        before, after = (tokens.encode(t, [text], "uzn_Latn") for t in (trimmed[1], found))
        assert before == after


def test_it_writes_what_the_old_one_writes_with_the_kept_tokens(model, tokenizer, trimmed, saved):
    small, mapping = loading.load_model(saved), trimmed[2]
    gone = [i for i in range(mapping.old_size) if i not in mapping.new]
    lengths = set()
    for language, target in (OURS, OURS[::-1]):
        code = tokens.code_id(tokenizer, target)
        for ids in tokens.encode(tokenizer, TEXTS[language], language):
            before = greedy(model, ids, code, suppress_tokens=gone)
            after = greedy(small, mapping.to_new(ids), mapping.new[code])
            assert mapping.to_old(after) == before
            lengths.add(tuple(before))
    assert len(lengths) > 1


def test_ctranslate2_writes_the_same(trimmed, saved, tmp_path):
    ctranslate2 = pytest.importorskip("ctranslate2")
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(saved)).convert(str(tmp_path / "ct2"), quantization="float32")
    translator = ctranslate2.Translator(str(tmp_path / "ct2"), intra_threads=1)
    small, found, _ = trimmed
    for ids in tokens.encode(found, AZ, "azj_Latn"):
        expected = greedy(small, ids, tokens.code_id(found, "uzn_Latn"))
        made = translator.translate_batch(
            [found.convert_ids_to_tokens(ids)],
            target_prefix=[["uzn_Latn"]],
            beam_size=1,
            max_decoding_length=20,
        )
        written = made[0].hypotheses[0]
        wanted = found.convert_ids_to_tokens([i for i in expected if i != found.eos_token_id])
        assert written[: len(wanted)] == wanted[: len(written)]
        assert len(written) >= min(len(wanted), 19)


def old_layout(model, tokenizer, directory):
    """As transformers 4 left a model: pickled weights, merges as strings, codes added only."""
    model.config.save_pretrained(directory)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    torch.save(state, directory / "pytorch_model.bin")
    described = json.loads(tokenizer.backend_tokenizer.to_str())
    bpe = described["model"]
    bpe["merges"] = [" ".join(pair) for pair in bpe["merges"]]
    for token in (*CODES, tokens.MASK):
        del bpe["vocab"][token]
    (directory / "tokenizer.json").write_text(json.dumps(described))
    settings = {
        "tokenizer_class": "NllbTokenizer",
        "additional_special_tokens": CODES,
        "src_lang": CODES[0],
        "model_max_length": 1024,
    }
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))


def test_the_layout_of_transformers_4_is_trimmed_alike(model, tokenizer, trimmed, tmp_path):
    old_layout(model, tokenizer, tmp_path)
    old = loading.load_model(tmp_path), tokens.load_tokenizer(tmp_path)
    kept = keep(old[1], AZ + UZ, OURS)
    assert tuple(kept) == trimmed[2].kept
    small, found, mapping = trim(*old, kept)
    assert found.get_vocab() == trimmed[1].get_vocab()
    assert found.model_max_length == 1024
    assert check(old, (small, found), mapping, TEXTS).texts_outside == 0


def nllb_600m(rows):
    """The shape of NLLB-200-distilled-600M."""
    return M2M100Config(
        vocab_size=rows,
        d_model=1024,
        encoder_layers=12,
        decoder_layers=12,
        encoder_attention_heads=16,
        decoder_attention_heads=16,
        encoder_ffn_dim=4096,
        decoder_ffn_dim=4096,
        max_position_embeddings=1024,
        scale_embedding=True,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
    )


def output_layer_seconds(weight, targets=512):
    """One forward and backward of logits and loss, the table frozen as below an adapter."""
    hidden = torch.randn(targets, weight.shape[1], requires_grad=True)
    labels = torch.randint(len(weight), (targets,))
    taken = []
    for _ in range(4):
        start = time.perf_counter()
        logits = torch.nn.functional.linear(hidden, weight.detach())
        torch.nn.functional.cross_entropy(logits, labels).backward()
        taken.append(time.perf_counter() - start)
    return sorted(taken[1:])[1]


@pytest.mark.long
@pytest.mark.skipif(not NTREX.exists(), reason="../shared/data is not here")
def test_measured_at_the_shape_of_nllb_600m():
    """The numbers of docs/trimming.md (run with -s)."""
    names = ("azj_Latn", "uzn_Latn", "eng_Latn", "rus_Cyrl", "tur_Latn", "kaz_Cyrl", "tuk_Latn")
    news = {c: (NTREX / f"ntrex.{c}").read_text("utf-8").splitlines() for c in (*names, "kir_Cyrl")}
    ui = [(NTREX.parent / f"ui/ui.{code}").read_text("utf-8").splitlines() for code in OURS]
    documents = (NTREX / "documents.txt").read_text("utf-8").splitlines()
    first = set(list(dict.fromkeys(documents))[::2])
    seen, unseen = (
        [
            line
            for code in OURS
            for line, d in zip(news[code], documents, strict=True)
            if (d in first) == half
        ]
        for half in (True, False)
    )
    lines = [
        line
        for texts in news.values()
        for line, d in zip(texts, documents, strict=True)
        if d in first
    ]
    lines += [*ui[0], *ui[1]]  # a vocabulary is not learned from what is read later
    tokenizer = tokens.build_tokenizer(train_pieces(lines, SIZE), CODES)
    start = time.perf_counter()
    kept = keep(tokenizer, [*seen, *ui[0], *ui[1]], OURS)
    choosing = time.perf_counter() - start

    torch.manual_seed(0)
    model = M2M100ForConditionalGeneration(nllb_600m(256_206)).eval()
    start = time.perf_counter()
    small, found, mapping = trim(model, tokenizer, kept)
    trimming_seconds = time.perf_counter() - start
    few = {code: news[code][:16] for code in OURS}
    proof = check((model, tokenizer), (small, found), mapping, few)
    count = [sum(p.numel() for p in m.parameters()) for m in (model, small)]
    seconds = [output_layer_seconds(m.lm_head.weight) for m in (model, small)]
    print(f"\nvocabulary of {len(tokenizer)} tokens; kept {len(kept)}, chosen in {choosing:.1f} s")
    print(f"parameters {count[0]:,} -> {count[1]:,} ({1 - count[1] / count[0]:.1%} fewer)")
    print(f"trim {trimming_seconds:.2f} s; output layer {seconds[0]:.3f} -> {seconds[1]:.3f} s")
    print(proof)
    for name, texts in (("seen", seen), ("unseen", unseen)):
        written = outside(tokenizer, found, mapping, texts)
        print(f"{name}: {written} rate {written.rate:.3f} longer {written.longer:.4f}")
        assert written.unknown_after == written.unknown_before
    assert count[1] < 0.7 * count[0]
    assert seconds[1] < seconds[0] / 3
    assert proof.encoder_difference == 0
