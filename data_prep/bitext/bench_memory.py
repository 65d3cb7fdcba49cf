"""The memory of the stage `prepare` over millions of aligned pairs, looked at while it runs.

The whole stage as a user runs it, over a finished `collect` of synthetic pairs (``synthetic``): in
a process of its own, with its worker processes. A page of memory that several processes share is
counted once (proportional set size), and files they have mapped count as memory.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from data_prep.bitext import synthetic
from korpu import artifact, bench, log, schema
from korpu.artifact import Artifact, File, Result
from korpu.errors import DONE, SaysNo, UsageError

HELP = """korpu bench prepare what=memory [word=value …]

  pairs=2500000,5000000   aligned pairs of each run, in this order
  workers=2               worker processes
  folder=outputs          where it works; what it writes there is removed (about 4 GB per million)
  every=1                 seconds between two samples
  seed=1                  of the synthetic pairs
  markdown=true           Markdown tables
"""
WORDS = {
    "pairs": "2500000,5000000",
    "workers": "2",
    "folder": "outputs",
    "every": "1",
    "seed": "1",
    "markdown": "false",
}
LEAST = 10_000  # pairs; fewer fill no part, and the split may end empty
DEV, TEST = "2025-08-01", "2025-10-01"
ARTICLES = pa.schema(
    [
        *((name, pa.string()) for name in (
            "id", "url", "site", "section", "language", "title", "published", "text"
        )),
        ("alternates", pa.list_(pa.string())), ("licence", pa.string()),
        ("may_redistribute", pa.bool_()), ("fetched", pa.string()), ("sha256", pa.string()),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """A moment: memory in MiB of the main process and of all its children, and the step."""

    seconds: float
    main: float
    workers: float
    step: str

    @property
    def all(self) -> float:
        return self.main + self.workers


@dataclass(frozen=True)
class Run:
    """One size: what it took, what came out; ``kept`` by split, ``rejected`` by reason."""

    pairs: int
    seconds: float
    cpu: float  # seconds of all processes
    samples: tuple[Sample, ...]
    kept: dict[str, int]
    rejected: dict[str, int]

    @property
    def peak(self) -> Sample:
        return max(self.samples, key=lambda one: one.all)


def main(words: list[str]) -> int:
    """Measure each size and print the tables; returns 0.

    Raises ``UsageError`` for its words, and ``SaysNo`` where a pair was lost.
    """
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("korpu bench prepare what=memory", words, WORDS)
    sizes = [_size(word) for word in given["pairs"].split(",")]
    workers, seed = bench.number(given, "workers"), bench.number(given, "seed", least=0)
    markdown, every = bench.truth(given, "markdown"), _seconds(given["every"])
    where = bench.machine("polars", "pyarrow", "rensa")
    runs = []
    for pairs in sizes:
        with _scratch(Path(given["folder"])) as folder:
            runs.append(measured(pairs, workers, seed, every, folder))
        one = runs[-1]
        log.say(f"  {pairs} pairs: {one.peak.all:.0f} MiB at {one.peak.step}, {one.seconds:.0f} s")
        for name, (seconds, peak) in steps(one.samples).items():
            log.say(f"    {name} {seconds:.0f} s, {peak:.0f} MiB")
    print(f"`prepare` over aligned pairs, {workers} workers, a sample every {every:g} s; {where}\n")
    _print(runs, markdown)
    return DONE


def _size(word: str) -> int:
    if not word.isdecimal() or int(word) < LEAST:
        raise UsageError(f"pairs must be whole numbers from {LEAST} with commas, not {word!r}")
    return int(word)


def _seconds(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = 0.0
    if not 0.05 <= seconds <= 60:
        raise UsageError(f"every must be seconds from 0.05 to 60, not {word!r}")
    return seconds


@contextlib.contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def collected(folder: Path, pairs: int, seed: int) -> Artifact:
    """A finished `collect` of so many aligned pairs and no article."""
    folder.mkdir(parents=True)
    started = time.time()
    pq.write_table(ARTICLES.empty_table(), folder / "articles.parquet")
    synthetic.write(folder / "pairs.parquet", pairs, seed)
    files = (File("articles.parquet", rows=0), File("pairs.parquet", rows=pairs))
    return artifact.commit(
        folder, stage="collect", key=f"synthetic-{pairs}-{seed}", config={}, inputs=[],
        result=Result(files, {}), started=started,
    )  # fmt: skip


def recipe_of(folder: Path, workers: int, seed: int) -> schema.Recipe:
    """The default recipe with a split by date and a benchmark whose lines the pairs hold."""
    import hydra

    from korpu import config

    config.register()
    with hydra.initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        recipe = config.recipe_of(hydra.compose("prepare"))
    lines = synthetic.benchmark(seed)
    for number, name in enumerate(("src", "tgt")):
        text = "".join(f"{pair[number]}\n" for pair in lines)
        (folder / f"benchmark.{name}").write_text(text, "utf-8")
    test_set = schema.Benchmark(
        str(folder / "benchmark.src"), str(folder / "benchmark.tgt"),
        "azj_Latn", "uzn_Latn", None, "CC0-1.0",
    )  # fmt: skip
    dated = dataclasses.replace(
        recipe.prepare.split, dev_from=DEV, test_from=TEST, undated="reject", train_only=[]
    )
    prepare = dataclasses.replace(recipe.prepare, split=dated, workers=workers)
    return dataclasses.replace(
        recipe, name="memory", prepare=prepare, benchmark={"synthetic": test_set}
    )


def prepare(folder: Path, workers: int, seed: int) -> tuple[Result, float]:
    """The whole stage over the `collect` of this folder, and its CPU seconds with all workers."""
    from data_prep.bitext import run

    given = artifact.load(folder / "collect")
    assert given is not None
    result = run(recipe_of(folder, workers, seed), {"collect": given}, folder / "out")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return result, sum(one.ru_utime + one.ru_stime for one in used)


def measured(pairs: int, workers: int, seed: int, every: float, folder: Path) -> Run:
    """Make the pairs, run the stage in a process of its own, and look at it again and again."""
    log.say(f"writing {pairs} pairs")
    with bench.apart(folder / "collect.log", collected, folder / "collect", pairs, seed) as making:
        making.result()
    out = folder / "out"
    out.mkdir()
    samples: list[Sample] = []
    began = time.monotonic()
    with bench.apart(folder / "prepare.log", prepare, folder, workers, seed) as process:
        while not process.ended(every):
            if (memory := _proportional(process.pid)) is not None:
                samples.append(Sample(time.monotonic() - began, *memory, _step(out)))
        seconds = time.monotonic() - began
        result, cpu = process.result()
    rows = {file.path: file.rows or 0 for file in result.files}
    kept = {name: rows[f"{name}.parquet"] for name in ("train", "dev", "test")}
    if sum(kept.values()) + rows["rejected.parquet"] != pairs:
        raise SaysNo(f"{pairs} pairs went in, {kept} and {rows['rejected.parquet']} rejected out")
    return Run(pairs, seconds, cpu, tuple(samples), kept, dict(result.stats["rejected"]))


def _proportional(pid: int) -> tuple[float, float] | None:
    """MiB of the process and of its descendants together, or None where it has ended."""
    try:
        children = psutil.Process(pid).children(recursive=True)
        own = _pss(pid)
    except (psutil.Error, OSError):
        return None
    others = 0.0
    for child in children:
        with contextlib.suppress(OSError):
            others += _pss(child.pid)
    return own, others


def _pss(pid: int) -> float:
    with Path(f"/proc/{pid}/smaps_rollup").open(encoding="ascii") as lines:
        found = (line.split()[1] for line in lines if line.startswith("Pss:"))
        return int(next(found, "0")) / 1024  # from KiB


def _step(out: Path) -> str:
    """The step's folder that was written to last; after the last, the corpus's own files."""
    times: list[tuple[int, str]] = []
    for folder in (out / "work", out / "work" / "judged"):
        with contextlib.suppress(OSError):
            times += [(e.stat().st_ctime_ns, e.name) for e in os.scandir(folder) if e.is_dir()]
    half = [path.stat().st_ctime_ns for path in out.glob("train.parquet*")]
    written = [(max(half), "write")] if half and not (out / "work" / "verified").exists() else []
    named = [one for one in (*times, *written) if one[1] != "judged"]
    return max(named)[1] if named else "start"


def steps(samples: tuple[Sample, ...]) -> dict[str, tuple[float, float]]:
    """Step → (seconds, peak MiB), in the order in which they began."""
    found: dict[str, tuple[float, float]] = {}
    before = 0.0
    for one in samples:
        seconds, peak = found.get(one.step, (0.0, 0.0))
        found[one.step] = seconds + one.seconds - before, max(peak, one.all)
        before = one.seconds
    return found


def _print(runs: list[Run], markdown: bool) -> None:
    head = ["pairs", "s", "CPU s", "pairs/CPU s", "peak MiB", "main", "workers", "at the step",
            "kept", "rejected"]  # fmt: skip
    rows = [
        [
            str(run.pairs), f"{run.seconds:.0f}", f"{run.cpu:.0f}",
            f"{run.pairs / run.cpu:.0f}",
            f"{run.peak.all:.0f}", f"{run.peak.main:.0f}", f"{run.peak.workers:.0f}",
            run.peak.step, str(sum(run.kept.values())), str(sum(run.rejected.values())),
        ]
        for run in runs
    ]  # fmt: skip
    print(bench.table(head, rows, markdown), end="\n\n")
    each = [steps(run.samples) for run in runs]
    names = list(dict.fromkeys(name for one in each for name in one))
    head = ["step", *(f"{run.pairs}: {unit}" for run in runs for unit in ("s", "peak MiB"))]
    rows = [
        [name, *(f"{value:.0f}" for one in each for value in one.get(name, (0.0, 0.0)))]
        for name in names
    ]
    print(bench.table(head, rows, markdown), end="\n\n")
    if len(runs) > 1:
        first, last = runs[-2], runs[-1]
        millions = (last.pairs - first.pairs) / 1e6
        for name in ("all", "main", "workers"):
            peaks = [max(getattr(s, name) for s in run.samples) for run in (first, last)]
            slope = (peaks[1] - peaks[0]) / millions if millions else 0.0
            print(f"{name}: peak {peaks[0]:.0f} → {peaks[1]:.0f} MiB, {slope:+.0f} a million pairs")
    for run in runs:
        print(f"{run.pairs} rejected: {run.rejected}")
        print(f"memory over time, from 0: {bench.bars([one.all for one in run.samples])}")
