"""Two systems' stored counts on the same test sets, or the reason why they cannot be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.counts import Counts
from eval.metrics import values
from eval.store import counts_name, read_statistics, units_name
from korpu.errors import NotComparable, UsageError
from korpu.schema import Gate


@dataclass(frozen=True)
class Report:
    """A report.json and the statistics beside it."""

    path: Path
    content: Mapping[str, Any]
    counts: Mapping[str, Counts]


@dataclass(frozen=True)
class Side:
    """One test set in one direction: counts per segment of both, and each segment's unit."""

    benchmark: str
    direction: str
    system: Counts
    baseline: Counts
    units: Counts


def opened(path: Path) -> Report:
    """A report by the path of its report.json (or its folder); raises ``UsageError``."""
    path = path / "report.json" if path.is_dir() else path
    try:
        content = json.loads(path.read_text("utf-8"), parse_constant=_no_number)
    except FileNotFoundError:
        raise UsageError(f"there is no report {path}; run korpu evaluate first") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is not a readable report.json: {error}") from error
    if not isinstance(content, dict) or not {"scores", "benchmarks", "checks"} <= content.keys():
        raise UsageError(f"{path} is not a report of korpu evaluate; name its report.json")
    return Report(path, content, read_statistics(path.with_name("stats.npz")))


def _no_number(name: str) -> float:
    raise ValueError(f"it has {name} where a number belongs")


def paired_sides(report: Report, gate: Gate) -> list[Side]:
    """What the gate compares: every test set and direction of ``gate.benchmarks`` (empty: all).

    The baseline is a system of the same report, else another report's system of the same name.
    Raises ``NotComparable`` and ``UsageError`` as ``eval.gate.run`` does.
    """
    _has_system(report, gate.system, "gate.system")
    if gate.baseline in report.content["systems"]:
        other, name = report, gate.baseline
        if name == gate.system:
            raise UsageError(f"gate.system and gate.baseline are both {name}; name two systems")
    else:
        other, name = _other(report, gate.baseline), gate.system
        _has_system(other, name, "gate.system")
        _same_settings(report, other)
    sides = []
    for benchmark in gate.benchmarks or list(report.content["benchmarks"]):
        if benchmark not in report.content["benchmarks"]:
            raise UsageError(_no_benchmark(report, benchmark))
        for direction in report.content["benchmarks"][benchmark]:
            _same_lines(report, other, benchmark, direction)
            _same_signature(report, other, gate, name, benchmark, direction)
            sides.append(
                Side(
                    benchmark,
                    direction,
                    _counts(report, benchmark, direction, gate.system, gate.metric),
                    _counts(other, benchmark, direction, name, gate.metric),
                    _array(report, units_name(benchmark, direction)),
                )
            )
    return sides


def _other(report: Report, baseline: str) -> Report:
    if not Path(baseline).exists():
        raise UsageError(
            f"gate.baseline={baseline} is neither a system of the report "
            f"({', '.join(report.content['systems'])}) nor the path of another report.json"
        )
    return opened(Path(baseline))


def _has_system(report: Report, system: str, key: str) -> None:
    if system not in report.content["systems"]:
        known = ", ".join(report.content["systems"])
        raise UsageError(f"{key}={system} is not in {report.path}, which has {known}")


def _no_benchmark(report: Report, benchmark: str) -> str:
    for row in report.content["unavailable"]:
        if row["benchmark"] == benchmark:
            return f"gate.benchmarks: {benchmark} has no scores, {row['reason']}"
    known = ", ".join(report.content["benchmarks"])
    return f"gate.benchmarks: {benchmark} is not in the report, which has {known}"


def _same_settings(report: Report, other: Report) -> None:
    for key, what in (("schema", "format"), ("normaliser", "normaliser"), ("decode", "decoding")):
        mine, theirs = _setting(report, key), _setting(other, key)
        if mine != theirs:
            raise NotComparable(
                f"the baseline {other.path} has another {what} ({theirs}) than this report "
                f"({mine}); evaluate the baseline again with the same settings"
            )


def _setting(report: Report, key: str) -> Any:
    found = report.content.get(key)
    if key == "decode" and isinstance(found, dict):  # how much is translated at once is no matter
        return {name: value for name, value in found.items() if name != "batch_tokens"}
    return found


def _same_lines(report: Report, other: Report, benchmark: str, direction: str) -> None:
    mine = report.content["benchmarks"][benchmark][direction]["sha256"]
    theirs = other.content["benchmarks"].get(benchmark, {}).get(direction, {}).get("sha256")
    if mine != theirs:
        why = "lacks this test set" if theirs is None else f"has other lines ({theirs[:8]})"
        raise NotComparable(
            f"{benchmark} {direction} ({mine[:8]}): the baseline {other.path} {why}; "
            "evaluate both on the same test set"
        )


def _same_signature(
    report: Report, other: Report, gate: Gate, name: str, benchmark: str, direction: str
) -> None:
    place = (benchmark, direction)
    mine = _signature(report, *place, gate.system, gate.metric)
    theirs = _signature(other, *place, name, gate.metric)
    if mine != theirs:
        raise NotComparable(
            f"{benchmark} {direction}: {gate.metric} was computed as {mine} here and as {theirs} "
            f"in {other.path}; evaluate both with the same version"
        )


def _signature(report: Report, benchmark: str, direction: str, system: str, metric: str) -> str:
    return str(_row(report, benchmark, direction, system, metric)["signature"])


def _row(
    report: Report, benchmark: str, direction: str, system: str, metric: str
) -> Mapping[str, Any]:
    wanted = (benchmark, direction, system, metric, True)
    for row in report.content["scores"]:
        found = tuple(row[k] for k in ("benchmark", "direction", "system", "metric", "normalised"))
        if found == wanted:
            return dict(row)
    for row in report.content["unavailable"]:
        if (row["benchmark"], row["direction"], row.get("metric")) == (
            benchmark,
            direction,
            metric,
        ):
            raise UsageError(f"{report.path} has no {metric}: {row['reason']}")
    raise UsageError(
        f"{report.path} has no normalised {metric} of {system} on {benchmark} {direction}; "
        f"add {metric} to evaluate.metrics"
    )


def _counts(report: Report, benchmark: str, direction: str, system: str, metric: str) -> Counts:
    found = _array(report, counts_name(benchmark, direction, system, metric, True))
    row = _row(report, benchmark, direction, system, metric)
    lines = report.content["benchmarks"][benchmark][direction]["n"]
    score = float(values(found.sum(0), metric))
    if len(found) != lines or abs(score - row.get("value", score)) > 1e-4:
        raise NotComparable(
            f"{report.path.with_name('stats.npz')} has {len(found)} lines of {system} on "
            f"{benchmark} {direction} with {metric} {score:.4f}, and the report {lines} with "
            f"{row.get('value', score):.4f}; they are not of one evaluation, run it again"
        )
    return found


def _array(report: Report, name: str) -> Counts:
    if name not in report.counts:
        raise UsageError(f"{report.path.with_name('stats.npz')} has no {name}; evaluate again")
    return report.counts[name]
