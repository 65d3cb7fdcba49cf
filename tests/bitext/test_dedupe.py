"""Duplicates in a corpus on disk, against the plain definition."""

from __future__ import annotations

import dataclasses
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.bitext import buckets, dedupe, minhash, shards
from korpu import schema
from tests.bitext import corpora
from tests.bitext.corpora import row


@dataclasses.dataclass(frozen=True)
class Asked:
    """The parts of ``prepare`` that the steps read."""

    dedupe: schema.Dedupe
    filter: Any


@dataclasses.dataclass(frozen=True)
class Furniture:
    boilerplate: int


def judged(
    rows: list[dict[str, Any]], side: str, near: float | None, boilerplate: int = 0, shard: int = 3
) -> list[str | None]:
    asked: Any = Asked(schema.Dedupe(side, near), Furniture(boilerplate))
    with tempfile.TemporaryDirectory() as folder, shards.crew(1) as crew:
        known = corpora.corpus(rows, Path(folder) / "rows", shard)
        for step in dedupe.steps(asked):
            known = buckets.run(step, known, Path(folder) / "work", crew)
        return corpora.reasons(known)


DRAWN = st.lists(
    st.tuples(
        st.integers(0, 6), st.integers(0, 6), st.sampled_from([None, 0.9, 1.0, 1.1]), st.booleans()
    ),
    min_size=1,
    max_size=40,
)


def made(drawn: list[tuple[int, int, float | None, bool]]) -> list[dict[str, Any]]:
    return [
        row(f"cümlə {src}", f"gap {tgt}", f"d{n}", score=score, trusted=trusted)
        for n, (src, tgt, score, trusted) in enumerate(drawn)
    ]


def plainly(rows: list[dict[str, Any]], side: str) -> list[str | None]:
    """The definition: of rows with equal keys the first by rank stays, side after side."""
    left = set(range(len(rows)))
    for keys in [("src_key", "tgt_key")] if side == "both" else [("src_key",), ("tgt_key",)]:
        best: dict[Any, int] = {}
        ranked = sorted(
            left,
            key=lambda n: (
                not rows[n]["trusted"],
                -1e9 if rows[n]["score"] is None else -rows[n]["score"],
                rows[n]["id"],
            ),
        )
        for n in ranked:
            best.setdefault(tuple(rows[n][key] for key in keys), n)
        left = set(best.values())
    return [None if n in left else "duplicate" for n in range(len(rows))]


@given(DRAWN, st.sampled_from(["either", "both"]), st.sampled_from([1, 3, 50]))
@settings(max_examples=40, deadline=None)
def test_the_best_of_equal_pairs_stays(drawn: Any, side: str, shard: int) -> None:
    rows = made(drawn)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "PART", 7)
        patch.setattr(buckets, "BUCKET", 5)
        assert judged(rows, side, None, shard=shard) == plainly(rows, side)


BASE = (
    "Nazirlər Kabineti kənd təsərrüfatına dəstək haqqında yeni qərar qəbul edib və onu nəşr edib."
)
OTHER = "Vazirlar Mahkamasi qishloq xoʻjaligini qoʻllab-quvvatlash haqida yangi qaror qabul qildi."


def test_near_duplicates_lose_to_the_better_one() -> None:
    rows = [
        row(BASE, OTHER, "a", score=1.0),
        row(BASE.replace("yeni qərar", "yeni qərarı"), "Boshqa tarjima shu yerda turibdi.", "b"),
        row(
            BASE.replace("edib və", "edib, sonra"),
            "Umuman boshqa gap, oʻxshashi yoʻq.",
            "c",
            score=1.2,
        ),
        row("Bakıda hava günəşli keçəcək.", OTHER.replace("qabul qildi", "qabul qilgan"), "d"),
        row("Bakıda yağış yağacaq, külək güclənəcək.", "Bokuda yomgʻir yogʻadi.", "e"),
    ]
    found = judged(rows, "either", 0.75)
    assert found[2] is None
    assert found[4] is None
    assert {found[0], found[1]} == {"near duplicate"}
    assert found[3] == "near duplicate"  # of the first one's Uzbek side, itself a near duplicate
    assert judged(rows, "both", 0.75) == [None] * 5


def test_another_number_is_another_report() -> None:
    rows = [
        row(BASE + f" Bunun üçün {amount} milyon manat ayrılıb.", f"Gap {amount}", str(amount))
        for amount in (12, 13)
    ]
    assert judged(rows, "either", 0.75) == [None, None]
    twins = [dict(r, src=r["src"].replace("13", "12"), tgt=f"t{n}") for n, r in enumerate(rows)]
    assert judged(twins, "either", 0.75).count("near duplicate") == 1


def test_pairs_of_different_languages_are_never_duplicates() -> None:
    rows = [row(BASE, OTHER), row(BASE, "The Cabinet has decided.", tgt_lang="eng_Latn")]
    assert judged(rows, "either", 0.75) == [None, None]


def test_a_line_of_many_pages_is_boilerplate_and_of_files_is_not() -> None:
    often = [row("Bizi izləyin", f"Bizni kuzating {n}", f"d{n}") for n in range(4)]
    assert judged(often, "both", None, boilerplate=3) == ["boilerplate"] * 4
    assert judged(often, "both", None, boilerplate=4) == [None] * 4
    files = [dict(r, src_url=None) for r in often]
    assert judged(files, "both", None, boilerplate=3) == [None] * 4
    trusted = [dict(r, trusted=True) for r in often]
    assert judged(trusted, "both", None, boilerplate=3) == [None] * 4


def test_thousands_of_equal_lines_leave_one() -> None:
    rows = [row("Ləğv et", "Bekor qilish", f"d{n}") for n in range(3_000)]
    found = judged(rows, "either", 0.85, shard=500)
    assert found.count(None) == 1
    assert found.count("duplicate") == 2_999


def test_the_key_ignores_case_spaces_and_marks_as_the_language_writes_them() -> None:
    assert dedupe.key("İşıq: yandı!", "azj_Latn") == dedupe.key("işıq  YANDI", "azj_Latn")
    assert dedupe.key("Oʻzbekiston", "uzn_Latn") == dedupe.key("O'ZBEKISTON.", "uzn_Latn")
    assert dedupe.key("işıq", "azj_Latn") != dedupe.key("isiq", "azj_Latn")
    assert dedupe.key("!!!", "azj_Latn") != dedupe.key("???", "azj_Latn")


def test_signatures_estimate_the_share_of_shingles() -> None:
    texts = [BASE, BASE.replace("yeni", "köhnə"), OTHER, "", "ab"]
    found = minhash.signatures(texts)
    hashes, ends = minhash.shingles([minhash.fold(text) for text in texts])
    sets = [set(hashes[int(a) : int(b)].tolist()) for a, b in pairwise(ends)]
    true = [len(sets[0] & other) / len(sets[0] | other) for other in sets]
    told = [float((found[0] == other).mean()) for other in found]
    assert told == pytest.approx(true, abs=0.12)
    packed = minhash.bits(found)
    assert minhash.agreement(packed[:1], packed)[:3] == pytest.approx(true[:3], abs=0.2)
