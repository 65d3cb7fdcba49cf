"""The rooms' imports go one way: korpu ← data_prep ← eval ← train, and eval ← release."""

import ast
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
MAY_IMPORT = {
    "korpu": set(),
    "data_prep": {"korpu"},
    "eval": {"korpu", "data_prep"},
    "train": {"korpu", "data_prep", "eval"},
    "release": {"korpu", "data_prep", "eval"},
    "examples": set(),
}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).partition(".")[0]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_flows_into_it(room):
    rooms = set(MAY_IMPORT)
    files = list((CHECKOUT / room).rglob("*.py"))
    assert files
    for path in files:
        wrong = set(imported(path)) & rooms - MAY_IMPORT[room] - {room}
        assert not wrong, f"{path.relative_to(CHECKOUT)} imports {wrong}"


def test_the_front_door_finds_every_stage():
    from korpu.stages import STAGES

    for stage in STAGES.values():
        assert callable(stage.load()), stage.name


def test_no_module_is_too_long_to_hold_in_mind():
    for room in MAY_IMPORT:
        for path in (CHECKOUT / room).rglob("*.py"):
            assert len(path.read_text("utf-8").splitlines()) <= 400, path
