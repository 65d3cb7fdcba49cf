"""BLEU, chrF and chrF++ through sacrebleu, as statistics per segment and scores from their sums.

A score depends on a corpus only through sums of integer counts per segment. These are extracted
once, by sacrebleu itself; the score of any subset, resample or swap is then a formula on sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from korpu.errors import UsageError

METRICS = ("bleu", "chrf", "chrf_pp")
Counts = npt.NDArray[np.int64]
Memo = dict[tuple[str, str, str], list[int]]  # (metric, hypothesis, reference) → counts
Floats = npt.NDArray[np.float64]

CHAR_ORDER, BETA = 6, 2  # sacrebleu's defaults, which the signature says
LOG_ZERO = -9999999999.0  # what sacrebleu takes for log 0


@dataclass(frozen=True)
class Score:
    """A corpus score (0–100) and the signature that says how it was made."""

    value: float
    signature: str


def score(
    hyps: Sequence[str],
    refs: Sequence[str],
    metric: str,
    normalised: bool = False,
    language: str | None = None,
) -> Score:
    """The corpus score of line-aligned hypotheses and references.

    ``normalised`` puts both sides in the canonical orthography of ``language`` (a FLORES code)
    first. Raises ``UsageError`` for an unknown metric, no lines, or line counts that differ.
    """
    counts = statistics(hyps, refs, metric, normalised, language)
    return Score(float(values(counts.sum(0), metric)), signature(metric, normalised))


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
) -> Counts:
    """sacrebleu's counts per segment, shape (segments, counts).

    ``memo`` keeps the counts of pairs already seen: parts of a test set overlap, and most pairs
    are the same raw and normalised. chrF's counts are the first columns of chrF++'s.

    BLEU: hypothesis and reference length, matches of order 1–4, n-grams of order 1–4. chrF(++):
    for each order hypothesis n-grams, reference n-grams, matches.
    Raises ``UsageError`` as ``score``.
    """
    if len(hyps) != len(refs) or not refs:
        raise UsageError(
            f"{metric} needs as many hypotheses as references and at least one, not "
            f"{len(hyps)} and {len(refs)}; check the files' line counts"
        )
    memo = {} if memo is None else memo
    if metric == "chrf":
        both = statistics(hyps, refs, "chrf_pp", normalised, language, memo)
        return both[:, : 3 * CHAR_ORDER]
    if normalised:
        hyps, refs = canonical(hyps, language), canonical(refs, language)
    distinct = list(dict.fromkeys(zip(hyps, refs, strict=True)))
    fresh = [pair for pair in distinct if (metric, *pair) not in memo]
    if fresh:
        fresh_hyps, fresh_refs = [hyp for hyp, _ in fresh], [ref for _, ref in fresh]
        found = _metric(metric)._extract_corpus_statistics(fresh_hyps, [fresh_refs])
        memo.update({(metric, *pair): row for pair, row in zip(fresh, found, strict=True)})
    rows = [memo[metric, *pair] for pair in zip(hyps, refs, strict=True)]
    return np.array(rows, dtype=np.int64)


def canonical(texts: Sequence[str], language: str | None) -> list[str]:
    """Texts in the canonical orthography of a language, as they are compared."""
    if language is None:
        raise UsageError("a normalised score needs the language of the references")
    return [_canonical(text, language) for text in texts]


@lru_cache(maxsize=1 << 17)  # a reference is asked for once per system and metric
def _canonical(text: str, language: str) -> str:
    from data_prep.text.normalize import normalize

    return normalize(text, language)


def signature(metric: str, normalised: bool) -> str:
    """sacrebleu's signature; a normalised score's also names the normaliser and its version."""
    from data_prep.text.normalize import VERSION

    found = _metric(metric)
    found.num_refs = 1  # sacrebleu learns it from the references; there is always one here
    plain = str(found.get_signature())
    return f"{plain}|norm:korpu-{VERSION}" if normalised else plain


@cache
def _metric(metric: str) -> Any:
    # force: no warnings about tokenised periods; it changes no score
    from sacrebleu.metrics import BLEU, CHRF

    if metric == "bleu":
        return BLEU(force=True)
    if metric == "chrf":
        return CHRF()
    if metric == "chrf_pp":
        return CHRF(word_order=2)
    raise UsageError(f"unknown metric {metric!r}: use one of {', '.join(METRICS)}")


def values(sums: npt.NDArray[Any], metric: str) -> Floats:
    """Scores (0–100) from summed counts of shape (…, counts), shape (…)."""
    return _bleu(sums) if metric == "bleu" else _chrf(sums)


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


def _chrf(sums: npt.NDArray[Any]) -> Floats:
    """chrF with effective order, as ``sacrebleu.metrics.CHRF._compute_f_score`` has it."""
    counts = np.asarray(sums, dtype=np.float64).reshape(*sums.shape[:-1], -1, 3)
    hyp, ref, match = counts[..., 0], counts[..., 1], counts[..., 2]
    both = (hyp > 0) & (ref > 0)
    orders = np.maximum(both.sum(-1), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(both, match / hyp, 0.0).sum(-1) / orders
        recall = np.where(both, match / ref, 0.0).sum(-1) / orders
        f_score = (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)
    found: Floats = np.where(precision + recall > 0, 100 * f_score, 0.0)
    return found
