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
READY_WITHIN = 60.0  # seconds
PORT_FREE_WITHIN = 5.0


@contextlib.contextmanager
def newsroom(recipe: Recipe, command: str) -> Iterator[None]:
    """Serve the two sites while a command that crawls them runs.

    Only where the recipe asks for it, and only while its `collect` is not done yet. Raises
    ``Infrastructure`` with the server's own sentence where it cannot start (an occupied port).
    """
    if not recipe.newsroom.serve:
        yield
        return
    crawls = any(stage.name == "collect" for stage in stages.of_command(command, recipe))
    if not crawls or stages.plan(recipe, "collect")["collect"].made:
        write_truth(recipe)
        yield
        return
    write_truth(recipe, again=True)  # the templates may have changed since
    with _server(recipe):
        yield


@contextlib.contextmanager
def newsroom_truth(recipe: Recipe) -> Iterator[None]:
    """Have the known alignment on disk; the slices that `evaluate` reads come from it."""
    if recipe.newsroom.serve:
        write_truth(recipe)
    yield


def write_truth(recipe: Recipe, again: bool = False) -> None:
    """Write what the generator knows (pairs, slices), where it is not there yet."""
    truth = Path(recipe.newsroom.truth)
    if (truth / "slices.jsonl").exists() and not again:
        return
    words = ["truth", "--seed", str(recipe.newsroom.seed), "--port", str(recipe.newsroom.port)]
    words += ["--articles", str(recipe.newsroom.articles), "--out", str(truth.absolute())]
    done = subprocess.run(_command(words), cwd=CHECKOUT, capture_output=True, text=True)
    if done.returncode:
        raise Infrastructure(_last_line(done.stderr))


@contextlib.contextmanager
def _server(recipe: Recipe) -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        server = _started(recipe, Path(folder))
        try:
            yield
        finally:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(10)
            if server.poll() is None:
                server.kill()
                server.wait()


def _started(recipe: Recipe, folder: Path) -> subprocess.Popen[bytes]:
    """A server that answers. One of a killed run may hold the port for a moment: try again."""
    ready, errors = folder / "ready", folder / "errors"
    words = ["serve", "--seed", str(recipe.newsroom.seed), "--port", str(recipe.newsroom.port)]
    words += ["--articles", str(recipe.newsroom.articles)]
    words += ["--ready-file", str(ready), "--parent", str(os.getpid())]
    began = time.monotonic()
    while True:
        with errors.open("w") as stderr:
            server = subprocess.Popen(_command(words), cwd=CHECKOUT, stderr=stderr)
        try:
            while server.poll() is None and not ready.exists():
                if time.monotonic() - began > READY_WITHIN:
                    raise Infrastructure(f"the newsroom was not ready after {READY_WITHIN:.0f} s")
                time.sleep(0.05)
        except BaseException:
            server.kill()
            raise
        if server.poll() is None:
            return server
        if time.monotonic() - began > PORT_FREE_WITHIN:
            raise Infrastructure(_last_line(errors.read_text("utf-8")))
        time.sleep(0.5)


def _command(words: list[str]) -> list[str]:
    return [sys.executable, "-m", "examples.newsroom", *words]


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "the newsroom ended without a word"
