"""The metrics file is the truth; W&B's offline run says the same."""

import json
import multiprocessing
import os
import signal
import sys

import pytest

from korpu.errors import UsageError
from korpu.schema import Tracker
from train import tracking
from train.tracking import Metrics

STEPS = [{"step": step, "loss": 4.0 / step, "lr": 0.1} for step in range(1, 6)]
SCORE = {"step": 5, "chrf_pp": {"azj_Latn-uzn_Latn": 31.5, "uzn_Latn-azj_Latn": 30.25}}


def test_a_killed_runs_tail_is_cut_off(tmp_path):
    path = tmp_path / "metrics.jsonl"
    first = Metrics(path, 0)
    first.add(STEPS[0])
    size = first.flush()
    first.add(STEPS[1])
    first.close()
    second = Metrics(path, size)
    second.add(STEPS[2])
    second.close()
    assert tracking.read(path)[0] == [STEPS[0], STEPS[2]]
    assert second.size == path.stat().st_size
    with pytest.raises(UsageError, match="shorter than the saved state says"):
        Metrics(path, 10_000)


def test_only_whole_lines_are_read(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2')
    found, at = tracking.read(path)
    assert (found, at) == ([{"step": 1}], 12)
    with path.open("a") as stream:
        stream.write("0}\n")
    assert tracking.read(path, at) == ([{"step": 20}], path.stat().st_size)


def history(path):
    """What a .wandb file holds: LevelDB's log format around protobuf records."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, whole = path.read_bytes(), 7, b""
    rows, run = [], None
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:  # a block's padding
            at += 32768 - at % 32768
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a full record, or the last part of one
            record = Record.FromString(whole)
            whole = b""
            if record.WhichOneof("record_type") == "run":
                run = record.run
            if record.WhichOneof("record_type") == "history":
                items = {
                    (item.key or "/".join(item.nested_key)): json.loads(item.value_json)
                    for item in record.history.item
                }
                rows.append({k: v for k, v in items.items() if k == "_step" or k[0] != "_"})
    return run, rows


def killed(metrics, tracker):
    """A process that trained three steps, was followed, and died by SIGKILL."""

    def work():
        with tracking.followers(tracker, metrics, "base-demo-1234", {}) as followers:
            stream = Metrics(metrics, 0, followers)
            for record in STEPS[:3]:
                stream.add(record)
            stream.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def followed_again(metrics, tracker):
    with tracking.followers(tracker, metrics, "base-demo-1234", {"seed": 7}) as followers:
        stream = Metrics(metrics, metrics.stat().st_size, followers)
        for record in [*STEPS[3:], SCORE]:
            stream.add(record)
            stream.flush()
        stream.close()


def test_wandb_offline_is_one_curve_also_after_a_kill(tmp_path):
    tracker = Tracker(kinds=["wandb"], project="korpu-test", mode="offline")
    path = tmp_path / "metrics.jsonl"
    killed(path, tracker)
    assert len(list((tmp_path / "wandb").glob("offline-run-*"))) == 1
    followed_again(path, tracker)
    (offline,) = (tmp_path / "wandb").glob("offline-run-*")
    (file,) = offline.glob("*.wandb")
    run, rows = history(file)
    assert (run.run_id, run.project) == ("base-demo-1234", "korpu-test")
    assert {item.key: item.value_json for item in run.config.update}["seed"] == "7"
    assert [row["loss"] for row in rows] == [record["loss"] for record in STEPS]
    assert [row["_step"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[-1]["chrf_pp/azj_Latn-uzn_Latn"] == 31.5


def test_tensorboard_is_one_curve_also_after_a_kill(tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="needs tensorboard"
    )
    tracker = Tracker(kinds=["tensorboard"], project="x", mode="offline")
    path = tmp_path / "metrics.jsonl"
    killed(path, tracker)
    followed_again(path, tracker)
    seen = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert len(list((tmp_path / "tensorboard").iterdir())) == 1
    losses = seen.Scalars("loss")
    assert [event.step for event in losses] == [1, 2, 3, 4, 5]
    assert [event.value for event in losses] == pytest.approx([4.0 / n for n in range(1, 6)])
    (score,) = seen.Scalars("chrf_pp/uzn_Latn-azj_Latn")
    assert (score.step, score.value) == (5, 30.25)


def test_a_tracker_that_is_not_installed_is_said_with_its_name(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    tracker = Tracker(kinds=["tensorboard"], project="x", mode="offline")
    with (
        pytest.raises(UsageError, match=r"pip install 'korpu\[tensorboard\]'"),
        tracking.followers(tracker, tmp_path / "metrics.jsonl", "x", {}),
    ):
        pass


def test_followers_are_shown_what_there_is_every_few_seconds(tmp_path, monkeypatch):
    seen = []

    class Follower:
        def follow(self):
            seen.append(len(tracking.read(tmp_path / "metrics.jsonl")[0]))

    metrics = Metrics(tmp_path / "metrics.jsonl", 0, (Follower(),))
    metrics.add(STEPS[0])
    assert seen == []
    monkeypatch.setattr(tracking, "OFTEN", -1.0)
    metrics.add(STEPS[1])
    assert seen == [2]
    metrics.close()


def test_no_tracker_follows_nothing(tmp_path):
    tracker = Tracker(kinds=[], project="x", mode="offline")
    with tracking.followers(tracker, tmp_path / "metrics.jsonl", "x", {}) as followers:
        assert followers == ()
    assert list(tmp_path.iterdir()) == []
