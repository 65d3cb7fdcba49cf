"""Which tokens of a vocabulary some languages' text uses, with cover for any other word of theirs.

Why tokens map one to one between a vocabulary and the part of it that ``keep`` chooses: byte-pair
encoding applies the applicable merge of lowest rank. Where a text's token is ``p``, no merge
crossed the ends of ``p``, so the merges inside were those of ``p`` alone. If every piece made on
the way is kept (``derivation``), and a merge is kept when its parts and its result are, then the
full tokenizer's next merge is always there, and no other one is.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any, TypeVar

from korpu.errors import UsageError
from korpu.nllb import tokens

Item = TypeVar("Item")
SPACE = "▁"  # sentencepiece's mark of a word's beginning
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
ALPHABETS = {  # lower case; upper case is added, letters of foreign names are in
    "azj_Latn": _LATIN + "çəğıöşü" + "İ",
    "azj_Cyrl": _CYRILLIC + "ғәҝјөүһҹ",
    "uzn_Latn": _LATIN + "ʻʼ",
    "uzn_Cyrl": _CYRILLIC + "ўқғҳ",
    "eng_Latn": _LATIN,
    "rus_Cyrl": _CYRILLIC,
    "tur_Latn": _LATIN + "çğıöşüâîû" + "İ",
}


def keep(
    tokenizer: Any, texts: Iterable[str], languages: Sequence[str], *, least: int = 1
) -> list[int]:
    """The ids to keep, ascending: what the texts use, and what makes any other word encodable.

    Kept are: tokens and characters that occur ``least`` times; the reserved tokens, ``<mask>`` and
    the codes of ``languages``; single-character pieces that are Latin or Cyrillic letters, digits,
    punctuation and symbols; and all pieces that the merges to a kept piece go through. The order
    of the texts does not matter; they are read as they stand (give them in the tokenizer's own
    orthography). Raises ``UsageError`` for an unknown language or a ``least`` of 0.
    """
    if least < 1:
        raise UsageError(f"least={least}: a token is kept from 1 occurrence on; use 1 or more")
    if not languages:
        raise UsageError("no languages are named; a trimmed vocabulary needs one code at least")
    codes = [tokens.code_id(tokenizer, language) for language in languages]
    vocabulary, merges = bpe(tokenizer)
    used: Counter[int] = Counter()
    characters: Counter[str] = Counter()
    normalizer = tokenizer.backend_tokenizer.normalizer
    for batch in batches(texts, 1024):
        for row in tokens.pieces(tokenizer, batch):
            used.update(row)
        for text in batch:
            characters.update(normalizer.normalize_str(text) if normalizer else text)
    found = {token for token, count in used.items() if count >= least}
    seen = {character for character, count in characters.items() if count >= least}
    found |= {
        token
        for piece, token in vocabulary.items()
        if len(piece) == 1 and (piece in seen or _always(piece))
    }
    names = {token: piece for piece, token in vocabulary.items()}
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    for token in sorted(found & names.keys()):
        found.update(vocabulary[piece] for piece in derivation(names[token], ranks))
    reserved = [tokenizer.convert_tokens_to_ids(name) for name in (*tokens.RESERVED, tokens.MASK)]
    return sorted(found | set(codes) | set(reserved))


def derivation(piece: str, ranks: Mapping[tuple[str, str], int]) -> set[str]:
    """The pieces that byte-pair encoding goes through to write ``piece``, its characters included.

    ``ranks``: merge → rank. A piece that no merges reach gives what they do reach.
    """
    parts = list(piece)
    found = set(parts)
    while len(parts) > 1:
        candidates = [
            (ranks[pair], place) for place, pair in enumerate(pairwise(parts)) if pair in ranks
        ]
        if not candidates:
            break
        _, place = min(candidates)
        parts[place : place + 2] = ["".join(parts[place : place + 2])]
        found.add(parts[place])
    return found


def bpe(tokenizer: Any) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Piece → id, and the merges in order of rank."""
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    if model.get("type") != "BPE":
        raise UsageError(f"the tokenizer is {model.get('type')}, not BPE as NLLB's is")
    pairs = [m.split(" ") if isinstance(m, str) else m for m in model["merges"]]
    return model["vocab"], [(left, right) for left, right in pairs]


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def letters(language: str) -> str:
    """Both cases. A language without a row here has the letters its texts use."""
    lower = ALPHABETS.get(language, "")
    return lower + "".join(upper for c in lower if len(upper := c.upper()) == 1)


def _always(character: str) -> bool:
    """Is it a digit, punctuation, a symbol, or a letter of Latin or Cyrillic, with any accent?

    News in any language of these scripts has names of the others (Müller, Şimşek, Łódź, Ґалаґан),
    and all these letters are a few hundred rows.
    """
    return (
        character in SPACE + "0123456789"
        or unicodedata.category(character)[0] in "PS"
        or unicodedata.name(character, "").startswith(("LATIN ", "CYRILLIC ", "MODIFIER LETTER "))
    )
