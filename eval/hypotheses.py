"""Anybody's translations from a file: a line each, or JSON lines by the test set's ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eval.testset import TestSide
from korpu.errors import NotComparable, UsageError
from korpu.schema import Evaluate


def read(system: str, evaluate: Evaluate, side: TestSide) -> list[str]:
    """A system's hypotheses on one test set, in its order.

    JSON lines (``.jsonl``) have ``id`` and ``hyp``, and may have ``src`` and ``ref``, which must
    then be the test set's, as in this stage's own ``hypotheses/``. Raises ``UsageError`` naming
    file and line for what cannot be read or is missing, ``NotComparable`` for hypotheses of
    another test set.
    """
    where = f"evaluate.hypotheses.{system}.{side.benchmark}.{side.direction}"
    name = evaluate.hypotheses[system].get(side.benchmark, {}).get(side.direction)
    if name is None:
        raise UsageError(f"{where} names no file, and every system is scored on every test set")
    path = Path(name)
    try:
        text = path.read_text("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise UsageError(f"{where}: {path} is not UTF-8 (byte {error.start})") from error
    except OSError as error:
        raise UsageError(f"{where}: {path} cannot be read: {error.strerror}") from error
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()  # the end of the last line, not a line
    found = _by_id(lines, side, path) if path.suffix == ".jsonl" else lines
    if len(found) != len(side.segments):
        raise UsageError(
            f"{where}: {path} has {len(found)} lines and the test set {len(side.segments)}; are "
            "they of another test set?"
        )
    if not any(line.strip() for line in found):
        raise UsageError(f"{where}: {path} has no text in any line; was the translation cut off?")
    return found


def _by_id(lines: list[str], side: TestSide, path: Path) -> list[str]:
    hyps: dict[str, str] = {}
    known = {segment.id: segment for segment in side.segments}
    for number, line in enumerate(lines, start=1):
        row = _row(line, path, number)
        segment = known.get(str(row["id"]))
        differs = segment is not None and any(
            key in row and row[key] != text
            for key, text in (("src", segment.src), ("ref", segment.ref))
        )
        if segment is None or differs:
            raise NotComparable(
                f"{path}, line {number}: {row['id']} is "
                f"{'another segment than' if differs else 'no segment of'} that of "
                f"{side.benchmark} {side.direction}; these are hypotheses of another test set"
            )
        if segment.id in hyps:
            raise UsageError(f"{path}, line {number}: {segment.id} is given twice")
        hyps[segment.id] = row["hyp"]
    missing = next((name for name in known if name not in hyps), None)
    if missing is not None:
        raise UsageError(
            f"{path} has {len(hyps)} of {len(known)} segments; the first missing one is {missing}"
        )
    return [hyps[segment.id] for segment in side.segments]


def _row(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if isinstance(row["id"], str | int) and isinstance(row["hyp"], str):
            return dict(row)
        reason = "its id or hyp is no text"
    except (ValueError, KeyError, TypeError) as error:
        reason = repr(error)
    raise UsageError(f"{path}, line {number} is no JSON object with id and hyp ({reason})")
