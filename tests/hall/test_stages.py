"""What a stage leaves behind: done or not done, continued, refused, held against a second run."""

import errno
import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hydra import compose, initialize_config_dir

from korpu import artifact, config, stages
from korpu.artifact import File, Result
from korpu.errors import Infrastructure, SaysNo, Stopped, UsageError

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def recipe(tmp_path):
    config.register()
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        overrides = [f"runtime.outputs={tmp_path}", "evaluate.slices=null"]
        return config.recipe_of(compose("pipeline", overrides=overrides))


@pytest.fixture
def table(monkeypatch):
    """Two small stages in place of the seven, made of functions a test gives."""

    def use(**functions):
        made = {}
        for name, function in functions.items():
            stage = stages.STAGES[name]
            needs = tuple(need for need in stage.needs if need in functions)
            made[name] = _Given(name, stage.command, 1, stage.sections, needs, "", function)
        monkeypatch.setattr(stages, "STAGES", made)

    return use


class _Given(stages.Stage):
    def __init__(self, *fields_and_function):
        *fields, function = fields_and_function
        super().__init__(*fields)
        object.__setattr__(self, "function_given", function)

    def load(self):
        return self.function_given


def writes(text, calls, **more):
    def run(_recipe, _inputs, out):
        calls.append(out)
        artifact.write_atomically(out / "x.txt", text)
        return Result((File("x.txt", rows=1),), {"lines": 1}, **more)

    return run


def test_a_stage_runs_once_and_its_manifest_says_what_it_is(recipe, table):
    calls = []
    table(collect=writes("a", calls))
    made = stages.make("collect", recipe)["collect"]
    again = stages.make("collect", recipe)["collect"]
    assert len(calls) == 1
    assert again.key == made.key
    manifest = json.loads((made.directory / "manifest.json").read_text())
    assert made.directory.name == f"newsroom-{made.key[:8]}"
    assert set(manifest) >= {
        "schema",
        "stage",
        "key",
        "created",
        "seconds",
        "code",
        "config",
        "inputs",
        "files",
        "stats",
        "env",
    }
    assert manifest["files"] == [
        {
            "path": "x.txt",
            "sha256": artifact.sha256(made.directory / "x.txt"),
            "bytes": 1,
            "rows": 1,
        }
    ]
    assert manifest["env"]["packages"]["torch"].startswith("2.13.0")


def test_a_later_key_hangs_on_the_content_of_the_earlier(recipe, table):
    def keys(text):
        calls = []
        table(collect=writes(text, calls), prepare=writes("corpus", calls))
        for path in Path(recipe.runtime.outputs).rglob("manifest.json"):
            path.unlink()
        stages.make("collect", recipe)
        return stages.make("prepare", recipe)["prepare"].key

    assert keys("a") == keys("a") != keys("b")


def test_time_columns_do_not_count(recipe, table):
    def run_with(fetched, text="same"):
        def run(_recipe, _inputs, out):
            pq.write_table(pa.table({"text": [text], "fetched": [fetched]}), out / "t.parquet")
            return Result((File("t.parquet", time_columns=("fetched",)),))

        table(collect=run)
        for path in Path(recipe.runtime.outputs).rglob("manifest.json"):
            path.unlink()
        return stages.make("collect", recipe)["collect"]

    first, second, third = run_with("1"), run_with("2"), run_with("2", "other")
    assert first.content == second.content != third.content
    assert first.manifest["files"] != second.manifest["files"]


def test_a_missing_input_names_the_command(recipe, table):
    table(collect=writes("a", []), prepare=writes("b", []))
    with pytest.raises(UsageError, match="make it with `korpu collect`"):
        stages.make("prepare", recipe)


def test_work_that_says_no_says_it_again(recipe, table):
    calls = []
    table(collect=writes("a", calls, refused="3 of 4 sentences are gone"))
    for _ in range(2):
        with pytest.raises(SaysNo, match="3 of 4 sentences are gone"):
            stages.make("collect", recipe)
    assert len(calls) == 1
    assert stages.plan(recipe)["collect"].state == "refused"


