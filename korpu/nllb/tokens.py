"""Text to token ids and back, as NLLB's models were trained: ``[code] tokens </s>``.

The library's tokenizer keeps the language in mutable state, reads a literal ``</s>`` in the text as
the end of the sentence, counts a trailing space as a token, and gives ``<unk>`` for an unknown
language without a word. Nothing here goes through that state, and each of these is an error or
impossible. Token lists are plain ``list[int]``; ids are the model's rows.

A tokenizer carries the orthography its model reads and writes (``write_in``); ``encode`` and
``decode`` go through it, so text is canonical on the outside everywhere. It is saved and loaded
with the tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from korpu.artifact import write_atomically
from korpu.errors import UsageError
from korpu.languages import LANGUAGES
from korpu.nllb import orthography, published
from korpu.nllb.orthography import Orthography
from korpu.nllb.pieces import train_pieces

RESERVED = ("<s>", "<pad>", "</s>", "<unk>")  # ids 0 to 3, in fairseq's order
MASK = published.MASK


def train_tokenizer(
    texts: Iterable[str],
    vocabulary_size: int,
    codes: Sequence[str],
    out_dir: Path | str,
    *,
    at_most: bool = False,
) -> Any:
    """Learn a vocabulary and save it as a genuine ``NllbTokenizer``; returns it as loaded again.

    ``vocabulary_size`` is exact (with ``at_most`` an upper bound): it counts the reserved tokens,
    the pieces, the language codes and ``<mask>``, in that order, as NLLB's own vocabulary has them.
    The same texts, in any order, give the same files. ``AutoTokenizer.from_pretrained(out_dir)``
    loads it. Raises ``UsageError``.
    """
    codes = list(dict.fromkeys(codes))
    # one more than sentencepiece's: it has no <pad>
    model = train_pieces(texts, vocabulary_size - 1 - len(codes) - 1, at_most=at_most)
    build_tokenizer(model, codes).save_pretrained(str(out_dir))
    tokenizer = load_tokenizer(out_dir)
    check_languages(tokenizer, codes)
    return tokenizer


def build_tokenizer(
    sentencepiece_model: bytes, codes: Sequence[str], order: Sequence[str] = ()
) -> Any:
    """The ``NllbTokenizer`` of a sentencepiece BPE model and language codes.

    Pieces keep sentencepiece's order after the reserved four; a merge's rank is the rank of the
    piece it makes, which is how sentencepiece applies them (the library's own extraction). The
    codes and ``<mask>`` follow, in ``order`` where it is given.
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
    for token in order or (*codes, MASK):
        vocabulary[token] = len(vocabulary)
    return NllbTokenizer(
        vocab=vocabulary,
        merges=merges,
        extra_special_tokens=list(codes),
        src_lang=codes[0],
        _spm_precompiled_charsmap=found["_spm_precompiled_charsmap"],
    )


def load_tokenizer(directory: Path | str) -> Any:
    """The tokenizer of a directory, checked, with the orthography that was saved beside it.

    A directory of an older layout, with a sentencepiece model and no ``tokenizer.json``, is built
    from that (``published``): the library would forget the language codes. Raises ``UsageError``
    where there is no tokenizer, where it has no vocabulary (the library then builds one of four
    tokens and says nothing), or where its codes are not the rows the model has for them.
    """
    from transformers import AutoTokenizer

    path = Path(directory)
    if not path.is_dir():
        raise UsageError(f"there is no model directory {path}")
    if (path / "tokenizer.json").exists():
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(path), local_files_only=True)
        except Exception as error:  # the library raises whatever its reader of the day raises
            raise UsageError(f"{path}: no tokenizer can be loaded: {_first_line(error)}") from error
    elif (path / published.SENTENCEPIECE).exists():
        tokenizer = build_tokenizer(*published.parts(path))
    else:
        raise UsageError(f"{path} has no tokenizer.json; name a directory with a saved tokenizer")
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise UsageError(f"{path}: the tokenizer is not of the NLLB kind; convert it first")
    if tokenizer.backend_tokenizer.get_vocab_size(with_added_tokens=False) <= len(RESERVED):
        raise UsageError(
            f"{path}: the tokenizer has only its reserved tokens and would map all text to "
            "<unk>; save it again with tokenizer.json"
        )
    published.check(tokenizer, path)
    if (path / orthography.NAME).exists():
        text = (path / orthography.NAME).read_text("utf-8")
        write_in(tokenizer, orthography.from_json(text))
    return tokenizer


def save_tokenizer(tokenizer: Any, directory: Path | str) -> None:
    """The library's files, and the orthography."""
    tokenizer.save_pretrained(str(directory))
    if (own := orthography_of(tokenizer)) is not None:
        write_atomically(Path(directory) / orthography.NAME, own.json() + "\n")


def write_in(tokenizer: Any, own: Orthography) -> Any:
    """The tokenizer, which from now on reads and writes text in this orthography."""
    tokenizer.orthography = own
    return tokenizer


def orthography_of(tokenizer: Any) -> Orthography | None:
    """What ``write_in`` set; None where nothing did, and text is read and written as it is."""
    own: Orthography | None = getattr(tokenizer, "orthography", None)
    return own


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
    rows = [[code, *row, end] for row in pieces(tokenizer, written(tokenizer, texts, language))]
    if max_length is not None:
        for text, row in zip(texts, rows, strict=True):
            if len(row) > max_length:
                raise UsageError(
                    f"a text has {len(row)} tokens where {max_length} fit: {text[:60]!r}…; split it"
                )
    return rows


def decode(tokenizer: Any, ids: Sequence[Sequence[int]], language: str) -> list[str]:
    """Text of each row of ids in ``language``; codes, ``</s>`` and padding are left out."""
    own, texts = orthography_of(tokenizer), text_of(tokenizer, ids)
    return texts if own is None else [orthography.decode(own, t, language) for t in texts]


def written(tokenizer: Any, texts: Sequence[str], language: str) -> list[str]:
    """Canonical texts in the tokenizer's orthography, which is what the model reads."""
    own = orthography_of(tokenizer)
    return list(texts) if own is None else [orthography.encode(own, t, language) for t in texts]


def pieces(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Ids of texts that are ``written`` already: no code, no end. Else ``encode`` is meant."""
    backend = tokenizer.backend_tokenizer
    # All of these are left as some earlier call of the library put them.
    backend.encode_special_tokens = True
    backend.no_truncation()
    backend.no_padding()
    plain = [" ".join(text.split()) for text in texts]
    rows = backend.encode_batch_fast(plain, add_special_tokens=False)
    return [list(row.ids) for row in rows]


def text_of(tokenizer: Any, ids: Sequence[Sequence[int]]) -> list[str]:
    """The inverse of ``pieces``, without special tokens and the space at the ends."""
    rows = [[int(token) for token in row] for row in ids]
    found: list[str] = tokenizer.backend_tokenizer.decode_batch(rows, skip_special_tokens=True)
    return [text.strip() for text in found]


def unknown(tokenizer: Any, texts: Sequence[str]) -> dict[str, int]:
    """Characters of the texts that the vocabulary cannot write, with their counts.

    Those that the tokenizer's orthography has another form for are not among them.
    """
    from collections import Counter

    counts = Counter(character for text in texts for character in text if not character.isspace())
    own = orthography_of(tokenizer) or Orthography()
    order = sorted(counts.keys() - own.mapped)
    return {
        character: counts[character]
        for character, row in zip(order, pieces(tokenizer, order), strict=True)
        if tokenizer.unk_token_id in row
    }


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
