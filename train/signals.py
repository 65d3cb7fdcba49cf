"""A stop signal waits for the end of the step in hand, so that the state saved is a whole one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from korpu.errors import Stopped


@contextmanager
def stop_between_steps() -> Iterator[list[str]]:
    """Hold the first stop signal until the loop looks at it; a second one stops at once."""
    asked: list[str] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if asked:
            raise Stopped(name)
        asked.append(name)

    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {
        number: signal.signal(number, ask)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    }
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        raise Stopped(asked[0])
