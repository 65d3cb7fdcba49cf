"""A service that has never heard of the project that made the bundle.

    python ctranslate2_service.py BUNDLE SOURCE TARGET [FORMAT] < lines > translations

It needs `ctranslate2` and `tokenizers`, and reads all else from translation.json. SOURCE and TARGET
are FLORES codes such as azj_Latn; FORMAT is a folder of the bundle (ct2-int8). Lines are expected
in the orthography that translation.json describes under input.normaliser.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctranslate2
from tokenizers import Tokenizer


def load(
    bundle: Path, source: str, target: str, form: str = "ct2-int8"
) -> Callable[[list[str]], list[str]]:
    """A function from sentences to their translations. Raises ValueError for another direction."""
    contract = json.loads((bundle / "translation.json").read_text("utf-8"))
    if {"source": source, "target": target} not in contract["directions"]:
        raise ValueError(f"the bundle does not translate {source} to {target}")
    decoding, tokens = contract["decoding"], contract["tokens"]
    language = {code: entry["token"] for code, entry in contract["languages"].items()}
    tokenizer: Any = Tokenizer.from_file(str(bundle / form / contract["tokenizer"]["file"]))
    tokenizer.encode_special_tokens = contract["tokenizer"]["encode_special_tokens"]
    translator = ctranslate2.Translator(
        str(bundle / form), compute_type=contract["formats"][form]["compute_type"]
    )

    def encoded(text: str) -> list[str]:
        text = written(contract["orthography"], " ".join(text.split()), source)
        pieces = tokenizer.encode(text, add_special_tokens=False).ids
        filled: list[str] = []
        for part in tokens["source_layout"]:
            if part == "{text}":
                filled += [tokenizer.id_to_token(piece) for piece in pieces]
            else:
                filled.append(language[source] if part == "{source}" else part)
        return filled

    def decoded(output: list[str]) -> str:
        strip = [language[target] if part == "{target}" else part for part in tokens["strip"]]
        kept = [tokenizer.token_to_id(token) for token in output if token not in strip]
        text = " ".join(tokenizer.decode(kept).split())
        return canonical(contract["orthography"], text, target)

    def translate(texts: list[str]) -> list[str]:
        rows = [encoded(text) for text in texts]
        for text, row in zip(texts, rows, strict=True):
            if len(row) > contract["input"]["max_tokens"]:
                raise ValueError(f"too long, split it into sentences: {text[:60]!r}")
        results: list[Any] = translator.translate_batch(
            rows,
            target_prefix=[[language[target]] for _ in rows],
            beam_size=decoding["beam"],
            length_penalty=decoding["length_penalty"],
            no_repeat_ngram_size=decoding["no_repeat_ngram"],
            max_input_length=decoding["max_input_length"],
            max_decoding_length=decoding["max_decoding_length"],
        )
        return [decoded(result.hypotheses[0]) for result in results]

    return translate


def place(before: str) -> str:
    """What stands before a mark decides how it is written."""
    if before and before in "oOgG":
        return "after_o_g"
    return "after_letter" if before.isalpha() else "elsewhere"


def written(rules: dict[str, Any], text: str, code: str) -> str:
    """Canonical text in the characters that the model's vocabulary has."""
    marks = rules["marks"].get(code, {})
    spots = enumerate(text)
    text = "".join(marks.get(place(text[i - 1 : i]), {}).get(c, c) for i, c in spots)
    for sign, form in rules["signs"].items():
        text = text.replace(sign, form)
    return text


def canonical(rules: dict[str, Any], text: str, code: str) -> str:
    """What the model wrote, in canonical characters; read from left to right."""
    for sign, pattern in rules["back"].items():
        text = re.sub(pattern, sign, text)
    marks = rules["marks"].get(code, {})
    back = {where: {form: mark for mark, form in row.items()} for where, row in marks.items()}
    read = ""
    for c in text:
        read += back.get(place(read[-1:]), {}).get(c, c)
    return read


def main(words: list[str]) -> None:
    bundle, source, target, *form = words
    translate = load(Path(bundle), source, target, *form)
    for line in sys.stdin:
        # A service would split with its own sentence splitter; this shows that it must.
        sentences = re.split(r"(?<=[.!?…])\s+(?=[^\W\d_a-z])", line.strip())
        print(" ".join(translate([s for s in sentences if s])), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
