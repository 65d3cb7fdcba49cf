"""Runs of `collect` in processes that a test kills, forked from one that has imported everything.

A line of JSON on stdin starts a run, a process of its own; its id is said on stdout, and then how
it ended. `die` names a moment, `KIND:N`: the process kills itself in its Nth event of that kind.

    write   inside a write to a file: half of it is there        written  after it
    sync    before a file or folder is synced                    sql      before an SQL statement
    name    before a file gets its name (rename, link)           named    after it

`count` instead of `die` names a file that gets the number of events of each kind; `memory` one that
gets a line with the bytes of memory in use whenever there are more of them.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn


def watch(die: str | None) -> Counter[str]:
    """Count this process's durable steps from now on, and SIGKILL it in one of them."""
    kind, _, number = (die or ":0").partition(":")
    seen: Counter[str] = Counter()

    def happens(what: str) -> bool:
        seen[what] += 1
        return what == kind and seen[what] == int(number)

    def end() -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def writing(real: Any) -> Any:
        def call(file: int, data: bytes, *where: int) -> int:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return int(real(file, data, *where))
            if happens("write"):
                real(file, bytes(data)[: len(data) // 2], *where)
                end()
            written = int(real(file, data, *where))
            if happens("written"):
                end()
            return written

        return call

    def before_and_after(real: Any, before: str, after: str | None) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            if happens(before):
                end()
            result = real(*arguments, **named)
            if after and happens(after):
                end()
            return result

        return call

    class Watched(sqlite3.Connection):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.set_trace_callback(lambda _: end() if happens("sql") else None)

    real_connect = sqlite3.connect

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        return real_connect(*arguments, **{"factory": Watched, **named})

    os.pwrite, os.write = writing(os.pwrite), writing(os.write)
    for name in ("fsync", "fdatasync"):
        setattr(os, name, before_and_after(getattr(os, name), "sync", None))
    for name in ("rename", "replace", "link"):
        setattr(os, name, before_and_after(getattr(os, name), "name", "named"))
    sqlite3.connect = connect  # type: ignore[assignment]
    return seen


def collect(job: dict[str, Any]) -> None:
    """One run of the stage, as a forked process sees it."""
    from data_prep.collect import run
    from tests.collect.conftest import recipe_of, site_of

    watched = job.get("die") or job.get("count")
    seen = watch(job.get("die")) if watched else Counter[str]()
    sites = {name: site_of(start) for name, start in job["sites"].items()}
    out = Path(job["out"])
    out.mkdir(parents=True, exist_ok=True)
    if job.get("memory"):
        threading.Thread(target=measure, args=(Path(job["memory"]),), daemon=True).start()
    recipe = recipe_of(sites, **job.get("changes", {}))
    # A later snapshot looks for the earlier ones beside its own directory.
    recipe.runtime = SimpleNamespace(outputs=str(out.parents[1]))
    recipe.newsroom = SimpleNamespace(serve=False)
    run(recipe, {}, out)
    if job.get("count"):
        Path(job["count"]).write_text(json.dumps(seen))


def measure(file: Path) -> None:
    """Write down this process's own memory (no library, no file) in bytes, whenever it grows."""
    most = 0
    with file.open("w") as lines:
        while True:
            now = own_memory()
            if now > most:
                most = now
                print(most, file=lines, flush=True)
            time.sleep(0.002)


def own_memory() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))


def warm_up() -> None:
    """Import what a run imports, and use once what loads its tables at first use; no threads."""
    import tempfile

    from data_prep.collect.page import body
    from data_prep.text.identify import identify
    from tests.collect.conftest import AZ, article

    page = article(1).decode()
    body.paragraphs(body.parse(page), "Xəbər 1")
    identify(" ".join(AZ))
    tempfile.gettempdir()
    import htmldate

    htmldate.find_date(page)


def main() -> None:
    """Serve runs one at a time until stdin ends."""
    warm_up()
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            code = 70
            try:
                os.setsid()
                errors = os.open(job["errors"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
                nothing = os.open(os.devnull, os.O_RDWR)
                for ours, theirs in ((0, nothing), (1, nothing), (2, errors)):
                    os.dup2(theirs, ours)
                collect(job)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
