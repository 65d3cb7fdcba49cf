"""Given WARC files: every HTML response is found where it lies, and damage is named by its byte."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from data_prep.collect import archives
from data_prep.collect.page import extract
from data_prep.collect.page.extract import Rules
from data_prep.collect.site import warc
from korpu.errors import UsageError
from korpu.schema import Warc
from tests.collect.conftest import article

HTML = "text/html; charset=utf-8"


def write(path: Path, *records: dict[str, Any], packed: bool = True) -> Path:
    """A WARC file as other tools write it: warcinfo, then requests and responses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=packed)
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "test"}))
        for record in records:
            http = StatusAndHeaders(
                record.get("status", "200 OK"), [("Content-Type", record.get("type", HTML))],
                protocol="HTTP/1.1",
            )  # fmt: skip
            made = writer.create_warc_record(
                record["url"],
                record.get("record", "response"),
                payload=io.BytesIO(record["body"]),
                http_headers=http,
                warc_headers_dict={"WARC-Date": record.get("date", "2025-11-20T10:00:00Z")}
                | record.get("more", {}),
            )
            writer.write_record(made)
    return path


def source(path: Path, **changes: Any) -> Warc:
    """The pages of one host."""
    settings: dict[str, Any] = {
        "languages": {"xeber.example": "azj_Latn"}, "timezone": "Asia/Baku", "licence": "CC0-1.0",
        "may_redistribute": True,
    }  # fmt: skip
    return Warc(path=str(path), **{**settings, **changes})


def page(number: int, **changes: Any) -> dict[str, Any]:
    return {"url": f"https://www.xeber.example/{number}", "body": article(number), **changes}


@pytest.mark.parametrize("packed", [True, False])
def test_every_page_is_found_and_can_be_read(tmp_path: Path, packed: bool) -> None:
    name = "CC-NEWS-20251120.warc.gz" if packed else "CC-NEWS-20251120.warc"
    path = write(
        tmp_path / "crawl-data" / "CC-NEWS" / "2025" / "11" / name,
        page(1),
        page(2, record="request"),
        page(3, status="404 Not Found"),
        page(4, type="image/png"),
        page(5, url="https://elsewhere.example/5"),
        page(6, more={"WARC-Truncated": "length"}),
        page(7, body=b"x" * 3_000_000),
        page(8, date="2025-11-20T10:00:00.123456Z"),
        packed=packed,
    )
    given = source(tmp_path / "crawl-data")
    folder = archives.index("news", given, 1_000_000, tmp_path / "work")
    found = list(archives.records("news", folder))
    assert [(r.url[-1], r.fetched) for r in found] == [
        ("1", "2025-11-20T10:00:00Z"), ("8", "2025-11-20T10:00:00Z"),
    ]  # fmt: skip
    assert archives.left_out(folder) == {
        "no_response": 2, "not_200": 1, "not_html": 1, "no_language": 1, "truncated": 1,
        "too_large": 1,
    }  # fmt: skip
    root = archives.root(tmp_path / "crawl-data")
    bodies = [warc.read(root / r.file, r.offset, r.length).body for r in found]
    assert bodies == [article(1), article(8)]
    assert path.exists()
    row = extract.article(found[0], root, Rules.of(given, "2025-12-01", 100))
    assert (row["title"], row["language"]) == ("Xəbər 1", "azj_Latn")


def test_the_text_says_the_language_where_nobody_declares_it(tmp_path: Path) -> None:
    russian = "".join(
        f"<p>В столице открыли школу номер {n}, в которой будут учиться дети района.</p>"
        for n in range(5)
    )
    path = write(
        tmp_path / "a.warc.gz",
        page(1),
        page(2, body=f"<article><h1>Новости дня</h1>{russian}</article>".encode()),
    )
    given = source(path, languages={"": extract.IDENTIFY})
    folder = archives.index("news", given, 1_000_000, tmp_path / "work")
    rules = Rules.of(given, "2025-12-01", 100)
    rows = [extract.article(r, tmp_path, rules) for r in archives.records("news", folder)]
    assert [row.get("language") or row["reason"] for row in rows] == ["azj_Latn", "wrong_language"]


def test_a_file_that_is_cut_off_is_named_with_its_byte(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.warc.gz", page(1), page(2)).read_bytes()
    cut = tmp_path / "in" / "cut.warc.gz"
    cut.parent.mkdir()
    cut.write_bytes(whole[:-50])
    begin = whole.rindex(b"\x1f\x8b\x08")
    with pytest.raises(UsageError) as caught:
        archives.index("news", source(cut.parent), 1_000_000, tmp_path / "work")
    assert str(caught.value) == (
        f"{cut}, byte {begin}: the file is cut off in the middle of a record; get it again, or "
        "take it out of the folder"
    )


def test_an_unpacked_file_that_is_cut_off(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.warc", page(1), page(2), packed=False).read_bytes()
    cut = tmp_path / "cut.warc"
    cut.write_bytes(whole[:-50])
    with pytest.raises(UsageError, match=r"cut\.warc, byte \d+: the file is cut off"):
        archives.index("news", source(cut), 1_000_000, tmp_path / "work")


def test_damaged_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.warc.gz", page(1), page(2))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"a\.warc\.gz, byte \d+: "):
        archives.index("news", source(path), 1_000_000, tmp_path / "work")


def test_one_gzip_stream_of_many_records(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.warc", page(1), packed=False).read_bytes()
    path = tmp_path / "b.warc.gz"
    path.write_bytes(gzip.compress(plain))
    with pytest.raises(UsageError, match=r"byte 0: one gzip stream holds several records"):
        archives.index("news", source(path), 1_000_000, tmp_path / "work")


def test_what_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.write_text("<html>")
    with pytest.raises(UsageError, match=r"a\.warc, byte 0: there is no WARC record"):
        archives.index("news", source(path), 1_000_000, tmp_path / "work")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UsageError, match=r"holds no \.warc or \.warc\.gz file"):
        archives.files(empty)
    with pytest.raises(UsageError, match=r"there is no file .*missing"):
        archives.files(tmp_path / "missing")


def test_a_bomb_is_counted_in_little_memory(tmp_path: Path) -> None:
    body = b"<html>" + b"\0" * 60_000_000
    path = write(tmp_path / "a.warc.gz", page(1, body=body), page(2))
    del body
    tracemalloc.start()
    folder = archives.index("news", source(path), 1_000_000, tmp_path / "work")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert archives.left_out(folder)["too_large"] == 1
    assert [r.url[-1] for r in archives.records("news", folder)] == ["2"]
    assert peak < 10_000_000
