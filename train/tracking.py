"""``metrics.jsonl`` is the truth; whoever else shows the run reads it from there.

One JSON object a line. A step: step, loss (nats per target token), gradient (its norm before
clipping), lr, targets (of the batch), padding and source_padding (shares of the batch's sides),
tokens (targets so far), tokens_per_s, seconds (of the run so far). A validation: step, chrf_pp (by
direction, normalised, 0–100), seconds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from korpu.errors import UsageError
from korpu.schema import Tracker


class Follower(Protocol):
    """Who reads the metrics file after it has grown."""

    def follow(self) -> None: ...


class Metrics:
    """A metrics file open for appending; ``size`` is its length in bytes."""

    def __init__(self, path: Path, size: int, followers: tuple[Follower, ...] = ()) -> None:
        """Continue a file at ``size`` bytes: what a killed run wrote after its state is cut off.

        Raises ``UsageError`` where the file is shorter than that.
        """
        path.touch()
        if path.stat().st_size < size:
            raise UsageError(
                f"{path} is shorter than the saved state says; put it back, or delete "
                f"{path.parent / 'state'} to train from the start"
            )
        os.truncate(path, size)
        self.size = size
        self._stream = path.open("ab")
        self._followers = followers

    def add(self, record: Mapping[str, Any]) -> None:
        """Append one line, in memory until ``flush``."""
        self.size += self._stream.write((json.dumps(record) + "\n").encode())

    def flush(self) -> int:
        """Make the lines durable, let the followers read them; returns the size in bytes."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        for follower in self._followers:
            follower.follow()
        return self.size

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        self._stream.close()


class Nowhere(Metrics):
    """What a rank that does not write keeps of its metrics: nothing."""

    def __init__(self) -> None:
        self.size = 0

    def add(self, record: Mapping[str, Any]) -> None:
        """Forget it."""

    def flush(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing was open."""


def read(path: Path, start: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The whole lines from byte ``start`` on, and the byte where the next line will begin."""
    with path.open("rb") as stream:
        stream.seek(start)
        data = stream.read()
    whole = data[: data.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines()], start + len(whole)


@contextmanager
def followers(
    tracker: Tracker, metrics: Path, run_id: str, config: Mapping[str, Any]
) -> Iterator[tuple[Follower, ...]]:
    """The recipe's followers for the time of a run.

    W&B reads the file from its first line each time a run is taken up again, under the same id:
    its offline mode would otherwise start a second history at the point of the kill. Its files go
    to ``wandb/`` beside the metrics.
    """
    if tracker.kind == "none":
        yield ()
        return
    import wandb

    run = wandb.init(
        project=tracker.project,
        mode="offline" if tracker.mode == "offline" else "online",
        id=run_id,
        name=run_id,
        resume="allow" if tracker.mode == "online" else None,
        dir=str(metrics.parent),
        config=dict(config),
        settings=wandb.Settings(silent=True, console="off", disable_git=True, x_disable_stats=True),
    )
    following = _Wandb(run, metrics)
    try:
        yield (following,)
        following.follow()
    finally:
        run.finish()


class _Wandb:
    def __init__(self, run: Any, metrics: Path) -> None:
        self._run, self._metrics, self._at = run, metrics, 0

    def follow(self) -> None:
        records, self._at = read(self._metrics, self._at)
        for record in records:
            self._run.log(flat(record), step=record["step"])


def flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values as ``chrf_pp/azj_Latn-uzn_Latn``; the step is W&B's own axis."""
    out: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            out.update({f"{name}/{inner}": found for inner, found in value.items()})
        elif name != "step":
            out[name] = value
    return out
