"""Target tokens a second: korpu's loop against Seq2SeqTrainer with PEFT, on the same examples.

Contestants are interleaved, each in a process of its own: the same weights by seed, adapter,
optimiser, rate, examples, and on average as many target tokens a step. Its numbers stand in
docs/training_speed.md.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from korpu import artifact, bench, log
from korpu.errors import DONE, SAYS_NO, KorpuError, UsageError
from train import bench_data, bench_jobs, bench_models, bench_runs
from train.bench_jobs import GROUPED, OURS, RANDOM, Job, Measured

HELP = """korpu bench train what=speed [word=value …]

  data=mixed          NTREX and as many target tokens again of interface strings (../shared/data,
                      shared=DIR or $KORPU_SHARED); news: NTREX; synthetic: lengths from a seed
  shape=mid           d=512, 6+6 layers, 32,000 rows; tiny; NLLB's: 600m, 1.3b, 3.3b; weights random
  vocabulary=full     of ours; trimmed: to the rows az and uz use; both. The Trainer's is full
  adapter=lora        or rslora, dora, oft, none (full fine-tuning)
  also=compile,…      further contestants of ours: compile, deterministic, checkpointing, liger, cce
  peers=random,group_by_length         none: ours alone
  budget=1000         target positions a batch of ours; the Trainer's batches hold as many target
                      tokens on average
  tokens=8000         target tokens a run learns from, after warm=1 steps
  rounds=3            interleaved
  device=cpu          or cuda        precision=auto    float32 or bf16
  memory=0            GB of the GPU that may be used; 0: all
  threads=2           of torch; 0: its own choice
  lr=2e-4  seed=1  markdown=true  json=FILE
