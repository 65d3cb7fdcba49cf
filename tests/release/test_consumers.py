"""The example consumers against smoke.jsonl, in interpreters that cannot see the project."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
CONSUMERS = CHECKOUT / "examples" / "consumers"
# No .pth file is read, so the project's editable install is not there; some names are taken away.
CLEAN = """
import runpy, sys
for name in sys.argv[2].split(","):
    sys.modules[name] = None
sys.path.append(sys.argv[1])
sys.argv = sys.argv[3:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
HEAVY = ["torch", "transformers"]
PROJECT = "korpu,data_prep,eval,train,release,examples,peft,sentencepiece,datasets"


def consume(name, without, bundle, words, text):
    site, clean = sysconfig.get_paths()["purelib"], [sys.executable, "-I", "-S", "-c"]
    forbidden = ",".join([PROJECT, *without])
    return subprocess.run(
        [*clean, CLEAN, site, forbidden, str(CONSUMERS / name), str(bundle), *words],
        input=text,
        capture_output=True,
        text=True,
        cwd=bundle,
    )


@pytest.mark.parametrize(
    ("name", "without", "source", "target", "form"),
    [
        (
            "ctranslate2_service.py",
            HEAVY,
            "azj_Latn",
            "uzn_Latn",
            ["ct2-float32"],
        ),
        (
            "ctranslate2_service.py",
            HEAVY,
            "uzn_Latn",
            "azj_Latn",
            ["ct2-float32"],
        ),
        ("transformers_only.py", ["ctranslate2"], "uzn_Latn", "azj_Latn", []),
    ],
)
def test_a_program_that_knows_only_the_contract(released, name, without, source, target, form):
    rows = [json.loads(line) for line in (released.path / "smoke.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["source"] == source]
    assert len(rows) == 8
    text = "".join(f"{row['text']}\n" for row in rows)
    done = consume(name, without, released.path, [source, target, *form], text)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [row["translation"] for row in rows]


def test_int8_and_what_it_refuses(released):
    words = ["azj_Latn", "uzn_Latn"]
    done = consume("ctranslate2_service.py", ["torch"], released.path, words, "hava gün\n\nhava\n")
    lines = done.stdout.split("\n")
    assert len(lines) == 4, done.stderr
    assert lines[0]
    assert lines[1] == ""
    done = consume("ctranslate2_service.py", ["torch"], released.path, words, "hava " * 60)
    assert done.returncode != 0
    assert "too long, split it into sentences" in done.stderr
    words = ["azj_Latn", "eng_Latn"]
    done = consume("ctranslate2_service.py", ["torch"], released.path, words, "hava\n")
    assert "does not translate azj_Latn to eng_Latn" in done.stderr


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A function that makes a virtual environment of its own with what the contract says was
    tested; returns its interpreter. torch is too large to install for a test: its place here is
    read through a path file, which shows the packages and not the project's editable install."""

    def make(contract, *names, borrowed=False):
        folder = tmp_path_factory.mktemp("environment")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = folder / "bin" / "python"
        if borrowed:
            (site,) = folder.glob("lib/python*/site-packages")
            (site / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
            return python
        wanted = [f"{name}=={contract['tested'][name]}" for name in names]
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
        done = subprocess.run(pip, capture_output=True, text=True)
        if done.returncode and "No matching distribution" in done.stderr:
            pytest.skip(f"pip's index has no {' '.join(wanted)}")
        assert done.returncode == 0, done.stderr
        return python

    return make


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "needs", "borrowed", "form"),
    [
        ("ctranslate2_service.py", ("ctranslate2", "tokenizers"), False, ["ct2-float32"]),
        ("transformers_only.py", ("torch", "transformers"), True, []),
    ],
)
def test_in_a_virtual_environment_of_its_own(released, environment, name, needs, borrowed, form):
    contract = json.loads((released.path / "translation.json").read_text("utf-8"))
    python = environment(contract, *needs, borrowed=borrowed)
    for module in ("korpu", "release", *([] if borrowed else ["torch", "transformers"])):
        seen = subprocess.run([python, "-c", f"import {module}"], capture_output=True, cwd="/")
        assert seen.returncode != 0, module
    rows = [json.loads(line) for line in (released.path / "smoke.jsonl").read_text().splitlines()]
    assert any("ʻ" in row["text"] for row in rows)
    assert any("ʻ" in row["translation"] for row in rows)
    for source, target in (("azj_Latn", "uzn_Latn"), ("uzn_Latn", "azj_Latn")):
        some = [row for row in rows if row["source"] == source]
        done = subprocess.run(
            [python, CONSUMERS / name, released.path, source, target, *form],
            input="".join(f"{row['text']}\n" for row in some),
            capture_output=True, text=True, cwd="/",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == [row["translation"] for row in some]
