"""Training speed against the library's Seq2SeqTrainer with PEFT, adapters compared, and a GPU.

`korpu bench train what=…` measures one of them; each is a module of its own beside this one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from korpu.errors import DONE, UsageError

PARTS = {
    "speed": "train.bench_speed",
    "adapters": "train.bench_adapters",
    "gpu": "train.bench_gpu",
}
HELP = """korpu bench train [what=speed|adapters|gpu] [word=value …]

  what=speed      target tokens a second against Seq2SeqTrainer + PEFT, memory, loss
  what=adapters   LoRA, rsLoRA, DoRA, OFT and full fine-tuning by chrF++, several seeds
  what=gpu        one step of a GPU run (scripts/bench_gpu.sh takes all of them in turn)

  korpu bench train what=NAME --help   the words of one
"""


def main(words: list[str]) -> int:
    """Run one benchmark; returns its exit code. Raises ``UsageError`` for its words."""
    what = next((word.partition("=")[2] for word in words if word.startswith("what=")), None)
    asked = any(word in ("-h", "--help") for word in words)
    if what is None and asked:
        print(HELP, end="")
        return DONE
    module = PARTS.get(what or "speed")
    if module is None:
        raise UsageError(f"what must be {', '.join(PARTS)}, not {what!r}")
    run: Callable[[list[str]], int] = importlib.import_module(module).main
    return run([word for word in words if not word.startswith("what=")])
