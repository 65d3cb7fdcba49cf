"""Scores equal sacrebleu's, run as its own command line; counts equal those of its library."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_prep.text.normalize import VERSION, normalize
from eval import counts
from eval.metrics import METRICS, chrf_pp, score, statistics, values
from korpu.errors import UsageError
from tests.eval.parts import shared, spoiled

UZ = Path(__file__).with_name("sentences.uz").read_text("utf-8").splitlines()
FLAGS = {
    "bleu": ["bleu"],
    "spbleu": ["bleu", "--tokenize", "flores200"],
    "ter": ["ter"],
    "chrf": ["chrf"],
    "chrf_pp": ["chrf", "--chrf-word-order", "2"],
}


@pytest.fixture(scope="session")
def spm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SentencePiece model of our own, where sacrebleu looks for that of flores200."""
    import sentencepiece

    home = tmp_path_factory.mktemp("sacrebleu") / "models"
    home.mkdir()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(UZ),
        model_prefix=str(home / "own"),
        vocab_size=150,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return (home / "own.model").rename(home / "flores200sacrebleuspm")


def outputs(share: float = 0.3) -> list[str]:
    rng = random.Random(3)
    hyps = [" ".join(w for w in line.split() if rng.random() > share) for line in UZ]
    hyps[0], hyps[1], hyps[2] = "", "x", hyps[2] + " . . (hm) «so‘z» !"
    return hyps


def by_command(
    hyps: list[str], refs: list[list[str]], metric: str, folder: Path, spm: Path
) -> dict[str, str]:
    paths = [folder / f"ref{number}" for number in range(len(refs))]
    for path, lines in zip([*paths, folder / "hyp"], [*refs, hyps], strict=True):
        path.write_text("\n".join(lines) + "\n", "utf-8")
    words = [*map(str, paths), "-i", str(folder / "hyp"), "-w", "9", "-m", *FLAGS[metric]]
    done = subprocess.run(
        [sys.executable, "-m", "sacrebleu", *words],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"SACREBLEU": str(spm.parent.parent)},
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("references", [1, 3])
@pytest.mark.parametrize("metric", METRICS)
def test_value_and_signature_are_the_command_s(
    metric: str, references: int, tmp_path: Path, spm: Path
) -> None:
    refs = [UZ, outputs(0.1)[::-1], [line.upper() for line in UZ]][:references]
    expected = by_command(outputs(), refs, metric, tmp_path, spm)
    got = score(outputs(), refs[0], metric, more=refs[1:], spm=spm)
    assert f"{got.value:.9f}" == f"{float(expected['score']):.9f}"
    assert 5 < got.value < 95
    named, _, model = got.signature.partition("|spm:")
    assert expected["signature"] == named
    assert named.startswith(f"nrefs:{references}|")
    assert (metric == "spbleu") == (len(model) == 12)


def theirs(hyps: list[str], refs: list[list[str]]) -> list[list[list[int]]]:
    from sacrebleu.metrics import BLEU, CHRF

    metrics = CHRF(word_order=2), BLEU(force=True)
    return [metric._extract_corpus_statistics(hyps, refs) for metric in metrics]


def ours(hyps: list[str], refs: list[list[str]]) -> list[list[list[int]]]:
    found = counts.chrf(hyps, refs), counts.bleu(hyps, refs, counts.tokens_13a)
    return [one.tolist() for one in found]


@pytest.mark.parametrize("references", [1, 2])
def test_counts_of_news_are_the_library_s(references: int) -> None:
    lines = shared("ntrex", "ntrex.uzn_Latn").read_text("utf-8").splitlines()[:300]
    refs = [lines, spoiled(lines, 0.2, seed=2)][:references]
    hyps = spoiled(lines, 0.4, seed=1)
    assert ours(hyps, refs) == theirs(hyps, refs)


PIECES = [
    *"ab ..,,--&&01. '\"()[]{}<>`~!@#$%^*_+=|\\/?;:\n\t\u2009\u00a0ʻʼəİı😀\0\x1c\x85",
    *("&quot;", "&amp;lt;", "<skipped>", "-\n", "soʻz", "1,5", "3.", "x-1", "9-", "\ud800"),
]


def test_counts_of_noise_are_the_library_s() -> None:
    """Empty lines, every kind of space, punctuation in a row, lone surrogates, one line or many."""
    rng = random.Random(5)

    def text() -> str:
        return "".join(rng.choices(PIECES, k=rng.choice([0, 1, 3, 10, 40, 120])))

    for _ in range(200):
        hyps = [text() for _ in range(rng.choice([1, 2, 5, 30]))]
        refs = [
            [text() if rng.random() < 0.7 else hyp + text() for hyp in hyps]
            for _ in range(rng.choice([1, 1, 2, 3]))
        ]
        assert ours(hyps, refs) == theirs(hyps, refs)


@pytest.mark.parametrize("bits", [16, 40])
def test_counts_hold_where_n_grams_do_not_fit_a_number(
    bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The corpus is halved until they fit; a line that never does is counted by dictionaries."""
    plain: list[int] = []
    count = counts._plain

    def counting(*given: Any) -> counts.Counts:
        plain.append(1)
        return count(*given)

    monkeypatch.setattr(counts, "_plain", counting)
    monkeypatch.setattr(counts, "BITS", bits)
    refs = [UZ, outputs(0.1)]
    assert ours(outputs(), refs) == theirs(outputs(), refs)
    assert (len(plain) > len(UZ)) == (bits == 16)


def test_counts_hold_for_a_line_of_a_thousand_different_characters() -> None:
    hyps = ["".join(map(chr, range(0x4E00, 0x4E00 + 1500))), UZ[0]]
    refs = [[hyps[0][300:] + "abc", UZ[1]]]
    assert ours(hyps, refs) == theirs(hyps, refs)


@pytest.mark.parametrize("metric", ["bleu", "ter", "chrf_pp"])
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
    from sacrebleu.metrics import BLEU, CHRF, TER

    reference = {"bleu": BLEU(), "ter": TER(), "chrf_pp": CHRF(word_order=2)}[metric]
    expected = reference.corpus_score(hyps, [refs]).score
    assert score(hyps, refs, metric).value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_any_subset_is_scored_from_sums(metric: str, spm: Path) -> None:
    found = statistics(outputs(), UZ, metric, spm=spm)
    some = [1, 4, 5, 5, 9]
    expected = score([outputs()[i] for i in some], [UZ[i] for i in some], metric, spm=spm).value
    both = values(np.stack([found[some].sum(0), found.sum(0)]), metric)
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
    with pytest.raises(UsageError, match="not 1 and 1 and 2"):
        score(["a"], ["a"], "ter", more=[["a", "b"]])
    with pytest.raises(UsageError, match=r"evaluate\.spm"):
        score(["a"], ["a"], "spbleu")
    with pytest.raises(UsageError, match=r"no SentencePiece model"):
        score(["a"], ["a"], "spbleu", spm=Path(__file__))
    with pytest.raises(UsageError, match=r"rouge.*bleu"):
        score(["a"], ["a"], "rouge")
