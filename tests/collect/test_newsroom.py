"""The bundled newsroom, crawled like any two sites and compared with what is known of it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data_prep.collect import run
from data_prep.collect.page import quality
from tests.collect.conftest import recipe_of, site_of

CHECKOUT = Path(__file__).resolve().parents[2]


def free_ports() -> int:
    """A port that is free, and so is the next."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise OSError("no two free ports in a row")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Any]:
    """(rows by URL, truth by URL, stats) of a small newsroom with a seed of its own."""
    folder = tmp_path_factory.mktemp("newsroom")
    port = free_ports()
    words = ["--seed", "11", "--articles", "60", "--port", str(port)]
    command = [sys.executable, "-m", "examples.newsroom"]
    subprocess.run([*command, "truth", *words, "--out", str(folder)], cwd=CHECKOUT, check=True)
    ready = folder / "ready"
    server = subprocess.Popen([*command, "serve", *words, "--ready-file", str(ready)], cwd=CHECKOUT)
    try:
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert server.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        sites = {
            "az": site_of(f"http://127.0.0.1:{port}/"),
            "uz": site_of(
                f"http://127.0.0.1:{port + 1}/",
                languages={"/": "uzn_Latn", "/kr/": "uzn_Cyrl"},
                timezone="Asia/Tashkent",
            ),
        }
        out = folder / "out"
        out.mkdir()
        stats = run(recipe_of(sites, max_bytes=8_000_000), {}, out).stats
    finally:
        server.terminate()
        server.wait()
    rows = {row["url"]: row for row in pq.read_table(out / "articles.parquet").to_pylist()}
    found = next(folder.rglob("articles.jsonl")).read_text("utf-8")
    truth = {row["url"]: row for row in map(json.loads, found.splitlines())}
    return rows, truth, stats


def test_every_article_and_nothing_else(collected: tuple[Any, Any, Any]) -> None:
    rows, truth, stats = collected
    wanted = {url for url, row in truth.items() if row["language"] in ("az", "uz")}
    assert set(rows) == wanted
    foreign = len(truth) - len(wanted)
    dropped = sum(site["left_out"].get("wrong_language", 0) for site in stats["sites"].values())
    assert foreign == dropped > 0


def test_language_date_and_links(collected: tuple[Any, Any, Any]) -> None:
    rows, truth, _ = collected
    names = {"az": "azj", "uz": "uzn"}
    for url, row in rows.items():
        known = truth[url]
        assert row["language"] == f"{names[known['language']]}_{known['script']}"
        assert row["published"] == known["published"]
        if known["hreflang"]:
            assert known["counterpart"] in row["alternates"]
        assert row["title"] not in row["text"].split("\n")
    assert {row["language"] for row in rows.values()} == {"azj_Latn", "uzn_Latn", "uzn_Cyrl"}


def test_the_text_of_every_template_is_whole() -> None:
    with quality.newsroom(articles=12, seed=5) as pages:
        assert len({page.group for page in pages}) == 6  # two sites, three layouts
        for page in pages:
            score = quality.score(quality.korpu(page), page.gold)
            assert (score.f1, score.paragraphs) == (1, 1), page.name
            assert (score.title, score.day, score.minute) == (1, 1, 1), page.name


def test_nothing_around_the_article_is_in_its_text(collected: tuple[Any, Any, Any]) -> None:
    rows, _, _ = collected
    around = ("Reklam", "CC0-1.0", "RSS", "Şərhlər", "Izohlar", "Oxşar xəbərlər", "Mavzuga oid")
    for url, row in rows.items():
        assert not [word for word in around if word in row["text"]], url
