"""Several kinds of sources in one run of the stage."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from data_prep.collect import run
from korpu.schema import Corrections, Files
from tests.collect.conftest import AZ, UZ, Server, article, html, link_to, recipe_of, site_of
from tests.collect.test_archives import page, source, write


def lines(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return str(path)


def test_a_site_an_archive_files_and_corrections(server: Server, tmp_path: Path) -> None:
    server.pages["/"] = html(link_to("/1", "/2"))
    server.pages |= {"/1": article(1), "/2": article(2)}
    again = page(7, date="2025-11-21T10:00:00Z", body=article(8))  # a later capture of one page
    archive = write(tmp_path / "in" / "CC-NEWS.warc.gz", page(6), page(7), again, page(9, body=b""))
    given = lines(
        tmp_path / "articles.jsonl",
        {"url": "https://gazeta.example/1", "title": "Yangi qaror", "text": "\n".join(UZ),
         "published": "2025-11-02T08:00:00+05:00"},
        {"url": "https://gazeta.example/2", "title": "Qisqa", "text": "Qisqa."},
    )  # fmt: skip
    corrected = lines(
        tmp_path / "corrections.jsonl",
        {"source": AZ[0], "machine": "Vazirlar qaror.", "corrected": UZ[0], "who": "mn",
         "when": "2025-11-03 09:00"},
        {"source": AZ[0], "machine": "Vazirlar qaror.", "corrected": UZ[0] + "!", "who": "mn",
         "when": "2025-11-04 09:00"},
    )  # fmt: skip
    free = {"licence": "CC0-1.0", "may_redistribute": True}
    recipe = recipe_of({"live": site_of(f"{server.url}/")})
    recipe.source = dataclasses.replace(
        recipe.source,
        warc={"news": source(archive.parent)},
        files={
            "given": Files(
                path=given, holds="articles", languages={"gazeta.example": "uzn_Latn"}, **free
            )
        },
        corrections={
            "desk": Corrections(
                path=corrected, src_lang="azj_Latn", tgt_lang="uzn_Latn", timezone="Asia/Tashkent",
                **free,
            )
        },
    )  # fmt: skip
    out = tmp_path / "out"
    out.mkdir()
    result = run(recipe, {}, out)
    rows = {row["url"]: row for row in pq.read_table(out / "articles.parquet").to_pylist()}
    assert [row["id"] for row in rows.values()] == sorted(row["id"] for row in rows.values())
    assert {url.removeprefix(server.url): row["site"] for url, row in rows.items()} == {
        "/1": "live",
        "/2": "live",
        "https://www.xeber.example/6": "news",
        "https://www.xeber.example/7": "news",
        "https://gazeta.example/1": "given",
    }
    assert "(8.0)" in rows["https://www.xeber.example/7"]["text"]
    assert rows["https://gazeta.example/1"]["published"] == "2025-11-02T03:00:00Z"
    (pair,) = pq.read_table(out / "pairs.parquet").to_pylist()
    assert (pair["origin"], pair["tgt"], pair["trusted"]) == ("desk", UZ[0] + "!", True)
    assert (pair["editor"], pair["published"]) == ("mn", "2025-11-04T04:00:00Z")
    sites = result.stats["sites"]
    assert sites["news"]["left_out"] == {"empty": 1, "no_response": 1, "older_capture": 1}
    assert sites["given"]["left_out"] == {"too_short": 1}
    assert result.stats["left_out"]["desk"] == {"superseded": 1}
