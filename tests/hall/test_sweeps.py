"""A sweep on SQLite: killed, stopped and with failing trials, it ends with the same trials."""

import errno
import os
import re
import shlex
import shutil
import signal
import sqlite3

import pytest
import tiny_recipe

optuna = pytest.importorskip("optuna", reason="pip install -e '.[sweep]'")

from hydra.core.override_parser.overrides_parser import OverridesParser  # noqa: E402
from optuna.distributions import (  # noqa: E402
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from korpu.errors import UsageError  # noqa: E402
from train import search_space, study  # noqa: E402

SPACE = ["train.lr=tag(log, interval(1e-4, 1e-2))", "adapter.r=choice(2,4)"]
TRIALS = 3


def sweep(folder, *more, before=lambda: None, space=SPACE, trials=TRIALS):
    told = [f"hydra.sweeper.trials={trials}", *tiny_recipe.words(folder), *space, *more]
    return tiny_recipe.korpu(
        folder, "train", "--multirun", "hydra/sweeper=optuna", *told, before=before
    )


def trials_of(folder):
    return optuna.load_study(
        study_name="smoke", storage=f"sqlite:///{folder}/outputs/sweeps/smoke.db"
    ).trials


def facts(folder):
    """What a killed sweep must share with an undisturbed one."""
    return [(t.number, t.state.name, t.params, t.value) for t in trials_of(folder)]


def adapters(folder):
    return {
        path.parent.parent.name: path.read_bytes()
        for path in (folder / "outputs" / "train").glob("*/adapter/adapter_model.safetensors")
    }


@pytest.fixture
def folder(tiny_corpus, tmp_path):
    return shutil.copytree(tiny_corpus, tmp_path / "sweep")


@pytest.fixture(scope="module")
def undisturbed(tiny_corpus, tmp_path_factory):
    folder = shutil.copytree(tiny_corpus, tmp_path_factory.mktemp("undisturbed") / "sweep")
    done = sweep(folder)
    assert done.code == 0, done.err
    return folder, done


def at_batch(number, sent):
    """Send a signal to this process within its ``number``-th batch."""

    def before():
        from train import batches

        real, calls = batches.tensors, []

        def counted(*args, **more):
            calls.append(1)
            if len(calls) == number:
                os.kill(os.getpid(), sent)
            return real(*args, **more)

        batches.tensors = counted

    return before


def test_a_sweep_tries_what_it_is_told_and_shows_the_best(undisturbed):
    folder, done = undisturbed
    trials = trials_of(folder)
    assert [t.state.name for t in trials] == ["COMPLETE"] * TRIALS
    assert all(1e-4 <= t.params["train.lr"] <= 1e-2 for t in trials)
    assert len({t.params["train.lr"] for t in trials}) == TRIALS
    table = re.findall(r"^ +(\d) +(\d+\.\d\d) ", done.out, re.M)
    assert sorted(int(number) for number, _ in table) == list(range(TRIALS))
    scores = [float(score) for _, score in table]
    assert scores == sorted(scores, reverse=True)
    assert scores == [round(v, 2) for v in sorted((t.value for t in trials), reverse=True)]

    command = shlex.split(done.out.splitlines()[-1].removeprefix("best: "))
    assert command[:2] == ["korpu", "train"]
    again = tiny_recipe.korpu(folder, *command[1:])  # the very run of the best trial
    assert again.code == 0
    assert again.err.count("already done") == 2
    best = max(trials, key=lambda t: t.value)
    assert best.user_attrs["directory"] in again.out


def test_killed_and_stopped_a_sweep_continues_to_the_same_trials(undisturbed, folder):
    reference, _ = undisturbed
    ends = [  # in trial 1, after a state, and once more
        (at_batch(tiny_recipe.STEPS + 5, signal.SIGKILL), -signal.SIGKILL),
        (at_batch(3, signal.SIGTERM), 75),
    ]
    for before, code in ends:
        done = sweep(folder, before=before)
        assert done.code == code, done.err
    assert "run it again to continue" in done.err
    done = sweep(folder)
    assert done.code == 0, done.err
    assert "train: continues after step" in done.err  # not the trial anew
    assert facts(folder) == facts(reference)
    assert adapters(folder) == adapters(reference)

    again = sweep(folder)
    assert again.code == 0
    assert "trial" not in again.err
    assert again.out == done.out[done.out.index("trial") :]
    more = sweep(folder, trials=TRIALS + 1)
    assert more.code == 0
    assert len(trials_of(folder)) == TRIALS + 1


def killed_in_a_draw():
    """SIGKILL when the second value of the second trial is about to be drawn."""
    from train import study

    real, calls = study._suggested, []

    def counted(*args):
        calls.append(1)
        if len(calls) == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        real(*args)

    study._suggested = counted


@pytest.mark.long
def test_a_sweep_killed_while_it_draws_draws_the_same(undisturbed, folder):
    done = sweep(folder, before=killed_in_a_draw)
    assert done.code == -signal.SIGKILL
    assert [len(t.params) for t in trials_of(folder)] == [2, 1]
    assert sweep(folder).code == 0
    assert facts(folder) == facts(undisturbed[0])


@pytest.mark.long
def test_a_failed_trial_is_recorded_with_its_sentence_and_loses_no_other(folder):
    done = sweep(folder, space=["train.lr=choice(0.003,1e+30)"], trials=4)
    assert done.code == 0, done.err
    trials = trials_of(folder)
    failed = [t for t in trials if t.state.name == "FAIL"]
    assert 1 <= len(failed) < 4
    for trial in failed:
        assert trial.params == {"train.lr": "1e+30"}
        assert trial.user_attrs["code"] == 1
        assert re.search(r"the loss is (nan|inf).*lower train\.lr", trial.user_attrs["sentence"])
        assert f"trial {trial.number} failed (1): the loss is" in done.err
    assert "Traceback" not in done.err
    assert f"{4 - len(failed)} trials with a score, {len(failed)} failed" in done.out


def full_disk_once():
    from train import state

    real, calls = state.save, []

    def full(*args, **more):
        calls.append(1)
        if len(calls) == 2 + tiny_recipe.STEPS // 2:  # the second state of trial 1
            raise OSError(errno.ENOSPC, "No space left on device", "/disk")
        return real(*args, **more)

    state.save = full


@pytest.mark.long
def test_what_the_disk_failed_is_tried_again_by_the_next_run(undisturbed, folder):
    done = sweep(folder, before=full_disk_once)
    assert done.code == 0, done.err
    assert "trial 1 failed (4): /disk: No space left on device; free some space" in done.err
    assert [t.state.name for t in trials_of(folder)] == ["COMPLETE", "FAIL", "COMPLETE"]
    done = sweep(folder)
    assert done.code == 0, done.err
    trials = trials_of(folder)
    assert len(trials) == TRIALS + 1
    assert trials[-1].params == trials[1].params
    assert trials[-1].value == trials_of(undisturbed[0])[1].value
    assert "train: continues after step 2" in done.err
    assert sweep(folder).code == 0
    assert len(trials_of(folder)) == TRIALS + 1


@pytest.mark.long
def test_a_mistake_that_every_trial_would_make_ends_the_sweep_and_leaves_no_failure(folder):
    shutil.rmtree(folder / "outputs" / "prepare")
    done = sweep(folder)
    assert done.code == 2
    assert "make it with `korpu prepare`" in done.err
    assert [t.state.name for t in trials_of(folder)] == ["RUNNING"]
    prepared = tiny_recipe.korpu(folder, "prepare", *tiny_recipe.words(folder))
    assert prepared.code == 0
    assert sweep(folder, trials=1).code == 0
    assert [t.state.name for t in trials_of(folder)] == ["COMPLETE"]


@pytest.mark.long
def test_no_trial_with_a_score_is_exit_code_1(folder):
    done = sweep(folder, "train.lr=1e30", space=["adapter.r=choice(2,4)"], trials=2)
    assert done.code == 1
    assert "no trial of" in done.err
    assert done.out.count("failed") == 3


@pytest.mark.long
def test_a_name_that_another_sweep_has_is_refused(undisturbed):
    folder, _ = undisturbed
    done = sweep(folder, "train.steps=14", space=[SPACE[0], "adapter.r=choice(2,8)"])
    assert done.code == 2
    assert "is of another sweep: adapter.r, overrides differ" in done.err
    assert sweep(folder, "runtime.threads=1").code == 0  # no other result, no other sweep


@pytest.mark.long
def test_a_sweep_that_is_running_is_not_joined(folder):
    from korpu import artifact

    with artifact.locked(folder / "outputs" / "sweeps" / "smoke"):
        done = sweep(folder)
    assert done.code == 4
    assert "another run is working in" in done.err


@pytest.mark.long
def test_a_damaged_database_is_one_sentence(folder):
    database = folder / "outputs" / "sweeps" / "smoke.db"
    database.parent.mkdir()
    database.write_text("no database at all, but long enough to be read as one" * 40)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(database).execute("select * from trials")
    done = sweep(folder)
    assert done.code == 4
    assert f"{database} cannot be used (file is not a database)" in done.err


@pytest.mark.long
def test_without_a_sweeper_one_failed_job_does_not_lose_the_others_and_gives_the_code(folder):
    told = ["train", "-m", "train.lr=1e+30,0.003", f"hydra.sweep.dir={folder}/multirun"]
    done = tiny_recipe.korpu(folder, *told, *tiny_recipe.words(folder))
    assert done.code == 1, done.err
    assert done.err.count("korpu: the loss is") == 2  # when it happened, and in the end
    assert "Traceback" not in done.err
    assert done.out.count("train     ") == 1


def split(*words):
    return search_space.split(OverridesParser.create().parse_overrides(list(words)))


def test_the_override_language_becomes_distributions():
    space, fixed = split(
        "a.lr=tag(log, interval(1e-4, 1e-2))", "a.drop=interval(0, 0.3)", "a.n=range(4, 17, 4)",
        "a.k=int(interval(1, 9))", "a.x=range(0.1, 0.4, 0.1)", "model=tiny,local",
        "a.list=choice([a,b],[c])", "+b.c='x y'", "experiment=smoke",
    )  # fmt: skip
    assert fixed == ["+b.c='x y'", "experiment=smoke"]
    assert space == {
        "a.lr": FloatDistribution(1e-4, 1e-2, log=True),
        "a.drop": FloatDistribution(0, 0.3),
        "a.n": IntDistribution(4, 16, step=4),
        "a.k": IntDistribution(1, 9),
        "a.x": CategoricalDistribution(["0.1", "0.2", "0.3"]),
        "model": CategoricalDistribution(["tiny", "local"]),
        "a.list": CategoricalDistribution(["[a,b]", "[c]"]),
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["train.lr=0.1"], "nothing varies"),
        (["train.lr=tag(log, interval(0, 1))"], r"train\.lr=.*low"),
        (["train.lr=interval(2, 1)"], r"train\.lr="),
        (["train.lr=tag(log, choice(1,2))"], "log is for"),
        (["train.lr=tag(lg, interval(1,2))"], "no tag lg"),
        (["out=a,b"], "out= is one place"),
    ],
)
def test_a_space_that_cannot_be_searched_is_one_sentence(words, says):
    with pytest.raises(UsageError, match=says):
        split(*words)


def test_a_value_is_written_as_it_was_drawn():
    value = 0.1 + 0.2
    assert float(search_space.override_of("a", value).partition("=")[2]) == value
    assert search_space.override_of("a", 3) == "a=3"
    assert search_space.override_of("model", "tiny") == "model=tiny"


def test_where_things_lie_makes_no_other_sweep():
    one = study.Sweep("x", "train", {}, ["train.steps=3", "runtime.outputs=a"], 1)
    other = study.Sweep("x", "train", {}, ["tracker=wandb", "train.steps=3"], 1)
    assert one.settings() == other.settings()
    assert one.settings() != study.Sweep("x", "train", {}, ["train.steps=4"], 1).settings()
