"""What two machines collected, joined, is what one makes: real servers, real processes."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import runs
import yaml
from hydra import compose, initialize_config_dir

from data_prep.collect import forget, joining, merge, share, tables
from data_prep.collect.site.warc import read
from korpu import artifact, config, stages
from korpu.artifact import Artifact, File, Result
from korpu.errors import SaysNo, UsageError
from tests.collect.conftest import AZ, UZ, Server, _Handler, _Threads, article, link_to, site_of

PAGES = 12
PAIRS = ("alfa", "beta", "gamma", "delta")  # names whose hashes fall into both shards


@contextlib.contextmanager
def serving(count: int) -> Iterator[list[Server]]:
    """Servers on hosts of their own, not all of one shard of two."""
    while True:
        sites = [Server() for _ in range(count)]
        running = []
        for number, site in enumerate(sites, 1):
            handler = type("Handler", (_Handler,), {"site": site})
            running.append(_Threads((f"127.0.0.{number}", 0), handler))
            site.url = f"http://127.0.0.{number}:{running[-1].server_address[1]}"
        by = [sorted(share.share(sources_of(sites, f"{n}/2")).site) for n in (1, 2)]
        if all(by):
            break
        for one in running:
            one.server_close()
    threads = [threading.Thread(target=one.serve_forever, args=(0.01,)) for one in running]
    for thread in threads:
        thread.start()
    yield sites
    for one, thread in zip(running, threads, strict=True):
        one.shutdown()
        one.server_close()
        thread.join()


def sources_of(sites: list[Server], shard: str | None) -> Any:
    from korpu.schema import Sources

    given = {f"host{n}": site_of(f"{site.url}/") for n, site in enumerate(sites)}
    return Sources(site=given, warc={}, files={}, hub={}, opus={}, corrections={}, shard=shard)


def fill(sites: list[Server]) -> None:
    for host, site in enumerate(sites):
        last = link_to(*(f"{other.url}/x/1" for other in sites))  # never followed: another host
        sentences = UZ if host == 2 else AZ
        links = link_to(*(f"/x/{n}" for n in range(PAGES))) + last
        site.pages["/"] = article(0, sentences, links=links)
        for n in range(PAGES):
            mine = sites[(host + 1) % len(sites)]
            head = f"<link rel=alternate hreflang=uz href='{mine.url}/x/{n}'>"
            if n == 3:
                head += "<link rel=canonical href='/x/2'>"
            site.pages[f"/x/{n}"] = article(100 * host + n + 1, sentences, head=head)


class Site:
    """The recipe's files and what was collected by it, in this test module."""

    def __init__(self, folder: Path, sites: list[Server]) -> None:
        self.folder, self.sites = folder, sites
        self.outputs = folder / "outputs"
        for name in PAIRS:
            for side, text in (("az", "Salam"), ("uz", "Salom")):
                lines = "".join(f"{text} {name} {n}\n" for n in range(30))
                (folder / f"{name}.{side}").write_text(lines, "utf-8")
        about = {f"host{n}": dataclasses.asdict(site_of(f"{s.url}/")) for n, s in enumerate(sites)}
        about["host2"]["languages"] = {"/": "uzn_Latn"}
        given = {
            name: {
                "src": str(folder / f"{name}.az"),
                "tgt": str(folder / f"{name}.uz"),
                "src_lang": "azj_Latn",
                "tgt_lang": "uzn_Latn",
                "licence": "CC0-1.0",
                "may_redistribute": True,
            }
            for name in PAIRS
        }
        text = yaml.safe_dump(
            {
                "newsroom": {"serve": False},
                "collect": {"snapshot": "2025-12-01"},
                "source": {"site": about, "files": given},
            }
        )
        (folder / "configs" / "source").mkdir(parents=True)
        path = folder / "configs" / "source" / "three.yaml"
        path.write_text("# @package _global_\n" + text, "utf-8")

    def words(self, *more: str) -> list[str]:
        return [f"runtime.outputs={self.outputs}", "source=three", "name=three", *more]

    def start(self, *more: str) -> subprocess.Popen[str]:
        return runs.start(
            "collect", "--config-dir", str(self.folder / "configs"), *self.words(*more)
        )

    def recipe(self, *more: str) -> Any:
        with contextlib.suppress(ValueError):
            config.register()
        with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
            path = f"hydra.searchpath=[file://{self.folder / 'configs'}]"
            return config.recipe_of(compose("collect", overrides=[path, *self.words(*more)]))

    def directory(self, *more: str) -> Path:
        found = stages.plan(self.recipe(*more), "collect")["collect"].directory
        assert found is not None
        return found

    def made(self, *more: str) -> Artifact:
        found = artifact.load(self.directory(*more))
        assert found is not None
        return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Three hosts, collected undivided and as two shards, each by a process of its own."""
    with serving(3) as sites:
        fill(sites)
        made = Site(tmp_path_factory.mktemp("merge"), sites)
        divided = [made.start(f"source.shard={n}/2") for n in (1, 2)]
        whole = made.start(f"out={made.folder / 'whole'}")
        for process in (*divided, whole):
            _, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
        yield made


@pytest.fixture
def shards(site: Site) -> list[Path]:
    return [site.directory(f"source.shard={n}/2") for n in (1, 2)]


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def pages(directory: Path) -> dict[str, str]:
    """Every archived page by its frontier's row: the body's digest by URL."""
    with contextlib.closing(sqlite3.connect(directory / "frontier.sqlite")) as db:
        places = db.execute(
            "SELECT url, file, offset, length, digest FROM urls WHERE file IS NOT NULL"
        ).fetchall()
    found = {}
    for url, file, offset, length, digest in places:
        assert read(directory / "raw" / file, offset, length).url == url
        found[url] = digest
    return found


def test_merged_shards_are_the_undivided_snapshot(site: Site, shards: list[Path]) -> None:
    whole = artifact.load(site.folder / "whole")
    assert whole is not None
    process = site.start(f"merge={shards[1]},{shards[0]}")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    directory = site.directory()
    assert out == f"collect   {directory}\n"
    made = site.made()
    made.verify()
    assert made.key == whole.key
    assert made.content == whole.content
    assert artifact.sha256(directory / "pairs.parquet") == artifact.sha256(
        whole.directory / "pairs.parquet"
    )
    for name in ("articles", "pairs"):
        assert made.stats[name] == whole.stats[name] > 0
    assert made.stats["articles"] == 3 * PAGES
    assert made.stats["sites"] == whole.stats["sites"]
    kinds = [{k: v for k, v in row.items() if k != "fetched"} for row in rows(
        directory / "articles.parquet")]  # fmt: skip
    assert [row["id"] for row in kinds] == sorted(row["id"] for row in kinds)
    assert pages(directory) == pages(whole.directory)
    assert {row["site"] for row in kinds} == {"host0", "host1", "host2"}
    for path in (directory / "raw").iterdir():
        same = [shard / "raw" / path.name for shard in shards]
        assert sum(other.exists() and path.samefile(other) for other in same) == 1
    again = site.start(f"merge={site.outputs}/collect/three-*")
    _, err = again.communicate(timeout=120)
    assert again.returncode == 0
    assert "already done" in err


def test_parents_of_the_merged_frontier(site: Site, shards: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    merge.merge(site.recipe(), shards, out)

    def tree(directory: Path) -> set[tuple[str | None, ...]]:
        """Every URL with the addresses of the rows that its own names by their ids."""
        with contextlib.closing(sqlite3.connect(directory / "frontier.sqlite")) as db:
            return set(
                db.execute(
                    "SELECT a.site, a.url, a.state, b.url, c.url FROM urls a"
                    " LEFT JOIN urls b ON a.parent = b.id LEFT JOIN urls c ON a.finder = c.id"
                )
            )

    found = tree(out)
    assert found == tree(shards[0]) | tree(shards[1])
    assert len([row for row in found if row[3] and row[4]]) > 3 * PAGES - 4


def test_what_the_merged_frontier_says_of_itself() -> None:
    """A later snapshot goes on from it as from an undivided crawl's."""
    one = {"snapshot": "2025-12-01", "finished": "1", "sites": '{"a": "x"}', "file:a": "a.warc.gz"}
    two = {"snapshot": "2025-12-01", "finished": "1", "sites": '{"b": "y"}', "file:b": "b.warc.gz"}
    both = joining._meta([one, two | {"inherited:old.warc.gz": "/elsewhere/raw"}])
    assert json.loads(both.pop("sites")) == {"a": "x", "b": "y"}
    assert both == {
        "snapshot": "2025-12-01",
        "finished": "1",
        "file:a": "a.warc.gz",
        "file:b": "b.warc.gz",
    }
    del two["finished"]
    assert "finished" not in joining._meta([one, two])
    assert "finished" not in joining._meta([two, one])


