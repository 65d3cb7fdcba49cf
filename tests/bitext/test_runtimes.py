"""The same shards through datatrove's executors, a real Slurm and a local Ray among them."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import pickle
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
import runs
import slurm_node
from shard_work import Numbers, halves, squares, threads

from data_prep.bitext import runtimes, shards
from data_prep.bitext.runtimes import launch, slurm
from korpu import schema
from korpu.artifact import Artifact
from korpu.errors import Infrastructure, UsageError

TESTS = Path(__file__).resolve().parents[1]
HERE, SLURM, RAY = runtimes.DATATROVE, runtimes.SLURM, runtimes.RAY
DATATROVE = pytest.mark.skipif(
    importlib.util.find_spec("datatrove") is None, reason="datatrove is not installed ([cluster])"
)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find the work of these tests."""
    monkeypatch.setenv("PYTHONPATH", str(TESTS))


@pytest.fixture(scope="module")
def node() -> Iterator[dict[str, str]]:
    """A real Slurm on this machine."""
    if reason := slurm_node.absent():
        pytest.skip(f"no Slurm: {reason}")
    folder = Path(tempfile.mkdtemp(prefix="korpu-slurm-"))  # short: a socket's path has 107 bytes
    with slurm_node.running(folder / "node") as env:
        yield env
    shutil.rmtree(folder)


