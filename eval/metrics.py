"""BLEU, chrF(++), TER and spBLEU, as sacrebleu has them, from sums of counts per segment.

A score depends on a corpus only through sums of integer counts per segment. These are extracted
once; the score of any subset, resample or swap is then a formula on sums. The counts are
sacrebleu's: ``eval.counts`` finds those of n-grams for a whole corpus at once, TER's edits are
counted by sacrebleu itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eval import counts
from eval.counts import CHAR_ORDER, Counts, Floats, f_score
from korpu.errors import UsageError

METRICS = ("bleu", "spbleu", "ter", "chrf", "chrf_pp")
LOWER_IS_BETTER = ("ter",)
Memo = dict[tuple[str, ...], Counts]  # (metric, hypothesis, references …) → counts

MICRO = 1_000_000  # a metric that is no sum of counts: its segments' scores in millionths
LOG_ZERO = -9999999999.0  # what sacrebleu takes for log 0


@dataclass(frozen=True)
class Score:
    """A corpus score (0–100; TER: from 0) and the signature that says how it was made."""

    value: float
    signature: str


def score(
    hyps: Sequence[str],
    refs: Sequence[str],
    metric: str,
    normalised: bool = False,
    language: str | None = None,
    more: Sequence[Sequence[str]] = (),
    spm: Path | None = None,
) -> Score:
    """The corpus score of line-aligned hypotheses and references.

    ``normalised`` puts both sides in the canonical orthography of ``language`` (a FLORES code)
    first. ``more`` are further references, each as long as the first. ``spm`` is the SentencePiece
    model that spBLEU cuts by. Raises ``UsageError`` for an unknown metric, no lines, line counts
    that differ, or spBLEU without a model.
    """
    found = statistics(hyps, refs, metric, normalised, language, more=more, spm=spm)
    named = signature(metric, normalised, 1 + len(more), spm)
    return Score(float(values(found.sum(0), metric)), named)


def chrf_pp(hyps: Sequence[str], refs: Sequence[str], normalised: bool, language: str) -> float:
    """chrF++ of a corpus (0–100); what validation and parity compare by."""
    return score(hyps, refs, "chrf_pp", normalised, language).value


def statistics(
    hyps: Sequence[str],
    refs: Sequence[str],
    metric: str,
    normalised: bool = False,
    language: str | None = None,
    memo: Memo | None = None,
    more: Sequence[Sequence[str]] = (),
    spm: Path | None = None,
) -> Counts:
    """sacrebleu's counts per segment, shape (segments, counts).

    ``memo`` keeps the counts of lines already seen: parts of a test set overlap, and most lines
    are the same raw and normalised. chrF's counts are the first columns of chrF++'s.

    BLEU: hypothesis and reference length, matches of order 1–4, n-grams of order 1–4. chrF(++):
    for each order hypothesis n-grams, reference n-grams, matches. TER: edits and reference length,
    both times the number of references, whose lengths are averaged.
    Raises ``UsageError`` as ``score``.
    """
    sides = [hyps, refs, *more]
    if not refs or len({len(side) for side in sides}) > 1:
        sizes = " and ".join(str(len(side)) for side in sides)
        raise UsageError(
            f"{metric} needs as many hypotheses as references and at least one, not {sizes}; "
            "check the files' line counts"
        )
    memo = {} if memo is None else memo
    if metric == "chrf":
        both = statistics(hyps, refs, "chrf_pp", normalised, language, memo, more)
        return both[:, : 3 * CHAR_ORDER]
    if normalised:
        sides = [canonical(side, language) for side in sides]
    lines = list(zip(*sides, strict=True))
    fresh = [line for line in dict.fromkeys(lines) if (metric, *line) not in memo]
    if fresh:
        fresh_hyps, *fresh_refs = map(list, zip(*fresh, strict=True))
        found = _extracted(metric, fresh_hyps, fresh_refs, spm)
        memo.update({(metric, *line): row for line, row in zip(fresh, found, strict=True)})
    return np.array([memo[metric, *line] for line in lines], dtype=np.int64)


def _extracted(
    metric: str, hyps: Sequence[str], refs: Sequence[Sequence[str]], spm: Path | None
) -> Counts:
    if metric == "chrf_pp":
        return counts.chrf(hyps, refs)
    if metric == "bleu":
        return counts.bleu(hyps, refs, counts.tokens_13a)
    if metric == "spbleu":
        pieces = _pieces(_model(spm))
        return counts.bleu(hyps, refs, lambda texts: [" ".join(p).split() for p in pieces(texts)])
    # an average length is no integer, its multiple is
    found = np.array(_metric(metric)._extract_corpus_statistics(hyps, refs)) * len(refs)
    return found.round().astype(np.int64)


def canonical(texts: Sequence[str], language: str | None) -> list[str]:
    """Texts in the canonical orthography of a language, as they are compared."""
    if language is None:
        raise UsageError("a normalised score needs the language of the references")
    return [_canonical(text, language) for text in texts]


@lru_cache(maxsize=1 << 17)  # a reference is asked for once per system and metric
def _canonical(text: str, language: str) -> str:
    from data_prep.text.normalize import normalize

    return normalize(text, language)


def signature(metric: str, normalised: bool, references: int = 1, spm: Path | None = None) -> str:
    """sacrebleu's signature; a normalised score's also names the normaliser and its version.

    spBLEU's says by which model it was cut (the beginning of the file's sha256): the name of the
    tokenizer alone would be a claim.
    """
    from data_prep.text.normalize import VERSION

    found = _metric(metric)
    found.num_refs = references  # sacrebleu learns it when it reads the references
    plain = str(found.get_signature())
    if metric == "spbleu":
        plain += f"|spm:{_digest(_model(spm))[:12]}"
    return f"{plain}|norm:korpu-{VERSION}" if normalised else plain


@cache
def _metric(metric: str) -> Any:
    # force: no warnings about tokenised periods; it changes no score
    from sacrebleu.metrics import BLEU, CHRF, TER

    if metric == "bleu":
        return BLEU(force=True)
    if metric == "spbleu":
        found = BLEU(force=True, tokenize="none")  # naming flores200 would download its model
        found.tokenizer_signature = "flores200"
        return found
    if metric == "ter":
        return TER()
    if metric == "chrf":
        return CHRF()
    if metric == "chrf_pp":
        return CHRF(word_order=2)
    raise UsageError(f"unknown metric {metric!r}: use one of {', '.join(METRICS)}")


def _model(spm: Path | None) -> Path:
    if spm is None:
        raise UsageError(
            "spbleu needs the SentencePiece model of flores200; name the file in evaluate.spm"
        )
    return spm


@cache
def _digest(path: Path) -> str:
    from korpu.artifact import sha256

    return sha256(path)


@cache
def _pieces(path: Path) -> Any:
    from sentencepiece import SentencePieceProcessor

    try:
        return SentencePieceProcessor(model_file=str(path)).encode_as_pieces
    except (OSError, RuntimeError) as error:
        raise UsageError(
            f"evaluate.spm: {path} is no SentencePiece model ({error}); fetch it again"
        ) from error


def values(sums: npt.NDArray[Any], metric: str) -> Floats:
    """Scores from summed counts of shape (…, counts), shape (…).

    The counts of a metric that is none of ``METRICS`` are its segments' scores, of which the mean
    is the corpus': millionths and 1.
    """
    if metric in ("bleu", "spbleu"):
        return _bleu(sums)
    if metric == "ter":
        return _ter(sums)
    return f_score(sums) if metric in ("chrf", "chrf_pp") else _mean(sums)


def _bleu(sums: npt.NDArray[Any]) -> Floats:
    """BLEU with exponential smoothing, as ``sacrebleu.metrics.BLEU.compute_bleu`` has it."""
    sums = np.asarray(sums, dtype=np.float64)
    hyp_length, ref_length = sums[..., 0], sums[..., 1]
    correct, total = sums[..., 2:6], sums[..., 6:10]
    with np.errstate(divide="ignore", invalid="ignore"):
        brevity = np.where(
            hyp_length < ref_length,
            np.where(hyp_length > 0, np.exp(1 - ref_length / hyp_length), 0.0),
            1.0,
        )
        halvings = np.cumsum((correct == 0) & (total > 0), axis=-1)
        precision = np.where(correct > 0, correct, 0.5**halvings) / total * 100
        logs = np.where(total > 0, np.log(precision), LOG_ZERO)
    found: Floats = np.where(correct.any(-1), brevity * np.exp(logs.sum(-1) / 4), 0.0)
    return found


def _ter(sums: npt.NDArray[Any]) -> Floats:
    """Edits per reference word, as ``sacrebleu.metrics.TER`` has it; may be above 100."""
    sums = np.asarray(sums, dtype=np.float64)
    edits, length = sums[..., 0], sums[..., 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(length > 0, edits / length, np.where(edits > 0, 1.0, 0.0))
    found: Floats = 100 * rate
    return found


def _mean(sums: npt.NDArray[Any]) -> Floats:
    sums = np.asarray(sums, dtype=np.float64)
    found: Floats = sums[..., 0] / sums[..., 1] / MICRO
    return found
