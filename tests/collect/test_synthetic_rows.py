"""Which side a machine wrote, said by each row of a table or by the recipe."""

from __future__ import annotations

import json
from pathlib import Path

from tests.collect import givens

ROW = {"src": "Bakıda hava isti.", "tgt": "Bokuda havo issiq."}


def table(folder: Path, *sides: str | None) -> Path:
    lines = [json.dumps({**ROW, "synthetic_side": side}) for side in sides]
    return givens.written(folder / "pairs.jsonl", "\n".join(lines))


def test_a_row_says_it_and_else_the_recipe_does(tmp_path: Path) -> None:
    path = table(tmp_path, "src", "tgt", None, "")

    def sides(said: str | None) -> list[str | None]:
        found = givens.read(tmp_path, f=givens.source(path, synthetic_side=said))
        return [row["synthetic_side"] for row in found.rows]

    assert sides(None) == ["src", "tgt", None, None]
    assert sides("tgt") == ["src", "tgt", "tgt", "tgt"]


def test_another_side_is_refused_with_its_line(tmp_path: Path) -> None:
    found = givens.read(tmp_path, f=givens.source(table(tmp_path, "src", "both")))
    assert "line 2: synthetic_side is 'both'; write src, tgt, or nothing" in found.error
