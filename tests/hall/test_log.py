"""The progress display: on a real terminal of several widths, in a log, and in progress.json."""

import json
import textwrap
import time

import pytest
import terminals

from korpu import display, log

WORK = """
import sys, time
from pathlib import Path
from korpu import log

hosts = {
    "kun.uz": {"done": 12, "waiting": 80, "errors": {"http_404": 1}, "state": "fetching"},
    "azertag.az": {"done": 3, "waiting": 20, "errors": {}, "state": "pausing 12 s"},
    "[bold]evil[/bold].example": {"done": 1, "waiting": 9, "errors": {}, "state": "fetching"},
    "\\x1b[2J\\x1b]0;owned\\x07.example": {"done": 1, "waiting": 8, "errors": {}, "state": "x"},
    "a" * 300 + ".kun.uz.far.example": {"done": 1, "waiting": 7, "errors": {}, "state": "done"},
}
for n in range(30):
    hosts[f"small{n}.example"] = {"done": 1, "waiting": 1, "errors": {}, "state": "fetching"}
with log.progress("crawl", None, "pages") as progress:
    progress.total = 900
    progress.tell(hosts=hosts, errors={"http_404": 41, "[link=x]\\x1b[31mred": 2})
    began = time.monotonic()
    said = False
    while not Path(sys.argv[1]).exists():
        progress(1)
        if not said and time.monotonic() - began > 0.5:
            said = True
            log.say("a line [bold]above\\x1b[31m the display")
        time.sleep(0.01)
print("the end")
"""


@pytest.fixture
def on_terminal(tmp_path):
    opened = []

    def start(source, columns, **more):
        script = tmp_path / "work.py"
        script.write_text(textwrap.dedent(source), "utf-8")
        opened.append(terminals.Terminal(script, tmp_path / "end", columns=columns, **more))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


@pytest.mark.parametrize("columns", [120, 80, 40])
def test_the_display_on_a_real_terminal(on_terminal, tmp_path, columns):
    terminal = on_terminal(WORK, columns)
    assert terminal.read(until=lambda lines: any("[bold]above" in line for line in lines))
    began = time.monotonic()
    before = terminal.raw.count(b"  crawl")
    # as often as it is said to be, and no more; a busy machine may take longer over it
    assert terminal.read(until=lambda _: terminal.raw.count(b"  crawl") - before >= 8)
    redraws = terminal.raw.count(b"  crawl") - before
    assert redraws <= 4 * (time.monotonic() - began) + 1
    # not in the middle of a redraw
    assert terminal.read(until=lambda lines: any("43 errors" in line for line in lines))
    shown = terminal.lines()
    assert shown[0].startswith("a line [bold]above\\x1b[31m the display")
    bar = next(n for n, line in enumerate(shown) if line.startswith("  crawl"))
    below = [line for line in shown[bar:] if line]
    assert "/900" in below[0]
    assert "/s" in below[0]
    assert below[0].endswith(" left")
    assert ("━" in below[0]) == (columns > 40)
    assert below[1].split()[:2] == ["host", "done"]
    assert below[2].split()[:3] == ["kun.uz", "12", "80"]
    assert below[3].endswith("pausing 12 s")
    assert below[4].split()[0].endswith("].example")
    assert below[5].split()[0].endswith("x07.example")
    assert "26 others" in below[-2]
    assert below[-1].startswith("  43 errors: http_404 41")
    assert len(below) == 13
    assert terminal.screen.title == ""
    if columns > 40:
        assert "[link=x]\\x1b[31mred 2" in below[-1]
        assert "http_404 1" in below[2]
    (tmp_path / "end").write_text("")
    terminal.read()
    assert terminal.code == 0
    last = [line for line in terminal.lines() if line]
    assert last[-1] == "the end"
    assert not any("crawl" in line for line in last)


