"""Train, dev and test: by publication date where there is one, else by document.

train < dev_from ≤ dev < test_from ≤ test. A document is on one side only, and so is what is nearly
the same document, and a sentence: a document of train that is nearly one of dev or test goes, and
a sentence that train holds on one side is not tested on. A pair with a machine's side is for train
alone: it goes where its date says dev or test, and where one of them holds a side of it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_prep.bitext import buckets, reprints, shards
from data_prep.bitext.buckets import NARROW, Corpus, Part
from data_prep.bitext.dedupe import document_keys
from korpu import schema
from korpu.errors import UsageError

SPLITS = ("train", "dev", "test")
MACHINE = pl.col("synthetic_side").is_not_null()
UNDATED = ("reject", "train", "document")


def check(split: schema.Split) -> None:
    """Raise ``UsageError`` for settings that cannot be meant."""
    where = "prepare.split"
    if (split.dev_from is None) != (split.test_from is None):
        raise UsageError(f"{where}: give both dev_from and test_from, or neither")
    for name in ("dev_from", "test_from"):
        value = getattr(split, name)
        try:
            wrong = value is not None and date.fromisoformat(value).isoformat() != value
        except ValueError:
            wrong = True
        if wrong:
            raise UsageError(f"{where}.{name} is {value!r}; a date is written YYYY-MM-DD")
    if split.dev_from and split.test_from and split.dev_from >= split.test_from:
        raise UsageError(
            f"{where}.dev_from {split.dev_from} is not before test_from {split.test_from}"
        )
    if split.near_documents is not None and not 0 < split.near_documents <= 1:
        raise UsageError(
            f"{where}.near_documents is {split.near_documents}; it is in (0, 1], or null"
        )
    if split.undated not in UNDATED:
        raise UsageError(f"{where}.undated is {split.undated!r}; it is one of {', '.join(UNDATED)}")
    shares = split.dev_share, split.test_share
    if min(shares) < 0 or sum(shares) >= 1:
        raise UsageError(f"{where}: dev_share {shares[0]} + test_share {shares[1]} must be below 1")


def utc(published: str | None) -> str | None:
    """An ISO 8601 time in UTC to the second; a date alone stays as the start of its day."""
    if not published:
        return None
    try:
        moment = datetime.fromisoformat(published)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def of_document(document: str, published: str | None, split: schema.Split, seed: int) -> str:
    """The split of a document, or ``undated`` where such are rejected."""
    if published is not None and split.dev_from and split.test_from:
        day = published[:10]
        return "test" if day >= split.test_from else "dev" if day >= split.dev_from else "train"
    if published is None and split.undated != "document":
        return "undated" if split.undated == "reject" else "train"
    digest = hashlib.sha256(f"{seed}\0{document}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share < split.test_share:
        return "test"
    return "dev" if share < split.test_share + split.dev_share else "train"


def names(rows: pl.DataFrame, split: schema.Split, seed: int) -> pl.Series:
    """The split of each row by its document and date alone; ``undated`` where that is rejected."""
    asked = rows.select("document", "published", "origin", machine=MACHINE)
    once = asked.with_row_index("row").group_by(*asked.columns).agg("row")
    found = [""] * rows.height
    for document, published, origin, machine, members in once.iter_rows():
        undated = published is None or not split.dev_from
        # a translation has a document's name of its own: its hash says nothing of the original's
        by_hash = undated and not (published is None and split.undated == "reject")
        only = origin in split.train_only or (machine and by_hash)
        name = "train" if only else of_document(document, published, split, seed)
        for row in members:
            found[row] = name
    return pl.Series("split", found, dtype=pl.String)


def _refused(rows: pl.DataFrame) -> pl.DataFrame:
    """With the reasons that ``split`` gives."""
    undated = pl.when(pl.col("split") == "undated").then(pl.lit("undated"))
    judged = MACHINE & pl.col("split").is_in(["dev", "test"])
    machine = pl.when(judged).then(pl.lit("synthetic"))
    return rows.with_columns(reason=pl.coalesce("reason", undated, machine))


@dataclass(frozen=True)
class Rules:
    """What the steps below need."""

    split: schema.Split
    seed: int


def read(known: Corpus, part: Part, rules: Rules, columns: Sequence[str] = NARROW) -> pl.DataFrame:
    """A part's rows with ``split``: null for the rejected, among them now the undated."""
    return divided(buckets.read(known, part, columns), rules)


