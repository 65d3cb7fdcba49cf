"""Every command in the README runs; what needs weights or a GPU runs with the tiny model."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import runs

README = (runs.CHECKOUT / "README.md").read_text("utf-8")
FIRST_WORDS = ("korpu", "python", "make", "echo", "eval")


def commands() -> list[str]:
    """The README's indented command lines, and the commands it quotes in its text."""
    lines = [line.strip() for line in README.splitlines() if line.startswith("    ")]
    quoted = re.findall(r"`([^`\n]+)`", README)
    found = [line for line in lines + quoted if line.split(" ")[0] in FIRST_WORDS]
    return list(dict.fromkeys(line for line in found if " " in line and "←" not in line))


@pytest.fixture(scope="module")
def my_news(tmp_path_factory):
    """The folder with somebody's own experiment: here the smoke recipe under another name."""
    folder = tmp_path_factory.mktemp("configs")
    (folder / "experiment").mkdir()
    (folder / "experiment" / "my_news.yaml").write_text(
        "# @package _global_\ndefaults: [smoke, _self_]\nname: smoke\n"
    )
    return folder


@pytest.fixture(scope="module")
def apart(undisturbed, tmp_path_factory):
    """A copy of the smoke run's `collect`, for commands that make other snapshots of it."""
    folder = tmp_path_factory.mktemp("apart")
    shutil.copytree(undisturbed[0] / "outputs" / "collect", folder / "outputs" / "collect")
    return folder


MAKES_OTHERS = ("collect.snapshot=", "source.shard=", "forget=", "stage=extract", "korpu status")


def runnable(command, folder, port, configs):
    """The words of a README command, with the smoke run's folders and the stand-in model."""
    words = shlex.split(command, comments=True)
    swapped = {
        "experiment=my_news": ["--config-dir", str(configs), "experiment=my_news"],
        "model=nllb_600m": [],
        "train.steps=5000": ["train.steps=20"],
        "tracker=wandb": [],
        "model=local": [],
        "model.path=DIR": [],
        "bundle=newsroom@candidate": ["bundle=smoke@candidate", f"registry={folder / 'registry'}"],
        "registry/newsroom/versions/0.1.1": [str(folder / "registry/smoke/versions/0.1.1")],
        "release.version=1.2.0": [],
        "release.alias=candidate": [],
        "gate.baseline=path/to/report.json": [],
        "gate.delta=0.5": [],
        "FOLDER": [],
        "encoder=e5": [],  # minutes of encoding; tests/bitext/test_encoders.py runs it
        "export=DIR": [f"export={folder / 'handed_on'}"],
        "source=publishers": [],  # they are news sites on the network; here the newsroom
        "forget=https://…": [f"forget=http://127.0.0.1:{port}/"],
    }
    words = [new for word in words for new in swapped.get(word, [word])]
    if words[:2] == ["korpu", "status"]:
        return [*words, f"outputs={folder / 'outputs'}"]
    if words[0] == "korpu" and words[1] not in ("translate", "text") and "--help" not in words:
        words += [word for word in runs.recipe(folder, port) if word != "experiment=smoke"]
        if "experiment=my_news" not in words:
            words += ["experiment=smoke"]
    return words


def test_the_readme_has_the_personas_commands():
    text = "\n".join(commands())
    train = "korpu train experiment=my_news model=nllb_600m"
    consumer = "examples/consumers"
    for command in ("make demo", train, "korpu gate", "korpu release", "korpu translate", consumer):
        assert command in text


@pytest.mark.parametrize("command", [c for c in commands() if c.split(" ")[0] != "make"])
def test_a_command_of_the_readme_runs(command, undisturbed, apart, port, my_news):
    folder = apart if any(part in command for part in MAKES_OTHERS) else undisturbed[0]
    text = "Bakıda hava günəşlidir.\n"
    if command.startswith("echo"):
        _, _, command = command.partition(" | ")
    if command.startswith(("eval ", "korpu -sc")):
        command = "korpu -sc install=bash"
    words = runnable(command, folder, port, my_news)
    if "serve" in words:
        served(words)
        return
    program = {"korpu": [sys.executable, "-m", "korpu.cli"], "python": [sys.executable]}[words[0]]
    done = subprocess.run(
        [*program, *words[1:]], input=text, capture_output=True, text=True, cwd=runs.CHECKOUT,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{words}: {done.stderr}"
    if "translate" in words:
        assert len(done.stdout.splitlines()) == 1


def served(words):
    """The service starts, says where, and ends when it is asked to."""
    process = runs.start(*[word for word in words[1:] if not word.startswith("port=")], "port=0")
    assert process.stderr is not None
    while "http://" not in (said := process.stderr.readline()):
        assert said, process.wait()
    process.terminate()
    assert process.wait(60) == 0


def test_the_make_targets_of_the_readme_exist():
    named = set(re.findall(r"`?make ([a-z-]+)", README)) - {"sure"}
    targets = set(re.findall(r"^([a-z-]+):", (runs.CHECKOUT / "Makefile").read_text(), re.M))
    assert {"demo", "test", "test-all", "lint"} <= named <= targets


def test_the_demo_runs(undisturbed, port):
    """`make demo`'s script on the smoke recipe: all of its stages are done, so it is quick."""
    folder, _ = undisturbed
    done = subprocess.run(
        ["bash", "scripts/demo.sh", "1", *runs.recipe(folder, port)],
        capture_output=True, text=True, cwd=runs.CHECKOUT, timeout=300,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
             "TRUTH": str(folder / "outputs" / "newsroom" / "seed1-60")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r"precision 0\.9\d+, recall 0\.9\d+|precision 1\.000", done.stdout)
    for way in ("az → uz", "uz → az"):
        assert way in done.stdout
    assert done.stdout.count("  ref  ") == 6


def test_the_links_of_the_readme_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (runs.CHECKOUT / target).exists(), target
