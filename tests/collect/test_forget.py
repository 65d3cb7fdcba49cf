"""Takedown: what is forgotten stays forgotten, and everything made from it is named."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import runs
import yaml
from hydra import compose, initialize_config_dir
from hypothesis import given
from hypothesis import strategies as st

from data_prep.collect import forget, traces
from data_prep.collect.site.urls import canonical
from korpu import artifact, config
from korpu.errors import SaysNo, UsageError
from tests.collect.conftest import Server, article, link_to, site_of

A, B = "https://sayt.az/a", "https://sayt.az/b"


# ── the list ───────────────────────────────────────────────────────────────────────────────────


def lines(outputs: Path) -> list[dict[str, str]]:
    text = (outputs / forget.NAME).read_text("utf-8")
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_what_is_remembered_is_left_out_in_every_spelling(tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    assert forget.forgotten(outputs) == frozenset()
    forget.remember(outputs, [A])
    assert forget.forgotten(outputs) == {
        f"{scheme}://{www}sayt.az/a{slash}"
        for scheme in ("http", "https")
        for www in ("", "www.")
        for slash in ("", "/")
    }


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("https://sayt.az/a?b=1", "https://sayt.az/a"),
        ("https://sayt.az/a", "https://sayt.az/a?b=1"),
        ("https://sayt.az/a", "https://sayt.az/ab"),
        ("https://sayt.az/a", "https://sayt.az/A"),
        ("https://sayt.az/", "https://sayt.az/a"),
        ("https://en.sayt.az/a", "https://sayt.az/a"),
        ("https://sayt.az:8443/a", "https://sayt.az/a"),
    ],
)
def test_another_page_is_not_a_spelling(url: str, other: str) -> None:
    assert url in forget.spellings(url)
    assert other not in forget.spellings(url)


@given(st.sampled_from(["http", "https"]), st.sampled_from(["", "www."]),
       st.text("ab/", max_size=6), st.sampled_from(["", "?q=1"]))  # fmt: skip
def test_spellings_are_those_of_each_other(scheme: str, www: str, path: str, query: str) -> None:
    url = canonical(f"{scheme}://{www}sayt.az/{path}{query}")
    assert url is not None
    assert url in forget.spellings(url)
    for one in forget.spellings(url):
        assert canonical(one) == one
        if "//" not in f"/{path}":  # an empty segment is a segment
            assert forget.spellings(one) == forget.spellings(url)


def test_a_second_time_changes_nothing_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forget.remember(tmp_path, [A])
    before = (tmp_path / forget.NAME).read_bytes()
    assert capsys.readouterr().err == ""
    forget.remember(tmp_path, [A, A])
    assert (tmp_path / forget.NAME).read_bytes() == before
    when = lines(tmp_path)[0]["when"]
    assert f"{A} was forgotten already, {when}" in capsys.readouterr().err


def test_a_line_that_a_kill_cut_short_is_none_and_is_taken_away(tmp_path: Path) -> None:
    forget.remember(tmp_path, [A])
    forget.remember(tmp_path, [B])
    path = tmp_path / forget.NAME
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        assert forget.forgotten(tmp_path) == forget.spellings(A)
        forget.remember(tmp_path, ["https://sayt.az/c"])
        assert [row["url"] for row in lines(tmp_path)] == [A, "https://sayt.az/c"]


def test_a_damaged_line_is_told_and_not_passed_over(tmp_path: Path) -> None:
    forget.remember(tmp_path, [A, B])
    path = tmp_path / forget.NAME
    for wrong in (b"{", b"[]", b'{"url": 1, "when": "x"}', b'{"url": "x"}', b"\xff", b""):
        rest = path.read_bytes().split(b"\n")
        path.write_bytes(b"\n".join([rest[0], wrong, *rest[2:]]))
        with pytest.raises(SaysNo, match=f"{path}, line 2: this is no forgotten URL"):
            forget.forgotten(tmp_path)
        with pytest.raises(SaysNo, match="line 2"):
            forget.remember(tmp_path, ["https://sayt.az/c"])


def writer(outputs: Path, name: str, count: int) -> subprocess.Popen[bytes]:
    script = (
        "import sys; from pathlib import Path; from data_prep.collect import forget\n"
        "for n in range(int(sys.argv[3])):\n"
        "    forget.remember(Path(sys.argv[1]), [f'https://sayt.az/{sys.argv[2]}/{n}'])\n"
        "    print(n, flush=True)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, str(outputs), name, str(count)],
        cwd=runs.CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(runs.CHECKOUT)},
        stdout=subprocess.PIPE,
    )


def test_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    names, count = ("a", "b", "c"), 25
    for process in [writer(tmp_path, name, count) for name in names]:
        assert process.communicate(timeout=60)[0].split()[-1] == b"24"
        assert process.returncode == 0
    found = sorted(row["url"] for row in lines(tmp_path))
    assert found == sorted(f"https://sayt.az/{name}/{n}" for name in names for n in range(count))


def test_a_killed_process_loses_nothing_it_had_promised(tmp_path: Path) -> None:
    process = writer(tmp_path, "k", 100_000)
    assert process.stdout is not None
    promised = -1
    began = time.monotonic()
    while time.monotonic() - began < 0.5 or promised < 3:
        promised = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split(b"\n")[:-1]
    process.wait()
    last = int(rest[-1]) if rest else promised
    gone = forget.forgotten(tmp_path)
    assert all(f"https://sayt.az/k/{n}" in gone for n in range(last + 1))
    forget.remember(tmp_path, [A])
    assert {A, f"https://sayt.az/k/{last}"} <= {row["url"] for row in lines(tmp_path)}


# ── what is asked for ──────────────────────────────────────────────────────────────────────────


def test_what_is_asked_for(tmp_path: Path) -> None:
    assert list(forget.asked(" 'HTTPS://Sayt.az:443/a?utm_source=x#y' ")) == [A]
    path = tmp_path / "urls.txt"
    path.write_text(f"# üç ünvan\n{A}\n\n  {B}  \n{A}#son\n", "utf-8")
    assert list(forget.asked(f"@{path}")) == [A, B, A]


@pytest.mark.parametrize("value", ["", "sayt.az/a", "ftp://sayt.az/a", "/a", "https://", "a b"])
def test_what_is_no_url_is_refused(value: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"forget: .* is no http\(s\) URL; write it as a browser"):
        list(forget.asked(value))
    path = tmp_path / "urls.txt"
    path.write_text(f"{A}\n# x\n{value or 'x'}\n", "utf-8")
    with pytest.raises(UsageError, match=f"{path}, line 3: "):
        list(forget.asked(f"@{path}"))


def test_what_is_no_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"forget: there is no file {tmp_path}/none"):
        list(forget.asked(f"@{tmp_path}/none"))
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        list(forget.asked(f"@{tmp_path}"))
    (tmp_path / "latin").write_bytes(b"https://sayt.az/\xfc\n")
    with pytest.raises(UsageError, match="latin is not UTF-8; write one URL a line"):
        list(forget.asked(f"@{tmp_path}/latin"))
    (tmp_path / "empty").write_text("\n# nothing\n")
    with pytest.raises(UsageError, match="empty names no URL; write one a line"):
        list(forget.asked(f"@{tmp_path}/empty"))


# ── a crawl ────────────────────────────────────────────────────────────────────────────────────


def composed(*words: str) -> Any:
    with contextlib.suppress(ValueError):
        config.register()
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        return config.recipe_of(compose("collect", overrides=list(words)))


def crawl(server: Server, folder: Path) -> Any:
    """Collect the server's pages in a process of its own; returns the recipe."""
    about = dataclasses.asdict(site_of(f"{server.url}/"))
    text = yaml.safe_dump(
        {
            "newsroom": {"serve": False},
            "collect": {"snapshot": "2025-12-01"},
            "source": {"site": {"sayt": about}},
        }
    )
    (folder / "configs" / "source").mkdir(parents=True)
    path = folder / "configs" / "source" / "sayt.yaml"
    path.write_text("# @package _global_\n" + text, "utf-8")
    words = [f"runtime.outputs={folder / 'outputs'}", "source=sayt", "name=sayt",
             f"release.registry={folder / 'registry'}"]  # fmt: skip
    done = runs.run("collect", "--config-dir", str(folder / "configs"), *words)
    assert done.returncode == 0, done.stderr
    return composed(f"hydra.searchpath=[file://{folder / 'configs'}]", *words)


