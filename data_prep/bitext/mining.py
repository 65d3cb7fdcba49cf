"""From articles to candidate pairs: fit the encoder, learn a lexicon, pair, align.

The encoder learns from its own pairs: documents that are surely linked are aligned by characters
alone, a lexicon is learned from their best links, and the next round starts with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from data_prep.bitext import candidates, decontaminate, documents, lexicon, ngram
from data_prep.bitext.align import Document, Surroundings, align
from data_prep.bitext.documents import Article, Pair
from data_prep.bitext.split import utc
from korpu import log, schema
from korpu.artifact import replace_durably

SHARD = 32  # document pairs
FIT = 20_000  # sentences the frequencies are counted on
SAMPLE = 2_048  # sentences a side, the margin's neighbourhood
LEARN = 400  # document pairs a lexicon is learned from
ROUNDS = 2
SURE = 1.1  # margin, as a factor on the threshold, of links the lexicon is learned from


@dataclass(frozen=True)
class Mined:
    """The document pairs, and where the fitted encoder lies."""

    pairs: list[Pair]
    model: Path


def mine(src: Sequence[Article], tgt: Sequence[Article], align_: schema.Align, work: Path) -> Mined:
    """Pair the documents and fit the encoder; both are kept in ``work`` and read back."""
    model, table = work / "encoder.npz", work / "documents.parquet"
    if table.exists() and model.exists():
        rows = pl.read_parquet(table).iter_rows()
        return Mined([Pair(*row) for row in rows], model)
    links = documents.linked(src, tgt)
    encoder = ngram.fit(_spread([*src, *tgt], FIT))
    log.say(f"  documents: {len(links)} pairs by the sites' links")
    pairs = links
    for turn in range(ROUNDS + 1):
        settings = {"k": align_.neighbours, "days": align_.days}
        found = documents.by_margin(
            src, tgt, encoder, links, threshold=align_.document_margin, **settings
        )
        pairs = sorted([*links, *found], key=lambda pair: pair.src)
        if turn < ROUNDS:
            encoder = _learn(src, tgt, pairs, encoder, align_)
    log.say(f"  documents: {len(pairs) - len(links)} pairs by margin")
    _save(surroundings(src, tgt, encoder, align_.neighbours), model)
    temporary = table.with_name(table.name + ".tmp")
    schema_ = {"src": pl.Int64, "tgt": pl.Int64, "margin": pl.Float64}
    rows_ = [(pair.src, pair.tgt, pair.margin) for pair in pairs]
    pl.DataFrame(rows_, schema=schema_, orient="row").write_parquet(temporary)
    replace_durably(temporary, table)
    return Mined(pairs, model)


def _spread(articles: Sequence[Article], size: int) -> list[str]:
    """At most about ``size`` sentences, of whole articles from all over the corpus."""
    total = sum(len(article.sentences) for article in articles)
    step = max(1, -(-total // size))
    order = sorted(articles, key=lambda article: article.id)[::step]
    return [sentence for article in order for sentence in article.sentences]


def _sampled(articles: Sequence[Article]) -> list[Article]:
    total = sum(len(article.sentences) for article in articles)
    step = max(1, -(-total // SAMPLE))
    return sorted(articles, key=lambda article: article.id)[::step]


def surroundings(
    src: Sequence[Article], tgt: Sequence[Article], encoder: ngram.Encoder, k: int
) -> Surroundings:
    """The encoder with a sample of whole articles' sentences per side."""
    src_sample, tgt_sample = (
        ngram.encode(encoder, [s for a in _sampled(side) for s in a.sentences], name)
        for side, name in ((src, "src"), (tgt, "tgt"))
    )
    return Surroundings(encoder, src_sample, tgt_sample, k)


