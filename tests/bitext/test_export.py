"""Exports: what is handed on, in files that other tools read, and nothing that may not be."""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data_prep.bitext import columns, export
from korpu import artifact, cli
from korpu.errors import SaysNo, UsageError
from tests.bitext import judged
from tests.bitext.exports import OWN, corpus, moses, sides, tmx

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    """Pairs of every kind; some are in English."""
    draw = random.Random(4)
    english = [judged.row(number, draw, tgt_lang="eng_Latn") for number in range(1000, 1030)]
    return judged.rows(300) + english


def exported(rows: Sequence[dict[str, Any]], split: str, code: str = "uzn_Latn") -> list[Any]:
    return [
        row
        for row in rows
        if row["split"] == split and row["may_redistribute"] and row["tgt_lang"] == code
    ]


def test_collect_reads_the_same_pairs_back(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    out = tmp_path / "out"
    counts = export.export(corpus(tmp_path / "corpus", rows), out)
    for split in ("train", "dev", "test"):
        expected = sides(exported(rows, split))
        assert expected
        assert sides(moses(out / OWN, split)) == expected
        assert sides(tmx(out / OWN, split)) == expected
        ids = [
            line.split("\t")
            for line in (out / OWN / f"{split}.ids").read_text("utf-8").splitlines()
        ]
        assert ids == [[row["id"], row["origin"], row["licence"]] for row in exported(rows, split)]
        assert counts.splits[f"{OWN}/{split}"] == len(expected)
    english = exported(rows, "train", "eng_Latn")
    assert len((out / "azj_Latn-eng_Latn/train.eng_Latn").read_bytes().splitlines()) == len(english)


def test_what_may_not_be_handed_on_stays(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    made = corpus(tmp_path / "corpus", rows)
    counts = export.export(made, tmp_path / "out")
    closed = [row for row in rows if row["split"] and not row["may_redistribute"]]
    assert counts.kept_back == len(closed)
    texts = "".join(
        path.read_text("utf-8") for path in (tmp_path / "out").rglob("*") if path.is_file()
    )
    assert not any(row["id"] in texts for row in closed)
    assert not any(row["id"] in texts for row in rows if row["reason"])
    assert not (tmp_path / "out/NOTICE").exists()
    said = (tmp_path / "out/LICENCES.txt").read_text("utf-8")
    table = [line.split() for line in said.splitlines()[4:]]
    assert sum(int(line[-2]) for line in table) == counts.pairs
    assert sum(int(line[-1]) for line in table) == len(closed)
    assert {(line[0], line[1]) for line in table} == {
        (row["origin"], row["licence"]) for row in rows if row["split"]
    }


def test_everything_is_for_private_use_and_says_so(
    rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    made = corpus(tmp_path / "corpus", rows)
    counts = export.export(made, tmp_path / "out", ["moses"], everything=True)
    assert counts.pairs == sum(bool(row["split"]) for row in rows)
    notice = (tmp_path / "out/NOTICE").read_text("utf-8")
    closed = sum(bool(row["split"]) and not row["may_redistribute"] for row in rows)
    assert notice.startswith("FOR PRIVATE USE")
    assert f"{closed} may be used for training" in notice
    assert json.loads((tmp_path / "out/export.json").read_text())["all"] is True
    assert not list((tmp_path / "out").rglob("*.tmx"))


def test_nothing_may_be_handed_on(tmp_path: Path) -> None:
    made = corpus(tmp_path / "corpus", judged.rows(20, may_redistribute=False))
    with pytest.raises(SaysNo, match=r"none of the corpus's \d+ pairs may be handed on"):
        export.export(made, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_what_was_taken_down_since_stays_too(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    made = corpus(tmp_path / "corpus", rows)
    mined = [row for row in exported(rows, "train") if row["src_url"]]
    gone = frozenset((mined[0]["src_url"], mined[1]["tgt_url"]))
    counts = export.export(made, tmp_path / "out", everything=True, gone=gone)
    lost = [
        row
        for row in rows
        if row["split"] and not gone.isdisjoint((row["src_url"], row["tgt_url"]))
    ]
    assert counts.forgotten == len(lost) >= 2
    texts = (tmp_path / f"out/{OWN}/train.ids").read_text("utf-8")
    assert mined[0]["id"] not in texts
    assert mined[1]["id"] not in texts
    assert mined[2]["id"] in texts


def test_an_earlier_export_is_replaced_whole(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    made, out = corpus(tmp_path / "corpus", rows), tmp_path / "out"
    export.export(made, out, ["moses"], everything=True)
    export.export(made, out, ["tmx"])
    assert not (out / "NOTICE").exists()
    assert not list(out.rglob("*.ids"))
    described = json.loads((out / "export.json").read_text())
    found = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert found == {"export.json", *(row["path"] for row in described["files"])}
    for row in described["files"]:
        assert artifact.sha256(out / row["path"]) == row["sha256"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "out"]


def test_a_folder_of_other_things_is_refused(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    made, out = corpus(tmp_path / "corpus", rows), tmp_path / "out"
    export.export(made, out)
    (out / "mine.txt").write_text("keep me")
    with pytest.raises(UsageError, match=r"holds mine\.txt, which no export wrote"):
        export.export(made, out)
    assert (out / "mine.txt").read_text() == "keep me"
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file; name a directory"):
        export.export(made, tmp_path / "file")


def test_the_same_corpus_gives_the_same_bytes(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    made = corpus(tmp_path / "corpus", rows)
    export.export(made, tmp_path / "one")
    export.export(made, tmp_path / "two")
    assert artifact.sha256(tmp_path / "one") == artifact.sha256(tmp_path / "two")


def test_a_damaged_corpus_is_named_and_leaves_nothing(
    rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    made = corpus(tmp_path / "corpus", rows)
    path = tmp_path / "corpus/dev.parquet"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(UsageError, match=r"dev\.parquet is not readable Parquet"):
        export.export(made, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


KILLED = """
import os, signal, sys
from pathlib import Path
from data_prep.bitext import export, interchange
from korpu import artifact, cli
left = int(sys.argv[3])
segment = interchange.segment
def counted(text):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return segment(text)
interchange.segment = counted
export.export(artifact.load(Path(sys.argv[1])), Path(sys.argv[2]))
"""


def test_killed_it_is_absent_and_then_whole(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    made, out = corpus(tmp_path / "corpus", rows), tmp_path / "out"
    for left, code in ((40, -signal.SIGKILL), (900, -signal.SIGKILL), (-1, 0)):
        words = [sys.executable, "-c", KILLED, str(made.directory), str(out), str(left)]
        done = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        assert out.exists() is (code == 0)
    export.export(made, tmp_path / "undisturbed")
    assert artifact.sha256(out) == artifact.sha256(tmp_path / "undisturbed")
    assert not list(tmp_path.glob(".*"))


def test_memory_does_not_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "BATCH", 500)
    monkeypatch.setattr(columns, "ROW_GROUP", 1_000)
    rows = judged.rows(2_000, reason=None, split="train", may_redistribute=True)  # 2 MB
    peaks = []
    for times in (1, 6):
        many = [row | {"id": f"{n:02d}{row['id'][2:]}"} for n in range(times) for row in rows]
        made = corpus(tmp_path / f"corpus{times}", many)
        del many
        tracemalloc.start()
        counts = export.export(made, tmp_path / f"out{times}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert counts.pairs == 2_000 * times
    assert peaks[1] < 1.5 * peaks[0], peaks  # held rows would be 12 MB


@pytest.mark.parametrize(
    ("value", "options", "says"),
    [
        ("out", {"format": "pdf"}, "format must be one of moses, tmx, both, not 'pdf'"),
        ("out", {"all": "yes"}, "all must be true or false, not 'yes'"),
        (" ", {}, "export has no value"),
    ],
)
def test_words_that_cannot_be_meant(
    recipe: Any, value: str, options: dict[str, str], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        export.export_action(recipe(), value, **options)


def test_words_of_an_action_are_not_for_the_recipe() -> None:
    words, actions = cli._actions("prepare", ["seed=3", "format=tmx", "export=a=b", "all=true"])
    assert words == ["seed=3"]
    (act,) = actions
    assert isinstance(act, functools.partial)
    assert act.func is export.export_action
    assert act.keywords == {"value": "a=b", "format": "tmx", "all": "true"}
    # without the action they are the recipe's, which says that it has no such key
    assert cli._actions("prepare", ["format=tmx"]) == (["format=tmx"], [])
    assert cli._actions("collect", ["export=a"]) == (["export=a"], [])


def korpu(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "korpu.cli", *words], capture_output=True, text=True, cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, timeout=240,
    )  # fmt: skip


def test_through_the_front_door(tmp_path: Path) -> None:
    from tests.bitext import conftest as made

    lines = [pair for _, report in made.REPORTS for pair in report]
    text = "".join(
        json.dumps({"az": src, "uz": tgt, "document": f"d{n}", "may_redistribute": n % 5 > 0})
        + "\n"
        for n, (src, tgt) in enumerate(lines)
    )
    (tmp_path / "pairs.jsonl").write_text(text, "utf-8")
    recipe = (
        "source=files", "source.files.pairs.path=pairs.jsonl",
        "experiment=smoke", "benchmark=none", f"runtime.outputs={tmp_path / 'outputs'}",
        "collect.snapshot=2026-01-01", "prepare.split.dev_from=null",
        "prepare.split.test_from=null", "prepare.split.undated=document",
        "prepare.split.dev_share=0.3", "prepare.split.test_share=0.3",
    )  # fmt: skip
    early = korpu("prepare", *recipe, "export=out", cwd=tmp_path)
    assert early.returncode == 2, early.stderr
    assert "run `korpu collect` and `korpu prepare`" in early.stderr
    assert korpu("collect", *recipe, cwd=tmp_path).returncode == 0
    unmade = korpu("prepare", *recipe, "export=out", cwd=tmp_path)
    assert unmade.returncode == 2, unmade.stderr
    assert "make it with `korpu prepare` and the same overrides" in unmade.stderr
    done = korpu("prepare", *recipe, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = korpu("prepare", *recipe, "export=out", "format=moses", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "pairs that may not be handed on; all=true writes them" in done.stdout
    (folder,) = (tmp_path / "outputs/prepare").iterdir()
    kept = pl.concat(
        pl.read_parquet(folder / f"{split}.parquet") for split in ("train", "dev", "test")
    )
    written = sum(len(path.read_bytes().splitlines()) for path in (tmp_path / "out").rglob("*.ids"))
    assert written == kept["may_redistribute"].sum() < kept.height