@pytest.fixture
def cluster(node: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Slurm's commands work in this process."""
    for name, value in node.items():
        monkeypatch.setenv(name, value)
    return node


def runtime(executor: str, **changes: Any) -> schema.Runtime:
    """At most four tasks a step; one Slurm job may take five minutes."""
    of_slurm = {key: changes.pop(key) for key in list(changes) if key in SETTINGS}
    asked = schema.Slurm("main", "00:05:00", 1, 1, None, {}, 0.2)
    plain = schema.Runtime("outputs", "shared", "cpu", 1, executor, 4, asked, None)
    return dataclasses.replace(plain, slurm=dataclasses.replace(asked, **of_slurm), **changes)


SETTINGS = [field.name for field in dataclasses.fields(schema.Slurm)]


def build(
    folder: Path,
    through: schema.Runtime | None,
    tasks: list[Numbers],
    work: Callable[[Numbers], Any] = squares,
    workers: int = 2,
) -> dict[str, bytes]:
    """The bytes of the shards' files, by name."""
    with shards.crew(workers, through) as crew:
        paths = shards.build(tasks, work, folder, crew=crew, what="x", batched=work is halves)
    return {path.name: path.read_bytes() for path in paths}


def plain(folder: Path, tasks: list[Numbers]) -> dict[str, bytes]:
    return build(folder / "plain", None, tasks, workers=1)


def of(count: int, fault: str = "", at: int = 2, seconds: float = 0) -> list[Numbers]:
    """Tasks, one of them faulty."""
    return [Numbers(n, n % 3, fault if n == at else "", seconds) for n in range(count)]


# what the executors have in common


@DATATROVE
@pytest.mark.parametrize("workers", [1, 3])
def test_datatrove_here_leaves_the_same_files(tmp_path: Path, workers: int) -> None:
    tasks = of(7)
    assert build(tmp_path / "a", runtime(HERE), tasks, workers=workers) == plain(tmp_path, tasks)
    if workers == 3:
        batched = build(tmp_path / "b", runtime(HERE), tasks, halves)
        assert batched == build(tmp_path / "c", None, tasks, halves)
        assert not list(tmp_path.rglob("*.tmp"))


@DATATROVE
def test_a_missing_file_is_made_whatever_datatrove_marked(tmp_path: Path) -> None:
    tasks = of(5)
    before = build(tmp_path / "a", runtime(HERE), tasks)
    assert len(list((tmp_path / "a" / "datatrove").glob("*/completions/*"))) == 4
    (tmp_path / "a" / "00003.parquet").unlink()
    kept = (tmp_path / "a" / "00001.parquet").stat().st_mtime_ns
    assert build(tmp_path / "a", runtime(HERE), tasks) == before
    assert (tmp_path / "a" / "00001.parquet").stat().st_mtime_ns == kept
    assert [path.name for path in (tmp_path / "a" / "datatrove").iterdir()] == ["0002"]


@DATATROVE
def test_nothing_is_started_where_all_is_there(tmp_path: Path) -> None:
    before = build(tmp_path / "a", runtime(HERE), of(3))
    shutil.rmtree(tmp_path / "a" / "datatrove")
    assert build(tmp_path / "a", runtime(HERE), of(3)) == before
    assert not (tmp_path / "a" / "datatrove").exists()


@DATATROVE
def test_workers_have_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLARS_MAX_THREADS", "7")
    build(tmp_path / "a", runtime(HERE), of(2), threads)
    assert shards.read(sorted((tmp_path / "a").glob("*.parquet")))["threads"].to_list() == [1, 1]


@DATATROVE
def test_tasks_may_name_files_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("seen").mkdir()
    made = build(Path("out/a"), runtime(HERE), [Numbers(5, 2, seen="seen")])
    assert len(made) == len(list(Path("seen").iterdir())) == 1


@DATATROVE
def test_an_error_of_ours_comes_back_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^articles.parquet row 2 cannot be read; collect again$"):
        build(tmp_path / "a", runtime(HERE), of(4, "ours"))
    whole = {path.stem for path in (tmp_path / "a").glob("*.parquet")}
    assert "00002" not in whole


@DATATROVE
def test_another_error_names_the_shard_and_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(
        Infrastructure, match="ValueError: no square of 2 in the task of 00002"
    ) as e:
        build(tmp_path / "a", runtime(HERE), of(4, "bug"))
    log = Path(str(e.value).partition("see ")[2].partition(", then")[0])
    assert "shard_work.py" in log.read_text()


@DATATROVE
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_worker_is_noticed(tmp_path: Path, workers: int) -> None:
    with pytest.raises(Infrastructure, match="a worker process of prepare died"):
        build(tmp_path / "a", runtime(HERE), of(4, "killed"), workers=workers)
    assert not [
        p for p in psutil.process_iter() if "driver" in _words(p) and str(tmp_path) in _words(p)
    ]


def test_an_error_that_cannot_be_pickled_keeps_its_words(tmp_path: Path) -> None:
    class Odd(UsageError):
        def __init__(self, one: str, two: str) -> None:
            super().__init__(f"{one} {two}")

    (tmp_path / "failed").mkdir()
    launch.fail(tmp_path, 3, Path("00003.parquet"), Odd("no", "sense"))
    failure = pickle.loads((tmp_path / "failed" / "00003").read_bytes())
    assert failure.error is None and "no sense" in failure.summary


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"executor": "datatrove_slrum"}, "datatrove_slrum is not known"),
        ({"executor": HERE, "tasks": 0}, "runtime.tasks=0"),
        ({"executor": SLURM, "poll": 0}, "runtime.slurm.poll=0"),
        ({"executor": SLURM, "options": {"job-name": "x"}}, "cannot set job-name"),
    ],
)
def test_a_runtime_that_cannot_work_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr(runtimes.importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(runtimes.shutil, "which", lambda _: "/usr/bin/x")
    with pytest.raises(UsageError, match=said), shards.crew(1, runtime(**changes)):
        pass


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"needs datatrove and ray.*\.\[cluster\]"):
        runtimes.check(runtime(RAY))
    runtimes.check(runtime("local"))
    monkeypatch.setattr(runtimes.importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(runtimes.shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match="needs sbatch, squeue, scancel on the PATH"):
        runtimes.check(runtime(SLURM))


# a process that is stopped or killed


def start(executor: str, folder: Path, count: int, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "shard_run", executor, str(folder), str(count), str(seconds)],
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": f"{TESTS.parent}:{TESTS}"},
    )


