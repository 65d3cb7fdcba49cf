"""How often examples come: the formula, evenly over examples and epochs, decided by seed alone."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from korpu.errors import UsageError
from tests.train.test_batches import NEW, OLD
from train import batches, mixing
from train.corpus import Example

PAIRS = {
    "azj_Latn-uzn_Latn": ("news", 400),
    "uzn_Latn-azj_Latn": ("news", 400),
    "eng_Latn-azj_Latn": ("talks", 90),
    "rus_Cyrl-uzn_Latn": ("laws", 10),
}


def examples(table=None):
    return [
        Example(f"{name}{number}", name, [5] * (3 + number % 9), [6] * (3 + number % 7), origin)
        for name, (origin, count) in (table or PAIRS).items()
        for number in range(count)
    ]


def counts(new, old, run, epoch, seed=3):
    """How often each example is in an epoch, by its place."""
    found = mixing.groups(new, old, run)
    sizes = batches.lengths(new), batches.lengths(old)
    order = batches.epoch(*sizes, 200, run.mix_share, seed, epoch, found)
    assert all(
        len(batch) * max(len([*new, *old][i].target) for i in batch) <= 200 for batch in order
    )
    return np.bincount([i for batch in order for i in batch], minlength=len(new) + len(old))


@pytest.fixture
def run(recipe):
    return replace(recipe.train, mix_share=0.0, temperature=1.0, weights={})


def by_pair(new, found):
    sizes = Counter()
    for example, count in zip(new, found, strict=True):
        sizes[mixing.pair_of(example.direction)] += int(count)
    return sizes


@pytest.mark.parametrize("temperature", [1.5, 2.0, 5.0, 100.0])
def test_the_shares_of_pairs_follow_the_formula_and_the_epoch_keeps_its_length(run, temperature):
    new = examples()
    found = counts(new, [], replace(run, temperature=temperature), 0)
    natural = {"azj_Latn-uzn_Latn": 800, "azj_Latn-eng_Latn": 90, "rus_Cyrl-uzn_Latn": 10}
    flat = {pair: size ** (1 / temperature) for pair, size in natural.items()}
    for pair, size in by_pair(new, found).items():
        assert size == pytest.approx(900 * flat[pair] / sum(flat.values()), abs=2)
    assert found.sum() == pytest.approx(900, abs=3)


def test_in_an_epoch_and_over_epochs_an_example_comes_as_often_as_its_neighbours(run):
    new = examples()
    settings = replace(run, temperature=3.0, weights={"laws": 0.5})
    often = mixing.times(Counter((e.direction, e.origin) for e in new), 3.0, settings.weights)
    total = np.zeros(len(new), dtype=int)
    for epoch in range(12):
        found = counts(new, [], settings, epoch)
        total += found
        for example, count, so_far in zip(new, found, total, strict=True):
            expected = often[example.direction, example.origin]
            assert np.floor(expected) <= count <= np.ceil(expected)
            assert abs(so_far - expected * (epoch + 1)) < 1 + 1e-9
    assert 0.3 < often["azj_Latn-uzn_Latn", "news"] < 1 < often["rus_Cyrl-uzn_Latn", "laws"]


def test_a_weight_is_how_often_an_origin_comes(run):
    new = examples()
    twice = counts(new, [], replace(run, weights={"talks": 2.0}), 0)
    assert twice.tolist() == [1] * 800 + [2] * 90 + [1] * 10
    half = replace(run, weights={"news": 0.5})
    first, second = (counts(new, [], half, epoch) for epoch in (0, 1))
    assert (first + second)[:800].tolist() == [1] * 800
    assert first[:800].sum() == pytest.approx(400, abs=1)
    assert first[800:].tolist() == [1] * 100


def test_weights_and_temperature_compose_and_mixed_in_rows_keep_their_share(run):
    new = examples()
    old = examples({"azj_Latn-uzn_Latn": ("old", 300), "eng_Latn-azj_Latn": ("kept", 30)})
    settings = replace(run, temperature=2.0, weights={"talks": 3.0, "kept": 2.0}, mix_share=0.2)
    found = counts(new, old, settings, 5)
    assert found[900:].sum() / found.sum() == pytest.approx(0.2, abs=0.005)
    flat = [np.sqrt(800), np.sqrt(90), np.sqrt(10)]
    assert found[:800].sum() == pytest.approx(900 * flat[0] / sum(flat), abs=3)
    assert found[800:890].sum() == pytest.approx(3 * 900 * flat[1] / sum(flat), abs=2)
    parts = found[900:1200].sum(), found[1200:].sum()
    assert parts[0] / parts[1] == pytest.approx(np.sqrt(300 / 30) / 2, rel=0.05)


def test_without_temperature_and_weights_the_epochs_are_the_very_same_as_ever(run):
    assert mixing.groups(examples(), [], run) == ()

    def digest(*settings):
        return hashlib.sha256(json.dumps(batches.epoch(*settings)).encode()).hexdigest()[:16]

    # as they were before there were either
    assert digest(NEW, [], 400, 0.0, 7, 0) == "3e4be493c5896e71"
    assert digest(NEW, OLD, 400, 0.2, 7, 3) == "56446ca547b6deff"
    assert digest(NEW, OLD, 800, 0.15, 1, 12) == "a21a2fa957754f48"


def test_seed_and_epoch_decide_in_any_process(run):
    new = examples({"azj_Latn-uzn_Latn": ("news", 40), "eng_Latn-azj_Latn": ("talks", 5)})
    found = mixing.groups(new, [], replace(run, temperature=2.0))
    same = mixing.drawn(found, 7, 3).tolist()
    assert same != mixing.drawn(found, 8, 3).tolist()
    assert sorted(same) != sorted(mixing.drawn(found, 7, 4).tolist())
    program = (
        "import numpy as np; from train.mixing import Group, drawn; print(drawn(["
        + ",".join(
            f"Group('', '', False, np.array({g.members.tolist()}), {g.times!r})" for g in found
        )
        + "], 7, 3).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONHASHSEED": "99", "OMP_NUM_THREADS": "2"},
    )  # fmt: skip
    assert done.stdout.strip() == str(same)


def test_values_that_no_run_can_have_are_refused(run):
    rows = [{"origin": "news"}, {"origin": "talks"}]

    def refused(sentence, **changes):
        with pytest.raises(UsageError, match=sentence):
            mixing.check(replace(run, **changes), rows, "train")

    refused(r"train\.weights names the origin 'nws'.*news, talks", weights={"nws": 2.0})
    refused(r"train\.synthetic_targets names the origin 'x'", synthetic_targets=["x"])
    refused(r"train\.weights\.news must be above 0", weights={"news": 0.0})
    refused(r"train\.temperature must be above 0", temperature=0.0)
    mixing.check(replace(run, weights={"news": 2.0}, temperature=5.0), rows, "train")
    with pytest.raises(UsageError, match="less than one example"):
        mixing.groups(
            examples(), [], replace(run, weights=dict.fromkeys(("news", "talks", "laws"), 1e-4))
        )
