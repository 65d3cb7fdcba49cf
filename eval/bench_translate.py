"""Translation speed against model.generate over batches of 32 in the order of the file."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from korpu import bench, log
from korpu.errors import DONE, UsageError

NAME = "translate"
HELP = """korpu bench translate [word=value …]

A model that translates: the lines of an evaluation, by a model that a release made.
  model=BUNDLE/hf        report=EVALUATION   benchmark=news   direction=azj_Latn-uzn_Latn
Or, for speed alone, random weights in a true shape, every output as long as its batch's longest
source, whose lengths are news':
  shape=600m             tiny, mid, 600m, 1.3b, 3.3b      vocabulary=full,trimmed

  contestants=hf,ct2-float32,ct2-int8     of the project; generate is always there
  lines=200      beam=1      batch_tokens=2048      max_new_tokens=256
  threads=2      repeats=3   seed=1     markdown=true
"""
WORDS = {
    "model": "", "report": "", "benchmark": "news", "direction": "azj_Latn-uzn_Latn",
    "shape": "", "vocabulary": "full,trimmed", "contestants": "hf,ct2-float32,ct2-int8",
    "lines": "200", "beam": "1", "batch_tokens": "2048", "max_new_tokens": "256",
    "threads": "2", "repeats": "3", "seed": "1", "markdown": "false",
}  # fmt: skip
NEWS = (3.35, 0.55)  # log-normal: mean and deviation of ln(tokens) of a news sentence
SHORTEST, LONGEST = 5, 250  # tokens


def main(words: list[str]) -> int:
    """Run the comparison and print its table; returns 0. Raises ``UsageError`` for its words."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("korpu bench translate", words, WORDS)
    if bool(given["shape"]) == bool(given["model"]):
        raise UsageError("korpu bench translate needs model=BUNDLE/hf with report=…, or shape=600m")
    where = bench.machine("torch", "transformers", "ctranslate2")
    with tempfile.TemporaryDirectory(prefix="korpu-bench-") as folder:
        jobs, refs = _jobs(given, Path(folder))
        rounds = _measured(jobs, bench.number(given, "repeats"), Path(folder) / "said")
    _show(where, given, rounds, refs)
    return DONE


