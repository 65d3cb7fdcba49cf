"""`korpu doctor` over real servers: what a first fetch shows, and how the command ends."""

import contextlib
import dataclasses
import itertools
import json
import os
import re
import socket

import pytest
from collect.conftest import AZ, UZ, article, html, link_to, site_of
from hydra import compose, initialize_config_dir

from data_prep.collect import doctor
from korpu import config
from korpu import doctor as hall
from korpu.doctor import Finding, Report
from korpu.errors import Infrastructure, SaysNo, UsageError

DATE = "<meta property='article:published_time' content='2025-11-03T12:30:00+04:00'>"
HREFLANG = "<link rel=alternate hreflang=uz href='/uz/xabar-1'>"
RUSSIAN = (
    "Министерство сообщило о новых правилах для водителей и пешеходов столицы.",
    "Новые правила вступят в силу в начале следующего года по всей стране.",
    "Жители города обсуждают решение властей в социальных сетях и на улице.",
    "Специалисты считают, что движение в центре станет заметно безопаснее.",
    "Подробности документа опубликуют на сайте министерства через неделю.",
)


def whole(sites, folder="elsewhere", **changes):
    """A whole recipe with some sources in place of its own; few retries, short time limits."""
    config.register()
    words = ["evaluate.slices=null", "newsroom.serve=false"]
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        recipe = config.recipe_of(compose("doctor", overrides=words))
    source = dataclasses.replace(recipe.source, site=sites, **changes)
    runtime = dataclasses.replace(recipe.runtime, outputs=f"{folder}/outputs")
    collect = dataclasses.replace(
        recipe.collect, snapshot="2025-12-01", user_agent="korpu/0.1 (+test)", timeout=5.0
    )
    return dataclasses.replace(recipe, source=source, runtime=runtime, collect=collect)


def examined(sites):
    """The reports on some sites, by name."""
    reports = {}
    doctor.examine(whole(sites), lambda report: reports.update({report.name: report}))
    return reports


def plain(text):
    return re.sub(r"127\.0\.0\.1:\d+", "P", text)


def said(report, what=None):
    """The lines of a report, all or of one kind, with the server's host and port as P."""
    return [
        f"{f.mark} {f.what}: {plain(f.says)}" if what is None else f"{f.mark} {plain(f.says)}"
        for f in report.findings
        if what in (None, f.what)
    ]


