"""A repository on a model hub: refs, files of a commit, and commits by compare and swap.

Every request is one of `huggingface_hub`. A commit names its parent, and the hub refuses it where
the branch is elsewhere by now; a tag is made once. Large files go to the hub by their content
before a commit names them, so what arrived once is not sent again.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from korpu.errors import Infrastructure, KorpuError, UsageError

WAITS = (1.0, 3.0, 9.0)  # seconds before a request that failed for now is sent again
SECONDS = 300.0  # of silence, after which a connection counts as broken
AGAIN = (408, 429, 500, 502, 503, 504)
ATTRIBUTES = ".gitattributes"  # the hub's own file: which files are large
LOST = {409: None, 412: None}  # the answers of a hub where another commit or tag came first
LOGIN = re.compile(r"(?<=://)[^/\s]*@")  # of an address such as HF_ENDPOINT's
T = TypeVar("T")


@dataclass(frozen=True)
class Refs:
    """Branches and tags, name → commit."""

    branches: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Stored:
    """A file of a commit: the sha256 of a large one, else git's hash."""

    blob: str
    sha256: str | None

    def equals(self, path: Path, sha256: str) -> bool:
        """Whether it is this local file, whose sha256 is known."""
        if self.sha256 is not None:
            return self.sha256 == sha256
        data = path.read_bytes()
        return self.blob == hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass(frozen=True)
class Repository:
    """``api`` is an ``HfApi``, ``name`` is OWNER/NAME. Errors: see ``asked``."""

    api: Any
    name: str

    def refs(self) -> Refs | None:
        """None where there is no such repository."""
        found = self._ask(lambda: self.api.list_repo_refs(self.name), {404: None})
        if found is None:
            return None
        branches, tags = (
            {r.name: r.target_commit for r in s} for s in (found.branches, found.tags)
        )
        return Refs(branches, tags)

    def make(self) -> None:
        """Make it, private, where there is none."""
        self._ask(lambda: self.api.create_repo(self.name, private=True, exist_ok=True))

    def branch(self, name: str, at: str) -> None:
        """Make a branch at a commit, where there is none of this name."""
        self._ask(
            lambda: self.api.create_branch(self.name, branch=name, revision=at, exist_ok=True)
        )

    def drop_branch(self, name: str) -> None:
        self._ask(lambda: self.api.delete_branch(self.name, branch=name), {404: None})

    def tag(self, name: str, commit: str) -> bool:
        """False where there is such a tag."""
        done = self._ask(
            lambda: self.api.create_tag(self.name, tag=name, revision=commit) or True, LOST
        )
        return bool(done)

    def drop_tag(self, name: str) -> None:
        self._ask(lambda: self.api.delete_tag(self.name, tag=name), {404: None})

    def files(self, commit: str) -> dict[str, Stored]:
        """Path → what is stored, without the hub's own file."""

        def ask() -> dict[str, Stored]:
            rows = self.api.list_repo_tree(self.name, recursive=True, revision=commit)
            return {
                row.path: Stored(row.blob_id, row.lfs.sha256 if row.lfs else None)
                for row in rows
                if hasattr(row, "blob_id") and row.path != ATTRIBUTES
            }

        return self._ask(ask, tries=1)

    def commit(
        self,
        branch: str,
        parent: str,
        message: str,
        *,
        add: Mapping[str, Path | bytes] | None = None,
        copy: Mapping[str, str] | None = None,
        delete: Collection[str] = (),
    ) -> bool:
        """Commit to a branch that is at ``parent``; False where it is not any more.

        ``add`` is path → what shall be there, ``copy`` path → the commit whose file it shall be. A
        request that was sent twice may say False though the first one did it: look again.
        """
        from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete

        def operations() -> list[Any]:  # made for each try, since the library writes into them
            added = [
                CommitOperationAdd(path, source if isinstance(source, bytes) else str(source))
                for path, source in sorted((add or {}).items())
            ]
            copied = [
                CommitOperationCopy(path, path, src_revision=commit)
                for path, commit in sorted((copy or {}).items())
            ]
            deleted = [CommitOperationDelete(path, is_folder=False) for path in sorted(delete)]
            return [*added, *copied, *deleted]

        def ask() -> bool:
            words = {"commit_message": message, "revision": branch, "parent_commit": parent}
            self.api.create_commit(self.name, operations(), **words)
            return True

        return bool(self._ask(ask, LOST))

    def download(self, commit: str, path: str, target: Path) -> bool:
        """Bring a file of a commit to a path; False where it has none.

        Past the library's own cache, whose links and whose damages are nothing of a bundle.
        """
        with TemporaryDirectory(dir=target.parent) as folder:
            words = {"local_dir": folder, "cache_dir": folder, "revision": commit}

            def ask() -> Any:
                return self.api.hf_hub_download(self.name, path, **words)

            came = self._ask(ask, {404: None}, tries=2)
            if came is not None:
                Path(came).rename(target)
        return came is not None

    def read(self, commit: str, path: str) -> bytes | None:
        """A small file of a commit, or None."""
        with TemporaryDirectory() as folder:
            target = Path(folder) / "file"
            return target.read_bytes() if self.download(commit, path, target) else None

    def _ask(self, do: Callable[[], T], answers: Mapping[int, Any] | None = None, **how: int) -> T:
        return asked(f"{self.api.endpoint}/{self.name}", do, answers, **how)


