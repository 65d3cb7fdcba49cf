"""Two processes that share every batch learn what one learns, and write one directory."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace

import pytest
import torch

import train
from korpu.errors import UsageError
from train import ranks, reload, step, tracking
from train.ranks import Ranks

FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def without_reload(monkeypatch):
    monkeypatch.setattr(reload, "check", lambda *_: 0)


def together(work, world=2):
    """Run ``work(rank)`` in ``world`` processes as torchrun would; returns their exit codes."""
    # torchrun's agent keeps the store, for all the groups that its processes ever make
    store = torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)

    def one(rank):
        os.environ.update(
            RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world),
            MASTER_ADDR="127.0.0.1", MASTER_PORT=str(store.port),
            TORCHELASTIC_USE_AGENT_STORE="True", TORCHELASTIC_RESTART_COUNT="0",
        )  # fmt: skip
        work(rank)

    processes = [FORK.Process(target=one, args=(rank,)) for rank in range(world)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        if process.exitcode != 0:  # the others would wait for it
            for other in processes:
                other.kill()
    return [process.exitcode for process in processes]


def losses(out):
    found = tracking.read(out / "metrics.jsonl")[0]
    return [{k: v for k, v in r.items() if k not in tracking.MEASURED} for r in found]


@pytest.fixture
def pair(recipe):
    return replace(recipe, base=replace(recipe.base, ranks=2))


def test_two_processes_learn_what_one_learns(recipe, pair, prepared, tmp_path):
    quiet = replace(recipe.model, dropout=0.0)  # each rank draws dropout of its own
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    train.run_base(replace(recipe, model=quiet), prepared, one)
    shared = replace(pair, model=quiet)

    def work(rank):
        result = train.run_base(shared, prepared, two)
        assert bool(result.files) == (rank == 0)

    assert together(work) == [0, 0]
    alone, both = losses(one), losses(two)
    assert [r["step"] for r in both] == [r["step"] for r in alone]
    for a, b in zip(alone, both, strict=True):
        if "loss" in a:
            assert b["loss"] == pytest.approx(a["loss"], rel=1e-5)
            assert b["gradient"] == pytest.approx(a["gradient"], rel=1e-4)
            assert (b["targets"], b["lr"], b["tokens"]) == (a["targets"], a["lr"], a["tokens"])
    names = {path.name for path in two.iterdir()}
    written = {"model", "metrics.jsonl", "orthography.json", "report.html", "state", "work"}
    assert names == written


def test_killed_together_they_resume_to_the_same_bits(pair, prepared, tmp_path, monkeypatch):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    cut.mkdir()
    assert together(lambda _: train.run_base(pair, prepared, whole)) == [0, 0]
    real, calls = step.backward, []

    def dies(*args):
        calls.append(1)
        if len(calls) == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(step, "backward", dies)
        codes = together(lambda _: train.run_base(pair, prepared, cut))
        assert codes == [-signal.SIGKILL] * 2
    assert together(lambda _: train.run_base(pair, prepared, cut)) == [0, 0]
    assert losses(cut) == losses(whole)
    one, other = ((out / "model" / "model.safetensors").read_bytes() for out in (whole, cut))
    assert one == other


def test_the_two_stages_of_a_command_join_one_after_the_other():
    def work(rank):
        for section in ("base", "train"):
            with ranks.joined("cpu", 2, section) as joined:
                assert joined.gathered(rank) == [0, 1]
                assert joined.any(rank == 1)
                assert float(joined.total(torch.tensor(rank + 1.0))) == 3
            time.sleep(rank)  # the first one is at the second stage while the other is not

    assert together(work) == [0, 0]


def test_shares_are_every_row_once():
    rows = list(range(11))
    shares = [Ranks(rank, 3).share(rows) for rank in range(3)]
    assert sorted(row for share in shares for row in share) == rows
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_number_of_processes_that_the_recipe_does_not_want_is_refused(monkeypatch):
    with pytest.raises(UsageError, match=r"train\.ranks=2, but .* 1; .*torchrun --nproc-per-"):
        ranks.joined("cpu", 2, "train").__enter__()
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match=r"set base\.ranks=2$"):
        ranks.joined("cpu", 1, "base").__enter__()
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(UsageError, match="start several processes with torchrun"):
        ranks.joined("cpu", 2, "train").__enter__()
