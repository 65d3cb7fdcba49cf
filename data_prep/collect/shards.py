"""Extraction over processes: fixed shards, each a file that is complete or absent.

A shard is keyed by its pages' digests and its rules, so a killed extraction continues, and the
result does not depend on how many processes work.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from data_prep.collect.page import extract
from data_prep.collect.page.extract import Rules
from data_prep.collect.site.ledger import Record
from korpu import artifact
from korpu.errors import KorpuError

PAGES = 32  # of one shard


def batched(records: Iterable[Record], size: int) -> Iterator[tuple[Record, ...]]:
    """Records in tuples of ``size``; the last may be shorter."""
    records = iter(records)
    while part := tuple(islice(records, size)):
        yield part


@dataclass(frozen=True)
class Shard:
    """Pages of one source that are extracted together into one file."""

    records: tuple[Record, ...]
    rules: Rules
    folder: Path  # of the WARC files
    path: Path  # of the result


def plan(records: Iterable[Record], rules: Rules, folder: Path, work: Path) -> Iterator[Shard]:
    """Cut a source's pages into shards; fixed by the pages alone. Holds one shard at a time."""
    told = asdict(rules)
    for part in batched(records, PAGES):
        pages = [[p.site, p.url, p.digest, p.fetched, p.listed] for p in part]
        key = artifact.digest([extract.VERSION, told, pages])
        yield Shard(part, rules, folder, work / f"{key[:32]}.jsonl")


def make(shards: Iterable[Shard], workers: int, advance: Callable[[int], None]) -> None:
    """Make every shard that is missing. Raises what a page or the disk raises."""
    missing = _missing(shards, advance)
    first = list(islice(missing, 2))
    if workers <= 1 or len(first) < 2:
        for shard in chain(first, missing):
            write(shard)
            advance(len(shard.records))
    else:
        _spread(chain(first, missing), workers, advance)


def _missing(shards: Iterable[Shard], advance: Callable[[int], None]) -> Iterator[Shard]:
    for shard in shards:
        if shard.path.exists():
            advance(len(shard.records))
        else:
            yield shard


def write(shard: Shard) -> None:
    """Extract one shard into its file, atomically."""
    lines = [
        json.dumps(extract.article(record, shard.folder, shard.rules), ensure_ascii=False)
        for record in shard.records
    ]
    artifact.write_atomically(shard.path, "".join(line + "\n" for line in lines))


def read(shards: Iterable[Shard]) -> Iterator[tuple[Record, dict[str, Any]]]:
    """The pages of finished shards with the row that each gave, in order."""
    for shard in shards:
        lines = shard.path.read_text("utf-8").split("\n")[:-1]
        for record, line in zip(shard.records, lines, strict=True):
            yield record, json.loads(line)


def _spread(shards: Iterator[Shard], workers: int, advance: Callable[[int], None]) -> None:
    context = multiprocessing.get_context("spawn")
    processes: dict[Connection, BaseProcess] = {}
    doing: dict[Connection, Shard] = {}
    try:
        for shard in islice(shards, workers):
            ours, theirs = context.Pipe()
            process: BaseProcess = context.Process(target=_work, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            processes[ours] = process
            doing[ours] = shard
            ours.send(shard)
        while doing:
            for pipe in wait(list(doing)):
                assert isinstance(pipe, Connection)
                _receive(pipe, processes[pipe])
                advance(len(doing.pop(pipe).records))
                shard_or_none = next(shards, None)
                if shard_or_none is not None:
                    doing[pipe] = shard_or_none
                    pipe.send(shard_or_none)
    finally:
        for pipe, working in processes.items():
            pipe.close()
            working.terminate()
            working.join()


def _receive(pipe: Connection, process: BaseProcess) -> None:
    try:
        error = pipe.recv()
    except (EOFError, ConnectionResetError):
        process.join()
        raise OSError(None, f"an extraction process ended with code {process.exitcode}") from None
    if error is not None:
        raise error


def _work(pipe: Connection) -> None:
    """A process: shards in, None or the error out, until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the parent's to answer
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            shard = pipe.recv()
            try:
                write(shard)
            except (OSError, KorpuError) as error:
                pipe.send(error)
            except Exception as error:
                pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))
            else:
                pipe.send(None)
