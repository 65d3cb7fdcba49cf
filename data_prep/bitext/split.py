"""Train, dev and test: by publication date where there is one, else by document.

train < dev_from ≤ dev < test_from ≤ test. A document is on one side only, and so is a sentence:
what train and the others share is settled in favour of natural test documents, except that a
sentence train already holds on one side is not tested on.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime

import polars as pl

from korpu import schema
from korpu.errors import UsageError

SPLITS = ("train", "dev", "test")
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


def assign(candidates: pl.DataFrame, split: schema.Split, seed: int) -> pl.DataFrame:
    """Add the column ``split`` (null for the rejected) and the reasons this step gives.

    ``undated`` where those are rejected, ``held_out_pair`` for a pair of train that dev or test
    has, ``train_side`` for a pair of dev or test with a side that train has, ``test_side`` for a
    pair of dev with a side that test has.
    """
    documents = candidates.select("document", "published", "origin").unique().sort("document")
    chosen: dict[str, str] = {}
    for document, published, origin in documents.iter_rows():
        only = origin in split.train_only
        chosen[document] = "train" if only else of_document(document, published, split, seed)
    candidates = candidates.with_columns(
        split=pl.col("document").replace_strict(chosen, return_dtype=pl.String)
        if chosen
        else pl.lit(None, dtype=pl.String)
    )
    candidates = _because(candidates, "undated", pl.col("split") == "undated")
    held = _sides(candidates, ("dev", "test"), ["src_key", "tgt_key"])
    candidates = _because(
        candidates,
        "held_out_pair",
        (pl.col("split") == "train") & pl.struct("src_key", "tgt_key").is_in(held.implode()),
    )
    for of, reason, among in (("train", "train_side", ("dev", "test")),
                              ("test", "test_side", ("dev",))):  # fmt: skip
        src, tgt = (_sides(candidates, (of,), [side]) for side in ("src_key", "tgt_key"))
        shared = pl.col("src_key").is_in(src.implode()) | pl.col("tgt_key").is_in(tgt.implode())
        candidates = _because(candidates, reason, pl.col("split").is_in(among) & shared)
    return candidates.with_columns(split=pl.when(pl.col("reason").is_null()).then("split"))


def _because(candidates: pl.DataFrame, reason: str, broken: pl.Expr) -> pl.DataFrame:
    return candidates.with_columns(
        reason=pl.coalesce("reason", pl.when(broken).then(pl.lit(reason)))
    )


def _sides(candidates: pl.DataFrame, of: tuple[str, ...], names: list[str]) -> pl.Series:
    kept = candidates.filter(pl.col("reason").is_null() & pl.col("split").is_in(of))
    return kept.select(pl.struct(names) if len(names) > 1 else names[0]).to_series().unique()


def refuse_empty(candidates: pl.DataFrame, split: schema.Split) -> None:
    """Raise ``UsageError`` naming the first empty split and what would fill it."""
    counts = dict(candidates.group_by("split").len().iter_rows())
    empty = [name for name in SPLITS if not counts.get(name)]
    if not empty:
        return
    reasons = candidates["reason"].drop_nulls().value_counts(sort=True)
    lost = ", ".join(f"{count} {reason}" for reason, count in reasons.head(3).iter_rows())
    kept = candidates.filter(pl.col("reason").is_null())
    if kept.is_empty():
        raise UsageError(
            f"no pair is left: all {candidates.height} were rejected ({lost}); see "
            "rejected.parquet, and change prepare.split or prepare.filter, whichever gave the "
            "reason"
        )
    days = kept["published"].drop_nulls()
    if split.dev_from and len(days):
        why = (
            f"what is kept is dated {str(days.min())[:10]} to {str(days.max())[:10]}, dev begins "
            f"{split.dev_from} and test {split.test_from}"
        )
    else:
        why = (
            f"what is kept comes from {kept['document'].n_unique()} documents, with dev_share "
            f"{split.dev_share:g}, test_share {split.test_share:g}, undated={split.undated} and "
            f"train_only=[{', '.join(split.train_only)}]"
        )
    also = f"; rejected were {lost}" if lost else ""
    raise UsageError(
        f"no pair is left for {' and '.join(empty)}: {why}{also}; change prepare.split, or "
        "collect more"
    )