def test_a_low_terminal_shows_what_fits(on_terminal):
    terminal = on_terminal(WORK, 80, rows=8)
    assert terminal.read(until=lambda lines: "43 errors" in "".join(lines))
    shown = [line for line in terminal.lines() if line]
    assert any(line.startswith("  crawl") for line in shown)
    assert [line for line in shown if "others" in line]
    assert "43 errors" in shown[-1]


def test_results_on_stdout_stay_out_of_the_display(on_terminal, tmp_path):
    source = WORK.replace("        progress(1)\n", "        progress(1); print('result')\n", 1)
    terminal = on_terminal(source, 80, stdout=tmp_path / "stdout")
    assert terminal.read(until=lambda lines: "others" in "".join(lines))
    (tmp_path / "end").write_text("")
    terminal.read()
    assert b"result" not in terminal.raw
    assert set((tmp_path / "stdout").read_text().splitlines()) == {"result", "the end"}


def test_a_forked_worker_speaks_and_does_not_hang(on_terminal):
    forks = """
    import os, sys, time
    from korpu import log

    with log.progress("crawl", 9, "pages") as progress:
        time.sleep(0.4)
        for n in range(40):
            if os.fork() == 0:
                log.say(f"child {n}")
                with log.progress("inside", 1, "units") as inside:
                    print(f"its own {n}", file=sys.stderr, flush=True)
                os._exit(0)
            os.wait()
            time.sleep(0.01)
    """
    terminal = on_terminal(forks, 80)
    terminal.read()
    assert terminal.code == 0
    for n in range(40):
        assert b"child %d\r\n" % n in terminal.raw
        assert b"its own %d\r\n" % n in terminal.raw


COST = """
import sys, time
from pathlib import Path
from korpu import log

hosts = {f"{n}.example": {"done": n, "waiting": n, "errors": {"x": 1}} for n in range(1000)}
with log.stage("collect", "collect", Path(sys.argv[1]).parent):
    with log.progress("crawl", 10**9, "pages") as progress:
        progress.tell(hosts=hosts)
        began, units = time.perf_counter(), 0
        while time.perf_counter() - began < 2:
            for _ in range(1000):
                progress(1)
            units += 1000
        print((time.perf_counter() - began) / units * 1e6)
"""


def test_a_unit_costs_next_to_nothing(on_terminal, tmp_path):
    terminal = on_terminal(COST, 80, stdout=tmp_path / "stdout")
    terminal.read()
    assert terminal.code == 0
    assert b"crawl" in terminal.raw
    assert float((tmp_path / "stdout").read_text()) < 5  # microseconds


def test_a_log_gets_a_line_now_and_then(monkeypatch, capsys):
    monkeypatch.setattr(log, "EVERY", 0.5)
    with log.progress("crawl", 2000, "pages") as progress:
        progress.tell(
            hosts={"a": {"waiting": 1500}, "b\n": {"waiting": 3}},
            errors={"http_404": 3, "time\nout": 1, "x": 1, "y": 1},
        )
        time.sleep(0.4)
        progress(1200)
        deadline = time.monotonic() + 10
        while not (err := capsys.readouterr().err) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert err.startswith("  crawl: 1,200/2,000 pages, ")
    assert err.endswith(
        " left; 2 hosts, 1,503 waiting; 6 errors: http_404 3, time\\nout 1, x 1, 1 more\n"
    )


class Clock:
    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    time = monotonic


