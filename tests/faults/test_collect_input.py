"""Sources that cannot be read: an exact sentence for each, and every other source is unharmed."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from korpu.errors import DONE, INFRASTRUCTURE, SAYS_NO, USAGE
from tests.collect.conftest import AZ, UZ
from tests.faults import hostile, process
from tests.faults.hostile import Host, article, links, page

PAIRED = {**process.GIVEN, "src_lang": "azj_Latn", "tgt_lang": "uzn_Latn"}
LINES = list(zip(AZ, UZ, strict=True))


def csv_of(rows: list[list[str]]) -> bytes:
    return "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows).encode()


def tmx_of(languages: tuple[str, str], end: str = "</body></tmx>", alone: str = "") -> bytes:
    units = "".join(
        f'<tu>\n<tuv xml:lang="{languages[0]}"><seg>{az}</seg></tuv>\n'
        f'<tuv xml:lang="{languages[1]}"><seg>{uz}</seg></tuv>\n</tu>\n'
        for az, uz in LINES
    )
    units += alone and f'<tu><tuv xml:lang="{alone}"><seg>{AZ[0]}</seg></tuv></tu>\n'
    return f'<tmx version="1.4">\n<header/>\n<body>\n{units}{end}'.encode()


def zip_of(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return buffer.getvalue()


def warc_of(pages: int) -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True)
    for n in range(pages):
        http = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(
                f"http://arxiv.example/{n}",
                "response",
                payload=io.BytesIO(article(8000 + n).encode()),
                http_headers=http,
                warc_headers_dict={"WARC-Date": "2025-11-01T10:00:00Z"},
            )
        )
    return buffer.getvalue()


HEADER = ["src", "tgt"]
MOSES = b"".join(line.encode() + b"\n" for line in AZ), b"".join(u.encode() + b"\n" for u in UZ)
ZIP = zip_of(**{"K__az-uz__az": MOSES[0], "K__az-uz__uz": MOSES[1]})
ROWS = [json.dumps({"src": az, "tgt": uz}, ensure_ascii=False) for az, uz in LINES]
JSONL = "".join(line + "\n" for line in ROWS).encode()
WARC = warc_of(5)

# name of the file: (bad bytes, what is said after the file's path, the same repaired)
BAD: dict[str, tuple[bytes, str, bytes]] = {
    "ragged.csv": (
        csv_of([HEADER, *map(list, LINES[:2]), [*LINES[2], "artıq"]]),
        ", line 4: 3 fields where the header has 2; quote the text that holds the separator, or "
        "repair the row",
        csv_of([HEADER, *map(list, LINES)]),
    ),
    "open_quote.csv": (
        csv_of([HEADER, *map(list, LINES)]) + b'"Salam,Salom\n',
        ", line 7: a quote in this row is never closed; close it, or double it inside text",
        csv_of([HEADER, *map(list, LINES)]),
    ),
    "broken.jsonl": (
        "\n".join([*ROWS[:3], ROWS[3][:-1]]).encode(),
        f", line 4, column {len(ROWS[3])}: this is not JSON",
        JSONL,
    ),
    "cut_off.jsonl.gz": (
        gzip.compress(JSONL, mtime=0)[:-30],
        ": the compressed data is cut off or damaged; copy the file again",
        gzip.compress(JSONL, mtime=0),
    ),
    "cut_off.parquet": (b"PAR1" + b"\0" * 99, " is not a whole Parquet file", b""),
    "other_pair.tmx": (
        tmx_of(("az", "en"), alone="az"),
        ": no unit is in both azj_Latn and uzn_Latn, its languages are az (6), en (5); give "
        "another file or change src_lang and tgt_lang",
        tmx_of(("az", "uz-Latn")),
    ),
    "malformed.tmx": (
        tmx_of(("az", "uz"), end="</tmx>"),
        ", line 24: this is not whole XML (mismatched tag); repair the file, or copy it again if "
        "it is cut off",
        tmx_of(("az", "uz")),
    ),
    "cut_off.tmx": (
        tmx_of(("az", "uz"), end=""),
        ", line 24: this is not whole XML (no element found); repair the file, or copy it again "
        "if it is cut off",
        tmx_of(("az", "uz")),
    ),
    "cut_off.warc.gz": (WARC[:-40], ": the file is cut off in the middle of a record", WARC),
    "cut_off.zip": (
        ZIP[:-50],
        " is no zip archive, or only a part of one; copy it again, or correct the path",
        ZIP,
    ),
}  # fmt: skip


def sources_of(folder: Path) -> dict[str, dict[str, Any]]:
    """A source for each bad file, and one good file."""
    found: dict[str, dict[str, Any]] = {"files": {}, "warc": {}, "opus": {}}
    for file in [*BAD, "good.csv"]:
        name = file.replace(".", "_")
        path = str(folder / file)
        if file.endswith(".warc.gz"):
            where = {"languages": {"": "identify"}, "timezone": "UTC"}
            found["warc"][name] = {**process.GIVEN, **where, "path": path}
        elif file.endswith(".zip"):
            found["opus"][name] = {**PAIRED, "path": path}
        else:
            found["files"][name] = {**PAIRED, "path": path}
    return found


def repaired_parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table({"src": list(AZ), "tgt": list(UZ)}), buffer)
    return buffer.getvalue()


def site(number: int, pages: int = 3) -> Host:
    paths = [f"/{n}" for n in range(pages)]
    acts = {path: page(article(number + n)) for n, path in enumerate(paths)}
    return Host(acts={"/": page(links(*paths)), **acts})


def test_bad_files_and_a_dead_site_harm_no_other_source(tmp_path: Path) -> None:
    """All of them in one run, said one by one; repaired, a second run has every row."""
    given = tmp_path / "given"
    given.mkdir()
    for file, (bad, _, _) in BAD.items():
        (given / file).write_bytes(bad)
    (given / "good.csv").write_bytes(csv_of([HEADER, *map(list, LINES)]))
    sources, good, late = sources_of(given), site(8100), site(8200)
    with hostile.serving([good, late]):
        starts = {"good": good.url, "late": late.url}
        sources["site"] = {n: {**process.SITE, "start": [f"{u}/"]} for n, u in starts.items()}
        late.acts["/robots.txt"] = hostile.reset_after(b"")
        done = process.collect(tmp_path, sources)
        assert done.returncode in (USAGE, INFRASTRUCTURE), done.stderr
        assert "Traceback" not in done.stderr
        said = done.stderr.splitlines()
        for file, (_, sentence, _) in BAD.items():
            path = str(given / file)
            of_file = [line for line in said if path in line]
            assert len(of_file) == 1, (file, done.stderr)
            assert sentence in of_file[0].partition(path)[2], of_file
        (of_late,) = (line for line in said if f"{late.url}/robots.txt" in line)
        assert "site late: " in of_late
        assert said[-1].startswith("korpu: ")
        assert {good.asked[f"/{n}"] for n in range(3)} == {1}
        assert not list((tmp_path / "outputs").glob("collect/*/manifest.json"))

        for file, (_, _, repaired) in BAD.items():
            (given / file).write_bytes(repaired or repaired_parquet())
        del late.acts["/robots.txt"]
        asked = dict(good.asked)
        done = process.collect(tmp_path, sources)
        assert done.returncode == DONE, done.stderr
        assert dict(good.asked) == asked
        assert {late.asked[f"/{n}"] for n in range(3)} == {1}
    assert rows_by(tmp_path, "articles", "site") == {"good": 3, "late": 3, "cut_off_warc_gz": 5}
    pairs = {file.replace(".", "_"): 5 for file in [*BAD, "good.csv"] if "warc" not in file}
    assert rows_by(tmp_path, "pairs", "origin") == pairs


def rows_by(folder: Path, table: str, column: str) -> dict[str, int]:
    """How many rows of the finished run each source has."""
    (manifest,) = (folder / "outputs").glob("collect/*/manifest.json")
    counts: dict[str, int] = {}
    for row in process.table(manifest.parent / f"{table}.parquet"):
        counts[row[column]] = counts.get(row[column], 0) + 1
    return counts


def only(folder: Path, kind: str, **source: Any) -> Callable[..., Any]:
    return lambda *more: process.collect(folder, {kind: {"one": source}}, *more)


def test_a_bad_file_alone_exits_2(tmp_path: Path) -> None:
    path = tmp_path / "ragged.csv"
    path.write_bytes(BAD["ragged.csv"][0])
    done = only(tmp_path, "files", **PAIRED, path=str(path))()
    assert done.returncode == USAGE, done.stderr
    assert done.stderr.splitlines()[-1] == f"korpu: {path}{BAD['ragged.csv'][1]}"


def test_a_dead_host_alone_exits_4(tmp_path: Path) -> None:
    done = only(tmp_path, "site", **process.SITE, start=["http://127.0.0.1:9/"])()
    assert done.returncode == INFRASTRUCTURE, done.stderr
    assert "http://127.0.0.1:9/robots.txt cannot be reached" in done.stderr.splitlines()[-1]


def test_sitemaps_without_pages_exit_1(tmp_path: Path) -> None:
    """Each is named with its URL, and its line where there is one; nothing was found at all."""
    maps = {
        "empty": (b"", ": malformed_xml (it is empty)"),
        "without_urls": (b"<urlset></urlset>", ": empty_sitemap (it lists nothing)"),
        "malformed": (b"<urlset>\n<url>\n<loc>/0</lok>\n<broken", ", line 3: malformed_xml ("),
    }
    hosts = {
        name: Host(acts={"/map.xml": page(body, kind="application/xml")})
        for name, (body, _) in maps.items()
    }
    with hostile.serving(list(hosts.values())):
        sites = {
            name: {**process.SITE, "start": [f"{host.url}/map.xml"]} for name, host in hosts.items()
        }
        done = process.collect(tmp_path, {"site": sites})
    assert done.returncode == SAYS_NO, done.stderr
    lines = done.stderr.splitlines()
    for name, (_, said) in maps.items():
        assert any(f"{hosts[name].url}/map.xml{said}" in line for line in lines), done.stderr
        nothing = f"site {name}: none of its entry points leads to a page: "
        assert sum(nothing in line for line in lines) == 1, done.stderr
    assert lines[-1].startswith("korpu: site "), done.stderr
