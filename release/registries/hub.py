"""A registry on a model hub: a repository for each name, a tag for each version.

    OWNER/NAME at the tag 1.2.0     the bundle's files, at the root
    …          at main              what a bare name stands for; what the hub's page shows
    …          at korpu-records     records.json: aliases, withdrawals, locks, collections
    …          at publish-…         a version that is being published; nobody reads it

A version is published when its tag is made, after its files are committed and were compared with
what the hub says it has. A tag is made once, so of two publishers one wins. All records of a name
are one file, changed by a commit that names its parent: whoever changes it has seen all of it.

The endpoint and the login come from the environment (`HF_ENDPOINT`, `HF_TOKEN`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from korpu import __version__
from korpu import bundle as bundles
from korpu.bundle import intake
from korpu.errors import Infrastructure, SaysNo, UsageError
from release.registries import fetching, interface, records, revisions
from release.registries.interface import Published
from release.registries.records import State
from release.registries.repository import Repository, asked

LABEL = "korpu"  # a tag in the card's front matter, by which the names are found


def opened(owner: str) -> Hub:
    """The registry of a user or an organisation; raises ``UsageError`` for what is none."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import (  # type: ignore[attr-defined]
        disable_progress_bars,
        validate_repo_id,
    )

    owner = owner.strip("/")
    try:
        validate_repo_id(f"{owner}/name")
    except HFValidationError:
        raise UsageError(
            f"release.registry: hub://{owner} is no user or organisation; write hub://OWNER, the "
            "bundle's name is that of the repository"
        ) from None
    disable_progress_bars()
    endpoint = os.environ.get("HF_ENDPOINT")
    api = HfApi(endpoint=endpoint, library_name="korpu", library_version=__version__)
    return Hub(api, owner)


