"""The encoder and the aligner on the visible NTREX documents: what the docs may quote."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from data_prep.bitext import align, documents, lexicon, margin, mining, ngram
from data_prep.bitext.documents import Article, Pair
from data_prep.text.normalize import normalize
from korpu import schema

ALIGN = schema.Align("ngram", 4, 2, 1.05, 0.8, 2)
K = ALIGN.neighbours


def lines(shared: Path, code: str) -> list[str]:
    text = (shared / "ntrex" / f"ntrex.{code}").read_text("utf-8")
    return [normalize(line, code) for line in text.splitlines()]


def p_at_1(encoder: ngram.Encoder, az: list[str], uz: list[str]) -> tuple[float, np.ndarray]:
    src, tgt = ngram.encode(encoder, az, "src"), ngram.encode(encoder, uz, "tgt")
    near = margin.neighbourhood(src, tgt, K), margin.neighbourhood(tgt, src, K)
    found = margin.ratio((src @ tgt.T).toarray(), *near, True, True)
    return float((found.argmax(axis=1) == np.arange(len(az))).mean()), found


def test_precision_at_1_with_a_lexicon_of_its_own(shared: Path) -> None:
    az, uz = lines(shared, "azj_Latn"), lines(shared, "uzn_Latn")
    assert len(az) == len(uz) == 1007
    encoder = ngram.fit([*az, *uz])
    plain, found = p_at_1(encoder, az, uz)
    learned = plain
    for _ in range(2):
        sure = [(i, j) for i, j, value in margin.mutual_best(found) if value >= 1.1]
        encoder = lexicon.learn(encoder, [az[i] for i, _ in sure], [uz[j] for _, j in sure])
        learned, found = p_at_1(encoder, az, uz)
    print(f"P@1 az→uz, n=1007, k=4: {plain:.4f} without, {learned:.4f} with the lexicon")
    assert plain >= 0.83
    assert learned >= 0.925


Links = set[tuple[int, int]]


def noisy(shared: Path, seed: int) -> tuple[list[Article], list[Article], list[Links]]:
    """Per side: 7.5% deleted, 4% merged, 1.5% swapped, 2.5% lines of another language added."""
    rng = random.Random(seed)
    names = (shared / "ntrex" / "documents.txt").read_text("utf-8").splitlines()
    texts = [
        (lines(shared, "azj_Latn"), lines(shared, "tur_Latn")),
        (lines(shared, "uzn_Latn"), lines(shared, "tuk_Latn")),
    ]
    sides: tuple[list[Article], list[Article]] = ([], [])
    truth = []
    for document in dict.fromkeys(names):
        members = []
        for side, (own, other) in zip(sides, texts, strict=True):
            units = [({i}, own[i]) for i, name in enumerate(names)
                     if name == document and rng.random() >= 0.075]  # fmt: skip
            at = 0
            while at < len(units) - 1:
                drawn = rng.random()
                one, two = units[at : at + 2]
                if drawn < 0.04:
                    units[at : at + 2] = [(one[0] | two[0], f"{one[1]} {two[1]}")]
                elif drawn < 0.055:
                    units[at : at + 2] = [two, one]
                at += 1
            for place in range(len(units), 0, -1):
                if rng.random() < 0.025:
                    units.insert(place, (set(), rng.choice(other)))
            members.append([unit[0] for unit in units])
            side.append(Article(f"{len(side):04d}", "", 1, frozenset(), [u[1] for u in units]))
        truth.append(
            {(i, j) for i, a in enumerate(members[0]) for j, b in enumerate(members[1]) if a & b}
        )
    return *sides, truth


@pytest.mark.parametrize("seed", [11, 12])  # the settings were chosen on seeds 1 and 2
def test_links_in_noisy_documents(shared: Path, seed: int) -> None:
    src, tgt, truth = noisy(shared, seed)
    encoder = ngram.fit([s for a in [*src, *tgt] for s in a.sentences])
    pairs = [Pair(n, n, None) for n in range(len(src))]
    for _ in range(mining.ROUNDS):
        encoder = mining._learn(src, tgt, pairs, encoder, ALIGN)
    around = mining.surroundings(src, tgt, encoder, K)
    both = [
        (align.Document(a.sentences, True), align.Document(b.sentences, True))
        for a, b in zip(src, tgt, strict=True)
    ]
    right = found = 0
    for links, true in zip(align.align(both, around, ALIGN.sentence_margin), truth, strict=True):
        got = {
            (i, j)
            for link in links
            if link.margin >= ALIGN.sentence_margin
            for i in range(*link.src)
            for j in range(*link.tgt)
        }
        right, found = right + len(got & true), found + len(got)
    precision, recall = right / found, right / sum(map(len, truth))
    f1 = 2 * precision * recall / (precision + recall)
    print(f"links, seed {seed}: P {precision:.4f} R {recall:.4f} F1 {f1:.4f}")
    assert f1 >= 0.94


def test_documents_of_one_day_without_links(shared: Path) -> None:
    src, tgt, _ = noisy(shared, 11)
    encoder = ngram.fit([s for a in [*src, *tgt] for s in a.sentences])
    found = documents.by_margin(src, tgt, encoder, [], k=K, days=0, threshold=ALIGN.document_margin)
    right = sum(pair.src == pair.tgt for pair in found)
    print(f"documents: {right} of {len(found)} pairs right, of {len(src)}")
    assert right >= 0.97 * len(found)
    assert right >= 0.95 * len(src)
