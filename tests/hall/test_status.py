"""`korpu status` as a real process beside real stages that run, stop, are killed, and end."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import terminals
from terminals import CHECKOUT

from korpu import log
from korpu.errors import UsageError
from korpu.status import main

# A stage of the real machinery (lock, key, manifest) whose work is to count until it is told.
STAGE = """
import sys, time
from pathlib import Path

from hydra import compose, initialize_config_dir

from korpu import artifact, cli, config, log, stages
from korpu.artifact import File, Result

def run(_recipe, _inputs, out):
    hosts = {
        "kun.uz": {"done": 12, "waiting": 80, "errors": {"http_404": 1}, "state": "fetching"},
        "[bold]x[/bold]\\x1b[2J.example": {"done": 1, "waiting": 9, "state": "pausing 3 s"},
    }
    with log.progress("crawl", 90000, "pages") as progress:
        progress.tell(hosts=hosts, errors={"http_404": 1})
        while not (out / "end").exists():
            progress(1)
            time.sleep(0.005)
    artifact.write_atomically(out / "x.txt", "x")
    return Result((File("x.txt"),), refused=(out / "end").read_text() or None)

class Given(stages.Stage):
    def load(self):
        return run

stages.STAGES = {"collect": Given("collect", "collect", 1, ("collect",), (), "")}

def work(words):
    config.register()
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        recipe = config.recipe_of(compose("pipeline", overrides=words))
    stages.make("collect", recipe)
    return 0

