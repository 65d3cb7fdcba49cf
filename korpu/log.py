"""What a person reads while a command works: plain lines, and a progress bar on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 10.0  # seconds between two progress lines in a log that is not a terminal


def say(sentence: str) -> None:
    """One line on stderr, so that stdout stays free for results. Control characters are shown."""
    clean = "".join(c if c.isprintable() else repr(c)[1:-1] for c in sentence)
    print(clean, file=sys.stderr, flush=True)


@contextmanager
def progress(what: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    """Show how far a piece of work is; yields a function that adds finished units.

    A bar with rate and ETA on a terminal; a plain line every ten seconds otherwise.
    """
    if sys.stderr.isatty():
        with _bar(what, total, unit) as advance:
            yield advance
    else:
        with _lines(what, total, unit) as advance:
            yield advance


@contextmanager
def _bar(what: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(f"  {what}"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed}/{task.total}" if total else "{task.completed}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, rate="")
        done = 0

        def advance(count: int = 1) -> None:
            nonlocal done
            done += count
            rate = done / max(time.monotonic() - began, 1e-9)
            bar.update(task, advance=count, rate=f"{rate:.1f} {unit}/s")

        yield advance


@contextmanager
def _lines(what: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    began = last = time.monotonic()
    done = 0

    def advance(count: int = 1) -> None:
        nonlocal done, last
        done += count
        now = time.monotonic()
        if now - last >= EVERY:
            last = now
            rate = done / (now - began)
            left = f", {(total - done) / rate:.0f} s left" if total and rate else ""
            of = f"/{total}" if total else ""
            say(f"  {what}: {done}{of} {unit}, {rate:.1f}/s{left}")

    yield advance
