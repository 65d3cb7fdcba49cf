"""Checks: recall on planted errors, and false alarms on human translations.

Planted errors and their good translations are ours (``sentences.jsonl``); the references are
NTREX's and X-WMT's, whose own mistakes count as false alarms here.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from eval import checks
from eval.checks import planted
from eval.checks.numbers import number_mismatch
from eval.checks.unequal import unequal
from korpu import bench
from korpu.errors import DONE, UsageError

NAME = "checks"
HELP = """korpu bench checks [word=value …]

  markdown=true   Markdown tables
  only=CHECK      one check, with the references that it fails

  The references: ../shared/data, or $KORPU_SHARED.
"""
WORDS = {"markdown": "false", "only": ""}
AZ, UZ = "azj_Latn", "uzn_Latn"
DIGITS_ONLY = "(digits alone)"  # what reading words, scales, hours and months is worth
AS_TRANSLATE = "(as translate does)"  # the same readers, and the order, days and per cent
_GROUPED = re.compile(r"(?<=\d)[ \u00a0\u202f.,](?=\d{3}(?!\d))")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
Lines = tuple[list[str], list[str]]  # Azerbaijani and Uzbek, aligned


def main(words: list[str]) -> int:
    """Run the benchmark; returns 0. Raises ``UsageError`` for its words or without the data."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("korpu bench checks", words, WORDS)
    only, markdown = given["only"], bench.truth(given, "markdown")
    if only and only not in checks.CHECKS:
        raise UsageError(f"only: there is no check {only!r}; use {', '.join(checks.CHECKS)}")
    sets = {name: _lines(name) for name in ("ntrex", "xwmt")}
    chosen = {only: checks.CHECKS[only]} if only else dict(checks.CHECKS)
    speed = None if only else _speed(sets["ntrex"])
    rows = [_row(name, check, sets) for name, check in chosen.items()]
    if not only or only == "number_mismatch":
        place = 1 + next(i for i, row in enumerate(rows) if row[0] == "number_mismatch")
        rows.insert(place, _row(DIGITS_ONLY, digits_alone, sets))
        rows.insert(place + 1, _row(AS_TRANSLATE, as_translate, sets))
    print(bench.machine("Babel") + "\n")
    print(bench.table(HEAD, rows, markdown))
    print(NOTE)
    if speed:
        print(f"speed: {speed:.0f} pairs per CPU-second, all but identification, nothing known yet")
    if only:
        _show(only, sets)
    return DONE


HEAD = (
    "check", "planted found", "planted in ntrex", "written", "ntrex az→uz", "ntrex uz→az",
    "xwmt az→uz", "xwmt uz→az",
)  # fmt: skip
NOTE = """
planted found: of faults made by rule in the written pairs, both directions; in ntrex: by rule in
references that pass. The others: failures of the pairs that a check applies to. term_lost counts
sentences here; a report counts terms."""


def digits_alone(source: str, output: str, _language: str) -> bool | None:
    """Numbers in digits only, compared as written but for grouping and the decimal mark."""
    one, two = (
        Counter(n.replace(",", ".") for n in _NUMBER.findall(_GROUPED.sub("", text)))
        for text in (source, output)
    )
    return None if not one and not two else one != two


def as_translate(source: str, output: str, language: str) -> bool | None:
    """What `korpu translate` mends or warns of, where there are numbers to compare."""
    if number_mismatch(source, output, language) is None:
        return None
    return unequal(source, output, language) is not None


def _row(name: str, check: checks.Check, sets: dict[str, Lines]) -> list[str]:
    key = "number_mismatch" if name in (DIGITS_ONLY, AS_TRANSLATE) else name
    faults = [(s, o, target) for target in (UZ, AZ) for s, o in planted.planted(key, target)]
    written = [(p.source, p.output, target) for target in (UZ, AZ) for p in planted.pairs(target)]
    cells = [_found([check(*fault) is True for fault in faults])]
    cells.append(_found([check(*fault) is True for fault in _elsewhere(key, sets["ntrex"])]))
    cells.append(_failed([check(*pair) for pair in written]))
    for az, uz in sets.values():
        cells.append(_failed([check(*pair, UZ) for pair in zip(az, uz, strict=True)]))
        cells.append(_failed([check(*pair, AZ) for pair in zip(uz, az, strict=True)]))
    return [name, *cells]


def _elsewhere(name: str, lines: Lines) -> list[tuple[str, str, str]]:
    """Faults made by rule in references that pass: nobody wrote or chose these sentences for it.
    A name becomes another, a negated verb is left out."""
    faults = []
    for target, sides in ((UZ, lines), (AZ, lines[::-1])):
        passing = [
            planted.Pair(source, output, (), ())
            for source, output in zip(*sides, strict=True)
            if checks.CHECKS[name](source, output, target) is False
        ]
        faults += [(s, o, target) for s, o in planted.planted(name, target, passing)]
    return faults


def _found(results: Sequence[bool]) -> str:
    if not results:
        return "–"
    return f"{sum(results)}/{len(results)} ({100 * sum(results) / len(results):.0f}%)"


def _failed(results: Sequence[bool | None]) -> str:
    count, n = sum(bool(result) for result in results), sum(r is not None for r in results)
    return f"{count}/{n} ({100 * count / n:.1f}%)" if n else "–"


def _speed(lines: Lines) -> float:
    """Pairs per CPU-second of every check but the two that identify the language."""
    for check in checks.CHECKS.values():  # what is read once: CLDR, the glossary, patterns
        check("Bakıda 5 mayda ingilis dilində.", "Bokuda 5-mayda ingliz tilida.", UZ)
    rest = [c for n, c in checks.CHECKS.items() if n not in ("off_target", "wrong_script")]
    began = time.process_time()
    for pair in zip(*lines, strict=True):
        for check in rest:
            check(*pair, UZ)
    return len(lines[0]) / (time.process_time() - began)


def _show(name: str, sets: dict[str, Lines]) -> None:
    for where, (az, uz) in sets.items():
        for source, output in zip(az, uz, strict=True):
            if checks.CHECKS[name](source, output, UZ):
                print(f"\n{where} az: {source}\n{where} uz: {output}")


def _lines(name: str) -> Lines:
    given = Path(os.environ.get("KORPU_SHARED", bench.CHECKOUT.parent / "shared" / "data"))
    folder = next((f for f in (given / name, given / "data" / name) if f.is_dir()), None)
    if folder is None:
        raise UsageError(f"{given} has no folder {name}; set KORPU_SHARED to the shared data")
    az, uz = ((folder / f"{name}.{code}").read_text("utf-8").splitlines() for code in (AZ, UZ))
    return az, uz