def test_the_rate_is_of_the_last_seconds_and_not_of_what_a_resumed_run_counts(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(log, "time", clock)
    progress = log.Progress("train", None, "steps")
    progress(5000)  # a resumed run

    def go(seconds, per_second):
        for _ in range(seconds * 4):
            clock.now += 0.25
            progress.done += per_second / 4
            seen = progress.seen()
        return seen

    progress.seen()
    assert go(20, 8)["rate"] == pytest.approx(8)
    assert go(10, 8)["eta_seconds"] is None
    progress.total = 5240 + 1000
    seen = go(15, 100)
    assert seen["rate"] == pytest.approx(100)
    assert seen["eta_seconds"] == 0
    progress.total = int(progress.done) + 500
    assert progress.seen()["eta_seconds"] == pytest.approx(5)
    # A unit a minute is a rate too, and a stall makes it fall.
    slow = log.Progress("align", 100, "shards")
    for _ in range(6):
        slow.seen()
        clock.now += 60
        slow(1)
    assert slow.seen()["rate"] * 60 == pytest.approx(1, rel=1e-3)
    clock.now += 600
    assert slow.seen()["rate"] * 60 < 0.5


def test_facts_that_are_no_json_do_no_harm():
    progress = log.Progress("x", 1, "units")
    progress.tell(what="other", pid=1, path=log.Path("/x"), number=float("nan"))
    seen = progress.seen()
    assert (seen["what"], seen["path"], seen["number"]) == ("x", "/x", None)
    own = {}
    own["own"] = own
    progress.tell(circle=own)
    assert progress.seen()["done"] == 0


def read(path):
    return json.loads((path / log.FILE).read_text())


def test_progress_json_says_it_all_and_goes_when_the_stage_ends_well(tmp_path):
    with log.stage("collect", "pipeline", tmp_path):
        first = read(tmp_path)
        assert first["command"] == "korpu pipeline"
        with log.progress("crawl", None, "pages") as progress:
            progress.tell(errors={"http_404": 1}, pid=-1)
            inodes = set()
            until = time.monotonic() + 2
            while time.monotonic() < until:
                progress(1)
                inodes.add((tmp_path / log.FILE).stat().st_ino)
                assert read(tmp_path)["stage"] == "collect"  # whole at every moment
                time.sleep(0.01)
            assert 2 <= len(inodes) <= 6
            progress.total = progress.done
        last = read(tmp_path)
        assert last["done"] == last["total"] == progress.done
        assert last["eta_seconds"] == 0
        assert last["errors"] == {"http_404": 1}
        assert last["pid"] == first["pid"] != -1
        assert last["updated"] >= last["moved"] > last["started"]
        assert last["rate"] > 0
        with log.progress("outer", 2, "parts"):
            with log.progress("inner", 3, "shards"):
                time.sleep(0.6)
                assert read(tmp_path)["what"] == "inner"
            time.sleep(0.8)
            assert read(tmp_path)["what"] == "outer"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ZeroDivisionError), log.stage("collect", "collect", tmp_path):
        raise ZeroDivisionError
    assert read(tmp_path)["stage"] == "collect"
    with log.progress("no stage", 1, "units"):
        time.sleep(0.4)
    assert read(tmp_path)["stage"] == "collect"


def test_a_disk_that_refuses_the_file_does_not_disturb(tmp_path, capsys):
    import resource
    import signal

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))  # every file is full at 10 bytes
        with log.stage("collect", "collect", tmp_path), log.progress("crawl", 3, "pages") as one:
            one(3)
            time.sleep(0.6)
            assert list(tmp_path.iterdir()) == []
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    with log.stage("collect", "collect", tmp_path / "gone"), log.progress("crawl", 3, "x") as one:
        one(3)
    assert one.done == 3
    assert capsys.readouterr().err == ""


def test_no_width_is_too_small_and_no_fact_too_wrong():
    wrong = {
        "what": None,
        "done": "many",
        "total": "x",
        "rate": [],
        "hosts": {"新" * 90: 3, "": {"done": {}, "errors": [1], "waiting": -1}, "e\u0301": {}},
        "errors": {"x" * 500: 10**30, "y" * 50: 3},
        "moved": 7,
    }
    for width in range(1, 140, 3):
        for height in (1, 2, 3, 5, 50):
            drawn = display.lines(wrong, width, height)
            assert all(line.cell_len <= width for line in drawn)
            assert all("\n" not in line.plain for line in drawn)
    assert display.sentence(wrong).endswith("3 errors: " + "y" * 23 + "… 3")


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3725, "1 h 2 min"), (180000, "2 d 2 h")],
)
def test_a_time_for_people(seconds, says):
    assert display.span(seconds) == says
