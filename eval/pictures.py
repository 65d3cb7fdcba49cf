"""The report's pictures as inline SVG; colours are classes of the page's style sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

LABEL, WIDTH, ROW = 74, 480, 26  # of the bars, in their own units
RIGHT = 60  # room for the number
STRIP, LANE = 104, 10  # of a strip: its width, and the height a system has
OTHERS = 4  # shades beside those of the system in question and of copying


def shades(systems: Sequence[str], focus: str) -> dict[str, str]:
    """The class each system is drawn in."""
    others = [name for name in systems if name not in (focus, "copy")]
    found = {name: f"s{number % OTHERS}" for number, name in enumerate(others)}
    return {name: found.get(name, "focus" if name == focus else "copy") for name in systems}


def bars(
    rows: Sequence[tuple[str, Mapping[str, Any]]], metric: str, shade: Mapping[str, str]
) -> Markup:
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
            f'<rect class="{shade[name]}" x="{LABEL}" y="{top}" height="18" rx="3" '
            f'width="{float(at(row["value"])) - LABEL:.1f}"/>'
            f'<path class="whisker" d="M{at(low)} {middle}H{at(high)}'
            f'M{at(low)} {middle - 4}v8M{at(high)} {middle - 4}v8"/>'
            f'<text x="{WIDTH - RIGHT + 8}" y="{middle + 5}">{row["value"]:.1f}</text>'
        )
        if name == "copy":
            parts.append(f'<path class="copied" d="M{at(row["value"])} 0V{height}"/>')
    return Markup(
        f'<svg class="bars" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(metric)}, normalised: {escape(spoken)}">{"".join(parts)}</svg>'
    )


def strip(rows: Sequence[Mapping[str, Any]], shade: Mapping[str, str]) -> Markup:
    """Systems on one scale from 0 to 100: a mark at the score, a line along its interval."""
    height = LANE * len(rows) + 1

    def at(value: float) -> float:
        return 2 + (STRIP - 4) * min(max(value, 0.0), 100.0) / 100

    parts = [f'<rect class="track" x="0" y="0" width="{STRIP}" height="{height}" rx="2"/>']
    for number, row in enumerate(rows):
        middle = LANE * number + LANE / 2 + 0.5
        low, high = (at(end) for end in row["ci"])
        parts.append(
            f'<g class="{shade[row["system"]]}">'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>'
            f'<rect x="{at(row["value"]) - 2:.1f}" y="{middle - 4}" width="4" height="8"/></g>'
        )
    spoken = ", ".join(f"{row['system']} {row['value']:.1f}" for row in rows)
    return Markup(
        f'<svg class="strip" viewBox="0 0 {STRIP} {height}" role="img" '
        f'aria-label="{escape(spoken)}">{"".join(parts)}</svg>'
    )
