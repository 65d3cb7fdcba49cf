"""Anybody's pair of files as a test set, from the command line alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import runs
import tiny_recipe

from korpu.config import CONFIGS, explain, recipe_of, register
from korpu.errors import UsageError
from korpu.schema import Benchmark, Recipe
from tests.eval.parts import AZ, BOTH, UZ


def composed(*words: str) -> Recipe:
    """As the front door does: what Hydra refuses is a ``UsageError``, too."""
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    register()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        try:
            return recipe_of(compose("evaluate", list(words)))
        except (HydraException, OmegaConfBaseException) as error:
            raise UsageError(explain(error)) from error


def files(folder: Path) -> dict[str, str]:
    found = {}
    for name, lines in {"az": AZ, "uz": UZ, "second": UZ[::-1]}.items():
        path = folder / f"my.{name}"
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        found[name] = str(path)
    return found


def test_a_pair_of_files_needs_two_words() -> None:
    recipe = composed("benchmark=files", "benchmark.files.src=my.az", "benchmark.files.tgt=my.uz")
    assert recipe.benchmark == {
        "files": Benchmark("my.az", "my.uz", "azj_Latn", "uzn_Latn", None, "LicenseRef-unknown")
    }


def test_under_a_name_of_one_s_own_beside_others() -> None:
    recipe = composed(
        "benchmark=xwmt",
        "+benchmark.election.src=a", "+benchmark.election.tgt=b",
        "+benchmark.election.src_lang=uzn_Latn", "+benchmark.election.tgt_lang=azj_Latn",
        "+benchmark.election.refs=[c,d]", "+benchmark.election.documents=e",
    )  # fmt: skip
    assert list(recipe.benchmark) == ["xwmt", "election"]
    assert recipe.benchmark["election"] == Benchmark(
        "a", "b", "uzn_Latn", "azj_Latn", "e", "LicenseRef-unknown", ["c", "d"]
    )
    table = "+benchmark={mine: {src: a, tgt: b, src_lang: azj_Latn, tgt_lang: uzn_Latn}}"
    assert list(composed(table).benchmark) == ["mine"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["benchmark=files"], r"benchmark\.files\.src has no value; give it as benchmark\.files"),
        (["benchmark=files", "benchmark.files.source=a"], r"did you mean benchmark\.files\.src\?"),
        (["benchmark=xwmt", "benchmark.xwmt.documnts=a"], r"did you mean .*xwmt\.documents\?"),
        (["+benchmark.mine.src=a"], r"mine\.tgt has no value; give it as \+benchmark\.mine\.tgt=…"),
        (["benchmark=files", "benchmark.files.refs=a"], r"files\.src has no value"),
        (["benchmark=xwmt", "+benchmark.xwmt.refs=a"], r"xwmt\.refs cannot be 'a'; give a list"),
        (["benchmark=xwmt", "benchmark.xwmt.src=2024"], r"xwmt\.src cannot be 2024; give a str"),
        (["benchmark=xwmt", "benchmark.xwmt.documents=1"], r"cannot be 1; give a str \| None"),
        (["+benchmark.mine=a"], r"benchmark\.mine is no table of values"),
    ],
)
def test_what_is_wrong_is_named(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        composed(*words)


def test_the_command_says_it_in_one_sentence_and_exits_2() -> None:
    done = runs.run("evaluate", "benchmark=files", "benchmark.files.src=my.az")
    assert done.returncode == 2
    said = "benchmark.files.tgt has no value; give it as benchmark.files.tgt=…"
    assert done.stderr.strip().splitlines() == [f"korpu: {said}"]


@pytest.mark.long
def test_it_is_scored_by_the_commands(tiny_corpus: Path, tmp_path: Path) -> None:
    """With two references and TER; the same words for every command, since the corpus is cleaned
    of the test set before anything learns from it."""
    folder = tmp_path / "tiny"
    shutil.copytree(tiny_corpus, folder)
    given = files(tmp_path)
    words = tiny_recipe.words(
        folder,
        "benchmark=files",
        f"benchmark.files.src={given['az']}", f"benchmark.files.tgt={given['uz']}",
        f"benchmark.files.refs=[{given['second']}]",
        "evaluate.metrics=[bleu,chrf_pp,ter]", "evaluate.bootstrap=20",
    )  # fmt: skip
    told = "make it with `korpu prepare` and the same overrides"
    done = tiny_recipe.korpu(folder, "evaluate", *words)
    assert done.code == 2 and told in done.err
    for command in ("collect", "prepare", "train", "evaluate"):
        done = tiny_recipe.korpu(folder, command, *words)
        assert done.code == 0, done.err
    (made,) = (folder / "outputs" / "evaluate").glob("*/report.json")
    report = json.loads(made.read_text("utf-8"))
    sizes = {
        name: (size["n"], size["references"])
        for name, size in report["benchmarks"]["files"].items()
    }
    assert sizes == {BOTH[0]: (8, 2), BOTH[1]: (8, 1)}  # two references of one side
    found = {
        (row["direction"], row["metric"]) for row in report["scores"] if row["benchmark"] == "files"
    }
    assert found == {(name, metric) for name in BOTH for metric in ("bleu", "chrf_pp", "ter")}
    gone = [word.replace(given["uz"], f"{given['uz']}.gone") for word in words]
    done = tiny_recipe.korpu(folder, "prepare", *gone)
    assert (
        done.code == 2 and f"benchmark.files.tgt: there is no file {given['uz']}.gone" in done.err
    )
