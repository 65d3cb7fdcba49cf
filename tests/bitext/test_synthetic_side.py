"""Pairs of which a machine wrote a side: last among equals, in train alone, and nobody's leak."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data_prep.bitext import buckets, dedupe, shards, split
from data_prep.bitext.stage import run
from korpu import schema
from korpu.artifact import Artifact
from tests.bitext import conftest as made
from tests.bitext import corpora
from tests.bitext.conftest import compose
from tests.bitext.corpora import row

DATED = schema.Split("2025-02-01", "2025-03-01", "document", 0.3, 0.4, [], None)
MACHINE = {"synthetic_side": "src", "origin": "back", "score": None, "published": None}


def judged(rows: list[dict[str, Any]], folder: Path, how: schema.Split = DATED) -> dict[str, Any]:
    """Source → split or reason."""
    rules = split.Rules(how, 1)
    with shards.crew(1) as crew:
        known = corpora.corpus(rows, folder / "rows")
        known = split.assign(known, rules, folder / "work", crew, shared_sides=True)
        columns = ("src", *buckets.NARROW)
        frame = pl.concat([split.read(known, part, rules, columns) for part in known.parts])
    return {
        one: name or reason for one, name, reason in frame["src", "split", "reason"].iter_rows()
    }


@pytest.mark.parametrize("side", ["either", "both"])
def test_of_equal_pairs_the_one_that_people_wrote_stays(side: str, tmp_path: Path) -> None:
    asked = compose(dedupe__side=side, dedupe__near=None, filter__boilerplate=0).prepare
    rows = [
        row("bir", "bitta", "d1", **MACHINE | {"trusted": True}),
        row("bir", "bitta", "d2", score=0.9),
    ]
    known = corpora.corpus(rows, tmp_path / "rows")
    with shards.crew(1) as crew:
        for step in dedupe.steps(asked):
            known = buckets.run(step, known, tmp_path / "work", crew)
    assert corpora.reasons(known) == ["duplicate", None]


def test_a_machines_pair_is_never_in_dev_or_test(tmp_path: Path) -> None:
    rows = [row(f"s{n}", f"t{n}", f"back:{n}", **MACHINE) for n in range(30)]
    rows += [
        row("jan", "jan", "j", **MACHINE | {"published": "2025-01-09T00:00:00Z"}),
        row("feb", "feb", "f", **MACHINE | {"published": "2025-02-09T00:00:00Z"}),
        row("mar", "mar", "m", **MACHINE | {"published": "2025-03-09T00:00:00Z"}),
    ]
    found = judged(rows, tmp_path)
    assert {found[f"s{n}"] for n in range(30)} == {"train"}
    assert (found["jan"], found["feb"], found["mar"]) == ("train", "synthetic", "synthetic")


def test_it_goes_where_the_test_has_its_other_side_and_the_test_stays(tmp_path: Path) -> None:
    march = {"published": "2025-03-09T00:00:00Z"}
    rows = [
        row("sınaq", "sinov", "t1", **march),
        row("təlim", "taʼlim", "t2"),
        row("maşın", "sinov", "back:1", **MACHINE),
        row("maşın iki", "taʼlim", "back:2", **MACHINE),
    ]
    assert judged(rows, tmp_path) == {
        "sınaq": "test", "təlim": "train", "maşın": "synthetic", "maşın iki": "train",
    }  # fmt: skip


def test_a_stage_with_translations_beside_human_pairs(recipe: Any, tmp_path: Path) -> None:
    rows = [
        made.pair(src, tgt, f"d{number}", line=number * 10 + at)
        for number, (_, lines) in enumerate(made.REPORTS)
        for at, (src, tgt) in enumerate(lines)
    ]
    rows += [
        made.pair(f"Yeni {r['src'].lower()}", r["tgt"], "b", origin="back", line=n)
        | {"synthetic_side": "src"}
        for n, r in enumerate(rows)
    ]
    collect: Artifact = made.collected(tmp_path / "collect", [], rows)
    settings: dict[str, Any] = {
        "split__dev_from": None, "split__test_from": None, "split__undated": "document",
        "split__dev_share": 0.3, "split__test_share": 0.3, "dedupe__side": "both",
        "dedupe__near": None, "filter__language": False,
    }  # fmt: skip
    result = run(recipe(**settings), {"collect": collect}, tmp_path)
    parts = {n: pl.read_parquet(tmp_path / f"{n}.parquet") for n in ("train", "dev", "test")}
    origins = {name: set(part["origin"]) for name, part in parts.items()}
    assert origins == {"train": {"given", "back"}, "dev": {"given"}, "test": {"given"}}
    assert result.stats["rejected"]["synthetic"] > 0
    assert "synthetic" in (tmp_path / "README.md").read_text("utf-8")