def asked(
    where: str,
    do: Callable[[], T],
    answers: Mapping[int, Any] | None = None,
    tries: int = len(WAITS) + 1,
) -> T:
    """What ``do`` returns, or the answer that a status stands for; tried again where it may help
    (``tries`` is less for what the library itself tries again).

    Raises ``UsageError`` where the hub refuses the login or the request, ``Infrastructure`` where
    it cannot be reached, fails, or does not answer as a hub does; errors of the disk as they are.
    """
    from huggingface_hub import get_session

    for wait in (*WAITS[: tries - 1], None):
        get_session().timeout = SECONDS
        try:
            return do()
        except Exception as error:  # the library raises whatever its clients of the day raise
            status = _status(error)
            if status in (answers or {}):
                return answers[status]  # type: ignore[index, no-any-return]
            if wait is None or not (status in AGAIN or (status is None and _is_broken(error))):
                said = _said(where, error, status)
                if said is None:
                    raise
                raise said from error
        time.sleep(wait)
    raise AssertionError("the last try returns or raises")


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None:
        found.append(error)
        error = error.__cause__
    return found


def _status(error: BaseException) -> int | None:
    """The status of the answer an error comes from; None where none came."""
    answers = (getattr(link, "response", None) for link in _chain(error))
    return next((answer.status_code for answer in answers if answer is not None), None)


def _is_broken(error: BaseException) -> bool:
    """Whether the connection failed: of HTTP clients, of the large files' own, or short files."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    client = HfHubHTTPError.__bases__[0]  # the base of all errors of the HTTP client in use
    links = _chain(error)
    if any(isinstance(link, OfflineModeIsEnabled) for link in links):
        return False
    if any(isinstance(link, client | RuntimeError | ConnectionError) for link in links):
        return True
    return isinstance(links[-1], OSError) and links[-1].errno is None


def _said(where: str, error: Exception, status: int | None) -> KorpuError | None:
    """An error of korpu in its place, without what may hold long addresses or a login."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    where = LOGIN.sub("", where)
    if status in (401, 403):
        return UsageError(
            f"{where} is not there, or is not open to this login ({status}); correct hub://OWNER, "
            "or set HF_TOKEN to a token that may do this"
        )
    if status in AGAIN or (status or 0) >= 500:
        return Infrastructure(f"{where} failed ({status}); run it again later")
    if status == 404:
        return Infrastructure(f"{where}: what was there a moment ago is gone; run it again")
    if status is not None:
        words = " ".join(str(getattr(error, "server_message", None) or "no reason given").split())
        return UsageError(f"{where} refuses this ({status}): {words}")
    if any(isinstance(link, OfflineModeIsEnabled) for link in _chain(error)):
        return UsageError(f"{where} needs the network, and HF_HUB_OFFLINE is set; unset it")
    if _is_broken(error):
        kind = type(_chain(error)[-1]).__name__
        return Infrastructure(
            f"{where} cannot be reached or broke off ({kind}); what arrived is kept, run it again"
        )
    if isinstance(error, ValueError):  # also an answer that is no JSON
        words = LOGIN.sub("", " ".join(str(error).split()))[:200]
        return UsageError(f"{where} does not take this, or is no hub (HF_ENDPOINT): {words}")
    return None
