"""What every candidate pair goes through, wherever it comes from, one shard at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from data_prep.bitext import decontaminate, dedupe, filter
from data_prep.bitext.columns import CANDIDATE, pair_id
from korpu import schema

COMPUTED = ("id", "src_key", "tgt_key", "document_key", "benchmark", "hit")
JUDGED = ("src_lang", "tgt_lang", "src", "tgt", "trusted", "reason")  # what a filter may look at


def finish(
    rows: Iterable[Mapping[str, Any]], prepare: schema.Prepare, lines: decontaminate.Index
) -> pl.DataFrame:
    """Rows with text, languages, document and ``position`` → the columns of ``CANDIDATE``.

    Gives ids and keys, marks lines of benchmarks, and filters. A row may bring a reason of its
    own (its margin), or a ``benchmark`` and ``hit`` (its article holds a line of one). What is
    equal is looked at once, so that a million equal lines take no time.
    """
    taken = list(rows)
    given: dict[str, list[Any]] = {
        name: [row.get(name) for row in taken] for name in CANDIDATE if name not in COMPUTED
    }
    sides = list(zip(given["src"], given["tgt"], strict=True))
    langs = list(zip(given["src_lang"], given["tgt_lang"], strict=True))
    given["id"] = [
        pair_id(*lang, *side, row["document"], row["position"])
        for lang, side, row in zip(langs, sides, taken, strict=True)
    ]
    hits: list[decontaminate.Hit | None] = [None] * len(taken)
    for side in ("src", "tgt"):
        given[f"{side}_key"] = _keys(given[side], given[f"{side}_lang"])
        found = _found(lines, given[side])
        hits = [first or found.get(text) for first, text in zip(hits, given[side], strict=True)]
    given["document_key"] = dedupe.document_keys(given["document"])
    given["benchmark"] = [
        row.get("benchmark") or (hit.benchmark if hit else None)
        for row, hit in zip(taken, hits, strict=True)
    ]
    given["hit"] = [
        str(hit) if hit else row.get("hit") for row, hit in zip(taken, hits, strict=True)
    ]
    frame = pl.DataFrame({name: given[name] for name in CANDIDATE}, schema=CANDIDATE)
    return _filtered(frame, prepare.filter)


def _keys(texts: Sequence[str], languages: Sequence[str]) -> list[int]:
    known = {one: dedupe.key(*one) for one in set(zip(texts, languages, strict=True))}
    return [known[one] for one in zip(texts, languages, strict=True)]


def _found(lines: decontaminate.Index, texts: Sequence[str]) -> dict[str, decontaminate.Hit]:
    distinct = list(dict.fromkeys(texts))
    hits = zip(distinct, decontaminate.find(lines, distinct), strict=True)
    return {text: hit for text, hit in hits if hit}


def _filtered(frame: pl.DataFrame, rules: schema.Filter) -> pl.DataFrame:
    """The reasons of the distinct pairs, given to all that are equal."""
    if frame.select(JUDGED).n_unique() == frame.height:
        return filter.apply(frame, rules)
    groups = frame.select(JUDGED).with_row_index("row").group_by(JUDGED, maintain_order=True)
    rows = groups.agg("row")["row"]
    judged = filter.apply(frame[rows.list.first()], rules)
    reasons = pl.DataFrame({"row": rows, "reason": judged["reason"]}).explode("row")
    return frame.with_columns(reasons.sort("row")["reason"])
