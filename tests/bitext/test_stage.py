"""The stage as a whole, on hand-made articles: real Parquet, real processes, real signals."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data_prep.bitext import run
from korpu import schema
from korpu.artifact import Artifact
from korpu.errors import SaysNo, UsageError
from tests.bitext import conftest as made

DATED = {
    "split__dev_from": "2025-10-01", "split__test_from": "2025-11-01", "split__undated": "reject",
}  # fmt: skip
FILES = (
    "train.parquet", "dev.parquet", "test.parquet", "rejected.parquet", "contamination.parquet",
    "README.md", "report.html",
)  # fmt: skip


def digests(out: Path) -> dict[str, str]:
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES}


def splits(out: Path) -> dict[str, pl.DataFrame]:
    return {name: pl.read_parquet(out / f"{name}.parquet") for name in ("train", "dev", "test")}


@pytest.fixture(scope="module")
def done(
    newsroom: Artifact, recipe: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any]:
    out = tmp_path_factory.mktemp("prepare")
    return out, run(recipe(**DATED), {"collect": newsroom}, out)


def test_finds_the_pairs_and_only_those(done: tuple[Path, Any]) -> None:
    out, _ = done
    kept = pl.concat(splits(out).values())
    found = set(kept.select("src", "tgt").iter_rows())
    true = {pair for _, lines in made.REPORTS for pair in lines}
    assert len(found & true) >= 0.9 * len(true), sorted(true - found)
    assert len(found & true) >= 0.95 * len(found), sorted(found - true)


def test_columns_and_types_are_the_contract(done: tuple[Path, Any]) -> None:
    import datasets

    out, _ = done
    loaded = datasets.load_dataset("parquet", data_files=str(out / "test.parquet"), split="train")
    assert loaded.column_names == [
        "id", "src_lang", "tgt_lang", "src", "tgt", "score", "origin", "section",
        "synthetic_side", "src_url", "tgt_url", "published", "document", "licence",
        "may_redistribute",
    ]  # fmt: skip
    assert loaded.features["score"].dtype == "float32"
    assert loaded.features["synthetic_side"].dtype == "string"
    assert pl.read_parquet(out / "rejected.parquet").columns[-1] == "reason"


def test_splits_by_date_without_overlap(done: tuple[Path, Any]) -> None:
    parts = splits(done[0])
    assert all(part.height for part in parts.values())
    assert parts["train"]["published"].max() < "2025-10-01"  # type: ignore[operator]
    assert parts["dev"]["published"].min() >= "2025-10-01"  # type: ignore[operator]
    assert parts["dev"]["published"].max() < "2025-11-01"  # type: ignore[operator]
    assert parts["test"]["published"].min() >= "2025-11-01"  # type: ignore[operator]
    documents = [set(part["document"]) for part in parts.values()]
    assert not documents[0] & documents[1]
    assert not documents[0] & documents[2]
    assert not documents[1] & documents[2]


def test_cyrillic_pages_come_out_in_latin(done: tuple[Path, Any]) -> None:
    rows = pl.concat(splits(done[0]).values()).filter(tgt_url=made.address("uz", 1))
    assert rows.height >= 3
    assert set(rows["tgt_lang"]) == {"uzn_Latn"}
    assert "Toshkent metrosida yana 3 ta bekat qurilmoqda." in set(rows["tgt"])


def test_a_page_in_another_language_is_not_used(done: tuple[Path, Any]) -> None:
    assert done[1].stats["unused_articles"] == {"wrong language": 1}
    assert done[1].stats["used_articles"] == 20
    assert made.address("az", 99) not in set(pl.concat(splits(done[0]).values())["src_url"])


def test_links_first_then_margin(done: tuple[Path, Any]) -> None:
    assert done[1].stats["linked_documents"] == len(made.LINKED)
    assert done[1].stats["documents"] == len(made.REPORTS)


def test_report_and_card_are_self_contained(done: tuple[Path, Any]) -> None:
    page = (done[0] / "report.html").read_text("utf-8")
    assert "<svg" in page
    assert "prefers-color-scheme: dark" in page
    assert "src=" not in page
    assert "<script" not in page
    assert "Bars: pages 30, articles 21, used articles 20, documents 10" in page
    card = (done[0] / "README.md").read_text("utf-8")
    kept = sum(part.height for part in splits(done[0]).values())
    assert f"{kept} pairs in " in card
    assert "CC0-1.0" in card
    assert "| az_site+uz_site | CC0-1.0 | yes |" in card
    assert "| pages | 30 |" in card


def test_workers_never_change_a_byte(
    done: tuple[Path, Any], newsroom: Artifact, recipe: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    from data_prep.bitext import buckets, mining, sentences, shards

    monkeypatch.setattr(sentences, "SHARD", 5)  # several shards out of a few articles
    monkeypatch.setattr(mining, "SHARD", 2)
    monkeypatch.setattr(shards, "SMALL", 0)
    monkeypatch.setattr(buckets, "PART", 10)
    monkeypatch.setattr(buckets, "BUCKET", 20)
    one, three = tmp_path / "one", tmp_path / "three"
    for out, workers in ((one, 1), (three, 3)):
        out.mkdir()
        run(recipe(workers=workers, **DATED), {"collect": newsroom}, out)
    assert digests(one) == digests(three) == digests(done[0])


KILLED = """
import os, signal, sys
from pathlib import Path
from data_prep.bitext import buckets, mining, run, sentences
from korpu import artifact
from tests.bitext.conftest import compose
sentences.SHARD, mining.SHARD, buckets.PART, buckets.BUCKET = 7, 3, 15, 30
left = int(sys.argv[3])
replace = os.replace
def counted(*paths):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*paths)
os.replace = counted
inputs = {"collect": artifact.load(Path(sys.argv[1]))}
dated = dict(split__dev_from="2025-10-01", split__test_from="2025-11-01", split__undated="reject")
run(compose(workers=1, **dated), inputs, Path(sys.argv[2]))
"""


def attempt(newsroom: Artifact, out: Path, left: int) -> int:
    words = [sys.executable, "-c", KILLED, str(newsroom.directory), str(out), str(left)]
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(words, cwd=root, capture_output=True, text=True)
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    return ended.returncode


def test_killed_in_every_step_and_resumed_gives_the_same_files(
    done: tuple[Path, Any], newsroom: Artifact, tmp_path: Path
) -> None:
    # every run is killed as it is about to give its 11th file its name, wherever that is: the last
    # pass, which writes the corpus, begins anew each time and has nearly as many
    out = tmp_path / "out"
    out.mkdir()
    kills, steps = 0, set()
    while attempt(newsroom, out, 11) != 0:
        kills += 1
        assert kills < 60
        found = sorted(out.rglob("*.tmp"), key=lambda path: path.stat().st_mtime_ns)
        steps |= {path.parent.name for path in found}
    assert kills >= 5
    assert len(steps) >= 6, steps
    assert digests(out) == digests(done[0])


@pytest.mark.long
def test_killed_at_every_other_file(
    done: tuple[Path, Any], newsroom: Artifact, tmp_path: Path
) -> None:
    number = 0
    while True:
        number += 2
        out = tmp_path / str(number)
        out.mkdir()
        if attempt(newsroom, out, number) == 0:
            break
        assert attempt(newsroom, out, 0) == 0
        assert digests(out) == digests(done[0]), number
    assert number > 40


ORPHANED = """
import os, sys, time
from pathlib import Path
from data_prep.bitext import shards
from tests.bitext.test_stage import slowly
with shards.crew(2) as crew:
    shards.build([sys.argv[1]] * 6, slowly, Path(sys.argv[1]) / "x", crew=crew, what="slow")
