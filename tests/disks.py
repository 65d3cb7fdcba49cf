"""A file system of a few bytes, to be filled."""

import contextlib
import subprocess

import pytest


@contextlib.contextmanager
def small_disk(place, size):
    """Mount one of ``size`` (as tmpfs says it: 3m) at a new folder, or skip with the reason."""
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a small file system here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
