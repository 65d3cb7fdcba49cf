"""sacrebleu's counts per segment, for a whole corpus at once: n-grams as integers, one sort.

An n-gram is written as one 64-bit number: its segment, then its symbols from left to right, then
whose it is. Sorted once by the longest n-grams, the shorter ones are runs of equal prefixes, and
what hypothesis and reference have in common is counted run by run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Tokenize = Callable[[Sequence[str]], list[list[str]]]  # texts to their tokens

CHAR_ORDER, WORD_ORDER, BETA = 6, 2, 2  # of chrF++; sacrebleu's defaults, which the signature says
BLEU_ORDER = 4
BITS = 63  # of 64: a shift by all of them is undefined
PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")  # what chrF++ splits from a word


def chrf(hyps: Sequence[str], refs: Sequence[Sequence[str]]) -> Counts:
    """chrF++'s counts, shape (segments, 24): hypothesis, reference, matches of each order.

    ``refs`` is a list of references, each as long as ``hyps``. Six character orders come first,
    then two of words. Of several references that with the highest score counts, the first of equal
    ones.
    """
    hyp_chars, hyp_words = _bare(hyps), [_words(hyp) for hyp in hyps]
    best = _chrf_one(hyp_chars, hyp_words, refs[0])
    for ref in refs[1:]:
        other = _chrf_one(hyp_chars, hyp_words, ref)
        better = f_score(other) > f_score(best)
        best = np.where(better[:, None], other, best)
    return best


def _chrf_one(
    hyp_chars: Sequence[str], hyp_words: Sequence[Sequence[str]], refs: Sequence[str]
) -> Counts:
    ref_chars, ref_words = _bare(refs), [_words(ref) for ref in refs]
    counts = np.zeros((len(refs), 3 * (CHAR_ORDER + WORD_ORDER)), dtype=np.int64)
    for first, order, hyp, ref, matches in (
        (0, CHAR_ORDER, hyp_chars, ref_chars, _char_matches(hyp_chars, ref_chars)),
        (CHAR_ORDER, WORD_ORDER, hyp_words, ref_words, _word_matches(hyp_words, [ref_words], 2)),
    ):
        hyp_size, ref_size = _sizes(hyp, order), _sizes(ref, order)
        # sacrebleu does not count n-grams of an order that the reference has none of
        counts[:, 3 * first : 3 * (first + order) : 3] = np.where(ref_size > 0, hyp_size, 0)
        counts[:, 3 * first + 1 : 3 * (first + order) : 3] = ref_size
        counts[:, 3 * first + 2 : 3 * (first + order) : 3] = matches
    return counts


def bleu(hyps: Sequence[str], refs: Sequence[Sequence[str]], tokenize: Tokenize) -> Counts:
    """BLEU's counts, shape (segments, 10): two lengths, matches of order 1–4, n-grams of order 1–4.

    Of several references an n-gram counts as often as in that which has most of it, and the length
    is the closest to the hypothesis', the shorter of two equally close.
    """
    hyp_words, *ref_words = [tokenize([text.rstrip() for text in texts]) for texts in (hyps, *refs)]
    lengths = np.array([[len(words) for words in one] for one in ref_words], dtype=np.int64)
    hyp_length = np.array([len(words) for words in hyp_words], dtype=np.int64)
    # ordered by distance, then by length, in one number
    far = np.abs(lengths - hyp_length) * (lengths.max() + 1) + lengths
    closest = np.take_along_axis(lengths, far.argmin(0)[None], axis=0)[0]
    matches = _word_matches(hyp_words, ref_words, BLEU_ORDER)
    sizes = _sizes(hyp_words, BLEU_ORDER)
    return np.column_stack([hyp_length, closest, matches, sizes])


def tokens_13a(texts: Sequence[str]) -> list[list[str]]:
    """The tokens of mteval's 13a, as sacrebleu has it, of all texts in one pass per rule.

    Each text stands between spaces, and no rule reaches over one, so texts joined by line feeds
    (which are spaces to 13a) do not touch each other.
    """
    plain = (text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ") for text in texts)
    joined = "\n".join(f" {_entities(text) if '&' in text else text} " for text in plain)
    for pattern, replacement in RULES_13A:
        joined = pattern.sub(replacement, joined)
    return [line.split() for line in joined.split("\n")] if texts else []


# sacrebleu's first rule surrounds spaces with spaces, too, which changes nothing and costs most
RULES_13A = (
    (re.compile(r"([{-~\[-`!-&(-+:-@/])"), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)


def _entities(text: str) -> str:
    for name, character in (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")):
        text = text.replace(name, character)
    return text


def f_score(counts: npt.NDArray[np.number]) -> Floats:
    """chrF (0–100) of counts (…, 3 · orders) with effective order, shape (…).

    In the same order of operations as ``sacrebleu.metrics.CHRF._compute_f_score``, so that the
    bits are the same, too.
    """
    parts = np.asarray(counts, dtype=np.float64).reshape(*counts.shape[:-1], -1, 3)
    precision = np.zeros(parts.shape[:-2])
    recall, orders = np.zeros_like(precision), np.zeros_like(precision)
    with np.errstate(divide="ignore", invalid="ignore"):
        for order in range(parts.shape[-2]):
            hyp, ref, match = (parts[..., order, column] for column in range(3))
            both = (hyp > 0) & (ref > 0)
            precision += np.where(both, match / hyp, 0.0)
            recall += np.where(both, match / ref, 0.0)
            orders += both
        precision, recall = precision / np.maximum(orders, 1), recall / np.maximum(orders, 1)
        score = (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)
    found: Floats = np.where(precision + recall > 0, 100 * score, 0.0)
    return found


def _bare(texts: Sequence[str]) -> list[str]:
    return ["".join(text.split()) for text in texts]


def _words(text: str) -> list[str]:
    """chrF++'s words: one mark of punctuation is split from the end, else from the beginning."""
    found: list[str] = []
    for word in text.split():
        if len(word) == 1:
            found.append(word)
        elif word[-1] in PUNCTUATION:
            found += (word[:-1], word[-1])
        elif word[0] in PUNCTUATION:
            found += (word[0], word[1:])
        else:
            found.append(word)
    return found


