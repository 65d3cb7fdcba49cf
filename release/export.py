"""CTranslate2 exports of a merged model, each with the tokenizer file beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

from korpu.nllb import ctranslate

TOKENIZER = "tokenizer.json"


def format_of(export: str) -> str:
    """The bundle's folder of a type: ``ct2-int8``."""
    return f"ct2-{export}"


def require(exports: list[str]) -> None:
    """Raises ``UsageError`` naming the extra where CTranslate2 is not installed."""
    if exports:
        ctranslate.require(f"release.exports={','.join(exports)}", "set release.exports=[]")


def convert(hf: Path, directory: Path, export: str) -> None:
    """Write the CTranslate2 model of a saved M2M100 and its tokenizer to a new directory.

    ``export`` is the type of the stored weights (float32, int8). Same input, same bytes.
    """
    ctranslate.convert(hf, directory, export)
    shutil.copyfile(hf / TOKENIZER, directory / TOKENIZER)