"""
WORDS = {
    "data": "mixed", "shape": "mid", "vocabulary": "full", "adapter": "lora", "also": "none",
    "peers": f"{RANDOM},{GROUPED}", "budget": "1000", "tokens": "8000", "warm": "1", "rounds": "3",
    "device": "cpu", "precision": "auto", "memory": "0", "threads": "2", "lr": "2e-4", "seed": "1",
    "shared": "", "markdown": "false", "json": "",
}  # fmt: skip
KNOWN = {
    "device": ("cpu", "cuda"),
    "precision": ("auto", "float32", "bf16"),
    "vocabulary": ("full", "trimmed", "both"),
}
VARIANTS = ("compile", "deterministic", "checkpointing", "liger", "cce")
PACKAGES = {"liger": "liger_kernel", "cce": "cut_cross_entropy"}
HEAD = ("", "target tokens/s", "per CPU s", "tokens / positions", "positions/s", "peak MiB",
        "training's MiB", "held-out loss", "tokens", "steps")  # fmt: skip


def main(words: list[str]) -> int:
    """Run the benchmark and print its tables; returns 0, or 1 where a contestant failed.

    Raises ``UsageError`` for its words.
    """
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("korpu bench train what=speed", words, WORDS)
    rounds, markdown = bench.number(given, "rounds"), bench.truth(given, "markdown")
    where = bench.machine("torch", "transformers", "peft", "accelerate")
    jobs, said = prepare(given)
    print(f"{where}\n{said}\n", flush=True)
    keep = _writer(given, where, said)
    runs, failed = measure(jobs, rounds, keep)
    if runs:
        print(bench.table(HEAD, [cells(name, found) for name, found in runs.items()], markdown))
        print(f"\n{bench.table(*ratios(runs), markdown)}")
    for name, why in failed.items():
        print(f"\n{name}: {why}")
    return SAYS_NO if failed else DONE


Runs = dict[str, list[Measured]]
Keep = Callable[[Runs, dict[str, str]], None]


def _writer(given: Mapping[str, str], where: str, said: str) -> Keep:
    """Writes what there is so far to ``json=FILE``, after every run: a limit of time may come."""

    def keep(runs: Runs, failed: dict[str, str]) -> None:
        if given["json"]:
            found = {name: [asdict(one) for one in them] for name, them in runs.items()}
            made = {"machine": where, "said": said, "words": given, "runs": found, "failed": failed}
            artifact.write_json(Path(given["json"]), made)

    return keep


def measure(jobs: Mapping[str, Job], rounds: int, keep: Keep) -> tuple[Runs, dict[str, str]]:
    """Every job so many times, interleaved, each time with another seed; and why some failed."""
    found: Runs = {}
    turns = dict.fromkeys(jobs, 0)
    failed: dict[str, str] = {}

    def timed(name: str) -> Callable[[], Measured | None]:
        def run() -> Measured | None:
            turns[name] += 1
            if name in failed:
                return None
            with tempfile.TemporaryDirectory() as folder:
                seed, at = jobs[name].seed + turns[name] - 1, Path(folder)
                (at / "job").write_bytes(pickle.dumps(replace(jobs[name], seed=seed, folder=at)))
                with bench.apart(at / "said", bench_runs.stored, at / "job") as process:
                    try:
                        return process.result()
                    except (KorpuError, RuntimeError) as error:  # the others are worth their time
                        failed[name] = str(error).splitlines()[0]
                        return None

        return run

    def told(name: str, turn: int, one: Measured | None) -> None:
        if one is None:
            log.say(f"  {name} {turn}: {failed[name]}")
            found.pop(name, None)
            return
        found.setdefault(name, []).append(one)
        keep(found, failed)
        log.say(
            f"  {name} {turn}: {one.rate:,.1f} target tokens/s ({one.cpu_rate:,.1f} per CPU s), "
            f"{one.seconds:.0f} s, peak {one.peak:,.0f} MiB"
        )

    bench.repeat(rounds, {name: timed(name) for name in jobs}, told)
    keep(found, failed)
    return found, failed


def prepare(given: Mapping[str, str]) -> tuple[dict[str, Job], str]:
    """The contestants by name, and a sentence on what they do. Raises ``UsageError``."""
    seed, budget = bench.number(given, "seed"), bench.number(given, "budget", 8)
    for name, known in KNOWN.items():
        if given[name] not in known:
            raise UsageError(f"{name} must be {', '.join(known)}, not {given[name]!r}")
    also, peers = _several(given, "also", VARIANTS), _several(given, "peers", (RANDOM, GROUPED))
    shape = bench_models.shape_of(given["shape"])
    data = bench_data.load(given["data"], shared(given["shared"]), seed, budget)
    size, mean = bench_jobs.size_of(data, budget, seed)
    steps = max(1, round(bench.number(given, "tokens") / mean))
    job = Job(
        contestant=OURS, shape=shape, rows=shape.rows, adapter=given["adapter"], data=data,
        budget=budget, size=size, steps=steps, warm=bench.number(given, "warm"),
        lr=_real(given, "lr"), seed=seed, device=given["device"], memory=_real(given, "memory"),
        precision=given["precision"], threads=bench.number(given, "threads", 0),
        checkpointing=False, compiled=False, loss="chunked", deterministic=False, folder=Path(),
    )  # fmt: skip
    jobs = {}
    trimmed = replace(job, rows=shape.cut("trimmed"))
    if given["vocabulary"] != "trimmed":
        jobs[OURS] = job
    if given["vocabulary"] != "full":
        jobs[f"{OURS}, trimmed"] = trimmed
    jobs |= {f"Trainer, {name}": replace(job, contestant=name) for name in peers}
    for name in also:  # last: what there is no time for is these
        if name in PACKAGES and importlib.util.find_spec(PACKAGES[name]) is None:
            log.say(f"  {PACKAGES[name]} is not installed, so not compared")
            continue
        values = {"loss": name} if name in PACKAGES else {
            "compiled": name == "compile", "deterministic": name == "deterministic",
            "checkpointing": name == "checkpointing",
        }  # fmt: skip
        jobs[f"{OURS}, {name}"] = replace(job, **values)
    said = (
        f"{given['shape']}, {given['adapter']}, {given['device']}, {given['precision']}, "
        f"{given['threads']} threads; {given['data']}: {len(data.train)} examples of "
        f"{data.mean_target:.1f} target tokens; a step: {size} examples, or {budget} positions "
        f"with {mean:.0f} tokens; {steps} steps after {job.warm} to warm up"
    )
    return jobs, said


def _several(given: Mapping[str, str], name: str, known: Sequence[str]) -> list[str]:
    words = [] if given[name] == "none" else given[name].split(",")
    for word in words:
        if word not in known:
            raise UsageError(f"{name} must be some of {', '.join(known)}, or none, not {word!r}")
    return words


def _real(given: Mapping[str, str], name: str) -> float:
    try:
        return float(given[name])
    except ValueError:
        raise UsageError(f"{name} must be a number, not {given[name]!r}") from None


def shared(given: str) -> Path:
    """Where the shared data is: as said, as the environment says, or beside the checkout."""
    return Path(given or os.environ.get("KORPU_SHARED", bench.CHECKOUT.parent / "shared" / "data"))


def cells(name: str, found: Sequence[Measured]) -> tuple[str, ...]:
    """A row of the table: medians of the rounds."""

    def median(values: Sequence[float]) -> float:
        return bench.spread(values)[0]

    return (
        name,
        f"{median([m.rate for m in found]):,.1f}",
        f"{median([m.cpu_rate for m in found]):,.1f}",
        f"{sum(m.tokens for m in found) / sum(m.positions for m in found):.2f}",
        f"{median([m.positions / m.seconds for m in found]):,.1f}",
        f"{median([m.peak for m in found]):,.0f}",
        f"{median([m.added for m in found]):,.0f}",
        f"{median([m.loss for m in found]):.3f}",
        f"{median([m.tokens for m in found]):.0f}",
        f"{found[0].steps}",
    )


def ratios(
    runs: Mapping[str, Sequence[Measured]],
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Ours over theirs: of the medians, with the range of the rounds."""
    head = ("", "target tokens/s", "per CPU s", "tokens / positions", "positions/CPU s", "memory")
    columns: tuple[Callable[[Measured], float], ...] = (
        lambda m: m.rate,
        lambda m: m.cpu_rate,
        lambda m: m.tokens / m.positions,
        lambda m: m.positions / m.cpu,
        lambda m: m.peak,
    )
    rows: list[tuple[str, ...]] = []
    for mine in (name for name in runs if name.startswith(OURS)):
        for peer in (name for name in runs if not name.startswith(OURS)):
            sides = runs[mine], runs[peer]
            compared = [bench.ratio(*([of(m) for m in side] for side in sides)) for of in columns]
            rows.append((f"{mine} / {peer}", *compared))
    return head, rows
