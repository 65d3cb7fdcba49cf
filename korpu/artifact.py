"""What a stage leaves behind: a directory that is done when, and only when, its manifest is there.

`manifest.json` is written last and atomically, so a killed stage leaves a directory without one;
the next run of the same recipe finds the same directory (its name holds the key) and continues.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import korpu
from korpu.errors import Infrastructure, SaysNo, UsageError

SCHEMA = 1
MANIFEST = "manifest.json"
RESUMABLE = "RESUMABLE"  # the marker of a stage that a signal stopped
PACKAGES = ("torch", "transformers", "peft", "tokenizers", "sacrebleu", "ctranslate2", "polars")


@dataclass(frozen=True)
class File:
    """A file of an artifact. ``content`` is what counts as equal: by default the bytes' sha256.

    ``content=None`` leaves the file out of the artifact's content digest (logs, WARC, reports with
    times); ``time_columns`` names the Parquet columns that do not count.
    """

    path: str
    rows: int | None = None
    counts: bool = True
    time_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """What a stage's function returns. ``refused`` is the sentence of work that says no."""

    files: tuple[File, ...]
    stats: Mapping[str, Any] = field(default_factory=dict)
    refused: str | None = None


@dataclass(frozen=True)
class Artifact:
    """A finished stage on disk."""

    directory: Path
    manifest: Mapping[str, Any]

    @property
    def stage(self) -> str:
        return str(self.manifest["stage"])

    @property
    def key(self) -> str:
        return str(self.manifest["key"])

    @property
    def content(self) -> str:
        """The digest of everything that counts in it; later stages' keys are made of it."""
        return str(self.manifest["content"])

    @property
    def stats(self) -> Mapping[str, Any]:
        stats: Mapping[str, Any] = self.manifest["stats"]
        return stats

    def file(self, path: str) -> Path:
        """A file the manifest lists; raises ``SaysNo`` where it is gone."""
        found = self.directory / path
        if not found.exists():
            raise SaysNo(
                f"{found} is listed in the manifest but missing; delete {self.directory} and run "
                f"`korpu {self.stage}` again"
            )
        return found

    def reference(self) -> dict[str, str]:
        """How another manifest names this one."""
        return {
            "stage": self.stage,
            "key": self.key,
            "manifest_sha256": sha256(self.directory / MANIFEST),
        }

    def verify(self) -> None:
        """Compare every listed file with its sha256; raises ``SaysNo`` naming the first."""
        for listed in self.manifest["files"]:
            if sha256(self.file(listed["path"])) != listed["sha256"]:
                raise SaysNo(f"{self.directory / listed['path']} is not the file that was written")


def load(directory: Path) -> Artifact | None:
    """The artifact in a directory, or None where its manifest is missing or not valid."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    except OSError as error:
        raise UsageError(f"{directory / MANIFEST} cannot be read: {error.strerror}") from error
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        return None
    return Artifact(directory, manifest)


def sha256(path: Path) -> str:
    """The hex digest of a file; of a directory, of its files' relative paths and digests."""
    if path.is_dir():
        inside = {
            str(p.relative_to(path)): sha256(p) for p in sorted(path.rglob("*")) if p.is_file()
        }
        return digest(inside)
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()


def digest(value: Any) -> str:
    """The sha256 of a JSON value in its canonical form."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def write_atomically(path: Path, data: bytes | str) -> None:
    """Write a file that is either whole or absent: temp, fsync, rename, fsync of the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as stream:
        stream.write(data.encode("utf-8") if isinstance(data, str) else data)
        stream.flush()
        os.fsync(stream.fileno())
    replace_durably(temporary, path)


def replace_durably(temporary: Path, path: Path) -> None:
    """Rename and fsync the folder, so that the new name survives a power cut."""
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_json(path: Path, value: Any) -> None:
    """A readable JSON file, atomically."""
    write_atomically(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold a directory against a second run of the same stage; raises ``Infrastructure``."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as stream:
        for wait in (0.05, 0.1, 0.2, None):  # `korpu status` looks at a lock for a moment
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if wait is None:
                    raise Infrastructure(
                        f"another run is working in {directory}; wait for it or stop it"
                    ) from None
                time.sleep(wait)
        yield


def commit(
    directory: Path,
    *,
    stage: str,
    key: str,
    config: Mapping[str, Any],
    inputs: Iterable[Artifact],
    result: Result,
    started: float,
) -> Artifact:
    """Write the manifest: from here on the stage is done. Work files (`work/`) are removed."""
    shutil.rmtree(directory / "work", ignore_errors=True)
    files, counted = [], []
    for listed in result.files:
        path = directory / listed.path
        fsync_tree(path)
        entry: dict[str, Any] = {"path": listed.path, "sha256": sha256(path), "bytes": size(path)}
        if listed.rows is not None:
            entry["rows"] = listed.rows
        files.append(entry)
        if listed.counts:
            equal = parquet_digest(path, listed.time_columns) if listed.time_columns else None
            counted.append([listed.path, equal or entry["sha256"]])
    manifest = {
        "schema": SCHEMA,
        "stage": stage,
        "key": key,
        "content": digest(sorted(counted)),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.time() - started, 2),
        "code": code(),
        "config": config,
        "inputs": [artifact.reference() for artifact in inputs],
        "files": files,
        "stats": result.stats,
        "refused": result.refused,
        "env": environment(),
    }
    write_json(directory / MANIFEST, manifest)
    (directory / RESUMABLE).unlink(missing_ok=True)
    return Artifact(directory, manifest)


def fsync_tree(path: Path) -> None:
    """fsync a file, or every file below a directory."""
    for found in path.rglob("*") if path.is_dir() else [path]:
        if found.is_file():
            handle = os.open(found, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def size(path: Path) -> int:
    """Bytes of a file, or of all files below a directory."""
    if path.is_dir():
        return sum(found.stat().st_size for found in path.rglob("*") if found.is_file())
    return path.stat().st_size


def parquet_digest(path: Path, without: tuple[str, ...]) -> str:
    """A digest of a Parquet file's rows and names, leaving some columns out.

    Read in batches of a fixed size, so that it needs little memory and row groups do not count.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    hasher = hashlib.sha256()
    with pq.ParquetFile(path) as file:
        columns = [name for name in file.schema_arrow.names if name not in without]
        hasher.update(str(pa.schema([file.schema_arrow.field(n) for n in columns])).encode())
        for batch in file.iter_batches(batch_size=1024, columns=columns):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            hasher.update(sink.getvalue())
    return hasher.hexdigest()


@cache
def _code() -> tuple[str, str | None, bool | None]:
    checkout = Path(korpu.__file__).resolve().parent.parent

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(checkout), *words], capture_output=True, text=True, timeout=10
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit_id = git("rev-parse", "HEAD")
    status = git("status", "--porcelain", "--untracked-files=no")
    return korpu.__version__, commit_id, None if status is None else bool(status)


def code() -> dict[str, Any]:
    """Which code made an artifact: version, commit, and whether the checkout was changed."""
    version, commit_id, dirty = _code()
    return {"version": version, "git": commit_id, "dirty": dirty}


def environment() -> dict[str, Any]:
    """The Python and package versions that shape results."""
    packages = {}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            packages[name] = metadata.version(name)
    return {"python": platform.python_version(), "packages": packages}


def as_json(value: Any) -> Any:
    """A dataclass (or anything JSON) as plain JSON."""
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
