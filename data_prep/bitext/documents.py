"""Which articles report the same: by the sites' own links, else by date and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urldefrag

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data_prep.bitext import margin, ngram

SAMPLE = 4_096  # documents of the margin's neighbourhood
BLOCK = 256  # source documents compared at a time


@dataclass(frozen=True)
class Article:
    """What pairing needs of an article; ``day`` is a proleptic ordinal, None without a date."""

    id: str
    url: str
    day: int | None
    alternates: frozenset[str]
    sentences: Sequence[str]


@dataclass(frozen=True)
class Pair:
    """Articles ``src`` and ``tgt`` (positions); ``margin`` None where the sites say so."""

    src: int
    tgt: int
    margin: float | None


def address(url: str) -> str:
    """A URL as links are compared: without fragment, trailing slash and scheme."""
    return urldefrag(url).url.rstrip("/").partition("://")[2]


def day(published: str | None) -> int | None:
    """The ordinal of an ISO time's date."""
    return date.fromisoformat(published[:10]).toordinal() if published else None


def linked(src: Sequence[Article], tgt: Sequence[Article]) -> list[Pair]:
    """Pairs by hreflang: one side naming the other is enough, both doing so goes first.

    Each article is in one pair at most; between equals the closer date decides, then the id.
    """
    at = {address(article.url): number for number, article in enumerate(tgt)}
    back = {address(article.url): number for number, article in enumerate(src)}
    named: dict[tuple[int, int], int] = {}
    for i, article in enumerate(src):
        for j in {at[address(u)] for u in article.alternates if address(u) in at}:
            named[i, j] = named.get((i, j), 0) + 1
    for j, article in enumerate(tgt):
        for i in {back[address(u)] for u in article.alternates if address(u) in back}:
            named[i, j] = named.get((i, j), 0) + 1

    def rank(link: tuple[int, int]) -> tuple[int, int, str, str]:
        one, two = src[link[0]], tgt[link[1]]
        apart = 10**6 if one.day is None or two.day is None else abs(one.day - two.day)
        return -named[link], apart, one.id, two.id

    pairs, taken_src, taken_tgt = [], set(), set()
    for i, j in sorted(named, key=rank):
        if i not in taken_src and j not in taken_tgt:
            taken_src.add(i)
            taken_tgt.add(j)
            pairs.append(Pair(i, j, None))
    return sorted(pairs, key=lambda pair: pair.src)


def vectors(articles: Sequence[Article], encoder: ngram.Encoder, side: str) -> sparse.csr_matrix:
    """A unit vector per article: the sum of its sentences', so that no single one rules."""
    blocks = []
    for start in range(0, len(articles), BLOCK):
        part = articles[start : start + BLOCK]
        sentences = [sentence for article in part for sentence in article.sentences]
        owners = np.repeat(np.arange(len(part)), [len(article.sentences) for article in part])
        ones = np.ones(len(sentences), dtype=np.float32)
        gather = sparse.csr_matrix(
            (ones, (owners, np.arange(len(sentences)))), shape=(len(part), len(sentences))
        )
        blocks.append(ngram.unit(gather @ ngram.encode(encoder, sentences, side)))
    return sparse.vstack(blocks, format="csr")


def by_margin(
    src: Sequence[Article],
    tgt: Sequence[Article],
    encoder: ngram.Encoder,
    done: Sequence[Pair],
    *,
    k: int,
    days: int,
    threshold: float,
) -> list[Pair]:
    """Pairs among the articles that ``done`` leaves: within ``days``, each other's best margin.

    An article without a date is compared with all. The neighbourhood is taken from articles of
    any date, linked ones too.
    """
    taken_src, taken_tgt = {pair.src for pair in done}, {pair.tgt for pair in done}
    left = [i for i in range(len(src)) if i not in taken_src]
    right = [j for j in range(len(tgt)) if j not in taken_tgt]
    if not left or not right:
        return []
    one, two = vectors(src, encoder, "src"), vectors(tgt, encoder, "tgt")
    src_in, tgt_in = sample([a.id for a in src], SAMPLE), sample([a.id for a in tgt], SAMPLE)
    known = len(src_in) == len(src), len(tgt_in) == len(tgt)
    near_src = margin.neighbourhood(one[left], two[tgt_in], k)
    near_tgt = margin.neighbourhood(two[right], one[src_in], k)
    left_days, right_days = _days([src[i] for i in left]), _days([tgt[j] for j in right])
    best_src: dict[int, tuple[float, int]] = {}
    best_tgt: dict[int, tuple[float, int]] = {}
    by_date = np.argsort(left_days, kind="stable")
    for start in range(0, len(left), BLOCK):
        rows = by_date[start : start + BLOCK]
        apart = np.abs(left_days[rows][:, None] - right_days[None, :])
        near = ~(apart > days)  # unknown dates (nan) compare false, so they stay
        columns = np.flatnonzero(near.any(axis=0))
        if not len(columns):
            continue
        cosines = (one[[left[r] for r in rows]] @ two[[right[c] for c in columns]].T).toarray()
        margins = margin.ratio(cosines, near_src[rows], near_tgt[columns], *known)
        margins[~near[:, columns]] = 0
        for r, c in zip(*np.nonzero(margins >= threshold), strict=True):
            i, j, value = left[rows[r]], right[columns[c]], float(margins[r, c])
            best_src[i] = max(best_src.get(i, (0.0, 0)), (value, -j))
            best_tgt[j] = max(best_tgt.get(j, (0.0, 0)), (value, -i))
    return [
        Pair(i, -j, value)
        for i, (value, j) in sorted(best_src.items())
        if best_tgt[-j] == (value, -i)
    ]


def _days(articles: Sequence[Article]) -> NDArray[np.float64]:
    return np.array([np.nan if a.day is None else a.day for a in articles], dtype=np.float64)


def sample(ids: Sequence[str], size: int) -> list[int]:
    """Positions of at most ``size`` ids, spread evenly over their sorted order (ids are hashes)."""
    order = sorted(range(len(ids)), key=lambda i: ids[i])
    step = max(1, -(-len(order) // size))
    return sorted(order[::step])
