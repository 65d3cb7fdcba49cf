"""The report a person looks at: one HTML file, pictures drawn as inline SVG, no script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import polars as pl
from markupsafe import Markup, escape

from korpu import schema
from korpu.languages import language

HERE = Path(__file__).parent
SHOWN = 4  # pairs of each band
BANDS = 4  # of the kept pairs' scores, equally many pairs in each
REASONS = 3  # most frequent ones that get a sample

Row = tuple[str, int]


@dataclass(frozen=True)
class Histogram:
    """Labelled counts and what they are of."""

    caption: str
    bins: Sequence[Row]


@dataclass(frozen=True)
class Band:
    """A few pairs out of many."""

    name: str
    size: int
    pairs: Sequence[Mapping[str, str]]


def render(recipe: schema.Recipe, judged: pl.DataFrame, stats: Mapping[str, Any]) -> str:
    """The whole page; it depends on the rows and settings alone, so it is reproducible."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True
    )
    kept = judged.filter(pl.col("reason").is_null())
    src, tgt = language(recipe.prepare.src_lang), language(recipe.prepare.tgt_lang)
    return environment.get_template("report.html.jinja").render(
        title=f"{recipe.name}: {src.name}–{tgt.name} corpus",
        summary=f"{kept.height:,} pairs kept, {judged.height - kept.height:,} rejected.",
        funnel=[(name.replace("_", " "), count) for name, count in stats["funnel"].items()],
        rejected=[(n.replace("_", " "), c) for n, c in stats["rejected"].items()],
        splits=_splits(kept),
        histograms=_histograms(judged, kept, recipe.prepare.align.sentence_margin),
        bands=[*_score_bands(kept), *_reason_bands(judged, stats["rejected"])],
        bars=bars,
        columns=columns,
        src_iso=src.iso,
        tgt_iso=tgt.iso,
    )


def bars(rows: Sequence[Row]) -> Markup:
    """Horizontal bars with names and counts, 420 units wide."""
    most = max((count for _, count in rows), default=1)
    parts = []
    for number, (name, count) in enumerate(rows):
        y = number * 28
        width = max(2, round(210 * count / most))
        parts.append(
            f'<text x="130" y="{y + 18}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="138" y="{y + 4}" width="{width}" height="20" rx="3"/>'
            f'<text class="soft" x="{144 + width}" y="{y + 18}">{count:,}</text>'
        )
    return _svg(420, 28 * len(rows) + 4, "Bars: " + _spoken(rows), parts)


def columns(rows: Sequence[Row]) -> Markup:
    """A histogram, 400 × 170 units, labels below every other column."""
    most = max((count for _, count in rows), default=0) or 1
    step = 380 / max(len(rows), 1)
    parts = [f'<text class="soft" x="4" y="12">{most:,}</text>']
    for number, (name, count) in enumerate(rows):
        height = round(120 * count / most)
        x = 10 + number * step
        parts.append(
            f'<rect x="{x:.1f}" y="{140 - height}" width="{step - 2:.1f}" height="{height}"/>'
        )
        if number % 3 == 0:
            parts.append(f'<text class="soft" x="{x:.1f}" y="158">{escape(name)}</text>')
    return _svg(400, 170, "Histogram: " + _spoken(rows), parts)


def _svg(width: int, height: int, title: str, parts: Iterable[str]) -> Markup:
    head = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
    return Markup(head + "".join(parts) + "</svg>")  # the parts are escaped above


def _spoken(rows: Sequence[Row]) -> str:
    return ", ".join(f"{name} {count}" for name, count in rows)


def _splits(kept: pl.DataFrame) -> list[tuple[Any, ...]]:
    day = pl.col("published").str.slice(0, 10)
    table = kept.group_by("split").agg(
        pl.len(), pl.col("document").n_unique(), day.min().alias("first"), day.max().alias("last")
    )
    order = {"train": 0, "dev": 1, "test": 2}
    return sorted(table.iter_rows(), key=lambda row: order[row[0]])


def _histograms(judged: pl.DataFrame, kept: pl.DataFrame, threshold: float) -> list[Histogram]:
    found = [
        Histogram("Characters, source side of kept pairs", _lengths(kept["src"])),
        Histogram("Characters, target side of kept pairs", _lengths(kept["tgt"])),
    ]
    scores = judged["score"].drop_nulls()
    if len(scores):
        caption = f"Margin of all aligned sentences; below {threshold:g} rejected"
        found.insert(0, Histogram(caption, _bins(scores, 0.1)))
    return found


def _lengths(texts: pl.Series) -> list[Row]:
    return _bins(texts.str.len_chars().cast(pl.Float64), 20.0)


def _bins(values: pl.Series, width: float) -> list[Row]:
    if not len(values):
        return []
    at = (values.cast(pl.Float64) / width).floor().cast(pl.Int64).clip(0, 24)
    counts = dict(at.value_counts().iter_rows())
    first, last = min(counts), max(counts)
    return [(f"{number * width:g}", counts.get(number, 0)) for number in range(first, last + 1)]


def _score_bands(kept: pl.DataFrame) -> list[Band]:
    scored = kept.filter(pl.col("score").is_not_null()).sort("score", "id")
    bands = []
    size = -(-scored.height // BANDS)
    for start in range(0, scored.height, max(size, 1)):
        part = scored.slice(start, size)
        low, high = part["score"][0], part["score"][-1]
        bands.append(Band(f"Margin {low:.2f} to {high:.2f}", part.height, _sample(part)))
    given = kept.filter(pl.col("score").is_null())
    if given.height:
        bands.append(Band("From aligned files", given.height, _sample(given)))
    return bands


def _reason_bands(judged: pl.DataFrame, rejected: Mapping[str, int]) -> list[Band]:
    return [
        Band(f"Rejected: {reason}", count, _sample(judged.filter(reason=reason)))
        for reason, count in list(rejected.items())[:REASONS]
    ]


def _sample(pairs: pl.DataFrame) -> list[dict[str, str]]:
    chosen = pairs.sort("id").head(SHOWN)  # ids are hashes: the lowest are as good as drawn
    return [
        {
            "src": row["src"],
            "tgt": row["tgt"],
            "note": " · ".join(
                str(part)
                for part in (
                    row["origin"],
                    row["section"],
                    row["published"] and row["published"][:10],
                    None if row["score"] is None else f"margin {row['score']:.2f}",
                )
                if part
            ),
        }
        for row in chosen.iter_rows(named=True)
    ]
