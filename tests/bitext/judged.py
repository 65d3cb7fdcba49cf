"""Judged pairs as the splits hand them to the tally: made from a seed, with everything in them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from data_prep.bitext import columns, dedupe

SCHEMA = {**columns.CANDIDATE, "split": pl.String}
REASONS = ("margin", "numbers", "duplicate", "contaminated: xwmt", "near document")
WORDS = (
    ("Nazirlər Kabineti yeni qərar qəbul edib", "Vazirlar Mahkamasi yangi qaror qabul qildi"),
    ("Bakıda hava günəşli olacaq", "Bokuda havo quyoshli boʻladi"),
    ("Daşkənddə yeni metro stansiyası açılıb", "Toshkentda yangi metro bekati ochildi"),
    ("Neftin qiyməti artıb", "Neft narxi oshdi"),
)


def row(number: int, draw: random.Random, **more: Any) -> dict[str, Any]:
    """A pair; what ``more`` does not say is drawn."""
    src, tgt = draw.choice(WORDS)
    figure = draw.randrange(2, 4000)
    reason = draw.choice(REASONS) if draw.random() < 0.2 else None
    mined = draw.random() < 0.8
    day = date(2024, 3, 1) + timedelta(days=draw.randrange(600))
    document = f"d{draw.randrange(60)}"
    values = {
        "id": hashlib.sha256(str(number).encode()).hexdigest()[:16],
        "src_lang": "azj_Latn",
        "tgt_lang": "uzn_Latn",
        "src": f"{src}: {figure}.",
        "tgt": f"{tgt}: {figure}.",
        "score": draw.gauss(1.3, 0.2) if mined else None,
        "origin": draw.choice(("az_site+uz_site", "gazette", "corrections")),
        "section": draw.choice(("hava", None)),
        "synthetic_side": draw.choice((None, None, "src")),
        "src_url": f"https://az.example/{number}" if mined else None,
        "tgt_url": f"https://uz.example/{number}" if mined else None,
        "published": f"{day.isoformat()}T08:00:00Z" if draw.random() < 0.9 else None,
        "document": document,
        "licence": draw.choice(("CC0-1.0", "MIT")),
        "may_redistribute": draw.random() < 0.7,
        "reason": reason,
        "src_key": number,
        "tgt_key": number,
        "document_key": dedupe.document_keys([document])[0],
        "trusted": draw.random() < 0.1,
        "benchmark": "xwmt" if reason == "contaminated: xwmt" else None,
        "hit": "xwmt line 3 (src), 8-grams .85" if reason == "contaminated: xwmt" else None,
        "split": None if reason else draw.choice(("train", "train", "dev", "test")),
    }
    return values | more


def rows(count: int, seed: int = 1, **more: Any) -> list[dict[str, Any]]:
    """So many pairs."""
    draw = random.Random(seed)
    return [row(number, draw, **more) for number in range(count)]


def frame(given: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Rows as the frame that ``Tally.add`` takes."""
    return pl.DataFrame(given, schema=SCHEMA, orient="row")
