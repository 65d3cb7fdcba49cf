"""The reference consumer: a bundle's formats as functions from text to text.

Only ``translation.json`` is asked; CTranslate2's formats load neither torch nor transformers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from korpu.errors import SaysNo, UsageError
from release.contract import orthography

# Lines of one direction (source, target), as FLORES codes, to as many lines.
Translate = Callable[[Sequence[str], tuple[str, str]], list[str]]
DEFAULT = "ct2-int8"


def choose(contract: Mapping[str, Any], wanted: str | None) -> str:
    """The format to load: the wanted one, or int8 where there is one and ctranslate2, else hf.

    Raises ``UsageError`` for a format that the bundle does not have.
    """
    formats = list(contract["formats"])
    if wanted is not None and wanted not in formats:
        raise UsageError(f"the bundle has no {wanted}: use backend={' or '.join(formats)}")
    if wanted is not None:
        return wanted
    import importlib.util

    return DEFAULT if DEFAULT in formats and importlib.util.find_spec("ctranslate2") else "hf"


def check_direction(contract: Mapping[str, Any], source: str, target: str) -> tuple[str, str]:
    """The direction as the model knows it: Cyrillic input is rewritten in Latin first.

    Raises ``UsageError`` naming the bundle's directions.
    """
    way = contract["input"]["accepts"].get(source, source), target
    known = [(d["source"], d["target"]) for d in contract["directions"]]
    if way not in known:
        names = ", ".join(f"from={a} to={b}" for a, b in known)
        raise UsageError(f"the bundle does not translate from={source} to={target}; it has {names}")
    return way


def load(bundle: Path, contract: Mapping[str, Any], form: str) -> Translate:
    """Load one format. Raises ``UsageError`` where its library is not installed."""
    if form == "hf":
        return _hf(bundle / form, contract)
    return _ct2(bundle / form, contract, form)


def _hf(folder: Path, contract: Mapping[str, Any]) -> Translate:
    from korpu.nllb import loading, tokens
    from korpu.schema import Decode

    settings = contract["decoding"]
    decode = Decode(
        beam=settings["beam"],
        length_penalty=settings["length_penalty"],
        max_new_tokens=settings["max_new_tokens"],
        no_repeat_ngram=settings["no_repeat_ngram"],
        batch_tokens=settings["batch_tokens"],
    )
    model = loading.load_model(folder)
    tokenizer = tokens.write_in(tokens.load_tokenizer(folder), orthography(contract))

    def run(texts: Sequence[str], way: tuple[str, str]) -> list[str]:
        from eval.decoding import translate

        lines = [" ".join(text.split()) for text in texts]
        return translate(model, tokenizer, lines, way, decode, settings["max_input_length"])

    return run


def _ct2(folder: Path, contract: Mapping[str, Any], form: str) -> Translate:
    try:
        import ctranslate2
    except ImportError:
        raise UsageError(
            f"backend={form} needs ctranslate2, which is not installed; install it with "
            "`pip install -e '.[export]'` or use backend=hf"
        ) from None
    from tokenizers import Tokenizer

    from data_prep.text.canonical import canonical
    from eval.pieces import pieces
    from korpu.nllb.orthography import decode, encode

    own = orthography(contract)
    languages, tokens, settings = contract["languages"], contract["tokens"], contract["decoding"]
    tokenizer: Any = Tokenizer.from_file(str(folder / contract["tokenizer"]["file"]))
    tokenizer.encode_special_tokens = True
    tokenizer.no_padding()
    tokenizer.no_truncation()
    try:
        translator = ctranslate2.Translator(
            str(folder),
            device="cpu",
            compute_type=contract["formats"][form]["compute_type"],
            inter_threads=1,
            intra_threads=int(os.environ.get("OMP_NUM_THREADS", "0") or 0),
        )
    except (RuntimeError, ValueError) as error:
        raise SaysNo(f"{folder} cannot be loaded: {error}") from error

    def source(text: str, code: str, language: str) -> list[str]:
        words = {"{source}": [code], "{text}": None}
        ids = tokenizer.encode(encode(own, text, language), add_special_tokens=False).ids
        words["{text}"] = [tokenizer.id_to_token(i) for i in ids]
        return [t for part in tokens["source_layout"] for t in words.get(part) or [part]]

    def run(texts: Sequence[str], way: tuple[str, str]) -> list[str]:
        code, prefix = (languages[side]["token"] for side in way)

        def measure(parts: Sequence[str]) -> list[int]:
            return [len(source(part, code, way[0])) for part in parts]

        limit = contract["input"]["max_tokens"]
        split = [
            [piece for paragraph in pieces(line, way[0], measure, limit) for piece in paragraph]
            for line in (canonical(text, way[0]) for text in texts)
        ]
        distinct = list(dict.fromkeys(piece for line in split for piece in line))
        results = translator.translate_batch(
            [source(piece, code, way[0]) for piece in distinct],
            target_prefix=[[prefix]] * len(distinct),
            beam_size=settings["beam"],
            length_penalty=settings["length_penalty"],
            no_repeat_ngram_size=settings["no_repeat_ngram"],
            max_input_length=settings["max_input_length"],
            max_decoding_length=settings["max_decoding_length"],
            max_batch_size=settings["batch_tokens"],
            batch_type="tokens",
        )
        strip = {prefix if token == "{target}" else token for token in tokens["strip"]}
        found = {}
        for piece, result in zip(distinct, results, strict=True):
            kept = [token for token in result.hypotheses[0] if token not in strip]
            text = tokenizer.decode([tokenizer.token_to_id(t) for t in kept])
            found[piece] = decode(own, " ".join(text.split()), way[1])
        return [" ".join(filter(None, (found[piece] for piece in line))) for line in split]

    return run
