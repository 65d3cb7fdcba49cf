"""What ratings by people say of the systems: means, differences, errors, agreement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

from eval import agreement
from eval.ballot import SEVERITIES, TYPES
from eval.ratings import Rating
from eval.scores import DIGITS
from eval.significance import seeded

SCHEMA = 1  # of review.json
RESAMPLES = 1000


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
