"""Dense vectors of a neural encoder, centred: each side's mean is taken off, then unit length.

Sentence vectors of one language lie in a narrow cone; its axis says which language it is, and
little of what is said. Without it, similarities spread, and the margin has something to divide.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.bitext.encoders import cache as kept
from data_prep.bitext.encoders import e5, hub
from data_prep.bitext.vectors import Floats, Vectors
from korpu import schema

SAMPLE = 1024  # sentences of a side whose mean is taken, drawn at even distances

Embed = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True)
class Neural:
    """``embed`` of each side gives (n, d) unit rows; ``means`` of each side (d,)."""

    embed: dict[str, Embed]
    means: dict[str, Floats]
    codes: tuple[str, str]

    def encode(self, texts: Sequence[str], side: str) -> Vectors:
        """Centred unit rows (len(texts), d). ``side`` is ``src`` or ``tgt``."""
        return Vectors(dense=unit(self.embed[side](texts) - self.means[side]))


def fit(
    config: schema.Encoder,
    src: Sequence[str],
    tgt: Sequence[str],
    cache: Path | None,
    codes: tuple[str, str],
) -> Neural:
    """Means of samples of both sides."""
    embed = _embed(config, cache, codes)
    means = {}
    for side, texts in (("src", src), ("tgt", tgt)):
        vectors = embed[side](sample(texts))
        width = vectors.shape[1]
        means[side] = vectors.mean(axis=0) if len(vectors) else np.zeros(width, np.float32)
    return Neural(embed, means, codes)


def sample(texts: Sequence[str]) -> list[str]:
    """At most ``SAMPLE`` of the texts, at even distances."""
    if len(texts) <= SAMPLE:
        return list(texts)
    return [texts[int(at)] for at in np.linspace(0, len(texts) - 1, SAMPLE).round()]


def unit(rows: Floats) -> Floats:
    """Rows scaled to length 1; zero rows stay zero."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Floats = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return scaled


def arrays(neural: Neural) -> dict[str, Any]:
    """What ``restore`` needs."""
    return {**neural.means, "codes": np.array(neural.codes)}


def restore(config: schema.Encoder, stored: dict[str, Any], cache: Path | None) -> Neural:
    """KeyError where something is missing."""
    codes = (str(stored["codes"][0]), str(stored["codes"][1]))
    means = {side: stored[side] for side in ("src", "tgt")}
    return Neural(_embed(config, cache, codes), means, codes)


def _embed(config: schema.Encoder, cache: Path | None, codes: tuple[str, str]) -> dict[str, Embed]:
    sides = {}
    for side, code in zip(("src", "tgt"), codes, strict=True):
        embed: Embed = e5.model() if config.kind == "e5" else hub.model(config)(code)
        if cache is not None:
            embed = kept.Kept(cache / _name(config, code), embed)
        sides[side] = embed
    return sides


def _name(config: schema.Encoder, code: str) -> str:
    """Of a folder: other settings, other vectors. A directory's weights are in it by size."""
    said: list[Any] = [config.kind, code]
    if config.kind == "e5":
        said += [e5.version()]
    else:
        said += [config.hub_id, config.revision, config.path, config.pooling, config.prefix]
        said += [config.max_tokens]
        if config.path is not None:
            files = sorted(Path(config.path).iterdir())
            said += [(file.name, file.stat().st_size) for file in files if file.is_file()]
    return hashlib.blake2b(json.dumps(said).encode(), digest_size=8).hexdigest()
