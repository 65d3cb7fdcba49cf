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
        pieces = tokenizer.encode(" ".join(text.split()), add_special_tokens=False).ids
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
        return [" ".join(text.split()) for text in tokenizer.decode_batch(kept)]

    return translate


def main(words: list[str]) -> None:
    bundle, source, target = words
    translate = load(Path(bundle), source, target)
    for line in sys.stdin:
        # A service would split with its own sentence splitter; this shows that it must.
        sentences = re.split(r"(?<=[.!?…])\s+(?=[^\W\d_a-z])", line.strip())
        print(" ".join(translate([s for s in sentences if s])), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
