"""Killed at any step, in the middle of a save, or asked to stop: the same bits in the end."""

import json
import multiprocessing
import os
import signal
from dataclasses import replace

import pytest

import train
from korpu.errors import STOPPED, Stopped, UsageError
from korpu.schema import Monitor
from train import batches, reload, state, tracking

SAVED = {"lora": "adapter", "dora": "adapter", "oft": "adapter", "none": "model"}
FORK = multiprocessing.get_context("fork")  # real processes without importing torch again


@pytest.fixture(autouse=True)
def without_reload(monkeypatch):
    """Loading in a fresh process has its own test; here it would only cost seconds."""
    monkeypatch.setattr(reload, "check", lambda *_: 0)


def in_a_process(work):
    process = FORK.Process(target=work)
    process.start()
    process.join(120)
    assert process.exitcode is not None
    return process.exitcode


def losses(out):
    lines = (out / "metrics.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [{k: v for k, v in line.items() if k not in tracking.MEASURED} for line in found]


def weights(out):
    return (out / "model" / "model.safetensors").read_bytes()


@pytest.fixture
def undisturbed(recipe, prepared, tmp_path):
    out = tmp_path / "undisturbed"
    out.mkdir()
    train.run_base(recipe, prepared, out)
    return out


def killed(monkeypatch, module, name, count):
    """Let the ``count``-th call of a function be a SIGKILL to the process itself."""
    real, calls = getattr(module, name), []

    def call(*args, **more):
        calls.append(1)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **more)

    monkeypatch.setattr(module, name, call)


def test_sigkill_at_any_moment_changes_nothing(
    recipe, prepared, tmp_path, undisturbed, monkeypatch
):
    out = tmp_path / "killed"
    out.mkdir()
    moments = [
        (batches, "tensors", 3),  # before any state
        (batches, "tensors", 7),  # after the state of step 4
        (state, "replace_durably", 1),  # while the state of step 8 is written
        (state, "sha256", 12),  # while a state is written, or read
        (reload, "check", 1),  # after the last step, before the manifest
    ]
    for module, name, count in moments:
        with monkeypatch.context() as patch:
            killed(patch, module, name, count)
            code = in_a_process(lambda: train.run_base(recipe, prepared, out))
        assert code == -signal.SIGKILL, (name, code)
    assert in_a_process(lambda: train.run_base(recipe, prepared, out)) == 0
    assert len(losses(out)) == recipe.base.steps + 3
    assert losses(out) == losses(undisturbed)
    assert weights(out) == weights(undisturbed)


def test_what_is_kept_averaged_and_monitored_resumes_to_the_same_bits_too(
    recipe, prepared, tmp_path, monkeypatch
):
    for name, text in (("az", "Bakı günəşlidir.\nGəncə buludludur.\n"), ("uz", "Boku.\nGanja.\n")):
        (tmp_path / name).write_text(text, "utf-8")
    sides = str(tmp_path / "az"), str(tmp_path / "uz")
    watched = {"held": Monitor(*sides, "azj_Latn", "uzn_Latn", lines=2)}
    settings = {"validate_every": 2, "keep": 3, "average": True, "monitor": watched}
    recipe = replace(recipe, base=replace(recipe.base, **settings))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    cut.mkdir()
    result = train.run_base(recipe, prepared, whole)
    assert len(result.stats["kept"]) == 3
    for module, name, count in ((batches, "tensors", 3), (batches, "tensors", 7)):
        with monkeypatch.context() as patch:
            killed(patch, module, name, count)
            assert in_a_process(lambda: train.run_base(recipe, prepared, cut)) == -signal.SIGKILL
    again = train.run_base(recipe, prepared, cut)
    assert losses(cut) == losses(whole)
    assert losses(cut)[0]["chrf_pp_monitor"].keys() == result.stats["forgetting"].keys()
    assert losses(cut)[-1]["average_of"] == 3
    assert weights(cut) == weights(whole)
    for name in ("kept", "averaged", "forgetting", "dev_chrf_pp"):
        assert again.stats[name] == result.stats[name]


@pytest.mark.parametrize("kind", ["lora", "dora", "oft", "none"])
def test_every_kind_of_adapter_resumes_to_the_same_bits_too(
    recipe, prepared, tmp_path, undisturbed, monkeypatch, kind
):
    recipe = replace(recipe, adapter=replace(recipe.adapter, kind=kind, block=8))
    from korpu.artifact import Artifact

    inputs = {**prepared, "base": Artifact(undisturbed, {"stage": "base"})}
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    cut.mkdir()
    train.run_adapter(recipe, inputs, whole)
    with monkeypatch.context() as patch:
        killed(patch, batches, "tensors", 10)
        assert in_a_process(lambda: train.run_adapter(recipe, inputs, cut)) == -signal.SIGKILL
    train.run_adapter(recipe, inputs, cut)
    assert losses(cut) == losses(whole)
    saved = sorted(path for path in (whole / SAVED[kind]).iterdir() if path.is_file())
    assert len(saved) >= 2
    for path in saved:
        assert (cut / SAVED[kind] / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_run_of_other_settings_does_not_continue_a_killed_one(
    recipe, prepared, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        killed(patch, batches, "tensors", 7)
        assert in_a_process(lambda: train.run_base(recipe, prepared, tmp_path)) == -signal.SIGKILL
    other = replace(recipe, base=replace(recipe.base, lr=0.5), seed=9)
    with pytest.raises(UsageError, match=r"base\.lr was 0\.0015, is 0\.5; seed was 1, is 9"):
        train.run_base(other, prepared, tmp_path)
    smaller = replace(recipe, base=replace(recipe.base, micro_tokens=80))
    assert train.run_base(smaller, prepared, tmp_path).stats["micro_tokens"] == 80


def test_sigterm_ends_after_the_step_in_hand_and_leaves_its_state(
    recipe, prepared, tmp_path, undisturbed, monkeypatch
):
    out = tmp_path / "stopped"
    out.mkdir()
    real = batches.tensors
    calls = []

    def stop_in_the_sixth(*args, **more):
        calls.append(1)
        if len(calls) == 6:
            os.kill(os.getpid(), signal.SIGTERM)
        return real(*args, **more)

    def work():
        try:
            train.run_base(recipe, prepared, out)
        except Stopped as stopped:
            assert stopped.signal_name == "SIGTERM"
            os._exit(STOPPED)

    with monkeypatch.context() as patch:
        patch.setattr(batches, "tensors", stop_in_the_sixth)
        assert in_a_process(work) == STOPPED
    assert state.load(out / "state")[0].step == 6
    handler = signal.getsignal(signal.SIGTERM)
    train.run_base(recipe, prepared, out)
    assert signal.getsignal(signal.SIGTERM) == handler
    assert losses(out) == losses(undisturbed)
    assert weights(out) == weights(undisturbed)
