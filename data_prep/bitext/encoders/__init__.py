"""Encoders: what turns sentences of two languages into vectors one may compare.

``ngram`` needs no weights; ``e5`` and ``hub`` are neural and stand beside ngram, with a share of
the similarity (``encoder.weight``; 1: alone). ``save`` leaves one file that holds all that was
fitted, so that other processes can ``load`` it.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from data_prep.bitext.encoders import fused, neural, ngram
from data_prep.bitext.vectors import Vectors
from korpu import schema
from korpu.artifact import replace_durably
from korpu.errors import Infrastructure, UsageError

CODES = ngram.CODES


class Encoder(Protocol):
    """Vectors of sentences; the dot product of two is their similarity, at most 1."""

    def encode(self, texts: Sequence[str], side: str) -> Vectors:
        """(len(texts), dimensions); ``side`` is ``src`` or ``tgt``."""
        ...

    def learn(self, src: Sequence[str], tgt: Sequence[str]) -> Encoder:
        """A new encoder, after parallel lists of sentences that it mined itself."""
        ...


def fit(
    config: schema.Encoder,
    src: Sequence[str],
    tgt: Sequence[str],
    cache: Path | None = None,
    codes: tuple[str, str] = CODES,
) -> Encoder:
    """An encoder fitted to samples of both sides, which need not be parallel.

    ``cache`` is a folder in which neural vectors are kept; ``codes`` are the FLORES codes of the
    two sides, for encoders that want to be told the language (SONAR). UsageError where the
    encoder is not there or its settings are wrong.
    """
    _check(config)
    plain = ngram.fit([*src, *tgt], codes) if config.kind == "ngram" or config.weight < 1 else None
    if config.kind == "ngram":
        assert plain is not None
        return plain
    return fused.Fused(plain, neural.fit(config, src, tgt, cache, codes), config.weight)


def save(encoder: Encoder, path: Path) -> None:
    """One .npz file, whole or absent; the same encoder gives the same bytes."""
    arrays: dict[str, Any] = {}
    if isinstance(encoder, ngram.Ngram):
        arrays |= {f"ngram.{name}": array for name, array in ngram.arrays(encoder).items()}
    elif isinstance(encoder, fused.Fused):
        if encoder.ngram is not None:
            arrays |= {f"ngram.{name}": a for name, a in ngram.arrays(encoder.ngram).items()}
        arrays |= {f"neural.{name}": a for name, a in neural.arrays(encoder.neural).items()}
    else:
        raise TypeError(f"no way to save a {type(encoder).__name__}")
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as out:
        np.savez(out, allow_pickle=False, **arrays)
        out.flush()
        os.fsync(out.fileno())
    replace_durably(temporary, path)


def load(config: schema.Encoder, path: Path, cache: Path | None = None) -> Encoder:
    """What ``save`` wrote under the same settings. Infrastructure where the file is damaged."""
    _check(config)
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        plain = _part(arrays, "ngram")
        learned = ngram.restore(plain) if plain else None
        if config.kind == "ngram":
            if learned is None:
                raise KeyError("ngram")
            return learned
        return fused.Fused(
            learned, neural.restore(config, _part(arrays, "neural"), cache), config.weight
        )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise Infrastructure(
            f"{path} does not hold the fitted {config.kind} encoder "
            f"({type(error).__name__}); delete it and run prepare again"
        ) from error


def _part(arrays: Mapping[str, Any], name: str) -> dict[str, Any]:
    start = f"{name}."
    return {key[len(start) :]: value for key, value in arrays.items() if key.startswith(start)}


def _check(config: schema.Encoder) -> None:
    if config.kind not in ("ngram", "e5", "hub"):
        raise UsageError(f"prepare.encoder.kind is {config.kind!r}; give ngram, e5 or hub")
    if config.kind != "ngram" and not 0 < config.weight <= 1:
        raise UsageError(
            f"prepare.encoder.weight is {config.weight}; give a share above 0 and at most 1"
        )
