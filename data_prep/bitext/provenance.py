"""What a pair of sentences has from the two articles it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_prep.bitext.split import utc


def of(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """Of two articles (rows of ``sentences.SENTENCES``) the columns that their pairs share."""
    dates = utc(a["published"]), utc(b["published"])
    return {
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
        "hit": a["hit"] or b["hit"],
    }


def _joined(one: str, two: str, mark: str) -> str:
    return one if one == two else mark.join((one, two))
