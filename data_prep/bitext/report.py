"""The report a person looks at: one HTML file, pictures drawn as inline SVG, no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from data_prep.bitext import pictures, reasons
from data_prep.bitext.bounded import EXACT
from data_prep.bitext.card import STEPS
from data_prep.bitext.pictures import Mark, Series
from data_prep.bitext.summary import Band, Pair, Summary
from data_prep.text.versions import versions
from korpu import schema
from korpu.languages import language

HERE = Path(__file__).parent
OF_ARTICLES = ("pages", "articles", "used_articles", "documents")
OF_PAIRS = ("candidates", "aligned_pairs", "kept")


@dataclass(frozen=True)
class Bar:
    """A step of the funnel; ``share`` is of the longest bar, ``note`` says what is counted."""

    name: str
    count: int
    share: float
    note: str


@dataclass(frozen=True)
class Rule:
    """What a rule dropped of the pairs that reached it, and how many it left."""

    name: str
    meaning: str
    dropped: int
    left: int
    share: float  # of what reached it
    documents: int | None
    origins: Sequence[tuple[str, int]]
    samples: Sequence[Pair]


@dataclass(frozen=True)
class Figure:
    """A picture, what it shows, and its legend: (class of the colour, name)."""

    picture: Markup
    title: str
    caption: str
    legend: Sequence[tuple[str, str]] = ()


def render(recipe: schema.Recipe, summary: Summary, stats: Mapping[str, Any]) -> str:
    """The whole page; it depends on the rows and settings alone, so it is reproducible."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"n": _number, "percent": _percent, "link": _link, "iso": _iso}
    src, tgt = language(recipe.prepare.src_lang), language(recipe.prepare.tgt_lang)
    seen = summary.pairs + summary.rejected
    return environment.get_template("report.html.jinja").render(
        name=recipe.name,
        src=src,
        tgt=tgt,
        synthetic_news=recipe.newsroom.serve,
        normaliser=versions()["normalize"],
        summary=summary,
        seen=seen,
        documents=_about(summary.documents),
        closed=summary.count(may_redistribute=False),
        funnels=[
            funnel
            for steps in (OF_ARTICLES, OF_PAIRS)
            if (funnel := _funnel(stats["funnel"], steps))
        ],
        unused=sorted(stats.get("unused_articles", {}).items(), key=lambda one: (-one[1], one[0])),
        languages=summary.by("src_lang", "tgt_lang"),
        licences=summary.by("origin", "licence", "may_redistribute"),
        synthetic=summary.by("synthetic_side"),
        rules=_rules(recipe.prepare, summary),
        figures=_figures(recipe.prepare, summary),
        timeline=pictures.stacked(summary.timeline),
        origins=[(name, sum(counts)) for name, counts in pictures.coloured(summary.timeline)],
        undated=sum(one.undated for one in summary.splits),
        hits={hits.benchmark: hits for hits in summary.hits},
        benchmarks=stats["benchmarks"],
        bands=[(_named(band), band) for band in summary.bands],
    )


def _funnel(counts: Mapping[str, int], steps: Sequence[str]) -> list[Bar]:
    found = [(name, counts[name]) for name in steps if name in counts]
    most = max((count for _, count in found), default=0) or 1
    return [
        Bar(name.replace("_", " "), count, 100 * count / most, STEPS[name]) for name, count in found
    ]


def _rules(prepare: schema.Prepare, summary: Summary) -> list[Rule]:
    """Every rule in the order in which they are tried, also those that nothing broke."""
    found = {one.name: one for one in summary.reasons}
    left = summary.pairs + summary.rejected
    rules = []
    for name in reasons.ordered({*found, *reasons.filters(prepare)}):
        one = found.get(name)
        dropped = one.pairs if one else 0
        share = 100 * dropped / left if left else 0.0
        left -= dropped
        rules.append(
            Rule(
                name,
                reasons.meaning(name, prepare),
                dropped,
                left,
                share,
                one.documents if one else None,
                one.origins[:5] if one else (),
                one.samples if one else (),
            )
        )
    return rules


def _figures(prepare: schema.Prepare, summary: Summary) -> list[Figure]:
    found = []
    kept, every = summary.scores
    if every.total:
        least = prepare.align.sentence_margin
        found.append(
            Figure(
                pictures.histogram(
                    [Series("aligned", every, "all"), Series("kept", kept, "kept")],
                    [Mark(least, f"rejected below {least:g}")],
                ),
                "Margin",
                "How much closer two sentences are than their neighbours are to them; pairs of "
                "aligned files have none.",
                (("kept", "kept"), ("all", "aligned, but rejected for any reason")),
            )
        )
    for title, (src, tgt), caption in (
        ("Characters", summary.characters, "Of a side of the kept pairs."),
        ("Words", summary.words, "Of a side of the kept pairs, by spaces."),
    ):
        if src.total:
            sides = [Series("source", src, "kept"), Series("target", tgt, "line")]
            legend = (("kept", "source"), ("line", "target"))
            found.append(Figure(pictures.histogram(sides), title, caption, legend))
    if summary.ratios.total:
        most = prepare.filter.max_ratio
        found.append(
            Figure(
                pictures.histogram(
                    [Series("kept", summary.ratios, "kept")],
                    [Mark(most, f"rejected above {most:g}")],
                ),
                "Length ratio",
                "Characters of the longer side of a kept pair over those of the shorter.",
            )
        )
    return found


def _named(band: Band) -> str:
    if band.low is None or band.high is None:
        return "From aligned files, without a score"
    return f"Margin {band.low:.2f} to {band.high:.2f}"


def _about(documents: int) -> str:
    return f"about {_number(round(documents, -3))}" if documents > EXACT else _number(documents)


def _number(value: int) -> str:
    return f"{value:,}"


def _percent(part: float, whole: float) -> str:
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "<0.1%"
    if 99.9 < share < 100:
        return ">99.9%"
    return f"{share:.0f}%" if share in (0, 100) else f"{share:.1f}%"


def _link(url: str | None) -> str | None:
    """The address, where a browser may follow it."""
    return url if url and url.startswith(("http://", "https://")) else None


def _iso(code: str) -> str:
    return language(code).iso
