"""Text to token ids and back, as NLLB's models were trained: ``[code] tokens </s>``.

The library's tokenizer keeps the language in mutable state, reads a literal ``</s>`` in the text as
the end of the sentence, counts a trailing space as a token, and gives ``<unk>`` for an unknown
language without a word. Nothing here goes through that state, and each of these is an error or
impossible. Token lists are plain ``list[int]``; ids are the model's rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from korpu.errors import UsageError
from korpu.languages import LANGUAGES
from korpu.nllb.pieces import train_pieces

RESERVED = ("<s>", "<pad>", "</s>", "<unk>")  # ids 0 to 3, in fairseq's order
MASK = "<mask>"


def train_tokenizer(
    texts: Iterable[str], vocabulary_size: int, codes: Sequence[str], out_dir: Path | str
) -> Any:
    """Learn a vocabulary and save it as a genuine ``NllbTokenizer``; returns it as loaded again.

    ``vocabulary_size`` is exact: it counts the reserved tokens, the pieces, the language codes and
    ``<mask>``, in that order, as NLLB's own vocabulary has them. The same texts, in any order, give
    the same files. ``AutoTokenizer.from_pretrained(out_dir)`` loads it. Raises ``UsageError``.
    """
    codes = list(dict.fromkeys(codes))
    # one more than sentencepiece's: it has no <pad>
    model = train_pieces(texts, vocabulary_size - 1 - len(codes) - 1)
    build_tokenizer(model, codes).save_pretrained(str(out_dir))
    tokenizer = load_tokenizer(out_dir)
    check_languages(tokenizer, codes)
    return tokenizer


def build_tokenizer(sentencepiece_model: bytes, codes: Sequence[str]) -> Any:
    """The ``NllbTokenizer`` of a sentencepiece BPE model and language codes.

    Pieces keep sentencepiece's order after the reserved four; a merge's rank is the rank of the
    piece it makes, which is how sentencepiece applies them (the library's own extraction).
    """
    import tempfile

    from tokenizers.models import BPE
    from transformers import NllbTokenizer
    from transformers.convert_slow_tokenizer import NllbConverter, SentencePieceExtractor

    with tempfile.NamedTemporaryFile(suffix=".model") as file:
        file.write(sentencepiece_model)
        file.flush()
        found = SentencePieceExtractor(file.name).extract(BPE)
    vocabulary = NllbConverter.convert_from_spm(vocab=found["vocab"])["vocab"]
    # A merge that writes a reserved token would let plain text become one.
    merges = [pair for pair in found["merges"] if "".join(pair) not in RESERVED]
    for token in (*codes, MASK):
        vocabulary[token] = len(vocabulary)
    return NllbTokenizer(
        vocab=vocabulary,
        merges=merges,
        extra_special_tokens=list(codes),
        src_lang=codes[0],
        _spm_precompiled_charsmap=found["_spm_precompiled_charsmap"],
    )


def load_tokenizer(directory: Path | str, revision: str | None = None) -> Any:
    """The tokenizer of a directory (or hub id), checked.

    Raises ``UsageError`` where there is none, where it has no vocabulary (the library then builds
    one of four tokens and says nothing), or where text does not survive it.
    """
    from transformers import AutoTokenizer

    path = Path(directory)
    if path.is_dir() and not any(
        (path / name).exists() for name in ("tokenizer.json", "sentencepiece.bpe.model")
    ):
        raise UsageError(f"{path} has no tokenizer.json; name a directory with a saved tokenizer")
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(directory), revision=revision)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{directory}: no tokenizer can be loaded: {_first_line(error)}"
        ) from error
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise UsageError(f"{directory}: the tokenizer is not of the NLLB kind; convert it first")
    if tokenizer.backend_tokenizer.get_vocab_size(with_added_tokens=False) <= len(RESERVED):
        raise UsageError(
            f"{directory}: the tokenizer has only its reserved tokens and would map all text to "
            "<unk>; save it again with tokenizer.json"
        )
    return tokenizer


def check_languages(tokenizer: Any, codes: Iterable[str]) -> None:
    """Raise ``UsageError`` for a language code that the tokenizer would map to ``<unk>``."""
    for code in codes:
        code_id(tokenizer, code)


def code_id(tokenizer: Any, language: str) -> int:
    """The token id of a FLORES code; raises ``UsageError`` naming the codes there are."""
    found = tokenizer.convert_tokens_to_ids(language)
    special = {str(token) for token in tokenizer.all_special_tokens} - {*RESERVED, MASK}
    if found is None or found == tokenizer.unk_token_id or language not in special:
        known = [code for code in LANGUAGES if code in special]
        have = f"it has {', '.join(known)}" if known else "it has none of ours"
        raise UsageError(f"the tokenizer has no language code {language!r} ({have})")
    return int(found)


def encode(
    tokenizer: Any, texts: Sequence[str], language: str, max_length: int | None = None
) -> list[list[int]]:
    """``[code] tokens </s>`` for each text; the decoder's labels have the same form.

    White space at the ends is dropped and runs of it are one space. Text that looks like a special
    token (``</s>``, ``azj_Latn``) is spelled out as text. Nothing is cut: a text of more than
    ``max_length`` tokens, code and end included, raises ``UsageError``.
    """
    code, end = code_id(tokenizer, language), int(tokenizer.eos_token_id)
    backend = tokenizer.backend_tokenizer
    # All of these are left as some earlier call of the library put them.
    backend.encode_special_tokens = True
    backend.no_truncation()
    backend.no_padding()
    plain = [" ".join(text.split()) for text in texts]
    rows = [
        [code, *row.ids, end] for row in backend.encode_batch_fast(plain, add_special_tokens=False)
    ]
    if max_length is not None:
        for text, row in zip(plain, rows, strict=True):
            if len(row) > max_length:
                raise UsageError(
                    f"a text has {len(row)} tokens where {max_length} fit: {text[:60]!r}…; split it"
                )
    return rows


def decode(tokenizer: Any, ids: Sequence[Sequence[int]]) -> list[str]:
    """Text of each row of ids; language codes, ``</s>`` and padding are left out."""
    rows = [[int(token) for token in row] for row in ids]
    found: list[str] = tokenizer.backend_tokenizer.decode_batch(rows, skip_special_tokens=True)
    return [text.strip() for text in found]


def unknown(tokenizer: Any, texts: Sequence[str]) -> dict[str, int]:
    """Characters of the texts that the vocabulary cannot write, with their counts."""
    from collections import Counter

    counts = Counter(character for text in texts for character in text if not character.isspace())
    backend = tokenizer.backend_tokenizer
    backend.encode_special_tokens = True
    unknown_id = tokenizer.unk_token_id
    order = sorted(counts)
    rows = backend.encode_batch_fast(order, add_special_tokens=False)
    return {
        character: counts[character]
        for character, row in zip(order, rows, strict=True)
        if unknown_id in row.ids
    }


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
