"""A small bundle with a file of every kind, and what a hostile one holds in their place."""

import io
import json
import pickle
import struct
import zipfile

import numpy as np

from eval.store import write_statistics
from korpu import bundle as bundles
from release import contract

CT2 = struct.pack("<IH", 6, 16) + b"TransformerSpec\0" + bytes(range(64))
CONTRACT = {
    "schema": contract.SCHEMA,
    "formats": {"hf": {}, "ct2-int8": {}},
    "tokenizer": {"file": "tokenizer.json"},
}


def safetensors(values=b"\0" * 16):
    header = {"w": {"dtype": "F32", "shape": [len(values) // 4], "data_offsets": [0, len(values)]}}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + values


def make(folder, change=None):
    """A sealed bundle; ``change(folder)`` is done before sealing, as whoever made it would."""
    write(folder, "translation.json", json.dumps(CONTRACT))
    write(folder, "hf/config.json", '{"model_type": "m2m_100"}')
    write(folder, "hf/tokenizer.json", '{"model": {"vocab": {"</s>": 2}}}')
    write(folder, "hf/model.safetensors", safetensors())
    write(folder, "ct2-int8/model.bin", CT2)
    write(folder, "smoke.jsonl", '{"text": "hava"}\n{"text": "külək"}\n')
    write(folder, "README.md", "---\nlicense: cc0-1.0\n---\n# small\n")
    write(folder, "provenance.json", "{}")
    write_statistics(folder / "eval" / "stats.npz", {"news/units": np.arange(5)})
    if change is not None:
        change(folder)
    bundles.seal(folder, "small", "1.0.0", {"train": {"key": "k", "manifest_sha256": "m"}})
    return folder


def write(folder, path, data):
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data if isinstance(data, bytes) else data.encode())


class Run:
    """What its reader calls when it unpickles it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        from pathlib import Path

        return Path.touch, (self.path,)


def checkpoint(payload):
    """What ``torch.save`` writes: a zip with the pickle in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", payload)
        archive.writestr("archive/version", "3\n")
    return buffer.getvalue()


def objects(payload):
    """An .npz whose one array is of objects."""
    buffer = io.BytesIO()
    np.savez(buffer, a=np.array([payload], dtype=object))
    return buffer.getvalue()


def bomb(size):
    """An .npz that is small and unpacks to so many bytes of zeros."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<i4", "fortran_order": False, "shape": (size // 4,)}
    )
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w", force_zip64=True) as stream,
    ):
        stream.write(head.getvalue())
        for _ in range(size >> 20):
            stream.write(b"\0" * (1 << 20))
    return buffer.getvalue()


def pickles(payload):
    """The payload as pickles of every protocol."""
    return {protocol: pickle.dumps(payload, protocol) for protocol in range(6)}
