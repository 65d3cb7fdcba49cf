"""What raters are given: sentences drawn from a report, outputs without their systems' names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from eval.compared import Report
from eval.report import PAGES, rendered
from eval.scores import REFERENCE
from korpu import artifact, languages
from korpu.errors import UsageError

SCHEMA = 1  # of review.key.json and of a rater's file
KEY = "review.key.json"
SEVERITIES = ("minor", "major")
TYPES = ("accuracy", "fluency", "terminology", "name", "number")
TONGUES = (("en", "English"), ("az", "Azərbaycanca"), ("uz", "Oʻzbekcha"))  # of the page


@dataclass(frozen=True)
class Sentence:
    """A source and each system's output for it."""

    benchmark: str
    direction: str
    segment: str
    document: str
    src: str
    outputs: Mapping[str, str]


def systems(report: Report, named: str | None) -> list[str]:
    """The systems whose outputs are rated: those named, else all of the report but copying.

    ``reference`` may be named too: what a rater gives a human translation is the measure of the
    others.
    """
    known = [*report.content["systems"], REFERENCE]
    if named is None:
        found = [name for name in report.content["systems"] if name != "copy"]
        return found or list(report.content["systems"])
    found = named.split(",")
    for name in found:
        if name not in known:
            raise UsageError(f"systems: {name!r} is not in {report.path}, use {', '.join(known)}")
    return list(dict.fromkeys(found))


def drawn(
    report: Report, wanted: Sequence[str], direction: str | None, count: int, seed: int
) -> list[Sentence]:
    """At most ``count`` sentences, evenly from the directions, in an order of chance.

    A sentence that is in several test sets is drawn once. Raises ``UsageError`` where there is
    none, or where the report's hypotheses cannot be read.
    """
    by_direction: dict[str, dict[str, Sentence]] = {}
    for benchmark, directions in report.content["benchmarks"].items():
        for name in directions:
            if direction in (None, name):
                for one in _sentences(report, benchmark, name, wanted):
                    by_direction.setdefault(name, {}).setdefault(one.src, one)
    if not by_direction:
        raise UsageError(f"{report.path} has no sentence in the direction {direction}")
    chosen: list[Sentence] = []
    pools = [
        sorted(found.values(), key=lambda one: artifact.digest([seed, one.direction, one.src]))
        for found in by_direction.values()
    ]
    for place in range(max(map(len, pools))):
        chosen += [pool[place] for pool in pools if place < len(pool)]
    return sorted(
        chosen[:count], key=lambda one: artifact.digest([seed, "order", one.direction, one.src])
    )


def _sentences(
    report: Report, benchmark: str, direction: str, wanted: Sequence[str]
) -> list[Sentence]:
    outputs: dict[str, list[str]] = {}
    rows: list[dict[str, Any]] = []
    for system in report.content["systems"]:
        path = report.path.parent / f"hypotheses/{benchmark}.{direction}.{system}.jsonl"
        try:
            rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            outputs[system] = [row["hyp"] for row in rows]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{path} cannot be read ({error}); run the evaluation again"
            ) from error
    outputs[REFERENCE] = [row["ref"] for row in rows]
    return [
        Sentence(
            benchmark,
            direction,
            row["id"],
            row["document"],
            row["src"],
            {system: outputs[system][index] for system in wanted},
        )
        for index, row in enumerate(rows)
    ]


def key(
    report: Report, sentences: Sequence[Sentence], wanted: Sequence[str], seed: int
) -> dict[str, Any]:
    """``review.key.json``: every distinct output with an id, and whose it is.

    An id is a digest of seed, source and output, so outputs sorted by it are shuffled and the id
    says nothing of the system. ``review`` is the digest of what a rater sees.
    """
    items = []
    for one in sentences:
        whose: dict[str, list[str]] = {}
        for system in wanted:
            whose.setdefault(one.outputs[system], []).append(system)
        found = [
            {
                "id": artifact.digest([seed, one.direction, one.src, out])[:16],
                "benchmark": one.benchmark,
                "direction": one.direction,
                "segment": one.segment,
                "document": one.document,
                "src": one.src,
                "out": out,
                "systems": names,
            }
            for out, names in whose.items()
        ]
        items += sorted(found, key=lambda item: str(item["id"]))
    seen = [[item["id"], item["direction"], item["src"], item["out"]] for item in items]
    return {
        "schema": SCHEMA,
        "review": artifact.digest(seen),
        "report": artifact.sha256(report.path),
        "seed": seed,
        "systems": list(wanted),
        "items": items,
    }


def read_key(path: Path) -> dict[str, Any]:
    """A key that ``key`` made; raises ``UsageError``."""
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["schema"] == SCHEMA and found["items"] and found["review"]:
            return dict(found)
    except FileNotFoundError:
        raise UsageError(
            f"there is no {path}; make it with review=export, or name its folder in out="
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise UsageError(f"{path} is not the key of a review; take the file that review=export wrote")


def page(made: Mapping[str, Any]) -> str:
    """``review.html``; neither systems, test sets nor references are in it."""
    sentences: dict[tuple[str, str], dict[str, Any]] = {}
    for item in made["items"]:
        langs = [languages.language(code).iso for code in languages.direction(item["direction"])]
        one = sentences.setdefault(
            (item["direction"], item["src"]), {"langs": langs, "src": item["src"], "items": []}
        )
        one["items"].append({"id": item["id"], "out": item["out"]})
    content = {
        "review": made["review"],
        "sentences": list(sentences.values()),
        "severities": SEVERITIES,
        "types": TYPES,
        "words": json.loads((PAGES / "review.words.json").read_text("utf-8")),
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    data = Markup(text.replace("<", "\\u003c"))
    return rendered("review", scripts=("choice",), tongues=TONGUES, data=data)
