"""`scripts/train.sbatch` on a real Slurm: stopped, requeued, and the same bits in the end."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import runs
import slurm_node
import tiny_recipe

RANKS = 2
SECONDS = 150  # of training: more than one time limit holds


@pytest.fixture(scope="module")
def cluster():
    if reason := slurm_node.absent():
        pytest.skip(f"no Slurm: {reason}")
    folder = Path(tempfile.mkdtemp(prefix="korpu-slurm-"))  # short: a socket's path has 107 bytes
    with slurm_node.running(folder / "node") as env:
        yield {**os.environ, **env, "RANKS": str(RANKS), "OMP_NUM_THREADS": "1"}
    shutil.rmtree(folder)


@pytest.fixture
def folder(tiny_corpus, tmp_path):
    folder = shutil.copytree(tiny_corpus, tmp_path / "here")
    shutil.rmtree(folder / "outputs" / "train")
    return folder


def words(folder, steps, *more):
    often = ["train.validate_every=100000", "train.save_every=20"]
    return tiny_recipe.words(folder, f"train.steps={steps}", *often, *more)


def alone(folder, steps):
    """The same ranks without a Slurm, undisturbed; returns the run's directory."""
    shutil.rmtree(folder / "outputs" / "train")
    done = subprocess.run(
        ["scripts/train.sh", *words(folder, steps)], cwd=runs.CHECKOUT, text=True,
        capture_output=True, env={**os.environ, "RANKS": str(RANKS), "OMP_NUM_THREADS": "1"},
        timeout=3000, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (made,) = (folder / "outputs" / "train").iterdir()
    return made


def adapter(made):
    return (made / "adapter" / "adapter_model.safetensors").read_bytes()


def submitted(cluster, folder, *told, options=()):
    """Submit the script from the checkout; returns the job's number and its log."""
    log = folder / "job.out"
    said = subprocess.run(
        ["sbatch", "--parsable", f"--output={log}", *options, "scripts/train.sbatch", *told],
        cwd=runs.CHECKOUT, env=cluster, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(said.stdout), log


def ended(cluster, job, seconds):
    """Wait until a job has left the queue; returns its record as scontrol shows it."""
    end = time.monotonic() + seconds
    while True:
        said = subprocess.run(
            ["scontrol", "show", "job", str(job)],
            env=cluster, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        facts = dict(word.split("=", 1) for word in said.split() if "=" in word)
        if facts["JobState"] in ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"):
            return facts
        assert time.monotonic() < end, said
        time.sleep(0.5)


LIMIT = ["--time=00:03:00", "--signal=B:TERM@90"]  # 90 seconds, and up to 30 until Slurm looks


@pytest.mark.long
def test_a_job_is_requeued_before_its_time_limit_and_ends_with_the_same_bits(
    cluster, tiny_corpus, tmp_path
):
    probe = json.loads(
        (alone(shutil.copytree(tiny_corpus, tmp_path / "probe"), 300) / "manifest.json").read_text()
    )
    steps = max(300, int(300 * SECONDS / probe["stats"]["train_seconds"]))
    here = shutil.copytree(tiny_corpus, tmp_path / "slurm")
    shutil.rmtree(here / "outputs" / "train")
    job, log = submitted(cluster, here, *words(here, steps), options=LIMIT)
    facts = ended(cluster, job, 3000)
    said = log.read_text()
    assert facts["JobState"] == "COMPLETED", said
    assert int(facts["Restarts"]) >= 1, said
    assert f"requeued {facts['Restarts']} times" in said
    assert "train: continues after step" in said
    (made,) = (here / "outputs" / "train").iterdir()
    other = alone(shutil.copytree(tiny_corpus, tmp_path / "alone"), steps)
    assert made.name == other.name
    assert adapter(made) == adapter(other)


@pytest.mark.long
def test_a_failure_is_not_requeued_and_a_stop_only_so_often(cluster, folder):
    job, log = submitted(cluster, folder, *words(folder, 60, "train.lr=1e30"))
    facts = ended(cluster, job, 600)
    assert (facts["JobState"], facts["Restarts"]) == ("FAILED", "0"), log.read_text()
    assert "the loss is" in log.read_text()

    log.unlink()
    told = words(folder, 1_000_000)
    job, log = submitted({**cluster, "REQUEUES": "0"}, folder, *told, options=LIMIT)
    facts = ended(cluster, job, 600)
    assert (facts["JobState"], facts["Restarts"]) == ("FAILED", "0"), log.read_text()
    assert facts["ExitCode"] == "75:0"
    assert "stopped after 0 requeues; submit it again to continue" in log.read_text()


@pytest.mark.long
def test_a_cancelled_job_stays_cancelled(cluster, folder):
    job, log = submitted(cluster, folder, *words(folder, 1_000_000))
    end = time.monotonic() + 300
    while not list((folder / "outputs" / "train").glob("*/state/step-*")):
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.2)
    subprocess.run(["scancel", str(job)], env=cluster, check=True)
    assert ended(cluster, job, 300)["JobState"] == "CANCELLED"
    time.sleep(5)
    assert not slurm_node.queue(cluster)
