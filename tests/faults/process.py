"""`korpu collect` as a process of its own, with the sources a test writes down."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import runs
import yaml

SITE = {
    "languages": {"/": "azj_Latn"},
    "timezone": "Asia/Baku",
    "licence": "CC0-1.0",
    "may_redistribute": True,
    "terms_checked": True,
    "allow_private": True,
    "delay": 0.0,
    "max_pages": 200,
}
GIVEN = {"licence": "CC0-1.0", "may_redistribute": True}


def words(folder: Path, sources: Mapping[str, Mapping[str, Any]], *more: str) -> list[str]:
    """The command line for these sources, by kind and name; everything is below ``folder``."""
    group = folder / "configs" / "source"
    group.mkdir(parents=True, exist_ok=True)
    head = "# @package _global_\n"
    text = yaml.safe_dump(
        {"newsroom": {"serve": False}, "source": dict(sources)}, allow_unicode=True
    )
    (group / "mine.yaml").write_text(head + text)
    return [
        "collect", "source=mine", f"hydra.searchpath=[file://{folder / 'configs'}]",
        "experiment=smoke", "collect.snapshot='2025-12-01'", "collect.timeout=1",
        "collect.retries=0", "collect.max_bytes=2000000", "collect.workers=1",
        f"runtime.outputs={folder / 'outputs'}", *more,
    ]  # fmt: skip


def collect(
    folder: Path, sources: Mapping[str, Mapping[str, Any]], *more: str
) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return runs.run(*words(folder, sources, *more), timeout=120)


def on_a_terminal(folder: Path, sources: Mapping[str, Mapping[str, Any]]) -> tuple[int, bytes]:
    """Run it with a terminal for stderr; returns the exit code and what the terminal got."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "korpu.cli", *words(folder, sources)],
        cwd=runs.CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "200"},
    )
    os.close(theirs)
    seen = bytearray()
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(ours)
    return process.wait(60), bytes(seen)


def table(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file."""
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """Rows of the `articles` or `pairs` of the one run of a folder."""
    (found,) = (folder / "outputs").glob(f"collect/*/{name}.parquet")
    return table(found)
