"""The errors a command ends with; each class is one row of the exit table.

A message is one sentence: what is wrong, where (file, line, URL, key), and what to do.
"""

from __future__ import annotations

DONE, SAYS_NO, USAGE, NOT_COMPARABLE, INFRASTRUCTURE, BUG, STOPPED = 0, 1, 2, 3, 4, 70, 75


class KorpuError(Exception):
    """An expected way for a command to end; ``exit_code`` is its row of the table."""

    exit_code = BUG


class SaysNo(KorpuError):
    """The work itself says no: gate regressed, parity or integrity failed, contamination found."""

    exit_code = SAYS_NO


class UsageError(KorpuError):
    """Usage or configuration: unknown key, bad value, missing or unreadable input."""

    exit_code = USAGE


class NotComparable(KorpuError):
    """Two results that must not be compared: other test set, signature, normaliser or decoding."""

    exit_code = NOT_COMPARABLE


class Infrastructure(KorpuError):
    """Disk, network, GPU or registry failed; the same command may work later."""

    exit_code = INFRASTRUCTURE


class Stopped(BaseException):
    """A signal asked the process to stop; what was complete stays, and a rerun continues.

    A ``BaseException``, so that no ``except Exception`` of a library swallows it.
    """

    exit_code = STOPPED

    def __init__(self, signal_name: str) -> None:
        super().__init__(signal_name)
        self.signal_name = signal_name


class StoppedElsewhere(KorpuError):
    """A signal stopped a job in a launcher's process; ``Stopped`` for those who know it not."""

    exit_code = STOPPED

    def __str__(self) -> str:
        return f"a job was stopped by {self.args[0]}; run it again to continue"
