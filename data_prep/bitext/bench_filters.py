"""Filters against OpusFilter: the same rules, the same pairs, the same decisions, in CPU seconds.

OpusFilter pins old packages, so it lives in an environment of its own and is run by that Python
(``opus_peer``). Both contestants are fresh processes in every round.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from data_prep.bitext import opus_rules
from data_prep.bitext.filters import faults, measure
from data_prep.bitext.opus_rules import REPETITION, Rule
from korpu import bench, log
from korpu.errors import DONE, Infrastructure, SaysNo, UsageError

HELP = """korpu bench prepare what=filters [word=value …]

  pairs=100000    pairs without the repetition filter: interface strings (some with a fault), NTREX
                  and X-WMT of ../shared/data (or $KORPU_SHARED), repeated until there are so many
  slow=10000      of them, evenly spread, with the repetition filter
  peer=PYTHON     the Python that has OpusFilter; without it, this one, if it has
  repeat=3        rounds, interleaved
  seed=1          of the faults
  markdown=true   Markdown tables

  OpusFilter, once:  python3 -m venv opus && opus/bin/pip install opusfilter==3.3.1
                     korpu bench prepare what=filters peer=opus/bin/python
"""
WORDS = {
    "pairs": "100000", "slow": "10000", "peer": "", "repeat": "3", "seed": "1", "markdown": "false",
}  # fmt: skip
OURS, PEER = "korpu", "OpusFilter"
HTML = "HtmlTagFilter"
AIMS = {"without": 3.0, "without, nor HTML": 3.0, "with": 10.0}
PEER_FILE = Path(__file__).with_name("opus_peer.py")
SPOILT = 0.1  # of the pairs


@dataclass(frozen=True)
class Run:
    """CPU seconds of a contestant's process, by part; ``seconds`` on the clock while filtering."""

    start: float
    read: float
    filter: float
    seconds: float
    pairs: int
    kept: int

    @property
    def rate(self) -> float:
        """Pairs per CPU-second of filtering."""
        return self.pairs / self.filter


def main(words: list[str]) -> int:
    """Run the benchmark; returns 0. Raises ``UsageError`` for its words or without OpusFilter or
    the data, and ``SaysNo`` where the decisions differ, since then the rates compare nothing."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("korpu bench prepare what=filters", words, WORDS)
    pairs, slow = bench.number(given, "pairs", least=1000), bench.number(given, "slow", least=1000)
    repeat, markdown = bench.number(given, "repeat"), bench.truth(given, "markdown")
    peer, version = found(given["peer"])
    rules = opus_rules.rules()
    with tempfile.TemporaryDirectory(prefix="bench-") as name, _one_thread():
        folder = Path(name)
        rows = made(pairs, bench.number(given, "seed"))
        few = rows[:: max(1, len(rows) // slow)][:slow]
        print(f"{len(rows)} pairs, {len(few)} with {REPETITION}; {bench.machine('polars')}, "
              f"opusfilter {version}\n")  # fmt: skip
        agreed = compared(rules, few, peer, folder)
        print(bench.table(AGREED, agreed, markdown) + "\n")
        table = []
        for which, chosen, part in (
            ("without", [rule for rule in rules if rule.name != REPETITION], rows),
            (
                "without, nor HTML",
                [rule for rule in rules if rule.name not in (REPETITION, HTML)],
                rows,
            ),
            ("with", rules, few),
        ):
            runs = timed(chosen, part, peer, repeat, folder)
            table += _rows(which, runs, len(part))
        print(bench.table(HEAD, table, markdown))
    print(f"\n{NOTE}")
    return DONE


AGREED = ("rule", "rejected", "decided alike", "korpu, pairs/CPU-s", "OpusFilter", "ratio")
HEAD = (
    "repetition filter", "", "pairs/CPU-s", "range", "pairs/s", "start", "read", "filter", "kept"
)  # fmt: skip
NOTE = """pairs/CPU-s: median of the rounds, user and system time of all threads, filtering pairs
that are in memory already (OpusFilter: FilterPipeline.filter over a list; korpu: a polars frame).
pairs/s: by the clock, one thread. start, read, filter: CPU seconds of the process for starting and
importing, for reading the pairs, and for filtering, medians. Both must keep equally many pairs."""


def found(python: str) -> tuple[str, str]:
    """The Python that has OpusFilter and OpusFilter's version; raises ``UsageError``."""
    chosen = python or sys.executable
    asked = [chosen, "-c", "from importlib import metadata; print(metadata.version('opusfilter'))"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    except OSError as error:
        raise UsageError(f"peer={python} cannot be run: {error.strerror}") from error
    if done.returncode:
        raise UsageError(
            f"{chosen} has no opusfilter, which this benchmark compares with; install it apart, "
            "since it pins other packages: python3 -m venv opus && opus/bin/pip install "
            "opusfilter==3.3.1, and say peer=opus/bin/python"
        )
    return chosen, done.stdout.strip()


def made(pairs: int, seed: int) -> list[faults.Pair]:
    """So many pairs from the shared data as they are written there, one in ten with a fault."""
    kinds = [fault for _, fault in faults.FAULTS.values()]
    rows = [
        pair
        for name in measure.SETS
        for pair in zip(*(measure.lines(name, c, raw=True) for c in measure.CODES), strict=True)
    ]
    chance = random.Random(seed)
    chance.shuffle(rows)
    found: list[faults.Pair] = []
    while len(found) < pairs:
        for src, tgt in rows[: pairs - len(found)]:
            spoilt = None
            if chance.random() < SPOILT and tgt.strip():
                spoilt = chance.choice(kinds)(src, tgt, chance.choice(rows)[1], chance)
            found.append(spoilt or (src, tgt))
    return found


def compared(
    rules: Sequence[Rule], pairs: Sequence[faults.Pair], peer: str, folder: Path
) -> list[tuple[str, ...]]:
    """A row for each rule; raises ``SaysNo`` where a decision differs."""
    log.say("comparing decisions")
    path = _written(pairs, folder)
    theirs = _peer(peer, rules, path, "decide")
    with bench.apart(folder / "korpu.log", decided, str(path)) as process:
        ours = process.result()
    rows: list[tuple[str, ...]] = []
    differ = []
    for number, rule in enumerate(rules):
        one, two = ours[number][0], theirs["decisions"][number]
        alike = sum(a == b for a, b in zip(one, two, strict=True))
        rates = len(pairs) / ours[number][1], len(pairs) / theirs["spent"][number]
        figures = (f"{rates[0]:,.0f}", f"{rates[1]:,.0f}", f"{rates[0] / rates[1]:.1f}")
        rows.append((_title(rule), str(two.count("0")), f"{alike} of {len(pairs)}", *figures))
        differ += [_title(rule)] if alike < len(pairs) else []
    if differ:
        raise SaysNo(f"korpu and OpusFilter decide differently by {', '.join(differ)}")
    return rows


def decided(path: str) -> list[tuple[str, float]]:
    """Of each rule its decisions on a file of pairs, as 0 and 1, and its CPU seconds."""
    with Path(path).open(encoding="utf-8") as stream:
        pairs = measure.frame([tuple(json.loads(line)) for line in stream]).select("src", "tgt")
    found_ = []
    for rule in opus_rules.rules():
        rule.accept(pairs.head(100))  # what polars does once a process
        before = time.process_time()
        accepted = rule.accept(pairs)
        spent = max(time.process_time() - before, 1e-6)
        found_.append(("".join("01"[one] for one in accepted), spent))
    return found_


def _title(rule: Rule) -> str:
    return f"{rule.name}({', '.join(f'{k}={v}' for k, v in rule.parameters.items())})"


def timed(
    rules: Sequence[Rule], pairs: Sequence[faults.Pair], peer: str, repeat: int, folder: Path
) -> dict[str, list[Run]]:
    """The rounds of both contestants, interleaved; raises ``SaysNo`` where they keep others."""
    path = _written(pairs, folder)
    names = tuple(rule.name for rule in rules)
    runs = bench.repeat(
        repeat,
        {OURS: partial(_own_run, names, path, folder), PEER: partial(_peer_run, rules, path, peer)},
        lambda name, round_, run: log.say(f"  {name} {round_}: {run.rate:,.0f} pairs/CPU-s"),
    )
    kept = {name: found[0].kept for name, found in runs.items()}
    if len(set(kept.values())) > 1:
        raise SaysNo(f"the contestants keep different numbers of pairs: {kept}")
    return runs


def _written(pairs: Sequence[faults.Pair], folder: Path) -> Path:
    path = folder / "pairs.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{json.dumps(pair, ensure_ascii=False)}\n" for pair in pairs)
    return path


