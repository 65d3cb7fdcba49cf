"""JSON lines, CSV, TSV and Parquet: every value in its column, every error with file and line."""

from __future__ import annotations

import csv
import gzip
import json
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_prep.collect import files
from korpu.schema import Sources
from tests.collect import givens
from tests.collect.conftest import AZ, UZ
from tests.collect.givens import read, source, written

ROWS = [
    {"src": "Qar yağır.", "tgt": "Qor yogʻyapti.", "document": "hava"},
    {"src": "Kitab stoldadır.", "tgt": "Kitob stolda.", "document": "ev"},
]
WHERE = "source.files.f"


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows in the format of the file's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return path
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8-sig", newline="") as stream:
        if ".jsonl" in path.name:
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            mark = "\t" if ".tsv" in path.name else ","
            writer = csv.DictWriter(stream, list(rows[0]), delimiter=mark)
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.ndjson", "a.csv", "a.tsv", "a.parquet", "a.jsonl.gz", "a.csv.gz"]
)
def test_the_same_rows_in_every_format(tmp_path: Path, name: str) -> None:
    if name.endswith(".ndjson"):
        path = table(tmp_path / "a.jsonl", ROWS).rename(tmp_path / name)
    else:
        path = table(tmp_path / name, ROWS)
    found = read(tmp_path, f=source(path))
    assert found.texts == [(row["src"], row["tgt"]) for row in ROWS]
    assert found.rows[1] == {
        "origin": "f", "line": 2, "src_lang": "azj_Latn", "tgt_lang": "uzn_Latn",
        "src": "Kitab stoldadır.", "tgt": "Kitob stolda.", "document": "f/ev", "published": None,
        "licence": "CC0-1.0", "may_redistribute": True, "trusted": False, "synthetic_side": None,
        "machine": None, "editor": None,
    }  # fmt: skip


def test_a_folder_is_all_its_files_sorted(tmp_path: Path) -> None:
    for name, side in (("b.csv", "2"), ("a/z.csv", "1"), ("c.csv.gz", "3"), (".hidden.csv", "0")):
        table(tmp_path / "in" / name, [{"src": side, "tgt": side}])
    written(tmp_path / "in" / "README.md", "about")
    found = read(tmp_path, f=source(tmp_path / "in"))
    assert [(row["src"], row["line"]) for row in found.rows] == [("1", 1), ("2", 2), ("3", 3)]


def test_columns_have_other_names_and_may_lie_deep(tmp_path: Path) -> None:
    deep = [{"translation": {"az": "bir", "uz": "bir"}, "meta": {"when": "2025-08-12"}, "id": 7}]
    renamed = {
        "src": "translation.az", "tgt": "translation.uz", "published": "meta.when",
        "document": "id",
    }  # fmt: skip
    for name in ("a.jsonl", "a.parquet"):
        given = source(table(tmp_path / name, deep), columns=renamed, timezone="Asia/Baku")
        (row,) = read(tmp_path, f=given).rows
        assert (row["src"], row["document"]) == ("bir", "f/7")
        assert row["published"] == "2025-08-12T08:00:00Z"  # noon in Baku
    flat = table(tmp_path / "b.csv", [{"az.text": "bir", "uz": "bir"}])
    given = source(flat, columns={"src": "az.text", "tgt": "uz"})
    assert read(tmp_path, f=given).texts == [("bir", "bir")]


def test_a_row_says_its_language_licence_and_date(tmp_path: Path) -> None:
    rows = [
        {"src_lang": "az-AZ", "tgt_lang": "uz", "licence": "CC-BY-4.0", "may_redistribute": "no"},
        {"src_lang": "uzn_Latn", "tgt_lang": "aze", "licence": "", "may_redistribute": ""},
        {"src_lang": "az", "tgt_lang": "uz-Cyrl", "licence": "", "may_redistribute": "yes"},
        {"src_lang": "az", "tgt_lang": "de", "licence": "", "may_redistribute": "true"},
    ]
    path = table(tmp_path / "a.csv", [{"src": "a", "tgt": "b", **row} for row in rows])
    found = read(tmp_path, f=source(path))
    assert [(row["src_lang"], row["tgt_lang"], row["licence"]) for row in found.rows] == [
        ("azj_Latn", "uzn_Latn", "CC-BY-4.0"), ("uzn_Latn", "azj_Latn", "CC0-1.0"),
    ]  # fmt: skip
    assert [row["may_redistribute"] for row in found.rows] == [False, True]
    assert found.left_out == {"f": {"other_languages": 2}}
    free = source(path, src_lang=None, tgt_lang=None)
    found = read(tmp_path, f=free)
    assert [row["tgt_lang"] for row in found.rows] == ["uzn_Latn", "azj_Latn", "uzn_Cyrl"]
    assert found.error == (
        f"{path}, line 5: tgt_lang is 'de', which is no known language; write a tag such as az, "
        "uz or uz-Cyrl"
    )
    bare = table(tmp_path / "b.csv", [{"src": "a", "tgt": "b"}])
    assert read(tmp_path, f=source(bare, src_lang=None)).error == (
        f"{bare}, line 2: nothing says what src_lang is; set {WHERE}.src_lang, or give the column"
    )


