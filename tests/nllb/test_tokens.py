"""Tokens: exactly sentencepiece's, in both languages, whatever the text tries."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from korpu.errors import UsageError
from korpu.nllb import tokens
from korpu.nllb.pieces import ALPHABET, train_pieces

CODES = ["azj_Latn", "uzn_Latn"]
SHARED = Path(os.environ.get("KORPU_SHARED", "../shared")) / "data"
AZ = [
    "Bakıda hava günəşli olacaq, temperatur 25 dərəcəyə çatacaq.",
    "Nazirlik 2025-ci ildə 1 250 nəfərin iştirak etdiyini bildirib.",
    "İlham Əliyeva “Qızıl alma” festivalında çıxış edib – özü də ikinci dəfə!",
    "Şəhər sakinləri üçün yeni ğ, ö, ü hərfli lövhələr; çox böyük, çox gözəl.",
]
UZ = [
    "Toshkentda havo quyoshli boʻladi, harorat 25 darajaga yetadi.",
    "Vazirlik 2025-yilda 1 250 nafar ishtirok etganini maʼlum qildi.",
    "Gʻofur Oʻrinov “Oltin olma” festivalida qatnashdi – ikkinchi marta!",
    "Sanʼat va jurʼat haqida: shahar aholisi uchun yangi lavhalar; juda katta.",
]


@pytest.fixture(scope="module")
def pieces():
    return train_pieces(AZ + UZ, 296)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return tokens.train_tokenizer(AZ + UZ, 300, CODES, tmp_path_factory.mktemp("tokenizer"))


def sentencepiece_ids(model, texts):
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    return [[3 if found == 0 else found + 1 for found in row] for row in processor.encode(texts)]


def test_every_sentence_is_tokenised_exactly_as_sentencepiece_does(pieces, tokenizer):
    odd = ["no-break space", "№ 5 … ½", "  two   spaces ", "日本 Fərid", "ʻʼ‘’'`", "3,5% (2024)"]
    for language, texts in (("azj_Latn", AZ + odd), ("uzn_Latn", UZ + odd)):
        rows = tokens.encode(tokenizer, texts, language)
        plain = [" ".join(text.split()) for text in texts]
        assert [row[1:-1] for row in rows] == sentencepiece_ids(pieces, plain)
        assert {row[0] for row in rows} == {tokenizer.convert_tokens_to_ids(language)}
        assert {row[-1] for row in rows} == {2}


@pytest.mark.skipif(not (SHARED / "ntrex").exists(), reason="../shared/data is not here")
def test_real_news_is_tokenised_exactly_as_sentencepiece_does():
    lines = {
        code: (SHARED / f"ntrex/ntrex.{code}").read_text("utf-8").splitlines() for code in CODES
    }
    model = train_pieces([*lines["azj_Latn"], *lines["uzn_Latn"]], 2996)
    tokenizer = tokens.build_tokenizer(model, CODES)
    for code, texts in lines.items():
        expected = sentencepiece_ids(model, [" ".join(text.split()) for text in texts])
        rows = tokens.encode(tokenizer, texts, code)
        assert len(rows) > 900
        assert [row[1:-1] for row in rows] == expected


def test_decoding_gives_the_text_back(tokenizer):
    for language, texts in (("azj_Latn", AZ), ("uzn_Latn", UZ)):
        rows = tokens.encode(tokenizer, texts, language)
        assert tokens.decode(tokenizer, rows, language) == texts
    assert tokens.encode(tokenizer, [""], "azj_Latn") == [[297, 2]]
    assert tokens.decode(tokenizer, [[297, 2], []], "azj_Latn") == ["", ""]


def test_the_vocabulary_is_of_the_size_and_order_asked(tokenizer):
    assert len(tokenizer) == 300
    assert tokenizer.convert_ids_to_tokens([0, 1, 2, 3]) == ["<s>", "<pad>", "</s>", "<unk>"]
    assert tokenizer.convert_ids_to_tokens([297, 298, 299]) == [*CODES, "<mask>"]
    assert type(tokenizer).__name__ == "NllbTokenizer"
    assert tokenizer.backend_tokenizer.model.byte_fallback is False


def test_digits_stand_alone_and_the_whole_alphabet_is_known(tokenizer):
    vocabulary = tokenizer.get_vocab()
    assert not [piece for piece in vocabulary if sum(c.isdigit() for c in piece) > 1]
    assert tokens.unknown(tokenizer, [ALPHABET, "日本日"]) == {"日": 2, "本": 1}


def test_text_that_looks_like_a_special_token_is_text(tokenizer):
    for text in ("</s>", "salom</s>", "azj_Latn", "uzn_Latn salom", "<mask> <s> <pad>"):
        (row,) = tokens.encode(tokenizer, [text], "uzn_Latn")
        assert row[0] == 298 and row[-1] == 2
        assert not set(row[1:-1]) & {0, 1, 2, 297, 298, 299}, text


def test_state_of_the_tokenizer_does_not_matter(tokenizer):
    expected = tokens.encode(tokenizer, UZ, "uzn_Latn")
    tokenizer.src_lang = "azj_Latn"
    tokenizer(UZ, truncation=True, max_length=5, padding="max_length")
    assert tokens.encode(tokenizer, UZ, "uzn_Latn") == expected
    assert tokens.encode(tokenizer, [f"{text} " for text in UZ], "uzn_Latn") == expected


def test_nothing_is_cut(tokenizer):
    rows = tokens.encode(tokenizer, UZ, "uzn_Latn")
    longest = max(map(len, rows))
    assert tokens.encode(tokenizer, UZ, "uzn_Latn", max_length=longest) == rows
    with pytest.raises(UsageError, match=f"{longest} tokens where {longest - 1} fit"):
        tokens.encode(tokenizer, UZ, "uzn_Latn", max_length=longest - 1)


def test_an_unknown_language_is_refused(tokenizer):
    for code in ("uz_Latn", "eng_Latn", "salom", "</s>", "<unk>"):
        with pytest.raises(UsageError, match="no language code"):
            tokens.check_languages(tokenizer, ["azj_Latn", code])
    tokens.check_languages(tokenizer, CODES)
    with pytest.raises(UsageError, match="azj_Latn, uzn_Latn"):
        tokens.encode(tokenizer, ["salom"], "uzn_Cyrl")


def test_the_same_texts_give_the_same_bytes_in_any_order_and_process(tmp_path):
    program = (
        "import json, sys; from korpu.nllb.tokens import train_tokenizer; "
        "train_tokenizer(json.load(sys.stdin), 300, ['azj_Latn', 'uzn_Latn'], sys.argv[1])"
    )
    for name, texts in (("one", AZ + UZ), ("two", (AZ + UZ)[::-1])):
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / name)],
            input=json.dumps(texts),
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": str(len(name + texts[0]))},
        )
    one = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert "tokenizer.json" in one
    for name in one:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_directory_that_would_load_silently_wrong_is_refused(tmp_path, pieces):
    from transformers import NllbTokenizer

    with pytest.raises(UsageError, match=r"has no tokenizer\.json"):
        tokens.load_tokenizer(tmp_path)
    (tmp_path / "sentencepiece.bpe.model").write_bytes(pieces)
    NllbTokenizer(vocab_file=str(tmp_path / "sentencepiece.bpe.model")).save_pretrained(
        tmp_path / "four"
    )
    with pytest.raises(UsageError, match="only its reserved tokens"):
        tokens.load_tokenizer(tmp_path / "four")
    (tmp_path / "four" / "tokenizer.json").write_text("{")
    with pytest.raises(UsageError, match="no tokenizer can be loaded"):
        tokens.load_tokenizer(tmp_path / "four")


def test_a_vocabulary_that_cannot_be_is_refused():
    with pytest.raises(UsageError, match="no text"):
        train_pieces(["", "  \n "], 300)
    with pytest.raises(UsageError, match=r"lower model\.vocabulary_size"):
        train_pieces(["salom"], 3000)
    with pytest.raises(UsageError, match=r"raise model\.vocabulary_size"):
        train_pieces(UZ, 20)
