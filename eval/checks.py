"""What goes wrong in a translation beside its score, as rates with Wilson intervals.

Each check is also run on the human references: its rate there is its false-alarm rate, and is
printed beside. A check is a pure function of (source, output, target language): True is a failure,
None means that it does not apply to this pair, which then does not count in n.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from data_prep.text.identify import Identified, identify
from data_prep.text.normalize import casefold, normalize

MIN_CHARACTERS = 20  # shorter text is not identified reliably
MIN_WORDS = 3  # a shorter source may rightly stay as it is: names, numbers, loans
Z95 = 1.959963984540054

Check = Callable[[str, str, str], bool | None]


@dataclass(frozen=True)
class Rate:
    """``count`` failures of ``n`` pairs that a check applies to; ``failed`` are their indices."""

    check: str
    count: int
    n: int
    interval: tuple[float, float] | None
    failed: tuple[int, ...]

    @property
    def rate(self) -> float | None:
        return self.count / self.n if self.n else None


def rates(sources: Sequence[str], outputs: Sequence[str], language: str) -> list[Rate]:
    """Every check on line-aligned sources and outputs in a target language (FLORES code)."""
    found = []
    for name, check in CHECKS.items():
        results = [check(s, o, language) for s, o in zip(sources, outputs, strict=True)]
        failed = tuple(i for i, result in enumerate(results) if result)
        n = sum(result is not None for result in results)
        found.append(Rate(name, len(failed), n, wilson(len(failed), n), failed))
    return found


def wilson(count: int, n: int) -> tuple[float, float] | None:
    """Wilson's 95% score interval of a proportion (Wilson 1927); None without observations."""
    if n == 0:
        return None
    share, square = count / n, Z95**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z95 / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


@lru_cache(maxsize=1 << 17)  # two checks ask, and parts overlap
def _identified(text: str) -> Identified:
    return identify(text)


def off_target(_source: str, output: str, language: str) -> bool | None:
    """Another language than asked for, in whatever script; only where identified reliably."""
    if len(output) < MIN_CHARACTERS:
        return None
    found = _identified(output)
    return found.language[:3] != language[:3] if found.reliable else None


def wrong_script(_source: str, output: str, language: str) -> bool | None:
    """Most letters are of another script than the target's; text without letters is left out."""
    script = _identified(output).script
    return None if script == "Zyyy" else script != language.partition("_")[2]


def empty(source: str, output: str, _language: str) -> bool | None:
    """Nothing came out for something."""
    return None if not source.strip() else not output.strip()


LETTER_LOOP = re.compile(r"([^\W\d_]{1,8}?)\1{5,}")  # six times on end
LONGEST_LOOP = 8  # words


def repeated(source: str, output: str, _language: str) -> bool | None:
    """A loop that the source does not have: a word four times on end, 2–8 words three times,
    or a run of letters six times inside a word.
    """
    return _loops(output) and not _loops(source)


def _loops(text: str) -> bool:
    if LETTER_LOOP.search(text.lower()):
        return True
    words = [word.strip(",.;:!?…–-«»“”\"'") for word in text.lower().split()]
    for period in range(1, LONGEST_LOOP + 1):
        needed = 3 if period == 1 else 2 * period
        run = 0
        for at in range(period, len(words)):
            run = run + 1 if words[at] and words[at] == words[at - period] else 0
            if run >= needed:
                return True
    return False


def copied(source: str, output: str, language: str) -> bool | None:
    """The source given back, but for case and orthography."""
    if len(source.split()) < MIN_WORDS:
        return None
    return _plain(source, language) == _plain(output, language)


def _plain(text: str, language: str) -> str:
    # ı and i: capitals tell them apart in one of the languages only
    folded = casefold(normalize(text, language), language).replace("ı", "i")
    return " ".join(folded.split())


GROUPED = re.compile(r"(?<=\d)[ \u00a0\u202f.,](?=\d{3}(?!\d))")
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def number_mismatch(source: str, output: str, _language: str) -> bool | None:
    """Other numbers in digits than the source's; numbers in words are not read, so human
    references fail too: compare with them or with a baseline, never with zero.
    """
    wanted, given = _numbers(source), _numbers(output)
    return None if not wanted and not given else wanted != given


def _numbers(text: str) -> Counter[str]:
    return Counter(n.replace(",", ".") for n in NUMBER.findall(GROUPED.sub("", text)))


CHECKS: dict[str, Check] = {
    "off_target": off_target,
    "wrong_script": wrong_script,
    "empty": empty,
    "repeated": repeated,
    "copied": copied,
    "number_mismatch": number_mismatch,
}
