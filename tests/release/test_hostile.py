"""Bundles of somebody who means harm: refused before anything in them is used."""

import copy
import json
import os
import pickle
import socket
import struct

import hostile_bundle
import pytest
from hostile_bundle import make, write

from korpu import bundle as bundles
from korpu.bundle import intake, kinds
from korpu.errors import SaysNo, UsageError
from release import contract
from release.translate import main


def resealed(folder, change):
    """A manifest with a change, and every digest in it made to fit."""
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    change(manifest)
    hashes = {path: entry["sha256"] for path, entry in manifest["files"].items()}
    manifest["content"] = bundles.content(hashes)
    manifest["digest"] = bundles._digest(manifest)
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))
    return folder


def test_a_good_bundle_is_read(tmp_path):
    assert bundles.verify(make(tmp_path / "b"))["version"] == "1.0.0"
    assert contract.load(tmp_path / "b") == hostile_bundle.CONTRACT


def test_one_flipped_bit_in_any_file_is_found(tmp_path):
    folder = make(tmp_path / "b")
    bundles.verify(folder)
    paths = [path for path in folder.rglob("*") if path.is_file()]
    assert len(paths) == 10
    flips = 0
    for path in paths:
        whole = path.read_bytes()
        step = 1 if path.name == "MANIFEST.json" else max(1, len(whole) // 8)
        for at in range(0, len(whole), step):
            data = bytearray(whole)
            data[at] ^= 1 << (at % 8)
            path.write_bytes(data)
            with pytest.raises((SaysNo, UsageError)):  # UsageError: another schema
                bundles.verify(folder)
            flips += 1
        path.write_bytes(whole)
    bundles.verify(folder)
    assert flips > 1000  # every byte of the manifest, and more


@pytest.mark.parametrize(
    "path",
    [
        "../outside.json", "/etc/passwd", "hf/../../x.json", "hf\\x.json", "hf//x.json", "./x.json",
        "C:/x.json", "hf/x\0.json", "hf/x\n.json", ".hidden.json", "hf/", "", "~/x.json",
        "hf/e\u0301.json", "hf/x.json.", "a/b/c/d/e/f/g.json", "x" * 300 + ".json",
    ],
)  # fmt: skip
def test_a_manifest_that_names_a_file_elsewhere(tmp_path, path):
    (tmp_path / "outside.json").write_text("{}")
    entry = {"sha256": bundles.sha256(tmp_path / "outside.json"), "bytes": 2}
    folder = resealed(make(tmp_path / "b"), lambda m: m["files"].update({path: entry}))
    with pytest.raises(SaysNo, match="which no bundle holds"):
        bundles.verify(folder)
    with pytest.raises(SaysNo, match="which no bundle holds"):
        bundles.load(folder)


def test_names_that_are_one_file_on_some_disks(tmp_path):
    def both(manifest):
        manifest["files"]["hf/CONFIG.json"] = manifest["files"]["hf/config.json"]

    with pytest.raises(SaysNo, match="one file on some disks"):
        bundles.load(resealed(make(tmp_path / "b"), both))

    def hidden(manifest):
        manifest["files"]["manifest.JSON"] = manifest["files"]["hf/config.json"]

    with pytest.raises(SaysNo, match="one file on some disks"):
        bundles.load(resealed(make(tmp_path / "c"), hidden))


def test_links_pipes_and_files_that_nobody_listed(tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.json").write_text("{}")

    def sockets(folder):
        with socket.socket(socket.AF_UNIX) as here:
            before = os.open(".", os.O_RDONLY)
            os.chdir(folder)  # a socket's path is short
            here.bind("s.json")
            os.fchdir(before)
            os.close(before)

    def link_in_place_of_a_file(folder):
        (folder / "hf" / "config.json").unlink()
        (folder / "hf" / "config.json").symlink_to(secret / "key.json")

    changes = {
        "is a link": link_in_place_of_a_file,
        "more is a link": lambda folder: (folder / "more").symlink_to(secret),
        "p.json is no plain file": lambda folder: os.mkfifo(folder / "p.json"),
        "s.json is no plain file": sockets,
        "x.json was added": lambda folder: write(folder, "hf/x.json", "{}"),
        "sitecustomize.py was added": lambda folder: write(folder, "sitecustomize.py", ""),
        "names a file '.env'": lambda folder: write(folder, ".env", ""),
        "config.json is missing": lambda folder: (folder / "hf" / "config.json").unlink(),
        "it has 9,000,000 bytes in place of": lambda folder: os.truncate(
            folder / "hf" / "model.safetensors", 9_000_000
        ),
    }
    for number, (sentence, change) in enumerate(changes.items()):
        folder = make(tmp_path / str(number))
        change(folder)
        with pytest.raises(SaysNo, match=sentence):
            bundles.verify(folder)
        with pytest.raises(SaysNo, match=sentence):  # whatever else is read of it
            bundles.verify(folder, parts=("README.md",))


HOSTILE = ["hf/pytorch_model.bin", "hf/model.pt", "adapter/a.pkl", "eval/counts.npy", "hf/m.ckpt"]
HOSTILE += ["hf/modeling_nllb.py", "ct2-int8/run.so", "hf/model.bin", "weights.zip", "hf/m.tar.gz"]


@pytest.mark.parametrize("path", HOSTILE)
def test_kinds_of_files_that_no_bundle_holds(tmp_path, path):
    folder = make(tmp_path / "b", lambda folder: write(folder, path, hostile_bundle.CT2))
    with pytest.raises(SaysNo, match="is of a kind that no bundle holds"):
        bundles.verify(folder)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "path",
    ["hf/model.safetensors", "ct2-int8/model.bin", "hf/config.json", "smoke.jsonl", "README.md"],
)
def test_a_pickle_by_another_name(tmp_path, path, protocol):
    ran = tmp_path / "ran"
    payload = hostile_bundle.pickles(hostile_bundle.Run(ran))[protocol]
    folder = make(tmp_path / "b", lambda folder: write(folder, path, payload))
    with pytest.raises(SaysNo, match="is a pickle, which runs code"):
        bundles.verify(folder)
    assert not ran.exists()
    pickle.loads(payload)  # it is one
    assert ran.exists()


def test_archives_with_something_else_inside(tmp_path):
    ran = tmp_path / "ran"
    payload = hostile_bundle.Run(ran)
    inside = {
        "hf/model.safetensors": ("no safetensors", hostile_bundle.checkpoint(pickle.dumps(1))),
        "ct2-int8/model.bin": ("no model of CTranslate2", hostile_bundle.checkpoint(b"")),
        "eval/stats.npz": ("holds a pickle", hostile_bundle.objects(payload)),
    }
    for number, (path, (sentence, data)) in enumerate(inside.items()):
        folder = make(tmp_path / str(number), lambda f, p=path, d=data: write(f, p, d))
        with pytest.raises(SaysNo, match=sentence):
            bundles.verify(folder)
    data = hostile_bundle.checkpoint(pickle.dumps(payload))
    folder = make(tmp_path / "more", lambda f: write(f, "eval/stats.npz", data))
    with pytest.raises(SaysNo, match="holds more than arrays"):
        bundles.verify(folder)
    assert not ran.exists()


def test_a_small_file_that_unpacks_to_a_large_one(tmp_path):
    data = hostile_bundle.bomb(64 << 20)
    assert len(data) < 100_000
    folder = make(tmp_path / "b", lambda folder: write(folder, "eval/stats.npz", data))
    with pytest.raises(SaysNo, match=r"unpacks to 67,108,\d+ bytes"):
        bundles.verify(folder)


def test_json_that_cannot_be_read(tmp_path, monkeypatch):
    deep = "[" * 200_000 + "]" * 200_000
    for number, (path, data, sentence) in enumerate(
        [
            ("hf/config.json", deep, "nested too deep"),
            ("smoke.jsonl", '{"a": ' + deep + "}\n", "nested too deep"),
            ("hf/config.json", '{"a": 1, "a": 2}', "a key is there twice"),
            ("hf/config.json", b"\xff\xfe{}", "is damaged"),
            (
                "hf/config.json",
                '{"auto_map": {"AutoModel": "evil.Model"}}',
                "loads code of its own",
            ),
            ("hf/model.safetensors", hostile_bundle.safetensors() + b"more", "not as long as"),
        ]
    ):
        folder = make(tmp_path / str(number), lambda f, p=path, d=data: write(f, p, d))
        with pytest.raises(SaysNo, match=sentence):
            bundles.verify(folder)
    folder = make(tmp_path / "b")
    for data in (deep, '{"schema": 2, "name": ' + deep + "}"):
        (folder / "MANIFEST.json").write_text(data)
        with pytest.raises(SaysNo, match="nested too deep"):
            bundles.load(folder)
        (folder / "translation.json").write_text(data)
        with pytest.raises(SaysNo, match="nested too deep"):
            contract.load(folder)
    monkeypatch.setattr(intake, "MOST", 8)
    with pytest.raises(SaysNo, match="holds more than 8 files"):
        bundles.verify(make(tmp_path / "many"))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("files",), []),
        (("files", "hf/config.json"), "ab"),
        (("files", "hf/config.json"), {"sha256": "ab", "bytes": 25}),
        (("files", "hf/config.json", "bytes"), "25"),
        (("files", "hf/config.json", "bytes"), True),
        (("files", "hf/config.json", "sha256"), None),
    ],
)
def test_a_manifest_of_another_shape(tmp_path, where, value):
    folder = make(tmp_path / "b")
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    inside = manifest
    for key in where[:-1]:
        inside = inside[key]
    inside[where[-1]] = value
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))
    with pytest.raises(SaysNo, match="is not a bundle's manifest"):
        bundles.verify(folder)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("tokenizer", {"file": "../../secret.json"}, "outside of its format"),
        ("tokenizer", {"file": "/etc/passwd"}, "outside of its format"),
        ("tokenizer", {"file": "..\\secret.json"}, "which no bundle holds"),
        ("tokenizer", {"file": None}, "which no bundle holds"),
        ("tokenizer", [], "outside of its format"),
        ("formats", {"hf": {}, "../elsewhere": {}}, "a format that no bundle has"),
        ("formats", {"ct2-int8/../../x": {}}, "a format that no bundle has"),
        ("formats", ["hf"], "a format that no bundle has"),
    ],
)
def test_a_contract_that_leads_out_of_the_bundle(tmp_path, key, value, sentence):
    changed = copy.deepcopy(hostile_bundle.CONTRACT)
    changed[key] = value
    folder = make(tmp_path / "b", lambda f: write(f, "translation.json", json.dumps(changed)))
    with pytest.raises(SaysNo, match=sentence):
        contract.load(folder)
    with pytest.raises(SaysNo, match=sentence):
        main([f"bundle={folder}", "from=az", "to=uz", "text=hava"])


def test_plain_text_is_no_pickle():
    for text in (b"core.", b"card", b"content 1\n" * 50, b"N.", b"# Title.\n", b'{"a": "."}', b""):
        assert not kinds.is_pickle(text)


def test_a_safetensors_whose_length_begins_as_a_pickle_does_is_none(tmp_path):
    """0x0280 is the mark of protocol 2 read as a number: one header in 500 has such a length."""
    header = {"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}
    for length in (0x0280, 0x0580, 0x1080):
        text = json.dumps(header).encode().ljust(length)
        data = struct.pack("<Q", length) + text + b"\0" * 16
        (tmp_path / "w.safetensors").write_bytes(data)
        assert kinds.is_pickle(data[: kinds.HEAD])
        kinds.check(tmp_path, "w.safetensors")
    (tmp_path / "w.safetensors").write_bytes(pickle.dumps({"w": [1.0] * 100}))
    with pytest.raises(SaysNo, match="is a pickle"):
        kinds.check(tmp_path, "w.safetensors")
