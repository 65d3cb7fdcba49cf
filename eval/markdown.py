"""An evaluation as a Markdown table: `python -m eval.markdown DIR`, for documents."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval import compared, figures
from korpu.errors import UsageError


def table(report: Mapping[str, Any]) -> str:
    """A row per test set, direction and system: raw / normalised scores, n, and the signatures.

    A metric that another program computes has its raw score alone, with the interval.
    """
    metrics = list(dict.fromkeys(row["metric"] for row in report["scores"]))
    value = {
        (r["benchmark"], r["direction"], r["system"], r["metric"], r["normalised"]): r
        for r in report["scores"]
    }
    lines = [
        "| test set | direction | n | system | "
        + " | ".join(_head(metric) for metric in metrics)
        + " |",
        "|---" * (4 + len(metrics)) + "|",
    ]
    for benchmark, directions in report["benchmarks"].items():
        for direction, size in directions.items():
            for system in report["systems"]:
                place = (benchmark, direction, system)
                cells = [
                    _cell(value[*place, metric, False], value.get((*place, metric, True)))
                    for metric in metrics
                ]
                lines.append(
                    f"| {benchmark} | {direction} | {size['n']} | {system} | "
                    + " | ".join(cells)
                    + " |"
                )
    signatures = dict.fromkeys(row["signature"] for row in figures.decided_by(report["scores"]))
    lines += ["", "Signatures (raw: the same without `norm`):", ""]
    lines += [f"- `{signature}`" for signature in signatures]
    return "\n".join(lines) + "\n"


def robustness(report: Mapping[str, Any]) -> str:
    """A row per test set, direction, disturbance and system: before, after and the loss."""
    lines = [
        "| test set | direction | disturbed by | system | changed | before | after | loss (95%) |",
        "|---|---|---|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['benchmark']} | {row['direction']} | {row['perturbation']} | {row['system']} "
        f"| {row['changed']} of {row['n']} | {row['before']:.1f} | {row['after']:.1f} "
        f"| {row['loss']:.1f} ({figures.interval(row)}) |"
        for row in report["robustness"]
    ]
    return "\n".join(lines) + "\n"


def _head(metric: str) -> str:
    return f"{figures.name(metric)} raw" + (" / normalised" if metric in figures.NAMES else "")


def _cell(raw: figures.Row, normalised: figures.Row | None) -> str:
    if normalised is None:
        return f"{figures.value(raw)} ({figures.interval(raw)})"
    return (
        f"{figures.value(raw)} / **{figures.value(normalised)}** ({figures.interval(normalised)})"
    )


def main(words: list[str]) -> int:
    """Print the tables of the reports named; returns the exit code."""
    try:
        for word in words:
            made = compared.opened(Path(word)).content
            print(table(made), end="")
            if made.get("robustness"):
                print(f"\n{robustness(made)}", end="")
    except UsageError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
