"""Training speed against the library's Seq2SeqTrainer with PEFT, adapters compared, and a GPU.

`korpu bench train what=…` measures one of them; each is a module of its own beside this one.
"""

from __future__ import annotations

from korpu import bench

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
    return bench.one_of(PARTS, HELP, words)
