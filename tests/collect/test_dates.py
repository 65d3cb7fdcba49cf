"""When an article was published: absolute, local and relative dates, and which is believed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from data_prep.collect.page import dates, metadata, relative
from data_prep.collect.page.dates import Seen

BAKU, TASHKENT = ZoneInfo("Asia/Baku"), ZoneInfo("Asia/Tashkent")


def seen(fetched: str, zone: ZoneInfo = TASHKENT) -> Seen:
    moment = datetime.fromisoformat(fetched)
    return Seen.of(zone, moment, moment.date())


def read(text: str, at: Seen) -> str | None:
    """As the elements of a page are read: absolute first."""
    return dates.stamp(dates.local(text, at) or relative.moment(text, at))


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [  # fetched on Wednesday, 13 August 2025, 10:00 UTC: 14:00 in Baku, 15:00 in Tashkent
        ("Bugun, 12:30", TASHKENT, "2025-08-13T07:30:00Z"),
        ("12:30, bugun", TASHKENT, "2025-08-13T07:30:00Z"),
        ("BUGUN 12:30", TASHKENT, "2025-08-13T07:30:00Z"),
        ("Kecha, 18:45", TASHKENT, "2025-08-12T13:45:00Z"),
        ("Kecha", TASHKENT, "2025-08-12T07:00:00Z"),
        ("Oʻtgan kuni", TASHKENT, "2025-08-11T07:00:00Z"),
        ("O'tgan kuni", TASHKENT, "2025-08-11T07:00:00Z"),
        ("O‘tgan kuni, 09:00", TASHKENT, "2025-08-11T04:00:00Z"),
        ("O`tgan kuni", TASHKENT, "2025-08-11T07:00:00Z"),
        ("Бугун, 12:30", TASHKENT, "2025-08-13T07:30:00Z"),
        ("Кеча", TASHKENT, "2025-08-12T07:00:00Z"),
        ("Ўтган куни", TASHKENT, "2025-08-11T07:00:00Z"),
        ("Bugun, 23:50", TASHKENT, "2025-08-12T18:50:00Z"),  # made before midnight
        ("Dünən", BAKU, "2025-08-12T08:00:00Z"),
        ("DÜNƏN, 18:45", BAKU, "2025-08-12T14:45:00Z"),
        ("Bu gün, 09:15", BAKU, "2025-08-13T05:15:00Z"),
        ("Bugün", BAKU, "2025-08-13T08:00:00Z"),
        ("Srağagün", BAKU, "2025-08-11T08:00:00Z"),
        ("Sırağagün, 10:00", BAKU, "2025-08-11T06:00:00Z"),
        ("Дүнән, 18:45", BAKU, "2025-08-12T14:45:00Z"),
        ("Бу ҝүн", BAKU, "2025-08-13T08:00:00Z"),
        ("2 soat oldin", TASHKENT, "2025-08-13T08:00:00Z"),
        ("bir soat oldin", TASHKENT, "2025-08-13T09:00:00Z"),
        ("yarim soat oldin", TASHKENT, "2025-08-13T09:30:00Z"),
        ("5 daqiqa avval", TASHKENT, "2025-08-13T09:55:00Z"),
        ("oʻn daqiqa avval", TASHKENT, "2025-08-13T09:50:00Z"),
        ("3 kun oldin", TASHKENT, "2025-08-10T07:00:00Z"),
        ("2 соат олдин", TASHKENT, "2025-08-13T08:00:00Z"),
        ("ўн беш дақиқа аввал", TASHKENT, "2025-08-13T09:55:00Z"),
        ("hozirgina", TASHKENT, "2025-08-13T10:00:00Z"),
        ("10 dəqiqə əvvəl", BAKU, "2025-08-13T09:50:00Z"),
        ("10 DƏQİQƏ ƏVVƏL", BAKU, "2025-08-13T09:50:00Z"),
        ("1 saat 20 dəqiqə əvvəl", BAKU, "2025-08-13T08:40:00Z"),
        ("3 saat öncə", BAKU, "2025-08-13T07:00:00Z"),
        ("üç saat əvvəl", BAKU, "2025-08-13T07:00:00Z"),
        ("1 gün əvvəl", BAKU, "2025-08-12T08:00:00Z"),
        ("2 саат әввәл", BAKU, "2025-08-13T08:00:00Z"),
        ("3-avgust", TASHKENT, "2025-08-03T07:00:00Z"),
        ("14-avgust", TASHKENT, "2025-08-14T07:00:00Z"),  # clocks differ by a day at most
        ("15-avgust", TASHKENT, "2024-08-15T07:00:00Z"),
        ("3 avqust", BAKU, "2025-08-03T08:00:00Z"),
        ("3 avqust, 14:05", BAKU, "2025-08-03T10:05:00Z"),
        ("29 fevral", BAKU, "2024-02-29T08:00:00Z"),
        ("12 avqust 2025", BAKU, "2025-08-12T08:00:00Z"),
        ("12 avqust 2025, 14:05", BAKU, "2025-08-12T10:05:00Z"),
        ("12 AVQUST 2025", BAKU, "2025-08-12T08:00:00Z"),
        ("3 İYUN 2025, 14:05", BAKU, "2025-06-03T10:05:00Z"),
        ("3 ıyun 2025", BAKU, "2025-06-03T08:00:00Z"),
        ("12 avq 2025", BAKU, "2025-08-12T08:00:00Z"),
        ("Avqust 12, 2025", BAKU, "2025-08-12T08:00:00Z"),
        ("12 август 2025 йил", TASHKENT, "2025-08-12T07:00:00Z"),
        ("12 август 2025 йил, соат 14:05", TASHKENT, "2025-08-12T09:05:00Z"),
        ("2025-yil 12-avgust", TASHKENT, "2025-08-12T07:00:00Z"),
        ("2025 йил 12 августь", TASHKENT, None),
        ("12 ијун 2025", BAKU, "2025-06-12T08:00:00Z"),
        ("12.08.2025", BAKU, "2025-08-12T08:00:00Z"),
        ("12/08/2025 14:05", BAKU, "2025-08-12T10:05:00Z"),
        ("14:05 / 12.08.2025", TASHKENT, "2025-08-12T09:05:00Z"),
        ("12.08.25", BAKU, "2025-08-12T08:00:00Z"),
        ("2025.08.12", BAKU, "2025-08-12T08:00:00Z"),
        ("Dushanba, 11 avgust", TASHKENT, "2025-08-11T07:00:00Z"),
        ("Seshanba, 11 avgust", TASHKENT, "2020-08-11T07:00:00Z"),  # the weekday chooses the year
        ("çərşənbə, 13 avqust", BAKU, "2025-08-13T08:00:00Z"),
        ("Çərşənbə axşamı, 12 avqust, 09:00", BAKU, "2025-08-12T05:00:00Z"),
        ("Cümə axşamı", BAKU, "2025-08-07T08:00:00Z"),
        ("Shanba, 14:00", TASHKENT, "2025-08-09T09:00:00Z"),
        ("32.13.2025", BAKU, None),
        ("1 ay əvvəl", BAKU, None),  # no day
        ("2 hafta oldin", TASHKENT, None),
        ("Kechagi uchrashuv", TASHKENT, None),
        ("Kecha boshlangan bellashuv bugun ham davom etmoqda, gʻoliblar ertaga", TASHKENT, None),
        ("soat 12:30", TASHKENT, None),
        ("", BAKU, None),
    ],
)
def test_dates_as_sites_show_them(text: str, zone: ZoneInfo, expected: str | None) -> None:
    at = seen("2025-08-13T10:00:00+00:00", zone)
    found = dates.local(text, at) or relative.moment(text, at)
    assert dates.stamp(dates.believable([found], at)) == expected


@pytest.mark.parametrize(
    ("text", "fetched", "expected"),
    [
        ("Bugun, 00:10", "2025-08-13T19:30:00+00:00", "2025-08-13T19:10:00Z"),  # 00:30 there
        ("Bugun", "2025-08-13T19:30:00+00:00", "2025-08-13T19:30:00Z"),  # noon is still to come
        ("Kecha, 23:59", "2025-08-13T19:30:00+00:00", "2025-08-13T18:59:00Z"),
        ("Kecha, 23:59", "2025-08-13T18:30:00+00:00", "2025-08-12T18:59:00Z"),
        ("31-dekabr, 23:50", "2025-12-31T19:10:00+00:00", "2025-12-31T18:50:00Z"),  # 1 January
        ("1 soat oldin", "2025-12-31T19:10:00+00:00", "2025-12-31T18:10:00Z"),
        ("1 kun oldin", "2025-12-31T19:10:00+00:00", "2025-12-31T07:00:00Z"),
    ],
)
def test_midnight_and_the_turn_of_the_year(text: str, fetched: str, expected: str) -> None:
    assert read(text, seen(fetched)) == expected


def _split(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


_MONTHS = {
    "az": _split(
        "yanvar, fevral, mart, aprel, may, iyun, iyul, avqust, sentyabr, oktyabr, noyabr, dekabr"
    ),
    "uz": _split(
        "yanvar, fevral, mart, aprel, may, iyun, iyul, avgust, sentabr, oktabr, noyabr, dekabr"
    ),
    "kr": _split(
        "январ, феврал, март, апрел, май, июн, июл, август, сентябр, октябр, ноябр, декабр"
    ),
}
_DAYS = {
    "az": _split("bazar ertəsi, çərşənbə axşamı, çərşənbə, cümə axşamı, cümə, şənbə, bazar"),
    "uz": _split("dushanba, seshanba, chorshanba, payshanba, juma, shanba, yakshanba"),
    "kr": _split("душанба, сешанба, чоршанба, пайшанба, жума, шанба, якшанба"),
}
_WHOLE = {
    "az": (
        "{d} {m} {y}, {t}",
        "{d} {m} {y}-ci il, {t}",
        "{t}, {d} {m} {y}",
        "{w}, {d} {m} {y}, {t}",
    ),
    "uz": (
        "{y}-yil {d}-{m}, {t}",
        "{d}-{m} {y}, {t}",
        "{w}, {d} {m} {y} {t}",
        "{t} / {d}-{m}, {y}",
    ),
    "kr": ("{y} йил {d} {m}, {t}", "{d} {m} {y} йил, {t}", "{w}, {d} {m} {y}, {t}"),
}
_CASES = (str, str.upper, str.capitalize, lambda text: text.replace(" ", "\xa0"))
_ZONE_OF = {"az": BAKU, "uz": TASHKENT, "kr": TASHKENT}
_MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


@given(st.sampled_from(sorted(_WHOLE)), st.integers(0, 3), st.sampled_from(_CASES), _MOMENTS)
def test_absolute_dates_come_back(language: str, form: int, case: object, moment: datetime) -> None:
    zone = _ZONE_OF[language]
    moment = moment.replace(second=0, microsecond=0)
    there = moment.astimezone(zone)
    text = _WHOLE[language][form % len(_WHOLE[language])].format(
        d=there.day, m=_MONTHS[language][there.month - 1], y=there.year,
        t=f"{there:%H:%M}", w=_DAYS[language][there.weekday()],
    )  # fmt: skip
    at = Seen.of(zone, moment + timedelta(days=3), (moment + timedelta(days=3)).date())
    assert callable(case)
    assert dates.local(case(text), at) == moment


@given(
    st.sampled_from(sorted(_MONTHS)),
    _MOMENTS,
    st.integers(0, 363),
    st.booleans(),
    st.sampled_from(("{d} {m}, {t}", "{d}-{m} {t}", "{t}, {d} {m}")),
)
@settings(max_examples=200)
def test_dates_without_a_year_come_back(
    language: str, fetched: datetime, back: int, named: bool, form: str
) -> None:
    zone = _ZONE_OF[language]
    at = Seen.of(zone, fetched, fetched.date())
    day = at.today - timedelta(days=back)
    text = form.format(d=day.day, m=_MONTHS[language][day.month - 1], t="09:41")
    if named:
        text = f"{_DAYS[language][day.weekday()]}, {text}"
    expected = datetime.combine(day, time(9, 41), zone)
    assert dates.local(text, at) == expected.astimezone(UTC)


_AGO = {
    "az": (("dəqiqə əvvəl", "dəq öncə"), ("saat əvvəl", "saat öncə"), ("gün əvvəl", "gün öncə")),
    "uz": (("daqiqa oldin", "daqiqa avval"), ("soat oldin", "soat avval"), ("kun oldin",)),
    "kr": (("дақиқа олдин", "дақиқа аввал"), ("соат олдин",), ("кун олдин", "кун аввал")),
}


@given(st.sampled_from(sorted(_AGO)), st.integers(0, 2), st.integers(1, 59), _MOMENTS, st.data())
def test_how_long_ago_comes_back(
    language: str, unit: int, count: int, fetched: datetime, data: st.DataObject
) -> None:
    zone = _ZONE_OF[language]
    fetched = fetched.replace(second=0, microsecond=0)
    at = Seen.of(zone, fetched, fetched.date())
    words = f"{count} {data.draw(st.sampled_from(_AGO[language][unit]))}"
    found = relative.moment(data.draw(st.sampled_from(_CASES))(words), at)
    assert found is not None
    if unit == 2:
        local = found.astimezone(zone)
        assert local.time() == time(12)
        assert local.date() == (fetched - timedelta(days=count)).astimezone(zone).date()
    else:
        assert found == fetched - timedelta(minutes=count * (60 if unit else 1))


_BACK = {
    "az": ("bu gün", "dünən", "srağagün"),
    "uz": ("bugun", "kecha", "oʻtgan kuni"),
    "kr": ("бугун", "кеча", "ўтган куни"),
}


@given(st.sampled_from(sorted(_BACK)), st.integers(0, 2), _MOMENTS, st.times(), st.booleans())
def test_days_back_come_back(
    language: str, back: int, fetched: datetime, clock: time, before: bool
) -> None:
    zone = _ZONE_OF[language]
    at = Seen.of(zone, fetched, fetched.date())
    clock = clock.replace(second=0, microsecond=0, fold=0)
    expected = datetime.combine(at.today - timedelta(days=back), clock, zone).astimezone(UTC)
    word = _BACK[language][back]
    text = f"{clock:%H:%M}, {word}" if before else f"{word.capitalize()}, {clock:%H:%M}"
    found = relative.moment(text, at)
    if expected > fetched + timedelta(hours=2):  # the page is of the day before
        expected -= timedelta(days=1)
    assert found == expected


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    at = seen("2025-08-13T10:00:00+00:00")
    for found in (dates.iso(text, at), dates.local(text, at), relative.moment(text, at)):
        assert found is None or found.tzinfo is not None


@pytest.mark.parametrize("piece", ["1 saat ", "12 avqust ", "2025 ", " ", "1", "- "])
def test_no_text_costs_more_than_a_moment(piece: str) -> None:
    at = seen("2025-08-13T10:00:00+00:00")
    began = process_time()
    for _ in range(10):
        dates.iso(piece * 100_000, at)
        relative.moment(piece * 100_000, at)
    assert process_time() - began < 5


def published(body: str, head: str = "", fetched: str = "2025-08-13T10:00:00+00:00") -> str | None:
    root = lxml_html.fromstring(f"<html><head>{head}</head><body>{body}</body></html>")
    found = metadata.read(root, "http://x.az/a/b", seen(fetched, BAKU), "/")
    return dates.stamp(found.published)


H1 = "<h1>Limana ilk yük gəmisi yan aldı</h1>"
LONG = "Bu gün limana ilk yük gəmisi yan alıb, dünən isə hava küləkli idi, 12 avqust 2025-ci ildə."


def test_only_what_shows_a_date_is_read() -> None:
    assert published(f"<div>{H1}<p>{LONG}</p></div>") is None
    assert published(f"<div>{H1}<div class=date-text><p>{LONG}</p></div></div>") is None
    assert published(f"<div>{H1}<p>Dünən</p><p>{LONG}</p></div>") is None
    assert published(f"<div>{H1}<span class=date>Dünən</span></div>") == "2025-08-12T08:00:00Z"
    assert published(f"<div>{H1}<time>2 saat əvvəl</time></div>") == "2025-08-13T08:00:00Z"
    assert published(f"<div>{H1}<font>10.08.2025</font></div>") == "2025-08-10T08:00:00Z"


def test_what_is_nearest_to_the_headline_is_read() -> None:
    top = "<div class=top><span class=date>13 avqust 2025, çərşənbə</span></div>"
    card = "<div><a href=/x>Balıqçılıq mövsümü iki həftə uzadılıb</a>"
    card += "<i class=date>1 may 2025</i></div>"
    note = "<div class=comment><span class=date>1 saat əvvəl</span></div>"
    own = f"<div><div>{H1}</div><span class=date>Dünən, 18:45</span></div>"
    assert published(top + card + own + note) == "2025-08-12T14:45:00Z"
    assert published(own + note + card + top) == "2025-08-12T14:45:00Z"
    assert published(f"<div>{H1}</div>{card}{note}") is None
    now = f"<div>{H1}<span class=current-date>13 avqust 2025</span></div>"
    assert published(now) is None


def test_absolute_before_relative_and_published_before_changed() -> None:
    both = "<span class=date>Bu gün</span><span class=date>12 avqust 2025</span>"
    assert published(f"<div>{H1}{both}</div>") == "2025-08-12T08:00:00Z"
    changed = "<span class=updated-time>12 avqust 2025, 18:00</span>"
    changed += "<span class=date>Yenilənib: 12 avqust 2025, 17:00</span>"
    first = "<span class=date>11 avqust 2025, 09:00</span>"
    assert published(f"<div>{H1}{changed}{first}</div>") == "2025-08-11T05:00:00Z"
    machine = "<time datetime='2025-08-10T09:00:00+04:00'>dünən</time>"
    assert published(f"<div>{H1}{both}{machine}</div>") == "2025-08-10T05:00:00Z"


def test_the_time_of_day_may_stand_beside() -> None:
    parts = "<span class=date>12 avqust 2025</span><span class=time>14:05</span>"
    assert published(f"<div>{H1}{parts}</div>") == "2025-08-12T10:05:00Z"


def test_json_ld_of_this_page_goes_first() -> None:
    def item(url: str, day: int) -> str:
        return f'{{"@type": "NewsArticle", "url": "{url}", "datePublished": "2025-08-0{day}"}}'

    parts = f"[{item('http://x.az/other', 1)}, {item('http://x.az/a/b', 2)}]"
    head = f'<script type="application/ld+json">{parts}</script>'
    assert published(H1, head) == "2025-08-02T08:00:00Z"


def test_nothing_is_published_after_it_was_fetched() -> None:
    meta = '<meta property="article:published_time" content="2025-08-15T10:00:00+04:00">'
    assert published(H1, meta) is None
    assert published(H1, meta, "2025-08-15T05:00:00+00:00") == "2025-08-15T06:00:00Z"
