"""Datasets: local directories of the hub's layout, and a hub of our own on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from korpu.artifact import sha256
from korpu.schema import Hub
from tests.collect.conftest import AZ, UZ
from tests.collect.givens import LICENCE, PAIR, read, written

DEEP = {"src": "translation.az", "tgt": "translation.uz"}
ROWS = [{"translation": {"az": f"Xəbər {i}.", "uz": f"Xabar {i}."}} for i in range(3)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
CARD = b"---\nlicense: cc0-1.0\nconfigs:\n- config_name: az-uz\n  data_files: data/*.jsonl\n---\n"
FILES = {"README.md": CARD, "data/train.jsonl": LINES}
COMMIT = "3f" * 20


def hub(name: Path | str, **changes: Any) -> Hub:
    """A source of nested pairs."""
    return Hub(id=str(name), **{**LICENCE, **PAIR, "columns": DEEP, **changes})


def directory(folder: Path) -> Path:
    """A local dataset."""
    for name, content in FILES.items():
        written(folder / name, content)
    return folder


@pytest.fixture(autouse=True)
def quiet_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the module sets in the environment is taken back after each test."""
    from data_prep.collect.files.hub import QUIET

    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)


def test_a_local_directory(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    given = hub(directory(tmp_path / "set"), subset="az-uz", synthetic_side="src")
    found = read(tmp_path, h=given)
    assert found.texts == [(f"Xəbər {i}.", f"Xabar {i}.") for i in range(3)]
    assert {row["synthetic_side"] for row in found.rows} == {"src"}
    assert [row["document"] for row in found.rows] == ["h/1", "h/2", "h/3"]
    assert found.notes == {"h": {"sha256": sha256(tmp_path / "set")}}
    assert sorted(path.name for path in (tmp_path / "set").rglob("*")) == [
        "README.md", "data", "train.jsonl",
    ]  # fmt: skip
    assert capfd.readouterr() == ("", "")


def test_parquet_csv_and_articles(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "p" / "train-00000-of-00001.parquet")
    assert len(read(tmp_path, h=hub(tmp_path / "p")).texts) == 3
    written(tmp_path / "c" / "test.csv", "az,uz,id\nbir,bir,a\n")
    flat = hub(tmp_path / "c", split="test", columns={"src": "az", "tgt": "uz", "document": "id"})
    assert [row["document"] for row in read(tmp_path, h=flat).rows] == ["h/a"]
    rows = [{"text": "\n".join(AZ), "url": "https://xeber.example/1"}, {"text": "\n".join(UZ)}]
    written(tmp_path / "a" / "train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    given = hub(tmp_path / "a", holds="articles", columns={}, languages={"": "identify"})
    found = read(tmp_path, "articles", h=given)
    assert not found.failed
    assert [(row["url"], row["language"]) for row in found.rows] == [
        ("https://xeber.example/1", "azj_Latn"), ("h/2", "uzn_Latn"),
    ]  # fmt: skip


def test_errors_of_a_local_directory(tmp_path: Path) -> None:
    good = directory(tmp_path / "set")
    bad = written(tmp_path / "bad" / "train.jsonl", '{"az":"a"}\n{"az":\n').parent
    empty = tmp_path / "empty"
    empty.mkdir()
    for given, said in (
        (hub(good, split="dev"), f"source.hub.h: {good}: Bad split: dev. Available splits: "
         "['train']; correct subset or split"),
        (hub(good, subset="x"), f"source.hub.h: {good}: BuilderConfig 'x' not found. Available: "
         "['az-uz']; correct subset or split"),
        (hub(good, columns={"src": "translation.aze", "tgt": "translation.uz"}), f"{good}, row 1: "
         "there is no column 'translation.aze'; the columns are translation, the nearest is "
         "'translation'; name it in source.hub.h.columns.src"),
        (hub(good, columns={**DEEP, "document": "id"}), f"{good}: no row has 'id'; correct "
         "source.hub.h.columns.document"),
        (hub(empty), f"source.hub.h: {empty} cannot be read (The directory at {empty} doesn't "
         "contain any data files); repair the dataset"),
        (hub(bad), f"source.hub.h: {bad}, row 1 cannot be read (JSON parse error: Invalid value. "
         "in row 1); repair the dataset"),
    ):  # fmt: skip
        found = read(tmp_path, h=given)
        assert found.error == said
        assert getattr(found.failed[0], "exit_code", None) == 2


class _Hub(BaseHTTPRequestHandler):
    """As much of the hub's interface as a client needs to stream one dataset."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urllib.parse.urlsplit(self.path).path
        self.asked.append(path)
        if "korpu/reset" in path:
            self.close_connection = True
        elif "korpu/storm" in path:
            self.answer(503, b"", {})
        elif "korpu/xeber" not in path:
            self.answer(404, b"", {"X-Error-Code": "RepoNotFound"})
        elif "/revision/old" in path:
            self.answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
        else:
            self.dataset(path)

    do_HEAD = do_POST = do_GET  # noqa: N815

    def dataset(self, path: str) -> None:
        """The dataset's facts, its tree, or one of its files."""
        if path.startswith("/datasets/"):
            content = FILES.get(path.partition("/resolve/")[2].partition("/")[2])
            if content is None:
                self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
            else:
                tag = hashlib.sha1(content).hexdigest()
                self.answer(200, content, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT})
            return
        if "/tree/" in path:
            inside = path.partition("/tree/")[2].partition("/")[2]
            found: Any = [
                {"type": "file", "oid": "0" * 40, "size": len(content), "path": name}
                for name, content in FILES.items()
                if name.rpartition("/")[0] == inside
            ]
            if not inside:
                found.append({"type": "directory", "oid": "0" * 40, "size": 0, "path": "data"})
        else:
            found = {"id": "korpu/xeber", "sha": COMMIT, "private": False, "tags": [],
                     "downloads": 0, "likes": 0, "siblings": []}  # fmt: skip
        self.answer(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

    def answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        """One response."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def own_hub() -> Iterator[tuple[str, list[str]]]:
    """The address of a running hub, and the paths it was asked for."""
    asked: list[str] = []
    handler = type("Handler", (_Hub,), {"asked": asked})
    running = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}", asked
    running.shutdown()
    running.server_close()
    thread.join()


READ = """
import json, sys
from pathlib import Path
from tests.collect.givens import read
from tests.collect.test_hub import hub
given = {name: hub(**settings) for name, settings in json.loads(sys.argv[2]).items()}
found = read(Path(sys.argv[1]), **given)
print(json.dumps({
    "rows": [(row["origin"], row["src"], row["tgt"]) for row in found.rows],
    "failed": [(error.exit_code, str(error)) for error in found.failed],
    "notes": found.notes,
}))
"""


def test_the_hub_itself(tmp_path: Path, own_hub: tuple[str, list[str]]) -> None:
    """In a process of its own: the libraries read the hub's address when they are imported."""
    address, asked = own_hub
    given = {
        "a": {"name": "korpu/xeber", "subset": "az-uz"},
        "b": {"name": "korpu/none"},
        "c": {"name": "korpu/xeber", "revision": "old"},
        "d": {"name": "korpu/storm"},
        "e": {"name": "korpu/reset"},
        "f": {"name": "no such/name/at all"},
        "g": {"name": "korpu/xeber", "split": "dev"},
    }
    environment = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path), json.dumps(given)],
        env={**environment, "PYTHONPATH": "."}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["rows"] == [["a", f"Xəbər {i}.", f"Xabar {i}."] for i in range(3)]
    assert found["notes"] == {"a": {"revision": COMMIT}}
    codes, sentences = zip(*found["failed"], strict=True)
    assert codes == (2, 2, 4, 4, 2, 2)
    none, old, storm, reset, odd, split = sentences
    assert none == (
        "source.hub.b.id: there is no dataset korpu/none on the hub, or it is not open to you, and "
        "no such directory here; correct the name, or log in to the hub"
    )
    assert old == (
        "source.hub.c.revision: korpu/xeber has no revision 'old' on the hub; correct it, or leave "
        "it out for the newest"
    )
    for name, sentence in (("d", storm), ("e", reset)):
        assert sentence.startswith(f"source.hub.{name}: the hub cannot be reached for korpu/")
        assert sentence.endswith("; try again later, or give a local directory")
        assert "\n" not in sentence
    assert odd == (
        "source.hub.f.id: 'no such/name/at all' is neither a directory here nor a name on the hub, "
        "such as owner/name; correct it"
    )
    assert split == (
        "source.hub.g: korpu/xeber: Bad split: dev. Available splits: ['train']; correct subset or "
        "split"
    )
    assert {path.split("/")[1] for path in asked} == {"api", "datasets"}
    assert not [path for path in asked if "harness" in path or "telemetry" in path]
