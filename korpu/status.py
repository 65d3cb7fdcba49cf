"""`korpu status`: what runs, what stopped and what is done, seen from another terminal.

It only reads: the locks say what runs, the stages' progress.json how far it is, and the lines are
those of the running command's own display.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from korpu import artifact, log
from korpu import words as named
from korpu.display import cut, instant, lines, sentence, span, styled
from korpu.errors import DONE, Stopped, UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

HELP = """korpu status [word=value …]

Shows what is below outputs/: what runs and how far it is, what stopped and can be continued, what
is done.

  outputs=DIR    the folder of the outputs (outputs)
  follow=true    keep showing until nothing runs
  json=true      print it as JSON
"""
WORDS = ("outputs", "follow", "json")
QUIET = 60.0  # seconds without a sign of a running process that are worth a word
AGAIN = 0.5  # seconds between two looks of follow=true
STATES = ("running", "stopped", "refused", "done")
STYLES = {"running": "bold cyan", "stopped": "yellow", "refused": "red", "done": "green"}


@dataclass(frozen=True)
class Entry:
    """A stage's directory. ``when`` is the last sign of it, in seconds since 1970."""

    stage: str
    name: str
    directory: str
    state: str
    when: float
    seconds: float | None = None  # how long it has run, or took
    says: str | None = None  # why it was refused, or which signal stopped it
    alive: bool | None = None  # whether its process is there; None where nobody can know
    progress: Mapping[str, Any] = field(default_factory=dict)

    @property
    def resumable(self) -> bool:
        return self.state == "stopped"


def look(outputs: Path) -> list[Entry]:
    """Every stage's directory below ``outputs``: first what runs, last what is done."""
    found = [entry for path in sorted(outputs.glob("*/*/")) if (entry := _entry(path))]
    return sorted(found, key=lambda entry: (STATES.index(entry.state), entry.when))


def _entry(path: Path) -> Entry | None:
    progress = _json(path / log.FILE)
    made = _json(path / artifact.MANIFEST)
    done = made.get("schema") == artifact.SCHEMA
    names = (path.parent.name, path.name, str(path))
    if not done or progress:
        alive = _alive(progress)
        held = _held(path / ".lock")
        if held or (held is None and alive):
            started = instant(progress.get("started"))
            since = None if started is None else time.time() - started
            seen = instant(progress.get("updated")) or _changed(path / ".lock") or time.time()
            return Entry(*names, "running", seen, since, alive=alive, progress=progress)
    if done:
        refused = made.get("refused")
        when = instant(made.get("created")) or _changed(path / artifact.MANIFEST) or 0.0
        took = made.get("seconds")
        return Entry(
            *names,
            "refused" if refused else "done",
            when,
            took if isinstance(took, int | float) else None,
            str(refused) if refused else None,
        )
    marked = _changed(path / artifact.RESUMABLE)
    begun = _changed(path / ".lock")
    if marked is None and begun is None:
        return None  # not a stage's
    # A marker older than the last start is that of an earlier stop.
    signal = None
    if marked is not None and marked >= (instant(progress.get("started")) or 0.0):
        signal = _json(path / artifact.RESUMABLE).get("signal")
    when = (marked if signal else instant(progress.get("updated"))) or begun or marked or 0.0
    return Entry(*names, "stopped", when, says=str(signal) if signal else None, progress=progress)


def _held(lock: Path) -> bool | None:
    """Whether a process holds the lock; None where the file system or the rights do not tell."""
    try:
        handle = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(handle)
    return False


def _alive(progress: Mapping[str, Any]) -> bool | None:
    pid = progress.get("pid")
    if progress.get("host") != socket.gethostname() or not isinstance(pid, int) or pid < 1:
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def _json(path: Path) -> dict[str, Any]:
    """A JSON object, or an empty one where there is none to read."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _changed(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def main(words: list[str]) -> int:
    """Run the command; returns 0. Raises ``UsageError`` for its words."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = named.parsed("korpu status", words, WORDS)
    follow, as_json = (named.truth(name, given.get(name, "false")) for name in ("follow", "json"))
    if follow and as_json:
        raise UsageError("give follow=true or json=true, not both")
    outputs = Path(given.get("outputs", "outputs"))
    if outputs.exists() and not outputs.is_dir():
        raise UsageError(f"outputs={outputs} is not a folder")
    if as_json:
        print(json.dumps([_plain(entry) for entry in look(outputs)], indent=1))
        return DONE
    if follow:
        try:
            _follow(outputs)
        except Stopped as stopped:
            if stopped.signal_name != "SIGINT":
                raise
            return DONE  # Ctrl-C is how one stops watching
    _print(outputs)
    return DONE


