"""OPUS archives: a zip by URL or path, or a folder; bounded, checked, and never unpacked."""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from korpu.schema import Opus
from tests.collect.conftest import Server
from tests.collect.givens import LICENCE, PAIR, collect, read, written

WHERE = "source.opus.o"
AZ, UZ = "Salam!\nNecəsən?\n\nSağ ol.\n", "Salom!\nQalaysan?\nBoʻsh.\nRahmat.\n"
IDS = "az/1.xml\tuz/1.xml\t1\t1\naz/1.xml\tuz/1.xml\t2\t2\naz/2.xml\tuz/2.xml\t1\t1\n" + (
    "az/2.xml\tuz/2.xml\t2\t2\n"
)
MEMBERS = {"News.az-uz.az": AZ, "News.az-uz.uz": UZ, "News.az-uz.ids": IDS, "README": "About",
           "LICENSE": "CC0"}  # fmt: skip
PAIRS = [("Salam!", "Salom!"), ("Necəsən?", "Qalaysan?"), ("Sağ ol.", "Rahmat.")]


def packed(members: dict[str, Any]) -> bytes:
    """A zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def opus(path: Path | str, **changes: Any) -> Opus:
    """A source."""
    return Opus(path=str(path), **{**LICENCE, **PAIR, **changes})


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_an_archive(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "o.zip"
    if kind == "zip":
        written(path, packed(MEMBERS))
    else:
        path = tmp_path / "o"
        for name, content in MEMBERS.items():
            written(path / name, content)
    found = read(tmp_path, o=opus(path))
    assert found.texts == PAIRS
    assert [(row["line"], row["document"]) for row in found.rows] == [
        (1, "o/az/1.xml"), (2, "o/az/1.xml"), (4, "o/az/2.xml"),
    ]  # fmt: skip
    assert found.left_out == {"o": {"empty": 1}}
    digest = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()} if kind == "zip" else None
    assert found.notes == ({"o": digest} if digest else {})


@pytest.mark.parametrize("tags", [("aze", "uzb"), ("az_AZ", "uz_Latn"), ("uz", "az")])
def test_languages_by_the_names_of_the_files(tmp_path: Path, tags: tuple[str, str]) -> None:
    texts = dict(zip(tags, (UZ, AZ) if tags[0] == "uz" else (AZ, UZ), strict=True))
    members = {f"in/News.{tags[0]}-{tags[1]}.{tag}": text for tag, text in texts.items()}
    members["in/News.az-en.az"] = members["in/News.az-en.en"] = "no\n"
    found = read(tmp_path, o=opus(written(tmp_path / "o.zip", packed(members))))
    assert found.texts == PAIRS
    assert [row["document"] for row in found.rows] == ["o/News/1", "o/News/2", "o/News/4"]


def test_several_corpora_and_scripts(tmp_path: Path) -> None:
    members = {"B.az-uz.az": "b\n", "B.az-uz.uz": "b\n", "A.az-uz.az": "a\n", "A.az-uz.uz": "a\n",
               "A.az-uz_Cyrl.az": "v\n", "A.az-uz_Cyrl.uz_Cyrl": "в\n"}  # fmt: skip
    path = written(tmp_path / "o.zip", packed(members))
    assert read(tmp_path, o=opus(path)).texts == [("a", "a"), ("b", "b")]
    cyrillic = opus(path, tgt_lang="uzn_Cyrl")
    assert ("v", "в") in read(tmp_path, o=cyrillic).texts


def test_by_url_once(tmp_path: Path, server: Server) -> None:
    zipped = packed(MEMBERS)
    digest = hashlib.sha256(zipped).hexdigest()
    kind = {"Content-Type": "application/zip"}
    server.pages["/old.zip"] = (302, {"Location": "/new/az-uz.txt.zip"}, b"")
    server.pages["/new/az-uz.txt.zip"] = lambda n: (
        (503, {"Retry-After": "0"}, b"") if n == 1 else (200, dict(kind), zipped)
    )
    given = opus(f"{server.url}/old.zip", allow_private=True, sha256=digest.upper())
    for _ in range(2):
        found = read(tmp_path, o=given)
        assert found.texts == PAIRS
        assert found.notes == {"o": {"sha256": digest, "url": f"{server.url}/old.zip"}}
    assert server.asked["/new/az-uz.txt.zip"] == 2
    (kept,) = (tmp_path / "work" / "opus").iterdir()
    assert kept.read_bytes() == zipped


def test_what_a_server_can_do(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    zipped = packed(MEMBERS)
    monkeypatch.setattr("data_prep.collect.files.download.LARGEST", len(zipped))
    pages: dict[str, Any] = {
        "/none.zip": (404, {}, b""),
        "/storm.zip": lambda _: (503, {"Retry-After": "0"}, b""),
        "/short.zip": lambda _: (200, {"Content-Length": str(len(zipped))}, zipped[:200]),
        "/reset.zip": lambda _: "reset",
        "/slow.zip": (200, {}, zipped),
        "/stall.zip": lambda _: (time.sleep(0.6), "reset")[1],
        "/large.zip": (200, {}, zipped + b"x"),
        "/loop.zip": lambda _: (302, {"Location": "/loop.zip"}, b""),
        "/file.zip": (302, {"Location": "file:///etc/passwd"}, b""),
        "/page.zip": (200, {}, b"<html>Not found</html>"),
        "/good.zip": (200, {}, zipped),
    }
    server.pages.update(pages)
    settings = collect(retries=0, timeout=0.3)
    size = len(zipped)
    digest = hashlib.sha256(zipped).hexdigest()
    yourself = "fetch it yourself and give its path"
    for name, code, said in (
        ("none", 2, "{key}: {url} answers 404; correct it"),
        ("storm", 4, "{key}: {url} was not fetched (the server answers 503); try again later, or "
         + yourself),
        ("large", 2, f"{{key}}: {{url}} has {size + 1} bytes, more than {size}; {yourself}"),
        ("loop", 2, "{key}: {url} redirects more than 5 times; correct it"),
        ("file", 2, "{key}: {url} leads to no http(s) address; correct it"),
        ("page", 2, "{key}: {url} is no zip archive, or only a part of one; copy it again, or "
         "correct the path"),
    ):  # fmt: skip
        url = f"{server.url}/{name}.zip"
        found = read(tmp_path, settings=settings, o=opus(url, allow_private=True))
        assert found.error == said.format(key=f"{WHERE}.path", url=url)
        assert getattr(found.failed[0], "exit_code", None) == code
    for name in ("short", "reset", "stall", "slow"):
        url = f"{server.url}/{name}.zip"
        with monkeypatch.context() as patched:
            if name == "slow":  # every byte in time, but all of it too late
                patched.setattr("data_prep.collect.files.download.LONGEST", 0.0)
            found = read(tmp_path, settings=settings, o=opus(url, allow_private=True))
        assert found.error.startswith(f"{WHERE}.path: {url} was not fetched (")
        assert found.error.endswith(f"; try again later, or {yourself}")
        assert getattr(found.failed[0], "exit_code", None) == 4
    url = f"{server.url}/good.zip"
    assert read(tmp_path, o=opus(url)).error == (
        f"{WHERE}.path: {url} is refused (127.0.0.1 is 127.0.0.1); only public addresses are "
        "asked, unless allow_private is true"
    )
    found = read(tmp_path, o=opus(url, allow_private=True, sha256="0" * 64))
    assert found.error == (
        f"{WHERE}: the sha256 of {url} is {digest}, not {'0' * 64}; it is another file than the "
        "recipe's"
    )
    assert getattr(found.failed[0], "exit_code", None) == 1
    assert list((tmp_path / "work" / "opus").iterdir()) == []  # nothing bad is kept


def test_an_endless_answer_ends_at_the_limit(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_prep.collect.files.download.LARGEST", 1000)
    chunks = b"".join(b"200\r\n" + b"x" * 512 + b"\r\n" for _ in range(400))
    server.pages["/o.zip"] = (200, {"Transfer-Encoding": "chunked"}, chunks)
    url = f"{server.url}/o.zip"
    found = read(tmp_path, settings=collect(retries=0), o=opus(url, allow_private=True))
    assert found.error == (
        f"{WHERE}.path: {url} has more than 1000 bytes; fetch it yourself and give its path"
    )
    assert list((tmp_path / "work" / "opus").iterdir()) == []


def test_archives_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "o.zip"
    damaged = "the compressed data is cut off or damaged; copy the file again"
    whole = packed(MEMBERS)
    written(path, whole[: len(whole) // 2])
    assert read(tmp_path, o=opus(path)).error == (
        f"{WHERE}.path: {path} is no zip archive, or only a part of one; copy it again, or correct "
        "the path"
    )
    broken = bytearray(packed({name: text * 500 for name, text in MEMBERS.items()}))
    broken[60:64] = b"\xff" * 4
    written(path, bytes(broken))
    assert read(tmp_path, o=opus(path)).error == f"{path}: News.az-uz.az, line 1: {damaged}"
    written(path, packed({"News.az-en.az": "a\n", "News.az-en.en": "a\n", "x.txt": "a"}))
    assert read(tmp_path, o=opus(path)).error == (
        f"{WHERE}: {path} has no line-aligned files in azj_Latn and uzn_Latn, such as "
        "Name.az-uz.az and Name.az-uz.uz; it has az-en"
    )
    written(path, packed({**MEMBERS, "News.az-uz.uz": UZ + "Yana.\n"}))
    assert read(tmp_path, o=opus(path)).error == (
        f"{WHERE}: {path}: News.az-uz.az has 4 lines, {path}: News.az-uz.uz has 5 lines, {path}: "
        "News.az-uz.ids has 4 lines; line-aligned files must have equally many"
    )
    written(path, packed({**MEMBERS, "News.az-uz.ids": "one\ntwo\nthree\nfour\n"}))
    assert read(tmp_path, o=opus(path)).error == (
        f"{path}: News.az-uz.ids, line 1: no tab between two documents; this is no OPUS ids file"
    )
    written(path, packed({**MEMBERS, "News.az-uz.az": b"a\n\xff\nb\nc\n"}))
    assert read(tmp_path, o=opus(path)).error == (
        f"{path}: News.az-uz.az, line 2: byte 1 is not UTF-8; convert the file to UTF-8"
    )
    assert read(tmp_path, o=opus(tmp_path / "no.zip")).error == (
        f"{WHERE}.path: there is no file {tmp_path / 'no.zip'}"
    )
    (tmp_path / "empty").mkdir()
    assert read(tmp_path, o=opus(tmp_path / "empty", sha256="0" * 64)).error == (
        f"{WHERE}.sha256 is of a zip, but {tmp_path / 'empty'} is a folder; remove it"
    )


def test_traps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "in" / "o.zip"
    escape = {"../../News.az-uz.az": AZ, "../../News.az-uz.uz": UZ}
    written(path, packed(escape))
    assert read(tmp_path / "in", o=opus(path)).texts == PAIRS
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.az")) == []
    monkeypatch.setattr("data_prep.collect.files.opus.SMALL", 100_000)
    swollen = "a\n" * 100_000
    written(path, packed({"News.az-uz.az": swollen, "News.az-uz.uz": swollen}))
    assert read(tmp_path, o=opus(path)).error == (
        f"{WHERE}: {path}: News.az-uz.az unpacks to 200000 bytes, which no text does; do not "
        "trust this archive"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("News.az-uz.az", AZ)
    assert read(tmp_path, o=opus(path)).error == (
        f"{WHERE}: {path}: News.az-uz.az is packed in a rare way; pack it as an ordinary zip"
    )
    locked = bytearray(packed(MEMBERS))
    at = locked.index(b"PK\x01\x02")
    locked[at + 8] |= 1
    written(path, bytes(locked))
    assert read(tmp_path, o=opus(path)).error == (
        f"{WHERE}: {path}: News.az-uz.az is encrypted; unlock the archive"
    )