"""


def slowly(folder: str) -> pl.DataFrame:
    (Path(folder) / f"pid{os.getpid()}").touch()
    time.sleep(60)
    return pl.DataFrame()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_workers_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    parent = subprocess.Popen([sys.executable, "-c", ORPHANED, str(tmp_path)], cwd=root)
    deadline = time.monotonic() + 30
    while len(pids := [int(p.name[3:]) for p in tmp_path.glob("pid*")]) < 2:
        assert time.monotonic() < deadline, "the workers did not start"
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def benchmark(folder: Path, src: str, tgt: str) -> schema.Benchmark:
    (folder / "b.az").write_text(src + "\n", "utf-8")
    (folder / "b.uz").write_text(tgt + "\n", "utf-8")
    return schema.Benchmark(
        str(folder / "b.az"), str(folder / "b.uz"), "azj_Latn", "uzn_Latn", None, "X"
    )


def test_a_document_with_a_benchmark_line_goes_entirely(
    newsroom: Artifact, recipe: Any, tmp_path: Path
) -> None:
    # the Uzbek side alone, in Cyrillic, in other case, inside a longer line of the page
    known = benchmark(
        tmp_path, "Başqa bir cümlə.", "ЯНГИ ЙЎНАЛИШ ШАҲАРНИНГ ШАРҚИНИ МАРКАЗ БИЛАН БОҒЛАЙДИ"
    )
    known = dataclasses.replace(known, tgt_lang="uzn_Cyrl")
    out = tmp_path / "out"
    out.mkdir()
    result = run(recipe(benchmark={"known": known}, **DATED), {"collect": newsroom}, out)
    assert result.stats["rejected"]["contaminated: known"] >= 4
    urls = set(pl.concat(splits(out).values())["tgt_url"])
    assert made.address("uz", 1) not in urls
    assert made.address("uz", 2) in urls


def test_what_slips_through_is_refused_at_the_end(
    newsroom: Artifact, recipe: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    from data_prep.bitext import stage

    monkeypatch.setattr(stage, "_contaminated", lambda known, _work: known)
    known = benchmark(tmp_path, made.REPORTS[4][1][1][0], "Boshqa bir gap.")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(SaysNo, match=r"train\.parquet overlaps the benchmark known"):
        run(recipe(benchmark={"known": known}, **DATED), {"collect": newsroom}, out)


def test_aligned_files_alone_split_by_document(recipe: Any, tmp_path: Path) -> None:
    rows = [
        made.pair(f"&{src}", tgt, f"d{number}", line=number * 10 + at)
        for number, (_, lines) in enumerate(made.REPORTS)
        for at, (src, tgt) in enumerate(lines)
    ]
    rows += [made.pair("Ayarlar pəncərəsini açın", "Sozlamalar oynasini oching", f"u{i}",
                       origin="ui", line=i) for i in range(3)]  # fmt: skip
    collect = made.collected(tmp_path / "collect", [], rows)
    out = tmp_path / "out"
    out.mkdir()
    settings: dict[str, Any] = {
        "split__dev_from": None, "split__test_from": None, "split__undated": "document",
        "split__dev_share": 0.3, "split__test_share": 0.3, "split__train_only": ["ui"],
    }  # fmt: skip
    result = run(recipe(**settings), {"collect": collect}, out)
    parts = splits(out)
    assert result.stats["rejected"] == {"duplicate": 2}
    assert sum(part.height for part in parts.values()) == 41
    assert [part.filter(origin="ui").height for part in parts.values()] == [1, 0, 0]
    assert all(part["score"].null_count() == part.height for part in parts.values())
    documents = [set(part["document"]) for part in parts.values()]
    assert sum(map(len, documents)) == len(set.union(*documents)) == 11
    assert not any("&" in text for part in parts.values() for text in part["src"])


def bad(recipe: Any, tmp_path: Path, rows: Any = (), pairs: Any = (), **settings: Any) -> str:
    collect = made.collected(tmp_path / "collect", rows, pairs)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(UsageError) as caught:
        run(recipe(**settings), {"collect": collect}, out)
    return str(caught.value)


def test_nothing_collected(recipe: Any, tmp_path: Path) -> None:
    assert "neither articles nor aligned pairs" in bad(recipe, tmp_path)


def test_one_language_only(recipe: Any, tmp_path: Path) -> None:
    rows = [row for row in made.articles() if row["language"] == "azj_Latn"]
    assert "none of the 11 articles is in uzn_Latn" in bad(recipe, tmp_path, rows)


def test_no_document_in_common(recipe: Any, tmp_path: Path) -> None:
    rows = made.articles()
    rows = [rows[0], rows[5]]  # the library in Azerbaijani, the weather in Uzbek
    rows = [row | {"alternates": []} for row in rows]
    assert "no two of its 2 articles report the same" in bad(recipe, tmp_path, rows, **DATED)


def test_no_dates_with_a_dated_split(recipe: Any, tmp_path: Path) -> None:
    rows = [row | {"published": None} for row in made.articles()]
    sentence = bad(recipe, tmp_path, rows, **DATED)
    assert "no pair is left" in sentence
    assert "undated" in sentence
    rejected = pl.read_parquet(tmp_path / "out" / "rejected.parquet")
    assert rejected.filter(reason="undated").height >= 30


def test_a_split_that_ends_empty_is_named(recipe: Any, tmp_path: Path) -> None:
    settings = DATED | {"split__dev_from": "2026-01-01", "split__test_from": "2026-02-01"}
    sentence = bad(recipe, tmp_path, made.articles(), **settings)
    assert "no pair is left for dev and test" in sentence
    assert "2025-01-10 to 2025-11-15" in sentence


@pytest.mark.parametrize("name", ["articles.parquet", "pairs.parquet"])
def test_corrupt_parquet(recipe: Any, tmp_path: Path, name: str) -> None:
    collect = made.collected(tmp_path / "collect", made.articles())
    path = collect.directory / name
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UsageError, match=f"{name} is not readable Parquet"):
        run(recipe(**DATED), {"collect": collect}, tmp_path)


def test_a_file_in_other_languages(recipe: Any, tmp_path: Path) -> None:
    row = made.pair("Good morning to all of you", "Hammangizga xayrli tong", "d") | {
        "src_lang": "eng_Latn"
    }
    assert "the source given is eng_Latn-uzn_Latn" in bad(recipe, tmp_path, (), [row])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"split__test_from": None}, "both dev_from and test_from"),
        ({"split__dev_from": "1.10.2025", "split__test_from": "2025-11-01"}, "YYYY-MM-DD"),
        ({"split__dev_from": "2025-12-01", "split__test_from": "2025-11-01"}, "is not before"),
        ({"split__undated": "maybe"}, "one of reject, train, document"),
        ({"split__test_share": 0.95}, "must be below 1"),
        ({"dedupe__near": 1.2}, "from 0.5 to 1"),
        ({"split__near_documents": 0.0}, "near_documents is 0.0"),
        ({"filter__boilerplate": -1}, "below 0"),
        ({"decontaminate__ngram": 2}, "decontaminate.ngram"),
        ({"pivots": ["uzn_Latn"]}, "one of the corpus's two"),
        ({"align__max_merge": 3}, "it is 1 or 2"),
        ({"tgt_lang": "azj_Latn"}, "both azj_Latn"),
        ({"tgt_lang": "uzn_Cyrl"}, "a corpus is in Latin"),
        ({"tgt_lang": "xx"}, "unknown language"),
    ],
)
def test_settings_that_cannot_be_meant(
    newsroom: Artifact, recipe: Any, tmp_path: Path, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        run(recipe(**settings), {"collect": newsroom}, tmp_path)


def test_what_a_machine_translated_stays_marked_when_the_pair_is_turned(
    recipe: Any, tmp_path: Path
) -> None:
    row = made.pair("Bokuda yangi maktab ochildi.", "Bakıda yeni məktəb açılıb.", "d") | {
        "src_lang": "uzn_Latn", "tgt_lang": "azj_Latn", "synthetic_side": "tgt", "trusted": True,
    }  # fmt: skip
    collect = made.collected(tmp_path / "collect", made.articles(), [row])
    run(recipe(**(DATED | {"split__undated": "train"})), {"collect": collect}, tmp_path)
    train = pl.read_parquet(tmp_path / "train.parquet")
    found = train.filter(pl.col("origin") == "given")
    assert found.select("src_lang", "synthetic_side").rows() == [("azj_Latn", "src")]


def test_pivots_have_folders_of_their_own_and_share_no_sentence_with_the_test(
    recipe: Any, tmp_path: Path
) -> None:
    import datasets

    english = {"tgt_lang": "eng_Latn"}
    rows = [
        made.pair(src, tgt, f"d{number}", line=number * 10 + at)
        for number, (_, lines) in enumerate(made.REPORTS)
        for at, (src, tgt) in enumerate(lines)
    ]
    shared = made.REPORTS[3][1][1][0]
    rows += [
        made.pair(shared, "A line that the corpus has in another language.", "e", line=1) | english,
        made.pair("Kitabxana səhər saat doqquzda açılır.", "The library opens in the morning.", "e",
                  line=2) | english,
    ]  # fmt: skip
    collect = made.collected(tmp_path / "collect", [], rows)
    out = tmp_path / "out"
    out.mkdir()
    settings: dict[str, Any] = {
        "split__dev_from": None, "split__test_from": None, "split__undated": "document",
        "split__dev_share": 0.3, "split__test_share": 0.3, "pivots": ["eng_Latn"],
    }  # fmt: skip
    result = run(recipe(**settings), {"collect": collect}, out)
    parts = splits(out)
    assert all(set(part["tgt_lang"]) == {"uzn_Latn"} for part in parts.values())
    pivot = {
        name: pl.read_parquet(out / f"azj_Latn-eng_Latn/{name}.parquet")
        for name in ("train", "dev", "test")
    }
    held = [part for part in (*parts.items(), *pivot.items()) if shared in set(part[1]["src"])]
    assert len({name for name, _ in held}) == 1
    assert sum(part.height for part in pivot.values()) in (1, 2)
    assert result.stats["pivots"].keys() == {
        f"azj_Latn-eng_Latn/{name}.parquet" for name in ("train", "dev", "test")
    }
    loaded = datasets.load_dataset(str(out), "azj_Latn-eng_Latn")
    assert sum(part.num_rows for part in loaded.values()) == sum(p.height for p in pivot.values())
    assert datasets.load_dataset(str(out), "default")["train"].num_rows == parts["train"].height


def test_hostile_lines_lose_nothing(recipe: Any, tmp_path: Path) -> None:
    lines = [pair for _, report in made.REPORTS for pair in report]
    rows = [made.pair(src, tgt, f"d{n}", line=n) for n, (src, tgt) in enumerate(lines)]
    odd = [
        ("", "Boʻsh tomonli juftlik bu yerda."),
        ("Boş tərəfi olan cüt buradadır.", "   "),
        ("a" * 10_000_000, "Juda uzun satr bilan birga kelgan gap."),
        ("Nömrəsiz \x00 sıfır baytı olan sətir.", "Nol baytli satr \x00 shu yerda."),
        ("\u202e\u2066 sağdan sola yazılan sətir", "oʻngdan chapga yozilgan satr \u2069"),
        ("!!! ??? ...", "--- *** ///"),
        *[("Bütün sayt boyu eyni olan sətir budur.", "Saytning hamma joyida bir xil satr.")] * 500,
    ]  # fmt: skip
    rows += [made.pair(src, tgt, f"odd{n}", line=n) for n, (src, tgt) in enumerate(odd)]
    collect = made.collected(tmp_path / "collect", [], rows)
    out = tmp_path / "out"
    out.mkdir()
    settings: dict[str, Any] = {
        "split__dev_from": None, "split__test_from": None, "split__undated": "document",
        "split__dev_share": 0.3, "split__test_share": 0.3,
    }  # fmt: skip
    run(recipe(**settings), {"collect": collect}, out)
    kept = sum(part.height for part in splits(out).values())
    rejected = pl.read_parquet(out / "rejected.parquet")
    assert kept + rejected.height == len(rows)
    reasons = dict(rejected["reason"].value_counts().iter_rows())
    assert reasons["duplicate"] >= 499
    assert reasons["empty"] == 2
    assert reasons["long"] == 1