def until(true: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _group(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


@DATATROVE
@pytest.mark.parametrize("executor", ["local", HERE])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_a_stopped_run_and_the_next_one_goes_on(
    tmp_path: Path, number: signal.Signals, executor: str
) -> None:
    process = start(executor, tmp_path, 10, 0.4)
    until(lambda: list((tmp_path / "squares").glob("*.parquet")))
    family = _group(psutil.Process(process.pid))
    # a driver, a manager, a fork server, its workers; without datatrove, a tracker and workers
    assert len(family) > (4 if executor == HERE else 3)
    process.send_signal(number)
    assert process.wait(20) == (75 if number == signal.SIGTERM else -signal.SIGKILL)
    until(lambda: not any(one.is_running() for one in family[1:]), 10)
    there = {path.name for path in (tmp_path / "squares").glob("*.parquet")}
    assert 0 < len(there) < 10
    assert start(executor, tmp_path, 10, 0.0).wait(60) == 0
    _assert_done_once(tmp_path, 10)


def _assert_done_once(folder: Path, count: int) -> None:
    """All shards are there, and none was begun again once it was complete."""
    files = sorted((folder / "squares").glob("*.parquet"))
    assert shards.read(files)["number"].to_list() == list(range(count * 10))
    for path in (folder / "seen").iterdir():
        complete = files[int(path.name.split("-")[0]) // 10].stat().st_mtime_ns
        assert path.stat().st_mtime_ns <= complete
    assert not list((folder / "squares").glob("*.tmp"))


# Slurm


@DATATROVE
@pytest.mark.usefixtures("cluster")
def test_slurm_leaves_the_same_files(tmp_path: Path) -> None:
    tasks = of(3)
    assert build(tmp_path / "a", runtime(SLURM), tasks) == plain(tmp_path, tasks)
    assert list((tmp_path / "a" / "datatrove" / "0001" / "slurm_logs").glob("*_*.out"))


@DATATROVE
@pytest.mark.long
def test_slurm_with_more_ranks_than_an_array_may_have(
    tmp_path: Path, cluster: dict[str, str]
) -> None:
    tasks = of(9)  # slurm_node has MaxArraySize=5
    through = runtime(SLURM, tasks=8, setup="export POLARS_MAX_THREADS=1")
    assert build(tmp_path / "a", through, tasks) == plain(tmp_path, tasks)
    build(tmp_path / "b", through, tasks[:2], threads)
    assert shards.read(sorted((tmp_path / "b").glob("*.parquet")))["threads"].to_list() == [1, 1]
    until(lambda: not slurm_node.queue(cluster))


@DATATROVE
@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ("ours", UsageError, "row 2 cannot be read; collect again"),
        ("bug", Infrastructure, "ValueError: no square of 2 in the task of 00002.parquet; see "),
    ],
)
def test_a_task_that_fails_on_slurm(
    tmp_path: Path, cluster: dict[str, str], fault: str, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        build(tmp_path / "a", runtime(SLURM), [*of(4, fault), *of(8, "held", at=2)[2:3]])
    if fault == "bug":
        log = Path(str(caught.value).partition("see ")[2].partition(", then")[0])
        assert "Traceback" in log.read_text()
    until(lambda: not slurm_node.queue(cluster))  # the held one too
    assert len(build(tmp_path / "a", runtime(SLURM), of(4))) == 4


@DATATROVE
@pytest.mark.long
@pytest.mark.usefixtures("cluster")
def test_a_slurm_task_that_vanishes_is_named_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm, "LAG", 1.0)
    with pytest.raises(
        Infrastructure, match=r"the Slurm task of 00002\.parquet ended without it"
    ) as e:
        build(tmp_path / "a", runtime(SLURM), of(4, "killed"))
    log = Path(str(e.value).partition("see ")[2].partition(", give")[0])
    assert "Killed" in log.read_text()
    assert len(list((tmp_path / "a").glob("*.parquet"))) == 3


@DATATROVE
@pytest.mark.long
@pytest.mark.usefixtures("cluster")
def test_a_time_limit_that_strikes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "LAG", 1.0)
    with pytest.raises(Infrastructure, match=r"00002\.parquet .*DUE TO TIME LIMIT.*slurm\.time"):
        build(tmp_path / "a", runtime(SLURM, time="00:01:00"), of(4, "held"))
    assert len(list((tmp_path / "a").glob("*.parquet"))) == 3


@DATATROVE
@pytest.mark.long
@pytest.mark.usefixtures("cluster")
def test_jobs_that_somebody_cancels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "LAG", 1.0)
    where = launch.Where(tmp_path / "a")

    def cancel_what_runs() -> None:
        until(lambda: any(job.state == "RUNNING" for job in slurm._jobs(where.job)))
        slurm.cancel(where.job)

    other = threading.Thread(target=cancel_what_runs)
    other.start()
    with pytest.raises(
        Infrastructure, match=r"the Slurm task of 0000\d\.parquet .*(gone|CANCELLED)"
    ):
        build(tmp_path / "a", runtime(SLURM), of(4, "held", at=0) + of(1, "held", at=0))
    other.join()


