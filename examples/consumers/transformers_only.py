"""The same with `transformers` and `torch` alone.

    python transformers_only.py BUNDLE SOURCE TARGET < lines > translations

Reads the bundle's hf/ folder and translation.json. SOURCE and TARGET are FLORES codes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, M2M100ForConditionalGeneration


def load(bundle: Path, source: str, target: str) -> Callable[[list[str]], list[str]]:
    """A function from sentences to their translations. Raises ValueError for another direction."""
    contract = json.loads((bundle / "translation.json").read_text("utf-8"))
    if {"source": source, "target": target} not in contract["directions"]:
        raise ValueError(f"the bundle does not translate {source} to {target}")
    model = M2M100ForConditionalGeneration.from_pretrained(bundle / "hf").eval()
    tokenizer = AutoTokenizer.from_pretrained(bundle / "hf").backend_tokenizer
    tokenizer.encode_special_tokens = contract["tokenizer"]["encode_special_tokens"]
    tokens, decoding = contract["tokens"], contract["decoding"]
    language = {code: entry["token"] for code, entry in contract["languages"].items()}
    pad = tokenizer.token_to_id(tokens["pad"])
    beam = {}
    if decoding["beam"] > 1:
        beam = {key: decoding[key] for key in ("early_stopping", "length_penalty")}

    def encoded(text: str) -> list[int]:
        text = written(contract["orthography"], " ".join(text.split()), source)
        pieces = tokenizer.encode(text, add_special_tokens=False).ids
        filled: list[int] = []
        for part in tokens["source_layout"]:
            name = language[source] if part == "{source}" else part
            filled += pieces if part == "{text}" else [tokenizer.token_to_id(name)]
        return filled

    def translate(texts: list[str]) -> list[str]:
        rows = [encoded(text) for text in texts]
        longest = max(map(len, rows), default=0)
        if longest > contract["input"]["max_tokens"]:
            raise ValueError(f"{longest} tokens are too many, split the text into sentences")
        if not rows:
            return []
        ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
        with torch.inference_mode():
            output = model.generate(
                input_ids=ids,
                attention_mask=(ids != pad).long(),
                forced_bos_token_id=tokenizer.token_to_id(language[target]),
                num_beams=decoding["beam"],
                max_new_tokens=decoding["max_new_tokens"],
                no_repeat_ngram_size=decoding["no_repeat_ngram"],
                do_sample=False,
                **beam,
            )
        strip = {tokenizer.token_to_id(language.get(t, t)) for t in (target, *tokens["strip"])}
        kept = [[token for token in row if token not in strip] for row in output.tolist()]
        texts = [" ".join(text.split()) for text in tokenizer.decode_batch(kept)]
        return [canonical(contract["orthography"], text, target) for text in texts]

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
    bundle, source, target = words
    translate = load(Path(bundle), source, target)
    for line in sys.stdin:
        # A service would split with its own sentence splitter; this shows that it must.
        sentences = re.split(r"(?<=[.!?…])\s+(?=[^\W\d_a-z])", line.strip())
        print(" ".join(translate([s for s in sentences if s])), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
