"""A crawl in a process of its own, which a test kills: `child.py URL OUT [DIE_IN:COUNT]`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.collect.conftest import recipe_of, site_of


def die_in(place: str, count: int) -> None:
    """SIGKILL this process inside its COUNTth write: half a record, or a record not committed."""
    from data_prep.collect import shards, warc
    from data_prep.collect.frontier import Frontier

    left = [count]

    def due() -> bool:
        left[0] -= 1
        return left[0] <= 0

    real_write, real_done, real_shard = os.pwrite, Frontier.done, shards.write

    def half(file: int, data: bytes, offset: int) -> int:
        if due():
            real_write(file, data[: len(data) // 2], offset)
            os.kill(os.getpid(), signal.SIGKILL)
        return real_write(file, data, offset)

    def never(*arguments: object) -> None:
        if due():
            os.kill(os.getpid(), signal.SIGKILL)
        real_done(*arguments)  # type: ignore[arg-type]

    def between(shard: shards.Shard) -> None:
        if due():
            os.kill(os.getpid(), signal.SIGKILL)
        real_shard(shard)

    if place == "write":
        warc.os.pwrite = half  # type: ignore[attr-defined]
    elif place == "commit":
        Frontier.done = never  # type: ignore[method-assign, assignment]
    else:
        shards.write = between


def main() -> None:
    """Collect one site."""
    from data_prep.collect import run

    url, out, *rest = sys.argv[1:]
    if rest:
        place, _, count = rest[0].partition(":")
        die_in(place, int(count))
    Path(out).mkdir(parents=True, exist_ok=True)
    run(recipe_of({"site": site_of(f"{url}/")}), {}, Path(out))


if __name__ == "__main__":
    main()
