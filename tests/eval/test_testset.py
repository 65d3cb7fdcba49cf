"""Which lines of the corpus's test split a part has, in which direction."""

from __future__ import annotations

import json
from pathlib import Path

from eval import testset
from korpu.schema import Recipe
from tests.eval.parts import AZ, BOTH, UZ, Prepared, of, part, rows


def test_parts_by_origin_section_and_slice(
    recipe: Recipe, prepared: Prepared, tmp_path: Path
) -> None:
    from data_prep.text.transliterate import uz_latin_to_cyrillic

    lines = rows(6)
    lines[0]["section"] = "idman"
    lines[1]["origin"] = "elsewhere"
    lines[5]["src"] = f"{lines[5]['src']} {AZ[1]}"  # merged: one of its sentences is labelled
    lines[5]["tgt"] = f"{lines[5]['tgt']} {UZ[1]}"
    labels = [
        {"language": "azj_Latn", "text": lines[2]["src"], "slice": "late"},
        {"language": "uzn_Latn", "text": lines[2]["tgt"], "slice": "plain"},
        {
            "language": "uzn_Cyrl",
            "text": uz_latin_to_cyrillic(lines[3]["tgt"]),
            "slice": "late",
        },
        {"language": "uzn_Latn", "text": lines[4]["tgt"].replace("ʻ", "'"), "slice": "new"},
        {"language": "azj_Latn", "text": AZ[1], "slice": "late"},
    ]
    slices = tmp_path / "slices.jsonl"
    slices.write_text("".join(json.dumps(row) + "\n" for row in labels), "utf-8")
    wanted = of(
        recipe,
        slices=str(slices),
        directions=BOTH[:1],
        test={
            "sport": part(section=["idman"]),
            "other": part(origin=["elsewhere"]),
            "late": part(slice=["late"]),
            "new": part(slice=["new", "absent"]),
            "plain": part(slice=["plain"]),
        },
    )
    sides, missing = testset.sides(wanted, {"prepare": prepared(lines)})
    found = {side.benchmark: [int(s.id, 16) for s in side.segments] for side in sides}
    assert found == {
        "sport": [0],
        "other": [1],
        "late": [2, 3, 5],
        "new": [4],
        "plain": [0, 1],
    }
    assert missing == []


def test_the_other_direction_is_the_same_lines_reversed(recipe: Recipe, prepared: Prepared) -> None:
    sides, _ = testset.sides(of(recipe), {"prepare": prepared(rows(3))})
    there, back = sorted(sides, key=lambda side: side.direction)
    assert [(s.src, s.ref) for s in there.segments] == [(s.ref, s.src) for s in back.segments]
    assert there.sha256 != back.sha256


def test_a_machine_s_output_is_no_reference(recipe: Recipe, prepared: Prepared) -> None:
    lines = rows(3)
    lines[1]["synthetic_side"] = "tgt"
    sides, _ = testset.sides(of(recipe), {"prepare": prepared(lines)})
    assert {s.direction: len(s.segments) for s in sides} == {BOTH[0]: 2, BOTH[1]: 3}
