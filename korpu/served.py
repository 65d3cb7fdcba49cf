"""The bundled newsroom as a running server, for the time of a crawl; the rest sees two URLs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from korpu import stages
from korpu.errors import Infrastructure
from korpu.schema import Recipe

CHECKOUT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0  # seconds for the server to be ready


@contextlib.contextmanager
def newsroom(recipe: Recipe, command: str) -> Iterator[None]:
    """Serve the two sites while a command that crawls them runs.

    Only where the recipe asks for it, and only while its `collect` is not done yet. Raises
    ``Infrastructure`` with the server's own sentence where it cannot start (an occupied port).
    """
    if not recipe.newsroom.serve:
        yield
        return
    write_truth(recipe)
    crawls = any(stage.name == "collect" for stage in stages.of_command(command, recipe))
    if not crawls or stages.plan(recipe)["collect"].made:
        yield
        return
    with _server(recipe):
        yield


@contextlib.contextmanager
def newsroom_truth(recipe: Recipe) -> Iterator[None]:
    """Have the known alignment on disk; the slices that `evaluate` reads come from it."""
    if recipe.newsroom.serve:
        write_truth(recipe)
    yield


def write_truth(recipe: Recipe) -> None:
    """Write what the generator knows (pairs, slices), once for a seed and size."""
    truth = Path(recipe.newsroom.truth)
    if (truth / "slices.jsonl").exists():
        return
    words = ["truth", "--seed", str(recipe.newsroom.seed), "--port", str(recipe.newsroom.port)]
    words += ["--articles", str(recipe.newsroom.articles), "--out", str(truth.absolute())]
    done = subprocess.run(_command(words), cwd=CHECKOUT, capture_output=True, text=True)
    if done.returncode:
        raise Infrastructure(_last_line(done.stderr))


@contextlib.contextmanager
def _server(recipe: Recipe) -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        ready, errors = Path(folder) / "ready", Path(folder) / "errors"
        words = ["serve", "--seed", str(recipe.newsroom.seed), "--port", str(recipe.newsroom.port)]
        words += ["--articles", str(recipe.newsroom.articles)]
        words += ["--ready-file", str(ready), "--parent", str(os.getpid())]
        with errors.open("w") as stderr:
            server = subprocess.Popen(_command(words), cwd=CHECKOUT, stderr=stderr)
        try:
            deadline = time.monotonic() + PATIENCE
            while not ready.exists():
                if server.poll() is not None:
                    raise Infrastructure(_last_line(errors.read_text("utf-8")))
                if time.monotonic() > deadline:
                    raise Infrastructure(f"the newsroom was not ready after {PATIENCE:.0f} s")
                time.sleep(0.05)
            yield
        finally:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(10)
            if server.poll() is None:
                server.kill()
                server.wait()


def _command(words: list[str]) -> list[str]:
    return [sys.executable, "-m", "examples.newsroom", *words]


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "the newsroom ended without a word"
