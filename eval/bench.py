"""The significance tests: speed against sacrebleu's PairedTest, false alarms, the gate's power.

`korpu bench significance what=…` measures one of them; each is a module of its own beside this one.
"""

from __future__ import annotations

from korpu import bench

NAME = "significance"
PARTS = {
    "speed": "eval.bench_speed",
    "equal": "eval.bench_equal",
    "gate": "eval.bench_gate",
}
HELP = """korpu bench significance [what=speed|equal|gate] [word=value …]

  what=speed   seconds of a paired test, from texts and from stored counts, against PairedTest
  what=equal   how often equal systems are called different: by document and by sentence
  what=gate    how often the gate's default settings see a true loss, and see one where none is

  korpu bench significance what=NAME --help   the words of one
"""


def main(words: list[str]) -> int:
    """Run one benchmark; returns its exit code. Raises ``UsageError`` for its words."""
    return bench.one_of(PARTS, HELP, words)
