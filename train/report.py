"""A run's ``report.html``: its curves as inline SVG and its numbers; one file, no scripts."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

Point = tuple[float, float]
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 240, 46, 26
SMOOTHING = 0.95  # of the loss curve: exponential mean over steps

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1b1f24; --faint: #d9dde2; --page: #fff;
  --a: #0b62c4; --b: #b4410e; --c: #1a7f37; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e6e8eb; --faint: #3a4048;
  --page: #14171a; --a: #6cb0ff; --b: #ff9a5c; --c: #6fd08c; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 44rem; margin: 0 auto; padding: 1rem; }}
svg {{ width: 100%; height: auto; }}
svg text {{ fill: var(--ink); font-size: 12px; }}
svg .grid {{ stroke: var(--faint); }}
svg polyline {{ fill: none; stroke-width: 2; }}
.s0 {{ stroke: var(--a); }} .s1 {{ stroke: var(--b); }} .s2 {{ stroke: var(--c); }}
circle.s0 {{ fill: var(--a); }} circle.s1 {{ fill: var(--b); }} circle.s2 {{ fill: var(--c); }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--faint); }}
td {{ font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }}
</style></head><body>
<h1>{title}</h1>
{body}
</body></html>
"""


def render(title: str, records: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> str:
    """The page of a run, from the records of its metrics file and facts for its table."""
    steps = [record for record in records if "loss" in record]
    scored = [record for record in records if "chrf_pp" in record and "average_of" not in record]
    names = sorted({name for record in scored for name in record["chrf_pp"]})
    parts = ["<h2>Loss</h2><p>Nats per target token, smoothed over steps.</p>"]
    parts.append(chart({"loss": smooth([(r["step"], r["loss"]) for r in steps])}))
    if names:
        parts.append("<h2>chrF++</h2><p>Of dev sentences, normalised, greedy decoding.</p>")
        curves = {
            name: [(r["step"], r["chrf_pp"][name]) for r in scored if name in r["chrf_pp"]]
            for name in names
        }
        parts.append(chart(curves, low=0.0))
    rows = "".join(
        f"<tr><th>{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in facts.items()
    )
    parts.append(f'<h2>Numbers</h2><div class="wide"><table>{rows}</table></div>')
    return PAGE.format(title=html.escape(title), body="\n".join(parts))


def smooth(points: Sequence[Point], most: int = 400) -> list[Point]:
    """An exponential mean without the bias of its start, thinned to at most ``most`` points."""
    mean = weight = 0.0
    found = []
    for x, y in points:
        mean = SMOOTHING * mean + (1 - SMOOTHING) * y
        weight = SMOOTHING * weight + (1 - SMOOTHING)
        found.append((x, mean / weight))
    stride = max(1, -(-len(found) // most))
    return found[::-1][::stride][::-1]


def chart(curves: Mapping[str, Sequence[Point]], low: float | None = None) -> str:
    """Line charts of some curves over steps, as an SVG element with a description."""
    points = [point for curve in curves.values() for point in curve]
    if not points:
        return "<p>No steps.</p>"
    right, top = max(x for x, _ in points), max(y for _, y in points)
    floor = min(y for _, y in points) if low is None else low
    top = top if top > floor else floor + 1

    def place(x: float, y: float) -> Point:
        across = LEFT + (WIDTH - LEFT - 8) * x / max(right, 1)
        down = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 24) * (y - floor) / (top - floor)
        return round(across, 1), round(down, 1)

    parts = []
    for tick in range(5):
        value, step = floor + (top - floor) * tick / 4, right * tick / 4
        across, down = place(step, value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 8}" y1="{down}" y2="{down}"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{down + 4:.1f}" text-anchor="end">{value:.3g}</text>'
        )
        anchor = "end" if tick == 4 else "middle"
        parts.append(
            f'<text x="{across}" y="{HEIGHT - 6}" text-anchor="{anchor}">{step:.0f}</text>'
        )
    for index, (name, curve) in enumerate(curves.items()):
        style, places = f"s{index % 3}", [place(x, y) for x, y in curve]
        line = " ".join(f"{across},{down}" for across, down in places)
        parts.append(f'<polyline class="{style}" points="{line}"/>')
        if len(places) < 30:
            for across, down in places:
                parts.append(f'<circle class="{style}" cx="{across}" cy="{down}" r="3"/>')
        key = LEFT + 10 + 190 * index
        parts.append(f'<circle class="{style}" cx="{key}" cy="10" r="4"/>')
        parts.append(f'<text x="{key + 9}" y="14">{html.escape(name)}</text>')
    told = "; ".join(f"{name} ends at {curve[-1][1]:.4g}" for name, curve in curves.items())
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{html.escape(told)}</title>'
        + "".join(parts)
        + "</svg>"
    )
