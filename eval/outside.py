"""Programs of anybody's, each in its own environment: a system by lines, a metric by JSON lines."""

from __future__ import annotations

import json
import math
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from eval.counts import Counts
from eval.metrics import MICRO
from korpu.errors import Infrastructure, UsageError
from korpu.schema import External, Scorer

if TYPE_CHECKING:
    from eval.load import Translate

LARGEST = 2000.0  # a segment's score, up or down: what the stored statistics can hold


def system(name: str, external: External) -> Translate:
    """A translator that starts the program once for all texts of a direction.

    Raises ``UsageError`` where a text has a line break or the program answers with another number
    of lines, ``Infrastructure`` where it fails or takes too long.
    """
    where = f"evaluate.external.{name}"

    def run(
        texts: Sequence[str],
        direction: tuple[str, str],
        progress: Callable[[int], None] | None = None,
    ) -> list[str]:
        broken = next((text for text in texts if len(text.splitlines()) > 1), None)
        if broken is not None:
            raise UsageError(f"{where} reads a sentence a line, and {broken!r} has a line break")
        source, target = direction
        words = [
            word.replace("{source}", source).replace("{target}", target)
            for word in _words(external.command, where)
        ]
        given = "".join(f"{text}\n" for text in texts)
        found = _lines(_answer(words, given, external.timeout, where))
        if len(found) != len(texts):
            raise UsageError(
                f"{where}: {len(found)} lines came back for {len(texts)} sentences; a program "
                "writes one line for each, empty where it has nothing, and says the rest on stderr"
            )
        if progress:
            progress(len(texts))
        return found

    return run


def scores(
    name: str, scorer: Scorer, srcs: Sequence[str], hyps: Sequence[str], refs: Sequence[str]
) -> Counts:
    """A program's score per segment as counts, shape (segments, 2): millionths, and 1.

    Raises ``UsageError`` for an answer that is no finite number or of another length,
    ``Infrastructure`` where the program fails or takes too long.
    """
    where = f"evaluate.scorers.{name}"
    rows = [
        json.dumps({"src": src, "hyp": hyp, "ref": ref}, ensure_ascii=False) + "\n"
        for src, hyp, ref in zip(srcs, hyps, refs, strict=True)
    ]
    words = _words(scorer.command, where)
    answer = _lines(_answer(words, "".join(rows), scorer.timeout, where))
    if len(answer) != len(hyps):
        raise UsageError(
            f"{where}: {len(answer)} lines came back for {len(hyps)} segments; a metric writes one "
            "number a line, and says the rest on stderr"
        )
    values = [_number(text, number, where) for number, text in enumerate(answer, start=1)]
    micro = np.round(np.array(values) * MICRO).astype(np.int64)
    return np.column_stack([micro, np.ones_like(micro)])


def _number(text: str, line: int, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"{where}: line {line} is no number: {text[:60]!r}") from None
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise UsageError(
            f"{where}: line {line} is {text.strip()}, which is no score; a mean over it would be "
            "none either, so correct the metric's command or what it was given"
        )
    return value


def _words(command: str, where: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"{where}.command cannot be split into words: {error}") from None
    if not words:
        raise UsageError(f"{where}.command is empty; name a program")
    return words


def _lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _answer(words: Sequence[str], given: str, timeout: float, where: str) -> str:
    """What the program writes; it and what it started end with the call, whatever happens."""
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise UsageError(f"{where}: {words[0]} cannot be started: {error.strerror}") from error
    try:
        out, said = process.communicate(given.encode("utf-8"), timeout)
    except subprocess.TimeoutExpired:
        raise Infrastructure(
            f"{where}: no answer in {timeout:g} s; raise {where}.timeout, or look at the program"
        ) from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        last = (said.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1]
        raise Infrastructure(f"{where}: exit code {process.returncode}: {last[:300]}")
    try:
        return out.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{where}: the answer is not UTF-8 (byte {error.start})") from error
