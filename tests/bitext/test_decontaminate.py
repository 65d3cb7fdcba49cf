"""Lines of test sets in texts: every way they come back, and nothing else."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.benchmarks import TestSet
from data_prep.bitext import decontaminate, shards, splits
from data_prep.bitext.decontaminate import Hit, find, in_order, index
from data_prep.bitext.sentences import to_latin
from data_prep.text.normalize import fold, normalize
from data_prep.text.transliterate import uz_latin_to_cyrillic
from korpu import schema
from korpu.errors import SaysNo, UsageError
from tests.bitext.perturbed import AS_IT_IS, CYRILLIC, KINDS, perturb

DEFAULT = schema.Decontaminate(ngram=8, coverage=0.5, near=0.8)
ROOT = Path(__file__).resolve().parents[2]

AZ = (
    "Hökumət gələn ildən etibarən kənd məktəblərində yeni dərsliklərin pulsuz paylanacağını "
    "açıqlayıb."
)
UZ = (
    "Hukumat kelgusi yildan boshlab qishloq maktablarida yangi darsliklar bepul tarqatilishini "
    "maʼlum qildi."
)
AZ_LONG = (
    "Nazirliyin məlumatına görə, sahil boyunca uzanan köhnə dəmir yolu xətti təmir edildikdən "
    "sonra sərnişin qatarları paytaxtdan limana iki saata çatacaq."
)
UZ_LONG = (
    "Vazirlik maʼlumotiga koʻra, sohil boʻylab oʻtgan eski temir yoʻl taʼmirlangandan soʻng "
    "yoʻlovchi poyezdlari poytaxtdan portgacha ikki soatda yetib boradi."
)
AZ_CYRILLIC = (
    "Һөкумәт ҝәлән илдән етибарән кәнд мәктәбләриндә јени дәрсликләрин пулсуз пајланаҹағыны "
    "ачыглајыб."
)


def known_as(
    src: Sequence[str],
    tgt: Sequence[str],
    name: str = "known",
    langs: tuple[str, str] = ("azj_Latn", "uzn_Latn"),
) -> TestSet:
    return TestSet(name, *langs, list(src), list(tgt), [""] * len(src), "")


LINES = index(
    [
        known_as(["Yağış bütün gecə yağıb.", AZ, AZ_LONG], ["Yomgʻir tun boʻyi yogʻdi.", UZ]),
        known_as(["Sərgi bazar günü bağlanır."], [UZ_LONG], "other"),
    ],
    DEFAULT,
)


def only(text: str, lines: decontaminate.Index = LINES) -> Hit | None:
    (hit,) = find(lines, [text])
    return hit


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (AZ, "known line 2 (src), exact"),
        ("“HÖKUMƏT GƏLƏN İLDƏN ETİBARƏN”: " + AZ[len("Hökumət gələn ildən etibarən ") :],
         "known line 2 (src), exact"),
        (UZ.replace("ʼ", "'").replace(",", ""), "known line 2 (tgt), exact"),
        ("Yağış – bütün gecə yağıb!", "known line 1 (src), exact"),
        (f"Muxbirimizning xabariga koʻra, {UZ} Bu haqda OAV yozmoqda.",
         "known line 2 (tgt), contained"),
        ("Gələn ildən etibarən kənd məktəblərində yeni", "known line 2 (src), contained .55"),
        ("Sohil boʻylab oʻtgan eski temir yoʻl taʼmirlangandan soʻng",
         "other line 1 (tgt), contained .42"),
        ("Vazirlik maʼlumotiga koʻra, sohil boʻylab oʻtgan eski temir yoʻl taʼmirlangandan soʻng "
         "yoʻlovchi poyezdlari har kuni ertalab keladi.", "other line 1 (tgt), 6-grams .57"),
        ("Hukumat kelgusi oydan boshlab qishloq maktablarida yangi kitoblar bepul "
         "tarqatilishini maʼlum qildi.", "known line 2 (tgt), same words .83"),
        ("Hökumet gələn ildən etibarən kənd məktəblerində yeni dərsliklərin pulsuz "
         "paylanacagını açıqlayıb", "known line 2 (src)"),
    ],
)  # fmt: skip
def test_how_a_line_is_found(text: str, said: str) -> None:
    assert str(only(text)).startswith(said)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "–",
        "Yağış bütün gecə yağıb, səhər isə gün çıxıb.",  # a short line must be the whole text
        "kənd məktəblərində yeni dərsliklərin",  # four words are no evidence
        "Sahil boyunca uzanan köhnə dəmir",  # five words, but not half the line
        "Hökumət gələn ildən etibarən kənd yollarını təmir edəcəyini bildirib.",  # as news begin
        "Vazirlik maʼlumotiga koʻra, yangi yoʻl kelgusi yilda ochiladi.",
        "Limana yük qatarları gecələr çatır, sərnişin qatarları isə gündüz.",
    ],
)
def test_what_is_no_overlap(text: str) -> None:
    assert only(text) is None


@pytest.mark.parametrize(
    ("known", "langs", "text"),
    [
        (UZ, ("azj_Latn", "uzn_Latn"), uz_latin_to_cyrillic(UZ)),
        (AZ, ("azj_Latn", "uzn_Latn"), AZ_CYRILLIC),
        (uz_latin_to_cyrillic(UZ), ("azj_Latn", "uzn_Cyrl"), UZ),
        (uz_latin_to_cyrillic(UZ), ("azj_Latn", "uzn_Cyrl"), uz_latin_to_cyrillic(UZ)),
        (uz_latin_to_cyrillic(UZ_LONG), ("azj_Latn", "uzn_Latn"), UZ_LONG),  # a wrong code
        (AZ_CYRILLIC, ("uzn_Latn", "azj_Cyrl"), AZ),
        ("Правительство объявило о новых учебниках для сельских школ.", ("azj_Latn", "rus_Cyrl"),
         "Правительство объявило о новых учебниках для сельских школ"),
    ],
)  # fmt: skip
def test_both_scripts(known: str, langs: tuple[str, str], text: str) -> None:
    lines = index([known_as(["Salam."], [known], langs=langs)], DEFAULT)
    hit = only(text, lines)
    assert hit is not None
    assert (hit.line, hit.side) == (1, "tgt")
    assert only(f"Bu gün. {text} Davamı var.", lines) is not None


def test_a_suffix_after_a_quotation_mark() -> None:
    lines = index([known_as(["“Neftçi”nin baş məşqçisi"], ["Salam."])], DEFAULT)
    for text in ("Neftçinin baş məşqçisi", "“Neftçi”nin baş məşqçisi", "neftçi nin baş məşqçisi"):
        assert str(only(text, lines)) == "known line 1 (src), exact"


def test_a_line_deep_in_an_article() -> None:
    chance = random.Random(1)
    words = [f"{chance.choice('qtms')}oz{n % 997}" for n in range(5_000)]
    article = " ".join(words)
    assert only(article) is None
    assert str(only(f"{article} {AZ} {article}")) == "known line 2 (src), contained"
    torn = AZ_LONG.replace("uzanan köhnə", "uzanan və köhnə")  # a word more in the middle
    assert str(only(f"{article} {torn} {article}")) == "known line 3 (src), 6-grams .67"


def test_settings_decide() -> None:
    known = [known_as([AZ_LONG], [UZ_LONG])]
    six = " ".join(AZ_LONG.split()[:12]) + " indi yararsızdır və ona görə bağlanıb."
    assert only(six, index(known, schema.Decontaminate(8, 0.4, None))) is not None
    assert only(six, index(known, schema.Decontaminate(8, 0.6, None))) is None
    edited = "Nazirlik bildirib: " + " ".join(
        word if n % 5 else "isə" for n, word in enumerate(AZ_LONG.split()) if n > 2
    )
    assert only(edited, index(known, schema.Decontaminate(8, 0.5, None))) is None
    assert only(edited, index(known, schema.Decontaminate(8, 0.5, 0.5))) is not None
    part = " ".join(AZ_LONG.split()[3:10])  # seven words of twenty
    assert only(part, index(known, schema.Decontaminate(7, 0.5, None))) is not None
    assert only(part, index(known, schema.Decontaminate(8, 0.5, None))) is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (schema.Decontaminate(4, 0.5, 0.8), r"ngram is 4; .*give 5 or more"),
        (schema.Decontaminate(8, 0.0, 0.8), r"coverage is 0\.0; .*above 0"),
        (schema.Decontaminate(8, 1.5, 0.8), r"coverage is 1\.5"),
        (schema.Decontaminate(8, float("nan"), 0.8), "coverage is nan"),
        (schema.Decontaminate(8, 0.5, 0.3), r"near is 0\.3; .*or null"),
        (schema.Decontaminate(8, 0.5, 1.01), r"near is 1\.01"),
    ],
)
def test_settings_that_cannot_be_meant(wrong: schema.Decontaminate, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        decontaminate.check_settings(wrong)
    with pytest.raises(UsageError, match=says):
        index([], wrong)


def test_no_benchmark_and_benchmarks_without_words() -> None:
    for lines in (index([], DEFAULT), index([known_as(["–", "Bəli."], ["!", "Ha."])], DEFAULT)):
        assert find(lines, ["", "…", AZ, UZ]) == [None] * 4


def test_the_first_of_equal_lines_is_told() -> None:
    lines = index([known_as([AZ], [UZ], "b"), known_as([AZ], [UZ], "a")], DEFAULT)
    assert [str(hit) for hit in find(lines, [AZ, UZ])] == [
        "b line 1 (src), exact",
        "b line 1 (tgt), exact",
    ]


def test_an_index_is_the_same_whatever_the_hash_seed() -> None:
    code = (
        "import hashlib, pickle; from tests.bitext.test_decontaminate import *; "
        "torn = [perturb(k, line, UZ_LONG, random.Random(2)) for k in KINDS for line in (AZ, UZ)];"
        "print(hashlib.sha256(pickle.dumps(LINES)).hexdigest(), *map(str, find(LINES, torn)))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed}, cwd=ROOT, check=True, capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1
    assert b"exact" in said.pop()


def test_an_index_travels() -> None:
    lines = pickle.loads(pickle.dumps(LINES))
    assert lines == LINES
    assert find(lines, [AZ]) == find(LINES, [AZ])


words = st.sampled_from(
    sorted({word for line in (AZ, UZ, AZ_LONG, UZ_LONG) for word in line.split()} | {"və", "va"})
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(words, max_size=25).map(" ".join), max_size=8), st.integers(1, 5))
def test_what_is_found_does_not_depend_on_the_others(texts: list[str], cut: int) -> None:
    together = find(LINES, texts)
    assert together == [only(text) for text in texts]
    assert together == find(LINES, texts[:cut]) + find(LINES, texts[cut:])
    assert all(hit is None or 0 < hit.share <= 1 for hit in together)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from([AZ, UZ, UZ_LONG]))
def test_a_whole_line_is_found_in_any_text(before: str, after: str, line: str) -> None:
    assert only(f"{before} {line} {after}") is not None


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=80))
def test_any_text_will_do(text: str) -> None:
    assert only(text) is None
    assert only(text, index([known_as([text], ["Salam."])], DEFAULT)) is not None or not fold(
        normalize(text, "azj_Latn")
    )


@settings(max_examples=100, deadline=None)
@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_words_in_the_same_order(one: str, two: str) -> None:
    table = [[0] * (len(two) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one, 1):
        for j, b in enumerate(two, 1):
            table[i][j] = (
                table[i - 1][j - 1] + 1 if a == b else max(table[i - 1][j], table[i][j - 1])
            )
    assert in_order(one, two) == table[-1][-1]


@pytest.mark.parametrize("unit", [AZ + " ", "Hökumət gələn ", "bir ", "ü", "iki-üç.\t"])
def test_time_is_linear(unit: str) -> None:
    """Two megabytes without an end; what is quadratic takes minutes."""
    began = time.process_time()
    only(unit * (2_000_000 // len(unit)))
    assert time.process_time() - began < 15


def test_lines_that_all_begin_alike() -> None:
    lines = [f"Mərkəzi Bankın bu günə olan rəsmi məzənnəsi {n} {n * 7 % 89}" for n in range(2_000)]
    known = index([known_as(lines, ["Salam."])], DEFAULT)
    began = time.process_time()
    texts = [f"Mərkəzi Bankın bu günə olan qərarı {n} saylıdır" for n in range(100)]
    assert find(known, texts) == [None] * 100
    assert time.process_time() - began < 10


def corpus(path: Path, pairs: Sequence[tuple[str, str]]) -> Path:
    rows = [{"id": f"p{n}", "src": src, "tgt": tgt} for n, (src, tgt) in enumerate(pairs)]
    pl.DataFrame(rows, schema=dict.fromkeys(("id", "src", "tgt"), pl.String)).write_parquet(path)
    return path


def test_finished_splits(tmp_path: Path) -> None:
    clean = corpus(tmp_path / "dev.parquet", [("Qapı açıqdır.", "Eshik ochiq.")] * 7)
    empty = corpus(tmp_path / "test.parquet", [])
    alone = shards.Crew(1)
    assert splits.verify([clean, empty], LINES, tmp_path / "clean", alone) == 7
    left = [("Qapı açıqdır.", "Eshik ochiq.")] * 5 + [("Xəbər.", f"Xabar. {UZ}")]
    train = corpus(tmp_path / "train.parquet", left)
    with pytest.raises(
        SaysNo,
        match=r"^train\.parquet overlaps the benchmark known: pair p5 holds known line 2 "
        r"\(tgt\), contained; nothing may be trained",
    ):
        splits.verify([clean, train], LINES, tmp_path / "left", alone)


def benchmark(shared: Path, name: str) -> TestSet:
    src, tgt = (
        (shared / name / f"{name}.{code}").read_text("utf-8").splitlines()
        for code in ("azj_Latn", "uzn_Latn")
    )
    return known_as(src, tgt, name)


LEAST = {
    AS_IT_IS: 1.0, "upper case": 1.0, "other apostrophes, no quotation marks": 1.0,
    "no punctuation": 1.0, CYRILLIC: 0.99, "beside another line": 1.0,
    "last two thirds beside another line": 0.75, "first two thirds": 0.99, "last half": 0.9,
    "one word dropped": 0.98, "one word inserted": 0.98, "one word changed": 0.98,
    "two words changed": 0.6, "one letter in 60 wrong": 0.98, "two neighbours swapped": 0.98,
    "halves swapped": 0.99, "words shuffled": 0.0,
}  # fmt: skip
LENGTHS = (("5–8", 5, 8), ("9–15", 9, 15), ("16 and more", 16, 999))


def test_changed_test_lines_are_found(shared: Path) -> None:
    """The table of docs/decontamination.md (with -s); the floors are for 9 words and more."""
    company = [line for line in benchmark(shared, "ui").src if 8 < len(line.split()) < 25]
    for name in ("xwmt", "ntrex"):
        known = benchmark(shared, name)
        lines = index([known], DEFAULT)
        given = [(line, "azj") for line in known.src] + [(line, "uzn") for line in known.tgt]
        sizes = [len(fold(line).split()) for line, _ in given]
        counts = [sum(low <= size <= high for size in sizes) for _, low, high in LENGTHS]
        print(
            f"\n| {name} |",
            *(f"{label[0]}: {n} |" for label, n in zip(LENGTHS, counts, strict=True)),
        )
        for kind in KINDS:
            chance, script = random.Random(1), "Cyrl" if kind == CYRILLIC else "Latn"
            texts = [
                to_latin(perturb(kind, line, chance.choice(company), chance), f"{code}_{script}")[0]
                for line, code in given
            ]
            found = [hit is not None for hit in find(lines, texts)]
            shares = []
            for _, low, high in LENGTHS:
                own = [one for one, size in zip(found, sizes, strict=True) if low <= size <= high]
                shares.append(sum(own) / len(own))
            print(f"| {kind} | " + " | ".join(f"{100 * share:.1f}" for share in shares) + " |")
            assert min(shares[1:]) >= LEAST[kind], (name, kind, shares)


def test_unrelated_text_is_clean(shared: Path) -> None:
    """39,273 interface strings on each side against both benchmarks, these against each other."""
    known = [benchmark(shared, name) for name in ("ntrex", "xwmt")]
    strings = benchmark(shared, "ui")
    texts = [normalize(text, "azj_Latn") for text in strings.src]
    texts += [normalize(text, "uzn_Latn") for text in strings.tgt]
    hits = [str(hit) for hit in find(index(known, DEFAULT), texts) if hit]
    for one, other in (known, known[::-1]):
        hits += [str(hit) for hit in find(index([one], DEFAULT), other.src + other.tgt) if hit]
    print(f"\n{len(hits)} hits in {len(texts)} unrelated texts", hits)
    assert not hits


def test_documents_about_the_same_weeks_are_clean(shared: Path) -> None:
    """Half of NTREX's documents against the others: one quotation stands in two of them."""
    known = benchmark(shared, "ntrex")
    documents = (shared / "ntrex" / "documents.txt").read_text("utf-8").splitlines()
    odd = [zlib.crc32(document.encode()) % 2 for document in documents]
    hits = []
    for side in (known.src, known.tgt):
        for half in (0, 1):
            own = [line for line, n in zip(side, odd, strict=True) if n == half]
            others = [line for line, n in zip(side, odd, strict=True) if n != half]
            found = find(index([known_as(own, [])], DEFAULT), others)
            hits += [text for text, hit in zip(others, found, strict=True) if hit]
    print(f"\n{len(hits)} hits in {2 * len(odd)} lines of other documents", *hits, sep="\n")
    assert len(hits) == 2
    assert all("güclü namizədlərlə mübarizə apara" in hit for hit in hits)


@pytest.mark.long
def test_speed_against_5000_lines(shared: Path) -> None:
    """20,000 news sentences a second and core, none of them in the benchmark."""
    news = [benchmark(shared, name) for name in ("ntrex", "xwmt")]
    texts = [line for known in news for line in known.src + known.tgt] * 10
    company = benchmark(shared, "ui")
    long = [
        (src, tgt)
        for src, tgt in zip(company.src, company.tgt, strict=True)
        if len(src.split()) >= 8
    ][:5_000]
    lines = index([known_as(*zip(*long, strict=True))], DEFAULT)  # type: ignore[arg-type]
    find(lines, texts[:1])
    began = time.process_time()
    hits = find(lines, texts)
    taken = time.process_time() - began
    words = sum(len(text.split()) for text in texts) / len(texts)
    print(
        f"\n{len(texts) / taken:,.0f} sentences of {words:.1f} words a second, against "
        f"{len(long)} lines; the index is {len(pickle.dumps(lines)):,} bytes"
    )
    assert not any(hits)
    assert len(texts) / taken > 20_000
