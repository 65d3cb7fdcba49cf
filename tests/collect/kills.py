"""Killing runs of `collect` over a town of sites, and comparing what is left with a whole run."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator

from korpu import artifact

CHECKOUT = Path(__file__).absolute().parents[2]
LONGEST_RUN = 300.0  # seconds


def _spawn(*words: str, errors: Path) -> subprocess.Popen[str]:
    with errors.open("a") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )


def _ask(process: subprocess.Popen[str], line: str) -> str:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return _read(process)


def _read(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"{process.args!r} ended with {process.wait()}"
    return line.strip()


@dataclass
class Town:
    """The sites, in a process of their own, and the requests they wrote down."""

    process: subprocess.Popen[str]
    log: Path
    urls: list[str]

    def sites(self) -> dict[str, str]:
        """Start URL by the name of the source."""
        return {f"host{n}": f"{url}/" for n, url in enumerate(self.urls)}

    def edition(self, number: int) -> None:
        assert _ask(self.process, f"edition {number}") == "ok"

    def lines(self, since: int = 0) -> list[str]:
        with self.log.open("rb") as stream:
            stream.seek(since)
            return stream.read().decode().splitlines()

    def size(self) -> int:
        return self.log.stat().st_size

    def quiet(self, since: int) -> list[str]:
        """What was asked since then, once every connection is closed."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            lines = self.lines(since)
            if lines.count("+") == lines.count("-"):
                return [line for line in lines if line not in "+-"]
            time.sleep(0.001)
        raise AssertionError("connections stay open")


@contextlib.contextmanager
def town(folder: Path, hosts: int, pages: int) -> Iterator[Town]:
    log = folder / "requests.log"
    process = _spawn(
        "tests.collect.town", str(hosts), str(pages), str(log), errors=folder / "town.err"
    )
    try:
        yield Town(process, log, _read(process).split())
    finally:
        process.kill()
        process.communicate()


@dataclass
class Run:
    """What one run asked for, by host, in order; and whether it was killed."""

    asked: dict[str, list[str]]
    killed: bool


@dataclass
class Zygote:
    """Forks runs of `collect`, which the test kills."""

    process: subprocess.Popen[str]
    town: Town | None
    folder: Path
    changes: dict[str, Any] = field(default_factory=dict)
    kills: int = 0
    runs: list[Run] = field(default_factory=list)

    def begin(self, out: Path, **job: Any) -> tuple[int, int]:
        """(process id, the log's size before)"""
        given = {"out": str(out), **job}
        given["changes"] = {**self.changes, **job.get("changes", {})}
        given["errors"] = str(self.folder / "runs.err")
        begun = 0
        if self.town is not None:
            given["sites"], begun = self.town.sites(), self.town.size()
        return int(_ask(self.process, json.dumps(given))), begun

    def end(self, begun: int) -> int:
        """Wait for the run; returns how it ended."""
        code = int(_read(self.process))
        asked: dict[str, list[str]] = {}
        for line in self.town.quiet(begun) if self.town is not None else ():
            host, path, _ = line.split()
            asked.setdefault(host, []).append(path)
        self.runs.append(Run(asked, code == -signal.SIGKILL))
        self.kills += code == -signal.SIGKILL
        return code

    def whole(self, out: Path, **job: Any) -> None:
        """A run that nobody kills."""
        _, begun = self.begin(out, **job)
        assert self.end(begun) == 0, (self.folder / "runs.err").read_text()

    def until(self, out: Path, moment: str, **job: Any) -> bool:
        """A run that kills itself at a moment; False where it was over before."""
        _, begun = self.begin(out, die=moment, **job)
        code = self.end(begun)
        assert code in (0, -signal.SIGKILL), (self.folder / "runs.err").read_text()
        return code != 0

    def events(self, out: Path) -> Counter[str]:
        """How many events of each kind a whole run has."""
        count = self.folder / f"{out.name}.events"
        self.whole(out, count=str(count))
        return Counter(json.loads(count.read_text()))

    def kill_soon(
        self, out: Path, requests: int, seconds: float, jitter: float, **job: Any
    ) -> bool:
        """Kill a run after so many requests, or seconds if it asks for nothing; and a jitter."""
        assert self.town is not None
        child, begun = self.begin(out, **job)
        end = time.monotonic() + seconds
        seen = 0
        while seen < requests and time.monotonic() < end and not self._ended():
            time.sleep(0.001)
            seen = sum(line not in "+-" for line in self.town.lines(begun))
        time.sleep(jitter)
        if not self._ended():  # until its end is read, the id belongs to no other process
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        code = self.end(begun)
        assert code in (0, -signal.SIGKILL), (self.folder / "runs.err").read_text()
        return code != 0

    def _ended(self) -> bool:
        import select

        assert self.process.stdout is not None
        return bool(select.select([self.process.stdout], [], [], 0)[0])


