"""Line-aligned files, and what is said of all given sources alike: which fail, which go on."""

from __future__ import annotations

import dataclasses
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data_prep.collect import files, run, tables
from korpu.errors import UsageError
from korpu.schema import Files
from tests.collect import givens
from tests.collect.conftest import recipe_of


def source(folder: Path, src: bytes, tgt: bytes, documents: bytes | None = None) -> Files:
    (folder / "a.az").write_bytes(src)
    (folder / "a.uz").write_bytes(tgt)
    if documents is not None:
        (folder / "a.doc").write_bytes(documents)
    return Files(
        src=str(folder / "a.az"),
        tgt=str(folder / "a.uz"),
        src_lang="azj_Latn",
        tgt_lang="uzn_Latn",
        documents=str(folder / "a.doc") if documents is not None else None,
        licence="CC0-1.0",
        may_redistribute=True,
    )


def pairs(folder: Path, given: Files) -> tuple[list[dict[str, Any]], Any]:
    out = folder / "out"
    out.mkdir(exist_ok=True)
    result = run(recipe_of(files={"f": given}), {}, out)
    assert [file.path for file in result.files] == ["articles.parquet", "pairs.parquet"]
    articles = pq.read_table(out / "articles.parquet")
    assert articles.num_rows == 0
    assert articles.schema.equals(tables.ARTICLES)
    return pq.read_table(out / "pairs.parquet").to_pylist(), result.stats


def test_pairs(tmp_path: Path) -> None:
    src = "\ufeffbir\r\n\niki\u2028üç\r\n  \nson".encode()
    tgt = "bir\nboʻsh\nikki uch\nyana\noxirgi\n".encode()
    found, stats = pairs(tmp_path, source(tmp_path, src, tgt, b"d1\nd1\nd2\nd2\nd2\n"))
    assert [(row["line"], row["src"], row["tgt"], row["document"]) for row in found] == [
        (1, "bir", "bir", "f/d1"),
        (3, "iki\u2028üç", "ikki uch", "f/d2"),
        (5, "son", "oxirgi", "f/d2"),
    ]
    assert stats["left_out"] == {"f": {"empty": 2}}
    assert stats["pairs"] == 3
    assert found[0]["origin"] == "f"
    assert found[0]["published"] is None
    assert [found[0][name] for name in ("trusted", "synthetic_side", "machine", "editor")] == [
        False, None, None, None,
    ]  # fmt: skip


def test_without_documents_each_line_stands_alone(tmp_path: Path) -> None:
    found, _ = pairs(tmp_path, source(tmp_path, b"a\nb\n", b"c\nd\n"))
    assert [row["document"] for row in found] == ["f/1", "f/2"]


def test_counts_must_agree(tmp_path: Path) -> None:
    given = source(tmp_path, b"a\nb\nc\n", b"a\nb\nc\nd\ne\n")
    with pytest.raises(UsageError, match=r"a\.az has 3 lines, .*a\.uz has 5 lines"):
        pairs(tmp_path, given)
    given = source(tmp_path, b"a\nb\n", b"a\nb\n", b"d\n")
    with pytest.raises(UsageError, match=r"a\.az has 2 lines, .*a\.doc has 1 lines"):
        pairs(tmp_path, given)


def test_invalid_utf8_is_named_by_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.uz, line 2: byte 3 is not UTF-8"):
        pairs(tmp_path, source(tmp_path, b"a\nb\n", b"a\nbb\xff\n"))


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    given = source(tmp_path, b"a\n", b"a\n")
    Path(given.tgt).unlink()
    with pytest.raises(UsageError, match=r"source\.files\.f\.tgt: there is no file .*a\.uz"):
        pairs(tmp_path, given)


def test_a_source_that_fails_leaves_the_others_unharmed(tmp_path: Path) -> None:
    good = source(tmp_path, b"a\nb\n", b"c\nd\n")
    found = givens.read(
        tmp_path, a=good, b=givens.source(tmp_path / "none.csv"), c=good, d=givens.source(tmp_path)
    )
    assert [row["origin"] for row in found.rows] == ["a", "a", "c", "c"]
    assert [str(error) for error in found.failed] == [
        f"source.files.b.path: there is no file {tmp_path / 'none.csv'}",
        f"source.files.d.path: {tmp_path} holds no file of a known format; say which with "
        "source.files.d.format",
    ]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_prep.collect.files.text.LONGEST", 100)
    given = source(tmp_path, b"a\n" + b"b" * 101, b"c\nd\n")
    assert givens.read(tmp_path, f=given).error == (
        f"{given.src}, line 2: longer than 100 bytes; check that the file is text with one record "
        "a line"
    )


def test_a_side_translated_by_a_machine_is_marked(tmp_path: Path) -> None:
    given = dataclasses.replace(source(tmp_path, b"a\n", b"c\n"), synthetic_side="tgt")
    assert givens.read(tmp_path, f=given).rows[0]["synthetic_side"] == "tgt"


def test_a_missing_language_is_asked_for(tmp_path: Path) -> None:
    given = dataclasses.replace(source(tmp_path, b"a\n", b"c\n"), tgt_lang=None)
    assert givens.read(tmp_path, f=given).error == (
        "source.files.f.tgt_lang is not set; say the language of each file"
    )


def test_formats_are_told_apart(tmp_path: Path) -> None:
    table = givens.written(tmp_path / "two" / "a.csv", "src,tgt\na,b\n")
    givens.written(tmp_path / "two" / "b.tsv", "src\ttgt\nc\td\n")
    odd = givens.written(tmp_path / "odd.dat", "src,tgt\na,b\n")
    where = "source.files.f"
    for given, said in (
        (givens.source(table.parent), f"{where}.path: {table.parent} holds csv and tsv; say which "
         f"with {where}.format"),
        (givens.source(table.parent, format="tmx"), f"{where}.path: {table.parent} holds no tmx "
         "file (.tmx)"),
        (givens.source(odd), f"{where}.path: {odd} ends in none of .jsonl, .ndjson, .csv, .tsv, "
         ".parquet, .tmx, .xlf, .xliff, .html, .htm, .xhtml, .txt, .text; say what it is with "
         f"{where}.format"),
        (givens.source(odd, format="excel"), f"{where}.format is 'excel'; use auto, jsonl, csv, "
         "tsv, parquet, tmx, xliff, html, text"),
        (givens.source(odd, format="html"), f"{where}: html files hold articles, not pairs; set "
         f"{where}.holds to articles"),
    ):  # fmt: skip
        assert givens.read(tmp_path, f=given).error == said
    assert givens.read(tmp_path, f=givens.source(odd, format="csv")).texts == [("a", "b")]
    assert givens.read(tmp_path, f=givens.source(table.parent, format="tsv")).texts == [("c", "d")]
    memory = givens.source(givens.written(tmp_path / "a.tmx", "<tmx/>"), holds="articles")
    assert givens.read(tmp_path, "articles", f=memory).error == (
        f"{where}: tmx files hold pairs, not articles; set {where}.holds to pairs"
    )


def test_twenty_thousand_line_pairs_stay_out_of_memory(tmp_path: Path) -> None:
    line = "Bu cümlə yaddaşda qalmamalıdır.\n".encode()
    given = source(tmp_path, line * 20_000, line * 20_000)
    context = files.Context(givens.collect(), tmp_path)
    sources = recipe_of(files={"f": given}).source
    tracemalloc.start()
    count = sum(1 for _ in files.pairs(sources, context, {}, []))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 1_000_000
