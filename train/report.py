"""A run's ``report.html``: its curves as inline SVG and its numbers; one file, no scripts."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from train.monitor import changes
from train.state import Position

Point = tuple[float, float]
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 240, 66, 12, 30
WINDOW = 50  # steps, at most, and a fiftieth of the run: what the exponential mean is over

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1b1f24; --faint: #d9dde2; --page: #fff;
  --a: #0b62c4; --b: #b4410e; --c: #1a7f37; --d: #8a3ffc; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e6e8eb; --faint: #3a4048;
  --page: #14171a; --a: #6cb0ff; --b: #ff9a5c; --c: #6fd08c; --d: #be95ff; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 44rem; margin: 0 auto; padding: 1rem; }}
svg {{ width: 100%; height: auto; display: block; }}
svg text {{ fill: var(--ink); font-size: 12px; }}
svg .grid {{ stroke: var(--faint); }}
svg polyline {{ fill: none; stroke-width: 2; }}
svg .chosen {{ stroke: var(--ink); stroke-dasharray: 3 4; }}
.s0 {{ stroke: var(--a); }} .s1 {{ stroke: var(--b); }} .s2 {{ stroke: var(--c); }}
.s3 {{ stroke: var(--d); }} svg .raw {{ stroke-width: 1; opacity: .35; }}
.key {{ display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin: 0; font-size: .9rem; }}
.key i {{ display: inline-block; width: 1.2rem; border-top: 3px solid; margin-right: .4rem;
  vertical-align: middle; }}
i.s0 {{ color: var(--a); }} i.s1 {{ color: var(--b); }} i.s2 {{ color: var(--c); }}
i.s3 {{ color: var(--d); }}
h2 {{ font-size: 1.15rem; margin: 1.6rem 0 .2rem; }} h2 + p {{ margin: 0 0 .4rem; }}
@media (max-width: 36rem) {{ svg text {{ font-size: 20px; }} }}
.wide {{ overflow-x: auto; }}
circle.s0 {{ fill: var(--a); }} circle.s1 {{ fill: var(--b); }}
circle.s2 {{ fill: var(--c); }} circle.s3 {{ fill: var(--d); }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--faint); }}
td {{ font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }}
</style></head><body>
<h1>{title}</h1>
{body}
</body></html>
"""


def render(title: str, records: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> str:
    """The page of a run, from the records of its metrics file and facts for its table.

    ``facts`` are shown as they are; of them ``chosen_step`` is marked in the charts of scores.
    """
    steps = [record for record in records if "loss" in record]
    chosen = facts.get("chosen_step")
    parts = ["<h2>Loss</h2><p>Nats per target token: each step, and smoothed over steps.</p>"]
    raw = thinned(series(steps, "loss"), 1000)
    parts.append(chart({"loss": smooth(series(steps, "loss"))}, raw=raw))
    told = "Of dev sentences, normalised, greedy decoding"
    for name, head, text in (
        ("chrf_pp", "chrF++", told),
        ("chrf_pp_monitor", "What it forgets", "chrF++ of directions that are not trained"),
    ):
        curves = by_name(records, name)
        if curves:
            mark = f" (dashed: the weights that are kept, step {chosen})" if chosen else ""
            parts.append(f"<h2>{head}</h2><p>{text}{mark}.</p>")
            low = 0.0 if name == "chrf_pp" else None
            parts.append(chart(curves, low=low, mark=float(chosen) if chosen else None))
            if name == "chrf_pp_monitor":
                parts.append(_changed(facts.get("forgetting")))
    parts.append("<h2>Learning rate</h2>")
    parts.append(chart({"lr": thinned(series(steps, "lr"), 400)}, low=0.0))
    parts.append("<h2>Tokens a second</h2><p>Without padding, validation or saving; smoothed.</p>")
    sides = {"target": "tokens_per_s", "source": "source_tokens_per_s"}
    speeds = {side: smooth(series(steps, name)) for side, name in sides.items()}
    parts.append(chart({side: curve for side, curve in speeds.items() if curve}, low=0.0))
    named = {name.replace("_", " "): _told(value) for name, value in facts.items()}
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in named.items()
    )
    parts.append(f'<h2>Numbers</h2><div class="wide"><table>{rows}</table></div>')
    return PAGE.format(title=html.escape(title), body="\n".join(parts))


def series(records: Sequence[Mapping[str, Any]], name: str) -> list[Point]:
    """A column over steps, where it is there."""
    return [(record["step"], record[name]) for record in records if name in record]


def by_name(records: Sequence[Mapping[str, Any]], column: str) -> dict[str, list[Point]]:
    """The curves of a column of named scores; a mean of weights is no point of a curve."""
    curves: dict[str, list[Point]] = {}
    for record in records:
        if "average_of" not in record:
            for name, score in record.get(column, {}).items():
                curves.setdefault(name, []).append((record["step"], score))
    return dict(sorted(curves.items()))


