"""How often the gate says what it should: power and false alarms of its default settings.

Many pairs of systems with a known true loss are simulated (``eval.equal_systems``) on test sets of
several sizes, in both directions, and go through the gate's own test and verdicts.
"""

from __future__ import annotations

from collections import Counter
from statistics import mean
from typing import Any

import numpy as np

from eval.compared import Side
from eval.equal_systems import World, logits, simulated
from eval.gate import _tested, _verdicts
from eval.significance import seeded
from korpu import bench
from korpu.errors import DONE, UsageError
from korpu.schema import Gate, GateChecks

WORDS = {
    "runs": "200", "losses": "0,0.5,1,2,3", "sizes": "40x5,120x8,250x8", "trials": "999",
    "seed": "1", "markdown": "false",
}  # fmt: skip
DEFAULT = Gate(
    system="adapter", baseline="base", benchmarks=[], metric="chrf_pp", alpha=0.05, delta=0.5,
    trials=999, underpowered=2.0, max_off_target=0.05, max_empty=0.01, max_repeated=0.05,
    strict=False, checks=GateChecks(names=[], rise=2.0),
)  # fmt: skip
VERDICTS = ("REGRESSED", "SUSPECT", "UNDERPOWERED", "HELD", "IMPROVED")
HELP = """korpu bench significance what=gate [word=value …]

  runs=200                gates simulated for each row, each of two directions
  losses=0,0.5,1,2,3      the new system's true loss in both directions, chrF++ points
  sizes=40x5,120x8,250x8  documents x sentences of a document
  trials=999              of the approximate randomisation (the gate's own default is 10,000)
  seed=1
  markdown=false          true: a table for a document
"""


def main(words: list[str]) -> int:
    """Run the benchmark; returns its exit code."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("korpu bench significance what=gate", words, WORDS)
    runs, seed = bench.number(given, "runs"), bench.number(given, "seed", 0)
    gate = Gate(**{**vars(DEFAULT), "trials": bench.number(given, "trials", 100)})
    losses, worlds = _losses(given["losses"]), _worlds(given["sizes"])
    markdown = bench.truth(given, "markdown")
    rows = [
        _row(world, loss, simulate(world, loss, runs, gate, seed))
        for world in worlds
        for loss in losses
    ]
    head = ["documents × sentences", "true loss", "MDE", "fails", "fails, strict"]
    head += [name.lower() for name in VERDICTS]
    print(f"{runs} gates of two directions a row, {gate.trials} trials")
    print(f"alpha {gate.alpha:g}, delta {gate.delta:g}, underpowered {gate.underpowered:g}\n")
    print(bench.table(head, rows, markdown))
    return DONE


def simulate(
    world: World, loss: float, runs: int, gate: Gate, seed: int
) -> list[list[dict[str, Any]]]:
    """The verdicts of every simulated gate, two directions each."""
    worse = logits(loss, world) if loss else 0.0
    found = []
    for run in range(runs):
        sides = []
        for direction in ("azj_Latn-uzn_Latn", "uzn_Latn-azj_Latn"):
            rng = seeded(seed, "gate", repr(world), str(loss), str(run), direction)
            system, baseline, of = simulated(rng, world, worse)
            sides.append(Side("simulated", direction, system, baseline, np.asarray(of)))
        tested = [_tested(side, gate, run, lambda _: None) for side in sides]
        found.append(_verdicts(sides, tested, gate))
    return found


def _row(world: World, loss: float, gates: list[list[dict[str, Any]]]) -> list[str]:
    verdicts = Counter(row["verdict"] for rows in gates for row in rows)
    total = verdicts.total()
    failed = sum(any(row["failed"] for row in rows) for rows in gates) / len(gates)
    strict = sum(any(row["verdict"] in VERDICTS[:3] for row in rows) for rows in gates) / len(gates)
    effect = mean(row["mde"] for rows in gates for row in rows)
    cells = [f"{world.documents} × {world.segments}", f"{loss:g}", f"{effect:.2f}"]
    shares = [failed, strict, *(verdicts[name] / total for name in VERDICTS)]
    return [*cells, *(f"{share:.1%}" for share in shares)]


def _losses(text: str) -> list[float]:
    try:
        found = [float(word) for word in text.split(",")]
    except ValueError:
        raise UsageError(f"losses are numbers such as 0,0.5,1, not {text!r}") from None
    if not all(0 <= loss <= 20 for loss in found):
        raise UsageError(f"losses are points from 0 to 20, not {text}")
    return found


def _worlds(text: str) -> list[World]:
    found = []
    for word in text.split(","):
        documents, _, segments = word.partition("x")
        if not (documents.isdigit() and segments.isdigit() and int(documents) > 1 <= int(segments)):
            raise UsageError(f"sizes are DOCUMENTSxSENTENCES such as 40x5, not {word!r}")
        found.append(World(int(documents), int(segments)))
    return found
