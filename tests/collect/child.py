"""A crawl in a process of its own, ended by signals as `korpu` is: `child.py OUT URL…`."""

from __future__ import annotations

import sys
from pathlib import Path

from korpu import cli
from korpu.errors import Stopped
from tests.collect.conftest import site_of
from tests.collect.crawls import fetch


def main() -> int:
    """Crawl each URL's site; 75 where a signal ended it, and what came of it on stderr."""
    out, *urls = sys.argv[1:]
    cli._listen()
    try:
        given_up = fetch(Path(out), {f"s{n}": site_of(f"{url}/") for n, url in enumerate(urls)})
    except Stopped as stopped:
        print(f"stopped by {stopped.signal_name}", file=sys.stderr)
        return Stopped.exit_code
    print(given_up, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
