"""The report's sentences: those that gained and lost most, and all of them for its search."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from eval.buckets import KINDS, Bucket, Failures
from eval.metrics import Floats, Memo, canonical, statistics, values
from eval.testset import TestSide
from korpu import languages

SHOWN = 5  # sentences at each end, per test set and direction, in a page without its script
MOST = 6000  # sentences of all test sets that a page holds; 2,000 of three systems are 2 MB


@dataclass(frozen=True)
class Shown:
    """What the page shows of a test set: outputs by system, buckets, and which fail which check."""

    side: TestSide
    outputs: Mapping[str, Sequence[str]]
    buckets: Sequence[Bucket]
    failed: Failures


Points = dict[str, Floats]  # system → chrF++ of each sentence


def title(side: TestSide) -> str:
    """``news: Azerbaijani → Uzbek``."""
    source, target = (languages.language(code).name for code in _languages(side))
    return f"{side.benchmark}: {source} → {target}"


def _languages(side: TestSide) -> tuple[str, str]:
    return languages.direction(side.direction)


def points(shown: Shown, memo: Memo) -> Points:
    """chrF++ of each sentence on normalised text, as the page orders by."""
    refs = [segment.ref for segment in shown.side.segments]
    return {
        system: values(
            statistics(outputs, refs, "chrf_pp", True, shown.side.target, memo), "chrf_pp"
        )
        for system, outputs in shown.outputs.items()
    }


def cards(shown: Shown, scores: Points, system: str, baseline: str | None) -> list[dict[str, Any]]:
    """The sentences with the largest loss and gain; without a baseline, the lowest and highest."""
    segments, language = shown.side.segments, shown.side.target
    change = scores[system] - scores[baseline] if baseline else scores[system]
    order = sorted(range(len(segments)), key=lambda index: (change[index], index))
    worst = [i for i in order[:SHOWN] if baseline is None or change[i] < 0]
    best = [i for i in order[::-1][:SHOWN] if i not in worst and (not baseline or change[i] > 0)]
    pair = [baseline, system] if baseline else [system]
    found = []
    for kind, indices in (("worse", worst), ("better", best)):
        for index in indices:
            texts = [shown.outputs[name][index] for name in pair]
            others = texts[::-1] if baseline else [None]
            styles = ["was", "now"] if baseline else [""]
            ref = segments[index].ref
            found.append(
                {
                    "kind": kind,
                    "place": title(shown.side),
                    "langs": [languages.language(code).iso for code in _languages(shown.side)],
                    "signed": baseline is not None,
                    "change": float(change[index]),
                    "score": float(scores[system][index]),
                    "before": float(scores[baseline][index]) if baseline else None,
                    "src": segments[index].src,
                    "ref": ref,
                    "outputs": [
                        (name, marked(text, ref, other, language, style))
                        for name, text, other, style in zip(
                            pair, texts, others, styles, strict=True
                        )
                    ],
                }
            )
    return found


def marked(
    output: str, reference: str, other: str | None, language: str, style: str = "now"
) -> Markup:
    """The output with its words that ``other`` lacks in a span of class ``style``, and those that
    the reference lacks at that place in one of class ``miss``.

    Words are compared in the canonical orthography, as the scores are.
    """
    words = output.split()
    missing = _apart(output, reference, language)
    changed = [False] * len(words) if other is None else _apart(output, other, language)
    parts: list[str] = []
    at = 0
    while at < len(words):
        end = at
        while end < len(words) and (missing[end], changed[end]) == (missing[at], changed[at]):
            end += 1
        classes = " ".join([style] * changed[at] + ["miss"] * missing[at])
        text = escape(" ".join(words[at:end]))
        parts.append(f'<span class="{classes}">{text}</span>' if classes else str(text))
        at = end
    return Markup(" ".join(parts))


def _apart(text: str, other: str, language: str) -> list[bool]:
    """For each word, whether the longest common sequence of words with ``other`` lacks it."""
    mine, theirs = (
        [word.strip() for word in canonical(one.split(), language)] for one in (text, other)
    )
    apart = [True] * len(mine)
    for block in difflib.SequenceMatcher(a=mine, b=theirs, autojunk=False).get_matching_blocks():
        apart[block.a : block.a + block.size] = [False] * block.size
    return apart


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
                "langs": [languages.language(code).iso for code in _languages(shown.side)],
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
