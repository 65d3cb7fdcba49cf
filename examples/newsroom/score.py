"""Compare a corpus with the known alignment: precision and recall of what was mined."""

from __future__ import annotations

import json
from pathlib import Path

Pair = tuple[str, str]

AFTER_MINING = ("train.parquet", "dev.parquet", "test.parquet", "rejected.parquet")


def score(truth: Path, corpus: Path) -> dict[str, float | int]:
    """Counts, precision and recall of the sentence pairs in a `prepare` output.

    Everything that was mined counts, also what a later rule rejected. A pair is right when both
    sides are, letter by letter. A mined headline is right, but a missed one is no miss: titles are
    no part of an article's text. Raises ``OSError`` where a file is missing.
    """
    rows = _lines(truth / "pairs.jsonl")
    known = {(skeleton(row["az"]), skeleton(row["uz"])): row["kind"] for row in rows}
    wanted = {pair for pair, kind in known.items() if kind != "headline"}
    mined = _mined(corpus)
    return {
        "true": len(wanted),
        "mined": len(mined),
        "precision": len(mined & known.keys()) / max(len(mined), 1),
        "recall": len(mined & wanted) / max(len(wanted), 1),
    }


def skeleton(text: str) -> str:
    """Letters and digits in lower case: spelling counts, punctuation and spacing do not."""
    return "".join(c for c in text.replace("İ", "i").lower() if c.isalpha() or c.isdigit())


def _lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _mined(corpus: Path) -> set[Pair]:
    import pyarrow.parquet as pq

    pairs: set[Pair] = set()
    for name in AFTER_MINING:
        columns = pq.read_table(corpus / name, columns=["src", "tgt"]).to_pydict()
        pairs |= {
            (skeleton(src), skeleton(tgt))
            for src, tgt in zip(columns["src"], columns["tgt"], strict=True)
        }
    return pairs


def describe(found: dict[str, float | int]) -> str:
    """One line for a person."""
    return (
        f"mined {found['mined']} sentence pairs where {found['true']} are known: "
        f"precision {found['precision']:.3f}, recall {found['recall']:.3f}"
    )
