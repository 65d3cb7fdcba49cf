"""Links, margins and document pairs on small cases one can check by eye."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from data_prep.bitext import align, documents, margin, ngram
from data_prep.bitext.documents import Article, Pair
from tests.bitext.conftest import REPORTS


def margins(n: int, m: int, strong: dict[tuple[int, int], float]) -> np.ndarray:
    """Rows: n sentences, n − 1 joined neighbours; columns the same for m."""
    table = np.full((2 * n - 1, 2 * m - 1), 0.3, dtype=np.float32)
    for at, value in strong.items():
        table[at] = value
    return table


def shapes(links: list[align.Link]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return [(link.src, link.tgt) for link in links]


def test_a_line_on_one_side_only_stays_alone() -> None:
    found = align.path(margins(3, 2, {(0, 0): 1.5, (2, 1): 1.5}), (3, 2), 0.8)
    assert shapes(found) == [((0, 1), (0, 1)), ((2, 3), (1, 2))]


def test_two_sentences_joined_on_one_side() -> None:
    # source 1 is targets 1 and 2 together: column m + 1 of the joined
    table = margins(2, 3, {(0, 0): 1.5, (1, 1): 1.0, (1, 2): 1.0, (1, 4): 1.7})
    assert shapes(align.path(table, (2, 3), 0.8)) == [((0, 1), (0, 1)), ((1, 2), (1, 3))]
    assert ((1, 2), (1, 3)) not in shapes(align.path(table, (2, 3), 0.8, max_merge=1))


def test_swapped_neighbours_are_two_links() -> None:
    found = align.path(margins(2, 2, {(0, 1): 1.5, (1, 0): 1.4}), (2, 2), 0.8)
    assert shapes(found) == [((0, 1), (1, 2)), ((1, 2), (0, 1))]
    assert [link.margin for link in found] == pytest.approx([1.5, 1.4])


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 3), (1, 0), (1, 1)])
def test_empty_and_single_sides(n: int, m: int) -> None:
    table = np.ones((max(2 * n - 1, 0), max(2 * m - 1, 0)), dtype=np.float32)
    assert len(align.path(table, (n, m), 0.8)) == min(n, m)


def test_ratio_margin_is_the_published_formula() -> None:
    rng = np.random.default_rng(0)
    src, tgt = (ngram.unit(sparse.csr_matrix(rng.random((9, 30)))) for _ in range(2))
    cosines = (src @ tgt.T).toarray()
    k = 4
    rows, columns = margin.neighbourhood(src, tgt, k), margin.neighbourhood(tgt, src, k)
    found = margin.ratio(cosines, rows, columns, True, True)
    for x in range(9):
        for y in range(9):
            near = np.sort(cosines[x])[-k:].sum() / (2 * k) + np.sort(cosines[:, y])[-k:].sum() / (
                2 * k
            )
            assert found[x, y] == pytest.approx(cosines[x, y] / near, rel=1e-5)


def test_a_pair_outside_the_sample_counts_itself_among_its_neighbours() -> None:
    src = ngram.unit(sparse.csr_matrix(np.eye(1, 4)))
    sample = ngram.unit(sparse.csr_matrix(np.array([[1.0, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 1]])))
    near = margin.neighbourhood(src, sample, 2)
    assert near.total[0] == pytest.approx(2**-0.5 + 5**-0.5)
    found = margin.ratio(np.ones((1, 1), dtype=np.float32), near, near)
    assert found[0, 0] == pytest.approx(1 / ((1 + 2**-0.5) / 2))


def article(side: str, number: int, alternates: list[str] | None = None, day: int = 1) -> Article:
    return Article(f"{side}{number}", f"https://{side}.example/{number}", day,
                   frozenset(alternates or ()), ["x"])  # fmt: skip


def test_one_sided_links_hold_and_mutual_ones_win() -> None:
    az = [
        article("az", 0, ["http://uz.example/0/#top"]),
        article("az", 1, ["https://uz.example/2"]),
    ]
    uz = [article("uz", 0), article("uz", 1, ["https://az.example/1"]),
          article("uz", 2, ["https://az.example/1"])]  # fmt: skip
    assert documents.linked(az, uz) == [Pair(0, 0, None), Pair(1, 2, None)]


def test_of_two_links_the_closer_date_wins() -> None:
    az = [article("az", 0, ["https://uz.example/0", "https://uz.example/1"], day=5)]
    uz = [article("uz", 0, day=1), article("uz", 1, day=4)]
    assert documents.linked(az, uz) == [Pair(0, 1, None)]


def newspaper(side: int, day: int | None = None) -> list[Article]:
    return [
        Article(f"{side}{n}", f"https://{side}.example/{n}", n if day is None else day,
                frozenset(), [pair[side] for pair in lines])
        for n, (_, lines) in enumerate(REPORTS)
    ]  # fmt: skip


def test_documents_without_links_are_found_within_the_window() -> None:
    az, uz = newspaper(0, day=100), newspaper(1, day=101)
    encoder = ngram.fit([s for a in [*az, *uz] for s in a.sentences])
    found = documents.by_margin(az, uz, encoder, [], k=4, days=1, threshold=1.0)
    assert [(pair.src, pair.tgt) for pair in found] == [(n, n) for n in range(len(REPORTS))]
    assert documents.by_margin(az, uz, encoder, [], k=4, days=0, threshold=1.0) == []
    taken = [Pair(0, 0, None)]
    found = documents.by_margin(az, uz, encoder, taken, k=4, days=1, threshold=1.0)
    assert 0 not in {pair.src for pair in found} | {pair.tgt for pair in found}


def test_an_article_without_a_date_is_compared_with_all() -> None:
    az = newspaper(0, day=100)
    uz = [Article(a.id, a.url, None, a.alternates, a.sentences) for a in newspaper(1)]
    encoder = ngram.fit([s for a in [*az, *uz] for s in a.sentences])
    found = documents.by_margin(az, uz, encoder, [], k=4, days=1, threshold=1.0)
    assert len(found) == len(REPORTS)


def test_vectors_are_the_same_alone_and_in_company() -> None:
    texts = [pair[0] for _, lines in REPORTS for pair in lines]
    encoder = ngram.fit(texts)
    together = ngram.encode(encoder, texts, "src")
    for number in (0, 7, len(texts) - 1):
        alone = ngram.encode(encoder, [texts[number]], "src")
        assert abs(together[number] - alone).max() == 0


def test_text_without_words_has_a_vector_of_its_length_only() -> None:
    encoder = ngram.fit(["Bir iki üç.", "Dörd beş altı."])
    vectors = ngram.encode(encoder, ["", "…", "\ud800"], "src")
    assert vectors.shape[0] == 3
    assert np.isfinite(vectors.data).all()
