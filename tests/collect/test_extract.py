"""From a page to an article: text, language, date, section, canonical URL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import html as lxml_html

from data_prep.collect.page import dates, metadata
from data_prep.collect.page.charset import decode
from data_prep.collect.page.dates import Seen
from data_prep.collect.page.extract import Rules, declared, of_page, of_text
from data_prep.collect.site.fetch import Answer
from data_prep.collect.site.urls import canonical
from data_prep.collect.tables import ARTICLES
from data_prep.text.transliterate import uz_latin_to_cyrillic
from korpu import artifact
from korpu.schema import Files, Warc
from tests.collect.conftest import AZ, UZ, Server, article, html, link_to, site_of
from tests.collect.test_crawl import collect

BAKU, TASHKENT = ZoneInfo("Asia/Baku"), ZoneInfo("Asia/Tashkent")


RUSSIAN = (
    "Кабинет министров принял новое решение, документ опубликован сегодня.",
    "Днём температура воздуха в столице поднимется до двадцати градусов.",
    "Студенты университета заняли первое место на международном конкурсе.",
)


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
    seen = Seen.of(zone, datetime(2025, 12, 1, tzinfo=UTC), date(2025, 12, 1))
    assert dates.stamp(dates.local(text, seen)) == expected


SEEN = Seen.of(BAKU, datetime(2025, 12, 1, tzinfo=UTC), date(2025, 12, 1))


def published(head: str, body: str = "") -> str | None:
    root = lxml_html.fromstring(f"<html><head>{head}</head><body>{body}</body></html>")
    found = metadata.read(root, "http://x.az/a/b", SEEN, "/")
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


def test_charsets_that_are_declared_wrongly() -> None:
    cyrillic = "".join(map(uz_latin_to_cyrillic, UZ))
    cyrillic = cyrillic.translate(str.maketrans("ўқғҳЎҚҒҲ", "укгхУКГХ"))
    assert decode(cyrillic.encode("cp1251"), "text/html; charset=utf-8") == cyrillic
    assert decode(cyrillic.encode("cp1251"), None) == cyrillic
    broken = "".join(AZ).encode()[:-30] + b"\xff"  # cut in the middle, with one byte too many
    assert decode(broken, "text/html; charset=windows-1251").startswith(AZ[0])
    turkish = "Şəhərdə şənlik".replace("ə", "e").encode("cp1254")
    assert decode(turkish, "text/html; charset=utf-8").count("\ufffd") == 2


def test_longest_prefix_declares_the_language() -> None:
    languages = {"/": "uzn_Latn", "/kr/": "uzn_Cyrl"}
    assert declared("http://x.uz/kr/a", languages) == ("/kr/", "uzn_Cyrl")
    assert declared("http://x.uz/kr", languages) == ("/kr/", "uzn_Cyrl")
    assert declared("http://x.uz/kredit/a", languages) == ("/", "uzn_Latn")
    assert declared("http://x.uz/ru/a", {"/uz/": "uzn_Latn"}) is None


def test_prefixes_of_host_and_path() -> None:
    languages = {"": "identify", "x.uz": "uzn_Latn", "x.uz/kr": "uzn_Cyrl", "www.y.az": "azj_Latn"}
    assert declared("https://www.x.uz/kr/a", languages) == ("x.uz/kr", "uzn_Cyrl")
    assert declared("https://x.uz/kredit", languages) == ("x.uz", "uzn_Latn")
    assert declared("http://x.uz:8080/a", languages) == ("x.uz", "uzn_Latn")
    assert declared("https://x.uzb/a", languages) == ("", "identify")
    assert declared("https://y.az/a", languages) == ("www.y.az", "azj_Latn")
    assert declared("https://z.az/a", {"x.uz": "uzn_Latn"}) is None


def page_of(sentences: tuple[str, ...], head: str = "", url: str = "http://x.az/a/b") -> Answer:
    return Answer(url, 200, (("content-type", "text/html"),), article(1, sentences, head))


def rules_of(**changes: Any) -> Rules:
    settings = {"languages": {"": "identify"}, "timezone": "Asia/Baku", "snapshot": "2025-12-01"}
    return Rules(**{**settings, "min_characters": 50, **changes})


FETCHED = "2025-12-01T10:00:00Z"


@pytest.mark.parametrize(
    ("sentences", "code"),
    [
        (AZ, "azj_Latn"),
        (UZ, "uzn_Latn"),
        (tuple(map(uz_latin_to_cyrillic, UZ)), "uzn_Cyrl"),
        (RUSSIAN, None),
    ],
)
def test_the_language_of_the_text_itself(sentences: tuple[str, ...], code: str | None) -> None:
    row = of_page(page_of(sentences), rules_of(), site="w", fetched=FETCHED)
    assert row.get("language") == code
    assert row.get("reason") == (None if code else "wrong_language")
    text = of_text("\n".join(sentences), rules_of(), url="w/1", site="w", fetched=FETCHED)
    assert text.get("language") == code


@pytest.mark.parametrize(
    ("published", "reason"),
    [
        ("2025-07-31T23:59:00+04:00", "outside_window"),
        ("2025-08-01T00:00:00+04:00", None),
        ("2025-08-31T23:59:00+04:00", None),
        ("2025-09-01T00:01:00+04:00", "outside_window"),
        (None, "no_date"),
    ],
)
def test_a_window_is_of_calendar_days_at_the_site(
    published: str | None, reason: str | None
) -> None:
    rules = rules_of(since="2025-08-01", until="2025-08-31")
    head = f'<meta name="date" content="{published}">' if published else ""
    page = of_page(page_of(AZ, head), rules, site="s", fetched=FETCHED)
    assert page.get("reason") == reason
    text = of_text("\n".join(AZ), rules, url="f/1", site="f", fetched=FETCHED, published=published)
    assert text.get("reason") == reason
    assert page.get("published") == text.get("published")


def test_a_feed_says_when_only_where_the_page_does_not() -> None:
    said = "2025-08-05T10:00:00+00:00"
    bare = of_page(page_of(AZ), rules_of(), site="s", fetched=FETCHED, listed=said)
    assert bare["published"] == "2025-08-05T10:00:00Z"
    head = '<meta name="date" content="2025-08-04">'
    own = of_page(page_of(AZ, head), rules_of(), site="s", fetched=FETCHED, listed=said)
    assert own["published"] == "2025-08-04T08:00:00Z"
    later = of_page(page_of(AZ), rules_of(), site="s", fetched=FETCHED, listed="2026-01-01")
    assert later["published"] is None


def test_a_date_in_the_url_is_the_last_resort() -> None:
    page = page_of(AZ, url="http://x.az/2025/08/12/xeber")
    row = of_page(page, rules_of(), site="s", fetched=FETCHED)
    assert row["published"] == "2025-08-12T08:00:00Z"
    said = "2025-08-05T10:00:00+00:00"
    row = of_page(page, rules_of(), site="s", fetched=FETCHED, listed=said)
    assert row["published"] == "2025-08-05T10:00:00Z"


def test_given_texts() -> None:
    rules = rules_of(languages={"/kr/": "uzn_Cyrl", "/": "uzn_Latn"}, timezone="Asia/Tashkent")
    row = of_text(
        "\r\n".join(["", *UZ, " "]), rules, url="http://x.uz/a", site="f", fetched=FETCHED,
        title=" Sarlavha\u200b ", published="12-avgust, 2025-yil 08:05", section="Madaniyat",
        alternates=["http://x.uz/kr/a", "http://x.uz/a"],
    )  # fmt: skip
    assert row["text"].split("\n") == list(UZ)
    assert (row["title"], row["section"]) == ("Sarlavha", "madaniyat")
    assert row["published"] == "2025-08-12T03:05:00Z"
    assert row["alternates"] == ["http://x.uz/kr/a"]
    assert set(row) == {*ARTICLES.names, "page", "html_lang"} - {"licence", "may_redistribute"}

    def reason(text: str, url: str = "http://x.uz/a", **more: Any) -> str | None:
        found = of_text(text, rules, url=url, site="f", fetched=FETCHED, **more)
        return found.get("reason")

    assert reason(" \n ") == "no_text"
    assert reason("Qisqa matn.") == "too_short"
    assert reason("\n".join(UZ), "http://x.uz/kr/a") == "wrong_language"
    assert reason("\n".join(UZ), "http://x.uz/kr/a", language="uzn_Latn") is None
    assert reason("\n".join(AZ), language="identify") is None


def test_a_page_and_a_text_give_the_same_columns() -> None:
    row = of_page(page_of(AZ), rules_of(), site="s", fetched=FETCHED)
    assert set(row) == {*ARTICLES.names, "page", "html_lang"} - {"licence", "may_redistribute"}


def test_rules_of_every_kind_of_source() -> None:
    site = site_of("http://x.az/", since="2025-01-01", until="2025-06-30")
    assert Rules.of(site, "2025-12-01", 200).since == "2025-01-01"
    warc = Warc("x", {"": "identify"}, "Asia/Baku", "", False, until="2025-06-30")
    assert Rules.of(warc, "2025-12-01", 200).until == "2025-06-30"
    files = Files("", False, languages={"/": "azj_Latn"})
    assert Rules.of(files, "2025-12-01", 200) == Rules(
        {"/": "azj_Latn"}, "UTC", "2025-12-01", 200, None, None
    )


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("<title>Sayt</title>", "<h1>Xəbərin başlığı budur</h1>", "Xəbərin başlığı budur"),
        (
            "<meta property=og:title content='Xəbərin başlığı budur | Sayt'>",
            "<h1><a href=/>Sayt</a></h1><h2>Xəbərin başlığı budur</h2>",
            "Xəbərin başlığı budur",
        ),
        (
            "<title>Sayt - Xəbərin uzun başlığı budur</title>",
            "<b>Xəbərin uzun başlığı budur</b>",
            "Xəbərin uzun başlığı budur",
        ),
        (
            "<title>Sayt</title>",
            "<div class=sarlavha>Xəbərin uzun başlığı budur</div>",
            "Xəbərin uzun başlığı budur",
        ),
        (
            "<meta property=og:title content='Başlıq – iki hissə'>",
            "<h1>Qonşu xəbər</h1><h1>Başlıq – iki hissə</h1>",
            "Başlıq – iki hissə",
        ),
    ],
)
def test_headlines(head: str, body: str, expected: str) -> None:
    root = lxml_html.fromstring(f"<html><head>{head}</head><body>{body}</body></html>")
    assert metadata.read(root, "http://x.az/a/b", SEEN, "/").title == expected


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
    from data_prep.collect.page.extract import Rules
    from data_prep.collect.site.ledger import Record
    from korpu.errors import SaysNo

    rules = Rules({"/": "azj_Latn"}, "Asia/Baku", "2025-12-01", 10)
    records = [
        Record(n, "site", f"http://x.az/{n}", "2025-12-01T00:00:00Z", "no.warc.gz", 0, 9, str(n))
        for n in range(2 * shards.PAGES)
    ]
    (tmp_path / "no.warc.gz").write_bytes(b"not a record")
    parts = shards.plan(records, rules, tmp_path, tmp_path / "work")
    with pytest.raises(SaysNo, match=r"no\.warc\.gz, byte 0: no WARC record"):
        shards.make(parts, 2, lambda _: None)
