"""The evaluation's main numbers for a terminal."""

from __future__ import annotations

import io
import json

from eval import figures
from eval.report import focus
from korpu.artifact import Artifact


def show(artifact: Artifact, width: int = 100) -> str:
    """Normalised scores as a text table (a program's: raw): a row per test set, direction, system.

    The half-width of the 95% interval follows the score. Off-target and empty outputs stand
    beside. The text ends with a newline.
    """
    from rich.console import Console
    from rich.table import Table

    report = json.loads(artifact.file("report.json").read_text("utf-8"))
    main = figures.decided_by(report["scores"])
    metrics = list(dict.fromkeys(row["metric"] for row in main))
    rates = {
        (row["benchmark"], row["direction"], row["system"], row["check"]): row["rate"]
        for row in report["checks"]
    }
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("test set", "direction", "system"):
        table.add_column(name, no_wrap=True)
    for name in [*(figures.name(metric) for metric in metrics), "n", "off-target", "empty"]:
        table.add_column(name, justify="right", no_wrap=True)
    asked, _ = focus(report["systems"])
    for benchmark, directions in report["benchmarks"].items():
        for direction, size in directions.items():
            for system in report["systems"]:
                place = (benchmark, direction, system)
                cells = [
                    f"{figures.value(row)} ±{figures.half_width(row)}"
                    for metric in metrics
                    for row in main
                    if (row["benchmark"], row["direction"], row["system"]) == place
                    and row["metric"] == metric
                ]
                share = [_percent(rates.get((*place, check))) for check in ("off_target", "empty")]
                first = system == report["systems"][0]
                table.add_row(
                    benchmark if first else "",
                    direction if first else "",
                    system,
                    *cells,
                    str(size["n"]),
                    *share,
                    style="bold" if system == asked else None,
                )
    stream = io.StringIO()
    Console(file=stream, width=width, highlight=False, no_color=True).print(table)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    lines += [
        f"{row['benchmark']} {row['direction']}: not scored, {row['reason']}"
        for row in report["unavailable"]
    ]
    return "\n".join(lines) + "\n"


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{100 * rate:.1f}%"


def show_gate(artifact: Artifact) -> str:
    """The gate's verdicts, one a line."""
    found = json.loads(artifact.file("gate.json").read_text("utf-8"))
    rows = [
        f"gate: {row['verdict']} on {row['benchmark']} {row['direction']}: {row['why']}\n"
        for row in found["verdicts"]
    ]
    return "".join(rows)
