"""What is logged of a step is what its own printed arithmetic gives."""

import re
from dataclasses import replace

import pytest

from train import flops, meter
from train.ranks import Ranks

SHAPE = flops.Shape(d=64, encoder=2, decoder=2, source=100_000, target=150_000, head=640_000)
BATCH = flops.lengths([(12, 10), (30, 34)])


def numbers(said):
    return [float(n.replace(",", "")) for n in re.findall(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?", said)]


@pytest.mark.parametrize("world", [1, 4])
def test_the_line_is_its_own_arithmetic(world):
    made = meter.Meter(SHAPE, 2e9, "given", Ranks(world=world))
    columns = made.columns(BATCH, 0.25)
    percent, giga, source, target, seconds, *devices, peak = numbers(made.arithmetic(BATCH, 0.25))
    assert (source, target, seconds, peak) == (42, 44, 0.25, 2)
    assert devices == ([] if world == 1 else [world])
    assert giga == pytest.approx(flops.step(SHAPE, BATCH) / 1e9, rel=0.005)
    assert percent / 100 == pytest.approx(giga / seconds / (world * peak), rel=0.02)
    assert columns["mfu"] == pytest.approx(percent / 100, abs=6e-4)
    assert (columns["tokens_per_s"], columns["source_tokens_per_s"]) == (176, 168)


def test_a_device_that_seems_to_do_more_than_it_can_was_busy_when_measured():
    made = meter.Meter(SHAPE, 1e6, "measured", Ranks())
    assert "busy when that was measured" in made.arithmetic(BATCH, 0.25)
    assert "busy" not in replace(made, peak=1e15).arithmetic(BATCH, 0.25)
