"""A small hand-made newsroom: ten reports in two languages, as `collect` leaves them."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from korpu import artifact, schema
from korpu.artifact import Artifact, File, Result

ARTICLE = {
    "id": pl.String, "url": pl.String, "site": pl.String, "section": pl.String,
    "language": pl.String, "title": pl.String, "published": pl.String, "text": pl.String,
    "alternates": pl.List(pl.String), "licence": pl.String, "may_redistribute": pl.Boolean,
    "fetched": pl.String, "sha256": pl.String,
}  # fmt: skip
PAIR = {
    "origin": pl.String, "line": pl.Int64, "src_lang": pl.String, "tgt_lang": pl.String,
    "src": pl.String, "tgt": pl.String, "document": pl.String, "published": pl.String,
    "licence": pl.String, "may_redistribute": pl.Boolean, "trusted": pl.Boolean,
    "synthetic_side": pl.String, "machine": pl.String, "editor": pl.String,
}  # fmt: skip

# (date, [(Azerbaijani, Uzbek), …]); the first of each is the title
REPORTS: list[tuple[str, list[tuple[str, str]]]] = [
    (date, [(src, tgt) for src, _, tgt in (line.partition("\t") for line in lines)])
    for date, *lines in (
        block.splitlines()
        for block in Path(__file__).with_name("reports.tsv").read_text("utf-8").split("\n\n")
    )
]
LINKED = {0, 1, 2, 6}  # reports whose pages name each other
CYRILLIC = {1: "Тошкентда метронинг янги бекати"}


def address(side: str, number: int) -> str:
    """The page of a report."""
    return f"https://{side}.example/news/{number}.html"


def articles() -> list[dict[str, Any]]:
    """Twenty pages, and one in Russian that claims to be Azerbaijani."""
    rows = []
    for number, (date, lines) in enumerate(REPORTS):
        for column, (side, code) in enumerate((("az", "azj_Latn"), ("uz", "uzn_Latn"))):
            sides = [line[column] for line in lines]
            text, title = " ".join(sides[1:3]) + "\n" + " ".join(sides[3:]), sides[0]
            if side == "uz" and number == 1:
                from data_prep.text.transliterate import uz_latin_to_cyrillic

                code, text = "uzn_Cyrl", uz_latin_to_cyrillic(text)
                title = CYRILLIC[1]
            names = [address("az", number), address("uz", number)]
            rows.append(article(address(side, number), code, title, text, f"{date}T08:00:00Z",
                                names if number in LINKED else []))  # fmt: skip
    russian = "Открыта новая библиотека для школьников. Вход на выставку будет свободным для всех."
    rows.append(article(address("az", 99), "azj_Latn", "Новости", russian, "2025-01-10T08:00:00Z"))
    return rows


def article(
    url: str,
    code: str,
    title: str,
    text: str,
    published: str | None,
    alternates: Sequence[str] = (),
) -> dict[str, Any]:
    """A row of articles.parquet."""
    return {
        "id": hashlib.sha256(url.encode()).hexdigest()[:16],
        "url": url,
        "site": "az_site" if code.startswith("az") else "uz_site",
        "section": "news",
        "language": code,
        "title": title,
        "published": published,
        "text": text,
        "alternates": list(alternates),
        "licence": "CC0-1.0",
        "may_redistribute": True,
        "fetched": "2026-01-01T00:00:00Z",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def pair(
    src: str, tgt: str, document: str, *, origin: str = "given", line: int = 1
) -> dict[str, Any]:
    """A row of pairs.parquet."""
    return {
        "origin": origin, "line": line, "src_lang": "azj_Latn", "tgt_lang": "uzn_Latn",
        "src": src, "tgt": tgt, "document": document, "published": None, "licence": "MIT",
        "may_redistribute": True, "trusted": False, "synthetic_side": None, "machine": None,
        "editor": None,
    }  # fmt: skip


def collected(
    directory: Path,
    rows: Sequence[Mapping[str, Any]] = (),
    pairs: Sequence[Mapping[str, Any]] = (),
) -> Artifact:
    """A finished `collect` with these tables."""
    directory.mkdir(parents=True)
    pl.DataFrame(rows, schema=ARTICLE).sort("id").write_parquet(directory / "articles.parquet")
    pl.DataFrame(pairs, schema=PAIR).write_parquet(directory / "pairs.parquet")
    files = File("articles.parquet"), File("pairs.parquet")
    return artifact.commit(
        directory, stage="collect", key="k", config={}, inputs=[],
        started=time.time(),
        result=Result(files, {"sites": {"az_site": {"fetched": 17}, "uz_site": {"fetched": 13}}}),
    )  # fmt: skip


def compose(**prepare: Any) -> schema.Recipe:
    """The default recipe with other values, ``align__days=3`` for prepare.align.days."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from omegaconf import OmegaConf

    from korpu import config

    config.register()
    for name, function in (("add", lambda a, b: int(a) + int(b)), ("now", lambda _: "2026-01-01")):
        if not OmegaConf.has_resolver(name):
            OmegaConf.register_new_resolver(name, function)
    with initialize_config_dir(str(config.CONFIGS), version_base=None):
        recipe = config.recipe_of(hydra_compose("prepare"))
    # the default recipe is the newsroom's, which switches this step off
    prepare = {"dedupe__near": 0.85, **prepare}
    benchmark = prepare.pop("benchmark", {})
    inside = recipe.prepare
    for name, value in prepare.items():
        group, _, key = name.rpartition("__")
        if group:
            inner = dataclasses.replace(getattr(inside, group), **{key: value})
            inside = dataclasses.replace(inside, **{group: inner})
        else:
            inside = dataclasses.replace(inside, **{key: value})
    return dataclasses.replace(recipe, prepare=inside, benchmark=benchmark)


@pytest.fixture(scope="session")
def recipe() -> Callable[..., schema.Recipe]:
    """``recipe(workers=1, split__undated="train")``."""

    def with_one_worker(**prepare: Any) -> schema.Recipe:
        return compose(**{"workers": 1, **prepare})

    return with_one_worker


@pytest.fixture(scope="session")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The hand-made articles, collected."""
    return collected(tmp_path_factory.mktemp("newsroom") / "collect", articles())


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared data; skips where they are absent."""
    default = Path(__file__).resolve().parents[2].parent / "shared"
    data = Path(os.environ.get("KORPU_SHARED", default)) / "data"
    if not (data / "ntrex").is_dir():
        pytest.skip(f"no shared data at {data}")
    return data
