"""The benchmark of `collect`, on a few pages: its numbers agree with each other and the site."""

import re
import urllib.request
from pathlib import Path

import pytest

from data_prep.collect import bench as collect_bench
from data_prep.collect import bench_memory, loopback, loopback_pages
from data_prep.collect.bench_memory import Sample
from data_prep.text.identify import identify
from korpu.errors import SaysNo, UsageError


def fetched(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


@pytest.fixture(scope="module")
def site():
    with loopback.serving(60, "press") as running:
        yield running


def test_links_alone_and_the_sitemap_lead_to_every_article(site):
    seen, todo = set(), ["/"]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            page = fetched(site.url + path).decode()
            todo += re.findall(r'<a [^>]*href="(/[^"]*)"', page)
    articles = {loopback_pages.path_of(n) for n in range(60)}
    assert seen == articles | set(loopback_pages.fronts())
    listed = fetched(f"{site.url}/sitemap-0.xml").decode()
    assert set(re.findall(r"<loc>(.*?)</loc>", listed)) == set(site.urls)
    assert b"sitemap-0.xml" in fetched(f"{site.url}/sitemap.xml")
    different, requests, _ = site.asked()
    assert (different, requests) == (60, 60)


def test_pages_are_what_they_are_said_to_be():
    assert all(
        40_000 < len(loopback_pages.press(n, 60, "http://127.0.0.1").encode()) < 60_000
        for n in range(60)
    )
    assert all(2_000 < len(loopback_pages.short(n, 60).encode()) < 4_000 for n in range(60))
    texts = ["\n".join(loopback_pages.paragraphs(n, "press")) for n in range(60)]
    assert len(set(texts)) == 60
    assert {identify(text).language for text in texts[::2]} == {"azj_Latn"}
    assert {identify(text).language for text in texts[1::2]} == {"uzn_Latn"}


def test_uzbek_letters_are_letters():
    uzbek = " ".join([*loopback_pages._SENTENCES["uz"], *loopback_pages._HEADLINES["uz"]])
    assert not set(uzbek) & set("'’‘`")
    assert {"ʻ", "ʼ"} <= set(uzbek)
    azerbaijani = " ".join([*loopback_pages._SENTENCES["az"], *loopback_pages._HEADLINES["az"]])
    assert set("əıöüğşç") <= set(azerbaijani.lower())


def test_speed_every_contestant_gets_every_page_once(tmp_path, capsys):
    words = ["pages=40", "repeat=1", "workers=1", f"out={tmp_path}", "markdown=true"]
    assert collect_bench.main(words) == 0
    said = capsys.readouterr().out
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in said.splitlines()
        if line.startswith("| ")
    ]
    names = [row[0] for row in rows[2:]]
    assert names == [collect_bench.OURS, collect_bench.CRAWLER, collect_bench.LIST]
    assert [row[-1] for row in rows[2:]] == ["40"] * 3
    rate = {row[0]: float(row[1]) for row in rows[2:]}
    ratio = float(rows[3][3].partition(" ")[0])
    assert ratio == pytest.approx(rate[names[0]] / rate[names[1]], abs=0.02)
    assert "in 1 processes" in said or "in 1 forked processes" in said
    assert list(tmp_path.iterdir()) == []


def test_speed_refuses_a_contestant_that_misses_a_page(site, tmp_path):
    def call(_):
        return collect_bench.listed, site.urls[:-1], 1

    with pytest.raises(SaysNo, match=r"59 articles of 60 pages in 59 requests"):
        collect_bench._measure(site, "it", call, tmp_path)


def test_memory_of_a_real_run(tmp_path, capsys):
    seen = []
    look = bench_memory._resident

    def resident(pid):
        seen.append(look(pid))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench_memory, "_resident", resident)
        assert (
            collect_bench.main(["what=memory", "pages=400", "every=0.05", f"out={tmp_path}"]) == 0
        )
    said = capsys.readouterr().out
    rows = [
        line.split() for line in said.splitlines() if re.match(r"(crawl|extract|tables) ", line)
    ]
    assert {row[0] for row in rows} >= {"crawl", "extract"}
    for phase in ("crawl", "extract"):
        pages = [int(row[1]) for row in rows if row[0] == phase]
        assert pages == sorted(pages)
    assert 360 <= max(int(row[1]) for row in rows if row[0] == "crawl") <= 400
    # A Python process that has imported the stage is larger than this, and a worker was seen.
    peak = max(main + workers for main, workers, _ in filter(None, seen))
    assert peak > 50
    assert f"peak: {peak:.0f} MiB" in said
    assert max(children for *_, children in filter(None, seen)) >= 2
    assert list(tmp_path.iterdir()) == []


def test_growth_is_from_the_first_tenth_to_the_end():
    def sample(second, fetched, extracted, main, workers):
        return Sample(second, fetched, extracted, main, workers, 2 if workers else 0)

    samples = [
        sample(0, 5, 0, 40, 0),  # before the first tenth: imports, not growth
        sample(1, 10, 0, 60, 0),
        sample(2, 55, 0, 62, 0),
        sample(3, 100, 0, 63, 0),
        sample(4, 100, 0, 63, 90),
        sample(5, 100, 32, 63, 200),
        sample(6, 100, 96, 64, 210),
        sample(7, 100, 102, 90, 0),
    ]
    assert list(bench_memory.growth(samples, 100)) == [
        "crawl: from 10 pages to its end main +3.0 MiB, workers +0.0 MiB",
        "extract: from 32 pages to its end main +1.0 MiB, workers +10.0 MiB",
        "tables: from start to its end main +0.0 MiB, workers +0.0 MiB",
        "peak: 274 MiB (main 64, 2 children 210) after 6 s",
    ]
    moments = bench_memory.moments(samples, 100)
    assert [(name, s.seconds) for name, s in moments] == [
        ("crawl", 1), ("crawl", 2), ("crawl", 3), ("extract", 5), ("extract", 6), ("tables", 7),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["what=speeed"], "what must be speed, memory or extraction"),
        (["what=memory", "pages=3"], "pages must be at least 20"),
        (["what=memory", "every=0"], "every must be seconds"),
        (["markdown=1"], "markdown must be true or false"),
    ],
)
def test_wrong_words(words, sentence, tmp_path):
    with pytest.raises(UsageError, match=sentence):
        collect_bench.main([*words, f"out={tmp_path}"])
    assert list(Path(tmp_path).iterdir()) == []