def _jobs(given: Mapping[str, str], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Contestants by name, the peer first; and the references, where there are any."""
    from eval.bench_decoders import SETTINGS

    names = ["generate", *given["contestants"].split(",")]
    for name in names[1:]:
        if name not in SETTINGS:
            raise UsageError(f"contestants must be some of {', '.join(SETTINGS)}, not {name!r}")
    job = job_of(given)
    count = bench.number(given, "lines")
    if given["shape"]:
        lengths = lengths_of_news(count, bench.number(given, "seed"))
        made: dict[str, Any] = {}
        for vocabulary in given["vocabulary"].split(","):
            home = folder / vocabulary
            drawn(given["shape"], vocabulary, home / "hf")
            _convert(home, names)
            for name in names if not made else names[1:]:
                made[f"{name}, {vocabulary}"] = job(name, str(home / "hf"), lengths=lengths)
        return made, []
    texts, refs = lines_of(given, count)
    _converted(Path(given["model"]), folder, names)
    return {name: job(name, str(folder / "hf"), texts=tuple(texts)) for name in names}, refs


def job_of(given: Mapping[str, str]) -> Any:
    """A ``Job`` of the words that say how to decode; it wants a contestant, a model and texts."""
    from eval.bench_decoders import Job
    from korpu.languages import direction
    from korpu.schema import Decode

    return partial(
        Job,
        direction=direction(given["direction"]),
        decode=Decode(
            beam=bench.number(given, "beam"),
            length_penalty=1.0,
            max_new_tokens=bench.number(given, "max_new_tokens"),
            no_repeat_ngram=0,
            batch_tokens=bench.number(given, "batch_tokens"),
        ),
        max_length=200,
        threads=bench.number(given, "threads"),
    )


def lines_of(given: Mapping[str, str], count: int) -> tuple[list[str], list[str]]:
    """Sources and references of an evaluation; raises ``UsageError`` where it has none such."""
    import json

    path = Path(given["report"]) / "hypotheses"
    found = sorted(path.glob(f"{given['benchmark']}.{given['direction']}.*.jsonl"))
    if not found:
        raise UsageError(f"{path} has no {given['benchmark']}.{given['direction']}.*.jsonl")
    rows = [json.loads(line) for line in found[0].read_text("utf-8").splitlines()[:count]]
    return [row["src"] for row in rows], [row["ref"] for row in rows]


def lengths_of_news(count: int, seed: int) -> tuple[int, ...]:
    """So many tokens a source, as sentences of news have."""
    import random

    rng = random.Random(seed)
    drawn = (round(rng.lognormvariate(*NEWS)) for _ in range(count))
    return tuple(min(max(n, SHORTEST), LONGEST) for n in drawn)


def drawn(shape: str, vocabulary: str, hf: Path) -> None:
    """Save a model of random weights with a tokenizer of numbers; raises ``UsageError``."""
    from korpu.nllb import shapes

    if vocabulary not in ("full", "trimmed"):
        raise UsageError(f"vocabulary must be full or trimmed, not {vocabulary!r}")
    found = shapes.shape_of(shape)
    rows = found.cut(vocabulary)
    log.say(f"  drawing {shape} with {rows:,} rows")
    shapes.build(found, rows, 1, "cpu").save_pretrained(str(hf), max_shard_size="99GB")
    shapes.numbered(rows, hf)


def _converted(model: Path, folder: Path, names: Sequence[str]) -> None:
    if not (model / "config.json").exists():
        raise UsageError(f"model={model} is no saved model; name the hf/ of a bundle")
    (folder / "hf").symlink_to(model.resolve())
    _convert(folder, names)


def _convert(folder: Path, names: Sequence[str]) -> None:
    from korpu.nllb import ctranslate

    if any(name.startswith("ct2") for name in names):
        ctranslate.require("korpu bench translate", "leave the ct2 contestants out")
        ctranslate.convert(folder / "hf", folder / "ct2", "float32")


def _measured(jobs: Mapping[str, Any], repeats: int, said: Path) -> dict[str, list[Any]]:
    from eval import bench_decoders

    def one(job: Any) -> Any:
        with bench.apart(said, bench_decoders.run, job) as process:
            return process.result()

    def tell(name: str, number: int, done: Any) -> None:
        log.say(
            f"  {name}, {number} of {repeats}: {done.seconds:.1f} s, {done.processor:.1f} CPU s"
        )

    return bench.repeat(repeats, {n: partial(one, job) for n, job in jobs.items()}, tell)


def _show(
    where: str, given: Mapping[str, str], rounds: Mapping[str, Sequence[Any]], refs: Sequence[str]
) -> None:
    from eval.metrics import chrf_pp

    peer_name = next(iter(rounds))
    peer, target = rounds[peer_name], given["direction"].rpartition("-")[2]
    what = f"shape={given['shape']}" if given["shape"] else f"{given['benchmark']} {target}"
    print(
        f"{where}\n{what}, {given['lines']} lines, beam {given['beam']}, "
        f"{given['threads']} threads, {given['repeats']} rounds: medians; ratios are generate's "
        "seconds over the contestant's\n"
    )
    expected = peer[0].outputs
    rows = []
    for name, found in rounds.items():
        clock = [done.seconds for done in found]
        work = [done.processor for done in found]
        row = [
            name,
            f"{statistics.median(clock):.1f}",
            bench.ratio([done.seconds for done in peer], clock),
            bench.ratio([done.processor for done in peer], work),
            f"{statistics.median(done.memory for done in found) / 2**20:,.0f}",
        ]
        if refs:
            given_out = found[0].outputs
            same = sum(a == b for a, b in zip(expected, given_out, strict=True)) / len(expected)
            mine = chrf_pp(given_out, refs, True, target)
            row += [f"{same:.1%}", f"{mine - chrf_pp(expected, refs, True, target):+.2f}"]
        rows.append(row)
    head = ["", "seconds", "× by the clock", "× by CPU", "MiB"]
    head += ["identical", "chrF++"] if refs else []
    print(bench.table(head, rows, bench.truth(given, "markdown")))