def test_a_stopped_stage_leaves_a_marker_and_continues(recipe, table):
    def stops(_recipe, _inputs, out):
        (out / "half").write_text("1")
        raise Stopped("SIGTERM")

    table(collect=stops)
    with pytest.raises(Stopped):
        stages.make("collect", recipe)
    place = stages.plan(recipe)["collect"]
    assert place.state == "begun"
    assert json.loads((place.directory / "RESUMABLE").read_text())["signal"] == "SIGTERM"
    seen = []

    def continues(_recipe, _inputs, out):
        seen.append((out / "half").read_text())
        return Result(())

    table(collect=continues)
    made = stages.make("collect", recipe)["collect"]
    assert seen == ["1"]
    assert not (made.directory / "RESUMABLE").exists()


def test_a_torn_manifest_is_no_manifest(recipe, table):
    calls = []
    table(collect=writes("a", calls))
    made = stages.make("collect", recipe)["collect"]
    whole = (made.directory / "manifest.json").read_text()
    (made.directory / "manifest.json").write_text(whole[: len(whole) // 2])
    stages.make("collect", recipe)
    assert len(calls) == 2


def test_one_flipped_bit_is_found(recipe, table):
    table(collect=writes("abc", []))
    made = stages.make("collect", recipe)["collect"]
    made.verify()
    (made.directory / "x.txt").write_bytes(b"abb")
    with pytest.raises(SaysNo, match=r"x\.txt is not the file"):
        made.verify()
    (made.directory / "x.txt").unlink()
    with pytest.raises(SaysNo, match="missing"):
        made.verify()


def test_out_puts_a_result_elsewhere_and_never_over_another(recipe, table, tmp_path):
    import dataclasses

    calls = []
    table(collect=writes("a", calls))
    there = dataclasses.replace(recipe, out=str(tmp_path / "there"))
    for _ in range(2):
        assert stages.make("collect", there)["collect"].directory == tmp_path / "there"
    assert len(calls) == 1
    other = dataclasses.replace(there, newsroom=dataclasses.replace(recipe.newsroom, seed=99))
    with pytest.raises(UsageError, match="holds another result"):
        stages.make("collect", other)


def test_a_second_run_of_the_same_stage_is_turned_away(tmp_path):
    inner = artifact.locked(tmp_path)
    with artifact.locked(tmp_path), pytest.raises(Infrastructure, match="another run"), inner:
        pytest.fail("two runs hold one directory")


def test_a_full_disk_leaves_no_manifest_and_the_old_file(tmp_path, monkeypatch):
    artifact.write_atomically(tmp_path / "state", "old")

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(artifact.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        artifact.write_atomically(tmp_path / "state", "new")
    assert (tmp_path / "state").read_text() == "old"


PROCESS = """
import signal, sys, time
from pathlib import Path
from korpu import cli, commands

def waits(recipe):
    Path(sys.argv[-1] if False else {ready!r}).write_text("ready")
    time.sleep(30)

def fills(recipe):
    raise OSError(28, "No space left on device", "outputs/x")

def breaks(recipe):
    raise ZeroDivisionError("one over nothing")

commands.COMMANDS["train"] = {function}
sys.exit(cli.run(["train", "evaluate.slices=null", "newsroom.serve=false"]))
"""


def process(function, ready):
    source = PROCESS.format(function=function, ready=str(ready))
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)],
        cwd=CHECKOUT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_command_with_75(tmp_path, number):
    import time

    child = process("waits", tmp_path / "ready")
    deadline = time.monotonic() + 60
    while not (tmp_path / "ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    child.send_signal(number)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 75
    assert f"stopped by {number.name}; run it again to continue" in err


def test_a_full_disk_is_infrastructure_and_a_crash_is_our_bug(tmp_path):
    child = process("fills", tmp_path / "ready")
    _, err = child.communicate(timeout=60)
    assert child.returncode == 4
    assert err.strip() == (
        "korpu: outputs/x: No space left on device; free some space and run it "
        "again, it continues where it stopped"
    )
    child = process("breaks", tmp_path / "ready")
    _, err = child.communicate(timeout=60)
    assert child.returncode == 70
    assert "this is a bug in korpu: ZeroDivisionError" in err
