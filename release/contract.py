"""``translation.json``: all that a program must know to get the translations that were measured.

Its shape is ``release/translation.schema.json``. The bundle's own programs (parity, the reference
consumer, the examples) read this file and nothing of the recipe.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from korpu.bundle import intake
from korpu.errors import SaysNo, UsageError
from korpu.languages import direction, language
from korpu.schema import Recipe

SCHEMA = 2  # 2: orthography
NAME = "translation.json"
SCHEMA_FILE = Path(__file__).with_name("translation.schema.json")
JSON_BYTES = 8 << 20
FORMAT = re.compile(r"hf|ct2-[a-z0-9_]+")
SHOWN = ("copy", "base", "adapter")

# Raw text of the wild, for the test vectors that let another language re-implement the normaliser.
VECTORS = (
    ("uzn_Latn", "O‘zbekiston va Qoraqalpog`iston"),
    ("uzn_Latn", "ma'no, san’at, e'lon"),
    ("uzn_Latn", "\"Bunyodkor\" jamoasi  3:1 hisobida g'olib bo'ldi..."),
    ("azj_Latn", "«Qarabağ» klubu  2:0 hesabı ilə qalib gəldi..."),
    ("azj_Latn", "Temperatur −5 dərəcəyə düşüb -- külək güclənib"),
    ("uzn_Cyrl", "Ўзбекистон шаҳарлари"),
)


def contract(
    recipe: Recipe, tokenizer: Any, report: Mapping[str, Any], directions: list[str]
) -> dict[str, Any]:
    """The contract of a bundle as JSON; ``report`` is the evaluation's."""
    from korpu.artifact import environment
    from korpu.nllb.tokens import check_languages

    pairs = [direction(name) for name in directions]
    codes = list(dict.fromkeys(code for pair in pairs for code in pair))
    check_languages(tokenizer, codes)
    env, decode = environment(), recipe.decode
    wanted = ["torch", "transformers", "tokenizers"]
    wanted += ["ctranslate2"] if recipe.release.exports else []
    return {
        "schema": SCHEMA,
        "name": recipe.release.name,
        "version": recipe.release.version,
        "licence": recipe.release.licence,
        "directions": [{"source": source, "target": target} for source, target in pairs],
        "languages": {
            code: {"iso": language(code).iso, "name": language(code).name, "token": code}
            for code in codes
        },
        "input": _input(recipe),
        "orthography": _orthography(tokenizer, codes),
        "tokens": {
            "source_layout": ["{source}", "{text}", tokenizer.eos_token],
            "target_prefix": ["{target}"],
            "strip": ["{target}", tokenizer.eos_token, tokenizer.pad_token],
            "decoder_start": tokenizer.eos_token,
            "end": tokenizer.eos_token,
            "pad": tokenizer.pad_token,
            "unknown": tokenizer.unk_token,
        },
        "tokenizer": {
            "file": "tokenizer.json",
            "add_special_tokens": False,
            "encode_special_tokens": True,
        },
        "decoding": {
            "beam": decode.beam,
            "early_stopping": True,
            "length_penalty": decode.length_penalty,
            "no_repeat_ngram": decode.no_repeat_ngram,
            "max_new_tokens": decode.max_new_tokens,
            "max_input_length": recipe.model.max_length,
            "max_decoding_length": decode.max_new_tokens,
            "batch_tokens": decode.batch_tokens,
        },
        "formats": _formats(recipe.release.exports),
        "tested": {
            "python": env["python"],
            **{name: env["packages"][name] for name in wanted if name in env["packages"]},
        },
        "metrics": metrics(report),
    }


def _orthography(tokenizer: Any, codes: Iterable[str]) -> dict[str, Any]:
    """What the model reads and writes instead of canonical characters, spelled out by language."""
    from korpu.nllb.orthography import Orthography, back_of
    from korpu.nllb.tokens import orthography_of

    own = orthography_of(tokenizer) or Orthography()
    return {
        "marks": {code: own.marks_of(code) for code in codes},
        "signs": dict(own.signs),
        "back": {sign: back_of(form) for sign, form in own.signs.items()},
    }


def orthography(found: Mapping[str, Any]) -> Any:
    """The ``Orthography`` of a contract; raises ``UsageError`` for one that is none."""
    from korpu.nllb.orthography import SCHEMA, from_json

    parts = {name: found["orthography"].get(name) for name in ("marks", "signs")}
    return from_json(json.dumps({"schema": SCHEMA, **parts}))


def _input(recipe: Recipe) -> dict[str, Any]:
    from data_prep.text.canonical import canonical
    from data_prep.text.normalize import VERSION

    return {
        "normaliser": {
            "version": VERSION,
            "rules": "Unicode NFC; one space for white space; Uzbek oʻ gʻ with U+02BB and tutuq "
            "belgisi U+02BC; one form of quotation marks, dashes and ellipses; Uzbek Cyrillic is "
            "transliterated to the 1995 Latin alphabet first",
            "vectors": [
                {"language": code, "text": text, "normalised": canonical(text, code)}
                for code, text in VECTORS
            ],
        },
        "accepts": {"uzn_Cyrl": "uzn_Latn", "azj_Cyrl": "azj_Latn"},
        "sentence_splitting": "required",
        "max_tokens": min(recipe.model.max_length, recipe.decode.max_new_tokens),
    }


def _formats(exports: Iterable[str]) -> dict[str, Any]:
    formats: dict[str, Any] = {
        "hf": {
            "library": "transformers",
            "class": "M2M100ForConditionalGeneration",
            "weights": "float32",
            "compute_type": "float32",
        }
    }
    for export in exports:
        formats[f"ct2-{export}"] = {
            "library": "ctranslate2",
            "class": "Translator",
            "weights": export,
            "compute_type": export,
        }
    return formats


def metrics(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The report's scores with their signatures, of the copy baseline, the base and the model."""
    keys = ("benchmark", "direction", "system", "metric", "normalised", "value", "ci", "n")
    return [
        {key: row[key] for key in (*keys, "signature")}
        for row in report["scores"]
        if row["system"] in SHOWN
    ]


def load(bundle: Path) -> dict[str, Any]:
    """A bundle's contract; raises ``UsageError`` where it is missing or of another schema.

    Raises ``SaysNo`` where it is damaged, or names a file or folder that is not of a bundle.
    """
    path = bundle / NAME
    try:
        found: dict[str, Any] = intake.read_json(path, JSON_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{bundle} is no bundle: it has no {NAME}") from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise UsageError(f"{path} is of another schema than {SCHEMA}; use the korpu that made it")
    formats, tokenizer = found.get("formats"), found.get("tokenizer")
    if not isinstance(formats, dict) or not all(FORMAT.fullmatch(form) for form in formats):
        raise SaysNo(f"{path} names a format that no bundle has; do not use this bundle")
    if not isinstance(tokenizer, dict) or "/" in str(tokenizer.get("file")):
        raise SaysNo(f"{path} names a tokenizer outside of its format; do not use this bundle")
    intake.check_path(tokenizer.get("file"), path)
    return found
