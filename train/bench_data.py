"""What the training benchmarks learn from: real sentences of mixed length, or lengths from a seed.

Speed depends on the lengths of the examples and on nothing else of them, so that text which is
not there can be replaced by numbers of tokens drawn from the same distribution.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from korpu.errors import UsageError
from train.corpus import Example

KINDS = ("mixed", "news", "synthetic")
CODES = ("azj_Latn", "uzn_Latn")
PIECES = 32_000  # of the vocabulary learned here: 1.73 tokens a word of NTREX, near NLLB's own
LONGEST = 200  # tokens of a side; a longer pair is left out
HELD_OUT = 40  # examples
# Lengths in tokens, code and end included, of the real data under that vocabulary: logarithms are
# nearly normal. (mean, spread) of the logarithm, and the spread of target against source.
NEWS, STRINGS, BETWEEN = (3.42, 0.47), (1.98, 0.76), 0.2
FIRST = 10  # ids below are reserved


@dataclass(frozen=True)
class Data:
    """Examples of both directions as token ids, and those no run learns from."""

    kind: str
    train: tuple[Example, ...]
    held_out: tuple[Example, ...]

    @property
    def mean_target(self) -> float:
        """Target tokens of an example."""
        return float(np.mean([len(example.target) for example in self.train]))


def load(kind: str, shared: Path, seed: int, budget: int = 1000) -> Data:
    """``news``: NTREX lines; ``mixed``: as many target tokens again of interface strings;
    ``synthetic``: lengths of that mixture from a seed, at least a hundred batches of ``budget``
    (group_by_length sorts fifty at a time, where there are as many).

    Raises ``UsageError`` for another kind, or where the texts are not there.
    """
    draw = np.random.default_rng(seed)
    if kind == "synthetic":
        found = _synthetic(draw, max(2000, 2 * budget))
    elif kind in KINDS:
        found = _real(kind, shared, draw)
    else:
        raise UsageError(f"data must be {', '.join(KINDS)}, not {kind!r}")
    order = draw.permutation(len(found))
    rows = [found[at] for at in order]
    return Data(kind, tuple(rows[HELD_OUT:]), tuple(rows[:HELD_OUT]))


def _real(kind: str, shared: Path, draw: np.random.Generator) -> list[Example]:
    from korpu.nllb import tokens

    texts = {name: _pairs(shared / name / name) for name in ("ntrex", "ui")}
    sides = [text for pairs in texts.values() for pair in pairs for text in pair]
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = tokens.train_tokenizer(sides, PIECES, CODES, folder)
    by_name: dict[str, list[Example]] = {}
    for name, pairs in texts.items():
        found: list[Example] = []
        for source, target in ((0, 1), (1, 0)):
            ids = [
                tokens.encode(tokenizer, [pair[side] for pair in pairs], CODES[side])
                for side in (source, target)
            ]
            found += _examples(f"{CODES[source]}-{CODES[target]}", *ids)
        by_name[name] = found
    if kind == "news":
        return by_name["ntrex"]
    return _as_much(by_name["ntrex"], by_name["ui"], draw)


def _pairs(path: Path) -> list[tuple[str, str]]:
    try:
        sides = [Path(f"{path}.{code}").read_text("utf-8").splitlines() for code in CODES]
    except OSError as error:
        raise UsageError(
            f"{error.filename} cannot be read: name the folder as shared=DIR, or use data=synthetic"
        ) from error
    return list(zip(*sides, strict=True))


def _synthetic(draw: np.random.Generator, lines: int) -> list[Example]:
    def drawn(count: int, mean: float, spread: float) -> list[Example]:
        source = draw.normal(mean, spread, count)
        both = source, source + draw.normal(0, BETWEEN, count)
        lengths = [np.maximum(3, np.exp(side)).astype(int) for side in both]
        ids = [
            [draw.integers(FIRST, PIECES, length).tolist() for length in side] for side in lengths
        ]
        return _examples("azj_Latn-uzn_Latn", *ids)

    news = drawn(lines, *NEWS)
    return _as_much(news, drawn(5 * lines, *STRINGS), draw)


def _examples(
    direction: str, sources: Sequence[list[int]], targets: Sequence[list[int]]
) -> list[Example]:
    return [
        Example(id=str(number), direction=direction, source=source, target=target)
        for number, (source, target) in enumerate(zip(sources, targets, strict=True))
        if max(len(source), len(target)) <= LONGEST
    ]


def _as_much(
    news: list[Example], strings: list[Example], draw: np.random.Generator
) -> list[Example]:
    """The news and, drawn from the strings, as many target tokens again."""
    wanted = sum(len(example.target) for example in news)
    found = list(news)
    for at in draw.permutation(len(strings)):
        if wanted <= 0:
            break
        found.append(strings[at])
        wanted -= len(strings[at].target)
    return found
