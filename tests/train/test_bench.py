"""`korpu bench train` on a model of nothing: its numbers agree with each other and the data."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from korpu import bench, schema
from korpu.errors import UsageError
from train import (
    bench_adapters,
    bench_data,
    bench_gpu,
    bench_jobs,
    bench_models,
    bench_runs,
    bench_speed,
    bench_trainer,
)

CHECKOUT = Path(__file__).resolve().parents[2]
WORDS = ["shape=tiny", "data=synthetic", "budget=200", "tokens=500", "threads=1"]


@pytest.fixture(scope="module")
def jobs():
    words = [*WORDS, "vocabulary=both"]
    given = bench.parsed("korpu bench train", words, bench_speed.WORDS)
    found, said = bench_speed.prepare(given)
    assert "a step: " in said
    return found


def test_lengths_from_a_seed_are_those_of_the_real_mixture():
    data = bench_data.load("synthetic", Path("nowhere"), 3)
    assert data == bench_data.load("synthetic", Path("nowhere"), 3)
    assert data != bench_data.load("synthetic", Path("nowhere"), 4)
    assert len(data.held_out) == bench_data.HELD_OUT
    sides = np.array([(len(e.source), len(e.target)) for e in data.train])
    assert 14 < data.mean_target < 17  # NTREX and strings, token for token: 15.7
    assert sides.max() <= bench_data.LONGEST
    assert np.corrcoef(sides.T)[0, 1] > 0.8
    with pytest.raises(UsageError, match="data must be mixed, news, synthetic, not 'speech'"):
        bench_data.load("speech", Path(), 1)
    with pytest.raises(UsageError, match=r"shared=DIR, or use data=synthetic"):
        bench_data.load("news", Path("nowhere"), 1)


def test_the_contestants_learn_the_same_amount_at_the_same_rate(jobs):
    ours, trimmed, random, grouped = jobs.values()
    assert list(jobs) == ["korpu", "korpu, trimmed", "Trainer, random", "Trainer, group_by_length"]
    assert len({(job.steps, job.size, job.lr, job.adapter) for job in jobs.values()}) == 1
    size, mean = bench_jobs.size_of(ours.data, ours.budget, ours.seed)
    assert size == round(mean / ours.data.mean_target)
    assert 0.7 * ours.budget < mean <= ours.budget
    full = bench_models.shape_of("600m")
    assert (full.cut("full"), full.cut("trimmed")) == (256_206, 34_195)
    assert (trimmed.contestant, random.contestant, grouped.contestant) == (
        "korpu", "random", "group_by_length",
    )  # fmt: skip


def test_drawn_batches_stand_for_the_whole_epoch(jobs):
    job = replace(jobs["Trainer, random"], steps=8)
    order = np.random.default_rng(0).permutation(len(job.data.train)).tolist()
    rows = bench_trainer.drawn(order, job.size, job)
    assert len(rows) == (job.steps + job.warm) * job.size
    batches = [rows[at : at + job.size] for at in range(job.size, len(rows), job.size)]
    whole = [order[at : at + job.size] for at in range(0, len(order), job.size)]
    assert all(batch in whole for batch in batches)
    assert len({tuple(batch) for batch in batches}) == 8

    def positions(them):
        return np.mean([len(b) * max(len(job.data.train[r].target) for r in b) for b in them])

    assert positions(batches) == pytest.approx(positions(whole), rel=0.1)


def test_both_are_measured_by_the_same_clock_and_on_the_same_weights(jobs, tmp_path):
    found = {}
    for name in ("korpu", "Trainer, group_by_length"):
        folder = tmp_path / name
        folder.mkdir()
        found[name] = bench_runs.run(replace(jobs[name], folder=folder))
    ours, theirs = found.values()
    for one in found.values():
        assert one.steps == jobs["korpu"].steps
        assert 0 < one.tokens <= one.positions
        assert min(one.cpu, one.seconds) > 0
        assert 0 < one.added < one.peak
    assert ours.tokens / ours.positions > theirs.tokens / theirs.positions
    # the same first weights, and a few steps at a small rate
    assert ours.loss == pytest.approx(theirs.loss, abs=0.02)
    assert ours.loss == pytest.approx(np.log(bench_data.PIECES), abs=0.5)


def test_a_gpu_machine_needs_torch_and_the_library_alone():
    program = (
        "import sys\n"
        "absent = 'hydra omegaconf datasets wandb polars pyarrow rich psutil jinja2 scipy lxml'\n"
        "sys.modules.update(dict.fromkeys(absent.split()))\n"
        "from train import bench_gpu, bench_speed\n"
        "from korpu.cli import main\n"
        "sys.argv[1:] = ['bench', 'train', 'what=speed', 'shape=7b']\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT
    )
    assert done.stderr.startswith("korpu: shape must be tiny, mid, 600m"), done.stderr
    assert done.returncode == 2


def test_sections_are_the_recipes_own():
    found = bench_models.settings(schema.Adapter, "adapter", "dora")
    assert (found.kind, found.r) == ("dora", 32)
    with pytest.raises(UsageError, match="adapter must be one of dora, lora"):
        bench_models.settings(schema.Adapter, "adapter", "pissa")
    with pytest.raises(UsageError, match="shape must be tiny"):
        bench_models.shape_of("7b")


def test_wrong_words():
    for words, sentence in (
        (["device=tpu"], "device must be cpu, cuda, not 'tpu'"),
        (["lr=fast"], "lr must be a number"),
        (["vocabulary=half"], "vocabulary must be"),
        (["also=magic"], "also must be some of compile, deterministic"),
    ):
        given = bench.parsed("korpu bench train", [*WORDS, *words], bench_speed.WORDS)
        with pytest.raises(UsageError, match=sentence):
            bench_speed.prepare(given)
    with pytest.raises(UsageError, match="kinds must be some of lora"):
        bench_adapters.main(["kinds=pissa"])
    with pytest.raises(UsageError, match="seeds must be whole numbers"):
        bench_adapters.main(["seeds=one"])


def trial(kind, lr, seed, steps=30):
    score = 50.0 + seed + (lr == 3e-3)
    scores = {
        f"{prefix}{which}|{pair}": score + 10 * (which == "old")
        for prefix in ("", "copy:")
        for which in ("new", "old")
        for pair in ("azj_Latn-uzn_Latn", "uzn_Latn-azj_Latn")
    }
    return bench_adapters.Trial(
        kind, lr, seed, steps, "0123", tokens=900, trained=64, seconds=2.0, dev=score, scores=scores
    )


def test_the_rate_is_chosen_on_dev_and_the_table_is_the_mean_over_seeds(capsys):
    asked = []

    def run(*which):
        asked.append(which)
        return trial(*which)

    found = bench_adapters.compared(["lora", "none"], [1, 3], 30, 20, run)
    # 3 rates of 2 kinds with the first seed, then the best of them with each, and the base
    assert len(asked) == 6 + 4 + 1
    assert asked[6:10] == [(kind, 3e-3, seed, 30) for seed in (1, 3) for kind in ("lora", "none")]
    assert {which[2:] for which in asked[:6]} == {(1, 20)}
    given = {**bench_adapters.WORDS, "seeds": "1,3", "steps": "30"}
    bench_adapters.report("here", given, *found, True)
    said = capsys.readouterr().out
    # seeds 1 and 3: 52 and 54, of which the mean is 53 and the standard deviation √2
    assert "| lora | 64 | 0.003 | 53.0 ± 1.4 | 63.0 ± 1.4 | 450 |" in said
    assert "| base |  |  | 51.0 | 61.0 |  |" in said
    assert "| none | 0.0003: 51.0 | 0.001: 51.0 | 0.003: 52.0 |" in said


def test_a_trial_in_the_file_is_not_run_again(tmp_path):
    path = tmp_path / "trials.jsonl"
    kept = trial("lora", 1e-3, 1)
    path.write_text(json.dumps(asdict(kept)) + "\n")
    ran = []
    known = bench_adapters.Kept(path, lambda asked: ran.append(asked) or trial(*asked.name[:3]))
    assert known(replace(kept, scores={}, tokens=0)) == kept
    other = trial("lora", 3e-3, 1)
    assert known(replace(other, scores={})) == known(replace(other, scores={})) == other
    assert len(ran) == 1
    again = bench_adapters.Kept(path, lambda asked: pytest.fail(f"{asked} is run again"))
    assert (again(kept), again(other)) == (kept, other)


@pytest.fixture(scope="module")
def gpu_script(tmp_path_factory):
    out = tmp_path_factory.mktemp("gpu")
    words = ["device=cpu", "shapes=tiny", "budget=150", "tokens=300", "also=none", "head=tiny"]
    done = subprocess.run(
        ["scripts/bench_gpu.sh", str(out), *words, "targets=64", "slack=10",
         f"python={sys.executable}"],
        capture_output=True, text=True, cwd=CHECKOUT, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return done, out


@pytest.mark.long
def test_the_gpu_script_runs_on_a_cpu(gpu_script):
    done, out = gpu_script
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in out.glob("*.json")} == {
        "loss.json", "resume.json", "speed-1-tiny.json", "table.json",
    }  # fmt: skip
    loss = json.loads((out / "loss.json").read_text())
    assert loss["difference"] < 1e-4
    assert "weights and 12 losses equal" in (out / "resume.md").read_text()
    speed = json.loads((out / "speed-1-tiny.json").read_text())
    ours, theirs = speed["runs"]["korpu"][0], speed["runs"]["Trainer, random"][0]
    assert ours["tokens"] / ours["positions"] > theirs["tokens"] / theirs["positions"]
    rows = json.loads((out / "table.json").read_text())["rows"]
    assert [row[0] for row in rows] == [f"tiny: {name}" for name in speed["runs"]]


def test_a_killed_run_is_told_from_a_whole_one(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    digest, losses = bench_gpu.trained(tmp_path / "one", "cpu")
    assert len(losses) == bench_gpu.STEPS
    assert losses[-1] < losses[0]
    state = max((tmp_path / "one" / "state").iterdir())
    again = bench_gpu.trained(tmp_path / "one", "cpu")  # nothing is left to do
    assert again == (digest, losses)
    assert state.name == f"step-{bench_gpu.STEPS:08d}"