def test_a_merge_is_killed_and_done_again(site: Site, shards: list[Path], tmp_path: Path) -> None:
    """SIGKILL at every durable step: until the manifest is there nothing is done, then all is."""
    whole = artifact.load(site.folder / "whole")
    assert whole is not None
    out = tmp_path / "out"
    script = (
        "import os, pathlib, pickle, signal, sys\n"
        "from data_prep.collect import merge\n"
        "from korpu import artifact\n"
        "real, left = artifact.replace_durably, [int(sys.argv[2])]\n"
        "def dying(*paths):\n"
        "    left[0] -= 1\n"
        "    if left[0] <= 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    real(*paths)\n"
        "artifact.replace_durably = dying\n"
        "recipe, value = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "merge.merge_action(recipe, value)\n"
    )
    job = tmp_path / "job"
    recipe = site.recipe(f"out={out}")
    job.write_bytes(pickle.dumps((recipe, ",".join(map(str, shards)))))
    before = {path: artifact.sha256(path) for s in shards for path in s.rglob("*.gz")}
    for step in (1, 2, 4, 5, 6, 7):
        done = subprocess.run(
            [sys.executable, "-c", script, str(job), str(step)],
            cwd=runs.CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(runs.CHECKOUT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == -signal.SIGKILL, (step, done.stderr)
        assert artifact.load(out) is None
    merge.merge_action(recipe, ",".join(map(str, shards)))
    made = artifact.load(out)
    assert made is not None
    made.verify()
    assert made.content == whole.content
    assert sorted(path.name for path in out.iterdir() if not path.name.startswith(".")) == [
        "articles.parquet", "frontier.sqlite", "manifest.json", "pairs.parquet", "raw",
    ]  # fmt: skip
    assert before == {path: artifact.sha256(path) for path in before}


def test_a_later_crawl_in_a_half_merged_directory_cuts_no_archive(
    site: Site, shards: list[Path], tmp_path: Path
) -> None:
    """Archives are the shards' own files: a crawl that is started there must not shorten them."""
    out = tmp_path / "out"
    merge.merge(site.recipe(), shards, out)  # no manifest yet
    before = {path: path.stat().st_size for s in shards for path in s.rglob("*.gz")}
    process = site.start(f"out={out}")
    process.communicate(timeout=120)
    assert before == {path: path.stat().st_size for path in before}


def test_where_links_cannot_be_made_archives_are_copied(
    site: Site, shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    out = tmp_path / "out"
    merge.merge(site.recipe(), shards, out)
    names = {path.name for path in (out / "raw").iterdir()}
    for shard in shards:
        for path in (shard / "raw").iterdir():
            names.discard(path.name)
            assert (out / "raw" / path.name).read_bytes() == path.read_bytes()
            assert not (out / "raw" / path.name).samefile(path)
    assert not names


def test_a_full_disk_is_told_as_it_is(
    site: Site, shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OSError, match="No space left"):
        merge.merge(site.recipe(), shards, tmp_path / "out")


def test_what_was_forgotten_since_is_left_out(
    site: Site, shards: list[Path], tmp_path: Path
) -> None:
    recipe = site.recipe(f"runtime.outputs={tmp_path / 'outputs'}")
    gone = f"{site.sites[0].url}/x/5"
    forget.remember(tmp_path / "outputs", [gone])
    result = merge.merge(recipe, shards, tmp_path / "out")
    urls = {row["url"] for row in rows(tmp_path / "out" / "articles.parquet")}
    assert gone not in urls
    assert len(urls) == 3 * PAGES - 1
    host = result.stats["sites"]["host0"]
    assert host["left_out"]["forgotten"] == 1
    assert sum(host["articles"].values()) == PAGES - 1


# ── what is refused ────────────────────────────────────────────────────────────────────────────


def copy_of(shard: Path, folder: Path, **changes: Any) -> Path:
    """A shard with another manifest."""
    copied = folder / f"{shard.name}-{len(list(folder.iterdir()))}"
    shutil.copytree(shard, copied)
    manifest = json.loads((copied / "manifest.json").read_text("utf-8"))
    for key, value in changes.items():
        inside, *path, last = manifest, *key.split("__")
        for name in path:
            inside = inside[name]
        inside[last] = value
    artifact.write_json(copied / "manifest.json", manifest)
    return copied


def refused(site: Site, found: list[Path], tmp_path: Path, kind: type = UsageError) -> str:
    with pytest.raises(kind) as told:
        merge.merge(site.recipe(), found, tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    return str(told.value)


def test_a_shard_that_is_missing_is_named(site: Site, shards: list[Path], tmp_path: Path) -> None:
    assert refused(site, shards[:1], tmp_path) == (
        "shard 2/2 is missing; collect it with source.shard=2/2 and the same recipe, and name its "
        "directory too"
    )


def test_a_shard_that_is_not_done_is_named(site: Site, shards: list[Path], tmp_path: Path) -> None:
    half = copy_of(shards[1], tmp_path)
    (half / "manifest.json").unlink()
    assert refused(site, [shards[0], half], tmp_path) == (
        f"{half} has no valid manifest.json, so its collect is not done; run it there to the end"
    )


def test_a_shard_twice_is_named(site: Site, shards: list[Path], tmp_path: Path) -> None:
    other = copy_of(shards[0], tmp_path)
    assert refused(site, [*shards, other], tmp_path) == (
        f"shard 1/2 is there twice: {shards[0]} and {other}; name one of them"
    )


def test_shards_of_two_divisions_are_named(site: Site, shards: list[Path], tmp_path: Path) -> None:
    other = copy_of(shards[1], tmp_path, config__source__shard="2/3")
    assert refused(site, [shards[0], other], tmp_path) == (
        f"{shards[0]} is shard 1/2 and {other} is shard 2/3; merge shards of one division"
    )


def test_another_configuration_is_named(site: Site, shards: list[Path], tmp_path: Path) -> None:
    other = copy_of(shards[1], tmp_path, config__source__site__host0__max_pages=7)
    assert refused(site, [shards[0], other], tmp_path) == (
        f"{other} was collected with source.site.host0.max_pages=7, but this recipe has "
        "source.site.host0.max_pages=10000; merge with the recipe that the shards were made with"
    )
    fewer = json.loads((shards[1] / "manifest.json").read_text("utf-8"))["config"]["source"]["site"]
    other = copy_of(
        shards[1], tmp_path, config__source__site={k: v for k, v in fewer.items() if k != "host0"}
    )
    assert f"{other} was collected with no source.site.host0.allow_private, but this" in refused(
        site, [shards[0], other], tmp_path
    )


def test_a_shard_of_another_version_is_named(
    site: Site, shards: list[Path], tmp_path: Path
) -> None:
    other = copy_of(shards[1], tmp_path, key="0" * 64)
    assert refused(site, [shards[0], other], tmp_path) == (
        f"{other} was collected by another version of korpu; collect its shard 2/2 again"
    )


def test_what_is_no_shard_is_named(site: Site, shards: list[Path], tmp_path: Path) -> None:
    whole = site.folder / "whole"
    assert refused(site, [shards[0], whole], tmp_path) == (
        f"{whole} is no shard: it was collected without source.shard"
    )
    corpus = copy_of(shards[1], tmp_path, stage="prepare")
    assert refused(site, [shards[0], corpus], tmp_path) == (
        f"{corpus} was made by prepare; name directories that collect made"
    )


def test_a_damaged_file_is_named(site: Site, shards: list[Path], tmp_path: Path) -> None:
    other = copy_of(shards[1], tmp_path)
    path = next(iter(sorted((other / "raw").iterdir())))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert refused(site, [shards[0], other], tmp_path, SaysNo) == (
        f"shard 2/2: {path} is not the file that was written; copy the shard here again, or "
        "collect it again"
    )


def test_a_begun_crawl_is_not_written_over(site: Site, shards: list[Path], tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    shutil.copytree(site.folder / "whole", begun)
    (begun / "manifest.json").unlink()
    with pytest.raises(UsageError, match=f"an undivided crawl was begun in {begun}; finish it"):
        merge.merge(site.recipe(), shards, begun)
    assert (begun / "raw").exists()


def test_the_action_s_own_refusals(site: Site, shards: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"leave source\.shard out"):
        merge.merge_action(site.recipe("source.shard=1/2"), str(shards[0]))
    with pytest.raises(UsageError, match="holds another result"):
        merge.merge_action(site.recipe(f"out={shards[0]}"), str(shards[0]))
    for value in ("", "[]", " , "):
        with pytest.raises(UsageError, match="merge: name the shards' directories"):
            merge.directories(value, tmp_path)
    with pytest.raises(UsageError, match=f"merge: there is no directory {tmp_path}/none"):
        merge.directories(f"{tmp_path}/none", tmp_path)
    with pytest.raises(UsageError, match="merge: no directory fits"):
        merge.directories(f"{tmp_path}/n*", tmp_path)


def test_how_directories_are_named(tmp_path: Path) -> None:
    made = [tmp_path / name for name in ("a-1", "a-2", "a-3")]
    for path in made:
        path.mkdir()
    (tmp_path / "a-file").touch()
    for value in (
        f"{made[0]},{made[1]}", f"[{made[0]}, {made[1]}]", f"'{made[0]}', '{made[1]}'",
        f"{tmp_path}/a-*", f"[{tmp_path}/a-1,{tmp_path}/?-2]",
    ):  # fmt: skip
        assert merge.directories(value, made[2]) == made[:2]


# ── one URL in two shards ──────────────────────────────────────────────────────────────────────


def given(url: str, site: str, page: str, text: str) -> dict[str, Any]:
    row = dict.fromkeys(tables.ARTICLES.names)
    return {
        **row,
        "id": f"id-{url}",
        "url": url,
        "page": page,
        "site": site,
        "language": "azj_Latn",
        "text": text,
        "alternates": [],
        "published": "2025-11-30T08:00:00Z" if text == "b" else None,
    }


def test_one_article_in_two_shards_is_taken_once(site: Site, tmp_path: Path) -> None:
    """A given archive may hold pages of a host that another shard crawls."""
    recipe = site.recipe()
    found = []
    articles = [
        [given("u1", "warc", "u1", "a"), given("u3", "warc", "u3", "c")],
        [given("u1", "crawl", "u1", "b"), given("u2", "crawl", "u2", "d")],
    ]
    for number, of_shard in enumerate(articles, 1):
        shard = dataclasses.replace(recipe.source, shard=f"{number}/2")
        mine = dataclasses.replace(recipe, source=shard)
        place = stages.plan(mine, "collect")["collect"]
        assert place.key is not None
        out = tmp_path / str(number)
        out.mkdir()
        tables.write(out / "articles.parquet", tables.ARTICLES, of_shard)
        tables.write(out / "pairs.parquet", tables.PAIRS, [])
        dated = sum(row["published"] is not None for row in of_shard)
        of_site = {"articles": {"azj_Latn": 2}, "dated": dated, "left_out": {}}
        made = artifact.commit(
            out,
            stage="collect",
            key=place.key,
            config=stages.config_of(merge.STAGE, mine),
            inputs=[],
            result=Result(
                (File("articles.parquet", rows=2), File("pairs.parquet", rows=0)),
                {"sites": {of_shard[0]["site"]: of_site}},
            ),
            started=0.0,
        )
        found.append(made.directory)
    result = merge.merge(recipe, found, tmp_path / "out")
    merged = rows(tmp_path / "out" / "articles.parquet")
    assert [(row["url"], row["text"]) for row in merged] == [("u1", "b"), ("u2", "d"), ("u3", "c")]
    assert result.stats["articles"] == 3
    assert result.stats["sites"] == {
        "warc": {"articles": {"azj_Latn": 1}, "dated": 0, "left_out": {"same_canonical_url": 1}},
        "crawl": {"articles": {"azj_Latn": 2}, "dated": 1, "left_out": {}},
    }
