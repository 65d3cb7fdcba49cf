"""The loop: its schedule, what it refuses, and which weights it keeps."""

from dataclasses import replace

import pytest
import torch

import train
from korpu.errors import SaysNo, UsageError
from train import loop, reload, selection, step, tracking, validation
from train.state import Position


@pytest.fixture
def run(recipe, prepared, tmp_path, monkeypatch):
    """Run the base stage with changed settings; returns its metrics and its result."""
    monkeypatch.setattr(reload, "check", lambda *_: 0)

    def go(**changes):
        changed = replace(recipe, base=replace(recipe.base, **changes))
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        result = train.run_base(changed, prepared, out)
        return tracking.read(out / "metrics.jsonl")[0], result.stats

    return go


@pytest.mark.parametrize(
    ("schedule", "last"),
    [("constant", 1.0), ("linear", 0.1), ("cosine", 0.5 * (1 - 0.9510565163))],
)
def test_the_rate_warms_up_and_then_follows_the_schedule(recipe, schedule, last):
    settings = replace(recipe.base, lr=1.0, warmup=10, steps=20, schedule=schedule)
    rates = [loop.learning_rate(settings, step) for step in range(1, 21)]
    assert rates[:10] == pytest.approx([step / 10 for step in range(1, 11)])
    assert rates[10] == pytest.approx(1.0)
    assert rates[19] == pytest.approx(last)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert loop.learning_rate(replace(settings, warmup=0), 1) == pytest.approx(1.0)


def test_it_learns(run):
    records, stats = run(steps=60, lr=1e-2, schedule="constant", validate_every=60)
    losses = [record["loss"] for record in records if "loss" in record]
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])
    assert stats["steps"] == 60
    assert set(stats["dev_chrf_pp"]) == {"azj_Latn-uzn_Latn", "uzn_Latn-azj_Latn"}
    assert stats["examples"] == 2 * 4 * 3 * 6


def test_a_loss_that_is_not_finite_names_the_rows_and_saves_nothing(run, monkeypatch, tmp_path):
    real = step.cross_entropy
    calls = []

    def broken(*args):
        calls.append(1)
        return real(*args) * (float("nan") if len(calls) == 2 else 1.0)

    monkeypatch.setattr(step, "cross_entropy", broken)
    with pytest.raises(SaysNo, match=r"loss is nan .* step 2, batch 2 of epoch 1 \(rows [0-9a-f]"):
        run(save_every=1)
    (out,) = tmp_path.iterdir()
    assert [path.name for path in (out / "state").iterdir()] == ["step-00000001"]


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"steps": 0}, "base.steps must be at least 1"),
        ({"validate_every": 0}, "base.validate_every"),
        ({"lr": 0.0}, "base.lr must be above 0"),
        ({"label_smoothing": 1.0}, "base.label_smoothing"),
        ({"keep": 0}, "base.keep must be at least 1"),
        ({"average": True}, "set base.keep to 2 or more"),
        ({"directions": []}, "base.directions is empty"),
        ({"directions": ["azj_Latn-rus_Cyrl"]}, "rus_Cyrl"),
    ],
)
def test_impossible_settings_are_refused(run, setting, sentence):
    with pytest.raises(UsageError, match=sentence):
        run(**setting)


def scored(monkeypatch, values):
    """Let validation find these scores, and remember a weight at each."""
    seen, left = [], list(values)

    def score(model, *_):
        seen.append(model.lm_head.weight.detach().clone())
        return {"azj_Latn-uzn_Latn": left.pop(0)}

    monkeypatch.setattr(validation, "score", score)
    return seen


def test_the_best_validation_is_kept_and_patience_ends_the_run(run, monkeypatch, tmp_path):
    from safetensors.torch import load_file

    seen = scored(monkeypatch, [10.0, 30.0, 20.0, 25.0])
    records, stats = run(steps=12, validate_every=2, patience=2)
    assert stats["steps"] == 8
    assert stats["chosen_step"] == 4
    assert [r["chrf_pp"]["azj_Latn-uzn_Latn"] for r in records if "chrf_pp" in r] == [
        10,
        30,
        20,
        25,
    ]
    (out,) = tmp_path.iterdir()
    kept = load_file(out / "model" / "model.safetensors")["model.shared.weight"]
    assert torch.equal(kept, seen[1])
    assert not torch.equal(kept, seen[3])


@pytest.mark.parametrize(("average", "wins"), [(40.0, True), (5.0, False)])
def test_the_average_is_kept_where_it_scores_higher(run, monkeypatch, tmp_path, average, wins):
    from safetensors.torch import load_file

    seen = scored(monkeypatch, [10.0, 30.0, 20.0, average])
    _, stats = run(steps=6, validate_every=2, keep=2, average=True)
    assert stats["kept"] == [{"step": 4, "chrf_pp": 30.0}, {"step": 6, "chrf_pp": 20.0}]
    assert stats["averaged"] == (2 if wins else 0)
    assert stats["dev_chrf_pp"] == {"azj_Latn-uzn_Latn": max(average, 30.0)}
    (out,) = tmp_path.iterdir()
    kept = load_file(out / "model" / "model.safetensors")["model.shared.weight"]
    expected = (seen[1] + seen[2]) / 2 if wins else seen[1]
    torch.testing.assert_close(kept, expected, rtol=0, atol=1e-7)


def test_without_dev_rows_the_last_step_is_kept(recipe, prepared, tmp_path, monkeypatch):
    monkeypatch.setattr(reload, "check", lambda *_: 0)
    changed = replace(recipe, base=replace(recipe.base, validate_lines=0, steps=3))
    stats = train.run_base(changed, prepared, tmp_path).stats
    assert stats["chosen_step"] == 3
    assert stats["dev_chrf_pp"] == {}


def test_the_best_are_kept_and_of_equals_the_first():
    at, kept = Position(), {}
    for done, score in ((2, 7.0), (4, 9.0), (6, 9.0), (8, 1.0), (10, 8.0)):
        weights = {"w": torch.nn.Parameter(torch.full((2,), float(done)))}
        at, kept = selection.judged(replace(at, step=done), score, 3, weights, kept)
    assert at.kept == ((4, 9.0), (6, 9.0), (10, 8.0))
    assert at.without_gain == 3
    assert sorted(kept) == ["10|w", "4|w", "6|w"]
    assert selection.best(at, kept)["w"].tolist() == [4.0, 4.0]
    assert selection.average(at, kept)["w"].tolist() == pytest.approx([20 / 3] * 2)
    assert (at.chosen, replace(at, averaged=3).chosen) == (4, 10)
    assert selection.best(Position(), {}) == {}
