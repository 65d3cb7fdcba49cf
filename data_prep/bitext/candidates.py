"""What every candidate pair goes through, wherever it comes from, one shard at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from data_prep.bitext import decontaminate, dedupe, filter
from data_prep.bitext.columns import CANDIDATE, pair_id
from korpu import schema


def finish(
    rows: Iterable[Mapping[str, Any]], rules: schema.Filter, lines: decontaminate.Index
) -> pl.DataFrame:
    """Rows with text, languages, document and ``position`` → the columns of ``CANDIDATE``.

    Gives ids and keys, marks lines of benchmarks, and filters. A row may bring a reason of its
    own (its margin), or a ``benchmark`` (its article holds a line of one).
    """
    finished = []
    for row in rows:
        src, tgt = row["src"], row["tgt"]
        langs = row["src_lang"], row["tgt_lang"]
        known = row.get("benchmark")
        finished.append(
            {name: row.get(name) for name in CANDIDATE}
            | {
                "id": pair_id(*langs, src, tgt, row["document"], row["position"]),
                "src_key": dedupe.key(src, langs[0]),
                "tgt_key": dedupe.key(tgt, langs[1]),
                "benchmark": known
                or decontaminate.found(lines, src)
                or decontaminate.found(lines, tgt),
            }
        )
    return filter.apply(pl.DataFrame(finished, schema=CANDIDATE), rules)