@DATATROVE
@pytest.mark.long
@pytest.mark.usefixtures("cluster")
def test_a_setup_line_that_breaks_the_task_is_seen_in_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm, "LAG", 1.0)
    with pytest.raises(Infrastructure, match="launch_pickled_pipeline"):
        build(tmp_path / "a", runtime(SLURM, setup="export PATH=/bin:/usr/bin"), of(1))


@DATATROVE
@pytest.mark.long
@pytest.mark.usefixtures("cluster")
def test_what_sbatch_does_not_take(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Infrastructure, match=r"sbatch did not take .*launch_script\.slurm"):
        build(tmp_path / "a", runtime(SLURM, partition="absent"), of(2))
    assert "invalid partition specified: absent" in capfd.readouterr().err


@DATATROVE
@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_jobs_of_a_stopped_run(
    tmp_path: Path, cluster: dict[str, str], number: signal.Signals
) -> None:
    process = start(SLURM, tmp_path, 8, 1.5)
    until(lambda: list((tmp_path / "squares").glob("*.parquet")))
    process.send_signal(number)
    assert process.wait(20) == (75 if number == signal.SIGTERM else -signal.SIGKILL)
    if number == signal.SIGTERM:
        until(lambda: not slurm_node.queue(cluster), 20)
    else:
        assert len(slurm_node.queue(cluster)) > 1  # they go on: nobody could cancel them
    assert start(SLURM, tmp_path, 8, 0.0).wait(120) == 0
    _assert_done_once(tmp_path, 8)
    names = {line.split()[0] for line in slurm_node.queue(cluster)}
    assert len(names) <= 1
    launches = [path.name for path in (tmp_path / "squares" / "datatrove").iterdir()]
    assert launches == ["0002"]


@DATATROVE
@pytest.mark.long
@pytest.mark.parametrize(("executor", "kills", "most"), [(HERE, 12, 2.5), (SLURM, 8, 6.0)])
def test_kills_at_random_moments(
    tmp_path: Path, executor: str, kills: int, most: float, request: pytest.FixtureRequest
) -> None:
    if executor == SLURM:
        request.getfixturevalue("cluster")
    moments = random.Random(7)
    known: set[str] = set()
    for _ in range(kills):
        process = start(executor, tmp_path, 40, 0.3)
        time.sleep(moments.uniform(0.3, most))
        process.kill()
        process.wait()
        there = {path.name for path in (tmp_path / "squares").glob("*.parquet")}
        assert there >= known
        known = there
    assert start(executor, tmp_path, 40, 0.0).wait(300) == 0
    _assert_done_once(tmp_path, 40)
    print(f"{executor}: {kills} kills, {len(known)} of 40 shards were there before the last run")


