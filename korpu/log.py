"""What a person reads while a command works: plain lines, and a progress display on a terminal.

The work only counts and tells. A thread looks at it four times a second, so that a unit of work
costs next to nothing and a stall is shown as one.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.live import Live

EVERY = 10.0  # seconds between two progress lines in a log that is not a terminal
TICK = 0.25  # seconds between two looks: four redraws a second
WRITE = 2  # looks between two writes of the file: twice a second
WINDOW = 10.0  # seconds a rate is taken over, or longer until FEW units are in it
FEW = 5
FILE = "progress.json"


def say(sentence: str) -> None:
    """One line on stderr, so that stdout stays free for results. Control characters are shown."""
    clean = printable(sentence)
    if _watch is None or not _watch.print_above(clean):
        print(clean, file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """The text with everything that could steer a terminal written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class Progress:
    """How far a piece of work is. Call it with finished units; ``total`` may change any time."""

    def __init__(self, what: str, total: int | None, unit: str) -> None:
        self.what, self.total, self.unit = what, total, unit
        self.done = 0
        self._facts: dict[str, Any] = {}
        self._samples: deque[tuple[float, int]] = deque()
        self._moved = time.time()

    def __call__(self, count: int = 1) -> None:
        """So many more units are done."""
        self.done += count

    def tell(self, **facts: Any) -> None:
        """Facts for people, plain JSON values, replaced by name.

        ``note`` (a line), ``hosts`` ({name: {done, waiting, errors, state}}) and ``errors``
        ({reason: count}) are drawn. Values are read later, from another thread: they may be dicts
        the work keeps changing.
        """
        self._facts.update(facts)

    def seen(self) -> dict[str, Any]:
        """What there is to show now, as plain JSON. Only one thread at a time calls this."""
        now, done, total = time.monotonic(), self.done, self.total
        if not self._samples:
            # Not before the first look: what a resumed run counts at once was not done now.
            self._samples.append((now, done))
        if done != self._samples[-1][1]:
            self._samples.append((now, done))
            self._moved = time.time()
        while len(self._samples) > 2:
            when, count = self._samples[1]
            if now - when < WINDOW or done - count < FEW:
                break
            self._samples.popleft()
        began, before = self._samples[0]
        rate = (done - before) / (now - began) if now > began else 0.0
        left = max(total - done, 0) / rate if total is not None and rate > 0 else None
        own = {
            "what": self.what,
            "done": done,
            "total": total,
            "unit": self.unit,
            "rate": round(rate, 6),
            "eta_seconds": None if left is None else round(left, 1),
            "moved": _instant(self._moved),
        }
        return {**own, **_plain(dict(self._facts)), **own}  # no fact takes the place of these


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """A copy as JSON would keep it; nothing where the facts are no JSON at all.

    The encoder in C copies a dict's items before it visits them, so a dict that grows meanwhile
    does no harm; a dict of another class may, and then the next look gets it.
    """
    try:
        text = json.dumps(facts, default=str, skipkeys=True)
    except (TypeError, ValueError, RuntimeError):
        return {}
    copy: dict[str, Any] = json.loads(text, parse_constant=lambda _: None)
    return copy


@contextmanager
def progress(what: str, total: int | None, unit: str) -> Iterator[Progress]:
    """Show how far a piece of work is: a display on a terminal, else a line every ten seconds.

    Inside of a ``stage``, the same is in its ``progress.json``. One opened within another takes
    its place until it ends.
    """
    global _watch
    one = Progress(what, total, unit)
    outermost = not _open
    try:
        _open.append(one)
        if outermost:
            _watch = _Watch()
            _watch.start()
        yield one
    finally:
        if outermost and _watch is not None:
            _watch.stop()
            _watch = None
        if one in _open:
            _open.remove(one)
        if _stage is not None:
            _stage.write(one.seen())


@contextmanager
def stage(name: str, command: str, directory: Path) -> Iterator[None]:
    """Keep ``progress.json`` in a stage's directory while it runs.

    It is removed when the stage ends well; after a failure it says how far the stage came.
    """
    global _stage
    _stage = _Stage(name, command, directory)
    _stage.write({})
    try:
        yield
        with contextlib.suppress(OSError):
            (directory / FILE).unlink(missing_ok=True)
    finally:
        _stage = None


class _Stage:
    def __init__(self, name: str, command: str, directory: Path) -> None:
        self.path = directory / FILE
        self.facts = {
            "stage": name,
            "command": f"korpu {command}",
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": _instant(time.time()),
        }

    def write(self, seen: dict[str, Any]) -> None:
        """Replace the file. A disk that refuses it must not disturb the work, so nothing is said;
        no fsync, because nobody needs it after a power cut."""
        own = {**self.facts, "updated": _instant(time.time())}
        half = self.path.with_name(FILE + ".tmp")
        try:
            half.write_text(json.dumps({**own, **seen, **own}) + "\n", "ascii")
            half.replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                half.unlink(missing_ok=True)


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


class _Watch(threading.Thread):
    """Looks at the innermost open progress and shows it."""

    def __init__(self) -> None:
        super().__init__(name="progress", daemon=True)
        self._ended = threading.Event()
        self._lock = threading.RLock()
        self._live: Live | None = None
        self._shown: dict[str, Any] = {}
        terminal = sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
        self._show: Callable[[], None] = self._draw if terminal else self._line
        self._said = time.monotonic()

    def run(self) -> None:
        looks, pause = 0, TICK
        while not self._ended.wait(pause):
            began = time.monotonic()
            with self._lock:
                if self._ended.is_set() or not _open:
                    return
                looks += 1
                self._shown = _open[-1].seen()
                if _stage is not None and looks % WRITE == 1:
                    _stage.write(self._shown)
                # A terminal that is gone (its window closed) is no reason to end the work.
                with contextlib.suppress(OSError, ValueError):
                    self._show()
            # With thousands of hosts a look takes long: never more than a twentieth of the time.
            pause = max(TICK, 20 * (time.monotonic() - began))

    def stop(self) -> None:
        """Clear the display; after this nothing is drawn any more."""
        self._ended.set()
        with self._lock, contextlib.suppress(OSError, ValueError):
            if self._live is not None:
                self._live.stop()
            self._live = None
        if self.is_alive():
            self.join()

    def print_above(self, clean: str) -> bool:
        """Print a line above the display; False where there is none."""
        from rich.text import Text

        with self._lock:
            if self._live is None:
                return False
            self._live.console.print(Text(clean), soft_wrap=True)
            return True

    def _draw(self) -> None:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            from korpu.display import Display

            self._live = Live(
                Display(lambda: self._shown),
                console=Console(stderr=True),
                auto_refresh=False,
                transient=True,
                vertical_overflow="crop",
                redirect_stdout=sys.stdout.isatty(),  # else it carries results
            )
            self._live.start()
        self._live.refresh()

    def _line(self) -> None:
        if time.monotonic() - self._said >= EVERY:
            from korpu.display import sentence

            self._said = time.monotonic()
            print(f"  {printable(sentence(self._shown))}", file=sys.stderr, flush=True)


_open: list[Progress] = []
_stage: _Stage | None = None
_watch: _Watch | None = None


def _in_a_forked_child() -> None:
    """A worker shows nothing, and its lines go around the parent's display, whose locks it may
    have inherited taken."""
    global _stage, _watch
    if _watch is not None:
        sys.stdout, sys.stderr = (
            getattr(stream, "rich_proxied_file", stream) for stream in (sys.stdout, sys.stderr)
        )
    _open.clear()
    _stage = _watch = None


os.register_at_fork(after_in_child=_in_a_forked_child)