def _plain(entry: Entry) -> dict[str, Any]:
    when = datetime.fromtimestamp(entry.when, UTC).isoformat(timespec="milliseconds")
    return {**asdict(entry), "when": when, "resumable": entry.resumable}


def _follow(outputs: Path) -> None:
    """Redraw until nothing runs; where stdout is no terminal, print what runs now and then."""
    from rich.console import Group
    from rich.live import Live

    if not sys.stdout.isatty():
        while any(entry.state == "running" for entry in look(outputs)):
            _print(outputs, "running")
            sys.stdout.flush()
            until = time.monotonic() + log.EVERY
            while time.monotonic() < until and _runs(outputs):
                time.sleep(AGAIN)
        return
    console = _console()
    with Live(
        console=console, auto_refresh=False, transient=True, vertical_overflow="crop"
    ) as live:
        while True:
            entries = look(outputs)
            if not any(entry.state == "running" for entry in entries):
                return
            live.update(Group(*_shown(entries, console.width)), refresh=True)
            time.sleep(AGAIN)


def _runs(outputs: Path) -> bool:
    return any(entry.state == "running" for entry in look(outputs))


def _console() -> Console:
    """Stdout as a console; 120 wide where it is a file or a pipe that says nothing else."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
    return Console(width=wide, highlight=False)


def _print(outputs: Path, *states: str) -> None:
    entries = [entry for entry in look(outputs) if not states or entry.state in states]
    if not entries:
        if not states:
            print(f"Nothing has run below {log.printable(str(outputs))} yet.")
        return
    console = _console()
    for line in _shown(entries, console.width):
        console.print(line, soft_wrap=True)


def _shown(entries: list[Entry], width: int) -> list[Text]:
    """Lines for all entries; only what runs has more than one."""
    drawn = []
    stage = max(len(entry.stage) for entry in entries)
    for entry in entries:
        head = styled(f"{entry.state:<7}", STYLES[entry.state])
        head.no_wrap = False  # what to do stands at its end
        head.append(f"  {cut(entry.stage, 20):<{min(stage, 20)}}  {cut(entry.name, 60)}  ")
        head.append(_story(entry), "dim" if entry.state == "done" else "")
        drawn.append(head)
        if entry.state == "running" and entry.progress.get("what"):
            drawn.extend(lines(entry.progress, width))
    return drawn


def _story(entry: Entry) -> str:
    ago = f"{span(time.time() - entry.when)} ago"
    if entry.state == "running":
        return _running(entry)
    if entry.state == "done":
        took = f"in {span(entry.seconds)}, " if entry.seconds is not None else ""
        return f"{took}{ago}"
    if entry.state == "refused":
        return f"{ago}: {cut(entry.says, 200)}"
    by = f"by {cut(entry.says, 20)} " if entry.says else ""
    what = entry.progress.get("what")
    at = f" at {sentence(_bare(entry.progress))}" if what else ""
    return f"{by}{ago}{at}; resumable: run it again"


def _running(entry: Entry) -> str:
    pid, host = entry.progress.get("pid"), entry.progress.get("host")
    parts = [f"for {span(entry.seconds)}"] if entry.seconds is not None else []
    if isinstance(pid, int):
        here = "" if host == socket.gethostname() else f" on {cut(host, 40)}"
        parts.append(f"process {pid}{here}")
    if entry.alive is False:
        parts.append("which is gone, but a child of it still holds the lock: end it")
    elif time.time() - entry.when > QUIET:
        parts.append(f"no sign of it for {span(time.time() - entry.when)}")
    return ", ".join(parts)


def _bare(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: facts.get(name) for name in ("what", "done", "total", "unit")}
