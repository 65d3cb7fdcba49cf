"""The table of sizes and speeds, made with a small model of random weights."""

import re

import pytest

from korpu import bench
from korpu.errors import UsageError
from release import bench as release_bench


def test_it_is_found():
    assert bench.benches()["release"].name == "bench.py"


def test_sizes_and_speeds_of_a_small_shape(capsys):
    words = ["shape=tiny", "vocabulary=full", "lines=4", "repeats=1", "threads=1"]
    assert release_bench.main(words) == 0
    table = {
        re.split(r"\s{2,}", line)[0]: re.split(r"\s{2,}", line)
        for line in capsys.readouterr().out.splitlines()[3:]
    }
    names = ["generate", "hf", "ct2-float32", "ct2-float16", "ct2-int8"]
    rows = [table[f"{name}, full vocabulary"] for name in names]
    assert [row[2] for row in rows[:2]] == ["100.0%", "100.0%"]
    sizes = [float(row[2].rstrip("%")) for row in rows]
    assert sizes[4] < sizes[3] < sizes[2]
    assert rows[3][3] == "not on this CPU"
    assert rows[0][5] == "1.00 (1.00–1.00)"
    assert all(float(row[4]) > 0 for row in rows if row is not rows[3])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "needs bundle=DIR with report=…, or shape=600m"),
        (["shape=tiny", "bundle=x"], "needs bundle=DIR with report=…, or shape=600m"),
        (["shape=tiny", "formats=int8"], "formats must be some of hf, ct2-float32"),
        (["shape=huge"], "shape must be tiny"),
        (["shape=tiny", "vocabulary=some"], "vocabulary must be full or trimmed"),
    ],
)
def test_what_it_cannot_do_is_a_sentence(words, sentence):
    with pytest.raises(UsageError, match=sentence):
        release_bench.main(words)
