"""Pages per second against trafilatura's crawler, memory over many pages, extraction quality.

`korpu bench collect` runs the whole stage, and its peers, on a news site of its own on loopback.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from data_prep.collect import loopback
from data_prep.collect.bench_memory import memory
from data_prep.collect.loopback_pages import path_of, press
from korpu import bench, log
from korpu.errors import DONE, SaysNo, UsageError

HELP = """korpu bench collect [word=value …]

  what=speed          the stage `collect` and two ways to use trafilatura, on one loopback site
       memory         the stage's memory over many small pages
       extraction     precision and recall of text, title and date
  pages=600           articles of the site (100000 for memory; a folder for extraction)
  repeat=5            runs of each, interleaved (speed)
  workers=2           extraction processes
  out=outputs         the folder on whose disk the stage works; what it writes there is removed
  every=0.5           seconds between two samples (memory)
  markdown=true       Markdown tables
"""
WORDS = {
    "what": "speed",
    "pages": "",
    "repeat": "5",
    "workers": "2",
    "out": "outputs",
    "every": "0.5",
    "markdown": "false",
}
PAGES = {"speed": "600", "memory": "100000"}
OURS, CRAWLER, LIST = "korpu collect", "trafilatura crawler", "trafilatura, URLs known"
HOW = """{ours}: robots.txt, sitemaps and links; each page a WARC record and an SQLite transaction,
  both fsynced; extraction of text, title, date, section and language in {workers} processes;
  Parquet. A kill at any moment loses nothing.
{crawler}: `focused_crawler` without its pause, `bare_extraction` with metadata on each
  answer as it comes (the crawler itself throws pages away: its fetch function was wrapped). One
  process; robots.txt and links; nothing is written to disk, a kill loses everything.
{listed}: `fetch_url` and `bare_extraction` with metadata in {workers} forked processes
  over the list of URLs. No robots.txt, no discovery, nothing is written to disk.
`fetched/s` and `extracted/s` are each part's own pages per second, where they can be told apart.
The server answers from memory, in one more process on the same cores. Each run is a fresh process
that has imported everything before the clock starts (our extraction processes start within it)."""


def main(words: list[str]) -> int:
    """Run the benchmark; returns 0. Raises ``UsageError`` for its words and ``SaysNo`` where a
    contestant did not get every page, since then the rates say nothing."""
    if "what=extraction" in words:
        from data_prep.collect.page import quality

        return quality.main(words)
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("korpu bench collect", words, WORDS)
    if given["what"] not in PAGES:
        raise UsageError(f"what must be speed, memory or extraction, not {given['what']!r}")
    given["pages"] = given["pages"] or PAGES[given["what"]]
    workers, markdown = bench.number(given, "workers"), bench.truth(given, "markdown")
    pages = bench.number(given, "pages", least=20)
    with _scratch(Path(given["out"])) as folder:
        if given["what"] == "speed":
            speed(pages, bench.number(given, "repeat"), workers, folder, markdown)
        else:
            memory(pages, workers, _seconds(given["every"]), folder, markdown)
    return DONE


def _seconds(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = 0.0
    if not 0.01 <= seconds <= 60:
        raise UsageError(f"every must be seconds from 0.01 to 60, not {word!r}")
    return seconds


@contextlib.contextmanager
def _scratch(outputs: Path) -> Iterator[Path]:
    """A folder on the disk of the outputs, since an fsync in memory would cost nothing."""
    outputs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=outputs) as folder:
        yield Path(folder).resolve()


@dataclass(frozen=True)
class Outcome:
    """One contestant's run: articles with a text, seconds of all of it, and its parts' pages/s.

    A part is None where the two cannot be told apart.
    """

    articles: int
    seconds: float
    fetched: float | None
    extracted: float | None


def ours(url: str, pages: int, workers: int, folder: Path) -> Outcome:
    """The whole stage `collect`, from the front page to ``articles.parquet``."""
    import trafilatura  # noqa: F401  # as the peers: imported before the clock starts

    from data_prep.collect import run, stage  # noqa: F401

    recipe = loopback.recipe_of(url, pages, workers, folder)
    began = time.perf_counter()
    result = run(recipe, {}, folder)
    seconds = time.perf_counter() - began
    articles = next(file.rows for file in result.files if file.path == "articles.parquet")
    rates = result.stats["pages_per_second"]
    return Outcome(articles or 0, seconds, rates["crawl"], rates["extract"])


def crawler(url: str, pages: int) -> Outcome:
    """trafilatura's crawler, and its extraction of each answer as it arrives, in one process."""
    from trafilatura import bare_extraction, spider

    settings, fetch, start = _peer_settings(), spider.fetch_response, _named(url)
    articles, extracting = set(), 0.0
    own = {start + path_of(number) for number in range(pages)}

    def fetched(address: str, **how: Any) -> Any:
        nonlocal extracting
        response = fetch(address, **how)
        if response is not None and response.data and address in own:
            began = time.perf_counter()
            document = bare_extraction(response.data, url=address, with_metadata=True)
            if document is not None and document.text:
                articles.add(address)
            extracting += time.perf_counter() - began
        return response

    spider.fetch_response = fetched
    most = 2 * pages + 100
    began = time.perf_counter()
    spider.focused_crawler(f"{start}/", max_seen_urls=most, max_known_urls=most, config=settings)
    seconds = time.perf_counter() - began
    return Outcome(len(articles), seconds, pages / (seconds - extracting), pages / extracting)