def good(server):
    """A site in two languages with robots.txt and a sitemap."""
    server.pages = {
        "/robots.txt": f"User-agent: *\nAllow: /\nSitemap: {server.url}/map.xml\n".encode(),
        "/": html(link_to("/siyaset/xeber-1", "/siyaset/xeber-2", "/uz/xabar-1", "/ru/a")),
        "/map.xml": (
            200,
            {"Content-Type": "text/xml", "ETag": '"1"'},
            f"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
            <url><loc>{server.url}/siyaset/xeber-1</loc><lastmod>2025-11-03</lastmod></url>
            <url><loc>{server.url}/siyaset/xeber-2</loc><lastmod>2025-11-04</lastmod></url>
            </urlset>""".encode(),
        ),
        "/siyaset/xeber-1": article(1, AZ, DATE + HREFLANG),
        "/siyaset/xeber-2": article(2, AZ, DATE + HREFLANG),
        "/uz/xabar-1": article(1, UZ),
    }
    languages = {"/": "azj_Latn", "/uz/": "uzn_Latn"}
    return site_of(f"{server.url}/", languages=languages, skip=["/ru/"])


def test_a_good_site_is_told_line_by_line(server):
    report = examined({"good": good(server)})["site good"]
    assert report.problem is None
    size = len(server.pages["/map.xml"][2])
    assert said(report) == [
        "✓ robots.txt: allows every start, asks for no delay (ours: 0 s), lists 1 sitemap",
        f"✓ start: http://P/: page, {len(server.pages['/'])} B, utf-8, 4 links",
        f"✓ sitemap: http://P/map.xml: sitemap, {size} B, utf-8, 2 URLs of this site, "
        "newest 2025-11-04",
        "· revisits: 1 of 2 answers carry an ETag or Last-Modified; a later crawl fetches the "
        "others whole again",
        "✓ languages: of 4 links: / azj_Latn 50%, /uz/ uzn_Latn 25%, skipped 25%, none 0%",
        "✓ article: http://P/siyaset/xeber-2",
        "· : azj_Latn as declared, 361 characters, «Xəbər 2»",
        f"· : begins «{AZ[2]} (2.0) Mərk»",
        "· : published 2025-11-03T08:30:00Z, from its meta tags",
        "· : hreflang leads to http://P/uz/xabar-1",
        "✓ article: http://P/uz/xabar-1",
        "· : uzn_Latn as declared, 388 characters, «Xəbər 1»",
        f"· : begins «{UZ[1]} (1.0) Universi»",
        "! : no date is found: it cannot be split by date, nor aligned by it",
        "· requests: 5",
    ]


def test_every_request_waits_for_the_sites_delay(server):
    site = dataclasses.replace(good(server), delay=0.1)
    server.pages["/robots.txt"] += b"Crawl-delay: 0.3\n"
    report = examined({"good": site})["site good"]
    assert said(report, "robots.txt") == [
        "✓ allows every start, asks for 0.3 s between requests, more than our 0.1 s, "
        "lists 1 sitemap"
    ]
    times = [moment for moment, _ in server.times]
    assert len(times) == 5
    between = [after - before for before, after in itertools.pairwise(times)]
    assert between[0] > 0.09  # robots.txt says its own delay only once it is read
    assert min(between[1:]) > 0.29


def test_two_sites_on_one_host_share_its_pace(server):
    site = dataclasses.replace(good(server), delay=0.1)
    reports = examined({"one": site, "two": dataclasses.replace(site, languages={"/": "azj_Latn"})})
    assert all(report.problem is None for report in reports.values())
    times = [moment for moment, _ in server.times]
    assert len(times) > 8
    # they are paced as they are sent, and a busy machine may take longer over one than the next
    assert min(b - a for a, b in itertools.pairwise(times)) > 0.05
    assert times[-1] - times[0] > 0.095 * (len(times) - 1)


def test_a_slow_site_is_asked_for_less(server, monkeypatch):
    monkeypatch.setattr(doctor, "PATIENCE", 0.01)
    site = good(server)
    server.pages["/robots.txt"] += b"Crawl-delay: 0.02\n"
    report = examined({"good": dataclasses.replace(site, start=[*site.start, f"{server.url}/b"])})
    assert server.asked.total() == doctor.FEW
    assert said(report["site good"], "requests") == [f"· {doctor.FEW}"]


def test_a_start_that_leads_to_another_host(server):
    server.pages = {"/": (302, {"Location": "https://elsewhere.example/az/"}, b"")}
    report = examined({"moved": site_of(f"{server.url}/")})["site moved"]
    assert said(report, "start") == [
        "✗ http://P/: redirect_offsite: leads to https://elsewhere.example/az/, off the site; "
        "start there if that is where it is now"
    ]
    assert isinstance(report.problem, SaysNo)
    assert "a crawl would give no article: start: " in str(report.problem)
    assert set(server.asked) == {"/robots.txt", "/", "/sitemap.xml"}


def test_a_start_that_moved_within_the_site_is_followed(server):
    site = good(server)
    server.pages["/az"] = (301, {"Location": "/"}, b"")
    report = examined({"good": dataclasses.replace(site, start=[f"{server.url}/az"])})["site good"]
    assert said(report, "start")[0].startswith("✓ http://P/az: now at http://P/, page, ")
    assert report.problem is None


def test_a_robots_txt_that_forbids_everything_ends_the_visit(server):
    good(server)
    server.pages["/robots.txt"] = b"User-agent: *\nDisallow: /\n"
    report = examined({"closed": site_of(f"{server.url}/")})["site closed"]
    assert said(report, "robots.txt") == [
        "✗ forbids http://P/; asks for no delay (ours: 0 s)",
    ]
    assert isinstance(report.problem, SaysNo)
    assert str(report.problem) == (
        "robots.txt forbids every start; ask the publisher, or leave the site out"
    )
    assert list(server.asked) == ["/robots.txt"]


def test_what_robots_txt_forbids_is_not_sampled(server):
    site = good(server)
    server.pages["/robots.txt"] = b"User-agent: *\nDisallow: /siyaset/\nDisallow: /map.xml\n"
    report = examined({"good": site})["site good"]
    assert not [path for path in server.asked if path.startswith(("/siyaset/", "/map"))]
    assert "! none was found for / (azj_Latn)" in said(report, "no article")
    assert report.problem is None  # the Uzbek half is there


def test_pages_put_together_in_the_browser(server):
    shell = b"<html><body><div id=root></div><script src=/app.js></script></body></html>"
    server.pages = {
        "/": shell,
        "/xeber/1": shell,
        "/sitemap.xml": f"<urlset><url><loc>{server.url}/xeber/1</loc></url></urlset>".encode(),
    }
    report = examined({"empty": site_of(f"{server.url}/")})["site empty"]
    assert said(report, "start") == [f"! http://P/: page, {len(shell)} B, utf-8, no links"]
    assert said(report, "no article")[0] == (
        "! http://P/xeber/1: no text is found in it; its text comes by script in a browser, "
        "which collect does not run"
    )
    assert isinstance(report.problem, SaysNo)


def test_a_robot_check_and_a_refusal_are_named(server):
    wall = b"<html><head><title>Just a moment...</title></head><body></body></html>"
    server.pages = {"/": html(link_to("/uzun-xeber-1", "/xeber-2")), "/uzun-xeber-1": wall}
    server.pages["/xeber-2"] = (403, {}, b"")
    report = examined({"wall": site_of(f"{server.url}/")})["site wall"]
    assert said(report, "no article") == [
        "! http://P/uzun-xeber-1: no text is found in it; it is a cookie or robot check: the site "
        "wants a browser",
        "! http://P/xeber-2: is refused (http_403), perhaps to what is no browser: ask the "
        "publisher, and name yourself in collect.user_agent ('korpu/0.1 (+test)' now)",
        "! none was found for / (azj_Latn)",
    ]


def test_a_text_in_another_language_and_a_prefix_without_links(server):
    server.pages = {
        "/": html(link_to("/novosti-segodnya")),
        "/novosti-segodnya": article(1, RUSSIAN),
    }
    languages = {"/": "azj_Latn", "/kr/": "uzn_Cyrl"}
    report = examined({"x": site_of(f"{server.url}/", languages=languages)})["site x"]
    assert said(report, "languages") == [
        "! of 1 link: / azj_Latn 100%, /kr/ uzn_Cyrl 0%, skipped 0%, none 0%; none begins with /kr/"
    ]
    assert said(report, "no article")[0] == (
        "! http://P/novosti-segodnya: its text is in another language than declared "
        "(rus_Cyrl, not azj_Latn)"
    )


def test_no_declared_prefix_fits(server):
    server.pages = {"/": html(link_to("/xeber-1")), "/xeber-1": article(1)}
    report = examined({"x": site_of(f"{server.url}/", languages={"/az/": "azj_Latn"})})["site x"]
    assert said(report, "languages") == [
        "✗ of 1 link: /az/ azj_Latn 0%, skipped 0%, none 100%; no declared prefix fits any of them"
    ]
    assert isinstance(report.problem, SaysNo)


def test_a_date_that_only_the_feed_knows(server):
    feed = f"""<rss><channel><item><link>{server.url}/xeber-1</link>
        <pubDate>Mon, 03 Nov 2025 12:30:00 +0400</pubDate></item></channel></rss>"""
    server.pages = {
        "/": html("<link rel=alternate type='application/rss+xml' href='/rss.xml'>"),
        "/rss.xml": feed.encode(),
        "/xeber-1": article(1),
    }
    report = examined({"x": site_of(f"{server.url}/")})["site x"]
    assert said(report, "feed")[0].endswith("1 URL of this site, newest 2025-11-03T08:30:00Z")
    assert "· published 2025-11-03T08:30:00Z, from the feed or sitemap that lists it" in said(
        report, ""
    )


def test_a_wrong_charset_declaration_is_seen(server):
    page = html(link_to("/xeber-1"))
    server.pages = {
        "/": (200, {"Content-Type": "text/html; charset=windows-1251"}, page),
        "/xeber-1": article(1),
    }
    report = examined({"x": site_of(f"{server.url}/")})["site x"]
    assert said(report, "start") == [
        f"! http://P/: page, {len(page)} B, utf-8, though windows-1251 is declared, 1 link"
    ]


def test_a_sitemap_that_breaks_off_is_told_with_its_line(server):
    site = good(server)
    broken = f"<urlset>\n<url><loc>{server.url}/siyaset/xeber-1</loc></url>\n<url><lo"
    server.pages["/map.xml"] = broken.encode()
    report = examined({"good": site})["site good"]
    at = next(n for n, f in enumerate(report.findings) if f.what == "sitemap")
    assert "1 URL of this site, no dates" in report.findings[at].says
    fault = report.findings[at + 1]
    assert (fault.mark, fault.facts["reason"]) == ("!", "malformed_xml")
    assert fault.says.startswith("line 3: ")
    assert report.problem is None


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def two_ports():
    """A port that is free, as is the next one; below those that the system hands out."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000, 2):
        with socket.socket() as one, socket.socket() as two, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            two.bind(("127.0.0.1", port + 1))
            return port
    raise AssertionError("no two ports are free")


def test_a_site_that_is_not_there_does_not_hide_the_others(server):
    gone = site_of(f"http://127.0.0.1:{free_port()}/")
    reports = examined({"gone": gone, "good": good(server)})
    assert list(reports) == ["site gone", "site good"]
    assert isinstance(reports["site gone"].problem, Infrastructure)
    says = plain(str(reports["site gone"].problem))
    assert says.startswith("http://P/robots.txt cannot be reached (connection: ")
    assert reports["site good"].problem is None


def test_starts_that_break_off_are_the_networks_fault(server):
    server.pages = {"/robots.txt": b"User-agent: *\nAllow: /\n", "/": lambda _count: "reset"}
    report = examined({"breaks": site_of(f"{server.url}/")})["site breaks"]
    assert isinstance(report.problem, Infrastructure)
    assert plain(str(report.problem)).startswith("http://P/ cannot be reached (connection: ")


def test_a_configuration_that_cannot_be_right_is_refused_before_anything_is_asked(server):
    site = dataclasses.replace(good(server), timezone="Asia/Bakuu")
    with pytest.raises(UsageError, match=r"source\.site\.good\.timezone: 'Asia/Bakuu'"):
        examined({"good": site})
    assert not server.asked


def test_a_private_address_is_refused_as_in_a_crawl(server):
    site = dataclasses.replace(good(server), allow_private=False)
    report = examined({"inside": site})["site inside"]
    assert isinstance(report.problem, UsageError)
    assert "set source.site.inside.allow_private=true" in str(report.problem)
    assert not server.asked


def test_unchecked_terms_are_said(server):
    site = dataclasses.replace(good(server), terms_checked=False, terms="https://a.az/terms")
    report = examined({"good": site})["site good"]
    assert said(report, "terms") == [
        "! nobody has checked the publisher's terms (https://a.az/terms); read them, then set "
        "source.site.good.terms_checked=true"
    ]


def test_the_command_prints_all_and_ends_with_the_worst(server, tmp_path, capsys):
    recipe = whole({"good": good(server)}, tmp_path)
    hall.run(recipe)
    out = capsys.readouterr().out
    assert out.startswith("machine\n  · python ")
    assert re.search(r"^  ✓ packages  all \d+ are as required$", out, re.M)
    assert out.endswith("1 source, 0 with a problem\n")
    gone = site_of(f"http://127.0.0.1:{free_port()}/")
    with pytest.raises(Infrastructure, match=r"site gone: .* cannot be reached"):
        hall.run(whole({"gone": gone, "good": good(server)}, tmp_path))
    assert "site good\n" in capsys.readouterr().out
    server.pages["/robots.txt"] = b"User-agent: *\nDisallow: /\n"
    closed = site_of(f"{server.url}/")
    with pytest.raises(SaysNo, match=r"site closed: robots\.txt forbids .*; 1 more above"):
        hall.run(whole({"gone": gone, "closed": closed}, tmp_path))
    assert not (tmp_path / "outputs").exists()


def test_out_gets_the_same_as_json(server, tmp_path):
    out = tmp_path / "doctor.json"
    recipe = whole({"good": good(server)}, tmp_path)
    hall.run(dataclasses.replace(recipe, out=str(out)))
    machine, site = json.loads(out.read_text("utf-8"))
    assert machine["name"] == "machine"
    assert (site["name"], site["exit_code"], site["problem"]) == ("site good", 0, None)
    start = next(f for f in site["findings"] if f["what"] == "start")
    assert start["facts"]["links"] == 4
    assert start["facts"]["kind"] == "html"


def test_nothing_from_a_page_reaches_the_terminal_unescaped():
    report = Report("site x", (Finding("·", "", "«\x1b[31mred\u202e\nline»"),))
    assert hall.render(report) == "site x\n  ·   «\\x1b[31mred\\u202e\\nline»"


def test_the_bundled_newsroom_is_served_for_it(tmp_path, capsys):
    config.register()
    words = ["evaluate.slices=null", f"newsroom.port={two_ports()}", "newsroom.articles=60"]
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        recipe = config.recipe_of(compose("doctor", overrides=words))
    outputs = tmp_path / "outputs"
    runtime = dataclasses.replace(recipe.runtime, outputs=str(outputs))
    newsroom = dataclasses.replace(recipe.newsroom, truth=str(outputs / "truth"))
    hall.run(dataclasses.replace(recipe, runtime=runtime, newsroom=newsroom))
    out = capsys.readouterr().out
    assert out.endswith("2 sources, 0 with a problem\n")
    assert out.count("  ✓ article ") == 3  # Azerbaijani, Uzbek in Latin and in Cyrillic
    assert not outputs.exists()
