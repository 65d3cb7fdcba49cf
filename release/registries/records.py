"""The records of a name on a hub: one JSON file on a branch of its own, and its refs beside it.

    korpu-records: records.json     {aliases, withdrawn, locks, collected}

The branch's history says who changed what, and when.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from korpu.errors import SaysNo
from release.registries import interface
from release.registries.repository import Refs, Repository

TRIES = 5  # of a change that others make in the same moments
MAIN = "main"
BRANCH = "korpu-records"
FILE = "records.json"
KINDS = ("aliases", "withdrawn", "locks", "collected")
NOTHING = Refs({}, {})  # of a repository that is not there


@dataclass(frozen=True)
class State:
    """A name at one moment; ``records`` is kind → key → record, an alias's being its version."""

    refs: Refs
    records: dict[str, dict[str, Any]]

    @property
    def versions(self) -> list[str]:
        """Published and not collected, oldest first."""
        found = filter(interface.SEMVER.fullmatch, self.refs.tags.keys() - self.collected)
        return sorted(found, key=interface.order)

    @property
    def aliases(self) -> dict[str, str]:
        return self.records["aliases"]

    @property
    def withdrawn(self) -> dict[str, str]:
        return {version: row["reason"] for version, row in self.records["withdrawn"].items()}

    @property
    def locks(self) -> dict[str, str]:
        return {lock: lock.rpartition(".")[0] for lock in self.records["locks"]}

    @property
    def collected(self) -> set[str]:
        return set(self.records["collected"])

    def put(self, kind: str, key: str, record: Any) -> None:
        """Set a record of this state, or take it away (None)."""
        if record is None:
            self.records[kind].pop(key, None)
        else:
            self.records[kind][key] = record

    def shown(self) -> str | None:
        """What a bare name stands for, else the newest version that is good."""
        good = [version for version in self.versions if version not in self.withdrawn]
        wanted = (self.aliases.get(alias) for alias in interface.PREFERRED)
        return next((v for v in wanted if v in good), good[-1] if good else None)

    def refuse_gone(self, name: str, version: str) -> None:
        """Raises ``SaysNo`` for a version that cannot be published again."""
        if reason := self.withdrawn.get(version):
            said = interface.withdrawn_sentence(name, version, reason)
            raise SaysNo(f"{said}; raise release.version")
        if version in self.collected:
            raise SaysNo(f"{name} {version} was collected; raise release.version")


def read(repository: Repository) -> State:
    """Refs, and the records that one of them names."""
    refs = repository.refs() or NOTHING
    head = refs.branches.get(BRANCH)
    data = repository.read(head, FILE) if head else None
    if data is None:  # the branch is made before its first record
        return State(refs, {kind: {} for kind in KINDS})
    try:
        found = json.loads(data)
        records = {kind: dict(found[kind]) for kind in KINDS}
        state = State(refs, records)
        _ = state.withdrawn
    except (ValueError, KeyError, TypeError) as error:
        raise SaysNo(
            f"{FILE} on the branch {BRANCH} of {repository.name} is damaged; bring back the commit "
            "before"
        ) from error
    return state


def write(repository: Repository, state: State, message: str) -> bool:
    """Commit what was put into a state; False where its records are not the newest any more."""
    head = state.refs.branches.get(BRANCH)
    if head is None:
        head = state.refs.branches[MAIN]
        repository.branch(BRANCH, head)
    data = (json.dumps(state.records, ensure_ascii=False, indent=1) + "\n").encode()
    return repository.commit(BRANCH, head, message, add={FILE: data})
