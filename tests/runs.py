"""Real `korpu` processes for the tests of faults."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """A port whose successor is free too: the newsroom takes both."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def start(*words: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "korpu.cli", *words],
        cwd=CHECKOUT,
        env={**os.environ, **env},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def run(*words: str, timeout: float = 600, **env: str) -> subprocess.CompletedProcess[str]:
    process = start(*words, **env)
    try:
        out, err = process.communicate(timeout=timeout)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def recipe(folder: Path, port: int, *more: str) -> list[str]:
    """The smoke recipe with everything it writes below one folder."""
    return [
        "experiment=smoke",
        f"runtime.outputs={folder / 'outputs'}",
        f"release.registry={folder / 'registry'}",
        f"newsroom.port={port}",
        "runtime.threads=1",
        *more,
    ]


def manifests(folder: Path) -> dict[str, dict]:
    """What is done below a folder, by stage."""
    found = {}
    for path in sorted((folder / "outputs").glob("*/*/manifest.json")):
        manifest = json.loads(path.read_text("utf-8"))
        assert manifest["stage"] not in found
        found[manifest["stage"]] = manifest
    return found
