"""CPU seconds of a paired test, from texts (cold) and from stored counts, against sacrebleu's.

The contestants score the same hypotheses by the same metric and draw equally many trials. Both
systems' scores must be equal to nine digits, or the benchmark stops.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from eval.counts import Counts
from eval.metrics import statistics
from eval.significance import Paired, compare, seeded
from korpu import bench
from korpu.errors import DONE, SaysNo, UsageError

WORDS = {
    "file": "", "lines": "2000", "trials": "10000", "resamples": "1000", "repeats": "5",
    "markdown": "false",
}  # fmt: skip
METRICS = ("bleu", "chrf", "chrf_pp")
OURS, CACHED, PEER = "korpu", "korpu, stored counts", "sacrebleu PairedTest"
HELP = """korpu bench significance what=speed [word=value …]

  file=PATH        references, a text file; else NTREX's Uzbek lines of the shared data
  lines=2000       of the file, at most
  trials=10000     of the approximate randomisation
  resamples=1000   of the bootstrap
  repeats=5        interleaved
  markdown=false   true: a table for a document

Randomisation: both contestants also make a bootstrap interval. Bootstrap: ours makes one trial of
the randomisation with it, since it always makes both.
"""


def main(words: list[str]) -> int:
    """Run the benchmark; returns its exit code."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("korpu bench significance", words, WORDS)
    repeats, markdown = bench.number(given, "repeats"), bench.truth(given, "markdown")
    trials, resamples = bench.number(given, "trials"), bench.number(given, "resamples")
    path = references(given["file"])
    refs = path.read_text("utf-8").splitlines()[: bench.number(given, "lines")]
    system, baseline = scrambled(refs, 0.30, 1), scrambled(refs, 0.33, 2)
    print(f"{len(refs)} lines of {path.name}, {bench.machine('sacrebleu', 'numpy')}")
    print("two systems: the reference with the letters of 30% and 33% of its words scrambled\n")
    rows = []
    for metric in METRICS:
        for test in ("randomisation", "bootstrap"):
            times = _timed(metric, test, system, baseline, refs, trials, resamples, repeats)
            cells = [f"{bench.spread(times[name])[0]:.3f}" for name in (PEER, OURS, CACHED)]
            ratios = [bench.ratio(times[PEER], times[name]) for name in (OURS, CACHED)]
            rows.append([f"{metric}, {test}", *cells, *ratios])
    head = [
        "CPU seconds", "PairedTest", "korpu", "from counts", "times faster",
        "times faster from counts",
    ]  # fmt: skip
    print(bench.table(head, rows, markdown))
    return DONE


def references(file: str) -> Path:
    """The file asked for, or the shared data's; raises ``UsageError`` where there is none."""
    root = Path(os.environ.get("KORPU_SHARED", Path(__file__).parents[2] / "shared"))
    path = Path(file) if file else root / "data/ntrex/ntrex.uzn_Latn"
    if not path.is_file():
        raise UsageError(f"there is no file {path}; name a text file as file=PATH")
    return path


def scrambled(texts: Sequence[str], share: float, seed: int) -> list[str]:
    """Texts with the letters of a share of their words in another order."""
    rng = random.Random(seed)
    return [
        " ".join(
            "".join(rng.sample(word, len(word))) if rng.random() < share else word
            for word in text.split()
        )
        for text in texts
    ]


def _timed(
    metric: str,
    test: str,
    system: Sequence[str],
    baseline: Sequence[str],
    refs: Sequence[str],
    trials: int,
    resamples: int,
    repeats: int,
) -> dict[str, list[float]]:
    """Seconds of each contestant and round, by name."""
    trials = trials if test == "randomisation" else 1

    def counted() -> tuple[Counts, Counts]:
        return statistics(system, refs, metric), statistics(baseline, refs, metric)

    stored = counted()

    def compared(of: tuple[Counts, Counts]) -> Paired:
        return compare(*of, metric, trials, seeded(1, metric), resamples)

    compared(stored)  # imports, and BLAS's own beginning
    contestants: dict[str, Callable[[], tuple[float, float]]] = {
        PEER: lambda: _peer(metric, test, system, baseline, refs, trials, resamples),
        OURS: lambda: _both(compared(counted())),
        CACHED: lambda: _both(compared(stored)),
    }
    found = bench.repeat(repeats, {n: _watched(f) for n, f in contestants.items()})
    scores = {name: [scored for _, scored in rounds] for name, rounds in found.items()}
    for ours in (OURS, CACHED):
        for mine, theirs in zip(scores[ours], scores[PEER], strict=True):
            if any(abs(a - b) > 1e-9 for a, b in zip(mine, theirs, strict=True)):
                raise SaysNo(f"{metric}: {ours} scores {mine}, PairedTest {theirs}")
    return {name: [seconds for seconds, _ in rounds] for name, rounds in found.items()}


def _watched(
    function: Callable[[], tuple[float, float]],
) -> Callable[[], tuple[float, tuple[float, float]]]:
    def run() -> tuple[float, tuple[float, float]]:
        began = time.process_time()
        found = function()
        return time.process_time() - began, found

    return run


def _both(found: Paired) -> tuple[float, float]:
    return found.system, found.baseline


def _peer(
    metric: str,
    test: str,
    system: Sequence[str],
    baseline: Sequence[str],
    refs: Sequence[str],
    trials: int,
    resamples: int,
) -> tuple[float, float]:
    """The scores of both systems, found by sacrebleu on its way to a p-value."""
    from sacrebleu.significance import PairedTest

    kinds = _kinds()
    named = [("baseline", baseline), ("system", system)]
    if test == "randomisation":
        how = {"test_type": "ar", "n_samples": trials, "n_ar_confidence": resamples}
    else:
        how = {"test_type": "bs", "n_samples": resamples}
    _tokens_forgotten()
    _, scores = PairedTest(named, {metric: kinds[metric]()}, [refs], **how)()
    (rows,) = [found for name, found in scores.items() if name != "System"]
    return rows[1].score, rows[0].score


@cache
def _kinds() -> dict[str, Callable[[], Any]]:
    from sacrebleu.metrics import BLEU, CHRF

    return {
        "bleu": lambda: BLEU(force=True),
        "chrf": CHRF,
        "chrf_pp": lambda: CHRF(word_order=2),
    }


def _tokens_forgotten() -> None:
    """sacrebleu keeps the tokens of a process; a cold run has none, ours keeps none."""
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
    from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp

    for kind in (Tokenizer13a, TokenizerRegexp):
        kind.__call__.cache_clear()
