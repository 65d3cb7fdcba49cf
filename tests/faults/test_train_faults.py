"""What goes wrong in a training run: one sentence, its exit code, and nothing lost."""

import contextlib
import errno
import json
import os
import pkgutil
import random
import re
import resource
import shutil
import signal
from pathlib import Path

import disks
import pytest
import tiny_recipe
from tiny_recipe import STEPS, words


def korpu(folder, *more, before=lambda: None, command="train"):
    return tiny_recipe.korpu(folder, command, *words(folder, *more), before=before)


@pytest.fixture
def folder(tiny_corpus, tmp_path):
    """A corpus and a base, no adapter yet."""
    folder = shutil.copytree(tiny_corpus, tmp_path / "here")
    shutil.rmtree(folder / "outputs" / "train")
    return folder


def trained(folder):
    (made,) = (folder / "outputs" / "train").iterdir()
    return made


def result(folder):
    """The adapter's bytes, and every number of the run but its times."""
    made = trained(folder)
    lines = [json.loads(line) for line in (made / "metrics.jsonl").read_text().splitlines()]
    numbers = [
        {k: line[k] for k in ("step", "loss", "gradient", "lr", "chrf_pp") if k in line}
        for line in lines
    ]
    return (made / "adapter" / "adapter_model.safetensors").read_bytes(), numbers


def nth(where, name, number, act):
    """In the process to be started: the ``number``-th call of a function does ``act`` first."""
    import importlib

    def before():
        module, calls = importlib.import_module(where), []
        real = getattr(module, name)

        def counted(*args, **more):
            calls.append(1)
            if len(calls) == number:
                act()
            return real(*args, **more)

        setattr(module, name, counted)

    return before


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def says(done, code, pattern):
    assert done.code == code, done.err
    assert re.search(pattern, done.err.splitlines()[-1]), done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("told", "pattern"),
    [
        (["model=local", "model.path={}/nowhere"], r"model\.path: there is no file .*/nowhere"),
        (["model=local", "model.path={}/az"], r"/az"),
        (["model=local", "model.path={}/other"], r"other is a model of kind 't5', not of"),
        (["model=local", "model.path={}/cut"], r"cut"),
        (["train.directions=[azj_Latn-xxx_Latn]"], r"not 'azj_Latn-xxx_Latn'"),
        (["train.directions=[azj_Latn-eng_Latn]"], r"no language code 'eng_Latn'.*azj_Latn"),
        (["train.directions=[azj_Latn-azj_Latn]"], r"azj_Latn-azj_Latn"),
        (["train.select.section=[idman]"], r"train\.select selects no pair of the corpus"),
        (["train.max_tokens=3"], r"more than max_tokens=3 tokens"),
        (["adapter.start={}/nowhere"], r"adapter\.start: there is no file"),
        (["adapter.start={}/other"], r"adapter\.start: .*other holds no adapter"),
    ],
)  # fmt: skip
@pytest.mark.long
def test_what_cannot_be_trained_is_one_sentence_and_exit_code_2(folder, told, pattern):
    (base,) = (folder / "outputs" / "base").glob("*/model")
    shutil.copytree(base, folder / "other")
    config = json.loads((base / "config.json").read_text())
    (folder / "other" / "config.json").write_text(
        json.dumps({**config, "model_type": "t5", "architectures": ["T5ForConditionalGeneration"]})
    )
    shutil.copytree(base, folder / "cut")
    weights = folder / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    says(korpu(folder, *(word.format(folder) for word in told)), 2, pattern)
    assert not list((folder / "outputs" / "train").glob("*/manifest.json"))


def test_a_loss_that_is_not_finite_names_its_rows_and_saves_nothing(folder):
    says(
        korpu(folder, "train.lr=1e30"), 1,
        r"the loss is (nan|inf) .* at step \d+, batch .*rows [0-9a-f]{16}.*lower train\.lr",
    )  # fmt: skip
    assert not (trained(folder) / "adapter").exists()
    assert not (trained(folder) / "manifest.json").exists()


def short_of_memory():
    """In the process to be started: a step gets no more address space than there is before it."""
    import torch

    from train import step

    real = step.backward

    def backward(*args, **more):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + (1 << 20)
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
        held = []  # what earlier tensors have left free
        for size in (1 << 22, 1 << 20, 1 << 18):
            with contextlib.suppress(RuntimeError):
                while True:
                    held.append(torch.empty(size, dtype=torch.uint8))
        try:
            return real(*args, **more)
        finally:
            held.clear()
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)

    step.backward = backward


def test_too_little_memory_names_the_setting_that_would_fit(folder):
    much = ["train.target_tokens=100000", "train.micro_tokens=100000"]
    done = korpu(folder, *much, before=short_of_memory)
    says(done, 4, r"the memory does not hold batch .*set train\.micro_tokens=\d+ and run it again")
    fits = re.search(r"train\.micro_tokens=\d+", done.err.splitlines()[-1])[0]
    assert int(fits.partition("=")[2]) < 50000
    assert korpu(folder, much[0], fits).code == 0


@pytest.mark.long
@pytest.mark.parametrize("name", ["torch:OutOfMemoryError", "builtins:MemoryError"])
def test_too_little_memory_for_validation_is_one_sentence(folder, name):
    def fail():
        raise pkgutil.resolve_name(name)("out of memory")

    done = korpu(folder, before=nth("train.validation", "score", 1, fail))
    says(done, 4, r"the memory is used up .*lower decode\.batch_tokens")


