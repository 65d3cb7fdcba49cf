"""Folders of saved pages and of texts: articles with their address, title, date and language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from korpu.schema import Files
from tests.collect.conftest import AZ, UZ, article
from tests.collect.givens import read, source, written

BOTH = {"az/": "azj_Latn", "uz/": "uzn_Latn"}


def folder(path: Path, **changes: Any) -> Files:
    """A source of articles."""
    settings: dict[str, Any] = {"holds": "articles", "src_lang": None, "tgt_lang": None,
                                "languages": BOTH, "timezone": "Asia/Baku"}  # fmt: skip
    return source(path, **{**settings, **changes})


def test_pages_in_the_order_of_their_paths(tmp_path: Path) -> None:
    head = '<meta property="article:published_time" content="2025-08-12T10:30:00+04:00">'
    written(tmp_path / "in/uz/2.html", article(2, UZ))
    written(tmp_path / "in/az/siyaset/1.htm", article(1, AZ, head))
    written(tmp_path / "in/az/3.html.txt", "not a page")
    written(tmp_path / "in/.git/4.html", article(4))
    found = read(tmp_path, "articles", f=folder(tmp_path / "in", format="html"))
    assert not found.failed
    one, two = found.rows
    assert {key: one[key] for key in ("url", "page", "site", "language", "title", "section")} == {
        "url": "f/az/siyaset/1.htm", "page": "f/az/siyaset/1.htm", "site": "f",
        "language": "azj_Latn", "title": "Xəbər 1", "section": "siyaset",
    }  # fmt: skip
    assert one["published"] == "2025-08-12T06:30:00Z"
    assert one["fetched"] == "2025-12-01T00:00:00Z"
    assert AZ[0] in one["text"]
    assert (two["url"], two["language"]) == ("f/uz/2.html", "uzn_Latn")
    assert one["id"] != two["id"]


@pytest.mark.parametrize(
    "head",
    ['<link rel="canonical" href="https://www.xeber.example/az/dunya/9?utm_source=x">',
     '<meta property="og:url" content="https://www.xeber.example/az/dunya/9">'],
)  # fmt: skip
def test_a_page_says_its_address(tmp_path: Path, head: str) -> None:
    written(tmp_path / "in/saved page (1).html", article(1, AZ, head))
    for languages in ({"xeber.example/az": "azj_Latn"}, {"": "identify"}):
        given = folder(tmp_path / "in", languages=languages)
        (row,) = read(tmp_path, "articles", f=given).rows
        assert row["url"] == "https://www.xeber.example/az/dunya/9"
        assert row["page"] == row["url"]
        assert row["language"] == "azj_Latn"
    given = folder(tmp_path / "in", languages={"uz/": "uzn_Latn"})
    (row,) = read(tmp_path, "articles", f=given).rows
    assert row["reason"] == "no_language"


def test_the_folder_says_the_language_where_the_address_does_not(tmp_path: Path) -> None:
    head = '<link rel="canonical" href="https://xeber.example/9">'
    written(tmp_path / "in/az/1.html", article(1, AZ, head))
    (row,) = read(tmp_path, "articles", f=folder(tmp_path / "in")).rows
    assert (row["url"], row["language"]) == ("https://xeber.example/9", "azj_Latn")


def test_pages_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_prep.collect.files.folders.LARGEST", 100_000)
    for name, content in (
        ("1.html", b""), ("2.html", b"\0\0\xff\xfe" * 9), ("3.html", b"<p>Salam.</p>"),
        ("4.html", b"x" * 100_001), ("5.html", article(1, UZ)),
        ("6.html", article(1).decode().encode("utf-16")),
    ):  # fmt: skip
        written(tmp_path / "in/az" / name, content)
    written(tmp_path / "in/other/7.html", article(1))
    found = read(tmp_path, "articles", f=folder(tmp_path / "in"))
    assert not found.failed
    reasons = [(row["page"][-6:], row.get("reason")) for row in found.rows]
    assert "reason" in found.rows[1]  # bytes of nothing, whatever the parser makes of them
    assert reasons[:1] + reasons[2:] == [
        ("1.html", "empty"), ("3.html", "too_short"), ("4.html", "too_large"),
        ("5.html", "wrong_language"), ("6.html", None), ("7.html", "no_language"),
    ]  # fmt: skip


def test_texts(tmp_path: Path) -> None:
    body = "\n".join(AZ)
    written(tmp_path / "in/az/2025-08-12-qərar.txt", f"\ufeffQərar dərc olundu\r\n\r\n{body}\r\n")
    written(tmp_path / "in/az/20250230.txt", f"{AZ[0]}\n{body}")
    written(tmp_path / "in/uz/5.txt", "\n".join(UZ))
    found = read(tmp_path, "articles", f=folder(tmp_path / "in"))
    assert not found.failed
    assert [(r["url"], r["title"], r["published"], r["language"]) for r in found.rows] == [
        ("f/az/2025-08-12-qərar.txt", "Qərar dərc olundu", "2025-08-12T08:00:00Z", "azj_Latn"),
        ("f/az/20250230.txt", "", None, "azj_Latn"),
        ("f/uz/5.txt", "", None, "uzn_Latn"),
    ]
    assert found.rows[0]["text"] == body
    assert found.rows[1]["text"] == f"{AZ[0]}\n{body}"


def test_one_text_is_a_source_too(tmp_path: Path) -> None:
    path = written(tmp_path / "xəbər.txt", "\n".join(AZ))
    (row,) = read(tmp_path, "articles", f=folder(path, languages={"": "identify"})).rows
    assert (row["url"], row["language"]) == ("f/xəbər.txt", "azj_Latn")


def test_a_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "in/az/1.txt", b"Salam\nd\xfcnya\n")
    assert read(tmp_path, "articles", f=folder(tmp_path / "in")).error == (
        f"{path}, line 2: byte 2 is not UTF-8; convert the file to UTF-8"
    )


def test_line_aligned_files_are_no_articles(tmp_path: Path) -> None:
    given = Files(
        src="a", tgt="b", holds="articles", licence="CC0-1.0", may_redistribute=True
    )  # fmt: skip
    assert read(tmp_path, "articles", f=given).error == (
        "source.files.f: src and tgt are pairs; set source.files.f.holds to pairs"
    )
