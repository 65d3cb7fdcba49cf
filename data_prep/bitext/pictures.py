"""The report's pictures: inline SVG, 400 units wide, colours from the page's style sheet.

Every column has a ``<title>``, which a browser shows as a tooltip; a picture's ``aria-label`` says
in words what it shows. Columns are not clickable, load nothing and need no script.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from data_prep.bitext.histogram import Histogram
from data_prep.bitext.summary import Timeline

WIDTH, HEIGHT = 400, 182
LEFT, RIGHT, TOP, BOTTOM = 38, 8, 20, 158  # of the plot; labels are around it
COLOURS = 6  # origins with a colour of their own, the others share the last


@dataclass(frozen=True)
class Series:
    """A histogram with its name; ``style`` is a class of the page: all, kept, or line."""

    name: str
    histogram: Histogram
    style: str


@dataclass(frozen=True)
class Mark:
    """A value to draw a line at."""

    value: float
    label: str


def histogram(series: Sequence[Series], marks: Sequence[Mark] = ()) -> Markup:
    """Counts of one or two series with the same bins; the second is drawn over the first."""
    first = series[0].histogram
    bins = len(first.counts)
    if not bins:
        return Markup("")
    most = _top(max(max(one.histogram.counts) for one in series))
    low, high = first.low, first.low + first.width * bins
    step = (WIDTH - LEFT - RIGHT) / bins

    def across(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    parts = [*_grid(most)]
    for one in series:
        parts += _line(one, most, step) if one.style == "line" else _columns(one, most, step)
    parts += [
        _text(across(tick), BOTTOM + 16, f"{tick:g}", "middle") for tick in _ticks(low, high, 7)
    ]
    for mark in marks:
        if low <= mark.value <= high:
            parts += _mark(across(mark.value), mark.label)
    for at in range(bins):
        told = ", ".join(f"{one.histogram.counts[at]:,} {one.name}" for one in series)
        parts.append(_over(LEFT + at * step, step, f"{_range(first, at)}: {told}"))
    return _svg("Histogram. " + "; ".join(map(_spoken, series)), parts)


def stacked(timeline: Timeline) -> Markup:
    """Kept pairs of each origin over time, the origin with most pairs at the bottom."""
    size = len(timeline.starts)
    if not size:
        return Markup("")
    origins = coloured(timeline)
    totals = [sum(counts[at] for _, counts in origins) for at in range(size)]
    most = _top(max(totals))
    step = (WIDTH - LEFT - RIGHT) / size
    gap = min(1.5, step / 5)
    parts = [*_grid(most)]
    for at, start in enumerate(timeline.starts):
        y = float(BOTTOM)
        for number, (_, counts) in enumerate(origins):
            if counts[at]:
                height = (BOTTOM - TOP) * counts[at] / most
                y -= height
                parts.append(
                    f'<rect class="c{number}" x="{LEFT + at * step + gap / 2:.1f}" y="{y:.1f}" '
                    f'width="{max(step - gap, 0.5):.1f}" height="{height:.1f}"/>'
                )
        told = ", ".join(f"{name} {counts[at]:,}" for name, counts in origins if counts[at])
        title = f"{_period(timeline.unit, start)}: {told or 'nothing'}"
        parts.append(_over(LEFT + at * step, step, title))
    every = max(1, math.ceil(size / (5 if timeline.unit == "week" else 7)))
    for at in range(0, size, every):
        anchor = "start" if step < 40 else "middle"
        x = LEFT + at * step + (0 if anchor == "start" else step / 2)
        parts.append(_text(x, BOTTOM + 16, timeline.starts[at], anchor))
    spoken = ", ".join(f"{name} {sum(counts)}" for name, counts in origins)
    return _svg(f"Kept pairs by {timeline.unit} from {timeline.starts[0]}: {spoken}", parts)


def coloured(timeline: Timeline) -> list[tuple[str, tuple[int, ...]]]:
    """The origins with a colour each, the smallest of many as one."""
    origins = list(timeline.origins)
    if len(origins) <= COLOURS + 1:
        return origins
    rest = origins[COLOURS:]
    sums = tuple(map(sum, zip(*(counts for _, counts in rest), strict=True)))
    return [*origins[:COLOURS], (f"{len(rest)} others", sums)]


def _spoken(one: Series) -> str:
    bins = [f"{_range(one.histogram, at)} {n}" for at, n in enumerate(one.histogram.counts) if n]
    return f"{one.name}: {', '.join(bins)}"


def _columns(one: Series, most: float, step: float) -> Iterable[str]:
    gap = min(1.5, step / 6)
    for at, count in enumerate(one.histogram.counts):
        if count:
            height = max((BOTTOM - TOP) * count / most, 0.7)
            yield (
                f'<rect class="{one.style}" x="{LEFT + at * step + gap / 2:.1f}" '
                f'y="{BOTTOM - height:.1f}" width="{step - gap:.1f}" height="{height:.1f}"/>'
            )


def _line(one: Series, most: float, step: float) -> Iterable[str]:
    path = [f"M{LEFT} {BOTTOM}"]
    for at, count in enumerate(one.histogram.counts):
        y = BOTTOM - (BOTTOM - TOP) * count / most
        path.append(f"V{y:.1f}H{LEFT + (at + 1) * step:.1f}")
    yield f'<path class="line" d="{"".join(path)}V{BOTTOM}"/>'


def _grid(most: float) -> Iterable[str]:
    yield f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{BOTTOM}" y2="{BOTTOM}"/>'
    for value in _ticks(0, most, 4):
        y = BOTTOM - (BOTTOM - TOP) * value / most
        if value:
            yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield _text(LEFT - 5, y + 3.5, _short(value), "end")


def _mark(x: float, label: str) -> Iterable[str]:
    right = x > WIDTH * 0.6
    yield f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{BOTTOM}"/>'
    yield _text(x - 4 if right else x + 4, TOP - 4, label, "end" if right else "start", "marked")


def _over(x: float, width: float, title: str) -> str:
    return (
        f'<rect class="over" x="{x:.1f}" y="{TOP}" width="{width:.1f}" height="{BOTTOM - TOP}">'
        f"<title>{escape(title)}</title></rect>"
    )


def _text(x: float, y: float, text: str, anchor: str, style: str = "tick") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {place}>{escape(text)}</text>'


def _svg(label: str, parts: Iterable[str]) -> Markup:
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}"'
    head = f'<svg class="chart" {box} role="img" aria-label="{escape(label)}">'
    return Markup(head + "".join(parts) + "</svg>")  # every text in the parts is escaped above


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round values between the two, at most so many (steps of 1, 2 or 5 times a power of ten)."""
    span = high - low
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(base * power for base in (1, 2, 5, 10, 20) if span / (base * power) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(at * step, 10) for at in range(first, last + 1)]


def _top(most: int) -> float:
    """The first round value of the axis that holds ``most``."""
    known = _ticks(0, most or 1, 4)
    return known[-1] if known[-1] >= most else round(known[-1] + known[1], 10)


def _range(one: Histogram, at: int) -> str:
    start, end = one.low + at * one.width, one.low + (at + 1) * one.width
    if one.width == round(one.width):  # of whole things: 10 to 14, not 10 to 15
        return f"{start:g} or more" if at == len(one.counts) - 1 else _whole(start, end - 1)
    return f"{start:g} or more" if at == len(one.counts) - 1 else f"{start:g} to {end:g}"


def _whole(first: float, last: float) -> str:
    return f"{first:g}" if first == last else f"{first:g} to {last:g}"


def _short(value: float) -> str:
    for size, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{name}"
    return f"{value:g}"


def _period(unit: str, start: str) -> str:
    return f"week of {start}" if unit == "week" else start