@dataclass(frozen=True)
class Hub:
    """See the module, and ``interface.Registry`` for the methods."""

    api: Any
    owner: str

    @property
    def where(self) -> str:
        return f"hub://{self.owner}"

    def publish(self, made: Path) -> Published:
        manifest = bundles.verify(made)
        name, version, content = manifest["name"], manifest["version"], str(manifest["content"])
        interface.check_names(name, version, None)
        repository = self._repository(name)
        if repository.refs() is None:
            repository.make()
        state = records.read(repository)
        state.refuse_gone(name, version)
        new = version not in state.refs.tags
        if new:
            commit = revisions.send(repository, made, manifest, state)
            repository.tag(version, commit)
            state = records.read(repository)
            state.refuse_gone(name, version)  # another's, collected since we looked
            new = state.refs.tags.get(version) == commit
        if (own := revisions.branch(made, version)) in state.refs.branches:
            repository.drop_branch(own)
        where = f"{self.where}/{name}@{version}"
        if not new:
            there = intake.parsed(
                self._manifest(repository, state, name, version), Path(where, bundles.MANIFEST)
            )
            if there["content"] != content:
                raise interface.refuse_other_content(where)
        revisions.show(repository)
        signature = repository.read(state.refs.tags[version], bundles.SIGNATURE)
        return Published(where, content, new, signed=signature is not None)

    def names(self) -> list[str]:
        def ask() -> list[str]:
            return [row.id for row in self.api.list_models(author=self.owner, filter=LABEL)]

        found = asked(f"{self.api.endpoint}/{self.owner}", ask)
        names = [name for _, _, name in (full.partition("/") for full in found)]
        return sorted(
            name for name in names if interface.NAME.fullmatch(name) and self.versions(name)
        )

    def versions(self, name: str) -> list[str]:
        return self._state(name).versions

    def aliases(self, name: str) -> dict[str, str]:
        return dict(self._state(name).aliases)

    def move_alias(self, name: str, alias: str, version: str | None, expected: str | None) -> None:
        interface.check_names(name, version, alias)
        before: list[str | None] = []  # what it stood for when we first looked

        def edit(state: State) -> str | None:
            if version is not None:
                self._check_there(state, name, version)
                if reason := state.withdrawn.get(version):
                    raise SaysNo(interface.withdrawn_sentence(name, version, reason))
            now = state.aliases.get(alias)
            # it may have moved by a request that was sent twice, or another one that did the same
            if now != expected and not (before and now == version):
                raise interface.refuse_moved(name, alias, now)
            before.append(now)
            if now == version:
                return None
            state.put("aliases", alias, version)
            return f"{alias}: {now or 'nothing'} → {version or 'nothing'}"

        self._change(name, edit)

    def withdrawn(self, name: str) -> dict[str, str]:
        return self._state(name).withdrawn

    def yank(self, name: str, version: str, reason: str) -> None:
        interface.check_names(name, version, None)
        interface.check_reason(reason)

        def edit(state: State) -> str | None:
            self._check_there(state, name, version)
            there = state.withdrawn.get(version)
            if there is not None and there != reason:
                said = interface.withdrawn_sentence(name, version, there)
                raise SaysNo(f"{said}; the record stays as it is")
            interface.refuse_aliased(name, version, state.aliases)
            state.put("withdrawn", version, interface.record(name, version, reason=reason))
            return None if there else f"{version} is withdrawn: {reason}"

        self._change(name, edit)

    def fetch(self, name: str, version: str) -> Path:
        repository, state = self._repository(name), self._state(name)
        manifest = self._manifest(repository, state, name, version)
        commit = state.refs.tags[version]
        signature = repository.read(commit, bundles.SIGNATURE)

        def get(path: str, _: Mapping[str, Any], target: Path) -> None:
            if not repository.download(commit, path, target):
                raise SaysNo(f"{repository.name} has no {path} at {version}; do not use it")

        return fetching.copy_of(name, version, manifest, signature, get)

    def locks(self, name: str) -> dict[str, str]:
        return self._state(name).locks

    def hold(self, name: str, version: str, holder: str) -> None:
        def edit(state: State) -> str:
            self._check_there(state, name, version)
            record = interface.record(name, version, holder=holder)
            state.put("locks", f"{version}.{holder}", record)
            return f"{holder} holds {version}"

        self._change(name, edit)

    def let_go(self, name: str, version: str, holder: str) -> None:
        def edit(state: State) -> str:
            if f"{version}.{holder}" not in state.locks:
                raise UsageError(f"{holder} does not hold {name} {version} in {self.where}")
            state.put("locks", f"{version}.{holder}", None)
            return f"{holder} let {version} go"

        self._change(name, edit)

    def collect(self, name: str, keep: int) -> list[str]:
        """Record what is garbage, then delete its tags: a version is gone with its record."""
        gone: list[str] = []

        def edit(state: State) -> str | None:
            gone[:] = interface.garbage(
                state.versions, state.aliases, state.locks, state.withdrawn, keep
            )
            for version in gone:
                state.put("collected", version, interface.record(name, version))
            return f"collected {', '.join(gone)}" if gone else None

        repository, state = self._repository(name), self._change(name, edit)
        for version in state.collected & state.refs.tags.keys():  # also of runs that were killed
            repository.drop_tag(version)
        for branch in state.refs.branches:
            if branch.startswith(revisions.PUBLISHING):
                repository.drop_branch(branch)
        return gone

    def _change(self, name: str, edit: Callable[[State], str | None]) -> State:
        """Change the records by compare and swap, and what main shows by them.

        ``edit`` puts into the state it is given, and returns what that is for people, or None
        where nothing is to be done; it is called again where others were faster.
        """
        repository = self._repository(name)
        for _ in range(records.TRIES):
            state = records.read(repository)
            if state.refs is records.NOTHING:
                raise UsageError(f"{name} is not published in {self.where}")
            message = edit(state)
            if message is None or records.write(repository, state, message):
                revisions.show(repository)
                return state
        raise Infrastructure(f"others change the records of {name} all the time; run this again")

    def _repository(self, name: str) -> Repository:
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

        try:
            validate_repo_id(f"{self.owner}/{name}")
        except HFValidationError:
            raise UsageError(
                f"a hub takes no repository named {name!r}; give another release.name"
            ) from None
        return Repository(self.api, f"{self.owner}/{name}")

    def _state(self, name: str) -> State:
        return records.read(self._repository(name))

    def _manifest(self, repository: Repository, state: State, name: str, version: str) -> bytes:
        self._check_there(state, name, version)
        found = repository.read(state.refs.tags[version], bundles.MANIFEST)
        if found is None:
            raise SaysNo(f"the tag {version} of {repository.name} is no bundle; look who made it")
        return found

    def _check_there(self, state: State, name: str, version: str) -> None:
        if version not in state.versions:
            raise UsageError(f"{name} {version} is not published in {self.where}")
