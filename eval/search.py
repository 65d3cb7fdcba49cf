"""What the report's search needs, as JSON inside the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from eval.buckets import KINDS
from eval.metrics import canonical
from eval.sentences import Points, Shown, direction_of, title
from korpu import languages

MOST = 6000  # sentences of all test sets that a page holds; 2,000 of three systems are 2 MB


def embedded(
    all_shown: Sequence[Shown],
    scores: Sequence[Points],
    systems: Sequence[str],
    system: str,
    baseline: str | None,
    check_names: Mapping[str, str],
) -> tuple[Markup, int]:
    """Everything the page's search needs, as JSON that may stand in a script element, and how
    many sentences it holds.

    Where there are more than ``MOST``, each test set keeps its share: those that changed most.
    """
    total = sum(len(shown.side.segments) for shown in all_shown)
    names = [
        (bucket.kind, bucket.name)
        for shown in all_shown
        for bucket in shown.buckets
        if bucket.kind != "check"
    ]
    buckets = sorted(dict.fromkeys(names), key=lambda one: KINDS.index(one[0]))
    checks = list(check_names)
    same: dict[str, str] = {}
    sides = []
    for shown, found in zip(all_shown, scores, strict=True):
        size = len(shown.side.segments)
        change = np.abs(found[system] - found[baseline]) if baseline else found[system]
        most = size if total <= MOST else MOST * size // total
        kept = sorted(np.argsort(-change, kind="stable")[:most].tolist())
        sides.append(
            {
                "name": title(shown.side),
                "langs": [languages.language(code).iso for code in direction_of(shown.side)],
                "rows": _rows(shown, found, kept, systems, buckets, checks),
            }
        )
        for index in kept:
            texts = [shown.side.segments[index].ref]
            texts += [outputs[index] for outputs in shown.outputs.values()]
            same.update(_spelled({word for t in texts for word in t.split()}, shown.side.target))
    content = {
        "systems": list(systems),
        "system": systems.index(system),
        "against": None if baseline is None else systems.index(baseline),
        "checks": list(check_names.values()),
        "buckets": buckets,
        "same": same,
        "sides": sides,
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c")), sum(len(side["rows"]) for side in sides)


def _rows(
    shown: Shown,
    scores: Points,
    kept: Sequence[int],
    systems: Sequence[str],
    buckets: Sequence[tuple[str, str]],
    checks: Sequence[str],
) -> list[list[Any]]:
    """[id, document, source, reference, outputs, scores, buckets, failed checks of each]."""
    inside: dict[int, list[int]] = {}
    for bucket in shown.buckets:
        if bucket.kind != "check":
            for index in bucket.indices:
                inside.setdefault(index, []).append(buckets.index((bucket.kind, bucket.name)))
    failed = [
        [shown.failed.get(system, {}).get(check, frozenset()) for check in checks]
        for system in systems
    ]
    rows = []
    for index in kept:
        segment = shown.side.segments[index]
        rows.append(
            [
                segment.id,
                segment.document,
                segment.src,
                segment.ref,
                [shown.outputs[system][index] for system in systems],
                [round(float(scores[system][index]), 1) for system in systems],
                inside.get(index, []),
                [[at for at, those in enumerate(of) if index in those] for of in failed],
            ]
        )
    return rows


def _spelled(words: set[str], language: str) -> dict[str, str]:
    """Words that are written otherwise in the canonical orthography, by which they are compared."""
    ordered = sorted(words)
    found = zip(ordered, canonical(ordered, language), strict=True)
    return {word: same.strip() for word, same in found if same.strip() != word}
