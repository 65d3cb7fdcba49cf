"""The gate's verdicts for a CI server (JUnit XML) and for a person (Markdown)."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from typing import Any

from eval import gate_checks


def junit(gate: Mapping[str, Any]) -> str:
    """One test case per comparison and per floor; what fails the gate is a `<failure>`.

    A verdict that only warns is a `<system-out>` of a passed case.
    """
    cases = []
    for row in gate["verdicts"]:
        name = f"{row['benchmark']} {row['direction']}"
        text = f"{row['verdict']}: {row['why']}"
        cases.append((name, "korpu.gate", text, row["failed"]))
    for row in gate["floors"]:
        name = f"{row['benchmark']} {row['direction']} {row['check']}"
        cases.append((name, "korpu.gate.floors", _floor(row), row["broken"]))
    for row in gate["checks"]:
        name = f"{row['benchmark']} {row['direction']} {row['check']}"
        text = f"{row['verdict']}: {row['why']}"
        cases.append((name, "korpu.gate.checks", text, row["failed"]))
    failures = sum(failed for *_, failed in cases)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0"}
    root = ElementTree.Element("testsuites", {"name": "korpu gate", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": "korpu gate", **counts})
    for name, classname, text, failed in cases:
        case = ElementTree.SubElement(suite, "testcase", {"name": name, "classname": classname})
        if failed:
            found = ElementTree.SubElement(case, "failure", {"message": text})
            found.text = text
        else:
            ElementTree.SubElement(case, "system-out").text = text
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def summary(gate: Mapping[str, Any]) -> str:
    """A Markdown page: the verdict in a sentence, a table, and the floors that are broken."""
    state = "passed" if gate["passed"] else "failed"
    lines = [
        f"## korpu gate: {state}",
        "",
        f"`{gate['system']}` against `{gate['baseline']}`, {gate['metric']} on normalised text. "
        f"A drop of {gate['delta']:g} or more that is significant at {gate['alpha']:g} (one-sided, "
        "paired approximate randomisation, Holm) fails. MDE: the smallest loss this test set "
        f"shows with a probability of {gate['power']:.0%}.",
        "",
        "| test set | direction | verdict | baseline | system | Δ (95%) | p | MDE | n |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in gate["verdicts"]:
        p_value = row["p_better_holm"] if row["delta"] > 0 else row["p_worse_holm"]
        effect = "–" if row["mde"] is None else f"{row['mde']:.2f}"
        lines.append(
            f"| {row['benchmark']} | {row['direction']} | {row['verdict']} "
            f"| {row['baseline']:.2f} | {row['system']:.2f} "
            f"| {row['delta']:+.2f} ({row['ci'][0]:+.2f} to {row['ci'][1]:+.2f}) "
            f"| {p_value:.4f} | {effect} | {row['n']} |"
        )
    broken = [row for row in gate["floors"] if row["broken"]]
    if broken:
        lines += ["", "Floors broken:", ""]
        lines += [f"- {row['benchmark']} {row['direction']}: {_floor(row)}" for row in broken]
    lines += gate_checks.table(gate["checks"])
    return "\n".join(lines) + "\n\n"


def _floor(row: Mapping[str, Any]) -> str:
    rate = "not measurable" if row["rate"] is None else f"{row['rate']:.2%} of {row['n']}"
    return f"{row['check']} {rate}, limit {row['limit']:.2%}"
