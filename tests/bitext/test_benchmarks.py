"""Test sets from files; what of them is found in a corpus: test_decontaminate.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_prep import benchmarks
from korpu import schema
from korpu.errors import UsageError


def declare(
    folder: Path,
    src: bytes,
    tgt: bytes,
    documents: bytes | None = None,
    lang: str = "uzn_Latn",
) -> schema.Benchmark:
    (folder / "s").write_bytes(src)
    (folder / "t").write_bytes(tgt)
    if documents is not None:
        (folder / "d").write_bytes(documents)
    named = str(folder / "d") if documents is not None else None
    return schema.Benchmark(str(folder / "s"), str(folder / "t"), "azj_Latn", lang, named, "X")


def test_lines_documents_and_a_digest_of_the_content(tmp_path: Path) -> None:
    found = benchmarks.load("b", declare(tmp_path, "Bir.\r\nİki.\n".encode(), b"Bir.\nIkki."))
    assert found.src == ["Bir.", "İki."]
    assert found.tgt == ["Bir.", "Ikki."]
    assert found.documents == ["b:1", "b:2"]
    same = benchmarks.load("b", declare(tmp_path, "Bir.\nİki.\n".encode(), b"Bir.\nIkki.\n"))
    assert same.sha256 == found.sha256
    other = benchmarks.load("b", declare(tmp_path, "Bir.\nİki!\n".encode(), b"Bir.\nIkki.\n"))
    assert other.sha256 != found.sha256
    grouped = declare(tmp_path, "Bir.\nİki.\n".encode(), b"Bir.\nIkki.\n", b"d\nd\n")
    assert benchmarks.load("b", grouped).documents == ["d", "d"]


@pytest.mark.parametrize(
    ("src", "tgt", "documents", "says"),
    [
        (b"a\nb\n", b"a\n", None, "has 2 lines but .*t has 1"),
        (b"a\nb\n", b"a\nb\n", b"d\n", "has 2 lines but .*d has 1"),
        (b"a\n\xff\n", b"a\nb\n", None, "s line 2 is not UTF-8"),
        (b"a\n \nc\n", b"a\nb\nc\n", None, "s line 2 is empty"),
        (b"", b"", None, "has no lines"),
    ],
)
def test_bad_files_are_named_with_their_line(
    tmp_path: Path, src: bytes, tgt: bytes, documents: bytes | None, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        benchmarks.load("b", declare(tmp_path, src, tgt, documents))


def test_a_missing_file_and_a_wrong_language(tmp_path: Path) -> None:
    declared = declare(tmp_path, b"a\n", b"b\n")
    (tmp_path / "t").unlink()
    with pytest.raises(UsageError, match=r"benchmark\.b: there is no file"):
        benchmarks.load("b", declared)
    with pytest.raises(UsageError, match="both azj_Latn"):
        benchmarks.load("b", declare(tmp_path, b"a\n", b"b\n", lang="azj_Latn"))