def test_a_page_is_found_by_redirect_by_its_own_and_by_its_canonical_url(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.pages["/"] = article(0, links=link_to("/one", "/print", "/old", "/two"))
    head = (
        f"<link rel=canonical href='/one'><link rel=alternate hreflang=uz href='{server.url}/uz/1'>"
    )
    server.pages["/one"] = article(1, head=head)
    server.pages["/print"] = article(2, head="<link rel=canonical href='/shown'>")
    server.pages["/old"] = (301, {"Location": "/print"}, b"")
    server.pages["/two"] = article(3)
    recipe = crawl(server, tmp_path)
    outputs = tmp_path / "outputs"
    (made,) = (outputs / "collect").glob("sayt-*")
    urls = set(pl.read_parquet(made / "articles.parquet")["url"])
    assert f"{server.url}/shown" in urls
    before = artifact.sha256(made / "frontier.sqlite"), sorted(made.rglob("*"))

    forget.forget_action(recipe, f"{server.url}/old")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"forgotten: {server.url}/old; later snapshots leave it out"
    assert said[1:3] == [
        f"  and {server.url}/print, the same article",
        f"  and {server.url}/shown, the same article",
    ]
    (raw,) = (made / "raw").iterdir()
    assert said[3:5] == [
        "collect",
        f"  {made}  has the article of sayt and its page in raw/{raw.name}",
    ]
    gone = forget.forgotten(outputs)
    assert {f"{server.url}/{name}" for name in ("old", "print", "shown")} <= gone
    assert not {f"{server.url}/{name}" for name in ("one", "two", "")} & gone
    assert [row.get("of") for row in lines(outputs)] == [None, *[f"{server.url}/old"] * 2]

    forget.forget_action(recipe, f"{server.url}/one")
    said = capsys.readouterr().out.splitlines()
    assert "it names other versions of itself, which are articles of their own and stay:" in said
    assert f"  {server.url}/uz/1" in said

    forget.forget_action(recipe, f"{server.url}/none")
    out = capsys.readouterr().out
    assert f"  nothing below {outputs} has it, and nothing was made from it" in out
    assert "collect again" not in out
    assert f"{server.url}/none" in forget.forgotten(outputs)
    assert before == (artifact.sha256(made / "frontier.sqlite"), sorted(made.rglob("*")))

    # archives stay with a later snapshot that has the same file; an unfinished one is named as such
    later = outputs / "collect" / "later-00000000"
    shutil.copytree(made, later)
    (later / "frontier.sqlite").unlink()
    begun = outputs / "collect" / "begun-00000000"
    shutil.copytree(made, begun)
    (begun / "manifest.json").unlink()
    found, unknown = traces.trace(outputs, tmp_path / "registry", frozenset([f"{server.url}/two"]))
    holds = "the article of sayt and its page in raw/" + raw.name
    assert {one.directory: (one.holds, one.by) for one in found} == {
        made: (holds, ""),
        later: (holds, ""),
        begun: (f"its page in raw/{raw.name}", "is not finished, and will leave it out"),
    }
    assert unknown == []


# ── the whole pipeline ─────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def finished(undisturbed: Any, port: int, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(outputs, registry, recipe) of a copy of a finished smoke pipeline."""
    folder = tmp_path_factory.mktemp("forget") / "copy"
    shutil.copytree(undisturbed[0], folder)
    return folder / "outputs", folder / "registry", composed(*runs.recipe(folder, port))


def rows_of(outputs: Path) -> dict[str, pl.DataFrame]:
    (corpus,) = (outputs / "prepare").glob("*/manifest.json")
    return {split: pl.read_parquet(corpus.parent / f"{split}.parquet") for split in traces.SPLITS}


def counted(outputs: Path) -> dict[str, dict[str, int]]:
    """By article: how many rows each split has of it, counted row by row."""
    found: dict[str, dict[str, int]] = {}
    for split, table in rows_of(outputs).items():
        for row in table.iter_rows(named=True):
            for url in {row["src_url"], row["tgt_url"]} - {None}:
                of_url = found.setdefault(url, dict.fromkeys(traces.SPLITS, 0))
                of_url[split] += 1
    return found


def by_stage(found: list[traces.Trace]) -> dict[str, list[traces.Trace]]:
    stages: dict[str, list[traces.Trace]] = {}
    for one in found:
        stages.setdefault(one.stage, []).append(one)
    return stages


def traced(outputs: Path, registry: Path, url: str) -> dict[str, list[traces.Trace]]:
    found, unknown = traces.trace(outputs, registry, forget.spellings(url))
    assert unknown == []
    return by_stage(found)


def test_an_article_that_was_learnt_from_is_followed_to_the_bundle(
    finished: Any, undisturbed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs, registry, recipe = finished
    counts = counted(outputs)
    url = max(counts, key=lambda u: (counts[u]["train"], u))
    assert counts[url]["train"] and not counts[url]["test"]
    stages = traced(outputs, registry, url)
    assert list(stages) == ["collect", "prepare", "base", "train", "evaluate", "gate", "release",
                            "bundles"]  # fmt: skip
    (collect,) = stages["collect"]
    assert "the article of " in collect.holds and "its page in raw/" in collect.holds
    (corpus,) = stages["prepare"]
    assert corpus.rows == {split: n for split, n in counts[url].items() if n}
    total = sum(corpus.rows.values())
    assert corpus.holds.startswith(f"{total} rows of it (train {corpus.rows['train']}")
    for stage in ("base", "train"):
        (run,) = stages[stage]
        assert not run.holds
        assert f"trained with {corpus.directory}, {corpus.rows['train']} rows of it" in run.by
    assert not stages["evaluate"][0].holds
    assert stages["evaluate"][0].by == f"made from {stages['train'][0].directory}"
    assert stages["gate"][0].by == f"made from {stages['evaluate'][0].directory}"
    bundles = {one.directory for one in stages["bundles"]}
    here = {path.parent for path in registry.glob("*/versions/*/MANIFEST.json")}
    published = {path.parent for path in undisturbed[0].glob("registry/*/versions/*/MANIFEST.json")}
    assert bundles == here | published and here and published
    assert all("it is candidate" in one.by for one in stages["bundles"])

    forget.forget_action(recipe, url)
    said = capsys.readouterr().out
    for stage, found in stages.items():
        assert f"\n{stage}\n" in said
        for one in found:
            assert f"\n  {one.directory}  " in said
    assert "collect again with a later collect.snapshot" in said
    assert "withdraw the bundles" in said


def test_an_article_of_the_test_split_is_in_the_report(finished: Any) -> None:
    outputs, registry, _ = finished
    counts = counted(outputs)
    only = [
        u for u, of_url in counts.items() if of_url["test"] and not of_url["train"] + of_url["dev"]
    ]
    url = max(only, key=lambda u: (counts[u]["test"], u))
    tests = rows_of(outputs)["test"]
    texts = set(tests.filter((pl.col("src_url") == url) | (pl.col("tgt_url") == url))["id"])
    seen = sum(
        json.loads(line)["id"] in texts
        for path in outputs.glob("evaluate/*/hypotheses/*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    )
    assert seen >= len(texts) > 0
    stages = traced(outputs, registry, url)
    assert "train" not in stages and "base" not in stages and "bundles" in stages
    (report,) = stages["evaluate"]
    assert report.holds == f"{seen} lines of it in hypotheses/"


def test_an_article_of_the_bundle_s_examples_is_named(finished: Any) -> None:
    outputs, registry, _ = finished
    (smoke,) = registry.glob("*/versions/*/smoke.jsonl")
    texts = [json.loads(line)["text"] for line in smoke.read_text("utf-8").splitlines()]
    dev = rows_of(outputs)["dev"]
    first = dev.filter(pl.col("src").is_in(texts) | pl.col("tgt").is_in(texts)).row(0, named=True)
    stages = traced(outputs, registry, first["src_url"])
    of_url = dev.filter(src_url=first["src_url"])
    expected = sum(text in {*of_url["src"], *of_url["tgt"]} for text in texts)
    assert {one.holds for one in stages["bundles"]} == {
        f"{expected} of its sentences in smoke.jsonl"
    }
    assert f"dev {of_url.height}" in stages["train"][0].by


def test_an_article_without_a_row_stops_at_the_corpus(finished: Any) -> None:
    outputs, registry, _ = finished
    (made,) = (outputs / "collect").glob("*/manifest.json")
    everything = set(pl.read_parquet(made.parent / "articles.parquet")["url"])
    unused = sorted(everything - set(counted(outputs)))
    assert unused  # the newsroom has articles that no other site reports
    stages = traced(outputs, registry, unused[0])
    assert list(stages) == ["collect", "prepare"]
    assert stages["prepare"][0].by == (
        "made from a snapshot that has it, but no row of it is from the article"
    )


def test_where_an_input_is_gone_nobody_can_say(finished: Any, tmp_path: Path) -> None:
    outputs, registry = tmp_path / "outputs", finished[1]
    shutil.copytree(finished[0], outputs)
    counts = counted(outputs)
    url = max(counts, key=lambda u: (counts[u]["train"], u))
    shutil.rmtree(outputs / "prepare")
    found, unknown = traces.trace(outputs, registry, forget.spellings(url))
    assert list(by_stage(found)) == ["collect"]
    kinds = [path.parent.name for path in unknown]
    assert kinds == ["base", "train", "evaluate", "gate", "release", "versions", "versions"]
    # a snapshot that was deleted is none of these: the corpus itself says what it has
    shutil.copytree(finished[0] / "prepare", outputs / "prepare")
    shutil.rmtree(outputs / "collect")
    assert "train" in traced(outputs, registry, url)
