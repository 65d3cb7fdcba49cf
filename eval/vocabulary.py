"""How often training had the words of a test set's sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from eval.metrics import canonical
from eval.testset import TestSide
from korpu.artifact import Artifact
from korpu.languages import direction

RARE = 2  # times in training or fewer
BATCH = 50_000  # rows read at once: memory does not grow with the corpus
WORD = r"[\p{L}\p{M}]+"  # ʻ and ʼ are letters; numbers are no vocabulary


def words(texts: Sequence[str], language: str) -> list[list[str]]:
    """The words of each text, in small letters of its language."""
    return _words(pl.Series(texts, dtype=pl.String), language).to_list()


def counted(prepared: Artifact, sides: Iterable[TestSide]) -> dict[str, dict[str, int]]:
    """Source language → word → times in the training split, of the test sets' source words.

    Both sides of a pair count, also what a machine translated: the model has seen it.
    """
    from data_prep.bitext import folders

    sides = list(sides)
    sought: dict[str, set[str]] = {}
    for side in sides:
        language = direction(side.direction)[0]
        sources = canonical([segment.src for segment in side.segments], language)
        sought.setdefault(language, set()).update(
            word for found in words(sources, language) for word in found
        )
    found: dict[str, Counter[str]] = {language: Counter() for language in sought}
    for path in folders.files(prepared, "train", [side.direction for side in sides]):
        _count(path, sought, found)
    return {language: dict(counts) for language, counts in found.items()}


def _count(path: Path, sought: dict[str, set[str]], found: dict[str, Counter[str]]) -> None:
    wanted = {language: pl.Series(sorted(sought[language]), dtype=pl.String) for language in sought}
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH, columns=["src_lang", "tgt_lang", "src", "tgt"]):
            rows = pl.DataFrame(batch)
            for language, known in wanted.items():
                for name in ("src", "tgt"):
                    texts = rows.filter(pl.col(f"{name}_lang") == language)[name]
                    met = _words(texts, language).explode()
                    counts = met.filter(met.is_in(known.implode())).value_counts()
                    found[language].update(dict(counts.iter_rows()))


def _words(texts: pl.Series, language: str) -> pl.Series:
    if language.startswith(("azj", "tur")):  # I is the capital of ı there
        texts = texts.str.replace_many(["I", "İ"], ["ı", "i"])
    return texts.str.to_lowercase().str.extract_all(WORD)
