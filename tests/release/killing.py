"""Calls in processes that a test kills, forked from one that has imported everything.

A line of JSON on stdin is a call: `{"call": [module, function], "words": [...], "die": N}`. Its
process kills itself at its Nth durable step: before and after a folder is made, a name changes or
goes, a file is synced; in the middle of and after a copy; before and after a request is sent. Then
a line on stdout: how it ended, as [exit code, sentence]. `"at": "requests"` leaves only those.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

STEPS = ("mkdir", "rename", "replace", "unlink", "rmdir", "fsync")


def watch(die: int | None, at: str) -> list[int]:
    """Count this process's durable steps, and SIGKILL it at one of them."""
    seen = [0]

    def step() -> None:
        seen[0] += 1
        if seen[0] == die:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(real: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            step()
            result = real(*arguments, **named)
            step()
            return result

        return call

    def copyfile(source: Path, target: Path) -> None:
        data = Path(source).read_bytes()
        with Path(target).open("wb") as stream:
            stream.write(data[: len(data) // 2])
            stream.flush()
            step()
            stream.write(data[len(data) // 2 :])
        step()

    if at != "requests":
        for name in STEPS:
            setattr(os, name, around(getattr(os, name)))
        shutil.copyfile = copyfile  # type: ignore[assignment]
    if "botocore.httpsession" in sys.modules:
        session = sys.modules["botocore.httpsession"].URLLib3Session
        session.send = around(session.send)
    if "httpx2" in sys.modules:
        client = sys.modules["httpx2"].Client
        client.send = around(client.send)
    return seen


def place(words: list[Any]) -> list[Any]:
    """`{"path": …}` is a path and `{"registry": …}` a registry; everything else is itself."""
    from release.registries import opened

    made = []
    for word in words:
        if isinstance(word, dict):
            [(kind, value)] = word.items()
            made.append(Path(value) if kind == "path" else opened(value))
        else:
            made.append(word)
    return made


def called(job: dict[str, Any]) -> tuple[int, str]:
    """Do one call; returns its exit code and sentence."""
    from korpu.errors import KorpuError

    if job["call"][0] == "method":
        registry, *words = place(job["words"])
        function = getattr(registry, job["call"][1])
    else:
        function = getattr(importlib.import_module(job["call"][0]), job["call"][1])
        words = place(job["words"])
    seen = watch(job.get("die"), job.get("at", ""))
    try:
        result = function(*words)
    except KorpuError as error:
        return error.exit_code, str(error)
    except OSError as error:
        return 4, f"{error.strerror}"
    return 0, str(seen[0] if job.get("count") else result)


def main() -> None:
    """Serve calls one at a time until stdin ends."""
    importlib.import_module("release.registry")
    for name in sys.argv[1:]:
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        out, given = os.pipe()
        child = os.fork()
        if child == 0:
            code = 70
            try:
                os.close(out)
                said = called(job)
                os.write(given, json.dumps(said).encode())
                code = 0
            finally:
                os._exit(code)
        os.close(given)
        with os.fdopen(out) as stream:
            said = stream.read()
        _, status = os.waitpid(child, 0)
        print(said or json.dumps([os.waitstatus_to_exitcode(status), ""]), flush=True)


if __name__ == "__main__":
    main()
