"""What the tests of all registries share: small sealed bundles, and processes that are killed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from korpu import bundle as bundles

CHECKOUT = Path(__file__).resolve().parents[2]
KILLED = -9


def make(folder, version="1.0.0", content="weights", files=3, name="demo", size=50):
    """A sealed bundle of small files, in folders."""
    (folder / "hf").mkdir(parents=True)
    for number in range(files):
        (folder / "hf" / f"part-{number:02}").write_text(f"{content} {number}\n" * size)
    (folder / "provenance.json").write_text(json.dumps({"created": random.random()}))
    (folder / "README.md").write_text("card")
    (folder / "eval").mkdir()
    score = {"benchmark": "news", "direction": "azj_Latn-uzn_Latn", "system": "adapter"}
    scores = [{**score, "metric": "chrf_pp", "normalised": False, "value": 51.5}]
    (folder / "eval" / "report.json").write_text(json.dumps({"scores": scores}))
    bundles.seal(folder, name, version, {})
    return folder


class Kills:
    """One process that forks a child for every call."""

    def __init__(self, *modules: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.release.killing", *modules],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def begin(self, where: str, function: str, *words: Any, **job: Any) -> None:
        """Start a call; ``where`` is a module, or `method` of the registry in the first word."""
        words = tuple({"path": str(w)} if isinstance(w, Path) else w for w in words)
        line = json.dumps({"call": [where, function], "words": words, **job})
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self) -> tuple[int, str]:
        code, sentence = json.loads(self.process.stdout.readline())
        return code, sentence

    def call(self, where: str, function: str, *words: Any, **job: Any) -> tuple[int, str]:
        self.begin(where, function, *words, **job)
        return self.end()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@contextlib.contextmanager
def kills(*modules: str, count: int = 1, **environment: str) -> Iterator[Any]:
    """``count`` processes of ``Kills``: the one, or a list."""
    running = [Kills(*modules, **environment) for _ in range(count)]
    try:
        yield running[0] if count == 1 else running
    finally:
        for each in running:
            each.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def server(words: list[str], address: str, log: Path, seconds: float = 60) -> Iterator[None]:
    """A server's process, from when it answers until the end of the block."""
    with log.open("w") as stream:
        process = subprocess.Popen(words, stdout=stream, stderr=stream, start_new_session=True)
        try:
            until = time.monotonic() + seconds
            while True:
                with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
                    break
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.05)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with all its workers; nothing is kept
            process.wait(timeout=30)


class Wire:
    """A TCP relay before a server, which can be cut: then it refuses, and resets what is open.

    ``up`` and ``down`` are the bytes it still relays to and from the server; None for all.
    """

    def __init__(self, port: int) -> None:
        self.server, self.up, self.down = port, None, None
        self.is_cut = False
        self.cuts = 0
        self.once = False  # only the connection that used up its bytes is cut
        self.lock = threading.Lock()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def mend(self) -> None:
        self.up = self.down = None
        self.is_cut = self.once = False

    def close(self) -> None:
        self.listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            behind = socket.create_connection(("127.0.0.1", self.server))
            for ends in ((client, behind, "up"), (behind, client, "down")):
                threading.Thread(target=self._relay, args=ends, daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                with self.lock:
                    left = getattr(self, way)
                    if left is not None:
                        data, left = data[:left], max(left - len(data), 0)
                        setattr(self, way, left)
                target.sendall(data)
                if left == 0:
                    self.cuts += 1
                    if self.once:
                        setattr(self, way, None)
                    else:
                        self.is_cut = True
                    break
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