cli.WORD_COMMANDS["work"] = ("", "__main__:work")
sys.exit(cli.run(["work", *sys.argv[1:]]))
"""


@pytest.fixture
def stage(tmp_path):
    """Starts the stage and returns its process and its directory, once it has counted a little."""
    processes = []
    outputs = tmp_path / "outputs"
    (tmp_path / "stage.py").write_text(STAGE, "utf-8")

    def start(name="newsroom"):
        words = ["evaluate.slices=null", f"runtime.outputs={outputs}", f"name={name}"]
        process = subprocess.Popen(
            [sys.executable, tmp_path / "stage.py", *words],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        deadline = time.monotonic() + 60
        while True:
            for path in outputs.glob(f"collect/{name}-*/{log.FILE}"):
                told = json.loads(path.read_text())
                if told["pid"] == process.pid and told.get("done", 0) > 50:
                    return process, path.parent
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def status(tmp_path, *words, **env):
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "korpu.cli", "status", f"outputs={tmp_path / 'outputs'}", *words],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, **env},
        timeout=60,
    )
    return done, time.perf_counter() - began


def test_it_shows_the_same_as_the_running_command_then_that_it_can_be_resumed(stage, tmp_path):
    process, directory = stage()
    seconds = []
    for _ in range(3):
        done, took = status(tmp_path, COLUMNS="80")
        seconds.append(took)
    assert min(seconds) < 0.5
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert re.fullmatch(
        rf"running  collect  {directory.name}  for \d+ s, process {process.pid}", lines[0]
    )
    assert re.match(r"  crawl  ━*─+  [\d,]+/90,000 pages  [\d.]+/s  .* left$", lines[1])
    assert lines[2].split() == ["host", "done", "waiting", "state", "errors"]
    assert lines[3].split() == ["kun.uz", "12", "80", "fetching", "http_404", "1"]
    assert lines[4].split()[:3] == ["[bold]x[/bold]\\x1b[2J.example", "1", "9"]
    assert lines[5] == "  1 error: http_404 1"
    assert "\x1b" not in done.stdout

    [entry] = json.loads(status(tmp_path, "json=true")[0].stdout)
    assert (entry["state"], entry["alive"], entry["resumable"]) == ("running", True, False)
    assert entry["progress"]["hosts"]["kun.uz"]["waiting"] == 80
    assert entry["progress"]["total"] == 90000

    process.send_signal(signal.SIGKILL)
    process.wait()
    done, _ = status(tmp_path)
    assert re.fullmatch(
        rf"stopped  collect  {directory.name}  \d s ago at crawl: [\d,]+/90,000 pages; "
        r"resumable: run it again\n",
        done.stdout,
    )
    assert json.loads(status(tmp_path, "json=true")[0].stdout)[0]["resumable"]

    # The same again, stopped by a signal it can hear.
    process, _ = stage()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 75
    assert "by SIGTERM 0 s ago at crawl" in status(tmp_path)[0].stdout
    # And killed after that: the marker is of the earlier stop.
    process, _ = stage()
    process.kill()
    process.wait()
    assert "SIGTERM" not in status(tmp_path)[0].stdout

    process, _ = stage()
    other, refused = stage("other")
    (refused / "end").write_text("3 of 4 sites gave nothing")
    assert other.wait(timeout=30) == 1
    (directory / "end").write_text("")
    assert process.wait(timeout=30) == 0
    assert not (directory / log.FILE).exists()
    assert log.FILE not in (directory / "manifest.json").read_text()
    lines = status(tmp_path)[0].stdout.splitlines()
    assert re.fullmatch(
        rf"refused  collect  {refused.name} +\d+ s ago: 3 of 4 sites gave nothing", lines[0]
    )
    assert re.fullmatch(rf"done     collect  {directory.name}  in \d+ s, \d+ s ago", lines[1])
    assert len(lines) == 2


def test_following_redraws_until_nothing_runs(stage, tmp_path):
    process, directory = stage()
    words = ["-m", "korpu.cli", "status", f"outputs={tmp_path / 'outputs'}", "follow=true"]
    terminal = terminals.Terminal(*words, columns=40)
    piped = subprocess.Popen(
        [sys.executable, *words], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    )
    watching = subprocess.Popen(
        [sys.executable, *words], cwd=CHECKOUT, stdout=subprocess.DEVNULL, text=True
    )
    try:
        assert terminal.read(until=lambda lines: any("1 error" in line for line in lines))
        shown = terminal.lines()
        assert shown[0].startswith("running  collect")
        counted = [line for line in shown if line.startswith("  crawl")]
        assert terminal.read(
            until=lambda lines: any(
                line.startswith("  crawl") and line not in counted for line in lines
            )
        )
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=10) == 0
        (directory / "end").write_text("")
        process.wait(timeout=30)
        terminal.read()
        assert terminal.code == 0
        last = " ".join(line for line in terminal.lines() if line)
        assert last.startswith(f"done     collect  {directory.name}")
        assert "crawl" not in last
        out, _ = piped.communicate(timeout=30)
        assert out.startswith("running  collect")
        assert out.splitlines()[-1].startswith("done     collect")
    finally:
        terminal.close()
        for one in (piped, watching):
            one.kill()
            one.communicate()


def test_a_lock_that_a_child_of_a_dead_process_holds(tmp_path, capsys):
    from korpu import artifact

    directory = tmp_path / "outputs" / "prepare" / "news-1"
    gone = subprocess.Popen(["true"])
    gone.wait()
    with artifact.locked(directory):
        facts = {"pid": gone.pid, "host": os.uname().nodename, "updated": "2026-01-01T00:00:00Z"}
        (directory / log.FILE).write_text(json.dumps(facts))
        assert main([f"outputs={tmp_path / 'outputs'}"]) == 0
        assert "which is gone, but a child of it still holds the lock" in capsys.readouterr().out
        facts["host"] = "elsewhere"
        (directory / log.FILE).write_text(json.dumps(facts))
        main([f"outputs={tmp_path / 'outputs'}"])
        assert f"process {gone.pid} on elsewhere, no sign of it for" in capsys.readouterr().out


def test_torn_and_foreign_files_are_no_reason_to_fail(tmp_path, capsys):
    outputs = tmp_path / "outputs"
    for name, text in {
        "collect/a-1/progress.json": "{torn",
        "collect/a-1/.lock": "",
        "prepare/b-1/manifest.json": '{"schema": 1, "created": 3, "seconds": "x"}',
        "train/c-1/manifest.json": "[" * 100_000,
        "train/c-1/RESUMABLE": "\udcff".encode("utf-8", "surrogatepass"),
        "eval/\x1b[2J/.lock": "",
        "notes/mine/x.txt": "nothing of ours",
    }.items():
        path = outputs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert main([f"outputs={outputs}"]) == 0
    out = capsys.readouterr().out
    assert sorted(line.split()[0] for line in out.splitlines()) == ["done", *["stopped"] * 3]
    assert "\x1b" not in out
    assert "notes" not in out


def test_nothing_there_is_one_sentence(tmp_path):
    done, _ = status(tmp_path)
    assert done.returncode == 0
    assert done.stdout == f"Nothing has run below {tmp_path / 'outputs'} yet.\n"
    assert json.loads(status(tmp_path, "json=true")[0].stdout) == []
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["outptus=x"], "did you mean outputs=…?"),
        (["folow=true"], "did you mean follow=…?"),
        (["zzz"], "use outputs, follow, json"),
        (["follow"], "follow has no value; give it as follow=…"),
        (["json=yes"], "json must be true or false, not 'yes'"),
        (["json=true", "json=true"], "json is given twice"),
        (["json=true", "follow=true"], "not both"),
        ([f"outputs={__file__}"], "is not a folder"),
    ],
)
def test_a_wrong_word_is_named(words, says):
    with pytest.raises(UsageError, match=re.escape(says)):
        main(words)


def test_it_imports_nothing_heavy(tmp_path):
    (tmp_path / "collect" / "news-1").mkdir(parents=True)
    (tmp_path / "collect" / "news-1" / ".lock").touch()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "korpu.cli", "status", f"outputs={tmp_path}"],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
    )
    assert done.stdout.startswith("stopped  collect")
    loaded = set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.M))
    assert {"korpu.display", "rich.console"} <= loaded
    assert not loaded & {"torch", "transformers", "hydra", "omegaconf", "numpy", "polars", "httpx"}