def _learn(
    src: Sequence[Article],
    tgt: Sequence[Article],
    pairs: Sequence[Pair],
    encoder: ngram.Encoder,
    align_: schema.Align,
) -> ngram.Encoder:
    step = max(1, -(-len(pairs) // LEARN))
    some = [(src[pair.src], tgt[pair.tgt]) for pair in pairs[::step]]
    if not some:
        return encoder
    around = surroundings(src, tgt, encoder, align_.neighbours)
    known = tuple({a.id for a in _sampled(side)} for side in (src, tgt))
    both = [
        (Document(a.sentences, a.id in known[0]), Document(b.sentences, b.id in known[1]))
        for a, b in some
    ]
    left, right = [], []
    threshold = align_.sentence_margin * SURE
    for (a, b), links in zip(some, align(both, around, threshold, 1), strict=True):
        for link in links:
            if link.margin >= threshold:
                left.append(a.sentences[link.src[0]])
                right.append(b.sentences[link.tgt[0]])
    return lexicon.learn(encoder, left, right) if left else encoder


def _save(around: Surroundings, path: Path) -> None:
    matrices = {"src": around.src_sample, "tgt": around.tgt_sample}
    if around.encoder.lexicon is not None:
        matrices["lexicon"] = around.encoder.lexicon
    arrays: dict[str, Any] = {"k": np.array(around.k)}
    for name, matrix in matrices.items():
        arrays |= {f"{name}.{part}": getattr(matrix, part) for part in _PARTS}
    for name in ("characters", "anchors", "words"):
        arrays[name] = getattr(around.encoder, name)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as stream:
        np.savez(stream, **arrays)
        stream.flush()
        os.fsync(stream.fileno())
    replace_durably(temporary, path)


_PARTS = ("data", "indices", "indptr", "shape")


@lru_cache(maxsize=1)
def _load(path: Path) -> Surroundings:
    with np.load(path) as arrays:

        def matrix(name: str) -> sparse.csr_matrix:
            data, indices, indptr, shape = (arrays[f"{name}.{part}"] for part in _PARTS)
            return sparse.csr_matrix((data, indices, indptr), shape=tuple(shape))

        encoder = ngram.Encoder(
            arrays["characters"],
            arrays["anchors"],
            arrays["words"],
            matrix("lexicon") if "lexicon.data" in arrays else None,
        )
        return Surroundings(encoder, matrix("src"), matrix("tgt"), int(arrays["k"]))


@dataclass(frozen=True)
class Task:
    """A shard of document pairs: rows of articles, and whether each is in the sample."""

    model: Path
    pairs: list[tuple[dict[str, Any], dict[str, Any], bool, bool]]
    align: schema.Align
    rules: schema.Filter
    lines: decontaminate.Index


def tasks(
    src: Sequence[dict[str, Any]],
    tgt: Sequence[dict[str, Any]],
    articles: tuple[Sequence[Article], Sequence[Article]],
    mined: Mined,
    recipe: schema.Prepare,
    lines: decontaminate.Index,
) -> list[Task]:
    """The shards of the final alignment; ``src`` and ``tgt`` are the articles' rows."""
    known = tuple({a.id for a in _sampled(side)} for side in articles)
    rows = [
        (src[p.src], tgt[p.tgt], src[p.src]["id"] in known[0], tgt[p.tgt]["id"] in known[1])
        for p in mined.pairs
    ]
    return [
        Task(mined.model, rows[start : start + SHARD], recipe.align, recipe.filter, lines)
        for start in range(0, len(rows), SHARD)
    ]


def finish(task: Task) -> pl.DataFrame:
    """Align a shard's document pairs; its candidates, filtered, as ``CANDIDATE`` columns."""
    both = [
        (Document(a["sentences"], seen_a), Document(b["sentences"], seen_b))
        for a, b, seen_a, seen_b in task.pairs
    ]
    links = align(both, _load(task.model), task.align.sentence_margin, task.align.max_merge)
    rows = (
        row
        for (a, b, _, _), found in zip(task.pairs, links, strict=True)
        for row in _rows(a, b, found, task.align.sentence_margin)
    )
    return candidates.finish(rows, task.rules, task.lines)


def _rows(
    a: dict[str, Any], b: dict[str, Any], links: Sequence[Any], threshold: float
) -> Iterator[dict[str, Any]]:
    dates = utc(a["published"]), utc(b["published"])
    shared = {
        "src_lang": a["language"],
        "tgt_lang": b["language"],
        "origin": _joined(a["site"], b["site"], "+"),
        "section": a["section"],
        "src_url": a["url"],
        "tgt_url": b["url"],
        # the later of the two; with one unknown, the later one is unknown
        "published": max(dates) if all(dates) else None,  # type: ignore[type-var]
        "document": f"{a['id']}-{b['id']}",
        "licence": _joined(a["licence"], b["licence"], " AND "),
        "may_redistribute": a["may_redistribute"] and b["may_redistribute"],
        "benchmark": a["benchmark"] or b["benchmark"],
    }
    for position, link in enumerate(links):
        score = round(link.margin, 4)
        yield shared | {
            "src": " ".join(a["sentences"][slice(*link.src)]),
            "tgt": " ".join(b["sentences"][slice(*link.tgt)]),
            "score": score,
            "position": position,
            "reason": "margin" if score < threshold else None,
        }


def _joined(one: str, two: str, mark: str) -> str:
    return one if one == two else mark.join((one, two))
