"""How often equal systems are called different: two tests, by document and by sentence.

The share should be what was asked for. sacrebleu's paired bootstrap is shown on the first pairs of
the same simulation; it knows no documents, so it sees the units as its segments.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from eval.checks import wilson
from eval.counts import Counts
from eval.equal_systems import Alarms, World, alarms, simulated
from eval.significance import grouped, seeded
from korpu import bench
from korpu.errors import DONE, SAYS_NO

WORDS = {
    "pairs": "5000", "documents": "40", "segments": "5", "trials": "499", "resamples": "499",
    "peer": "500", "seed": "1", "markdown": "false",
}  # fmt: skip
ALPHA, LOW, HIGH = 0.05, 0.04, 0.06
HELP = """korpu bench significance what=equal [word=value …]

  pairs=5000       simulated pairs of equal systems
  documents=40     of a test set
  segments=5       of a document
  trials=499       of the approximate randomisation
  resamples=499    of the bootstrap
  peer=500         of the pairs shown to sacrebleu's paired bootstrap, 0: none
  seed=1
  markdown=false   true: a table for a document

Exit code 1 where a test by document calls fewer than 4% or more than 6% different.
"""


def main(words: list[str]) -> int:
    """Run the benchmark; returns its exit code."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("korpu bench significance what=equal", words, WORDS)
    pairs, trials = bench.number(given, "pairs"), bench.number(given, "trials", 19)
    world = World(bench.number(given, "documents", 2), bench.number(given, "segments"))
    resamples, seed = bench.number(given, "resamples", 19), bench.number(given, "seed", 0)
    peer, markdown = bench.number(given, "peer", 0), bench.truth(given, "markdown")
    print(f"{pairs} pairs of equal systems, {world.documents} documents of {world.segments}")
    rows, good = [], True
    for unit in ("document", "sentence"):
        began = time.perf_counter()
        found = alarms(pairs, world, unit == "document", ALPHA, trials, resamples, seed)
        for test, count in (
            ("approximate randomisation", found.randomisation),
            ("signed bootstrap", found.bootstrap),
        ):
            rows.append([f"{test}, by {unit}", *_cells(count, pairs)])
            good &= unit == "sentence" or LOW <= count / pairs <= HIGH
        print(f"by {unit}: {time.perf_counter() - began:.0f} s", flush=True)
    if peer:
        theirs = peer_alarms(peer, world, seed)
        rows.append(["sacrebleu's paired bootstrap, by document", *_cells(theirs.bootstrap, peer)])
    head = [f"test at {ALPHA:.0%}", "pairs", "called different", "95% interval"]
    print(f"\n{bench.table(head, rows, markdown)}")
    return DONE if good else SAYS_NO


def _cells(count: int, pairs: int) -> list[str]:
    low, high = wilson(count, pairs) or (0.0, 1.0)
    return [str(pairs), f"{count / pairs:.2%}", f"{low:.2%}–{high:.2%}"]


def peer_alarms(pairs: int, world: World, seed: int) -> Alarms:
    """What sacrebleu's ``PairedTest`` (``bs``, 1,000 resamples) says of the same pairs."""
    from sacrebleu.significance import PairedTest

    rejected = 0
    for pair in range(pairs):
        a, b, of = simulated(seeded(seed, "equal", str(pair)), world)
        metric = _metric({"a": grouped(a, of), "b": grouped(b, of)})
        named = [(name, [name] * world.documents) for name in "ba"]
        _, scores = PairedTest(named, {"chrf_pp": metric}, [["-"] * world.documents], "bs")()
        (rows,) = [found for name, found in scores.items() if name != "System"]
        rejected += rows[1].p_value <= ALPHA
    return Alarms(pairs, ALPHA, 0, rejected)


def _metric(counts: dict[str, Counts]) -> Any:
    """sacrebleu's chrF++, which finds a system's counts by the text of its first line."""
    from sacrebleu.metrics import CHRF

    metric = CHRF(word_order=2)
    stored: Callable[..., list[list[int]]] = lambda hyps, _: counts[hyps[0]].tolist()  # noqa: E731
    metric._extract_corpus_statistics, metric.num_refs = stored, 1
    return metric
