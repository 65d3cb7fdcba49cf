"""The registry: immutable versions that are whole or absent, and aliases that move."""

import errno
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from korpu import bundle as bundles
from korpu.errors import Infrastructure, SaysNo, UsageError
from release import registry

CHECKOUT = Path(__file__).resolve().parents[2]


def make(folder, version="1.0.0", content="weights", files=4, name="demo"):
    """A sealed bundle of small files."""
    (folder / "hf").mkdir(parents=True)
    for number in range(files):
        (folder / "hf" / f"part-{number:02}").write_text(f"{content} {number}\n" * 50)
    (folder / "provenance.json").write_text(json.dumps({"created": random.random()}))
    (folder / "README.md").write_text("card")
    bundles.seal(folder, name, version, {})
    return folder


def test_a_version_is_published_once_and_stays(tmp_path):
    first = registry.publish(make(tmp_path / "a"), tmp_path / "registry")
    assert first.new
    assert first.path == tmp_path / "registry" / "demo" / "versions" / "1.0.0"
    manifest = (first.path / "MANIFEST.json").read_bytes()
    again = registry.publish(make(tmp_path / "b"), tmp_path / "registry")  # other provenance
    assert not again.new
    assert again.content == first.content
    assert (first.path / "MANIFEST.json").read_bytes() == manifest
    with pytest.raises(SaysNo, match=r"published with another content.*raise release\.version"):
        registry.publish(make(tmp_path / "c", content="others"), tmp_path / "registry")
    assert registry.publish(make(tmp_path / "d", "1.0.1", "others"), tmp_path / "registry").new
    assert bundles.verify(first.path)["version"] == "1.0.0"


def test_every_change_of_a_bundle_is_found(tmp_path):
    def changed(number, change):
        folder = make(tmp_path / str(number))
        bundles.verify(folder)
        change(folder)
        return folder

    def flip(folder):
        data = bytearray((folder / "hf" / "part-02").read_bytes())
        data[7] ^= 4
        (folder / "hf" / "part-02").write_bytes(data)

    def relabel(folder):
        manifest = json.loads((folder / "MANIFEST.json").read_text())
        (folder / "hf" / "part-02").write_text("mine")
        manifest["files"]["hf/part-02"]["sha256"] = bundles.sha256(folder / "hf" / "part-02")
        (folder / "MANIFEST.json").write_text(json.dumps(manifest))

    changes = {
        r"part-02 is not the file": flip,
        r"part-03 is missing": lambda folder: (folder / "hf" / "part-03").unlink(),
        r"evil\.py was added": lambda folder: (folder / "evil.py").write_text(""),
        r"link is a link": lambda folder: (folder / "link").symlink_to("/etc/hostname"),
        r"MANIFEST\.json was changed": relabel,
        r"MANIFEST\.json is damaged": lambda folder: (folder / "MANIFEST.json").write_text("{"),
        r"is not a bundle's manifest": lambda folder: (folder / "MANIFEST.json").write_text("[]"),
    }
    for number, (sentence, change) in enumerate(changes.items()):
        with pytest.raises(SaysNo, match=sentence):
            bundles.verify(changed(number, change))
    with pytest.raises(UsageError, match="there is no bundle"):
        bundles.verify(tmp_path / "nowhere")
    only = changed("only", flip)
    bundles.verify(only, parts=("README.md",))
    with pytest.raises(SaysNo):
        bundles.verify(only, parts=("hf",))


def test_aliases_move_by_compare_and_swap(tmp_path):
    home = tmp_path / "registry"
    for version in ("1.0.0", "1.1.0"):
        registry.publish(make(tmp_path / version, version, version), home)
    assert registry.alias(home, "demo", "production") is None
    registry.move_alias(home, "demo", "production", "1.0.0", None)
    registry.move_alias(home, "demo", "production", "1.1.0", "1.0.0")
    with pytest.raises(Infrastructure, match=r"moved to 1\.1\.0 by another publisher"):
        registry.move_alias(home, "demo", "production", "1.0.0", "1.0.0")
    assert registry.alias(home, "demo", "production") == "1.1.0"
    registry.move_alias(home, "demo", "production", "1.0.0", "1.1.0")  # a rollback
    assert registry.resolve(home, "demo@production").name == "1.0.0"
    with pytest.raises(UsageError, match="is not published"):
        registry.move_alias(home, "demo", "production", "9.0.0", "1.0.0")


def test_a_reference_finds_its_version(tmp_path):
    home = tmp_path / "registry"
    with pytest.raises(UsageError, match="it is empty"):
        registry.resolve(home, "demo")
    for version in ("1.0.0", "1.1.0"):
        registry.publish(make(tmp_path / version, version, version), home)
    with pytest.raises(UsageError, match=r"no production or candidate.*1\.0\.0, 1\.1\.0"):
        registry.resolve(home, "demo")
    registry.move_alias(home, "demo", "candidate", "1.1.0", None)
    assert registry.resolve(home, "demo").name == "1.1.0"
    registry.move_alias(home, "demo", "production", "1.0.0", None)
    assert registry.resolve(home, "demo").name == "1.0.0"
    assert registry.resolve(home, "demo@candidate").name == "1.1.0"
    assert registry.resolve(home, "demo@1.1.0").name == "1.1.0"
    for reference in ("demo@staging", "demo@../../x"):
        with pytest.raises(UsageError, match="candidate, production"):
            registry.resolve(home, reference)
    for reference in ("dmo", "../demo", ""):
        with pytest.raises(UsageError, match="there are demo"):
            registry.resolve(home, reference)


PUBLISH = """
import os, sys, time
from pathlib import Path
from korpu.errors import KorpuError
from release import registry
made, home, pause = sys.argv[1:]
fsync = os.fsync
def slow(handle):
    time.sleep(float(pause))
    fsync(handle)
os.fsync = slow
print("ready", flush=True)
sys.stdin.readline()
try:
    registry.publish(Path(made), Path(home))
except KorpuError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def publisher(made, home, pause):
    child = subprocess.Popen(
        [sys.executable, "-c", PUBLISH, str(made), str(home), str(pause)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "ready\n"
    return child


def begin(child):
    child.stdin.write("\n")
    child.stdin.flush()


def test_of_two_publishers_one_wins(tmp_path):
    home = tmp_path / "registry"
    children = [
        publisher(make(tmp_path / content, content=content), home, 0.01)
        for content in ("first", "second")
    ]
    for child in children:
        begin(child)
    said = [child.communicate(timeout=60)[1] for child in children]
    assert sorted(child.returncode for child in children) == [0, SaysNo.exit_code], said
    assert "raise release.version" in "".join(said)
    bundles.verify(home / "demo" / "versions" / "1.0.0")


def test_a_full_disk_leaves_nothing_visible(tmp_path, monkeypatch):
    made = make(tmp_path / "made")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(registry.shutil, "copyfile", full)
        registry.publish(made, tmp_path / "registry")
    assert not (tmp_path / "registry" / "demo" / "versions").exists()
    assert registry.publish(made, tmp_path / "registry").new


def test_a_file_where_the_registry_should_be(tmp_path):
    (tmp_path / "registry").write_text("")
    with pytest.raises(UsageError, match="is in the way"):
        registry.publish(make(tmp_path / "made"), tmp_path / "registry")