def _sizes(texts: Sequence[Sequence[str]], order: int) -> Counts:
    """How many n-grams of order 1 … ``order`` each text has, shape (texts, order)."""
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    found: Counts = np.maximum(lengths[:, None] - np.arange(order), 0)
    return found


def _char_matches(hyps: Sequence[str], refs: Sequence[str]) -> Counts:
    """Matches of character order 1–6, shape (segments, 6), in parts that fit the 64 bits."""
    text = "".join(chain(hyps, refs))
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    seen = np.zeros(int(codes.max(initial=0)) + 1, dtype=bool)
    seen[codes] = True
    symbols = int(seen.sum())
    if _fits(symbols, len(hyps), CHAR_ORDER, 1):
        numbers = np.cumsum(seen)[codes] if symbols else codes
        lengths = [len(text) for text in chain(hyps, refs)]
        return _matches(numbers, lengths, symbols, len(hyps), CHAR_ORDER)
    if len(hyps) > 1:
        half = len(hyps) // 2
        parts = _char_matches(hyps[:half], refs[:half]), _char_matches(hyps[half:], refs[half:])
        return np.concatenate(parts)
    # more than a thousand different characters in one segment: the characters are words, too
    return _plain(list(hyps[0]), [list(refs[0])], CHAR_ORDER)


def _word_matches(
    hyps: Sequence[Sequence[str]], refs: Sequence[Sequence[Sequence[str]]], order: int
) -> Counts:
    """Matches of word order 1 … ``order``, shape (segments, order); numbered within a segment."""
    known: list[dict[str, int]] = [{} for _ in hyps]
    numbers = [
        ids.setdefault(word, len(ids) + 1)
        for texts in (hyps, *refs)
        for ids, words in zip(known, texts, strict=True)
        for word in words
    ]
    symbols = max(map(len, known), default=0)
    if _fits(symbols, len(hyps), order, len(refs)):
        lengths = [len(words) for texts in (hyps, *refs) for words in texts]
        return _matches(np.array(numbers, np.int64), lengths, symbols, len(hyps), order)
    if len(hyps) > 1:
        half = len(hyps) // 2
        return np.concatenate(
            [
                _word_matches(hyps[:half], [one[:half] for one in refs], order),
                _word_matches(hyps[half:], [one[half:] for one in refs], order),
            ]
        )
    return _plain(hyps[0], [one[0] for one in refs], order)


def _fits(symbols: int, segments: int, order: int, references: int) -> bool:
    bits = symbols.bit_length() * order + (segments - 1).bit_length() + references.bit_length()
    return bits <= BITS


def _matches(
    numbers: npt.NDArray[np.integer],
    lengths: Sequence[int],
    symbols: int,
    segments: int,
    order: int,
) -> Counts:
    """Clipped matches, shape (segments, order), of symbols 1 … ``symbols``.

    ``numbers`` are those of all hypotheses, then of all first references, of all second ones …,
    ``lengths`` how many symbols each text has.
    """
    references = len(lengths) // segments - 1
    wide, sides = symbols.bit_length(), references.bit_length()
    text = np.repeat(np.arange(len(lengths)), lengths)
    # a text ends in zeros, so that an n-gram that would reach beyond it is seen by its last symbol
    place = np.arange(len(numbers)) + text * (order - 1)
    padded = np.zeros(len(numbers) + len(lengths) * (order - 1), dtype=np.uint64)
    padded[place] = numbers
    keys = (text % segments).astype(np.uint64)
    for ahead in range(order):
        keys = keys << np.uint64(wide) | padded[place + ahead]
    keys = keys << np.uint64(sides) | (text // segments).astype(np.uint64)
    keys.sort()
    side = (keys & np.uint64((1 << sides) - 1)).astype(np.int64)
    of = (keys >> np.uint64(sides + wide * order)).astype(np.int64)
    found = np.zeros((segments, order), dtype=np.int64)
    if not len(keys):
        return found
    for length in range(1, order + 1):
        prefix = keys >> np.uint64(sides + wide * (order - length))
        whole = np.flatnonzero((prefix & np.uint64((1 << wide) - 1)) > 0)
        if not len(whole):
            break
        prefix = prefix[whole]
        starts = np.flatnonzero(np.concatenate([[True], prefix[1:] != prefix[:-1]]))
        times = [
            np.add.reduceat((side[whole] == one).astype(np.int64), starts)
            for one in range(references + 1)
        ]
        clipped = np.minimum(times[0], np.maximum.reduce(times[1:]))
        found[:, length - 1] = np.bincount(of[whole][starts], clipped, segments)
    return found


def _plain(hyp: Sequence[str], refs: Sequence[Sequence[str]], order: int) -> Counts:
    """The same for one segment, by dictionaries."""

    def grams(words: Sequence[str], length: int) -> Counter[tuple[str, ...]]:
        return Counter(tuple(words[i : i + length]) for i in range(len(words) - length + 1))

    found = []
    for length in range(1, order + 1):
        most: Counter[tuple[str, ...]] = Counter()
        for ref in refs:
            most |= grams(ref, length)
        found.append((grams(hyp, length) & most).total())
    return np.array([found], dtype=np.int64)
