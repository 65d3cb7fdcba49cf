"""Repositories as a model hub keeps them, in memory: commits by content, refs, large files."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

ATTRIBUTES = ".gitattributes"
TRACKED = "filter=lfs diff=lfs merge=lfs -text"
FIRST = "".join(f"{pattern} {TRACKED}\n" for pattern in ("*.bin", "*.model", "*.safetensors"))


class Refused(Exception):
    """An answer that is an error: its status, the hub's word for it, and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class File:
    """``data`` is what git keeps, the pointer of a large file; ``large`` is its sha256."""

    data: bytes
    large: str | None = None
    bytes: int = 0

    @property
    def oid(self) -> str:
        return hashlib.sha1(b"blob %d\0" % len(self.data) + self.data).hexdigest()


@dataclass
class Repository:
    """Refs name commits; a commit is its tree, its parent and its message, named by their hash."""

    private: bool
    most: int  # bytes of a file that git keeps itself
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    trees: dict[str, dict[str, File]] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.branches["main"] = self._commit({ATTRIBUTES: File(FIRST.encode())}, "", "first")

    def _commit(self, tree: dict[str, File], parent: str, message: str) -> str:
        said = [parent, message, {path: file.oid for path, file in sorted(tree.items())}]
        oid = hashlib.sha1(json.dumps(said).encode()).hexdigest()
        self.trees[oid], self.messages[oid] = tree, message
        return oid

    def revision(self, name: str) -> str:
        """The commit of a branch, a tag or a commit's own name."""
        for found in (self.branches.get(name), self.tags.get(name)):
            if found:
                return found
        if name in self.trees:
            return name
        raise Refused(404, "RevisionNotFound", f"Invalid rev id: {name}")

    def tree(self, revision: str) -> dict[str, File]:
        return self.trees[self.revision(revision)]

    def is_large(self, revision: str, path: str, size: int, sample: bytes) -> bool:
        attributes = self.tree(revision).get(ATTRIBUTES, File(b"")).data.decode()
        tracked = (line.split(" ")[0] for line in attributes.splitlines() if TRACKED in line)
        name = path.rpartition("/")[2]
        matches = any(p in (path, name) or fnmatch.fnmatch(name, p) for p in tracked)
        return size > 0 and (matches or size > self.most or b"\0" in sample)

    def store(self, oid: str, data: bytes) -> None:
        if hashlib.sha256(data).hexdigest() != oid:
            raise Refused(400, "BadDigest", "these are other bytes")
        self.stored[oid] = data

    def commit(self, branch: str, lines: list[dict[str, Any]]) -> str:
        """Raises ``Refused`` where the branch is not at the parent that the header names."""
        if branch not in self.branches:
            raise Refused(404, "RevisionNotFound", f"Invalid rev id: {branch}")
        header, head = lines[0]["value"], self.branches[branch]
        if header.get("parentCommit", head) != head:
            said = "A commit has happened since. Please refresh and try again."
            raise Refused(412, "PreconditionFailed", said)
        tree = dict(self.trees[head])
        for line in lines[1:]:
            value, path = line["value"], line["value"]["path"]
            if line["key"] == "file":
                data = base64.b64decode(value["content"])
                tree[path] = File(data, bytes=len(data))
            elif line["key"] == "lfsFile":
                tree[path] = self._large(value["oid"])
                if not self.is_large(head, path, 1, b""):
                    attributes = tree.get(ATTRIBUTES, File(b"")).data
                    tree[ATTRIBUTES] = File(attributes + f"{path} {TRACKED}\n".encode())
            elif line["key"] == "deletedFile":
                if tree.pop(path, None) is None:
                    raise Refused(404, "EntryNotFound", "A file with this name doesn't exist")
            else:
                raise Refused(400, "BadRequest", f"no operation {line['key']}")
        self.branches[branch] = self._commit(tree, head, header["summary"])
        return self.branches[branch]

    def _large(self, oid: str) -> File:
        if oid not in self.stored:
            raise Refused(400, "BadRequest", f"no object {oid} was uploaded")
        size = len(self.stored[oid])
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"
        return File(pointer.encode(), oid, size)

    def make_branch(self, name: str, start: str | None) -> None:
        if name in self.branches:
            raise Refused(409, "Conflict", f"Reference already exists: {name}")
        self.branches[name] = self.revision(start or "main")

    def make_tag(self, name: str, revision: str) -> None:
        if name in self.tags:
            raise Refused(409, "Conflict", f"Tag reference exists already: {name}")
        self.tags[name] = self.revision(revision)

    def drop(self, refs: dict[str, str], name: str) -> None:
        if refs.pop(name, None) is None:
            raise Refused(404, "RevisionNotFound", f"no {name}")

    def row(self, path: str, file: File) -> dict[str, Any]:
        """A file as listings show it."""
        row = {"type": "file", "path": path, "oid": file.oid, "size": file.bytes or len(file.data)}
        if file.large:
            pointer = len(file.data)
            row["lfs"] = {"oid": file.large, "size": file.bytes, "pointerSize": pointer}
        return row
