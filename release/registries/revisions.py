"""The commits of a hub's registry: a version's files on a branch of its own, and what main shows.

A commit is compared by what the hub lists of it, file by file, and made again where it differs: so
a killed publish continues, an answer that was lost does no harm, and nothing is tagged unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from korpu import bundle as bundles
from korpu import log
from korpu.artifact import sha256
from korpu.errors import Infrastructure
from release.registries import records
from release.registries.records import MAIN, TRIES, State
from release.registries.repository import Repository

PUBLISHING = "publish-"


def branch(made: Path, version: str) -> str:
    """The same for the same files only: publishers of others do not meet on it."""
    return f"{PUBLISHING}{version}-{sha256(made / bundles.MANIFEST)[:12]}"


def send(repository: Repository, made: Path, manifest: Mapping[str, Any], state: State) -> str:
    """The commit of a branch of its own that has the bundle's files and nothing else."""
    own = branch(made, manifest["version"])
    files = {path: entry["sha256"] for path, entry in manifest["files"].items()}
    for path in (bundles.MANIFEST, bundles.SIGNATURE):
        if (made / path).exists():
            files[path] = sha256(made / path)
    repository.branch(own, state.refs.branches[MAIN])
    for _ in range(TRIES):
        refs = repository.refs()
        head = refs.branches.get(own) if refs else None
        if head is None:
            break
        there = repository.files(head)
        lacking = {
            path: made / path
            for path, hashed in files.items()
            if path not in there or not there[path].equals(made / path, hashed)
        }
        gone = there.keys() - files.keys()
        if not lacking and not gone:
            return head
        log.say(f"  sending {len(lacking)} files to {repository.name}")
        message = f"{manifest['name']} {manifest['version']}"
        repository.commit(own, head, message, add=lacking, delete=gone)
    raise Infrastructure(
        f"{repository.name} does not keep what is sent to its branch {own}; look at it, and run "
        "this again"
    )


def show(repository: Repository) -> None:
    """Let main have the files of what a bare name stands for, else of the newest good version.

    It stays where there is none: without its card no list would name the repository any more.
    Looks again after each commit, so that of two who move an alias the later one is shown.
    """
    for _ in range(TRIES):
        state = records.read(repository)
        version = state.shown()
        if version is None:
            return
        commit, main = state.refs.tags[version], state.refs.branches[MAIN]
        wanted, there = repository.files(commit), repository.files(main)
        other = {path: commit for path, file in wanted.items() if there.get(path) != file}
        gone = there.keys() - wanted.keys()
        if not other and not gone:
            return
        repository.commit(MAIN, main, f"Show {version}", copy=other, delete=gone)
    log.say(f"{repository.name}: others move main all the time; it may show another version")
