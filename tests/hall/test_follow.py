"""Under torchrun the first process writes a stage, and the others wait for what it wrote."""

import multiprocessing
import time

import pytest

from korpu import artifact, stages
from korpu.artifact import File, Result
from korpu.errors import UsageError
from tests.hall.test_stages import recipe, table  # noqa: F401

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def made(recipe, table, monkeypatch):  # noqa: F811
    """Make a stage as one of torchrun's processes; the answers by rank are in a queue."""
    found = FORK.Queue()

    def run(_recipe, _inputs, out):
        if stages.os.environ["RANK"] != "0":
            return Result(())
        time.sleep(0.5)  # as the first process, when the others are done with their share
        artifact.write_atomically(out / "x.txt", "made by the first")
        return Result((File("x.txt"),))

    table(collect=run, base=run)

    def go(rank, command):
        monkeypatch.setenv("RANK", str(rank))
        made = stages.make(command, recipe)
        found.put((rank, {name: one.file("x.txt").read_text() for name, one in made.items()}))

    return go, found


def test_the_others_wait_for_what_the_first_writes(made):
    go, found = made
    processes = [FORK.Process(target=go, args=(rank, "train")) for rank in (1, 2, 0)]
    go(0, "collect")
    assert found.get(timeout=10) == (0, {"collect": "made by the first"})
    for process in processes:
        process.start()
    answers = dict(found.get(timeout=30) for _ in processes)
    for process in processes:
        process.join(10)
        assert process.exitcode == 0
    assert answers.keys() == {0, 1, 2}
    assert all(answer["base"] == "made by the first" for answer in answers.values())


def test_other_stages_are_no_work_for_several_processes(made):
    with pytest.raises(UsageError, match="collect is no work for torchrun"):
        made[0](1, "collect")