def _peer(peer: str, rules: Sequence[Rule], path: Path, mode: str) -> dict[str, Any]:
    configuration = json.dumps([rule.configuration for rule in rules])
    command = [peer, str(PEER_FILE), str(path), configuration, mode]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()
        raise Infrastructure(f"OpusFilter ended with {done.returncode}: {last[-1] if last else ''}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _peer_run(rules: Sequence[Rule], path: Path, peer: str) -> Run:
    said = _peer(peer, rules, path, "time")
    return Run(said["start"], said["read"], said["cpu"], said["seconds"], said["pairs"],
               said["kept"])  # fmt: skip


def _own_run(names: tuple[str, ...], path: Path, folder: Path) -> Run:
    with bench.apart(folder / "korpu.log", filtered, names, str(path)) as process:
        return process.result()


def filtered(names: Sequence[str], path: str) -> Run:
    """Filter a file of pairs once, in this process."""
    start = time.process_time()
    chosen = [rule for rule in opus_rules.rules() if rule.name in names]
    with Path(path).open(encoding="utf-8") as stream:
        pairs = measure.frame([tuple(json.loads(line)) for line in stream]).select("src", "tgt")
    read = time.process_time()
    began = time.perf_counter()
    kept = opus_rules.keep(pairs, chosen)
    seconds = time.perf_counter() - began
    spent = time.process_time() - read
    return Run(start, read - start, spent, seconds, pairs.height, kept.height)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Child processes get one thread each."""
    names = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _rows(which: str, runs: dict[str, list[Run]], pairs: int) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, found_ in runs.items():
        rate, least, most = bench.spread([run.rate for run in found_])
        start, read, spent = (
            bench.spread([getattr(run, part) for run in found_])[0]
            for part in ("start", "read", "filter")
        )
        clock = bench.spread([run.pairs / run.seconds for run in found_])[0]
        rows.append((f"{which}, {pairs} pairs", name, f"{rate:,.0f}", f"{least:,.0f}–{most:,.0f}",
                     f"{clock:,.0f}", f"{start:.1f}", f"{read:.1f}", f"{spent:.2f}",
                     str(found_[0].kept)))  # fmt: skip
    ratio = bench.ratio(*([run.rate for run in runs[name]] for name in (OURS, PEER)))
    rows.append((f"{which}, aim ≥ {AIMS[which]:g}", "ratio", ratio, *[""] * 6))
    return rows
