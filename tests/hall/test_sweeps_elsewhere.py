"""Trials in processes of a launcher: on this machine, and on a real Slurm."""

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import psutil
import pytest
import runs
import slurm_node
import tiny_recipe

optuna = pytest.importorskip("optuna", reason="pip install -e '.[sweep]'")
pytest.importorskip("submitit", reason="pip install -e '.[cluster]'")

pytestmark = pytest.mark.long


@pytest.fixture
def folder(tiny_corpus, tmp_path):
    return shutil.copytree(tiny_corpus, tmp_path / "sweep")


def told(folder, launcher, *more):
    return [
        "train", "--multirun", "hydra/sweeper=optuna", f"hydra/launcher=submitit_{launcher}",
        *tiny_recipe.words(folder), *more,
    ]  # fmt: skip


def trials_of(folder):
    database = folder / "outputs" / "sweeps" / "smoke.db"
    if not database.exists():
        return []
    return optuna.load_study(study_name="smoke", storage=f"sqlite:///{database}").trials


def test_trials_run_side_by_side_and_a_failed_one_brings_its_sentence(folder):
    done = runs.run(
        *told(folder, "local", "train.lr=choice(0.003,0.001,1e+30)"),
        "hydra.sweeper.trials=4", "hydra.sweeper.at_once=2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    trials = trials_of(folder)
    assert [t.number for t in trials] == [0, 1, 2, 3]
    for trial in trials:
        if trial.params["train.lr"] == "1e+30":
            assert trial.state.name == "FAIL"
            assert "the loss is" in trial.user_attrs["sentence"]
        else:
            assert trial.state.name == "COMPLETE"
    assert {t.state.name for t in trials} == {"COMPLETE", "FAIL"}, "draw another seed"


def workers(process):
    return [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "submitit.core._submit" in child.cmdline()
    ]


def test_a_stopped_job_ends_the_sweep_with_75_and_is_taken_up_again(folder):
    words = told(folder, "local", "train.lr=choice(0.003,0.001)", "train.steps=400",
                 "train.validate_every=400", "hydra.sweeper.trials=1")  # fmt: skip
    process = runs.start(*words)
    end = time.monotonic() + 300
    while not list((folder / "outputs" / "train").glob("*/state/step-*4")):
        assert time.monotonic() < end
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    for worker in workers(process):
        worker.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 75, err
    assert "a job was stopped by SIGTERM; run it again to continue" in err
    assert [t.state.name for t in trials_of(folder)] == ["RUNNING"]
    done = runs.run(*words)
    assert done.returncode == 0, done.stderr
    assert [t.state.name for t in trials_of(folder)] == ["COMPLETE"]


def test_a_job_that_vanishes_is_one_sentence_and_is_taken_up_again(folder):
    words = told(folder, "local", "train.lr=choice(0.003,0.001)", "hydra.sweeper.trials=1")
    process = runs.start(*words)
    end = time.monotonic() + 300
    while not workers(process):
        assert time.monotonic() < end
        time.sleep(0.05)
    for worker in workers(process):
        worker.kill()
    _, err = process.communicate(timeout=300)
    assert process.returncode == 4, err
    assert "the launcher lost a trial" in err
    assert "Traceback" not in err
    assert runs.run(*words).returncode == 0
    assert [t.state.name for t in trials_of(folder)] == ["COMPLETE"]


@pytest.fixture(scope="module")
def cluster():
    if reason := slurm_node.absent():
        pytest.skip(f"no Slurm: {reason}")
    folder = Path(tempfile.mkdtemp(prefix="korpu-slurm-"))  # short: a socket's path has 107 bytes
    with slurm_node.running(folder / "node") as env:
        yield {**os.environ, **env}
    shutil.rmtree(folder)


def test_a_sweep_on_slurm(folder, cluster):
    done = runs.run(
        *told(folder, "slurm", "train.lr=choice(0.003,0.001,1e+30)"),
        "hydra.launcher.partition=main", "hydra.launcher.timeout_min=10",
        "hydra.sweeper.trials=3", "hydra.sweeper.at_once=3", **cluster,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    trials = trials_of(folder)
    assert len(trials) == 3
    assert all(
        t.state.name == ("FAIL" if t.params["train.lr"] == "1e+30" else "COMPLETE") for t in trials
    )


def test_a_job_at_its_time_limit_is_requeued_and_goes_on(folder, cluster):
    words = told(
        folder, "slurm", "train.lr=choice(0.003,0.001)", "hydra.launcher.partition=main",
        "hydra.launcher.timeout_min=2", "hydra.launcher.signal_delay_s=60",
        "hydra.launcher.max_num_timeout=20", "hydra.sweeper.trials=1",
        "train.steps=4000", "train.validate_every=4000", "train.save_every=20",
    )  # fmt: skip
    done = runs.run(*words, timeout=3000, **cluster)
    assert done.returncode == 0, done.stderr
    assert [t.state.name for t in trials_of(folder)] == ["COMPLETE"]
    logs = [p.read_text() for p in (folder / "outputs" / "sweeps").rglob("*_log.err")]
    if not any("train: continues after step" in log for log in logs):
        pytest.skip("this machine needed less than the time limit")
