"""The numbers quoted in docstrings and docs, on the shared data.

Print them: ``pytest tests/text/test_measured.py -s``. Skipped where ``../shared/data`` (or
``$KORPU_SHARED``) is absent.
"""

from __future__ import annotations

import itertools
import math
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from data_prep.text import measure
from data_prep.text.identify import identify_many
from data_prep.text.normalize import fold, normalize
from data_prep.text.segment import segment
from data_prep.text.transliterate import uz_cyrillic_to_latin, uz_latin_to_cyrillic

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("KORPU_SHARED", ROOT.parent / "shared" / "data"))
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no shared data at {SHARED}")

WORD = re.compile(r"[\wʻʼ]+")


def lines(name: str) -> list[str]:
    path = SHARED / name
    if not path.is_file() and (SHARED / "data" / name).is_file():
        path = SHARED / "data" / name  # $KORPU_SHARED may name shared/ or shared/data
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("to_latin", [True, False])
def test_udhr_transliteration(to_latin: bool) -> None:
    cyrillic, latin = lines("udhr/udhr.uzn_Cyrl"), lines("udhr/udhr.uzn_Latn")
    if to_latin:
        found = [normalize(uz_cyrillic_to_latin(line), "uzn_Latn") for line in cyrillic]
        gold = [normalize(line, "uzn_Latn") for line in latin]
    else:
        found = [normalize(uz_latin_to_cyrillic(line), "uzn_Cyrl") for line in latin]
        gold = [normalize(line, "uzn_Cyrl") for line in cyrillic]
    pairs = [
        pair
        for ours, theirs in zip(found, gold, strict=True)
        for pair in itertools.zip_longest(WORD.findall(ours), WORD.findall(theirs))
    ]
    wrong = [pair for pair in pairs if pair[0] != pair[1]]
    print(f"UDHR {'to Latin' if to_latin else 'to Cyrillic'}: {len(wrong)}/{len(pairs)} differ")
    assert len(wrong) <= len(pairs) / 200, wrong


def test_uzbek_cyrillic_and_back() -> None:
    for line in lines("udhr/udhr.uzn_Latn"):
        text = normalize(line, "uzn_Latn")
        assert uz_cyrillic_to_latin(uz_latin_to_cyrillic(text)) == text


@pytest.fixture(scope="module")
def odd() -> dict[str, list[str]]:
    """Documents on which no constant of ``identify`` was chosen."""
    return measure.ntrex(measure.data(), "odd")


@pytest.mark.parametrize("code", ["azj_Latn", "uzn_Latn", "uzn_Cyrl", "azj_Cyrl"])
def test_ntrex_identification(odd: dict[str, list[str]], code: str) -> None:
    right = sum(f.language == code for f in identify_many(odd[code]))
    print(f"NTREX odd documents {code}: recall {right / len(odd[code]):.4f} (n={len(odd[code])})")
    assert right / len(odd[code]) >= (0.99 if code == "azj_Cyrl" else 0.995)


@pytest.mark.parametrize("code", ["tur_Latn", "tuk_Latn", "kaz_Cyrl", "kir_Cyrl", "rus_Cyrl"])
def test_ntrex_neighbours_are_not_accepted(odd: dict[str, list[str]], code: str) -> None:
    accepted = [f.language for f in identify_many(odd[code]) if f.language[:3] in ("azj", "uzn")]
    print(f"NTREX odd documents {code}: {len(accepted)} of {len(odd[code])} accepted")
    assert len(accepted) <= 0.002 * len(odd[code])


@pytest.mark.parametrize("code", ["azj_Latn", "uzn_Latn", "uzn_Cyrl"])
def test_ntrex_snippets(odd: dict[str, list[str]], code: str) -> None:
    cut = measure.snippets(odd[code])
    right = sum(f.language == code for f in identify_many(cut)) / len(cut)
    print(f"NTREX odd documents {code}: 3 words {right:.4f} (n={len(cut)})")
    assert right >= 0.93


@pytest.mark.parametrize(("code", "least"), [("azj_Latn", 0.955), ("uzn_Latn", 0.925)])
def test_ntrex_sentence_boundaries(code: str, least: float) -> None:
    """Lines of a document joined by a space; some hold headlines or two sentences, so ≠ 1."""
    documents = lines("ntrex/documents.txt")
    text = lines(f"ntrex/ntrex.{code}")
    right = found = gold = 0
    for _, group in itertools.groupby(range(len(text)), key=lambda i: documents[i]):
        joined = [" ".join(text[i].split()) for i in group]
        theirs, ours = ends(joined), ends(segment(" ".join(joined), code))
        right, found, gold = right + len(theirs & ours), found + len(ours), gold + len(theirs)
    f1 = 2 * right / (found + gold)
    print(f"NTREX {code}: boundary F1 {f1:.4f}")
    assert f1 >= least


def ends(sentences: list[str]) -> set[int]:
    """Positions, without white space, where a sentence ends inside the document."""
    lengths = ["".join(s.split()) for s in sentences]
    return set(list(itertools.accumulate(map(len, lengths)))[:-1])


def test_fold_finds_more_translations() -> None:
    az, uz = lines("ntrex/ntrex.azj_Latn"), lines("ntrex/ntrex.uzn_Latn")
    plain = precision_at_1(az, uz, lambda t: re.sub("[ʻʼ‘’]", "'", t).replace("İ", "i").lower())
    folded = precision_at_1(az, uz, fold)
    print(f"NTREX az→uz P@1, n={len(az)}: lower-cased {plain:.4f}, folded {folded:.4f}")
    assert folded >= plain + 0.07


def precision_at_1(left: list[str], right: list[str], form: Callable[[str], str]) -> float:
    """Character 2–4-gram TF-IDF, ratio margin over the 4 nearest on each side."""
    bags = [Counter(grams(form(text))) for text in (*left, *right)]
    frequency = Counter(gram for bag in bags for gram in bag)
    index = {gram: i for i, gram in enumerate(frequency)}
    rows = [i for i, bag in enumerate(bags) for _ in bag]
    columns = [index[gram] for bag in bags for gram in bag]
    weights = [
        (1 + math.log(n)) * (1 + math.log(len(bags) / frequency[gram]))
        for bag in bags
        for gram, n in bag.items()
    ]
    matrix = sp.csr_matrix((weights, (rows, columns)), shape=(len(bags), len(index)))
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
    matrix = sp.diags(1 / np.maximum(norms, 1e-9)) @ matrix
    scores = (matrix[: len(left)] @ matrix[len(left) :].T).toarray()
    near_left, near_right = np.sort(scores, 1)[:, -4:].mean(1), np.sort(scores, 0)[-4:].mean(0)
    margin = scores / ((near_left[:, None] + near_right[None]) / 2)
    return float((margin.argmax(1) == np.arange(len(left))).mean())


def grams(text: str) -> list[str]:
    return [
        padded[i : i + n]
        for word in re.findall(r"[\w']+", text)
        for padded in [f" {word} "]
        for n in (2, 3, 4)
        for i in range(len(padded) - n + 1)
    ]
