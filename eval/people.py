"""Raters' files into the report: means with intervals, agreement, errors, and their corrections."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval import ballot, judgement, ratings
from eval.ballot import TYPES
from eval.compared import Report
from eval.judgement import SCHEMA
from eval.ratings import Rating, Span
from eval.report import PEOPLE, rendered_part
from korpu import artifact, languages
from korpu.errors import UsageError

REVIEW, CORRECTIONS = "review.json", "corrections.jsonl"


def imported(report: Report, paths: Sequence[Path], out: Path, seed: int) -> dict[str, Any]:
    """Add raters' files to what ``out`` holds; returns what ``review.json`` has then.

    A rater who is there already is replaced. Written are ``review.json``, the report with a
    section on people (``report.html``, ``report.json``; the evaluation's own stay as they are), and
    ``corrections.jsonl`` where somebody edited.
    """
    key = ballot.read_key(out / ballot.KEY)
    if key["report"] != artifact.sha256(report.path):
        raise UsageError(
            f"{out / ballot.KEY} is of another report than {report.path}; name that one in report="
        )
    known = _kept(out / REVIEW, key)
    fresh: dict[str, Path] = {}
    for path in paths:
        found = ratings.read(path, key)
        if not found:
            raise UsageError(f"{path} has no rating; score something before you save")
        rater = found[0].rater
        if rater in fresh:
            raise UsageError(f"{fresh[rater]} and {path} are both of {rater}; import one of them")
        fresh[rater] = path
        known[rater] = found
    every = [one for rater in sorted(known) for one in known[rater]]
    made = judgement.summary(key, every, seed)
    artifact.write_json(out / REVIEW, made)
    _write_corrections(out / CORRECTIONS, key, every)
    artifact.write_json(out / "report.json", {**report.content, "people": _told(made)})
    page = report.path.with_name("report.html").read_text("utf-8")
    named = {row["direction"]: _short(row["direction"]) for row in made["systems"]}
    section = rendered_part("people", people=made, types=TYPES, named=named)
    artifact.write_atomically(out / "report.html", page.replace(PEOPLE, section, 1))
    return made


def _short(direction: str) -> str:
    return " → ".join(languages.language(code).iso for code in languages.direction(direction))


def _told(made: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in made.items() if name != "ratings"}


def _kept(path: Path, key: Mapping[str, Any]) -> dict[str, list[Rating]]:
    """Rater → ratings of an earlier import."""
    if not path.exists():
        return {}
    found: dict[str, list[Rating]] = {}
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["schema"] != SCHEMA or content["review"] != key["review"]:
            raise ValueError("it is of another export")
        for row in content["ratings"]:
            spans = tuple(Span(**span) for span in row["spans"])
            found.setdefault(row["rater"], []).append(Rating(**{**row, "spans": spans}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} cannot be read ({error}); delete it and import all files again"
        ) from error
    return found


def _write_corrections(path: Path, key: Mapping[str, Any], every: Sequence[Rating]) -> None:
    """Edits as ``source.corrections`` reads them; no file where nobody edited."""
    items = {item["id"]: item for item in key["items"]}
    lines = []
    for one in every:
        if one.edit is None:
            continue
        item = items[one.item]
        source, target = languages.direction(item["direction"])
        row = {
            "source": item["src"],
            "machine": item["out"],
            "corrected": one.edit,
            "who": one.rater,
            "when": one.when,
            "src_lang": source,
            "tgt_lang": target,
            "document": item["document"] or None,
        }
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    if lines:
        artifact.write_atomically(path, "".join(lines))
    else:
        path.unlink(missing_ok=True)
