"""A model from the Hugging Face hub: fetched once, recorded file by file, and checked ever after.

`<outputs>/models/<owner>--<name>/lock.json` keeps the commit that a branch or tag stood for when it
was first asked for, and the sha256 of every file of it. Later runs use that commit and refuse a
file that has changed since. Delete the lock to take what the hub has today.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from korpu import log
from korpu.artifact import fsync_tree, replace_durably, sha256, write_json
from korpu.errors import Infrastructure, SaysNo, UsageError
from korpu.nllb import loading, orthography, published

SCHEMA = 1
LOCK = "lock.json"
TOKENIZER = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    published.SENTENCEPIECE, orthography.NAME,
)  # fmt: skip
SMALL = ("config.json", "generation_config.json", *TOKENIZER)
SAFE = ("model*.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model*.bin", "pytorch_model.bin.index.json")


@dataclass(frozen=True)
class Fetched:
    """A hub model on this machine. ``files``: name → sha256, of the hub's own files."""

    directory: Path  # to load from: the hub's files, or those converted from pickled weights
    commit: str
    files: Mapping[str, str]


def fetched(hub_id: str, revision: str | None, models: Path) -> Fetched:
    """The model, fetched where it is not in the hub's cache; ``models`` holds the locks.

    A checkpoint that is only pickled (``.bin``) is read without running anything in it and written
    once as safetensors, beside the lock. Raises ``UsageError`` where there is no such model or no
    way to fetch it, ``SaysNo`` naming a file that is not what was recorded.
    """
    folder = models / hub_id.replace("/", "--")
    with _alone(folder):
        lock = _read(folder / LOCK, hub_id)
        name = revision or "main"
        commit = lock["revisions"].get(name, name)
        snapshot = _snapshot(hub_id, commit)
        if lock["revisions"].get(name, snapshot.name) != snapshot.name:
            raise SaysNo(f"{hub_id}: {snapshot} is not the commit {commit} of {folder / LOCK}")
        files = {path.name: _digest(path) for path in _files(snapshot)}
        recorded = lock["commits"].get(snapshot.name)
        if recorded is None:
            for path in _files(snapshot):
                _check_download(path, files[path.name])
            lock["revisions"][name] = snapshot.name
            lock["commits"][snapshot.name] = {"files": files, "converted": {}}
            write_json(folder / LOCK, lock)
            log.say(f"  {hub_id} is at {snapshot.name}, recorded in {folder / LOCK}")
        else:
            lock["revisions"].setdefault(name, snapshot.name)
            _compare(recorded["files"], files, snapshot, folder / LOCK)
        if any((snapshot / weights).exists() for weights in loading.SAFE):
            return Fetched(snapshot, snapshot.name, files)
        converted = _converted(snapshot, folder, lock)
        return Fetched(converted, snapshot.name, files)


def _converted(snapshot: Path, folder: Path, lock: dict[str, Any]) -> Path:
    """The pickled checkpoint as safetensors, whole or absent; checked where it is there."""
    entry, directory = lock["commits"][snapshot.name], folder / snapshot.name
    if not (directory.is_dir() and entry["converted"]):
        log.say(f"  writing {snapshot.name[:8]} as safetensors, once: {directory}")
        half = folder / f"{snapshot.name}.half"
        for left in (half, directory):
            shutil.rmtree(left, ignore_errors=True)
        loading.load_model(snapshot).save_pretrained(str(half))
        for name in TOKENIZER:
            if (snapshot / name).exists():
                shutil.copyfile(snapshot / name, half / name)
        fsync_tree(half)
        replace_durably(half, directory)
        entry["converted"] = {path.name: _digest(path) for path in sorted(directory.iterdir())}
        write_json(folder / LOCK, lock)
    found = {path.name: _digest(path) for path in sorted(directory.iterdir())}
    _compare(entry["converted"], found, directory, folder / LOCK)
    return directory


def _snapshot(hub_id: str, revision: str) -> Path:
    """The hub cache's folder of one commit, with the files that a model needs."""
    from huggingface_hub import snapshot_download

    try:
        path = Path(snapshot_download(hub_id, revision=revision, allow_patterns=[*SMALL, *SAFE]))
        if not any((path / name).exists() for name in loading.SAFE):
            path = Path(
                snapshot_download(hub_id, revision=path.name, allow_patterns=[*SMALL, *PICKLED])
            )
    except Exception as error:  # the library raises whatever its client of the day raises
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UsageError(f"{hub_id}: no model can be found: {reason}") from error
    return path


def _files(snapshot: Path) -> list[Path]:
    patterns = [*SMALL, *SAFE]
    if not any((snapshot / name).exists() for name in loading.SAFE):
        patterns += PICKLED
    return sorted({path for pattern in patterns for path in snapshot.glob(pattern)})


def _check_download(path: Path, found: str) -> None:
    """The hub names a large file in its cache by its sha256."""
    name = path.resolve().name
    if path.is_symlink() and len(name) == len(found) and name != found:
        raise Infrastructure(f"{path} was not fetched whole (its sha256 is {found}); delete it")


def _compare(
    recorded: Mapping[str, str], found: Mapping[str, str], where: Path, lock: Path
) -> None:
    for name in sorted(recorded.keys() | found.keys()):
        if recorded.get(name) == found.get(name):
            continue
        what = "is gone" if name not in found else "is new" if name not in recorded else "changed"
        raise SaysNo(
            f"{where / name} {what} since it was recorded in {lock}; fetch it again, or delete the "
            "lock to take what is there now"
        )


def _digest(path: Path) -> str:
    state = path.stat()
    return _digest_of(path, state.st_size, state.st_mtime_ns)


@cache
def _digest_of(path: Path, size: int, changed: int) -> str:  # noqa: ARG001 - the cache's key
    return sha256(path)  # of gigabytes, and a stage asks for each of its systems


def _read(path: Path, hub_id: str) -> dict[str, Any]:
    if not path.exists():
        return {"schema": SCHEMA, "hub_id": hub_id, "revisions": {}, "commits": {}}
    try:
        lock: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if lock["schema"] != SCHEMA or lock["hub_id"] != hub_id:
            raise ValueError("it is of another model or schema")
        for entry in lock["commits"].values():
            dict(entry["files"]), dict(entry["converted"])
        dict(lock["revisions"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no lock of a hub model: {error}; delete it") from error
    return lock


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Processes of one run ask for the same model at once; one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".fetching").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
