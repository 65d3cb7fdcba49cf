"""Sentence boundaries against other splitters, on hard cases written by hand and on NTREX.

`korpu bench text` prints precision, recall and F1 of the boundaries inside paragraphs.
"""

from __future__ import annotations

import itertools
import os
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_prep.text import measure, splitters
from data_prep.text.splitters import OURS, Splitter
from korpu import bench
from korpu.errors import DONE, UsageError
from korpu.languages import LANGUAGES

HELP = """korpu bench text [word=value …]

  what=segment        sentence boundaries: the hard cases of tests/text/cases, and NTREX joined by
                      document (../shared/data or $KORPU_SHARED; left out where it is not there)
  what=identify|transliterate|normalize|icu   the tables of docs/text_identify.md
  part=odd            of them: the documents with an odd number, even ones, or all
  repeat=3            timed runs of each splitter over NTREX, interleaved
  wrong=NAME          also list the even cases that the splitter of this name gets wrong
  markdown=true       a Markdown table

Compared with those that are installed of sentence-splitter, pysbd, blingfire and icukit-pyicu.
"""
MEASURED = ("identify", "transliterate", "normalize", "icu")
WORDS = {
    "what": "segment", "part": "odd", "data": "", "repeat": "3", "wrong": "", "markdown": "false",
}  # fmt: skip
CASES = bench.CHECKOUT / "tests" / "text" / "cases"
HEAD = (
    "splitter", "P", "R", "F1", "held out P", "R", "F1", "cases right",
    "NTREX P", "R", "F1", "undoubted F1", "lines/s",
)  # fmt: skip
NOTE = """All cases; `held out` and `cases right`: those with an odd number, by which no rule was
chosen. NTREX: lines of a document joined by a space. `undoubted`: without lines that do not end
in a mark, and without those in which most of the splitters other than korpu's break (two sentences
in one line of the gold). lines/s: NTREX lines, by document, one core, median of the runs."""


@dataclass(frozen=True)
class Case:
    """A paragraph and where its sentences end; from a line of a file, ``number`` counts from 1."""

    number: int
    text: str
    ends: frozenset[int]

    @property
    def held_out(self) -> bool:
        return self.number % 2 == 1


@dataclass(frozen=True)
class Found:
    """Boundaries: those found that are right, all found, all that there are."""

    right: int
    found: int
    gold: int

    @classmethod
    def of(cls, pairs: Iterable[tuple[frozenset[int], frozenset[int]]]) -> Found:
        """From (ours, gold) of each text."""
        counts = [(len(ours & gold), len(ours), len(gold)) for ours, gold in pairs]
        return cls(*(sum(column) for column in zip(*counts, strict=True)))

    def cells(self) -> tuple[str, str, str]:
        """Precision, recall and F1 with three decimals."""
        precision = self.right / max(self.found, 1)
        recall = self.right / max(self.gold, 1)
        f1 = 2 * self.right / max(self.found + self.gold, 1)
        return f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}"


def main(words: list[str]) -> int:
    """Run the benchmark; returns 0. Raises ``UsageError`` for its words or without the cases."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("korpu bench text", words, WORDS)
    if given["what"] in MEASURED:
        return measure.main([w for w in words if w.partition("=")[0] in measure.WORDS])
    if given["what"] != "segment":
        raise UsageError(f"what must be segment or {', '.join(MEASURED)}, not {given['what']!r}")
    repeat, markdown = bench.number(given, "repeat"), bench.truth(given, "markdown")
    found, absent = splitters.installed()
    if given["wrong"] and given["wrong"] not in found:
        raise UsageError(f"wrong={given['wrong']}: there are {', '.join(found)}")
    print(bench.machine(*(n for n in found if n in splitters.PEERS)))
    if absent:
        print(f"not installed, so not compared: {', '.join(absent)}")
    for code in ("azj_Latn", "uzn_Latn", "uzn_Cyrl"):
        cases = read_cases(CASES / f"{code}.txt")
        print(f"\n{LANGUAGES[code].name}, {len(cases)} cases\n")
        print(bench.table(HEAD, _rows(code, cases, found, repeat), markdown))
        if given["wrong"]:
            list_wrong(code, cases, found[given["wrong"]])
    print(f"\n{NOTE}")
    return DONE


def _rows(
    code: str, cases: list[list[Case]], found: dict[str, Splitter], repeat: int
) -> list[tuple[str, ...]]:
    documents = ntrex(code)
    clean = undoubted(documents, code, found) if len(found) >= 5 else []
    rates = speed(code, documents, found, repeat)
    rows = []
    for name, split in found.items():
        held = [case for case in cases if case[0].held_out]
        right = sum(all(ends(split(p.text, code)) == p.ends for p in case) for case in held)
        texts = [(ends(split(" ".join(d), code)), ends(d)) for d in documents]
        some = [(ends(split(" ".join(d), code)), ends(d)) for d in clean]
        rows.append((
            name,
            *Found.of(judged(cases, split, code)).cells(),
            *Found.of(judged(held, split, code)).cells(),
            f"{right}/{len(held)}",
            *(Found.of(texts).cells() if texts else "–––"),
            Found.of(some).cells()[2] if some else "–",
            f"{rates[name]:,.0f}" if name in rates else "–",
        ))  # fmt: skip
    return rows


def read_cases(path: Path) -> list[list[Case]]:
    """A file's cases, each a list of paragraphs. Raises ``UsageError`` where there is no file."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}; run it in the checkout"
        ) from error
    lines = [line for line in lines if line and not line.startswith("#")]
    return [
        [_case(number, paragraph) for paragraph in line.split("¶")]
        for number, line in enumerate(lines, 1)
    ]


