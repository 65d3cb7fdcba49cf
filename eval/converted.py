"""The model that evaluation decodes with CTranslate2, converted once and kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from korpu.artifact import digest, fsync_tree
from korpu.nllb import ctranslate, merging
from korpu.schema import Decode

STORED = "float32"  # weights are rounded to the compute type when they are loaded


def converted(
    folder: Path, model_identity: Any, load: Callable[[], tuple[Any, Any]], decode: Decode
) -> Path:
    """A CTranslate2 model's directory; ``load`` gives (model, tokenizer) where it is not there.

    An adapter is merged first. A conversion is complete or absent.
    """
    import ctranslate2

    name = digest([model_identity, STORED, ctranslate2.__version__])[:16]
    directory = folder / name
    if directory.exists():
        return directory
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / f"{name}.{os.getpid()}.tmp"
    shutil.rmtree(half, ignore_errors=True)
    try:
        model, tokenizer = load()
        merging.save(merging.merge(model), tokenizer, half / "hf", decode)
        ctranslate.convert(half / "hf", half / "ct2", STORED)
        fsync_tree(half / "ct2")
        try:
            (half / "ct2").rename(directory)
        except OSError:
            if not directory.exists():  # another process was first
                raise
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return directory
