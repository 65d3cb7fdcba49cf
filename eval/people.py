"""Raters' files into the report: means with intervals, agreement, errors, and their corrections."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

from eval import agreement, ballot, ratings
from eval.ballot import SEVERITIES, TYPES
from eval.compared import Report
from eval.ratings import Rating, Span
from eval.report import PEOPLE, rendered_part
from eval.scores import DIGITS
from eval.significance import seeded
from korpu import artifact, languages
from korpu.errors import UsageError

SCHEMA = 1  # of review.json
REVIEW, CORRECTIONS = "review.json", "corrections.jsonl"
RESAMPLES = 1000


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
    made = summary(key, every, seed)
    artifact.write_json(out / REVIEW, made)
    _write_corrections(out / CORRECTIONS, key, every)
    artifact.write_json(out / "report.json", {**report.content, "people": _told(made)})
    page = report.path.with_name("report.html").read_text("utf-8")
    named = {row["direction"]: _short(row["direction"]) for row in made["systems"]}
    section = rendered_part("people", people=made, types=TYPES, named=named)
    artifact.write_atomically(out / "report.html", page.replace(PEOPLE, section, 1))
    return made


def summary(key: Mapping[str, Any], every: Sequence[Rating], seed: int) -> dict[str, Any]:
    """What ``review.json`` holds: a row per direction and system, differences, agreement, and the
    ratings themselves.

    An output that several systems gave counts for each of them. Intervals resample documents.
    """
    items = {item["id"]: item for item in key["items"]}
    scores: dict[str, dict[str, float]] = {}
    for one in every:
        scores.setdefault(one.rater, {})[one.item] = one.score
    standard = agreement.standard(scores)
    rated = Counter(one.item for one in every)
    return {
        "schema": SCHEMA,
        "review": key["review"],
        "report": key["report"],
        "outputs": len(items),
        "raters": [
            {
                "rater": rater,
                "ratings": len(given),
                "mean": round(sum(given.values()) / len(given), 2),
            }
            for rater, given in scores.items()
        ],
        "systems": _systems(key, items, every, standard, seed),
        "differences": _differences(key, items, scores, seed),
        "agreement": {
            "alpha": _rounded(agreement.alpha(scores)),
            "shared": sum(count > 1 for count in rated.values()),
            "pairs": agreement.pairs(scores),
        },
        "ratings": [asdict(one) for one in every],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _unit(item: Mapping[str, Any]) -> str:
    return str(item["document"] or f"\x1f{item['src']}")


def _systems(
    key: Mapping[str, Any],
    items: Mapping[str, Mapping[str, Any]],
    every: Sequence[Rating],
    standard: Mapping[str, Mapping[str, float]],
    seed: int,
) -> list[dict[str, Any]]:
    rows = []
    for direction in dict.fromkeys(item["direction"] for item in key["items"]):
        for system in key["systems"]:
            of = [
                one
                for one in every
                if items[one.item]["direction"] == direction
                and system in items[one.item]["systems"]
            ]
            if not of:
                continue
            units = [_unit(items[one.item]) for one in of]
            rng = seeded(seed, "people", direction, system)
            mean, ends = agreement.mean([one.score for one in of], units, RESAMPLES, rng)
            z_scores = [standard[one.rater][one.item] for one in of]
            z, z_ends = agreement.mean(z_scores, units, RESAMPLES, rng)
            found = Counter((span.severity, span.type) for one in of for span in one.spans)
            rows.append(
                {
                    "direction": direction,
                    "system": system,
                    "mean": round(mean, DIGITS),
                    "ci": [round(end, DIGITS) for end in ends],
                    "z": round(z, DIGITS),
                    "z_ci": [round(end, DIGITS) for end in z_ends],
                    "ratings": len(of),
                    "sentences": len({items[one.item]["src"] for one in of}),
                    "documents": len(set(units)),
                    "errors": {
                        severity: {kind: found[severity, kind] for kind in TYPES}
                        for severity in SEVERITIES
                    },
                }
            )
    return rows


def _differences(
    key: Mapping[str, Any],
    items: Mapping[str, Mapping[str, Any]],
    scores: Mapping[str, Mapping[str, float]],
    seed: int,
) -> list[dict[str, Any]]:
    """Two systems on the sentences for which one rater scored both."""
    outputs: dict[tuple[str, str], dict[str, str]] = {}  # (direction, source) → system → item
    for name, item in items.items():
        for system in item["systems"]:
            outputs.setdefault((item["direction"], item["src"]), {})[system] = name
    rows = []
    for direction in dict.fromkeys(item["direction"] for item in key["items"]):
        for baseline, system in combinations(key["systems"], 2):
            apart: list[float] = []
            units: list[str] = []
            for (of, _), given in outputs.items():
                for rater in scores.values():
                    mine, theirs = (rater.get(given[name]) for name in (system, baseline))
                    if of == direction and mine is not None and theirs is not None:
                        apart.append(mine - theirs)
                        units.append(_unit(items[given[system]]))
            if not apart:
                continue
            rng = seeded(seed, "people", direction, system, baseline)
            delta, ends = agreement.mean(apart, units, RESAMPLES, rng)
            rows.append(
                {
                    "direction": direction,
                    "system": system,
                    "baseline": baseline,
                    "delta": round(delta, DIGITS),
                    "ci": [round(end, DIGITS) for end in ends],
                    "better": sum(value > 0 for value in apart),
                    "same": sum(value == 0 for value in apart),
                    "worse": sum(value < 0 for value in apart),
                }
            )
    return rows


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