def test_empty_sides_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", '{"src":" ","tgt":"b"}\n\n{"src":"a","tgt":null}\n')
    found = read(tmp_path, f=source(path))
    assert (found.rows, found.left_out) == ([], {"f": {"empty": 2}})


def test_what_utf8_cannot_hold_becomes_a_replacement_character(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", r'{"src":"a\ud800b","tgt":"c\u0000d \ud83d\ude00"}' + "\n")
    assert read(tmp_path, f=source(path)).texts == [("a\ufffdb", "c\ufffdd 😀")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "id,src,tgt,note\n1,a,b,c\n2,a,b,c,d\n", "{}, line 3: 5 fields where the header "
         "has 4; quote the text that holds the separator, or repair the row"),
        ("a.csv", 'src,tgt\n"a\nb",c\nd\n', "{}, line 4: 1 field where the header has 2; quote "
         "the text that holds the separator, or repair the row"),
        ("a.tsv", "src\ttgt\na\tb\tc\n", "{}, line 2: 3 fields where the header has 2; take the "
         "tab out of the text, or repair the row"),
        ("a.csv", 'src,tgt\na,b\n"c,d\ne,f\n', "{}, line 3: a quote in this row is never closed; "
         "close it, or double it inside text"),
        ("a.csv", 'src,tgt\n"a"b,c\n', "{}, line 2: text goes on after a closing quote; double "
         "the quotes inside quoted text"),
        ("a.csv", "src,tgt\na,b\nc\0,d\n", "{}, line 3: character 2 is NUL; the file is damaged "
         "or not text"),
        ("a.csv", b"src,tgt\na,b\na\xf0\x28,d\n", "{}, line 3: byte 2 is not UTF-8; convert the "
         "file to UTF-8"),
        ("a.csv", "", "{}, line 1: this is empty, where the columns are named"),
        ("a.csv", "src,tgt,src\na,b,c\n", "{}, line 1: two columns are called 'src'; rename one"),
        ("a.csv", "srcs,tgt\na,b\n", "{}, line 1: there is no column 'src'; the columns are srcs, "
         "tgt, the nearest is 'srcs'; name it in source.files.f.columns.src"),
        ("a.csv", "src,tgt,published\na,b,last week\n", "{}, line 2: published is 'last week', "
         "which is no date; write it as 2025-08-12T10:30:00+04:00 or 2025-08-12"),
        ("a.csv", "src,tgt,may_redistribute\na,b,perhaps\n", "{}, line 2: may_redistribute is "
         "'perhaps'; write true or false"),
        ("a.jsonl", '{"src":"a","tgt":"b"}\n{"src":"a" "tgt"}\n', "{}, line 2, column 12: this is "
         "not JSON (Expecting ',' delimiter); write one object a line"),
        ("a.jsonl", '[{"src":"a"}]\n', "{}, line 1: this is a list, where an object is expected; "
         "write one object a line"),
        ("a.jsonl", '{"src":3,"tgt":"b"}\n', "{}, line 1: src is a number, where text is expected"),
        ("a.jsonl", '{"src":"a","tgt":["b"]}\n', "{}, line 1: tgt is a list, where text is "
         "expected"),
        ("a.jsonl", '{"tgt":"b"}\n', "{}, line 1: there is no column 'src'; the columns are tgt; "
         "name it in source.files.f.columns.src"),
        ("a.jsonl", "[" * 200_000 + "\n", "{}, line 1: this JSON is too deep or too large to be "
         "read; take the line out"),
        ("a.jsonl", '{"src":"a","tgt":"b","n":' + "9" * 5000 + "}\n", "{}, line 1: this JSON is "
         "too deep or too large to be read; take the line out"),
        ("a.jsonl.gz", gzip.compress(b'{"src":"a","tgt":"b"}\n', mtime=0)[:-9], "{}, line 1: the "
         "compressed data is cut off or damaged; copy the file again"),
        ("a.csv.gz", "src,tgt\n", "{}, line 1: the compressed data is cut off or damaged; copy "
         "the file again"),
        ("a.parquet", "src,tgt\n", "{} is not a whole Parquet file; make or copy it again"),
    ],
)  # fmt: skip
def test_bad_input_is_named_by_file_and_line(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    path = written(tmp_path / name, content)
    found = read(tmp_path, f=source(path))
    assert found.error == said.format(path)
    assert getattr(found.failed[0], "exit_code", None) == 2


def test_bad_parquet_is_named_by_row(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"src": [["a"]], "tgt": ["b"]}), path)
    assert read(tmp_path, f=source(path)).error == (
        f"{path}, row 1: src is a list, where text is expected"
    )
    pq.write_table(pa.table({"source": ["a"], "tgt": ["b"]}), path)
    assert read(tmp_path, f=source(path)).error == (
        f"{path}: there is no column 'src'; the columns are source, tgt, the nearest is 'source'; "
        f"name it in {WHERE}.columns.src"
    )
    pq.write_table(pa.table({"src": ["a"] * 5000, "tgt": ["b"] * 5000}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert read(tmp_path, f=source(path)).error == (
        f"{path} is not a whole Parquet file; make or copy it again"
    )


def test_parquet_with_text_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    raw = pa.array([b"a", b"\xff"], pa.binary())
    text = pa.StringArray.from_buffers(2, *raw.buffers()[1:])
    pq.write_table(pa.table({"src": text, "tgt": ["b", "c"]}), path)
    assert read(tmp_path, f=source(path)).error == (
        f"{path}, after row 0: there is text that is not UTF-8; make the file again"
    )


def test_a_name_that_nothing_has_is_an_error(tmp_path: Path) -> None:
    path = table(tmp_path / "a.jsonl", ROWS)
    given = source(path, columns={"document": "dokument"})
    assert read(tmp_path, f=given).error == (
        f"{path}: no row has 'dokument'; correct {WHERE}.columns.document"
    )
    assert read(tmp_path, f=source(path, columns={"sorce": "a"})).error == (
        f"{WHERE}.columns: 'sorce' is none of src, tgt, src_lang, tgt_lang, document, published, "
        "licence, may_redistribute, synthetic_side, the nearest is 'src'"
    )


def test_excel_writes_semicolons(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", '\ufeffsrc;tgt\r\n"a;b, c";d\r\n')
    assert read(tmp_path, f=source(path)).texts == [("a;b, c", "d")]


def test_dates_of_parquet_are_dates(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    moments: list[Any] = [datetime(2025, 8, 12, 10, 30, tzinfo=UTC), None]
    pq.write_table(
        pa.table(
            {
                "src": ["a", "b"],
                "tgt": ["c", "d"],
                "published": pa.array(moments, pa.timestamp("ns", "Asia/Baku")),
            }
        ),
        path,
    )
    assert [row["published"] for row in read(tmp_path, f=source(path)).rows] == [
        "2025-08-12T10:30:00Z", None,
    ]  # fmt: skip
    days = pa.table({"src": ["a"], "tgt": ["c"], "published": [date(2025, 8, 12)]})
    pq.write_table(days, path)
    (row,) = read(tmp_path, f=source(path, timezone="Asia/Tashkent")).rows
    assert row["published"] == "2025-08-12T07:00:00Z"


def test_articles_of_a_table(tmp_path: Path) -> None:
    rows = [
        {
            "text": "\n".join(AZ), "url": "https://xeber.example/az/siyaset/1?utm_source=x",
            "title": "Qərar", "published": "2025-08-12T10:30:00", "section": "Siyasət",
            "alternates": ["https://xeber.example/uz/siyosat/1"],
        },
        {"text": "\n".join(UZ), "language": "uz"},
        {"text": "Qısa."},
        {"text": "\n".join(UZ), "url": "https://xeber.example/az/2"},
        {"text": "\n".join(AZ), "language": "de"},
    ]  # fmt: skip
    path = table(tmp_path / "a.jsonl", rows)
    given = source(
        path, holds="articles", timezone="Asia/Baku",
        languages={"": "identify", "xeber.example/az/": "azj_Latn"},
    )  # fmt: skip
    found = read(tmp_path, "articles", f=given)
    assert not found.failed
    first, second = found.rows[:2]
    assert {key: first[key] for key in ("url", "language", "title", "published", "section")} == {
        "url": "https://xeber.example/az/siyaset/1", "language": "azj_Latn", "title": "Qərar",
        "published": "2025-08-12T06:30:00Z", "section": "siyaset",
    }  # fmt: skip
    assert first["alternates"] == ["https://xeber.example/uz/siyosat/1"]
    assert first["site"] == "f"
    assert (second["url"], second["language"]) == ("f/a.jsonl:2", "uzn_Latn")
    assert second["page"] == second["url"]
    assert [row["reason"] for row in found.rows[2:]] == [
        "too_short", "wrong_language", "wrong_language",
    ]  # fmt: skip
    assert [row["page"] for row in found.rows[2:]] == [
        "f/a.jsonl:3", "https://xeber.example/az/2", "f/a.jsonl:5",
    ]  # fmt: skip


CYRILLIC = (
    "Вазирлар Маҳкамаси янги қарор қабул қилди ва ҳужжат бугун эълон қилинди.\n"
    "Тошкентда кундузи ҳаво ҳарорати йигирма даражагача кўтарилади.\n"
    "Университет талабалари халқаро танловда биринчи ўринни эгаллади.\n"
    "Марказий банк асосий ставкани ўзгаришсиз қолдириш тўғрисида қарор қилди."
)


def test_a_tag_without_a_script_leaves_it_to_the_text(tmp_path: Path) -> None:
    tagged = [("uz", CYRILLIC), ("uz-Latn", CYRILLIC), ("uz-Cyrl", CYRILLIC), ("az", CYRILLIC),
              ("uz", "\n".join(UZ))]  # fmt: skip
    path = table(tmp_path / "a.csv", [{"language": tag, "text": text} for tag, text in tagged])
    found = read(tmp_path, "articles", f=source(path, holds="articles"))
    assert [row.get("language") or row["reason"] for row in found.rows] == [
        "uzn_Cyrl", "wrong_language", "uzn_Cyrl", "wrong_language", "uzn_Latn",
    ]  # fmt: skip


def test_a_folder_of_tables_says_the_language(tmp_path: Path) -> None:
    for code, lines in (("az", AZ), ("uz", UZ)):
        table(tmp_path / "in" / code / "a.csv", [{"text": "\n".join(lines)}])
    given = source(
        tmp_path / "in", holds="articles", languages={"az/": "azj_Latn", "uz/": "uzn_Latn"}
    )
    found = read(tmp_path, "articles", f=given)
    assert [(row["url"], row["language"]) for row in found.rows] == [
        ("f/az/a.csv:1", "azj_Latn"), ("f/uz/a.csv:1", "uzn_Latn"),
    ]  # fmt: skip
    nothing = source(tmp_path / "in", holds="articles", languages={"tr/": "tur_Latn"})
    found = read(tmp_path, "articles", f=nothing)
    assert [row["reason"] for row in found.rows] == ["no_language", "no_language"]


def test_articles_need_their_text(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "txt,url\na,b\n")
    given = source(path, holds="articles", languages={"": "identify"})
    assert read(tmp_path, "articles", f=given).error == (
        f"{path}, line 1: there is no column 'text'; the columns are txt, url, the nearest is "
        f"'txt'; name it in {WHERE}.columns.text"
    )


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.csv", "a.parquet"])
@pytest.mark.parametrize(
    "count", [5_000, pytest.param(200_000, marks=pytest.mark.long)], ids=["few", "many"]
)
def test_a_large_table_stays_out_of_memory(tmp_path: Path, name: str, count: int) -> None:
    """Rows of 1.2 kB, so that even the few would need 6 MB if they were held."""
    row = {"src": "Bu cümlə yaddaşda qalmamalıdır. " * 20, "tgt": "Bu gap xotirada qolmaydi. " * 20}
    given = source(table(tmp_path / name, [row] * count))
    kinds: dict[str, Any] = {"hub": {}, "opus": {}, "corrections": {}, "site": {}, "warc": {}}
    sources = Sources(files={"f": given}, shard=None, **kinds)
    del row
    context = files.Context(givens.collect(), tmp_path)
    held, most, read_rows = pa.total_allocated_bytes(), 0, 0
    tracemalloc.start()
    for read_rows, _ in enumerate(files.pairs(sources, context, {}, []), 1):
        if read_rows % 100 == 0:
            most = max(most, pa.total_allocated_bytes() - held)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read_rows == count
    assert peak < 3_000_000
    assert most < 16_000_000