def _case(number: int, paragraph: str) -> Case:
    text = paragraph.replace("|", " ").replace("¦", "")
    return Case(number, text, ends(re.split("[|¦]", paragraph)))


def ends(sentences: Sequence[str]) -> frozenset[int]:
    """Positions, without white space, where a sentence ends inside the text."""
    lengths = ["".join(s.split()) for s in sentences]
    return frozenset(list(itertools.accumulate(map(len, filter(None, lengths))))[:-1])


def judged(
    cases: list[list[Case]], split: Splitter, code: str
) -> list[tuple[frozenset[int], frozenset[int]]]:
    """(boundaries found, boundaries there are) of each paragraph."""
    return [(ends(split(p.text, code)), p.ends) for case in cases for p in case]


def list_wrong(code: str, cases: list[list[Case]], split: Splitter) -> None:
    """Print the even cases that a splitter gets wrong, with its breaks."""
    for case in cases:
        for p in case:
            if not p.held_out and ends(made := split(p.text, code)) != p.ends:
                print(f"  {p.number}: {' | '.join(s.strip() for s in made)}")


def ntrex(code: str) -> list[list[str]]:
    """The visible NTREX lines of a language by document; [] where they are not there."""
    shared = Path(os.environ.get("KORPU_SHARED", bench.CHECKOUT.parent / "shared" / "data"))
    folder = next((f for f in (shared / "ntrex", shared / "data" / "ntrex") if f.is_dir()), None)
    if folder is None or not (folder / f"ntrex.{code}").exists():
        return []
    names = (folder / "documents.txt").read_text("utf-8").splitlines()
    lines = (folder / f"ntrex.{code}").read_text("utf-8").splitlines()
    pairs = zip(names, (" ".join(line.split()) for line in lines), strict=True)
    return [[line for _, line in group] for _, group in itertools.groupby(pairs, lambda p: p[0])]


_COMPLETE = re.compile(r"[.!?…][\"'”’»)\]]*$")


def undoubted(documents: list[list[str]], code: str, found: dict[str, Splitter]) -> list[list[str]]:
    """Without lines that end in no mark or in which most of the others break at one place."""
    others = [split for name, split in found.items() if name != OURS]

    def kept(line: str) -> bool:
        places = Counter(end for split in others for end in ends(split(line, code)))
        doubted = bool(places) and max(places.values()) > len(others) / 2
        return _COMPLETE.search(line) is not None and not doubted

    return [left for d in documents if len(left := [line for line in d if kept(line)]) > 1]


def speed(
    code: str, documents: list[list[str]], found: dict[str, Splitter], repeat: int
) -> dict[str, float]:
    """Lines per second of each splitter over the documents, one process; {} without documents."""
    if not documents:
        return {}
    texts = [" ".join(d) for d in documents]
    lines = sum(map(len, documents))

    def timed(split: Splitter) -> Callable[[], float]:
        def run() -> float:
            began = time.perf_counter()
            for text in texts:
                split(text, code)
            return lines / (time.perf_counter() - began)

        return run

    runs = bench.repeat(repeat, {name: timed(split) for name, split in found.items()})
    return {name: statistics.median(rates) for name, rates in runs.items()}
