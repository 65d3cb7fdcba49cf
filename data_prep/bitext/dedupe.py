"""The same pair once: equal after folding, nearly equal, or furniture of many pages.

Of pairs that have a side in common (``side=either``) or both (``side=both``) the best one stays:
people's before a machine's, trusted before others, then without a score (a person aligned it)
before mined ones, then the better score, then the lower id. A pair is a near duplicate where a
better one of the corpus is similar and holds the same numbers: two weather reports that differ in a
figure are two reports.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_prep.bitext import minhash
from data_prep.bitext.buckets import NARROW, VERDICT, Step
from data_prep.text.normalize import casefold, fold
from korpu import schema

BANDS, ROWS = (
    8,
    8,
)  # of the signature: pairs of similarity .85 meet with probability .93, .6 with .13
LEADERS = 8  # of one band's key: each is compared with at most so many better ones


class _Plain(dict[int, str]):
    """Letters and digits stay, apostrophes go, everything else is a space."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kept = "" if character in "ʻʼ‘’'`" else character if character.isalnum() else " "
        self[code] = kept
        return kept


_PLAIN = _Plain()
_DIGITS = re.compile(r"\d+")
SALT = {"src": np.uint64(0), "tgt": np.uint64(0x9E3779B97F4A7C15)}


def key(text: str, language: str) -> int:
    """64 bits of the text as its letters and digits alone, in lower case, words apart.

    Text without any is its own key. 5 million texts collide by chance once in a million corpora.
    """
    words = " ".join(casefold(text, language).translate(_PLAIN).split()) or text
    return _hash(words)


def document_keys(names: Iterable[str]) -> list[int]:
    """64 bits of each document's name."""
    known: dict[str, int] = {}
    return [known[name] if name in known else known.setdefault(name, _hash(name)) for name in names]


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def steps(prepare: schema.Prepare) -> list[Step]:
    """Boilerplate, exact duplicates, near duplicates, as the recipe asks for them."""
    found = []
    if most := prepare.filter.boilerplate:
        found.append(Step("boilerplate", _emit_lines, _judge_lines, most, (*NARROW, "src_url"), 2))
    by = ("both",) if prepare.dedupe.side == "both" else ("src", "tgt")
    found += [Step(f"duplicates_{side}", _emit_equal, _judge_equal, side) for side in by]
    if prepare.dedupe.near is not None:
        columns = (*NARROW, "src", "tgt")
        each = BANDS * len(by)
        found.append(Step("near", _emit_near, _judge_near, prepare.dedupe, columns, each))
    return found


def ranked(rows: pl.DataFrame) -> pl.DataFrame:
    """With ``machine``, ``doubt``, ``worse``, ``place``: sorted by them, the best comes first."""
    return rows.with_columns(
        machine=pl.col("synthetic_side").is_not_null(),
        doubt=~pl.col("trusted").fill_null(False),
        worse=-pl.col("score").fill_null(float("inf")),
        # ids are hashes in hexadecimal: their first half decides as well as all of it
        place=pl.col("id").str.slice(0, 15).str.to_integer(base=16),
    )


RANK = ("machine", "doubt", "worse", "place", "at")


def keys(rows: pl.DataFrame, side: str) -> pl.Series:
    """A side's key (``src``, ``tgt``, ``both``), another for every pair of languages: pairs of
    different ones are never equal."""
    if side == "both":
        mixed = (_mixed(keys(rows, "src")) + keys(rows, "tgt").to_numpy()) * SALT["tgt"]
        return pl.Series(mixed)
    return pl.Series(rows[f"{side}_key"].to_numpy() ^ _pairs(rows))


def _mixed(numbers: pl.Series) -> NDArray[np.uint64]:
    wide = numbers.to_numpy() * SALT["tgt"]
    return wide ^ (wide >> np.uint64(29))


def _pairs(rows: pl.DataFrame) -> NDArray[np.uint64]:
    names = (rows["src_lang"] + "-" + rows["tgt_lang"]).to_list()
    return np.array(document_keys(names), dtype=np.uint64)


def _open(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("reason").is_null())


def _emit_lines(rows: pl.DataFrame, _most: int) -> pl.DataFrame:
    # lines of files are documents of their own, and an interface repeats itself: pages only
    rows = _open(rows).filter(pl.col("src_url").is_not_null() & ~pl.col("trusted").fill_null(False))
    sides = [
        rows.select(
            "at",
            document="document_key",
            bucket=pl.Series(keys(rows, side).to_numpy() ^ SALT[side]),
        )
        for side in ("src", "tgt")
    ]
    return pl.concat(sides)


