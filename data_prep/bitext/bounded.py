"""Counters, sets and samples of a size that does not grow with what is counted.

What they hold at the end depends on the rows and their order, not on how the rows were cut into
frames.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_prep.bitext.summary import Pair

SHOWN = 4  # pairs of each reason, band and benchmark
LIMIT = 10_000  # keys of a counter
CUT = 600  # characters of a side in a sample
EXACT = 1 << 20  # different keys that are counted one by one; more are estimated from the lowest
PENDING = 1 << 16  # keys that wait to be sorted in
SIDES = ("src", "tgt")
SAMPLED = (
    "id", "src_lang", "tgt_lang", *SIDES, "score", "origin", "section", "published", "src_url",
    "tgt_url", "hit",
)  # fmt: skip
K = TypeVar("K", bound=Hashable)


def count(counts: dict[K, int], key: K, pairs: int, otherwise: K) -> None:
    """Add to a counter; a new key counts as ``otherwise`` where there are ``LIMIT`` already."""
    if key not in counts and len(counts) >= LIMIT:
        key = otherwise
    counts[key] = counts.get(key, 0) + pairs


class Distinct:
    """How many different 64-bit hashes there were, from the ``EXACT`` lowest (8 bytes each).

    Up to ``EXACT`` it is their number. Beyond, the lowest k of n hashes that are spread evenly
    reach up to k/n of all there can be, which tells n within 0.1% (k minimum values: Bar-Yossef et
    al. 2002, "Counting distinct elements in a data stream", algorithm 2).
    """

    def __init__(self) -> None:
        self._known: NDArray[np.uint64] = np.zeros(0, dtype=np.uint64)
        self._new: list[NDArray[np.uint64]] = []
        self._waiting = 0

    @classmethod
    def of(cls, several: Iterable[Distinct]) -> Distinct:
        """All keys of several together."""
        found = cls()
        for one in several:
            one._settle()
            found.add(one._known)
        return found

    def add(self, keys: NDArray[np.uint64]) -> None:
        """Count keys; equal ones are one."""
        new = np.unique(keys)
        if len(self._known) >= EXACT:
            new = new[new < self._known[-1]]
        self._new.append(new)
        self._waiting += len(new)
        if self._waiting >= PENDING:
            self._settle()

    def _settle(self) -> None:
        if self._new:
            self._known = np.unique(np.concatenate([self._known, *self._new]))[:EXACT].copy()
            self._new, self._waiting = [], 0

    def __len__(self) -> int:
        self._settle()
        if len(self._known) < EXACT:
            return len(self._known)
        return round((EXACT - 1) / (float(self._known[-1]) + 1) * 2.0**64)


class Lowest:
    """The ``SHOWN`` pairs with the lowest ids of every kind: ids are hashes, so as good as drawn.

    There are as many kinds as reasons, benchmarks and fine bins of a score.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[Pair]] = {}

    def add(self, kind: str, rows: pl.DataFrame, names: pl.Series) -> None:
        """``names`` says for every row which sample of this kind it belongs to."""
        order = (
            pl.DataFrame({"id": rows["id"], "name": names}).with_row_index("at").sort("id", "at")
        )
        first = order.group_by("name", maintain_order=True).head(SHOWN)
        shown = rows[first["at"].to_list()].select(SAMPLED).with_columns(map(_cut, SIDES))
        for name, row in zip(first["name"], shown.iter_rows(named=True), strict=True):
            score, day = row["score"], row["published"]
            row["score"] = None if score is None else round(score, 4)
            row["published"] = day and day[:10]
            found = self._found.setdefault((kind, name), [])
            found.append(Pair(**row))
            found.sort(key=lambda pair: pair.id)  # stable: of equal ids the first comes first
            del found[SHOWN:]

    def of(self, kind: str, *names: str) -> tuple[Pair, ...]:
        """The lowest of these names together."""
        found = [pair for name in names for pair in self._found.get((kind, name), [])]
        return tuple(sorted(found, key=lambda pair: pair.id)[:SHOWN])


def _cut(side: str) -> pl.Expr:
    text = pl.col(side)
    return pl.when(text.str.len_chars() > CUT).then(text.str.slice(0, CUT) + "…").otherwise(text)
