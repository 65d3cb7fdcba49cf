"""Batches: within the budget, each example once, decided by seed and epoch alone."""

import os
import subprocess
import sys

import numpy as np
import pytest

from train import batches
from train.corpus import Example


def lengths(count, seed):
    draw = np.random.default_rng(seed)
    return [(int(n), int(n + draw.integers(0, 4))) for n in draw.integers(3, 60, count)]


NEW, OLD = lengths(300, 1), lengths(70, 2)


def test_an_epoch_has_every_example_once_within_the_budget():
    found = batches.epoch(NEW, [], 400, 0.0, 7, 0)
    assert sorted(index for batch in found for index in batch) == list(range(300))
    for batch in found:
        assert len(batch) * max(NEW[index][1] for index in batch) <= 400
    padded = sum(len(batch) * max(NEW[index][1] for index in batch) for batch in found)
    assert sum(target for _, target in NEW) / padded > 0.85


def test_a_row_longer_than_the_budget_stands_alone():
    assert sorted(batches.epoch([(5, 90), (5, 5)], [], 50, 0.0, 1, 0)) == [[0], [1]]


@pytest.mark.parametrize("share", [0.15, 0.5])
def test_old_rows_are_their_share_and_differ_between_epochs(share):
    drawn = []
    for epoch in (0, 1):
        found = [i for batch in batches.epoch(NEW, OLD, 400, share, 7, epoch) for i in batch]
        old = [index for index in found if index >= 300]
        assert sorted(index for index in found if index < 300) == list(range(300))
        assert len(old) / len(found) == pytest.approx(share, abs=0.005)
        assert max(old) < 370
        counts = np.bincount(np.array(old) - 300, minlength=70)
        assert counts.max() - counts.min() <= 1
        drawn.append(sorted(old))
    assert share == 0.5 or drawn[0] != drawn[1]


def test_seed_and_epoch_decide_the_order_in_any_process():
    same = batches.epoch(NEW, OLD, 400, 0.2, 7, 3)
    assert same != batches.epoch(NEW, OLD, 400, 0.2, 7, 4)
    assert same != batches.epoch(NEW, OLD, 400, 0.2, 8, 3)
    program = f"from train import batches; print(batches.epoch({NEW}, {OLD}, 400, 0.2, 7, 3))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "99", "OMP_NUM_THREADS": "2"},
    )
    assert done.stdout.strip() == str(same)


def test_tensors_shift_labels_and_mark_padding():
    first = Example("a", "x", [9, 4, 2], [8, 5, 6, 2])
    second = Example("b", "x", [8, 2], [9, 2])
    batch = batches.tensors([first, second], pad=1, start=2, device="cpu")
    assert batch.source.tolist() == [[9, 4, 2], [8, 2, 1]]
    assert batch.source_mask.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch.decoder.tolist() == [[2, 8, 5, 6], [2, 9, 1, 1]]
    assert batch.labels.tolist() == [[8, 5, 6, 2], [9, 2, -100, -100]]
    assert batch.targets == 6
    assert batch.ids == ("a", "b")
