"""Let a published bundle translate sentences of the unseen dates, for a person to read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

WAYS = (("azj_Latn", "uzn_Latn", "az", "uz"), ("uzn_Latn", "azj_Latn", "uz", "az"))
WIDEST = 110  # characters: a sentence that fits a terminal's line


def show(report: Path, bundle: Path, benchmark: str = "news", count: int = 3) -> str:
    """Source, the bundle's translation and the reference, ``count`` sentences in each direction.

    ``report`` is the output of `korpu evaluate`; its hypotheses name the test sentences, the
    bundle translates them afresh through `korpu translate`. Raises ``OSError`` for a missing file
    and ``subprocess.CalledProcessError`` where the translation fails.
    """
    lines = []
    for source, target, short, other in WAYS:
        name = f"{benchmark}.{source}-{target}.adapter.jsonl"
        rows = [
            row
            for line in (report / "hypotheses" / name).read_text("utf-8").splitlines()
            if len((row := json.loads(line))["src"]) <= WIDEST
        ]
        step = max(len(rows) // count, 1)
        chosen = rows[step // 2 :: step][:count]
        translated = translate([row["src"] for row in chosen], bundle, short, other)
        lines.append(f"\n{short} → {other}")
        for row, text in zip(chosen, translated, strict=True):
            lines += [f"  {short}   {row['src']}", f"  {other}   {text}"]
            lines += [f"  ref  {row['ref']}", ""]
    return "\n".join(lines).rstrip()


def translate(texts: list[str], bundle: Path, source: str, target: str) -> list[str]:
    """The texts through `korpu translate`, as a user would run it."""
    words = ["translate", f"bundle={bundle}", f"from={source}", f"to={target}"]
    words.append("backend=ct2-float32")  # the precision that was measured; int8 is near it
    done = subprocess.run(
        [sys.executable, "-m", "korpu.cli", *words],
        input="".join(text + "\n" for text in texts),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()
