"""The publishers' table: every row composes, agrees with itself, and claims nothing unchecked."""

import subprocess
import sys
from datetime import date
from zoneinfo import ZoneInfo

import pytest
import yaml
from hydra import compose, initialize_config_dir

from data_prep.collect import checks
from data_prep.collect.page.extract import declared
from data_prep.collect.site.urls import authority, canonical, path_of
from korpu import cli, config
from korpu.languages import LANGUAGES
from release.licence import uncovered

TABLE = config.CONFIGS / "source" / "publishers.yaml"
ROWS = ["azertag", "report", "gazeta", "kun", "turkic_states"]
OURS = {"azj_Latn", "azj_Cyrl", "uzn_Latn", "uzn_Cyrl"}
POLITE = 2.0  # seconds


@pytest.fixture(scope="module")
def recipe():
    config.register()
    words = ["source=publishers", "evaluate.slices=null"]
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        return config.recipe_of(compose("collect", overrides=words))


def test_the_table_has_these_rows_and_nothing_else(recipe, capsys):
    source = recipe.source
    assert list(source.site) == ROWS
    assert not (source.warc or source.files or source.hub or source.opus or source.corrections)
    assert not recipe.newsroom.serve
    assert recipe.collect.snapshot == date.today().isoformat()
    checks.sources(recipe)
    assert capsys.readouterr().err.count("nobody has checked this site's terms") == len(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_agrees_with_itself(recipe, name):
    site = recipe.source.site[name]
    assert site.start
    hosts = {authority(url) for url in site.start}
    assert len(hosts) == 1
    for url in site.start:
        assert canonical(url) == url
        assert url.startswith("https://")
        assert declared(url, site.languages) is not None
        assert not any(path_of(url).startswith(prefix) for prefix in site.skip)
    for prefix, code in site.languages.items():
        assert prefix.startswith("/")
        assert prefix.endswith("/")
        assert code in OURS & set(LANGUAGES)
        assert not any(prefix.startswith(skipped) for skipped in site.skip)
    assert all(prefix.startswith("/") and prefix.endswith("/") for prefix in site.skip)
    assert ZoneInfo(site.timezone)
    assert site.delay >= POLITE
    assert 0 < site.max_pages <= 10_000
    assert not site.allow_private


@pytest.mark.parametrize("name", ROWS)
def test_nothing_is_claimed_that_nobody_checked(recipe, name):
    site = recipe.source.site[name]
    assert site.terms_checked is False
    assert site.may_redistribute is False
    assert authority(site.terms) in {authority(url) for url in site.start}
    assert uncovered("Apache-2.0", site.licence) == [site.licence]  # a release must name it
    comment = TABLE.read_text("utf-8").partition("newsroom:")[0]
    assert "NOT TRIED AGAINST THE LIVE SITES" in comment
    assert "korpu doctor source=publishers" in comment


def test_two_write_azerbaijani_two_uzbek_in_both_scripts_and_one_both_languages(recipe):
    written = {name: set(site.languages.values()) for name, site in recipe.source.site.items()}
    assert written["azertag"] == written["report"] == {"azj_Latn"}
    assert written["gazeta"] == written["kun"] == {"uzn_Latn", "uzn_Cyrl"}
    assert written["turkic_states"] == {"azj_Latn", "uzn_Latn"}


@pytest.mark.parametrize(
    ("name", "url", "code"),
    [
        ("azertag", "https://azertag.az/xeber/bir_xeber-4423206", "azj_Latn"),
        ("report", "https://report.az/siyaset/bir-xeber/", "azj_Latn"),
        ("gazeta", "https://www.gazeta.uz/oz/2026/05/04/bir/", "uzn_Latn"),
        ("gazeta", "https://www.gazeta.uz/uz/2026/05/04/bir/", "uzn_Cyrl"),
        ("gazeta", "https://www.gazeta.uz/en/2026/05/04/one/", None),
        ("kun", "https://kun.uz/news/2026/05/04/bir", "uzn_Latn"),
        ("kun", "https://kun.uz/kr/news/2026/05/04/bir", "uzn_Cyrl"),
        ("turkic_states", "https://www.turkicstates.org/az/xeber", "azj_Latn"),
        ("turkic_states", "https://www.turkicstates.org/uz", "uzn_Latn"),
    ],
)
def test_the_longest_prefix_says_the_language(recipe, name, url, code):
    found = declared(url, recipe.source.site[name].languages)
    assert (found[1] if found else None) == code


def test_a_row_is_short():
    rows = yaml.safe_load(TABLE.read_text("utf-8"))["source"]["site"]
    written = TABLE.read_text("utf-8").partition("  site:\n")[2].splitlines()
    after_the_first = len(written) - len(rows["azertag"]) - 1
    assert after_the_first / (len(rows) - 1) < 8  # lines


def test_it_is_shown_as_composed():
    words = ["collect", "source=publishers", "--cfg", "job"]
    done = subprocess.run(
        [sys.executable, "-m", "korpu.cli", *words], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "https://kun.uz/news/rss" in done.stdout


@pytest.mark.parametrize(
    ("words", "at"),
    [
        (["source=x", "--cfg", "job"], 0),
        (["--cfg", "job", "source=x", "seed=2"], 2),
        (["--config-name=collect", "--cfg", "job"], 3),
        ([], 0),
    ],
)
def test_hydras_logging_is_turned_off_beside_the_first_override(words, at):
    quiet = ["hydra/job_logging=disabled", "hydra/hydra_logging=disabled"]
    assert cli._quietly(words) == words[:at] + quiet + words[at:]


def test_a_row_is_left_out_by_name():
    config.register()
    words = ["source=publishers", "~source.site.azertag", "evaluate.slices=null"]
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        recipe = config.recipe_of(compose("doctor", overrides=words))
    assert list(recipe.source.site) == ROWS[1:]


def test_archives_of_common_crawl_are_named_by_an_environment_variable(monkeypatch):
    monkeypatch.setenv("KORPU_WARC", "/data/cc-news")
    config.register()
    words = ["source=warc", "evaluate.slices=null"]
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        recipe = config.recipe_of(compose("collect", overrides=words))
    assert not recipe.source.site
    source = recipe.source.warc["cc_news"]
    assert (source.path, source.languages) == ("/data/cc-news", {"": "identify"})
    assert not source.may_redistribute
