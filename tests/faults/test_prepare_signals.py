"""A stopped or killed `korpu prepare` goes on where it was, also with another executor."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import random
import signal
import time
from pathlib import Path

import pytest
import runs

from korpu.errors import DONE, STOPPED
from tests.faults import prepared

FILES = (
    "train.parquet", "dev.parquet", "test.parquet", "rejected.parquet", "contamination.parquet",
    "README.md", "report.html",
)  # fmt: skip
PAIRS = 17_000  # three shards, so that processes are started
DATATROVE = pytest.mark.skipif(
    importlib.util.find_spec("datatrove") is None, reason="datatrove is not installed"
)


@pytest.fixture(scope="module")
def given() -> list[dict[str, str]]:
    """Enough pairs for several shards of the first step."""
    from data_prep.bitext import synthetic

    names = ("src", "tgt", "document", "published")
    return [{name: row[name] for name in names} for row in synthetic.pairs(PAIRS, 3)]


@pytest.fixture(scope="module")
def whole(given: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of an undisturbed run."""
    folder = tmp_path_factory.mktemp("whole")
    done = prepared.prepare(folder, prepared.collect(folder, given))
    assert done.returncode == DONE, done.stderr
    return digests(folder)


def digests(folder: Path) -> dict[str, str]:
    out = prepared.corpus(folder)
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES}


def shards(folder: Path) -> int:
    """Complete files of all steps so far."""
    work = folder / "outputs" / "prepare"
    return sum(1 for path in work.glob("*/work/**/*") if path.suffix in (".parquet", ".arrow"))


def stopped(words: list[str], folder: Path, number: signal.Signals, more: int) -> tuple[int, str]:
    """Send the signal to the command once so many more files are there; (exit code, stderr)."""
    child = runs.start(*words)
    before, end = shards(folder), time.monotonic() + 300
    while child.poll() is None and shards(folder) < before + more and time.monotonic() < end:
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(number)
    _, said = child.communicate(timeout=60)
    return child.returncode, said


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)]
)
def test_a_signal_exits_75_and_the_next_run_goes_on(
    tmp_path: Path, given: list[dict[str, str]], whole: dict[str, str], number: signal.Signals
) -> None:
    words = prepared.words(tmp_path, prepared.collect(tmp_path, given), "prepare.workers=2")
    code, said = stopped(words, tmp_path, number, 2)
    assert code == STOPPED, said
    assert f"stopped by {number.name}; run it again to continue" in said
    assert "Traceback" not in said
    assert (prepared.corpus(tmp_path) / "RESUMABLE").exists()
    done = runs.run(*words)
    assert done.returncode == DONE, done.stderr
    assert digests(tmp_path) == whole


@pytest.mark.long
@DATATROVE
def test_killed_again_and_again_with_other_workers_and_executors(
    tmp_path: Path, given: list[dict[str, str]], whole: dict[str, str]
) -> None:
    sources = prepared.collect(tmp_path, given)
    rng, kills = random.Random(5), 0
    how = [("local", 1), ("datatrove_local", 2), ("local", 3), ("datatrove_local", 1)]
    for runtime, workers in how * 3:
        more = f"runtime={runtime}", f"prepare.workers={workers}"
        words = prepared.words(tmp_path, sources, *more)
        code, said = stopped(words, tmp_path, signal.SIGKILL, rng.randint(1, 5))
        assert code in (DONE, -signal.SIGKILL), said
        kills += code != DONE
        if code == DONE:
            break
        assert_gone(tmp_path)
    else:
        done = runs.run(*prepared.words(tmp_path, sources))
        assert done.returncode == DONE, done.stderr
    assert kills >= 3
    assert digests(tmp_path) == whole


def assert_gone(folder: Path) -> None:
    """No process works in this folder any more; a worker has a moment to notice."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if not any(str(folder) in line for line in command_lines()):
            return
        time.sleep(0.1)
    raise AssertionError("a worker outlived its parent")


def command_lines() -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if entry.parent.name != str(os.getpid()):
                found.append(entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
    return found
