"""Tokenizers as others have saved them: sentencepiece models, and whether ids are the model's rows.

Until transformers 4 a tokenizer's directory could have a sentencepiece model and the added tokens'
ids apart from it, or no ids at all: then the codes follow the pieces in fairseq's order. The
library of today reads neither and says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from korpu.errors import UsageError

SENTENCEPIECE = "sentencepiece.bpe.model"
MASK = "<mask>"
SPARE = 8  # rows a table may have more than its tokenizer has tokens; NLLB's has 2


def parts(directory: Path) -> tuple[bytes, list[str], list[str]]:
    """The sentencepiece model, the language codes, and all added tokens in the order of their ids.

    Codes and ids are those the directory's files state, or NLLB's 202 in fairseq's order. Raises
    ``UsageError`` for a tokenizer of another kind of model, or ids with gaps.
    """
    if (directory / "vocab.json").exists():
        raise UsageError(
            f"{directory} has the tokenizer of M2M100 (vocab.json), whose languages are not "
            "FLORES codes; use a model of the NLLB kind"
        )
    order = [*_named(directory), MASK]
    if ids := _ids(directory):
        order = sorted(ids, key=ids.__getitem__)
        if [ids[token] for token in order] != list(range(ids[order[0]], ids[order[0]] + len(ids))):
            raise UsageError(f"{directory}: the ids of its added tokens have gaps; save it again")
    codes = [token for token in order if token != MASK]
    return (directory / SENTENCEPIECE).read_bytes(), codes, order


def check(tokenizer: Any, directory: Path) -> None:
    """Are the tokenizer's ids rows of the model beside it, and those the files state?

    Raises ``UsageError`` naming the first token that is not.
    """
    for token, expected in _ids(directory).items():
        found = tokenizer.convert_tokens_to_ids(token)
        if found != expected:
            raise UsageError(
                f"{directory}: {token} is {expected} in its files and {found} in the tokenizer "
                "they give; save it again with tokenizer.json"
            )
    config = _json(directory / "config.json")
    if "vocab_size" not in config:
        return
    rows, own = int(config["vocab_size"]), max(tokenizer.get_vocab().values()) + 1
    built = not (directory / "tokenizer.json").exists()
    if own > rows or (built and own + SPARE < rows):
        raise UsageError(
            f"{directory}: the tokenizer has {own} tokens and the model {rows} rows; they do not "
            "belong together"
        )
    for name in ("pad", "eos", "bos"):
        there, wanted = getattr(tokenizer, f"{name}_token_id"), config.get(f"{name}_token_id")
        if wanted is not None and wanted != there:
            raise UsageError(
                f"{directory}: config.json has {name}_token_id {wanted} and the tokenizer {there}; "
                "they do not belong together"
            )


def _ids(directory: Path) -> dict[str, int]:
    """The ids of added tokens that the files state, without the reserved ones; may be empty."""
    found = {str(token): int(i) for token, i in _json(directory / "added_tokens.json").items()}
    stated = _json(directory / "tokenizer_config.json").get("added_tokens_decoder") or {}
    found |= {_content(token): int(i) for i, token in stated.items()}
    return {token: i for token, i in found.items() if i > 3}


def _named(directory: Path) -> list[str]:
    """The language codes that the files name in order, or NLLB's."""
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        for key in ("additional_special_tokens", "extra_special_tokens"):
            stated = _json(directory / name).get(key)
            if stated and isinstance(stated, list):
                return [code for token in stated if (code := _content(token)) != MASK]
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

    return list(FAIRSEQ_LANGUAGE_CODES)


def _content(token: str | Mapping[str, Any]) -> str:
    return str(token if isinstance(token, str) else token["content"])


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not JSON: {error}") from error
    return value if isinstance(value, dict) else {}
