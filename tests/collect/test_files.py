"""Line-aligned files: exact pairs, or an exact sentence of what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data_prep.collect import run, tables
from korpu.errors import UsageError
from korpu.schema import Files
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


def pairs(folder: Path, files: Files) -> tuple[list[dict[str, Any]], Any]:
    out = folder / "out"
    out.mkdir(exist_ok=True)
    result = run(recipe_of(files={"f": files}), {}, out)
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
    assert stats["empty_lines"] == {"f": 2}
    assert stats["pairs"] == 3
    assert found[0]["origin"] == "f"
    assert found[0]["published"] is None


def test_without_documents_each_line_stands_alone(tmp_path: Path) -> None:
    found, _ = pairs(tmp_path, source(tmp_path, b"a\nb\n", b"c\nd\n"))
    assert [row["document"] for row in found] == ["f/1", "f/2"]


def test_counts_must_agree(tmp_path: Path) -> None:
    files = source(tmp_path, b"a\nb\nc\n", b"a\nb\nc\nd\ne\n")
    with pytest.raises(UsageError, match=r"a\.az has 3 lines, .*a\.uz has 5 lines"):
        pairs(tmp_path, files)
    files = source(tmp_path, b"a\nb\n", b"a\nb\n", b"d\n")
    with pytest.raises(UsageError, match=r"a\.az has 2 lines, .*a\.doc has 1 lines"):
        pairs(tmp_path, files)


def test_invalid_utf8_is_named_by_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.uz, line 2: byte 3 is not UTF-8"):
        pairs(tmp_path, source(tmp_path, b"a\nb\n", b"a\nbb\xff\n"))
    assert not (tmp_path / "out" / "pairs.parquet").exists()


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    files = source(tmp_path, b"a\n", b"a\n")
    Path(files.tgt).unlink()
    with pytest.raises(UsageError, match=r"source\.files\.f\.tgt: there is no file .*a\.uz"):
        pairs(tmp_path, files)
