"""Preparing a corpus: filters against OpusFilter, alignment on NTREX, memory at millions of pairs.

`korpu bench prepare what=…` measures one of them; each is a module of its own beside this one.
"""

from __future__ import annotations

from korpu import bench

NAME = "prepare"
PARTS = {
    "filters": "data_prep.bitext.bench_filters",
    "alignment": "data_prep.bitext.bench_alignment",
    "memory": "data_prep.bitext.bench_memory",
}
HELP = """korpu bench prepare [what=filters|alignment|memory] [word=value …]

  what=filters     pairs per CPU-second against OpusFilter: the same rules, the same pairs
  what=alignment   P@1 and links of noisy documents on NTREX (../shared/data or $KORPU_SHARED)
  what=memory      peak memory of filter, dedupe, decontaminate and split at 2.5 and 5 million pairs

  korpu bench prepare what=NAME --help   the words of one
"""


def main(words: list[str]) -> int:
    """Run one benchmark; returns its exit code. Raises ``UsageError`` for its words."""
    return bench.one_of(PARTS, HELP, words)