def divided(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """With the column ``split``, as far as it is known."""
    said = rows["split_said"] if "split_said" in rows.columns else None
    own = names(rows, rules.split, rules.seed)
    rows = rows.with_columns(own)
    if said is not None:
        rows = rows.with_columns(split=pl.coalesce(said, "split")).drop("split_said")
    rows = _refused(rows)
    return rows.with_columns(split=pl.when(pl.col("reason").is_null()).then("split"))


def assign(
    known: Corpus, rules: Rules, work: Path, crew: shards.Crew, *, shared_sides: bool
) -> Corpus:
    """The corpus after what the split rejects.

    ``synthetic`` for a machine's pair that dev or test would hold. ``near document`` for the pairs
    of a document of train that is nearly one of dev or test, or of dev and nearly one of test.
    With ``shared_sides``: ``train_side`` for a pair of dev or test with a side that train has,
    ``test_side`` for a pair of dev with a side that test has, and ``synthetic`` for a machine's
    with a side that either has.
    """
    step = buckets.Step("documents", _emit_documents, _none, rules, reprints.columns(NARROW))
    tables = reprints.settle(step, known, rules.split.near_documents, work, crew)
    known = replace(known, documents=(*known.documents, *tables))
    if shared_sides:
        step = buckets.Step("shared_sides", _emit_sides, _judge_sides, rules, each=2)
        known = buckets.run(step, known, work, crew)
    return known


def _emit_documents(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    own = names(rows, rules.split, rules.seed)
    machine = MACHINE & own.is_in(["dev", "test"])
    reason = pl.coalesce("reason", pl.when(machine).then(pl.lit("synthetic")))
    return reprints.signed(rows.with_columns(own, reason=reason))


def _none(_rows: pl.DataFrame, _rules: Rules) -> pl.DataFrame:
    return pl.DataFrame(schema=buckets.VERDICT)


def _emit_sides(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    rows = divided(rows, rules).filter(pl.col("split").is_not_null())
    # by language: a sentence is the same in every pair of languages, on either side
    sides = [
        rows.select(
            "at",
            bucket=pl.Series(rows[f"{side}_key"].to_numpy() ^ _languages(rows[f"{side}_lang"])),
            order=pl.when(MACHINE)
            .then(pl.lit(LAST, pl.Int8))
            .otherwise(pl.col("split").replace_strict(ORDER, return_dtype=pl.Int8)),
        )
        for side in ("src", "tgt")
    ]
    return pl.concat(sides)


def _languages(codes: pl.Series) -> NDArray[np.uint64]:
    return np.array(document_keys(codes.to_list()), dtype=np.uint64)


ORDER = {"train": 0, "test": 1, "dev": 2}
LAST = 3  # a machine's, in train: it shares sides with train only


def _judge_sides(rows: pl.DataFrame, _rules: Rules) -> pl.DataFrame:
    rows = rows.with_columns(first=pl.col("order").min().over("bucket"))
    machine = pl.col("order") == LAST
    held = pl.col("order").is_in([ORDER["test"], ORDER["dev"]]).any().over("bucket")
    reason = (
        pl.when(machine)
        .then(pl.lit("synthetic"))
        .when(first=0)
        .then(pl.lit("train_side"))
        .otherwise(pl.lit("test_side"))
    )
    gone = pl.when(machine).then(held).otherwise(pl.col("order") > pl.col("first"))
    return rows.filter(gone).select("at", reason=reason)


def refuse_empty(
    kept: Mapping[str, int],
    reasons: Counter[str],
    days: tuple[str | None, str | None],
    documents: int,
    split: schema.Split,
) -> None:
    """Raise ``UsageError`` naming the first empty split and what would fill it.

    ``kept`` are pairs by split, ``reasons`` of the rejected, ``days`` the first and the last of
    what is kept, ``documents`` how many that is.
    """
    empty = [name for name in SPLITS if not kept.get(name)]
    if not empty:
        return
    lost = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common(3))
    if not sum(kept.values()):
        raise UsageError(
            f"no pair is left: all {reasons.total()} were rejected ({lost}); see "
            "rejected.parquet, and change prepare.split or prepare.filter, whichever gave the "
            "reason"
        )
    if split.dev_from and days[0] and days[1]:
        why = (
            f"what is kept is dated {days[0][:10]} to {days[1][:10]}, dev begins "
            f"{split.dev_from} and test {split.test_from}"
        )
    else:
        why = (
            f"what is kept comes from {documents} documents, with dev_share {split.dev_share:g}, "
            f"test_share {split.test_share:g}, undated={split.undated} and "
            f"train_only=[{', '.join(split.train_only)}]"
        )
    also = f"; rejected were {lost}" if lost else ""
    raise UsageError(
        f"no pair is left for {' and '.join(empty)}: {why}{also}; change prepare.split, or "
        "collect more"
    )
