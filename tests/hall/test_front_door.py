"""The front door as a user meets it: a real process, its exit code, its words."""

import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


def korpu(*words, cwd=None, env=None, **more):
    return subprocess.run(
        [sys.executable, "-m", "korpu.cli", *words],
        capture_output=True,
        text=True,
        cwd=cwd or CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **(env or {})},
        timeout=120,
        **more,
    )


def test_help_is_instant_and_names_every_command():
    from korpu.cli import RECIPE_COMMANDS, WORD_COMMANDS

    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        done = korpu("--help")
        seconds.append(time.perf_counter() - began)
        assert done.returncode == 0
    for command in [*RECIPE_COMMANDS, *WORD_COMMANDS]:
        assert re.search(rf"^  {command} ", done.stdout, re.M)
    assert statistics.median(seconds) < 0.5


def test_help_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "korpu.cli", "--help"],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
    )
    loaded = set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.M))
    assert "korpu.cli" in loaded or "korpu.errors" in loaded
    assert not loaded & {"torch", "transformers", "hydra", "omegaconf", "numpy", "polars", "httpx"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["trian"], "there is no command 'trian'; did you mean train?"),
        (["train", "trian.steps=3"], "unknown key trian: did you mean train?"),
        (["train", "train.stpes=3"], "unknown key train.stpes: did you mean train.steps?"),
        (["train", "+newsroom.sed=3"], "unknown key newsroom.sed: did you mean newsroom.seed?"),
        (["train", "train.steps=abc"], "train.steps: Value 'abc'"),
        (["train", "train.weights.ui=2"], "train.weights.ui is not there yet: add it as +train"),
        (["train", "model=tny"], "there is no model=tny: did you mean model=tiny?"),
        (["train", "modl=tiny"], "unknown key modl: did you mean model?"),
        (["train", "train.steps=[1"], "no viable alternative"),
        (["train", "model=local"], "model.path has no value"),
        (["train", "model.weights=scrach"], "did you mean scratch?"),
        (["train", "evaluate.directions=[az-uz]"], "a direction is SOURCE-TARGET"),
        (["train", "prepare.split.test_from=soon"], "must be a date"),
        (["train", "gate.baseline=adapter"], "are both 'adapter'"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(words, says, tmp_path):
    done = korpu(*words, *([f"runtime.outputs={tmp_path}"] if len(words) > 1 else []))
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert says in lines[0]
    assert done.stdout == ""


def test_no_words_at_all_is_usage():
    done = korpu()
    assert done.returncode == 2
    assert "korpu COMMAND" in done.stdout


def test_a_missing_input_names_the_command_that_makes_it(tmp_path):
    done = korpu(
        "train", "newsroom.serve=false", f"runtime.outputs={tmp_path}", "evaluate.slices=null"
    )
    assert done.returncode == 2
    assert "make it with `korpu collect`" in done.stderr


def test_a_malformed_config_file_exits_2(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("# @package _global_\nname: [unclosed\n")
    done = korpu("plan", "--config-dir", str(tmp_path), "experiment=mine")
    assert done.returncode == 2, done.stderr
    assert "mine.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_traceback_only_with_debug(tmp_path):
    words = ["train", "newsroom.serve=false", "evaluate.slices=null", f"runtime.outputs={tmp_path}"]
    assert "Traceback" not in korpu(*words).stderr
    assert "Traceback" in korpu(*words, "--debug").stderr


def test_hydra_stands_behind_the_door(tmp_path):
    done = korpu("train", "--cfg", "job", "train.steps=17")
    assert done.returncode == 0
    assert re.search(r"^train:\n(.*\n)*?  steps: 17$", done.stdout, re.M)
    assert "Configuration groups" in korpu("train", "--help").stdout
    done = korpu(
        "plan",
        "--multirun",
        "seed=1,2",
        "newsroom.serve=false",
        "evaluate.slices=null",
        f"runtime.outputs={tmp_path}",
        f"hydra.sweep.dir={tmp_path}",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("collect ") == 2


def test_completion_knows_commands_groups_and_keys():
    def complete(line):
        return korpu(
            "-sc", "query=bash", env={"COMP_LINE": line, "COMP_POINT": str(len(line))}
        ).stdout

    assert "eval" not in complete("korpu tr").split()
    assert {"train", "translate"} == set(complete("korpu tr").split())
    assert "model=tiny" in complete("korpu train model=").split()
    assert "train.steps=" in complete("korpu evaluate train.st").split()[0]
    assert "korpu" in korpu("-sc", "install=bash").stdout


def test_the_console_command_is_installed():
    import tomllib

    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    assert project["scripts"]["korpu"] == "korpu.cli:main"