def _changed(points: Mapping[str, float] | None) -> str:
    if not points:
        return ""
    told = ", ".join(f"{html.escape(name)} {change:+.1f}" for name, change in points.items())
    return f"<p>Since before the first step, of the kept weights: {told}.</p>"


def _told(value: Any) -> str:
    """A fact as people read it: numbers short, a table's rows one after the other."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_told(inside)}" for name, inside in value.items()) or "–"
    if isinstance(value, list | tuple):
        return "; ".join(_told(inside) for inside in value) or "–"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return "–" if value is None else f"{value:,}" if type(value) is int else str(value)


def ended(records: Sequence[Mapping[str, Any]], end: Position) -> dict[str, Any]:
    """What is recorded of a run's end: the weights it chose, and what they cost."""
    steps = [record for record in records if "loss" in record]
    chosen = [
        record
        for record in records
        if record["step"] == end.chosen and record.get("average_of", 0) == end.averaged
    ]
    scores, watched = _last(chosen, "chrf_pp"), _last(chosen, "chrf_pp_monitor")
    return {
        "steps": end.step,
        "tokens": end.tokens,
        "chosen_step": end.chosen,
        "averaged": end.averaged,  # of how many validations the weights are the mean; 0: of none
        "kept": [{"step": step, "chrf_pp": score} for step, score in end.kept],
        "dev_chrf_pp": scores,
        **({"forgetting": changes(end.before, watched)} if end.before else {}),
        "train_seconds": end.seconds,
        "tokens_per_s": median(r["tokens_per_s"] for r in steps) if steps else None,
        "mfu": median(r["mfu"] for r in steps) if steps else None,
        "memory_gib": max((r["memory_gib"] for r in steps), default=None),
        "micro_tokens": end.micro_tokens,  # null: a batch at once
    }


def _last(records: Sequence[Mapping[str, Any]], name: str) -> dict[str, float]:
    found: dict[str, float] = next((r[name] for r in reversed(records) if name in r), {})
    return found


def smooth(points: Sequence[Point], most: int = 400) -> list[Point]:
    """An exponential mean without the bias of its start, thinned to at most ``most`` points."""
    old = 1 - 1 / min(max(len(points) / WINDOW, 1), WINDOW)
    mean = weight = 0.0
    found = []
    for x, y in points:
        mean = old * mean + (1 - old) * y
        weight = old * weight + (1 - old)
        found.append((x, mean / weight))
    return thinned(found, most)


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """Every so many-th point, the last one among them."""
    stride = max(1, -(-len(points) // most))
    return list(points[::-1][::stride][::-1])


def chart(
    curves: Mapping[str, Sequence[Point]],
    low: float | None = None,
    raw: Sequence[Point] = (),
    mark: float | None = None,
) -> str:
    """Curves over steps, as an SVG element with a description; a key, where there are several.

    ``raw`` is drawn faintly behind the first one, ``mark`` is a step with a dashed line.
    """
    points = [*raw, *(point for curve in curves.values() for point in curve)]
    if not points:
        return "<p>No steps.</p>"
    right, top = max(x for x, _ in points), max(y for _, y in points)
    floor = min(y for _, y in points) if low is None else low
    top = top if top > floor else floor + 1

    def place(x: float, y: float) -> Point:
        across = LEFT + (WIDTH - LEFT - 8) * x / max(right, 1)
        down = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (y - floor) / (top - floor)
        return round(across, 1), round(down, 1)

    def line(style: str, curve: Sequence[Point]) -> str:
        places = " ".join(f"{x},{y}" for x, y in (place(*point) for point in curve))
        return f'<polyline class="{style}" points="{places}"/>'

    parts = []
    for value in ticks(floor, top):
        _, down = place(0, value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 8}" y1="{down}" y2="{down}"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{down + 4:.1f}" text-anchor="end">{_tick(value)}</text>'
        )
    for step in ticks(0, right):
        across, _ = place(step, floor)
        anchor = "end" if step > 0.95 * right else "middle"
        parts.append(
            f'<text x="{across}" y="{HEIGHT - 6}" text-anchor="{anchor}">{_tick(step)}</text>'
        )
    if mark is not None:
        x, _ = place(mark, floor)
        parts.append(f'<line class="chosen" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
    if raw:
        parts.append(line("s0 raw", raw))
    for index, curve in enumerate(curves.values()):
        parts.append(line(style := f"s{index % 4}", curve))
        if len(curve) < 30:
            for x, y in (place(*point) for point in curve):
                parts.append(f'<circle class="{style}" cx="{x}" cy="{y}" r="3"/>')
    told = "; ".join(f"{name} ends at {curve[-1][1]:.4g}" for name, curve in curves.items())
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{html.escape(told)}</title>'
        + "".join(parts)
        + "</svg>"
        + (_key(list(curves)) if len(curves) > 1 else "")
    )


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough * 0.8)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _key(names: Sequence[str]) -> str:
    spans = "".join(
        f'<span><i class="s{index % 4}"></i>{html.escape(name)}</span>'
        for index, name in enumerate(names)
    )
    return f'<p class="key">{spans}</p>'


def _tick(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
