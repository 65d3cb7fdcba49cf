"""compare-mt as a second oracle: it counts and scores by code of its own, not by sacrebleu's.

``compare_mt.txt`` is what compare-mt 0.2.10 (with nltk 3.10.4, numpy 2.4.6, Python 3.11) answered
to the command of ``answer`` on the files of ``written``. Our numbers are held to it always; the
tool itself is run again where it is installed, in an environment of its own:

    python -m venv DIR && DIR/bin/pip install compare-mt six     # it needs six and does not say so
    KORPU_COMPARE_MT=DIR/bin/compare-mt python -m pytest tests/eval/test_compare_mt.py

Where the two mean the same, they agree to the last digit it prints:

- BLEU, in a corpus and in any bucket: it splits at spaces, so it is given text as ``13a`` cuts it;
- which sentences a length bucket holds: it goes by the reference, ours by the source, so here the
  source is the reference;
- the counts behind chrF: its chrF (NLTK's) is the mean of every sentence's and order's own F2.

Where they do not, this is how:

- chrF: sacrebleu's, and so ours, sums over the corpus and averages precision and recall before F2;
- BLEU without any match of an order: it takes that precision as 1 and ours smooths it, so each
  bucket here has matches of all orders;
- paired bootstrap: it draws half as many sentences as there are (``sample_ratio=0.5``), and its p
  is the share of draws that the better system does not win. Ours draws whole test sets, by
  document, and moves the differences to zero. Only who wins, and whether surely, is comparable;
- intervals: of half as many sentences, so wider;
- word F-measure by training frequency: not ours. ``rare`` cuts sentences, by their source's words.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from eval import breakdown, buckets, counts, vocabulary
from eval.metrics import canonical, score, statistics
from eval.significance import compare, seeded
from eval.testset import Segment, TestSide
from tests.eval.parts import AZ

UZ = Path(__file__).with_name("sentences.uz").read_text("utf-8").splitlines()
ANSWER = Path(__file__).with_name("compare_mt.txt")
TOOL = os.environ.get("KORPU_COMPARE_MT") or shutil.which("compare-mt")
COUNT = 240
CUTOFFS = ":".join(map(str, buckets.WORDS))
SHORT = (4, 9)  # sentences of fewer than ten tokens


def text(at: int, lines: list[str]) -> str:
    """One to four sentences, so that there are all lengths."""
    if at % 6 == 0:
        return lines[SHORT[at // 6 % 2] % len(lines)]
    count = (0, 1, 2, 2, 3, 4)[at % 6]
    return " ".join(lines[(5 * at + 7 * k * k + at // 6 * k) % len(lines)] for k in range(count))


def worse(line: str, every: int, at: int) -> str:
    """Without every so-many-th word, and the word before it twice."""
    words = line.split()
    return " ".join(
        f"{word} {word}" if (i + at) % every == every - 2 else word
        for i, word in enumerate(words)
        if (i + at) % every != every - 1
    )


REFS = [text(i, UZ) for i in range(COUNT)]
HYPS = {"weak": [worse(r, 5, i) for i, r in enumerate(REFS)],
        "good": [worse(r, 9, i) for i, r in enumerate(REFS)]}  # fmt: skip


def tokenised(lines: list[str]) -> list[str]:
    """As our normalised BLEU reads them."""
    return [" ".join(words) for words in counts.tokens_13a(canonical(lines, "uzn_Latn"))]


def side(sources: list[str]) -> TestSide:
    segments = [
        Segment(str(i), f"d{i // 3}", src, ref, (), "ab"[i % 3 == 0], f"2025-{1 + i % 4:02}-10")
        for i, (src, ref) in enumerate(zip(sources, REFS, strict=True))
    ]
    return TestSide("news", "azj_Latn-uzn_Latn", tuple(segments))


BY_LENGTH = side(tokenised(REFS))  # the source is what compare-mt takes the length of
NEWS = side([text(i, AZ) for i in range(COUNT)])
KINDS = ("length", "origin", "date", "rare")


def of_kind(tested: TestSide, kind: str) -> list[buckets.Bucket]:
    known = {word: 9 for line in vocabulary.words(AZ[::2], "azj_Latn") for word in line}
    found = buckets.cut(tested, {"weak": {}}, known)
    return [bucket for bucket in found if bucket.kind == kind]


def written(folder: Path) -> None:
    """The reference, both outputs, and for each kind of bucket which of them a line is in."""
    given = {"ref": REFS, **HYPS}
    files = {name: tokenised(lines) for name, lines in given.items()}
    for kind in KINDS:
        labels = {i: f"b{n}" for n, b in enumerate(of_kind(NEWS, kind)) for i in b.indices}
        files[kind] = [labels[i] for i in range(COUNT)]
    for name, lines in files.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")


def answer(folder: Path, tool: str) -> str:
    scored = "statistic_type=score,score_measure=bleu"
    labelled = [
        f"bucket_type=label,{scored},ref_labels={kind},label_set="
        + "+".join(f"b{n}" for n in range(len(of_kind(NEWS, kind))))
        for kind in KINDS
    ]
    command = [
        *(tool, "ref", "weak", "good", "--seed", "1", "--decimals", "9"),
        *("--compare_scores", "score_type=bleu,bootstrap=1000", "score_type=chrf"),
        "score_type=length",
        "--compare_sentence_buckets",
        f"bucket_type=length,{scored},bucket_cutoffs={CUTOFFS}",
        *labelled,
        *("--compare_word_accuracies", "--compare_ngrams", "--compare_sentence_examples"),
    ]  # the last three: none of them
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sections(said: str) -> list[list[list[str]]]:
    """What stands below each heading: its lines, cut at tabs."""
    found = re.split(r"\*{10,} .* \*{10,}\n", said)[1:]
    return [[line.split("\t") for line in part.splitlines() if line] for part in found]


@pytest.fixture(scope="module")
def theirs() -> list[list[list[str]]]:
    return sections(ANSWER.read_text("utf-8"))


def column(rows: list[list[str]], at: int) -> list[float]:
    return [float(row[at]) for row in rows]


@pytest.mark.skipif(TOOL is None, reason="needs compare-mt; KORPU_COMPARE_MT names the program")
def test_the_tool_still_answers_what_is_written_down(tmp_path: Path) -> None:
    assert TOOL is not None
    written(tmp_path)
    assert answer(tmp_path, TOOL) == ANSWER.read_text("utf-8")


@pytest.mark.parametrize("system", HYPS)
def test_bleu_and_the_lengths_in_it(system: str, theirs: list[list[list[str]]]) -> None:
    at = 1 + list(HYPS).index(system)
    bleu = next(row for row in theirs[0] if row[0] == "BLEU")
    lengths = next(row for row in theirs[2] if row[0] == "length ratio")[at]
    ours = score(HYPS[system], REFS, "bleu", normalised=True, language="uzn_Latn")
    assert f"{ours.value:.9f}" == bleu[at]
    output, ref = statistics(HYPS[system], REFS, "bleu", True, "uzn_Latn").sum(0)[:2]
    assert lengths.endswith(f"(ref={ref}, out={output})")


@pytest.mark.parametrize("system", HYPS)
def test_the_counts_of_chrf(system: str, theirs: list[list[list[str]]]) -> None:
    """Its formula on our counts; ours is another one, and the scores are not the same."""
    row = next(row for row in theirs[1] if row[0] == "ChrF")
    theirs_of = float(row[1 + list(HYPS).index(system)])
    texts = tokenised(HYPS[system]), tokenised(REFS)
    found = counts.chrf(texts[0], [texts[1]])[:, : 3 * counts.CHAR_ORDER]
    output, ref, same = found[:, 0::3], found[:, 1::3], found[:, 2::3]
    precision, recall = same / output, same / ref
    f2 = 5 * precision * recall / (4 * precision + recall)
    assert 100 * f2.mean() == pytest.approx(theirs_of, abs=1e-8)
    assert 1e-4 < abs(score(*texts, "chrf").value - theirs_of) < 1


def test_length_buckets_hold_the_same_sentences(theirs: list[list[list[str]]]) -> None:
    cut = of_kind(BY_LENGTH, "length")
    assert len(cut) == 1 + len(buckets.WORDS), "a joined bucket would not be theirs"
    rows = theirs[3][-len(cut) :]
    assert [row[0] for row in rows] == [
        "<10", "[10,15)", "[15,20)", "[20,30)", "[30,40)", ">=40"
    ]  # fmt: skip
    agree(rows, BY_LENGTH, cut)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_in_buckets(kind: str, theirs: list[list[list[str]]]) -> None:
    cut = of_kind(NEWS, kind)
    rows = theirs[4 + KINDS.index(kind)][-1 - len(cut) : -1]  # the last is `other`, and empty
    assert [row[0] for row in rows] == [f"b{n}" for n in range(len(cut))] and len(cut) > 1
    agree(rows, NEWS, cut)


def agree(rows: list[list[str]], tested: TestSide, cut: list[buckets.Bucket]) -> None:
    found = breakdown.scored(tested, HYPS, cut, ["bleu"], 10, 1, {})
    for at, system in enumerate(HYPS, start=1):
        ours = [row["value"] for row in found if row["system"] == system]
        assert ours == pytest.approx(column(rows, at), abs=1e-6)
        assert min(ours) > 1 and len(set(ours)) == len(ours)


def test_the_same_system_wins_and_surely(theirs: list[list[list[str]]]) -> None:
    won = next(row[-1] for row in theirs[0] if row[-1].startswith("s"))
    p_value = next(row[-1] for row in theirs[0] if row[-1].startswith("p="))
    assert won == "s2>s1" and float(p_value.removeprefix("p=")) < 0.05
    by_segment = [statistics(HYPS[s], REFS, "bleu", True, "uzn_Latn") for s in ("good", "weak")]
    ours = compare(by_segment[0], by_segment[1], "bleu", 1000, seeded(1, "compare-mt"))
    assert ours.delta > 0 and ours.interval[0] > 0
    assert max(ours.bootstrap, ours.better, ours.differ) < 0.05 < ours.worse
    intervals = next(row for row in theirs[0] if len(row) > 1 and row[1].startswith("["))[1:3]
    for interval, value in zip(intervals, (ours.baseline, ours.system), strict=True):
        low, high = map(float, interval.strip("[]").split(","))
        assert low < value < high
