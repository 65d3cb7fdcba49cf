"""`korpu bench`: a room's speed, measured against a named peer in the same run.

A room's benchmark is a `bench.py` in its package with ``main(words) -> int``. It is found by the
name of its package, or by a ``NAME`` of its own; further ones are `bench_*.py` with a ``NAME``.
A benchmark is imported only when it is called, and may use what stands here: interleaved repeats,
a process of its own for each contestant, and tables.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import importlib
import itertools
import multiprocessing
import os
import pickle
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Generic, TypeVar

from korpu import words as named
from korpu.errors import DONE, Infrastructure, KorpuError, UsageError

T = TypeVar("T")
CHECKOUT = Path(__file__).resolve().parent.parent
HELP = """korpu bench NAME [word=value …]

Measures speed as a ratio to a named peer, on the same input in the same run.

{benches}

  korpu bench NAME --help   its words
"""


def main(words: list[str]) -> int:
    """Run the command; returns its exit code. Raises ``UsageError`` for an unknown name."""
    found = benches()
    if not words or words[0] in ("-h", "--help"):
        lines = [f"  {name:<10} {about(path)}" for name, path in found.items()]
        print(HELP.format(benches="\n".join(lines) or "  (there are none)"), end="")
        return DONE
    name = words[0]
    if name not in found:
        near = difflib.get_close_matches(name, found, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(found)}"
        raise UsageError(f"there is no bench {name!r}: {hint}")
    module = ".".join(found[name].relative_to(CHECKOUT).with_suffix("").parts)
    run: Callable[[list[str]], int] = importlib.import_module(module).main
    return run(words[1:])


def benches(checkout: Path = CHECKOUT) -> dict[str, Path]:
    """The benchmarks there are, by their ``NAME`` or their package's; nothing is imported."""
    found = [*checkout.glob("*/bench.py"), *checkout.glob("*/*/bench.py")]
    found += [path for path in checkout.glob("*/bench_*.py") if _own_name(path)]
    rooms = [
        path
        for path in found
        if all((folder / "__init__.py").exists() for folder in _folders(path, checkout))
        and path.resolve() != Path(__file__).resolve()
    ]
    return dict(sorted((_name(path), path) for path in rooms))


def one_of(parts: Mapping[str, str], about: str, words: Sequence[str]) -> int:
    """Run the part that ``what=NAME`` names, the first without it; parts are modules by name.

    Returns its exit code; ``--help`` without ``what`` shows ``about``. Raises ``UsageError``.
    """
    what = next((word.partition("=")[2] for word in words if word.startswith("what=")), None)
    if what is None and any(word in ("-h", "--help") for word in words):
        print(about, end="")
        return DONE
    module = parts.get(what or next(iter(parts)))
    if module is None:
        raise UsageError(f"what must be {', '.join(parts)}, not {what!r}")
    run: Callable[[list[str]], int] = importlib.import_module(module).main
    return run([word for word in words if not word.startswith("what=")])


def _name(path: Path) -> str:
    """A module's own name, else its package's."""
    return _own_name(path) or path.parent.name


def _own_name(path: Path) -> str | None:
    """A module's literal ``NAME``; nothing is imported."""
    for line in ast.parse(path.read_text("utf-8")).body:
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant):
            target = line.targets[0]
            if isinstance(target, ast.Name) and target.id == "NAME":
                return str(line.value.value)
    return None


def _folders(path: Path, checkout: Path) -> list[Path]:
    inside = path.relative_to(checkout).parents
    return [checkout / folder for folder in inside if folder != Path()]


def about(path: Path) -> str:
    """The first line of a module's docstring, without importing it."""
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return said.partition("\n")[0]


