"""Files from outside that must stay what they were: hashes recorded at first use, then compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from korpu import log
from korpu.artifact import sha256, write_json
from korpu.errors import SaysNo, UsageError

SCHEMA = 1


def check(folder: Path, name: str, files: Mapping[str, str | Path]) -> None:
    """Record the sha256 of files by their roles in ``folder/name.lock.json``, or compare with it.

    Raises ``SaysNo`` naming both hashes where a file is another than at first use, ``UsageError``
    where a file or the lock cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / f"{name}.lock.json"
    found = {role: _hash(Path(path), f"{name}.{role}") for role, path in files.items()}
    if not lock.exists():
        write_json(lock, {"schema": SCHEMA, "name": name, "files": found})
        log.say(f"  {name}: {len(found)} files recorded in {lock}")
        return
    for role, recorded in _read(lock).items():
        if found.get(role) != recorded:
            what = f"is {found[role]}" if role in found else "is not given"
            raise SaysNo(
                f"{name}: {role} was {recorded} (sha256) at first use and {what} now"
                f"{f' ({files[role]})' if role in files else ''}; restore the file, or delete "
                f"{lock} to score on what is there now, which compares with no earlier score"
            )
    if new := sorted(found.keys() - _read(lock).keys()):
        raise SaysNo(
            f"{name}: {new[0]} ({found[new[0]]}) was not there at first use; give the test set "
            f"another name, or delete {lock}"
        )


def _hash(path: Path, where: str) -> str:
    try:
        return sha256(path)
    except OSError as error:
        raise UsageError(f"{where}: {path} cannot be read: {error.strerror}") from error


def _read(lock: Path) -> dict[str, str]:
    try:
        content = json.loads(lock.read_text("utf-8"))
        if content["schema"] != SCHEMA:
            raise ValueError(f"schema {content['schema']}")
        return dict(content["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{lock} is no lock of a test set ({error!r}); delete it") from error
