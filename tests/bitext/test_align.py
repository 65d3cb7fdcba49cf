"""Links, margins and paths on small cases one can check by eye, and against brute force."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from data_prep.bitext import links, margin, vectors
from data_prep.bitext.path import CROSSING, MERGING, Step, cell, path
from data_prep.bitext.vectors import Vectors


def gains(n: int, m: int, strong: dict[tuple[int, int], float]) -> np.ndarray:
    """Rows: n sentences, n − 1 joined neighbours; columns the same for m."""
    table = np.full((2 * n - 1, 2 * m - 1), -0.5, dtype=np.float32)
    for at, value in strong.items():
        table[at] = value
    return table


def shapes(steps: list[Step]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return [(step.src, step.tgt) for step in steps]


def test_a_line_on_one_side_only_stays_alone() -> None:
    found = path(gains(3, 2, {(0, 0): 0.7, (2, 1): 0.7}), (3, 2))
    assert shapes(found) == [((0, 1), (0, 1)), ((2, 3), (1, 2))]


def test_two_sentences_joined_on_one_side() -> None:
    # source 1 is targets 1 and 2 together: column m + 1 of the joined
    table = gains(2, 3, {(0, 0): 0.7, (1, 1): 0.2, (1, 2): 0.2, (1, 4): 0.9})
    assert shapes(path(table, (2, 3))) == [((0, 1), (0, 1)), ((1, 2), (1, 3))]
    assert ((1, 2), (1, 3)) not in shapes(path(table, (2, 3), max_merge=1))


def test_swapped_neighbours_are_two_links() -> None:
    found = path(gains(2, 2, {(0, 1): 0.7, (1, 0): 0.6}), (2, 2))
    assert shapes(found) == [((0, 1), (1, 2)), ((1, 2), (0, 1))]


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 3), (1, 0), (1, 1)])
def test_empty_and_single_sides(n: int, m: int) -> None:
    table = np.ones((max(2 * n - 1, 0), max(2 * m - 1, 0)), dtype=np.float32)
    assert len(path(table, (n, m))) == min(n, m)


def best(table: np.ndarray, n: int, m: int, merge: bool) -> float:
    """The greatest sum over all paths, by trying every step at every place."""

    @cache
    def of(i: int, j: int) -> float:
        tries = [0.0]
        if i < n:
            tries.append(of(i + 1, j))
        if j < m:
            tries.append(of(i, j + 1))
        if i < n and j < m:
            tries.append(table[i, j] + of(i + 1, j + 1))
        if merge and i < n and j < m - 1:
            tries.append(1.5 * table[i, m + j] - MERGING + of(i + 1, j + 2))
        if merge and i < n - 1 and j < m:
            tries.append(1.5 * table[n + i, j] - MERGING + of(i + 2, j + 1))
        if merge and i < n - 1 and j < m - 1:
            tries.append(2 * table[n + i, m + j] - 2 * MERGING + of(i + 2, j + 2))
            crossed = table[i, j + 1], table[i + 1, j]
            if min(crossed) > 0:
                tries.append(sum(crossed) - CROSSING + of(i + 2, j + 2))
        return max(tries)

    return of(0, 0)


def worth(table: np.ndarray, steps: list[Step], n: int, m: int) -> float:
    total, crossed = 0.0, set()
    for one, two in itertools.pairwise(steps):
        if two.tgt[0] < one.tgt[0]:
            crossed.add((one, two))
    for step in steps:
        gain = float(table[cell(step, (n, m))])
        spans = step.src[1] - step.src[0], step.tgt[1] - step.tgt[0]
        total += {2: 1.0, 3: 1.5, 4: 2.0}[sum(spans)] * gain - (sum(spans) - 2) * MERGING
    return total - CROSSING * len(crossed)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1), st.booleans())
def test_the_path_is_the_best_of_all_paths(n: int, m: int, seed: int, merge: bool) -> None:
    rng = np.random.default_rng(seed)
    table = rng.uniform(-1, 1, (2 * n - 1, 2 * m - 1)).astype(np.float32)
    steps = path(table, (n, m), 2 if merge else 1)
    assert worth(table, steps, n, m) == pytest.approx(best(table, n, m, merge), abs=1e-5)
    for side in ("src", "tgt"):
        used = [at for step in steps for at in range(*getattr(step, side))]
        assert len(used) == len(set(used)), "a sentence is in two links"


def table_of(n: int, m: int, pairs: dict[tuple[int, int], float]) -> np.ndarray:
    """Margins: unrelated sentences 0.5, those in ``pairs`` more, two joined the mean of both."""
    single = np.full((n, m), 0.5, dtype=np.float32)
    for at, value in pairs.items():
        single[at] = value
    tall = np.vstack([single, (single[:-1] + single[1:]) / 2])
    return np.hstack([tall, (tall[:, : m - 1] + tall[:, 1:m]) / 2]).astype(np.float32)


def linked(found: list[links.Link], least: float = 1.0) -> set[tuple[int, int]]:
    return {
        (i, j)
        for link in found
        if link.score >= least
        for i in range(*link.src)
        for j in range(*link.tgt)
    }


def test_reordered_paragraphs_are_found() -> None:
    order = [4, 5, 6, 7, 0, 1, 2, 3]
    table = table_of(8, 8, dict.fromkeys(enumerate(order), 1.4))
    found = links.find(table, (8, 8), 1.0)
    assert linked(found) == set(enumerate(order))
    assert [link.src for link in found] == sorted(link.src for link in found)


def test_a_pair_with_a_closer_rival_is_no_link() -> None:
    # 1 and 0 lie on the path, but 1 says what 2 of the target says
    table = table_of(3, 3, {(0, 1): 1.1, (0, 2): 1.6, (1, 0): 1.5})
    assert linked(links.find(table, (3, 3), 1.0)) == {(0, 2), (1, 0)}


def test_links_before_and_after_support_a_weak_one() -> None:
    beside = {(0, 0): 1.4, (2, 2): 1.4}
    alone, supported = table_of(3, 3, {(1, 1): 0.85}), table_of(3, 3, {(1, 1): 0.85, **beside})
    assert (1, 1) not in linked(links.find(alone, (3, 3), 1.0))
    assert (1, 1) in linked(links.find(supported, (3, 3), 1.0))


def test_a_weak_link_is_left_for_the_reader_of_rejections() -> None:
    found = links.find(table_of(2, 2, {(0, 0): 1.4, (1, 1): 0.95}), (2, 2), 1.2)
    assert [(link.src, link.score >= 1.2) for link in found] == [((0, 1), True)]
    found = links.find(table_of(3, 3, {(0, 0): 1.3, (2, 2): 1.1}), (3, 3), 1.2)
    assert [(link.src, link.score >= 1.2) for link in found] == [((0, 1), True), ((2, 3), False)]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 2**32 - 1), st.sampled_from([1, 2]))
def test_no_sentence_is_in_two_links_and_both_sides_are_equal(
    n: int, m: int, seed: int, merge: int
) -> None:
    rng = np.random.default_rng(seed)
    table = rng.uniform(0, 2, (max(2 * n - 1, 0), max(2 * m - 1, 0))).astype(np.float32)
    found = links.find(table, (n, m), 1.0, merge)
    for side in ("src", "tgt"):
        used = [at for link in found for at in range(*getattr(link, side))]
        assert len(used) == len(set(used))
    for link in found:
        assert link.score >= links.LENIENCE
        assert link.margin >= links.FLOOR
        assert merge > 1 or (link.src[1] - link.src[0], link.tgt[1] - link.tgt[0]) == (1, 1)


def unit(rows: np.ndarray) -> Vectors:
    scaled = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return Vectors(sparse.csr_matrix(scaled.astype(np.float32)))


def test_ratio_margin_is_the_published_formula() -> None:
    rng = np.random.default_rng(0)
    src, tgt = unit(rng.random((9, 30))), unit(rng.random((9, 30)))
    cosines = vectors.similarities(src, tgt)
    k = 4
    rows, columns = margin.neighbourhood(src, tgt, k), margin.neighbourhood(tgt, src, k)
    found = margin.ratio(cosines, rows, columns, True, True)
    for x, y in itertools.product(range(9), repeat=2):
        near = np.sort(cosines[x])[-k:].sum() / (2 * k) + np.sort(cosines[:, y])[-k:].sum() / (
            2 * k
        )
        assert found[x, y] == pytest.approx(cosines[x, y] / near, rel=1e-5)


def test_a_pair_outside_the_sample_counts_itself_among_its_neighbours() -> None:
    src = unit(np.eye(1, 4))
    sample = unit(np.array([[1.0, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 1]]))
    near = margin.neighbourhood(src, sample, 2)
    assert near.total[0] == pytest.approx(2**-0.5 + 5**-0.5)
    found = margin.ratio(np.ones((1, 1), dtype=np.float32), near, near)
    assert found[0, 0] == pytest.approx(1 / ((1 + 2**-0.5) / 2))


def test_what_is_in_the_sample_may_differ_from_row_to_row() -> None:
    rng = np.random.default_rng(1)
    src, tgt = unit(rng.random((3, 9))), unit(rng.random((4, 9)))
    cosines = vectors.similarities(src, tgt)
    near = margin.neighbourhood(src, tgt, 2), margin.neighbourhood(tgt, src, 2)
    known = np.array([True, False, True])
    mixed = margin.ratio(cosines, *near, known, True)
    for row, flag in enumerate(known):
        assert (mixed[row] == margin.ratio(cosines, *near, bool(flag), True)[row]).all()


@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_vectors_come_back_from_a_frame_and_from_arrays(
    seed: int, of_sparse: bool, of_dense: bool
) -> None:
    if not of_sparse and not of_dense:
        return
    rng = np.random.default_rng(seed)
    rows = sparse.random_array((4, 11), density=0.3, rng=rng, format="csr", dtype=np.float32)
    before = Vectors(
        sparse.csr_matrix(rows) if of_sparse else None,
        rng.random((4, 3), dtype=np.float32) if of_dense else None,
    )
    frame = vectors.from_frame(vectors.to_frame(before), before)
    stored = vectors.restore(vectors.arrays(before))
    for after in (frame, stored):
        if before.sparse is not None:
            assert after.sparse is not None
            assert (after.sparse != before.sparse).nnz == 0
        if before.dense is not None:
            assert after.dense is not None
            assert np.array_equal(after.dense, before.dense)
