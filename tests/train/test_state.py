"""A state is whole or absent; a damaged one is passed over, never half read."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from korpu.errors import UsageError
from train import state
from train.state import Position

KEPT = ((8, 31.25), (4, 0.1))
BEFORE = {"flores eng_Latn-azj_Latn": 12.5}


def tensors(value):
    return {
        "weights": {"w": torch.full((2, 3), float(value))},
        "optimizer": {"w|exp_avg": torch.full((2, 3), value / 7), "w|step": torch.tensor(3.0)},
        "random": state.random_tensors(),
        "best": {},
    }


def weight(found):
    return float(found[1]["weights"]["w"][0, 0])


@pytest.fixture
def saved(tmp_path):
    for step in (4, 8, 12):
        state.save(
            tmp_path, Position(step=step, tokens=step * 10, kept=KEPT, before=BEFORE), tensors(step)
        )
    return tmp_path


def test_the_newest_comes_back_to_the_bit_and_two_are_kept(saved):
    position, found = state.load(saved)
    assert position == Position(step=12, tokens=120, kept=KEPT, before=BEFORE)
    for group, wanted in tensors(12).items():
        assert found[group].keys() == wanted.keys()
        for name, tensor in wanted.items():
            assert torch.equal(found[group][name], tensor)
    assert sorted(path.name for path in saved.iterdir()) == ["step-00000008", "step-00000012"]


def test_there_is_none_at_first_and_a_half_written_one_does_not_count(tmp_path):
    assert state.load(tmp_path / "state") is None
    (tmp_path / "state" / "writing").mkdir(parents=True)
    assert state.load(tmp_path / "state") is None


@pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.safetensors", "state.json"])
def test_a_damaged_state_leaves_the_one_before_it(saved, name, capsys):
    path = saved / "step-00000012" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 8
    data[0] ^= 64
    path.write_bytes(data)
    assert state.load(saved)[0].step == 8
    assert "step-00000012 is damaged" in capsys.readouterr().err
    (saved / "step-00000008" / name).unlink()
    with pytest.raises(UsageError, match=r"delete .* to train from the start"):
        state.load(saved)


def test_a_full_disk_leaves_the_states_there_are(saved, monkeypatch):
    def full(self, data):
        with self.open("wb") as stream:
            stream.write(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        state.save(saved, Position(step=16), tensors(16))
    monkeypatch.undo()
    assert weight(state.load(saved)) == 12
    state.save(saved, replace(Position(), step=16), tensors(16))
    assert weight(state.load(saved)) == 16


def test_a_state_of_another_run_is_refused_and_the_keys_are_named(tmp_path):
    settings = state.flat({"seed": 1, "train": {"lr": 0.1, "select": {"section": ["hava"]}}})
    assert settings == {"seed": 1, "train.lr": 0.1, "train.select.section": ["hava"]}
    state.save(tmp_path, Position(step=4), tensors(4), settings)
    assert state.load(tmp_path, settings)[0].step == 4
    other = {**settings, "train.lr": 0.2, "train.ranks": 2}
    with pytest.raises(UsageError, match=r"train\.lr was 0\.1, is 0\.2; train\.ranks was None"):
        state.load(tmp_path, other)


def test_each_rank_gets_its_own_generator_back():
    kept, drawn = [], []
    for rank in range(2):
        torch.manual_seed(rank)
        kept.append({name: tensor.clone() for name, tensor in state.random_tensors().items()})
        drawn.append(torch.rand(3))
    for rank in range(2):
        state.fill_random(state.merged_random(kept), rank)
        assert torch.equal(torch.rand(3), drawn[rank])


def test_the_optimizer_goes_on_as_if_nothing_had_happened():
    def run(cut):
        torch.manual_seed(1)
        weights = {
            "a": torch.nn.Parameter(torch.randn(5, 4)),
            "b": torch.nn.Parameter(torch.ones(4)),
        }

        def made():
            return torch.optim.AdamW(weights.values(), lr=0.1, fused=True)

        optimizer = made()
        for step in range(6):
            if step == cut:
                names = {parameter: name for name, parameter in weights.items()}
                kept = state.optimizer_tensors(optimizer, names)
                optimizer = made()
                state.fill_optimizer(optimizer, weights, kept)
            (weights["a"] @ weights["b"]).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
        return weights

    one, other = run(None), run(3)
    assert all(torch.equal(one[name], other[name]) for name in one)
    with pytest.raises(UsageError, match="a weight c that this model does not have"):
        state.fill_optimizer(None, {}, {"c|exp_avg": torch.zeros(1)})
