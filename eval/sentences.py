"""The report's sentences: those that gained and lost most, side by side with what differs."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from eval.buckets import Bucket, Failures
from eval.counts import Floats
from eval.metrics import Memo, canonical, statistics, values
from eval.testset import TestSide
from korpu import languages

SHOWN = 5  # sentences at each end, per test set and direction, in a page without its script


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
    source, target = (languages.language(code).name for code in direction_of(side))
    return f"{side.benchmark}: {source} → {target}"


def direction_of(side: TestSide) -> tuple[str, str]:
    """Source and target as FLORES codes."""
    return languages.direction(side.direction)


def points(shown: Shown, memo: Memo) -> Points:
    """chrF++ of each sentence on normalised text, as the page orders by."""
    side = shown.side
    refs = [segment.ref for segment in side.segments]
    return {
        system: values(
            statistics(outputs, refs, "chrf_pp", True, side.target, memo, side.more), "chrf_pp"
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
                    "langs": [languages.language(code).iso for code in direction_of(shown.side)],
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