def parsed(command: str, words: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """``name=value`` words over their defaults; raises ``UsageError`` naming the nearest."""
    return {**known, **named.parsed(command, words, known)}


def number(given: Mapping[str, str], name: str, least: int = 1) -> int:
    """A word's whole number; raises ``UsageError``."""
    try:
        value = int(given[name])
    except ValueError:
        raise UsageError(f"{name} must be a whole number, not {given[name]!r}") from None
    if value < least:
        raise UsageError(f"{name} must be at least {least}, not {value}")
    return value


def truth(given: Mapping[str, str], name: str) -> bool:
    """A word that is true or false; raises ``UsageError``."""
    return named.truth(name, given[name])


def repeat(
    times: int,
    functions: Mapping[str, Callable[[], T]],
    after: Callable[[str, int, T], None] | None = None,
) -> dict[str, list[T]]:
    """Run every function so many times, interleaved: A B A B, never A A B B.

    What else the machine does falls on all of them alike. ``after`` is told each result with the
    function's name and its round, from 1.
    """
    results: dict[str, list[T]] = {name: [] for name in functions}
    for round_ in range(1, times + 1):
        for name, function in functions.items():
            results[name].append(function())
            if after is not None:
                after(name, round_, results[name][-1])
    return results


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """(median, least, most)."""
    return statistics.median(values), min(values), max(values)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """The ratio of the medians, and the range of the rounds' own ratios: `1.52 (1.48–1.60)`."""
    rounds = [a / b for a, b in zip(ours, theirs, strict=True)]
    whole = statistics.median(ours) / statistics.median(theirs)
    return f"{whole:.2f} ({min(rounds):.2f}–{max(rounds):.2f})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], markdown: bool = False) -> str:
    """Aligned plain text, or a Markdown table for a document. The first column is to the left."""
    if markdown:
        lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    lines_ = []
    for line in [head, *rows]:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        lines_.append("  ".join(cells).rstrip())
    return "\n".join(lines_)


def bars(values: Sequence[float], width: int = 60) -> str:
    """Values over time as a line of block characters, from zero; each is its part's maximum."""
    if not values or max(values) <= 0:
        return ""
    width = min(width, len(values))
    cut = [len(values) * i // width for i in range(width + 1)]
    most = [max(values[a:b]) for a, b in itertools.pairwise(cut)]
    return "".join("▁▂▃▄▅▆▇█"[min(7, int(8 * value / max(most)))] for value in most)


def machine(*packages: str) -> str:
    """What it ran on: cores, load at this moment, Python and the versions of some packages."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = [f"{name} {metadata.version(name)}" for name in packages]
    return ", ".join(
        [
            f"{usable} cores ({platform.machine()})",
            f"load {os.getloadavg()[0]:.1f} at the start",
            f"Python {platform.python_version()}",
            *versions,
        ]
    )


def fsync_ms(folder: Path, times: int = 20) -> float:
    """Milliseconds of one append of 32 KB with fsync, the median: whether the disk is one."""
    path = folder / "fsync"
    seconds = []
    with path.open("ab") as stream:
        for _ in range(times):
            began = time.perf_counter()
            stream.write(os.urandom(32_768))
            stream.flush()
            os.fsync(stream.fileno())
            seconds.append(time.perf_counter() - began)
    path.unlink()
    return 1000 * statistics.median(seconds)


class Apart(Generic[T]):
    """A function that runs in a fresh process, so that nothing of another run is left in it."""

    def __init__(self, process: BaseProcess, pipe: Connection, said: Path) -> None:
        self.process, self.pipe, self.said = process, pipe, said
        assert process.pid is not None
        self.pid = process.pid

    def ended(self, seconds: float) -> bool:
        """Wait so long for the result; whether it is there, or the process is gone."""
        return self.pipe.poll(seconds)

    def result(self) -> T:
        """What the function returned. Raises its ``KorpuError``, else ``Infrastructure``."""
        try:
            outcome, error = pickle.loads(self.pipe.recv_bytes())
        except EOFError:
            self.process.join()
            raise Infrastructure(
                f"a process of the benchmark ended with code {self.process.exitcode}: "
                f"{self._last()}; run it again"
            ) from None
        if isinstance(error, KorpuError):
            raise error
        if error is not None:
            raise RuntimeError(f"in a process of the benchmark: {error}; {self._last()}")
        result: T = outcome
        return result

    def _last(self) -> str:
        lines = self.said.read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


@contextlib.contextmanager
def apart(said: Path, function: Callable[..., T], *arguments: Any) -> Iterator[Apart[T]]:
    """Start a module's function in a fresh process; it is ended with the context.

    ``said``: a file for what the process writes to its output and error streams.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_apart, args=(theirs, str(said), function, arguments))
    process.start()
    theirs.close()
    try:
        yield Apart(process, ours, said)
    finally:
        ours.close()
        process.terminate()
        process.join()


def _apart(
    pipe: Connection, said: str, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    stream = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(stream, sys.stdout.fileno())
    os.dup2(stream, sys.stderr.fileno())
    outcome: tuple[Any, Any] = (None, None)
    try:
        outcome = (function(*arguments), None)
    except KorpuError as error:
        outcome = (None, error)
    except Exception as error:
        outcome = (None, f"{type(error).__name__}: {error}")
    with contextlib.suppress(BrokenPipeError):
        pipe.send_bytes(pickle.dumps(outcome))
