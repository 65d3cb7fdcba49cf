"""Scores equal sacrebleu's, run as its own command line."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data_prep.text.normalize import VERSION, normalize
from eval.metrics import METRICS, chrf_pp, score, statistics, values
from korpu.errors import UsageError

UZ = Path(__file__).with_name("sentences.uz").read_text("utf-8").splitlines()
FLAGS = {"bleu": ["bleu"], "chrf": ["chrf"], "chrf_pp": ["chrf", "--chrf-word-order", "2"]}


def outputs(share: float = 0.3) -> list[str]:
    rng = random.Random(3)
    hyps = [" ".join(w for w in line.split() if rng.random() > share) for line in UZ]
    hyps[0], hyps[1], hyps[2] = "", "x", hyps[2] + " . . (hm) «so‘z» !"
    return hyps


def by_command(hyps: list[str], refs: list[str], metric: str, folder: Path) -> dict[str, str]:
    hyp, ref = folder / "hyp", folder / "ref"
    hyp.write_text("\n".join(hyps) + "\n", "utf-8")
    ref.write_text("\n".join(refs) + "\n", "utf-8")
    words = [str(ref), "-i", str(hyp), "-w", "9", "-m", *FLAGS[metric]]
    done = subprocess.run(
        [sys.executable, "-m", "sacrebleu", *words], capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("metric", METRICS)
def test_value_and_signature_are_the_command_s(metric: str, tmp_path: Path) -> None:
    expected = by_command(outputs(), UZ, metric, tmp_path)
    got = score(outputs(), UZ, metric)
    assert f"{got.value:.9f}" == f"{float(expected['score']):.9f}"
    assert 5 < got.value < 95
    assert expected["signature"] == got.signature


@pytest.mark.parametrize("metric", ["bleu", "chrf_pp"])
@pytest.mark.parametrize(
    ("hyps", "refs"),
    [
        (["bir ikki"], ["bir ikki"]),  # shorter than four words
        (["salom dunyo bu men"], ["xayr dunyo bu sen"]),  # no match of the higher orders
        (["zzz"], ["bir"]),  # no match at all
        (["", "bir"], ["ikki", "bir"]),
        (["bir ikki uch toʻrt besh olti"], ["bir"]),  # too long
    ],
)
def test_odd_corpora_score_as_sacrebleu_has_them(
    metric: str, hyps: list[str], refs: list[str]
) -> None:
    from sacrebleu.metrics import BLEU, CHRF

    reference = BLEU() if metric == "bleu" else CHRF(word_order=2)
    expected = reference.corpus_score(hyps, [refs]).score
    assert score(hyps, refs, metric).value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_any_subset_is_scored_from_sums(metric: str) -> None:
    counts = statistics(outputs(), UZ, metric)
    some = [1, 4, 5, 5, 9]
    expected = score([outputs()[i] for i in some], [UZ[i] for i in some], metric).value
    both = values(np.stack([counts[some].sum(0), counts.sum(0)]), metric)
    assert both[0] == pytest.approx(expected, abs=1e-9)
    assert both[1] != pytest.approx(expected, abs=0.1)


def test_other_apostrophes_cost_only_the_raw_score() -> None:
    other = [line.replace("ʻ", "'").replace("ʼ", "’") for line in UZ]
    assert score(other, UZ, "bleu").value < 90
    normalised = score(other, UZ, "bleu", normalised=True, language="uzn_Latn")
    assert normalised.value == pytest.approx(100, abs=1e-9)
    assert normalised.signature.endswith(f"|norm:korpu-{VERSION}")


def test_normalised_means_both_sides_normalised() -> None:
    hyps, refs = ([normalize(t, "uzn_Latn") for t in side] for side in (outputs(), UZ))
    assert chrf_pp(outputs(), UZ, True, "uzn_Latn") == score(hyps, refs, "chrf_pp").value


def test_bad_input_is_refused_in_a_sentence() -> None:
    with pytest.raises(UsageError, match="not 1 and 2"):
        score(["a"], ["a", "b"], "bleu")
    with pytest.raises(UsageError, match="not 0 and 0"):
        score([], [], "chrf")
    with pytest.raises(UsageError, match=r"rouge.*bleu"):
        score(["a"], ["a"], "rouge")
