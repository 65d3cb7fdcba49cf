"""From a page to an article: text, language, date, section, canonical URL."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import html as lxml_html

from data_prep.collect import dates, metadata
from data_prep.collect.charset import decode
from data_prep.collect.extract import declared
from data_prep.collect.urls import canonical
from korpu import artifact
from tests.collect.conftest import AZ, UZ, Server, article, html, link_to
from tests.collect.test_crawl import collect

BAKU, TASHKENT = ZoneInfo("Asia/Baku"), ZoneInfo("Asia/Tashkent")


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("12 avqust 2025", BAKU, "2025-08-12T08:00:00Z"),  # noon where no time is shown
        ("12 avqust 2025-ci il, 10:30", BAKU, "2025-08-12T06:30:00Z"),
        ("10:30, 12 AVQUST 2025", BAKU, "2025-08-12T06:30:00Z"),
        ("3 İyun 2025 00:05", BAKU, "2025-06-02T20:05:00Z"),
        ("2025-yil 12-avgust", TASHKENT, "2025-08-12T07:00:00Z"),
        ("12 avgust 2025, 10:30", TASHKENT, "2025-08-12T05:30:00Z"),
        ("12-avgust, 2025-yil 08:05", TASHKENT, "2025-08-12T03:05:00Z"),
        ("2025 йил 12 август", TASHKENT, "2025-08-12T07:00:00Z"),
        ("1 сентябрь 2025, 23:59", TASHKENT, "2025-09-01T18:59:00Z"),
        ("12.08.2025 10:30", TASHKENT, "2025-08-12T05:30:00Z"),
        ("31 fevral 2025", BAKU, None),
        ("saat 10:30-da", BAKU, None),
        ("120 avqust 20255", BAKU, None),
    ],
)
def test_dates_as_people_write_them(text: str, zone: ZoneInfo, expected: str | None) -> None:
    assert dates.stamp(dates.local(text, zone)) == expected


def published(head: str, body: str = "") -> str | None:
    root = lxml_html.fromstring(f"<html><head>{head}</head><body>{body}</body></html>")
    found = metadata.read(root, "http://x.az/a/b", BAKU, date(2025, 12, 1), "/")
    return dates.stamp(found.published)


def test_where_dates_are_found() -> None:
    meta = '<meta property="article:published_time" content="2025-05-01T10:00:00+04:00">'
    data = '<script type="application/ld+json">{"@graph": [{"@type": "NewsArticle", '
    data += '"datePublished": "2025-05-02T10:00:00"}]}</script>'
    machine = "<time datetime='2025-05-03T10:00:00Z'>dünən</time>"
    shown = "<div class='news-date'>4 may 2025, 14:00</div>"
    aside = "<aside><time datetime='2025-04-01T10:00:00Z'>x</time></aside>"
    assert published(meta + data, machine + shown) == "2025-05-01T06:00:00Z"
    assert published(data, machine + shown) == "2025-05-02T06:00:00Z"
    assert published("", aside + machine + shown) == "2025-05-03T10:00:00Z"
    assert published("", shown) == "2025-05-04T10:00:00Z"
    assert published("", "<p>Görüş 4 may 2025-ci ildə keçirilib.</p>") is None
    later = meta.replace("2025-05-01", "2031-05-01")
    assert published(later, shown) == "2025-05-04T10:00:00Z"  # the future is not believed
    assert published('<script type="application/ld+json">{"@graph": [</script>', shown) is not None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("HTTP://Site.AZ:80/a/../b/./c#x", "http://site.az/b/c"),
        ("https://site.az:443", "https://site.az/"),
        ("https://site.az/?utm_source=x&id=7&fbclid=1", "https://site.az/?id=7"),
        ("https://site.az/x%c9%99%7e", "https://site.az/x%C9%99~"),
        ("https://site.az/xəbər", "https://site.az/x%C9%99b%C9%99r"),
        ("/n?a=1", "https://site.az/n?a=1"),
        ("https://user:pw@site.az/", None),
        ("file:///etc/passwd", None),
        ("https://site.az:99999/", None),
        ("http://[::1", None),
        ("https://site.az/" + "a" * 3000, None),
    ],
)
def test_one_spelling_of_a_url(given: str, expected: str | None) -> None:
    assert canonical(given, "https://site.az/m/") == expected


def test_charsets() -> None:
    assert decode("şəhər".encode(), "text/html; charset=windows-1251") == "şəhər"
    assert decode("шаҳар".encode("utf-16"), None) == "шаҳар"
    assert (
        decode("шаҳри".replace("ҳ", "х").encode("cp1251"), "text/html; charset=cp1251") == "шахри"
    )
    page = '<meta charset="windows-1254">şöhrət'.replace("ə", "e").encode("cp1254")
    assert decode(page, None).endswith("şöhret")
    assert decode(b"\xff\xfa x", "text/html; charset=rot13") == "\ufffd\ufffd x"


def test_longest_prefix_declares_the_language() -> None:
    languages = {"/": "uzn_Latn", "/kr/": "uzn_Cyrl"}
    assert declared("http://x.uz/kr/a", languages) == ("/kr/", "uzn_Cyrl")
    assert declared("http://x.uz/kr", languages) == ("/kr/", "uzn_Cyrl")
    assert declared("http://x.uz/kredit/a", languages) == ("/", "uzn_Latn")
    assert declared("http://x.uz/ru/a", {"/uz/": "uzn_Latn"}) is None


def test_articles_of_a_site(server: Server, tmp_path: Path) -> None:
    head = f"<link rel=canonical href='{server.url}/idman/1'>"
    alternate = "<link rel=alternate hreflang=uz href='http://koprik.example/sport/1?utm_x=1'>"
    stamp = "<meta property='article:published_time' content='2025-08-12T10:30:00+04:00'>"
    section = "<meta property='article:section' content='Məzənnə'>"
    paths = ("/idman/1", "/idman/1?print=1", "/x/1", "/uz/2", "/foreign", "/tiny", "/many", "/dupe")
    server.pages |= {
        "/": html(link_to(*paths)),
        "/idman/1": article(1, head=head + alternate + stamp),
        "/idman/1?print=1": article(1, head=head),
        "/dupe": article(1, head=head),
        "/x/1": article(2, head=section),
        "/uz/2": article(3, UZ),
        "/foreign": article(4, UZ),
        "/tiny": html(f"<article><h1>Qısa</h1><p>{AZ[0]}</p></article>"),
        "/many": html(
            "<ul>" + "".join(f"<li><a href=/x/1>{line}</a></li>" for line in AZ) + "</ul>"
        ),
    }
    languages = {"/": "azj_Latn", "/uz/": "uzn_Latn"}
    found, stats = collect(server, tmp_path / "out", {"languages": languages})
    assert set(found) == {"/idman/1", "/x/1", "/uz/2"}
    left = stats["left_out"]
    assert left["wrong_language"] == 1
    assert left["too_short"] == 1
    assert left["same_canonical_url"] == 2
    assert stats["articles"] == {"azj_Latn": 2, "uzn_Latn": 1}
    one: dict[str, Any] = found["/idman/1"]
    assert one["published"] == "2025-08-12T06:30:00Z"
    assert one["title"] == "Xəbər 1"
    assert one["section"] == "idman"
    assert one["alternates"] == ["http://koprik.example/sport/1"]
    lines = [f"{line} (1.{i})" for i, line in enumerate(AZ[1:] + AZ[:1])]
    assert one["text"].split("\n") == lines
    assert found["/x/1"]["section"] == "mezenne"
    assert found["/uz/2"]["section"] is None  # /uz/ is a language, not a section
    assert found["/uz/2"]["language"] == "uzn_Latn"


def test_workers_do_not_change_the_result(server: Server, tmp_path: Path) -> None:
    server.pages["/"] = html(link_to(*(f"/{n}" for n in range(40))))
    for n in range(40):
        server.pages[f"/{n}"] = article(n)
    collect(server, tmp_path / "one", workers=1)
    collect(server, tmp_path / "two", workers=2)
    one, two = (
        artifact.parquet_digest(tmp_path / name / "articles.parquet", ("fetched",))
        for name in ("one", "two")
    )
    assert one == two


def test_an_error_in_a_worker_comes_back_whole(tmp_path: Path) -> None:
    from data_prep.collect import shards
    from data_prep.collect.extract import Rules
    from data_prep.collect.frontier import Record
    from korpu.errors import SaysNo

    rules = {"site": Rules({"/": "azj_Latn"}, "Asia/Baku", "2025-12-01", 10)}
    records = [
        Record(n, "site", f"http://x.az/{n}", "2025-12-01T00:00:00Z", "no.warc.gz", 0, 9, str(n))
        for n in range(2 * shards.PAGES)
    ]
    (tmp_path / "no.warc.gz").write_bytes(b"not a record")
    parts = shards.plan(records, rules, tmp_path, tmp_path / "work")
    with pytest.raises(SaysNo, match=r"no\.warc\.gz, byte 0: no WARC record"):
        shards.make(parts, 2, lambda _: None)
