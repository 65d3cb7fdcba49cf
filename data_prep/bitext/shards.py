"""Work cut into fixed shards, each complete on disk or absent, by one process or several.

What a shard holds depends on the input alone, never on the number of workers or on what runs
them, so any number gives the same files, and a killed run continues with the shards that are
missing.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

import polars as pl
import pyarrow as pa

from data_prep.bitext import runtimes
from korpu import log, schema
from korpu.artifact import replace_durably
from korpu.errors import Infrastructure

Task = TypeVar("Task")
SMALL = 2  # shards that are not worth starting processes for
AHEAD = 2  # tasks per worker handed out at a time, so that memory does not grow with the corpus


@dataclass
class Crew:
    """Worker processes for all steps of a run: started at the first need, once.

    With a ``runtime`` of datatrove, its executor starts them instead, for each step.
    """

    workers: int
    runtime: schema.Runtime | None = None  # None: processes of this machine
    pool: ProcessPoolExecutor | None = None
    held: Connection | None = None  # the workers end when nobody holds it open any more

    def started(self) -> ProcessPoolExecutor:
        if self.pool is None:
            # spawn: polars holds threads, and a forked copy of their locks can hang
            context = multiprocessing.get_context("spawn")
            watched, self.held = context.Pipe(duplex=False)
            self.pool = ProcessPoolExecutor(
                self.workers, mp_context=context, initializer=_begin, initargs=(watched,)
            )
        return self.pool

    def end(self) -> None:
        """End the workers, whatever they are at: a file is complete or absent."""
        if self.held is not None:
            self.held.close()
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def crew(workers: int, runtime: schema.Runtime | None = None) -> Iterator[Crew]:
    """Up to this many processes; they end with the block, whatever ends it.

    Raises ``UsageError`` where the runtime is unknown or what it needs is not installed.
    """
    runtimes.check(runtime)
    here = runtime is None or runtime.executor == runtimes.LOCAL
    with _single_threaded():
        people = Crew(workers, None if here else runtime)
        try:
            yield people
        finally:
            people.end()


Work = Callable[[Task], "pl.DataFrame | Sequence[pl.DataFrame]"]


def build(
    tasks: Sequence[Task],
    work: Work[Task],
    folder: Path,
    *,
    crew: Crew,
    what: str,
    batched: bool = False,
) -> list[Path]:
    """One file per task in ``folder``, in order; ``work`` is a module-level function.

    A frame becomes a Parquet file; where ``batched``, ``work`` returns a sequence of frames with
    the same columns and they become one Arrow file, of which a single one can be read (``batch``).

    Raises what ``work`` raises (beyond this machine: its ``KorpuError``, else ``Infrastructure``
    naming the log), and ``Infrastructure`` where a worker dies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name(number, batched=batched) for number in range(len(tasks))]
    there = {entry.name for entry in os.scandir(folder)}
    todo = [(task, path) for task, path in zip(tasks, paths, strict=True) if path.name not in there]
    with log.progress(what, len(todo), "shards") as advance:
        if todo and crew.runtime is not None:
            runtimes.run(todo, work, folder, crew.workers, crew.runtime, advance)
            return paths
        sweep(folder)
        if crew.workers <= 1 or len(todo) <= SMALL:
            for task, path in todo:
                finish(work, task, path)
                advance(1)
        else:
            _many(todo, work, crew, advance)
    return paths


def name(number: int, *, batched: bool) -> str:
    """The file of a task."""
    return f"{number:05d}.{'arrow' if batched else 'parquet'}"


def read(paths: Sequence[Path], columns: Sequence[str] | None = None) -> pl.DataFrame:
    """The shards as one frame, in order."""
    return pl.concat(
        [pl.read_parquet(path, columns=list(columns) if columns else None) for path in paths],
        rechunk=True,
    )


def batch(path: Path, number: int) -> pl.DataFrame:
    """One frame of a file that ``batched`` work left; the rest of the file is not read."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        return pl.DataFrame(pl.from_arrow(reader.get_batch(number)))


def sweep(folder: Path) -> None:
    """Remove what killed workers left half written; only where nobody writes any more."""
    for half in folder.glob("*.tmp"):
        half.unlink(missing_ok=True)


def finish(work: Work[Task], task: Task, path: Path) -> None:
    """Do one task and leave its file, complete or not at all."""
    keep(work(task), path)


def keep(frames: pl.DataFrame | Sequence[pl.DataFrame], path: Path) -> None:
    """A frame as Parquet, or several as one Arrow file; durable, complete or not at all."""
    # a name of one's own: a worker that lost its master may still write the same shard
    temporary = path.with_name(f"{path.name}.{socket.gethostname()}.{os.getpid()}.tmp")
    if isinstance(frames, pl.DataFrame):
        frames.write_parquet(temporary, compression="lz4")
    else:
        _write_batches(frames, temporary)
    with temporary.open("rb") as stream:
        os.fsync(stream.fileno())
    replace_durably(temporary, path)


def _write_batches(frames: Sequence[pl.DataFrame], path: Path) -> None:
    tables = [
        frame.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks() for frame in frames
    ]
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_file(str(path), tables[0].schema, options=options) as writer:
        for table in tables:
            # an empty table has no batch of its own, and the numbers must stay right
            writer.write_batch(
                table.to_batches()[0]
                if table.num_rows
                else pa.RecordBatch.from_pylist([], table.schema)
            )


def _many(
    todo: Sequence[tuple[Task, Path]],
    work: Work[Task],
    crew: Crew,
    advance: Callable[[int], None],
) -> None:
    pool = crew.started()
    running: set[Future[None]] = set()
    try:
        for task, path in todo:
            running.add(pool.submit(finish, work, task, path))
            if len(running) < crew.workers * AHEAD:
                continue
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
                advance(1)
        for future in running:
            future.result()
            advance(1)
    except BrokenProcessPool as error:
        raise Infrastructure(runtimes.DIED) from error


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """Children use one thread each: the processes are the parallelism."""
    before = {name: os.environ.get(name) for name in runtimes.THREADS}
    os.environ.update(runtimes.THREADS)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin(watched: Connection) -> None:
    """In a worker: leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def end_with_parent() -> None:
        with contextlib.suppress(EOFError, OSError):
            watched.recv()  # nothing is ever sent
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
