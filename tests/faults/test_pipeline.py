"""The whole pipeline: once, twice, killed at any moment, stopped, and with faults around it."""

import os
import random
import signal
import socket
import subprocess
import time

import disks
import pytest
import runs

STAGES = ["collect", "prepare", "base", "train", "evaluate", "gate", "release"]


def assert_same(folder, reference):
    made, expected = runs.manifests(folder), runs.manifests(reference)
    assert list(made) == list(expected)
    for stage in expected:
        assert made[stage]["key"] == expected[stage]["key"], stage
        assert made[stage]["content"] == expected[stage]["content"], stage


def test_the_pipeline_runs_and_every_stage_is_there(undisturbed):
    folder, done = undisturbed
    assert sorted(runs.manifests(folder)) == sorted(STAGES)
    for stage in STAGES:
        assert stage in done.stdout
    assert (folder / "registry" / "smoke" / "aliases").is_dir()


def test_running_again_does_nothing_and_says_so(undisturbed, port):
    folder, _ = undisturbed
    before = {p: p.stat().st_mtime_ns for p in (folder / "outputs").rglob("*") if p.is_file()}
    done = runs.run("pipeline", *runs.recipe(folder, port))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("already done") == len(STAGES)
    after = {p: p.stat().st_mtime_ns for p in (folder / "outputs").rglob("*") if p.is_file()}
    assert before == after


def test_plan_says_what_is_done_and_what_is_not(undisturbed, port):
    folder, _ = undisturbed
    done = runs.run("plan", *runs.recipe(folder, port))
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [[s, "done"] for s in STAGES]
    done = runs.run("plan", *runs.recipe(folder, port, "train.lr=0.001"))
    states = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()}
    assert states["base"] == "done"
    assert states["evaluate"] == "waiting"
    assert "train" in states


def killed_until_done(folder, port, rng, between, most):
    """SIGKILL the process at random moments until it ends by itself; returns how many kills."""
    words = ["pipeline", *runs.recipe(folder, port)]
    for kills in range(most):
        process = runs.start(*words)
        try:
            _, err = process.communicate(timeout=rng.uniform(*between))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            continue
        assert process.returncode == 0, err
        return kills
    done = runs.run(*words)
    assert done.returncode == 0, done.stderr
    return most


def test_killed_and_run_again_it_gives_the_same_files(undisturbed, port, tmp_path):
    reference, _ = undisturbed
    rng = random.Random(20251120)
    kills = killed_until_done(tmp_path, port, rng, between=(4, 14), most=8)
    assert kills >= 3
    assert_same(tmp_path, reference)


@pytest.mark.long
def test_killed_many_times_it_gives_the_same_files(undisturbed, port, tmp_path):
    reference, _ = undisturbed
    rng = random.Random(7)
    kills = killed_until_done(tmp_path, port, rng, between=(2, 12), most=60)
    assert kills >= 10
    assert_same(tmp_path, reference)


def test_a_terminated_pipeline_exits_75_leaves_a_marker_and_continues(undisturbed, port, tmp_path):
    reference, _ = undisturbed
    process = runs.start("pipeline", *runs.recipe(tmp_path, port))
    deadline = time.monotonic() + 300
    while not list((tmp_path / "outputs" / "train").glob("*/*")):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 75, err
    assert "stopped by SIGTERM; run it again to continue" in err
    (marker,) = (tmp_path / "outputs" / "train").glob("*/RESUMABLE")
    assert "SIGTERM" in marker.read_text()
    done = runs.run("pipeline", *runs.recipe(tmp_path, port))
    assert done.returncode == 0, done.stderr
    assert not marker.exists()
    assert_same(tmp_path, reference)


def test_an_occupied_port_is_one_sentence_and_exit_code_4(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = runs.run("collect", *runs.recipe(tmp_path, port))
    assert done.returncode == 4
    assert f"port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr


def source(tmp_path, src, tgt):
    """The `ui` source pointed at two files."""
    return [
        "collect", "source=ui", "evaluate.slices=null", f"source.files.ui.src={src}",
        f"source.files.ui.tgt={tgt}", f"runtime.outputs={tmp_path}",
    ]  # fmt: skip


def test_a_missing_input_exits_2_and_names_key_and_file(tmp_path):
    done = runs.run(*source(tmp_path, tmp_path / "no", tmp_path / "no"))
    assert done.returncode == 2
    assert f"source.files.ui.src: there is no file {tmp_path / 'no'}" in done.stderr


def test_an_unreadable_input_exits_2_and_names_the_line(tmp_path):
    (tmp_path / "az").write_bytes("Salam, dünya!\n".encode() * 3)
    (tmp_path / "uz").write_bytes(b"Salom, dunyo!\n" * 2 + b"\xff\xfe\n")
    done = runs.run(*source(tmp_path, tmp_path / "az", tmp_path / "uz"))
    assert done.returncode == 2, done.stderr
    assert f"{tmp_path / 'uz'}" in done.stderr
    assert "3" in done.stderr.replace(str(tmp_path), "")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_forbidden_input_exits_2(tmp_path):
    (tmp_path / "az").write_text("Salam\n")
    (tmp_path / "az").chmod(0)
    done = runs.run(*source(tmp_path, tmp_path / "az", tmp_path / "az"))
    assert done.returncode == 2
    assert "cannot be read" in done.stderr


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 3 MB, where one may be mounted."""
    with disks.small_disk(tmp_path / "disk", "3m") as disk:
        yield disk


def test_a_full_disk_exits_4_and_the_run_continues_with_more_room(small_disk, port, undisturbed):
    reference, _ = undisturbed
    words = ["pipeline", *runs.recipe(small_disk, port)]
    done = runs.run(*words)
    assert done.returncode == 4, done.stderr
    assert "no space left on device" in done.stderr.lower()
    assert "Traceback" not in done.stderr
    subprocess.run(["mount", "-o", "remount,size=300m", str(small_disk)], check=True)
    done = runs.run(*words)
    assert done.returncode == 0, done.stderr
    assert_same(small_disk, reference)