def _named(url: str) -> str:
    """The site under a name that this process alone resolves to loopback: the peer's crawler
    follows no link to an address with a port."""
    import socket

    resolve, name = socket.getaddrinfo, "loopback.test"

    def resolved(host: Any, *rest: Any, **how: Any) -> Any:
        return resolve("127.0.0.1" if host == name else host, *rest, **how)

    socket.getaddrinfo = resolved
    return url.replace("127.0.0.1", name)


def listed(urls: list[str], workers: int) -> Outcome:
    """trafilatura's fetch and extraction of known URLs, spread over processes."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    import trafilatura  # noqa: F401  # the forked processes have it then

    began = time.perf_counter()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        articles = sum(pool.map(_one, urls, chunksize=8))
    return Outcome(articles, time.perf_counter() - began, None, None)


def _one(url: str) -> bool:
    from trafilatura import bare_extraction, fetch_url

    page = fetch_url(url, config=_peer_settings())
    if page is None:
        return False
    document = bare_extraction(page, url=url, with_metadata=True)
    return document is not None and bool(document.text)


def _peer_settings() -> Any:
    """trafilatura's own settings, without its pause and with loopback allowed."""
    from copy import deepcopy

    from trafilatura.settings import DEFAULT_CONFIG

    settings = deepcopy(DEFAULT_CONFIG)
    settings["DEFAULT"]["SLEEP_TIME"] = "0"
    settings["DEFAULT"]["SSRF_PROTECTION"] = "off"
    return settings


def speed(pages: int, repeats: int, workers: int, folder: Path, markdown: bool) -> None:
    """Measure all contestants, print the table. Raises ``SaysNo`` where one missed a page."""
    where = bench.machine("trafilatura", "lxml", "urllib3")
    disk = bench.fsync_ms(folder)
    with loopback.serving(pages, "press") as site:
        size = len(press(0, pages, site.url).encode()) // 1000
        contestants: dict[str, Callable[[Path], tuple[Any, ...]]] = {
            OURS: lambda out: (ours, site.url, pages, workers, out),
            CRAWLER: lambda _: (crawler, site.url, pages),
            LIST: lambda _: (listed, site.urls, workers),
        }
        runs = {name: partial(_measure, site, name, of, folder) for name, of in contestants.items()}
        results = bench.repeat(repeats, runs, _said)
    rates = {name: [pages / one.seconds for one in of] for name, of in results.items()}
    rows = [_row(name, of, rates[name], rates[OURS]) for name, of in results.items()]
    head = ["", "pages/s", "min–max", "korpu ÷ it", "fetched/s", "extracted/s", "articles"]
    print(f"{pages} articles of about {size} kB, {repeats} interleaved runs, medians; {where}")
    print(f"one fsync of 32 kB takes {disk:.1f} ms on this disk\n")
    print(bench.table(head, rows, markdown))
    print(f"\n{HOW.format(ours=OURS, crawler=CRAWLER, listed=LIST, workers=workers)}")


def _measure(
    site: loopback.Loopback,
    name: str,
    call: Callable[[Path], tuple[Any, ...]],
    folder: Path,
) -> Outcome:
    """Run a contestant in a fresh process; raises ``SaysNo`` unless it got every article once."""
    out = Path(tempfile.mkdtemp(dir=folder))
    _, before, _ = site.asked()
    with bench.apart(out.with_suffix(".log"), *call(out)) as process:
        outcome: Outcome = process.result()
    _, after, _ = site.asked()
    if outcome.articles != site.pages or after - before != site.pages:
        raise SaysNo(
            f"{name}: {outcome.articles} articles of {site.pages} pages in {after - before} "
            "requests; rates of different work cannot be compared"
        )
    return outcome


def _said(name: str, round_: int, outcome: Outcome) -> None:
    log.say(f"  {name}, run {round_}: {outcome.articles} pages in {outcome.seconds:.2f} s")


def _row(name: str, runs: list[Outcome], rates: list[float], own: list[float]) -> list[str]:
    median, least, most = bench.spread(rates)

    def part(of_runs: list[float | None]) -> str:
        known = [one for one in of_runs if one is not None]
        return f"{bench.spread(known)[0]:.1f}" if known else "–"

    return [
        name,
        f"{median:.1f}",
        f"{least:.1f}–{most:.1f}",
        "1" if name == OURS else bench.ratio(own, rates),
        part([one.fetched for one in runs]),
        part([one.extracted for one in runs]),
        str(runs[0].articles),
    ]
