"""report.html: one file that opens from disk and asks the network for nothing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from eval.metrics import METRICS, Memo, canonical, statistics, values
from eval.scores import REFERENCE
from eval.testset import TestSide
from korpu import languages

TEMPLATE = Path(__file__).with_name("report.html.jinja")
SHOWN = 10  # sentences at each end, per test set and direction
NAMES = {"bleu": "BLEU", "spbleu": "spBLEU", "ter": "TER", "chrf": "chrF", "chrf_pp": "chrF++"}
CHECKS = {
    "off_target": "other language",
    "wrong_script": "other script",
    "empty": "empty",
    "truncated": "cut off",
    "repeated": "loops",
    "under_long": "too short",
    "over_long": "too long",
    "copied": "source copied",
    "number_mismatch": "other numbers",
    "percent_mismatch": "other percentages",
    "money_mismatch": "other money",
    "date_mismatch": "other dates",
    "name_lost": "names lost",
    "place_lost": "places lost",
    "language_lost": "languages lost",
    "negation_mismatch": "negation lost or invented",
    "quotation_lost": "quotation lost or invented",
    "term_lost": "terms lost",
}

Hyps = Mapping[tuple[str, str], Mapping[str, Sequence[str]]]


def html(made: Mapping[str, Any], sides: Sequence[TestSide], hyps: Hyps, memo: Memo) -> str:
    """The page of a report.json, with the sentences that gained and lost most.

    The sentences compare the adapter with its base where both were evaluated, else the last
    system with the first, by chrF++ of the single sentence on normalised text.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    systems = list(made["systems"])
    system, baseline = focus(systems)
    sections = [_section(made, side, systems) for side in sides]
    cards = [
        card
        for side in sides
        for card in _cards(side, hyps[side.benchmark, side.direction], system, baseline, memo)
    ]
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    return template.render(
        made=made,
        systems=systems,
        sections=sections,
        cards=cards,
        system=system,
        baseline=baseline,
        check_names=CHECKS,
        signatures=sorted({row["signature"] for row in made["scores"]}),
    )


def focus(systems: Sequence[str]) -> tuple[str, str | None]:
    """The system a reader asks about, and what it is compared with; None where it is alone."""
    if "adapter" in systems and "base" in systems:
        return "adapter", "base"
    return systems[-1], systems[0] if len(systems) > 1 else None


def title(side: TestSide) -> str:
    """``news: Azerbaijani → Uzbek``."""
    source, target = languages.direction(side.direction)
    return (
        f"{side.benchmark}: {languages.language(source).name} → {languages.language(target).name}"
    )


def _section(made: Mapping[str, Any], side: TestSide, systems: Sequence[str]) -> dict[str, Any]:
    place = (side.benchmark, side.direction)
    here = [row for row in made["scores"] if (row["benchmark"], row["direction"]) == place]
    scores = {(row["system"], row["metric"], row["normalised"]): row for row in here}
    metrics = [name for name in dict.fromkeys(row["metric"] for row in here) if name in METRICS]
    main = next(metric for metric in reversed(METRICS) if metric in metrics)
    checks = {
        (row["check"], row["system"]): row
        for row in made["checks"]
        if (row["benchmark"], row["direction"]) == place
    }
    return {
        "title": title(side),
        "size": made["benchmarks"][side.benchmark][side.direction],
        "metrics": [(metric, NAMES[metric]) for metric in metrics],
        "scores": scores,
        "checks": checks,
        "columns": [*systems, REFERENCE],
        "bars": _bars([(name, scores[name, main, True]) for name in systems], NAMES[main]),
    }


LABEL, WIDTH, ROW = 74, 480, 26  # of the picture, in its own units
RIGHT = 60  # room for the number


def _bars(rows: Sequence[tuple[str, Mapping[str, Any]]], metric: str) -> Markup:
    """Scores as bars from 0 to 100 with their intervals; a dashed line where copying stands."""
    span = WIDTH - LABEL - RIGHT
    height = ROW * len(rows) + 4

    def at(value: float) -> str:
        return f"{LABEL + span * min(max(value, 0.0), 100.0) / 100:.1f}"

    parts = []
    spoken = ", ".join(f"{name} {row['value']:.1f}" for name, row in rows)
    for number, (name, row) in enumerate(rows):
        top, middle = ROW * number + 5, ROW * number + 14
        low, high = row["ci"]
        parts.append(
            f'<text x="{LABEL - 8}" y="{middle + 5}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="track" x="{LABEL}" y="{top}" width="{span}" height="18" rx="3"/>'
            f'<rect class="bar {escape(name)}" x="{LABEL}" y="{top}" height="18" rx="3" '
            f'width="{float(at(row["value"])) - LABEL:.1f}"/>'
            f'<path class="whisker" d="M{at(low)} {middle}H{at(high)}'
            f'M{at(low)} {middle - 4}v8M{at(high)} {middle - 4}v8"/>'
            f'<text x="{WIDTH - RIGHT + 8}" y="{middle + 5}">{row["value"]:.1f}</text>'
        )
        if name == "copy":
            parts.append(f'<path class="copied" d="M{at(row["value"])} 0V{height}"/>')
    return Markup(
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(metric)}, normalised: {escape(spoken)}">{"".join(parts)}</svg>'
    )


def _cards(
    side: TestSide,
    outputs: Mapping[str, Sequence[str]],
    system: str,
    baseline: str | None,
    memo: Memo,
) -> list[dict[str, Any]]:
    """The sentences with the largest loss and gain; without a baseline, the lowest and highest."""
    refs, more = [segment.ref for segment in side.segments], side.more

    def points(name: str) -> Any:
        counts = statistics(outputs[name], refs, "chrf_pp", True, side.target, memo, more)
        return values(counts, "chrf_pp")

    score = points(system)
    before = points(baseline) if baseline else None
    change = score if before is None else score - before
    order = sorted(range(len(refs)), key=lambda index: (change[index], index))
    worst = [i for i in order[:SHOWN] if before is None or change[i] < 0]
    best = [i for i in order[::-1][:SHOWN] if i not in worst and (before is None or change[i] > 0)]
    return [
        {
            "kind": kind,
            "place": title(side),
            "id": side.segments[index].id,
            "change": float(change[index]),
            "signed": before is not None,
            "score": float(score[index]),
            "before": None if before is None else float(before[index]),
            "src": side.segments[index].src,
            "ref": refs[index],
            "hyp": marked(outputs[system][index], refs[index], side.target),
            "base": marked(outputs[baseline][index], refs[index], side.target) if baseline else "",
        }
        for kind, indices in (("worse", worst), ("better", best))
        for index in indices
    ]


def marked(output: str, reference: str, language: str) -> Markup:
    """The output with the words that the reference does not have in this place in ``<mark>``.

    Words are compared in the canonical orthography, as the scores are.
    """
    words = output.split()
    mine, theirs = (
        [word.strip() for word in canonical(text.split(), language)] for text in (output, reference)
    )
    matcher = difflib.SequenceMatcher(a=mine, b=theirs, autojunk=False)
    parts: list[str] = []
    at = 0
    for block in matcher.get_matching_blocks():
        if block.a > at:
            parts.append(f"<mark>{escape(' '.join(words[at : block.a]))}</mark>")
        if block.size:
            parts.append(str(escape(" ".join(words[block.a : block.a + block.size]))))
        at = block.a + block.size
    return Markup(" ".join(parts))
