"""An event loop that a signal ends in good order.

A signal's handler that raises (as the front door's does) would be swallowed by whatever callback
of the loop it hits. So while a loop runs, a signal cancels its main task; when all tasks have come
to their end, the handler that was there before is called, and raises what it raises.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, TypeVar

from korpu.errors import Stopped

T = TypeVar("T")
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a loop of its own; raises ``Stopped``, or what the handler of a signal
    raises, after the loop has ended."""
    caught: list[int] = []
    running: list[asyncio.Task[Any]] = []
    with asyncio.Runner() as runner:
        loop = runner.get_loop()

        def stop(number: int, _frame: FrameType | None) -> None:
            caught.append(number)
            if running:
                loop.call_soon_threadsafe(running[0].cancel)

        async def main() -> T:
            task = asyncio.current_task()
            assert task is not None
            running.append(task)
            if caught:
                raise asyncio.CancelledError
            return await work()

        before = _replaced(stop)
        try:
            result = runner.run(main())
        except asyncio.CancelledError:
            if not caught:
                raise
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    if caught:
        before[caught[0]](caught[0], None)
        raise Stopped(signal.Signals(caught[0]).name)
    return result


def _replaced(handler: Callable[[int, FrameType | None], None]) -> dict[int, Any]:
    """Put a handler in place of the ones that are Python's; returns those."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    before: dict[int, Any] = {}
    for number in _SIGNALS:
        there = signal.getsignal(number)
        if callable(there):
            before[number] = there
            signal.signal(number, handler)
    return before