def flip(path, at=-7):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.fixture(scope="module")
def undisturbed(tiny_corpus):
    return result(tiny_corpus)


@pytest.mark.parametrize("part", ["weights.safetensors", "optimizer.safetensors", "state.json"])
@pytest.mark.long
def test_a_damaged_state_costs_its_steps_and_no_bit(folder, undisturbed, part):
    assert korpu(folder, before=nth("train.batches", "tensors", 8, die)).code == -signal.SIGKILL
    states = sorted((trained(folder) / "state").glob("step-*"))
    assert len(states) == 2
    flip(states[-1] / part)
    done = korpu(folder)
    assert done.code == 0, done.err
    assert re.search(rf"{states[-1].name} is damaged .*trying the state before it", done.err)
    assert "train: continues after step 4" in done.err
    assert result(folder) == undisturbed


def test_where_every_state_is_damaged_it_says_so_and_starts_nothing(folder):
    assert korpu(folder, before=nth("train.batches", "tensors", 8, die)).code == -signal.SIGKILL
    for state in (trained(folder) / "state").glob("step-*"):
        flip(state / "weights.safetensors")
    says(korpu(folder), 2, r"every state in .* is damaged; delete .* to train from the start")
    shutil.rmtree(trained(folder) / "state")
    assert korpu(folder).code == 0


MOMENTS = [
    ("train.batches", "tensors", STEPS + 2),
    ("train.state", "replace_durably", STEPS // 2),
    ("train.state", "sha256", 30),
    ("train.adapter", "save", 1),
    ("korpu.artifact", "write_json", 1),
]


@pytest.mark.long
def test_killed_at_random_it_ends_with_the_same_losses_and_weights(folder, undisturbed):
    rng = random.Random(20251201)
    kills = 0
    for _ in range(40):
        where, name, most = rng.choice(MOMENTS)
        done = korpu(folder, before=nth(where, name, rng.randint(1, most), die))
        if done.code == 0:
            break
        assert done.code == -signal.SIGKILL, done.err
        kills += 1
    else:
        assert korpu(folder).code == 0
    assert kills >= 3
    assert result(folder) == undisturbed


def test_stopped_it_saves_the_step_in_hand_and_leaves_a_marker(folder, undisturbed):
    def stop():
        os.kill(os.getpid(), signal.SIGTERM)

    done = korpu(folder, before=nth("train.batches", "tensors", 5, stop))
    says(done, 75, "stopped by SIGTERM; run it again to continue")
    assert json.loads((trained(folder) / "RESUMABLE").read_text())["signal"] == "SIGTERM"
    assert {path.name for path in (trained(folder) / "state").iterdir()} == {
        "step-00000004", "step-00000005",
    }  # fmt: skip
    done = korpu(folder)
    assert done.code == 0, done.err
    assert "train: continues after step 5" in done.err
    assert not (trained(folder) / "RESUMABLE").exists()
    assert result(folder) == undisturbed


def test_another_recipe_in_the_same_directory_is_refused_by_its_keys(folder):
    out = f"out={folder / 'mine'}"
    killed = korpu(folder, out, before=nth("train.batches", "tensors", 4, die))
    assert killed.code == -signal.SIGKILL
    says(
        korpu(folder, out, "train.lr=0.5", "adapter.r=4"), 2,
        r"is of another run: adapter\.r was 2, is 4; train\.lr was 0\.003, is 0\.5",
    )  # fmt: skip
    from korpu import artifact

    with artifact.locked(folder / "mine"):
        says(korpu(folder, out), 4, r"another run is working in .*mine; wait for it or stop it")


@pytest.fixture
def disk(tmp_path):
    """A file system of 40 MB, where one may be mounted."""
    with disks.small_disk(tmp_path / "disk", "40m") as disk:
        yield disk


def fill(place):
    """Leave not one block free."""
    with (place / "filler").open("wb") as stream:
        try:
            while True:
                stream.write(b"\0" * 4096)
                stream.flush()
        except OSError as error:
            assert error.errno == errno.ENOSPC


@pytest.mark.long
@pytest.mark.parametrize(
    ("where", "name", "number"),
    [
        ("train.state", "save", 3),  # a state, of step 6
        ("train.adapter", "save", 1),  # the adapter
        ("train.report", "render", 1),
        ("korpu.artifact", "commit", 1),  # the manifest
    ],
)
def test_a_full_disk_leaves_the_state_before_and_the_run_goes_on_to_the_same_bits(
    disk, folder, undisturbed, where, name, number
):
    place = shutil.copytree(folder, disk / "here")
    done = korpu(place, before=nth(where, name, number, lambda: fill(disk)))
    (disk / "filler").unlink()
    assert done.code == 4, f"{done.out}\n{done.err}"
    last = tiny_recipe.STEPS if name != "save" or where != "train.state" else 4
    assert sorted((trained(place) / "state").glob("step-*"))[-1].name == f"step-{last:08d}"
    done = korpu(place)
    assert done.code == 0, done.err
    assert f"train: continues after step {last}" in done.err
    assert result(place) == undisturbed


@pytest.mark.long
def test_a_full_disk_at_the_save_of_a_whole_model_is_one_sentence_too(disk, folder):
    place = shutil.copytree(folder, disk / "here")
    whole = "adapter=none"
    done = korpu(place, whole, before=nth("train.models", "save_model", 1, lambda: fill(disk)))
    (disk / "filler").unlink()
    says(done, 4, "No space left on device.*free some space and run it again")
    done = korpu(place, whole)
    assert done.code == 0, done.err
    assert f"train: continues after step {STEPS}" in done.err
