"""Lines of the test sets, found wherever they stand in the corpus.

Both sides and both scripts are compared after ``fold``. A short line must be the whole text; a
line of ``PHRASE`` words or more is found inside a longer text too, so that it does not matter how
either was cut into sentences. A document that holds one line goes entirely.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data_prep.benchmarks import TestSet
from data_prep.text.normalize import fold, normalize
from korpu.errors import SaysNo

PHRASE = 5


@dataclass(frozen=True)
class Index:
    """``whole``: folded line → benchmark; ``starts``: its first words → (all words, benchmark)."""

    whole: Mapping[str, str]
    starts: Mapping[tuple[str, ...], Sequence[tuple[tuple[str, ...], str]]]


def index(test_sets: Iterable[TestSet]) -> Index:
    """Every line of every benchmark, both sides."""
    whole: dict[str, str] = {}
    starts: dict[tuple[str, ...], list[tuple[tuple[str, ...], str]]] = {}
    for test_set in test_sets:
        for code, lines in ((test_set.src_lang, test_set.src), (test_set.tgt_lang, test_set.tgt)):
            for line in lines:
                folded = fold(normalize(line, code))
                words = tuple(folded.split())
                if not words or folded in whole:
                    continue
                whole[folded] = test_set.name
                if len(words) >= PHRASE:
                    starts.setdefault(words[:PHRASE], []).append((words, test_set.name))
    return Index(whole, starts)


def found(lines: Index, text: str) -> str | None:
    """The benchmark of the first line that ``text`` is or holds, or None."""
    folded = fold(text)
    if folded in lines.whole:
        return lines.whole[folded]
    words = tuple(folded.split())
    for at in range(len(words) - PHRASE + 1):
        for line, name in lines.starts.get(words[at : at + PHRASE], ()):
            if words[at : at + len(line)] == line:
                return name
    return None


def reject(candidates: pl.DataFrame) -> pl.DataFrame:
    """Give every pair of a document with a hit (column ``benchmark``) the reason for it."""
    hit = pl.col("benchmark").drop_nulls().sort().first().over("document")
    return candidates.with_columns(
        reason=pl.coalesce(
            "reason", pl.when(hit.is_not_null()).then(pl.lit("contaminated: ") + hit)
        )
    )


def check(paths: Iterable[Path], lines: Index) -> int:
    """Read the finished splits once more; returns the pairs looked at.

    Raises ``SaysNo`` naming split, benchmark and pair where a line of a benchmark is left.
    """
    seen = 0
    for path in paths:
        for identity, *sides in pl.read_parquet(path, columns=["id", "src", "tgt"]).iter_rows():
            seen += 1
            for side in sides:
                if name := found(lines, side):
                    raise SaysNo(
                        f"{path.name} overlaps the benchmark {name}: pair {identity} holds one of "
                        "its lines; nothing may be trained or judged on this corpus"
                    )
    return seen
