"""Vectors that were dear to compute, kept in a folder by the hash of their text.

Each file holds a few hundred vectors, and is complete or absent: a killed run computes again only
what it had not yet written, and any number of processes may read and write one folder. A damaged
file is as good as none. Memory: 16 bytes a kept sentence, and one file.
"""

from __future__ import annotations

import hashlib
import os
import socket
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_prep.bitext.vectors import Floats
from korpu.artifact import replace_durably

TOGETHER = 256  # texts computed and written at a time
_KEY = np.dtype([("text", "<u8"), ("file", "<u4"), ("row", "<u4")])
_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


class Kept:
    """A function from texts to vectors that asks its folder first.

    Vectors are rounded to 16 bits on their way in, and so are those just computed: one is told
    the same whether it was there or not.
    """

    def __init__(self, folder: Path, embed: Callable[[Sequence[str]], Floats]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.embed = folder, embed
        self.files: list[str] = []
        self.seen: set[str] = set()
        self.index: NDArray[np.void] = np.zeros(0, dtype=_KEY)

    def __call__(self, texts: Sequence[str]) -> Floats:
        """(len(texts), d)."""
        if not texts:
            return self.embed([])
        keys = np.array([_hash(text) for text in texts], dtype=np.uint64)
        distinct, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        if not self._known(distinct).all():
            self._scan()
        rows = self._read(distinct)
        # in the order of the texts, so that what is computed together was said together
        missing = sorted((int(first[at]), at) for at, row in enumerate(rows) if row is None)
        for start in range(0, len(missing), TOGETHER):
            some = missing[start : start + TOGETHER]
            vectors = self._compute(
                [texts[place] for place, _ in some], distinct[[at for _, at in some]]
            )
            for (_, at), vector in zip(some, vectors, strict=True):
                rows[at] = vector
        return np.stack([row for row in rows if row is not None])[inverse]

    def _known(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        return np.isin(keys, self.index["text"])

    def _scan(self) -> None:
        """Files that came since the last look."""
        names = sorted({entry.name for entry in os.scandir(self.folder)} - self.seen)
        found = [self.index]
        for name in names:
            if not name.endswith(".npz"):
                continue
            try:
                with np.load(self.folder / name, allow_pickle=False) as stored:
                    keys = stored["keys"]
            except _DAMAGED:
                continue
            rows = np.zeros(len(keys), dtype=_KEY)
            rows["text"], rows["file"], rows["row"] = keys, len(self.files), np.arange(len(keys))
            self.files.append(name)
            self.seen.add(name)
            found.append(rows)
        index = np.concatenate(found)
        self.index = index[np.unique(index["text"], return_index=True)[1]]

    def _read(self, distinct: NDArray[np.uint64]) -> list[Floats | None]:
        """The vector of every key, None where the folder has none."""
        rows: list[Floats | None] = [None] * len(distinct)
        there = np.flatnonzero(self._known(distinct))
        places = self.index[np.searchsorted(self.index["text"], distinct[there])]
        for file in np.unique(places["file"]):
            inside = np.flatnonzero(places["file"] == file)
            try:
                with np.load(self.folder / self.files[file], allow_pickle=False) as stored:
                    vectors = stored["vectors"].astype(np.float32)
                for at in inside:
                    rows[there[at]] = vectors[places["row"][at]]
            except (*_DAMAGED, IndexError):
                # gone or damaged since its keys were read: what it held is computed again
                self.index = self.index[self.index["file"] != file]
                self.seen.discard(self.files[file])
        return rows

    def _compute(self, texts: Sequence[str], keys: NDArray[np.uint64]) -> Floats:
        vectors = self.embed(texts).astype(np.float16)
        name = f"{hashlib.blake2b(keys.tobytes(), digest_size=12).hexdigest()}.npz"
        temporary = self.folder / f"{name}.{socket.gethostname()}.{os.getpid()}.tmp"
        with temporary.open("wb") as out:
            np.savez(out, allow_pickle=False, keys=keys, vectors=vectors)
            out.flush()
            os.fsync(out.fileno())
        replace_durably(temporary, self.folder / name)
        rounded: Floats = vectors.astype(np.float32)
        return rounded


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
