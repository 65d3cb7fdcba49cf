"""The memory of the stage `collect` over many small pages, looked at while it runs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from data_prep.collect import loopback
from korpu import bench, log
from korpu.errors import SaysNo


@dataclass(frozen=True)
class Sample:
    """A moment of the stage: pages fetched and extracted so far, resident memory in MiB."""

    seconds: float
    fetched: int
    extracted: int
    main: float
    workers: float  # of all child processes together
    processes: int


def collect(url: str, pages: int, workers: int, folder: Path) -> int:
    """The whole stage; returns the articles."""
    from data_prep.collect import run

    result = run(loopback.recipe_of(url, pages, workers, folder), {}, folder)
    return next(file.rows or 0 for file in result.files if file.path == "articles.parquet")


def sampled(pages: int, workers: int, every: float, folder: Path) -> tuple[int, list[Sample]]:
    """Run the stage in a process of its own and look at it again and again.

    Returns the articles it made and the samples.
    """
    samples: list[Sample] = []
    out = folder / "stage"
    out.mkdir()
    extracted = _Extracted(out / "work" / "extract")
    said = folder / "stage.log"
    with (
        loopback.serving(pages, "short") as site,
        bench.apart(said, collect, site.url, pages, workers, out) as process,
        log.progress("collect", 2 * pages, "pages fetched or extracted") as advance,
    ):
        began, done = time.monotonic(), 0
        while not process.ended(every):
            fetched, _, _ = site.asked()
            memory_of = _resident(process.pid)
            if memory_of is None:
                continue
            seconds = time.monotonic() - began
            samples.append(Sample(seconds, fetched, extracted.pages(), *memory_of))
            now = samples[-1].fetched + min(samples[-1].extracted, pages)
            advance(now - done)
            done = now
        return process.result(), samples


def _resident(pid: int) -> tuple[float, float, int] | None:
    """(MiB of the process, MiB of its children together, how many they are), or None if it ended.

    The children are started anew, not forked, so hardly a page of theirs is counted twice.
    """
    try:
        process = psutil.Process(pid)
        own, children = process.memory_info().rss, process.children(recursive=True)
    except psutil.Error:
        return None
    sizes = []
    for child in children:
        with contextlib.suppress(psutil.Error):
            sizes.append(child.memory_info().rss)
    return own / 2**20, sum(sizes) / 2**20, len(sizes)


class _Extracted:
    """How many pages the stage's complete extraction shards hold: a line for each page."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seen, self.lines = folder, set[str](), 0

    def pages(self) -> int:
        found = self.folder.glob("*.jsonl") if self.folder.is_dir() else iter(())
        for path in found:
            if path.name not in self.seen:
                with contextlib.suppress(FileNotFoundError):  # the stage has tidied up meanwhile
                    self.lines += path.read_bytes().count(b"\n")
                    self.seen.add(path.name)
        return self.lines


def memory(pages: int, workers: int, every: float, folder: Path, markdown: bool) -> None:
    """Measure the stage's memory and print it. Raises ``SaysNo`` where a page is missing."""
    where = bench.machine("trafilatura", "lxml", "pyarrow")
    articles, samples = sampled(pages, workers, every, folder)
    if articles != pages:
        raise SaysNo(f"{articles} articles of {pages} pages were collected; nothing is measured")
    print(f"{pages} articles of about 3 kB, a sample every {every:g} s; {where}\n")
    head = ["", "pages", "after s", "main MiB", "workers MiB", "all MiB"]
    print(bench.table(head, [_moment(name, s) for name, s in moments(samples, pages)], markdown))
    print()
    if not any(sample.extracted for sample in samples):
        print("extract: no complete shard was seen, so its tenths cannot be told apart")
    for line in growth(samples, pages):
        print(line)
    print(f"all processes over time, from 0: {bench.bars([s.main + s.workers for s in samples])}")


def phases(samples: list[Sample], pages: int) -> dict[str, list[Sample]]:
    """The samples of the crawl, of the extraction, and of writing the tables after it.

    The crawl lasts until every article was asked for; an extraction process that has just started
    belongs to the extraction.
    """
    crawled = sum(sample.fetched < pages for sample in samples)
    last = samples[crawled - 1 : crawled + 1]
    if len(last) == 2 and last[0].processes == last[1].processes:
        crawled += 1  # the first look at the whole crawl, and no process has started since
    rest = samples[crawled:]
    return {
        "crawl": samples[:crawled],
        "extract": [s for s in rest if s.extracted < pages],
        "tables": [s for s in rest if s.extracted >= pages],
    }


def moments(samples: list[Sample], pages: int) -> list[tuple[str, Sample]]:
    """The first sample after every tenth of the pages of each phase, and the end of the last.

    A tenth that passed between two samples is left out.
    """
    found: list[tuple[str, Sample]] = []
    of = phases(samples, pages)
    for name in ("crawl", "extract"):
        rest = of[name]
        for tenth in range(1, 11):
            passed = (s for s in rest if _done(name, s) * 10 >= tenth * pages)
            if (sample := next(passed, None)) is not None and (name, sample) not in found:
                found.append((name, sample))
    if of["tables"]:
        found.append(("tables", max(of["tables"], key=lambda s: s.main + s.workers)))
    return found


def _done(phase: str, sample: Sample) -> int:
    """Pages done in a phase; sections and front pages are extracted too, beyond 100 %."""
    return sample.fetched if phase == "crawl" else sample.extracted


def _moment(name: str, sample: Sample) -> list[str]:
    return [
        name,
        str(_done(name, sample)),
        f"{sample.seconds:.0f}",
        f"{sample.main:.0f}",
        f"{sample.workers:.0f}",
        f"{sample.main + sample.workers:.0f}",
    ]


def growth(samples: list[Sample], pages: int) -> Iterator[str]:
    """A sentence for each phase: from its first tenth of pages to its end; and the peak."""
    for name, of in phases(samples, pages).items():
        settled = [s for s in of if name == "tables" or _done(name, s) * 10 >= pages]
        if not settled:
            continue
        first, last = settled[0], settled[-1]
        more = {"main": last.main - first.main, "workers": last.workers - first.workers}
        since = "start" if name == "tables" else f"{_done(name, first)} pages"
        yield (
            f"{name}: from {since} to its end main {more['main']:+.1f} MiB, "
            f"workers {more['workers']:+.1f} MiB"
        )
    peak = max(samples, key=lambda s: s.main + s.workers)
    yield (
        f"peak: {peak.main + peak.workers:.0f} MiB (main {peak.main:.0f}, {peak.processes} "
        f"children {peak.workers:.0f}) after {peak.seconds:.0f} s"
    )
