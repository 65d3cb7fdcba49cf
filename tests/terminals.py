"""A real process on a real pseudo-terminal, and what a person sees on its screen."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from pathlib import Path

import pyte

CHECKOUT = Path(__file__).resolve().parents[1]


class Terminal:
    """``python *words`` with its three streams on a terminal of the given size."""

    def __init__(self, *words, columns, rows=24, stdout=None):
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.code = None
        go_read, go_write = os.pipe()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.read(go_read, 1)  # the size is set before anything is drawn
            if stdout is not None:
                os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT), 1)
            env = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(CHECKOUT)}
            for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
                env.pop(name, None)
            os.chdir(CHECKOUT)
            os.execve(sys.executable, [sys.executable, *map(str, words)], env)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.write(go_write, b"1")
        os.close(go_read)
        os.close(go_write)

    def read(self, seconds=30.0, until=None):
        """Feed the screen until ``until(lines)`` holds, the process ends or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if until is not None and until(self.lines()):
                return True
            if not select.select([self._fd], [], [], 0.05)[0]:
                continue
            try:
                block = os.read(self._fd, 65536)
            except OSError:  # Linux says EIO where the other side is closed
                block = b""
            if not block:
                self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                break
            self.raw += block
            self._stream.feed(block)
        return until is not None and until(self.lines())

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def kill(self, number=9):
        if self.code is None:
            os.kill(self.pid, number)
            self.read()

    def close(self):
        self.kill()
        os.close(self._fd)
