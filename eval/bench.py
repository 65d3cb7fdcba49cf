"""The significance tests: speed against sacrebleu's PairedTest, false alarms, the gate's power.

`korpu bench significance what=…` measures one of them; each is a module of its own beside this one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from korpu.errors import DONE, UsageError

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
    what = next((word.partition("=")[2] for word in words if word.startswith("what=")), None)
    if what is None and any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    module = PARTS.get(what or "speed")
    if module is None:
        raise UsageError(f"what must be {', '.join(PARTS)}, not {what!r}")
    run: Callable[[list[str]], int] = importlib.import_module(module).main
    return run([word for word in words if not word.startswith("what=")])