def _judge_lines(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    often = pl.col("document").n_unique().over("bucket") > most
    return rows.filter(often).select("at", reason=pl.lit("boilerplate"))


def _emit_equal(rows: pl.DataFrame, side: str) -> pl.DataFrame:
    rows = _open(rows)
    rows = ranked(rows).select(*RANK, bucket=keys(rows, side))
    # the worse ones of a part are judged here: millions of equal lines never meet in one bucket
    return _worse(rows)


def _judge_equal(rows: pl.DataFrame, _side: str) -> pl.DataFrame:
    return _worse(rows.drop("reason")).drop_nulls("reason")


def _worse(rows: pl.DataFrame) -> pl.DataFrame:
    rows = rows.sort("bucket", *RANK)
    again = pl.col("bucket") == pl.col("bucket").shift(1)
    return rows.with_columns(reason=pl.when(again).then(pl.lit("duplicate")))


def _emit_near(rows: pl.DataFrame, dedupe: schema.Dedupe) -> pl.DataFrame:
    rows = ranked(_open(rows))
    sides = ("both",) if dedupe.side == "both" else ("src", "tgt")
    return pl.concat([_banded(rows, side) for side in sides])


def _banded(rows: pl.DataFrame, side: str) -> pl.DataFrame:
    texts = [fold(text) for text in rows["tgt" if side == "tgt" else "src"]]
    if side == "both":
        texts = [f"{one} {fold(two)}" for one, two in zip(texts, rows["tgt"], strict=True)]
    found = minhash.signatures(texts, folded=True)
    salt = (_pairs(rows) ^ SALT.get(side, np.uint64(0)))[:, None]
    met = minhash.bands(found, BANDS, ROWS) ^ salt
    packed = minhash.bits(found)
    again = np.repeat(np.arange(rows.height), BANDS)
    return rows.select(*RANK)[again].with_columns(
        bucket=pl.Series(met.reshape(-1)),
        low=pl.Series(packed[again, 0]),
        high=pl.Series(packed[again, 1]),
        numbers=pl.Series(numbers(texts)[again]),
    )


def numbers(texts: Sequence[str]) -> NDArray[np.uint64]:
    """64 bits of the numbers in each text, in their order."""
    found = ["\0".join(_DIGITS.findall(text)) for text in texts]
    return np.array(document_keys(found), dtype=np.uint64)


def _judge_near(rows: pl.DataFrame, dedupe: schema.Dedupe) -> pl.DataFrame:
    assert dedupe.near is not None
    # only keys that more than one row has; then every row against the best of its key, the
    # second best of those left, and so on
    rows = rows.filter(pl.len().over("bucket") > 1).sort("bucket", *RANK)
    if not rows.height:
        return pl.DataFrame(schema=VERDICT)
    near = followers(rows, dedupe.near)
    return rows.filter(pl.Series(near)).select("at", reason=pl.lit("near duplicate")).unique("at")


def followers(rows: pl.DataFrame, least: float) -> NDArray[np.bool_]:
    """Which rows are like a better one with the same ``bucket`` and ``numbers``.

    ``rows`` are sorted by bucket, the best of each first, with the columns of ``minhash.bits`` as
    ``low`` and ``high``. Compared with at most ``LEADERS`` of a bucket that are like none before.
    """
    keys = rows["bucket"].to_numpy()
    bits = np.stack([rows["low"].to_numpy(), rows["high"].to_numpy()], axis=1)
    digits = rows["numbers"].to_numpy()
    places = rows["at"].to_numpy()
    near = np.zeros(len(keys), dtype=bool)
    left = np.arange(len(keys))
    for _ in range(LEADERS):
        first = np.r_[True, keys[left][1:] != keys[left][:-1]] if len(left) else np.zeros(0, bool)
        leader = left[np.flatnonzero(first)[np.cumsum(first) - 1]] if len(left) else left
        alike = (
            (minhash.agreement(bits[left], bits[leader]) >= least)
            & (digits[left] == digits[leader])
            & (places[left] != places[leader])
        )
        near[left[alike]] = True
        left = left[~alike & ~first]
        if not len(left):
            break
    return near
