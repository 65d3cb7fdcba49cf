"""Corrections: the newest counts, a confirmation counts, and another order changes nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from korpu.schema import Corrections
from tests.collect.givens import LICENCE, PAIR, read, written

ROW = {
    "source": "Nazirlər Kabineti qərar qəbul edib.",
    "machine": "Vazirlar kabineti qaror qildi.",
    "corrected": "Vazirlar Mahkamasi qaror qabul qildi.",
    "who": "Dilnoza",
    "when": "2025-08-12T10:30:00",
}


def corrections(path: Path, **changes: Any) -> Corrections:
    """Corrections made in Tashkent."""
    settings = {**LICENCE, **PAIR, "timezone": "Asia/Tashkent"}
    return Corrections(path=str(path), **{**settings, **changes})


def jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    """Rows as JSON lines; each is ROW with changes."""
    return written(path, "".join(json.dumps({**ROW, **row}) + "\n" for row in rows))


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv", "a.parquet"])
def test_a_correction_is_a_trusted_pair(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.parquet":
        pq.write_table(pa.Table.from_pylist([ROW]), path)
    elif name == "a.jsonl":
        jsonl(path, {})
    else:
        mark = "," if name == "a.csv" else "\t"
        written(path, f"{mark.join(ROW)}\n{mark.join(ROW.values())}\n")
    found = read(tmp_path, c=corrections(path))
    assert not found.failed
    digest = hashlib.sha256(ROW["source"].encode()).hexdigest()[:16]
    assert found.rows == [
        {
            "origin": "c", "line": 1, "src_lang": "azj_Latn", "tgt_lang": "uzn_Latn",
            "src": ROW["source"], "tgt": ROW["corrected"], "document": f"c/{digest}",
            "published": "2025-08-12T05:30:00Z", "licence": "CC0-1.0", "may_redistribute": True,
            "trusted": True, "synthetic_side": None, "machine": ROW["machine"],
            "editor": "Dilnoza",
        }
    ]  # fmt: skip
    assert found.notes == {"c": {"confirmed": "0"}}


def test_the_newest_counts_in_any_order(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"corrected": "Vazirlar Mahkamasi qaror chiqardi.", "when": "2025-08-12T09:00:00+04:00"},
        {},  # half past ten in Tashkent is half past nine in Baku
        {"corrected": "Eski.", "when": "2025-08-11"},
        {"corrected": " ", "when": "2025-09-01"},
        {"src_lang": "uz", "tgt_lang": "az", "corrected": "Başqa istiqamət."},
    ]
    for order in (rows, rows[::-1]):
        found = read(tmp_path, c=corrections(jsonl(tmp_path / "a.jsonl", *order)))
        assert not found.failed
        assert {(row["src_lang"], row["tgt"]) for row in found.rows} == {
            ("azj_Latn", "Vazirlar Mahkamasi qaror qabul qildi."),
            ("uzn_Latn", "Başqa istiqamət."),
        }
        assert found.left_out == {"c": {"empty": 1, "superseded": 2}}
        assert len({row["document"] for row in found.rows}) == 1


def test_of_equally_new_ones_the_last_counts(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", {}, {"corrected": "Keyingisi."})
    assert read(tmp_path, c=corrections(path)).texts == [(ROW["source"], "Keyingisi.")]


def test_agreeing_with_the_machine_is_a_confirmation(tmp_path: Path) -> None:
    same = {"machine": "Qor yogʻyapti.", "corrected": " Qor yogʻyapti. ", "source": "Qar yağır."}
    path = jsonl(tmp_path / "a.jsonl", {}, same)
    found = read(tmp_path, c=corrections(path))
    assert found.texts[1] == ("Qar yağır.", "Qor yogʻyapti.")
    assert found.notes == {"c": {"confirmed": "1"}}


def test_other_names_languages_and_documents(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv",
        "mətn,mt,fix,editor,at,lang,doc\nSalam!,Salom,Salom!,7,12.08.2025 10:30,az,x-1\n"
        "Hello!,Salom,Salom!,7,12.08.2025 10:30,en,x-1\n",
    )
    columns = {
        "source": "mətn", "machine": "mt", "corrected": "fix", "who": "editor", "when": "at",
        "src_lang": "lang", "document": "doc",
    }  # fmt: skip
    found = read(tmp_path, c=corrections(path, columns=columns))
    (row,) = found.rows
    assert (row["document"], row["editor"]) == ("c/x-1", "7")
    assert row["published"] == "2025-08-12T05:30:00Z"
    assert found.left_out == {"c": {"other_languages": 1}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"when": "kecha"}, "line 2: when is 'kecha', which is no date; write it as "
         "2025-08-12T10:30:00+04:00 or 2025-08-12"),
        ({"when": "2025-13-45"}, "line 2: when is '2025-13-45', which is no date; write it as "
         "2025-08-12T10:30:00+04:00 or 2025-08-12"),
        ({"when": None}, "line 2: when is empty; write when the correction was made"),
        ({"when": 1754980200}, "line 2: when is a number, where text is expected"),
        ({"corrected": ["x"]}, "line 2: corrected is a list, where text is expected"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = jsonl(tmp_path / "a.jsonl", {}, change)
    found = read(tmp_path, c=corrections(path))
    assert found.error == f"{path}, {said}"
    assert found.rows == []
    assert found.notes == {}


def test_a_missing_column_and_another_format(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "source,machine,correction,who,when\na,b,c,d,e\n")
    assert read(tmp_path, c=corrections(path)).error == (
        f"{path}, line 1: there is no column 'corrected'; the columns are source, machine, "
        "correction, who, when, the nearest is 'correction'; name it in "
        "source.corrections.c.columns.corrected"
    )
    path = written(tmp_path / "a.tmx", "<tmx/>")
    assert read(tmp_path, c=corrections(path)).error == (
        f"source.corrections.c.path: {path} is tmx; give jsonl, csv, tsv, parquet"
    )
