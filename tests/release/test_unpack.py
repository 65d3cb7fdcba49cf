"""Bundles that come as one file: what a hostile archive holds is never written."""

import io
import os
import tarfile
import zipfile

import pytest
from hostile_bundle import make

from korpu import bundle as bundles
from korpu.bundle import intake
from korpu.errors import SaysNo, UsageError
from release.unpack import unpack


def tar(path, rows, mode="w:gz"):
    """``rows``: TarInfo or name, and bytes."""
    with tarfile.open(path, mode) as archive:
        for info, data in rows:
            entry = tarfile.TarInfo(info) if isinstance(info, str) else info
            if entry.isfile():
                entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def kind(name, type_, to=""):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = type_, to
    return entry


def zipped(path, rows):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in rows:
            archive.writestr(name, data)
    return path


def files(folder):
    return [
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz", "tar.xz", "folder.tar.gz"])
def test_a_bundle_comes_out_as_it_was(tmp_path, form):
    whole = make(tmp_path / "b")
    packed = tmp_path / f"b.{form}"
    if form == "zip":
        zipped(packed, files(whole))
    else:
        with tarfile.open(packed, f"w:{form.rpartition('.')[2] if '.' in form else ''}") as archive:
            archive.add(whole, "small-1.0.0" if form.startswith("folder") else ".")
    assert unpack(packed, tmp_path / "out")["version"] == "1.0.0"
    assert files(tmp_path / "out") == files(whole)
    bundles.verify(tmp_path / "out")
    with pytest.raises(UsageError, match="is there already"):
        unpack(packed, tmp_path / "out")


HOSTILE = {
    "climbs": [("../../outside.json", b"{}")],
    "absolute": [("/tmp/outside.json", b"{}")],
    "backslash": [("hf\\..\\outside.json", b"{}")],
    "hidden": [(".ssh/authorized_keys", b"")],
    "symlink": [(kind("hf", tarfile.SYMTYPE, "/tmp"), b""), ("hf/outside.json", b"{}")],
    "hard link": [(kind("hf.json", tarfile.LNKTYPE, "/etc/passwd"), b"")],
    "device": [(kind("zero.json", tarfile.CHRTYPE), b"")],
    "pipe": [(kind("pipe.json", tarfile.FIFOTYPE), b"")],
    "twice": [("a.json", b"{}"), ("a.json", b"[]")],
    "case": [("a.json", b"{}"), ("A.json", b"[]")],
    "file and folder": [("a", b"{}"), ("a/b.json", b"[]")],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tars(tmp_path, name):
    home = tmp_path / "home"
    home.mkdir()
    packed = tar(tmp_path / "x.tar.gz", HOSTILE[name])
    with pytest.raises(SaysNo):
        unpack(packed, home / "deep" / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["home", "x.tar.gz"]
    assert [p for p in home.rglob("*") if p.is_file() or p.is_symlink()] == []
    assert not (home / "deep" / "out").exists()


def test_hostile_zips(tmp_path):
    link = zipfile.ZipInfo("hf")
    link.external_attr = 0o120777 << 16
    cases = {
        "which no bundle holds": [("../outside.json", b"{}")],
        "a link or device": [(link, b"/etc")],
        "one file on some disks": [("a.json", b"1"), ("A.json", b"2")],
    }
    for number, (sentence, rows) in enumerate(cases.items()):
        packed = zipped(tmp_path / f"{number}.zip", rows)
        with pytest.raises(SaysNo, match=sentence):
            unpack(packed, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    assert len(list(tmp_path.iterdir())) == len(cases)


def test_bombs(tmp_path, monkeypatch):
    zeros = b"\0" * (40 << 20)
    for packed in (
        tar(tmp_path / "bomb.tar.gz", [("hf/model.safetensors", zeros)]),
        zipped(tmp_path / "bomb.zip", [("hf/model.safetensors", zeros)]),
    ):
        assert packed.stat().st_size < 100_000
        with pytest.raises(SaysNo, match="grows to more than 100 times its size"):
            unpack(packed, tmp_path / "out")
    monkeypatch.setattr(intake, "MOST", 20)
    many = tar(tmp_path / "many.tar", [(f"f{n}.json", b"") for n in range(30)], "w")
    with pytest.raises(SaysNo, match="more than 20 files"):
        unpack(many, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bomb.tar.gz", "bomb.zip", "many.tar"]


def test_what_is_no_bundle_or_not_whole(tmp_path):
    whole = make(tmp_path / "b")
    packed = tar(tmp_path / "b.tar.gz", files(whole))
    data = packed.read_bytes()
    packed.write_bytes(data[: len(data) // 2])
    with pytest.raises(SaysNo, match="is damaged"):
        unpack(packed, tmp_path / "out")
    changed = [
        (name, b"x" + data[1:] if name == "README.md" else data) for name, data in files(whole)
    ]
    with pytest.raises(SaysNo, match="is not the file that was published"):
        unpack(tar(tmp_path / "c.tar", changed, "w"), tmp_path / "out")
    with pytest.raises(UsageError, match="it has no MANIFEST"):
        unpack(zipped(tmp_path / "d.zip", [("a.json", b"{}")]), tmp_path / "out")
    (tmp_path / "text").write_text("hava")
    with pytest.raises(UsageError, match=r"is no \.zip and no \.tar"):
        unpack(tmp_path / "text", tmp_path / "out")
    with pytest.raises(UsageError, match="there is no file"):
        unpack(tmp_path / "nowhere.zip", tmp_path / "out")
    assert not os.path.lexists(tmp_path / "out")
