"""OpusFilter's side of `korpu bench prepare what=filters`; run by the Python that has it.

    PYTHON opus_peer.py PAIRS RULES MODE

``PAIRS``: lines of JSON, [source, target] each. ``RULES``: a JSON list of OpusFilter's
configuration, {class: parameters} each. ``MODE``: ``time`` filters once, ``decide`` says for every
filter apart which pairs it accepts (a string of 0 and 1) and its CPU seconds. Writes one line of
JSON. It imports nothing of korpu, so that OpusFilter can live in an environment of its own.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any


def main() -> None:
    """Read, filter, and write the CPU seconds of each part (user and system, all threads)."""
    pairs_file, rules, mode = sys.argv[1:4]
    began = time.process_time()
    pipeline: Any = importlib.import_module("opusfilter.pipeline")
    filters = pipeline.FilterPipeline.from_config(json.loads(rules))
    imported = time.process_time()
    with Path(pairs_file).open(encoding="utf-8") as stream:
        pairs = [tuple(json.loads(line)) for line in stream]
    read = time.process_time()
    said: dict[str, Any] = {
        "version": metadata.version("opusfilter"),
        "start": imported,  # the interpreter's own start is in it
        "import": imported - began,
        "read": read - imported,
        "pairs": len(pairs),
    }
    if mode == "decide":
        said["decisions"], said["spent"] = [], []
        for one in filters.filters:
            before = time.process_time()
            said["decisions"].append("".join("01"[accepted] for accepted in one.decisions(pairs)))
            said["spent"].append(time.process_time() - before)
    else:
        wall = time.perf_counter()
        said["kept"] = sum(1 for _ in filters.filter(iter(pairs)))
        said["seconds"] = time.perf_counter() - wall
        said["cpu"] = time.process_time() - read
    print(json.dumps(said))


if __name__ == "__main__":
    main()
