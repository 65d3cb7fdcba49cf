"""Steps over a corpus on disk: parts, buckets, verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from data_prep.bitext import buckets, columns, shards
from data_prep.bitext.columns import CORPUS
from tests.bitext import corpora
from tests.bitext.corpora import row


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.booleans())), st.integers(1, 9))
def test_every_row_is_in_the_bucket_of_its_key_or_decided(rows: Any, count: int) -> None:
    frame = pl.DataFrame(
        [(key, "known" if decided else None, n) for n, (key, decided) in enumerate(rows)],
        schema={"bucket": pl.UInt64, "reason": pl.String, "n": pl.Int64},
        orient="row",
    )
    parts = buckets.partition(frame, count)
    assert len(parts) == count + 1
    for number, part in enumerate(parts[:-1]):
        assert part["reason"].null_count() == part.height
        assert (part["bucket"].to_numpy() % np.uint64(count) == number).all()
        assert part["n"].is_sorted()  # in the order they came
    assert parts[-1]["reason"].null_count() == 0
    assert sorted(n for part in parts for n in part["n"]) == list(range(len(rows)))


def _even(rows: pl.DataFrame, _settings: Any) -> pl.DataFrame:
    known = pl.when(pl.col("tgt_key") % 10 == 0).then(pl.lit("seen at once"))
    return rows.select("at", bucket="src_key", reason=pl.coalesce("reason", known))


def _often(rows: pl.DataFrame, least: int) -> pl.DataFrame:
    return rows.filter(pl.len().over("bucket") >= least).select("at", reason=pl.lit("often"))


def test_verdicts_come_back_to_their_rows(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(buckets, "PART", 4)
    monkeypatch.setattr(buckets, "BUCKET", 3)
    rows = [
        row(f"s{n}", f"t{n}", src_key=n % 5, tgt_key=n, reason="short" if n == 7 else None)
        for n in range(22)
    ]
    known = corpora.corpus(rows, tmp_path / "rows", 2)
    assert [part.rows for part in known.parts] == [4, 4, 4, 4, 4, 2]
    with shards.crew(1) as crew:
        step = buckets.Step("often", _even, _often, 5)
        known = buckets.run(step, known, tmp_path / "work", crew)
    # keys 0 to 4: rows 0, 10 and 20 are decided and do not count; row 7 brought its own reason
    of_key = {key: [n for n in range(22) if n % 5 == key and n % 10 and n != 7] for key in range(5)}
    expected = [
        "short" if n == 7
        else "seen at once" if n % 10 == 0
        else "often" if len(of_key[n % 5]) >= 5
        else None
        for n in range(22)
    ]  # fmt: skip
    found = corpora.reasons(known)
    assert found == expected
    assert {"often", "seen at once", None} <= set(found)


def test_a_table_is_the_same_however_it_is_cut(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(columns, "ROW_GROUP", 10)
    frame = pl.DataFrame([row(f"s{n}", f"t{n}") for n in range(33)], infer_schema_length=None)
    frame = frame.with_columns(
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in CORPUS.items()
        if name not in frame.columns
    )
    for cut in (1, 7, 33):
        table = columns.Table(tmp_path / f"{cut}.parquet", CORPUS)
        for start in range(0, 33, cut):
            table.add(frame.slice(start, cut))
        assert not (tmp_path / f"{cut}.parquet").exists()
        assert table.close() == 33
    read = [(tmp_path / f"{cut}.parquet").read_bytes() for cut in (1, 7, 33)]
    assert read[0] == read[1] == read[2]
    assert columns.write(frame.clear(), tmp_path / "none.parquet", CORPUS) == 0
    assert pl.read_parquet(tmp_path / "none.parquet").schema == pl.Schema(CORPUS)
