"""``metrics.jsonl`` is the truth; whoever else shows the run reads it from there.

One JSON object a line. A step: step, loss (nats per target token), gradient (its norm before
clipping), lr, targets (of the batch), padding and source_padding (shares of the batch's sides),
tokens (targets so far); and what no two runs share (``MEASURED``): tokens_per_s and
source_tokens_per_s without padding, mfu (see ``train/flops.py``), memory_gib (most so far: on a GPU
allocated by torch, else resident), seconds (of the run so far). A validation: step, chrf_pp (by
direction, normalised, 0–100), chrf_pp_monitor (of directions that are not trained; the first one is
of step 0), average_of (the number of kept weights whose mean it is of), seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from korpu.errors import Infrastructure, UsageError
from korpu.schema import Tracker

MEASURED = ("tokens_per_s", "source_tokens_per_s", "mfu", "memory_gib", "seconds")
OFTEN = 10.0  # seconds after which the followers are shown what there is


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
        self._flushed = time.monotonic()

    def add(self, record: Mapping[str, Any]) -> None:
        """Append one line, in memory until ``flush``, which is called every few seconds."""
        self.size += self._stream.write((json.dumps(record) + "\n").encode())
        if time.monotonic() - self._flushed > OFTEN:
            self.flush()

    def flush(self) -> int:
        """Make the lines durable, let the followers read them; returns the size in bytes."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        for follower in self._followers:
            follower.follow()
        self._flushed = time.monotonic()
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
    """The recipe's followers for the time of a run; their files lie beside the metrics.

    A follower reads the file from its first line each time a run is taken up again, and replaces
    what it wrote before: one curve, however often the run was killed. Raises ``UsageError`` for a
    package that is not there and ``Infrastructure`` where W&B does not begin.
    """
    open_ = {"wandb": _wandb, "tensorboard": _tensorboard}
    with ExitStack() as stack:
        them = [
            stack.enter_context(open_[kind](tracker, metrics, run_id, config))
            for kind in dict.fromkeys(tracker.kinds)
        ]
        yield tuple(them)
        for one in them:
            one.follow()


class _Following:
    """Gives each new record of the metrics file to ``show``."""

    def __init__(self, metrics: Path, show: Callable[[Mapping[str, Any]], None]) -> None:
        self._metrics, self._show, self._at = metrics, show, 0

    def follow(self) -> None:
        if self._metrics.exists():
            records, self._at = read(self._metrics, self._at)
            for record in records:
                self._show(record)


@contextmanager
def _wandb(
    tracker: Tracker, metrics: Path, run_id: str, config: Mapping[str, Any]
) -> Iterator[Follower]:
    """Offline, W&B cannot continue a run's file: the ones of killed tries go, the new one has all
    of the curve. Online it resumes by the id and drops the steps that it knows."""
    import wandb

    for older in metrics.parent.glob(f"wandb/offline-run-*-{run_id}"):
        shutil.rmtree(older)
    try:
        run = wandb.init(
            project=tracker.project,
            mode="offline" if tracker.mode == "offline" else "online",
            id=run_id,
            name=run_id,
            resume="allow" if tracker.mode == "online" else None,
            dir=str(metrics.parent),
            config=dict(config),
            settings=wandb.Settings(
                silent=True, console="off", disable_git=True, x_disable_stats=True
            ),
        )
    except wandb.errors.Error as error:
        raise Infrastructure(
            f"W&B does not begin: {str(error).splitlines()[0]}; log in, or set tracker.mode=offline"
        ) from error
    try:
        yield _Following(metrics, lambda record: run.log(flat(record), step=record["step"]))
    finally:
        run.finish()
        wandb.teardown()  # finish() returns before the service has written its file to the end


@contextmanager
def _tensorboard(
    _tracker: Tracker, metrics: Path, _run_id: str, _config: Mapping[str, Any]
) -> Iterator[Follower]:
    """Scalars under ``tensorboard/``, with the run's own seconds as their times."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UsageError(
            "tracker.kinds has tensorboard, and the package is not installed: "
            "pip install 'korpu[tensorboard]'"
        ) from error
    shutil.rmtree(metrics.parent / "tensorboard", ignore_errors=True)
    writer: Any = SummaryWriter(str(metrics.parent / "tensorboard"))
    began = time.time()

    def show(record: Mapping[str, Any]) -> None:
        for name, value in flat(record).items():
            if isinstance(value, int | float):
                writer.add_scalar(name, value, record["step"], began + record.get("seconds", 0))

    try:
        yield _Following(metrics, show)
    finally:
        writer.close()


def flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values as ``chrf_pp/azj_Latn-uzn_Latn``; the step is W&B's own axis."""
    out: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            out.update({f"{name}/{inner}": found for inner, found in value.items()})
        elif name != "step":
            out[name] = value
    return out
