"""`korpu bench`: what is found, and what every benchmark measures with."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from korpu import bench
from korpu.errors import Infrastructure, UsageError

CHECKOUT = Path(__file__).resolve().parents[2]


def korpu(*words):
    return subprocess.run(
        [sys.executable, "-m", "korpu.cli", *words],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        timeout=60,
    )


def test_the_list_names_every_room():
    done = korpu("bench")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^  collect +Pages per second", done.stdout, re.M)
    assert korpu("bench", "--help").stdout == done.stdout


def test_no_room_is_imported_for_the_list():
    program = "import sys; from korpu.bench import main; main([]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "korpu.bench" in loaded
    rooms = ("data_prep", "train", "eval", "release", "torch", "trafilatura", "hydra")
    assert not {name for name in loaded if name.partition(".")[0] in rooms}


def test_a_wrong_name_or_word_is_one_sentence_and_exit_code_2():
    for words, sentence in [
        (["colect"], "korpu: there is no bench 'colect': did you mean collect?"),
        (["collect", "page=3"], "korpu: korpu bench collect has no 'page': did you mean pages=…?"),
    ]:
        done = korpu("bench", *words)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{sentence}\n")


def test_a_bench_is_found_by_its_file_alone(tmp_path):
    for room in ("fast", "slow/inner", "korpu"):
        (tmp_path / room).mkdir(parents=True)
        (tmp_path / room / "bench.py").write_text(
            '"""What it says.\n\nMore."""\nraise SystemExit\n'
        )
        (tmp_path / room.partition("/")[0] / "__init__.py").touch()
    assert list(bench.benches(tmp_path)) == ["fast", "korpu"]  # slow/inner is no package
    (tmp_path / "slow" / "inner" / "__init__.py").touch()
    found = bench.benches(tmp_path)
    assert list(found) == ["fast", "inner", "korpu"]
    assert bench.about(found["inner"]) == "What it says."
    assert bench.CHECKOUT / "korpu" / "bench.py" not in bench.benches().values()


def test_runs_are_interleaved():
    order = []
    functions = {"a": lambda: order.append("a") or len(order), "b": lambda: order.append("b") or 0}
    told = []
    results = bench.repeat(3, functions, lambda *what: told.append(what))
    assert "".join(order) == "ababab"
    assert results == {"a": [1, 3, 5], "b": [0, 0, 0]}
    assert told[:3] == [("a", 1, 1), ("b", 1, 0), ("a", 2, 3)]


def test_medians_and_ratios():
    assert bench.spread([3.0, 1.0, 8.0]) == (3.0, 1.0, 8.0)
    # medians 3 and 2; round by round 2, 3 and 0.8
    assert bench.ratio([4.0, 3.0, 1.6], [2.0, 1.0, 2.0]) == "1.50 (0.80–3.00)"


def test_tables():
    rows = [["korpu", "12.5"], ["a longer name", "3.0"]]
    assert bench.table(["", "pages/s"], rows).splitlines() == [
        "               pages/s",
        "korpu             12.5",
        "a longer name      3.0",
    ]
    assert bench.table(["", "pages/s"], rows, markdown=True).splitlines() == [
        "|  | pages/s |",
        "| --- | ---: |",
        "| korpu | 12.5 |",
        "| a longer name | 3.0 |",
    ]
    assert bench.bars([0.0, 4.0, 8.0]) == "▁▅█"
    assert bench.bars([1.0, 8.0, 1.0, 1.0], width=2) == "█▂"
    assert bench.bars([]) == ""


def test_words():
    known = {"pages": "600", "markdown": "false"}
    given = bench.parsed("korpu bench it", ["pages=20"], known)
    assert given == {"pages": "20", "markdown": "false"}
    assert bench.number(given, "pages") == 20
    assert bench.truth(given, "markdown") is False
    for wrong, sentence in [
        (["pages"], "pages has no value"),
        (["pages=1", "pages=2"], "given twice"),
        (["zzz=1"], "use pages, markdown"),
    ]:
        with pytest.raises(UsageError, match=sentence):
            bench.parsed("korpu bench it", wrong, known)
    for value in ("0", "many", "1.5"):
        with pytest.raises(UsageError, match="pages must be"):
            bench.number({"pages": value}, "pages")
    with pytest.raises(UsageError, match="true or false"):
        bench.truth({"markdown": "yes"}, "markdown")


def test_the_machine_and_the_disk_are_said(tmp_path):
    line = bench.machine("lxml")
    assert re.fullmatch(
        r"\d+ cores \(\w+\), load \d+\.\d at the start, Python 3\S+, lxml 6\S+", line
    )
    assert bench.fsync_ms(tmp_path, times=3) > 0
    assert list(tmp_path.iterdir()) == []


def test_a_process_apart(tmp_path):
    log = tmp_path / "said"
    with bench.apart(log, os.getpid) as process:
        assert process.result() == process.pid != os.getpid()
    with (
        bench.apart(log, bench.number, {"pages": "x"}, "pages") as process,
        pytest.raises(UsageError, match="pages must be a whole number"),
    ):
        process.result()
    with (
        bench.apart(log, math.sqrt, -1) as process,
        pytest.raises(RuntimeError, match="ValueError: math domain error"),
    ):
        process.result()
    with (
        bench.apart(log, os._exit, 7) as process,
        pytest.raises(Infrastructure, match="ended with code 7"),
    ):
        process.result()
    with bench.apart(log, print, "its last words") as process:
        assert process.result() is None
    assert log.read_text() == "its last words\n"
    assert not process.process.is_alive()
