"""Translate with a bundle in a process that knows nothing of the project that made it.

    python -I -S parity_worker.py SITE_PACKAGES BUNDLE FORMAT[,FORMAT…] < request.json

Standard input: {"threads": 1, "items": [{"source", "target", "text"}, …]}; standard output:
{"formats": {FORMAT: {"translations": […], "device", "compute_type"}}, "versions": {…}}.
`-I -S` leaves out the working directory, PYTHONPATH and every .pth file; the site-packages folder
is then named by hand, and the project's own packages and the libraries a format must not need are
made impossible to import. Everything else comes from translation.json.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

Items = list[dict[str, str]]
Contract = dict[str, Any]

PROJECT = ("korpu", "data_prep", "eval", "train", "release", "examples")
NOT_NEEDED = {
    "hf": ("ctranslate2", "peft", "sentencepiece", "datasets"),
    "ct2": ("torch", "transformers", "peft", "sentencepiece", "datasets"),
}


def forbid(names: tuple[str, ...]) -> None:
    """Importing any of these packages raises ImportError from here on."""
    modules: dict[str, Any] = sys.modules
    for name in names:
        modules[name] = None


def text_only(tokenizer: Any) -> Any:
    """The tokenizer as translation.json describes it: no special token is read from text."""
    tokenizer.encode_special_tokens = True  # a literal "</s>" in the text stays text
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


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


def sources(contract: Contract, tokenizer: Any, items: Items) -> list[list[int]]:
    """Token ids of each item in the layout `[source language] tokens </s>`."""
    languages, end = contract["languages"], contract["tokens"]["end"]
    rows = []
    for item in items:
        text = written(contract["orthography"], " ".join(item["text"].split()), item["source"])
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        code = tokenizer.token_to_id(languages[item["source"]]["token"])
        rows.append([code, *ids, tokenizer.token_to_id(end)])
    return rows


def text_of(contract: Contract, tokenizer: Any, ids: list[int], item: dict[str, str]) -> str:
    text = " ".join(tokenizer.decode(ids, skip_special_tokens=True).split())
    return canonical(contract["orthography"], text, item["target"])


def with_ctranslate2(
    contract: Contract, bundle: Path, form: str, items: Items, threads: int
) -> tuple[list[str], str]:
    import ctranslate2
    from tokenizers import Tokenizer

    path = bundle / form / contract["tokenizer"]["file"]
    tokenizer = text_only(Tokenizer.from_file(str(path)))
    decoding = contract["decoding"]
    translator = ctranslate2.Translator(
        str(bundle / form),
        device="cpu",
        compute_type=contract["formats"][form]["compute_type"],
        inter_threads=1,
        intra_threads=threads,
    )
    rows = sources(contract, tokenizer, items)
    results = translator.translate_batch(
        [[tokenizer.id_to_token(i) for i in row] for row in rows],
        target_prefix=[[contract["languages"][item["target"]]["token"]] for item in items],
        beam_size=decoding["beam"],
        length_penalty=decoding["length_penalty"],
        no_repeat_ngram_size=decoding["no_repeat_ngram"],
        max_input_length=decoding["max_input_length"],
        max_decoding_length=decoding["max_decoding_length"],
        max_batch_size=decoding["batch_tokens"],
        batch_type="tokens",
    )
    translations = []
    for result, item in zip(results, items, strict=True):
        ids = [tokenizer.token_to_id(token) for token in result.hypotheses[0][1:]]
        translations.append(text_of(contract, tokenizer, ids, item))
    return translations, translator.compute_type


def with_transformers(
    contract: Contract, bundle: Path, form: str, items: Items, threads: int
) -> tuple[list[str], str]:
    import torch
    from transformers import AutoTokenizer, GenerationConfig, M2M100ForConditionalGeneration

    torch.set_num_threads(threads)
    model = M2M100ForConditionalGeneration.from_pretrained(
        str(bundle / form), dtype=torch.float32, local_files_only=True
    ).eval()
    loaded = AutoTokenizer.from_pretrained(str(bundle / form), local_files_only=True)
    tokenizer = text_only(loaded.backend_tokenizer)
    decoding, pad = contract["decoding"], tokenizer.token_to_id(contract["tokens"]["pad"])
    search: dict[str, Any] = {"num_beams": decoding["beam"], "do_sample": False}
    if decoding["beam"] > 1:
        search.update(early_stopping=True, length_penalty=decoding["length_penalty"])
    model.generation_config = GenerationConfig(
        decoder_start_token_id=tokenizer.token_to_id(contract["tokens"]["decoder_start"]),
        eos_token_id=tokenizer.token_to_id(contract["tokens"]["end"]),
        pad_token_id=pad,
    )
    rows = sources(contract, tokenizer, items)
    translations = [""] * len(items)
    order = sorted(range(len(items)), key=lambda i: (items[i]["target"], len(rows[i]), i))
    for start in range(0, len(order), 32):
        for target in sorted({items[i]["target"] for i in order[start : start + 32]}):
            batch = [i for i in order[start : start + 32] if items[i]["target"] == target]
            longest = max(len(rows[i]) for i in batch)
            ids = torch.tensor([rows[i] + [pad] * (longest - len(rows[i])) for i in batch])
            with torch.inference_mode():
                found = model.generate(
                    input_ids=ids,
                    attention_mask=(ids != pad).long(),
                    forced_bos_token_id=tokenizer.token_to_id(
                        contract["languages"][target]["token"]
                    ),
                    max_new_tokens=decoding["max_new_tokens"],
                    no_repeat_ngram_size=decoding["no_repeat_ngram"],
                    **search,
                )
            for i, row in zip(batch, found.tolist(), strict=True):
                translations[i] = text_of(contract, tokenizer, row, items[i])
    return translations, str(model.dtype).removeprefix("torch.")


def main(words: list[str]) -> None:
    site, bundle, formats = words[0], Path(words[1]), words[2].split(",")
    families = {form.partition("-")[0] for form in formats}
    forbid(PROJECT)
    for family in families:
        forbid(NOT_NEEDED[family])
    sys.path.extend(site.split(":"))
    request = json.load(sys.stdin)
    contract = json.loads((bundle / "translation.json").read_text("utf-8"))
    answer: dict[str, Any] = {"formats": {}, "versions": {}}
    for form in formats:
        translate = with_transformers if form == "hf" else with_ctranslate2
        translations, compute_type = translate(
            contract, bundle, form, request["items"], request["threads"]
        )
        answer["formats"][form] = {
            "translations": translations,
            "device": "cpu",
            "compute_type": compute_type,
        }
    for name in ("torch", "transformers", "tokenizers", "ctranslate2"):
        if sys.modules.get(name) is not None:
            answer["versions"][name] = getattr(sys.modules[name], "__version__", "?")
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