@contextlib.contextmanager
def zygote(folder: Path, place: Town | None = None, **changes: Any) -> Iterator[Zygote]:
    process = _spawn("tests.collect.zygote", errors=folder / "zygote.err")
    try:
        assert _read(process) == "ready"
        yield Zygote(process, place, folder, changes)
    finally:
        process.kill()
        process.communicate()


def kill_often(
    runs: Zygote,
    out: Path,
    kills: int,
    rng: random.Random,
    spacing: float,
    longest: float = 0.6,
    **job: Any,
) -> None:
    """Kill at random moments until a run comes to its end, or after so many kills let it.

    A run may ask for ``spacing`` pages on average and lives ``longest`` seconds at most.
    """
    for _ in range(kills):
        requests = rng.randrange(1, max(2, round(2 * spacing)))
        seconds = rng.uniform(0.02, longest)
        if not runs.kill_soon(out, requests, seconds, jitter=rng.random() * 0.01, **job):
            return
    runs.whole(out, **job)


def two_snapshots(runs: Zygote, folder: Path) -> None:
    """A first snapshot, twice below ``folder`` (`whole`, `killed`), of a town that moved on."""
    assert runs.town is not None
    runs.whole(folder / "whole" / "collect" / "first")
    shutil.copytree(folder / "whole", folder / "killed")
    runs.town.edition(2)


def later() -> dict[str, Any]:
    """What is changed for a snapshot a month from now: no article of today is young any more."""
    return {"changes": {"snapshot": str(date.today() + timedelta(days=30))}}


def requests(run: Run) -> int:
    """How many requests a run made."""
    return sum(len(paths) for paths in run.asked.values())


def content(out: Path) -> str:
    """The articles, but for when they were fetched."""
    return artifact.parquet_digest(out / "articles.parquet", ("fetched",))


def archived(out: Path) -> dict[str, list[str]]:
    """URLs of the records of each WARC file, in order."""
    found = {}
    for path in sorted((out / "raw").glob("*.warc.gz")):
        with path.open("rb") as stream:
            found[path.name] = [
                record.rec_headers.get_header("WARC-Target-URI")
                for record in ArchiveIterator(stream)
            ]
    return found


def compare(runs: Zygote, whole: Path, out: Path, since: int = 0) -> None:
    """The killed runs' result, archive, frontier and requests are those of an undisturbed one.

    ``since`` is the first of the runs that were made for ``out``.
    """
    assert content(out) == content(whole)
    ours, theirs = archived(out), archived(whole)
    assert {name: sorted(urls) for name, urls in ours.items()} == {
        name: sorted(urls) for name, urls in theirs.items()
    }
    assert all(len(urls) == len(set(urls)) for urls in ours.values())
    db = sqlite3.connect(out / "frontier.sqlite")
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert db.execute("SELECT count(*) FROM urls WHERE state = 'new'").fetchone()[0] == 0
    ends = dict(
        db.execute("SELECT file, max(offset + length) FROM urls WHERE file != '' GROUP BY file")
    )
    db.close()
    for path in (out / "raw").glob("*.warc.gz"):
        inherited = path.stat().st_nlink > 1  # its last records may be superseded
        assert inherited or ends[path.name] == path.stat().st_size, path
    only_in_flight(runs.runs[since:])


def only_in_flight(runs: list[Run]) -> None:
    """A page is asked for again only if it was a killed run's last request to its host."""
    answered: set[tuple[str, str]] = set()
    for number, run in enumerate(runs):
        for host, paths in run.asked.items():
            for path in paths:
                assert (host, path) not in answered, f"run {number} asks again for {host} {path}"
            again = Counter(paths)
            assert max(again.values()) == 1, again.most_common(3)
            settled = paths[:-1] if run.killed else paths
            answered.update((host, path) for path in settled)
