"""A rater's file, checked against the key of its export."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from eval.ballot import SCHEMA, SEVERITIES, TYPES
from korpu.errors import UsageError


@dataclass(frozen=True)
class Span:
    """An error in an output: characters ``start`` to ``end`` (code points, end left out)."""

    start: int
    end: int
    severity: str
    type: str


@dataclass(frozen=True)
class Rating:
    """What one rater gave one output: 0–100, errors, and how it should read if edited."""

    rater: str
    item: str
    score: float
    spans: tuple[Span, ...]
    edit: str | None
    when: str


def read(path: Path, key: Mapping[str, Any]) -> list[Rating]:
    """The ratings of a file that the page saved; raises ``UsageError`` naming what is wrong."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is not a rater's file: {error}") from error
    told = {"schema", "review", "rater", "ratings"}
    if not isinstance(content, dict) or not told <= content.keys() or content["schema"] != SCHEMA:
        raise UsageError(f"{path} is not a rater's file, take what the review page saved")
    if content["review"] != key["review"]:
        raise UsageError(
            f"{path} is of another export ({str(content['review'])[:8]}, the key has "
            f"{key['review'][:8]}); import it with the key that its page came with"
        )
    rater = content["rater"]
    if not isinstance(rater, str) or not rater.strip() or len(rater) > 40:
        raise UsageError(f"{path}: rater is {rater!r}; write a code of 1 to 40 characters")
    given = content["ratings"]
    if not isinstance(given, list):
        raise UsageError(f"{path}: ratings is no list")
    outputs = {item["id"]: item["out"] for item in key["items"]}
    found: dict[str, Rating] = {}
    for number, row in enumerate(given, start=1):
        try:
            one = _rating(row, rater.strip(), outputs)
            if one.item in found:
                raise ValueError("it is rated a second time")
        except ValueError as error:
            item = row.get("id") if isinstance(row, dict) else row
            raise UsageError(f"{path}: rating {number} ({item}): {error}") from None
        found[one.item] = one
    return list(found.values())


def _rating(row: Any, rater: str, outputs: Mapping[str, str]) -> Rating:
    """Raises ``ValueError``, a sentence on what is wrong."""
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise ValueError("it has no id")
    if row["id"] not in outputs:
        raise ValueError("the export has no such output")
    score = row.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 100:
        raise ValueError(f"score is {score!r}, give a number from 0 to 100")
    edit, when = row.get("edit"), row.get("when")
    if not (edit is None or isinstance(edit, str)):
        raise ValueError(f"edit is {edit!r}, give text or null")
    if not isinstance(when, str) or not _is_moment(when):
        raise ValueError(f"when is {when!r}, give a time such as 2025-08-12T10:30:00Z")
    spans = row.get("spans", [])
    if not isinstance(spans, list):
        raise ValueError("spans is no list")
    found = tuple(_span(span, outputs[row["id"]]) for span in spans)
    return Rating(rater, row["id"], float(score), found, (edit or "").strip() or None, when)


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _span(span: Any, output: str) -> Span:
    if not isinstance(span, dict):
        raise ValueError("a span is no object")
    start, end = span.get("start"), span.get("end")
    if (
        not isinstance(start, int)
        or not isinstance(end, int)
        or not 0 <= start < end <= len(output)
    ):
        raise ValueError(f"a span from {start} to {end} is outside of the output")
    if span.get("text", output[start:end]) != output[start:end]:
        raise ValueError(f"a span says {span['text']!r} where the output has {output[start:end]!r}")
    for name, known in (("severity", SEVERITIES), ("type", TYPES)):
        if span.get(name) not in known:
            raise ValueError(f"a span's {name} is {span.get(name)!r}, use {', '.join(known)}")
    return Span(start, end, span["severity"], span["type"])
