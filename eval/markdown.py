"""An evaluation as a Markdown table: `python -m eval.markdown DIR`, for documents."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.report import NAMES


def table(report: Mapping[str, Any]) -> str:
    """A row per test set, direction and system: raw / normalised scores, n, and the signatures."""
    metrics = list(dict.fromkeys(row["metric"] for row in report["scores"]))
    value = {
        (r["benchmark"], r["direction"], r["system"], r["metric"], r["normalised"]): r
        for r in report["scores"]
    }
    lines = [
        "| test set | direction | n | system | "
        + " | ".join(f"{NAMES[metric]} raw / normalised" for metric in metrics)
        + " |",
        "|---" * (4 + len(metrics)) + "|",
    ]
    for benchmark, directions in report["benchmarks"].items():
        for direction, size in directions.items():
            for system in report["systems"]:
                place = (benchmark, direction, system)
                cells = [
                    f"{value[*place, metric, False]['value']:.1f} / {_with_interval(row)}"
                    for metric in metrics
                    if (row := value[*place, metric, True])
                ]
                lines.append(
                    f"| {benchmark} | {direction} | {size['n']} | {system} | "
                    + " | ".join(cells)
                    + " |"
                )
    signatures = {
        row["signature"]: None for row in report["scores"] if row["normalised"]
    }  # a dict keeps their order
    lines += ["", "Signatures (raw: the same without `norm`):", ""]
    lines += [f"- `{signature}`" for signature in signatures]
    return "\n".join(lines) + "\n"


def _with_interval(row: Mapping[str, Any]) -> str:
    low, high = row["ci"]
    return f"**{row['value']:.1f}** ({low:.1f}–{high:.1f})"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    print(table(json.loads((folder / "report.json").read_text("utf-8"))), end="")
