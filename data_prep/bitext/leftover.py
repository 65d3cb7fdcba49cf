"""Sentences that no document link has used: what is left to pair without documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_prep.bitext import shards
from korpu import schema
from korpu.artifact import replace_durably

LEFT = {"language": pl.String, "row": pl.UInt32, "at": pl.UInt32, "key": pl.UInt64}
Sides: TypeAlias = tuple[pl.DataFrame, pl.DataFrame]
"""``shard``, ``row`` of an article in it and number ``at`` of every sentence, for each side."""


@dataclass(frozen=True)
class Task:
    """A sentence shard; and the keys (sorted, .npy) of what is linked already, by language."""

    shard: Path
    used: tuple[tuple[str, Path], ...]
    shortest: int
    longest: int


def find(
    cut: Sequence[Path],
    mined: Sequence[Path],
    codes: tuple[str, str],
    rules: schema.Filter,
    work: Path,
    crew: shards.Crew,
) -> Sides:
    """Of each side the first of every sentence that is left, in order."""
    work.mkdir(parents=True, exist_ok=True)
    used = []
    for code, column in zip(codes, ("src", "tgt"), strict=True):
        path = work / f"used-{column}.npy"
        write_array(_used(mined, column), path)
        used.append((code, path))
    todo = [Task(path, tuple(used), rules.min_characters, rules.max_characters) for path in cut]
    files = shards.build(todo, left, work / "left", crew=crew, what="sentences left")
    if not files:
        nothing = pl.DataFrame(schema={"shard": pl.UInt32, "row": pl.UInt32, "at": pl.UInt32})
        return nothing, nothing
    sides = []
    for code in codes:
        rows = pl.concat([
            pl.read_parquet(path).filter(language=code)
            .select(pl.lit(number, pl.UInt32).alias("shard"), "row", "at", "key")
            for number, path in enumerate(files)
        ])  # fmt: skip
        sides.append(rows.unique("key", keep="first", maintain_order=True).drop("key"))
    return sides[0], sides[1]


def _used(mined: Sequence[Path], column: str) -> NDArray[np.uint64]:
    """Keys of the sides of all links that were not too weak; filters come after, and are final."""
    parts = [
        pl.scan_parquet(path)
        .filter(pl.col("reason").is_null() | (pl.col("reason") != "margin"))
        .select(_key(column))
        .collect()
        .to_series()
        .to_numpy()
        for path in mined
    ]
    return np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *parts]))


def _key(column: str) -> pl.Expr:
    return pl.col(column).hash(seed=0)


def left(task: Task) -> pl.DataFrame:
    """``LEFT`` of a shard: sentences neither linked, alone or joined with a neighbour, nor of a
    length that the filters reject."""
    articles = pl.read_parquet(task.shard, columns=["language", "sentences", "problem"])
    lines = (
        articles.with_row_index("row")
        .filter(pl.col("problem").is_null())
        .with_columns(at=pl.int_ranges(pl.col("sentences").list.len(), dtype=pl.UInt32))
        .explode("sentences", "at", empty_as_null=False)
        .with_columns(joined=pl.col("sentences") + " " + pl.col("sentences").shift(-1).over("row"))
        .with_columns(_key("sentences").alias("key"), _key("joined").alias("with_next"))
    )
    size = pl.col("sentences").str.len_chars()
    parts = []
    for code, path in task.used:
        own = lines.filter(language=code)
        used = np.load(path, mmap_mode="r")
        alone, joined = (
            pl.Series(np.isin(own[name].to_numpy(), used)) for name in ("key", "with_next")
        )
        own = own.with_columns(alone=alone, joined=joined).with_columns(
            before=pl.col("joined").shift(1, fill_value=False).over("row")
        )
        parts.append(
            own.filter(
                ~(pl.col("alone") | pl.col("joined") | pl.col("before")),
                size.is_between(task.shortest, task.longest),
            ).select(*LEFT)
        )
    return pl.concat(parts).cast(LEFT)  # type: ignore[arg-type]


def write_array(array: NDArray[Any], path: Path) -> None:
    """An .npy file, whole or absent."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as out:
        np.save(out, array)
    replace_durably(temporary, path)
