"""Extraction over processes: fixed shards, each a file that is complete or absent.

A shard is keyed by its pages' digests and its rules, so a killed extraction continues, and the
result does not depend on how many processes work.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from data_prep.collect import extract
from data_prep.collect.extract import Rules
from data_prep.collect.frontier import Record
from korpu import artifact
from korpu.errors import KorpuError

PAGES = 32  # of one shard


@dataclass(frozen=True)
class Shard:
    """Pages of one site that are extracted together into one file."""

    records: tuple[Record, ...]
    rules: Rules
    folder: Path  # of the WARC files
    path: Path  # of the result


def plan(records: Sequence[Record], rules: dict[str, Rules], raw: Path, work: Path) -> list[Shard]:
    """Cut pages (sorted by site) into shards; fixed by the pages alone."""
    shards = []
    for site, of_site in rules.items():
        pages = [record for record in records if record.site == site]
        for start in range(0, len(pages), PAGES):
            part = tuple(pages[start : start + PAGES])
            key = artifact.digest(
                [extract.VERSION, asdict(of_site), [[p.url, p.digest, p.fetched] for p in part]]
            )
            shards.append(Shard(part, of_site, raw, work / f"{key[:32]}.jsonl"))
    return shards


def make(shards: Sequence[Shard], workers: int, advance: Callable[[int], None]) -> None:
    """Make every shard that is missing. Raises what a page or the disk raises."""
    missing = []
    for shard in shards:
        if shard.path.exists():
            advance(len(shard.records))
        else:
            missing.append(shard)
    if workers <= 1 or len(missing) <= 1:
        for shard in missing:
            write(shard)
            advance(len(shard.records))
    else:
        _spread(missing, min(workers, len(missing)), advance)


def write(shard: Shard) -> None:
    """Extract one shard into its file, atomically."""
    lines = [
        json.dumps(extract.article(record, shard.folder, shard.rules), ensure_ascii=False)
        for record in shard.records
    ]
    artifact.write_atomically(shard.path, "".join(line + "\n" for line in lines))


def read(shards: Sequence[Shard]) -> Iterator[dict[str, Any]]:
    """The rows of finished shards, in order."""
    for shard in shards:
        for line in shard.path.read_text("utf-8").split("\n"):
            if line:
                yield json.loads(line)


def _spread(shards: Sequence[Shard], workers: int, advance: Callable[[int], None]) -> None:
    context = multiprocessing.get_context("spawn")
    processes: dict[Connection, BaseProcess] = {}
    doing: dict[Connection, Shard] = {}
    todo = list(reversed(shards))
    try:
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process: BaseProcess = context.Process(target=_work, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            processes[ours] = process
            doing[ours] = todo.pop()
            ours.send(doing[ours])
        while doing:
            for pipe in wait(list(doing)):
                assert isinstance(pipe, Connection)
                _receive(pipe, processes[pipe])
                advance(len(doing.pop(pipe).records))
                if todo:
                    doing[pipe] = todo.pop()
                    pipe.send(doing[pipe])
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