def test_a_queue_that_does_not_answer_is_given_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    said: list[Any] = []

    def jobs(_: str) -> Any:
        answer = said.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(slurm.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(slurm, "_jobs", jobs)
    queue = slurm.Queue("korpu-x")
    down, job = Infrastructure("squeue does not answer"), slurm.Job("1_0", "RUNNING", "None")
    for answer, at, alive in [
        ([job], 1, True), (down, 500, True), ([job], 550, True), (down, 1100, True),
        ([], 1101, True), ([job], 1102, True), ([], 1103, True), ([], 1162, True),
        ([], 1164, False),
    ]:  # fmt: skip
        now[0] = 1000.0 + at
        said.append(answer)
        assert queue.alive() is alive, at
    now[0] += slurm.SILENT + 1
    said.append(down)
    with pytest.raises(Infrastructure, match="does not answer"):
        queue.alive()
    said.append([slurm.Job("7_1", "PENDING", "launch failed requeued held")])
    with pytest.raises(Infrastructure, match="Slurm job 7_1 will not start"):
        slurm.Queue("korpu-x").alive()


def test_inside_of_a_job_its_variables_do_not_reach_sbatch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    monkeypatch.setenv("SLURM_CONF", "/etc/slurm/slurm.conf")
    with slurm._outside_of_jobs():
        assert "SLURM_CPUS_PER_TASK" not in os.environ
        assert os.environ["SLURM_CONF"] == "/etc/slurm/slurm.conf"
    assert os.environ["SLURM_CPUS_PER_TASK"] == "3"


# the stage


@DATATROVE
@pytest.mark.long
@pytest.mark.parametrize("executor", [HERE, SLURM])
def test_prepare_leaves_the_same_corpus(
    tmp_path: Path,
    executor: str,
    newsroom: Artifact,
    recipe: Callable[..., schema.Recipe],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    from data_prep.bitext import run

    if executor == SLURM:
        request.getfixturevalue("cluster")
    monkeypatch.delenv("PYTHONPATH")  # workers find the rooms by themselves
    monkeypatch.setattr("data_prep.bitext.sentences.SHARD", 6)  # several shards
    dates = {"split__dev_from": "2025-10-01", "split__test_from": "2025-11-01"}
    asked = recipe(**dates, split__undated="reject", workers=2)
    run(asked, {"collect": newsroom}, tmp_path / "local")
    through = dataclasses.replace(
        asked.runtime, executor=executor, tasks=3, slurm=runtime(executor).slurm
    )
    run(dataclasses.replace(asked, runtime=through), {"collect": newsroom}, tmp_path / "through")
    steps = list((tmp_path / "through" / "work").rglob("datatrove/0001"))
    assert steps
    for path in sorted((tmp_path / "local").rglob("*.parquet")):
        name = path.relative_to(tmp_path / "local")
        assert (tmp_path / "through" / name).read_bytes() == path.read_bytes(), name
    print(f"{executor}: {len(steps)} steps")


# Ray

RAY_IS_HERE = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed ([cluster])"
)


@DATATROVE
@RAY_IS_HERE
@pytest.mark.long
def test_ray_leaves_the_same_files(tmp_path: Path) -> None:
    tasks = of(5)
    assert build(tmp_path / "a", runtime(RAY), tasks) == plain(tmp_path, tasks)
    build(tmp_path / "b", runtime(RAY), of(2), threads)
    assert shards.read(sorted((tmp_path / "b").glob("*.parquet")))["threads"].to_list() == [1, 1]


@DATATROVE
@RAY_IS_HERE
@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ("ours", UsageError, "row 2 cannot be read"),
        ("bug", Infrastructure, "no square of 2 in the task of 00002"),
        ("killed", Infrastructure, "a worker process of prepare died"),
    ],
)
def test_a_task_that_fails_on_ray(
    tmp_path: Path, fault: str, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        build(tmp_path / "a", runtime(RAY), of(4, fault))


@DATATROVE
@RAY_IS_HERE
@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ray_ends_with_a_stopped_run(tmp_path: Path, number: signal.Signals) -> None:
    process = start(RAY, tmp_path, 6, 1.0)
    until(lambda: list((tmp_path / "squares").glob("*.parquet")))
    family = _group(psutil.Process(process.pid))
    process.send_signal(number)
    assert process.wait(20) == (75 if number == signal.SIGTERM else -signal.SIGKILL)
    until(lambda: not any(one.is_running() for one in family[1:]), 30)
    assert start(RAY, tmp_path, 6, 0.0).wait(120) == 0
    _assert_done_once(tmp_path, 6)


@DATATROVE
@RAY_IS_HERE
@pytest.mark.long
def test_a_ray_cluster_that_runs_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")  # as for a cluster of several machines
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    port = runs.free_port()
    words = [
        "start",
        "--head",
        "--block",
        f"--port={port}",
        "--num-cpus=2",
        "--disable-usage-stats",
    ]
    head = subprocess.Popen(
        [str(Path(sys.executable).with_name("ray")), *words, "--include-dashboard=false"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    try:
        until(lambda: _answers(port))
        tasks = of(5)
        made = build(tmp_path / "a", runtime(RAY, ray=f"127.0.0.1:{port}"), tasks)
        assert made == plain(tmp_path, tasks)
        assert head.poll() is None
    finally:
        family = psutil.Process(head.pid).children(recursive=True)
        head.terminate()
        head.wait(30)
        until(lambda: not any(one.is_running() for one in family), 30)


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_frames_of_no_rows_keep_their_columns(tmp_path: Path) -> None:
    build(tmp_path / "a", None, of(1))
    assert pl.read_parquet(tmp_path / "a" / "00000.parquet").columns == ["number", "square"]
