"""A registry in a bucket of any S3 API that has conditional writes.

    <prefix>/<name>/versions/<semver>/objects/<sha256>   the files' bytes
    <prefix>/<name>/versions/<semver>/signatures/<sha256 of MANIFEST.json>
    <prefix>/<name>/versions/<semver>/MANIFEST.json      published when, and only when, it is there
    <prefix>/<name>/aliases/<alias>                      the version it stands for, or nothing
    <prefix>/<name>/{yanked,collected}/<semver>.json, locks/<semver>.<holder>

Files are named by content and a signature by what it signs, so publishers of one version cannot
disturb each other, and a publish that was killed is invisible and continues. The manifest is put
last, with `If-None-Match: *`: of two publishers one wins. An alias is put with `If-Match` on what
was read.

The endpoint and the login come from the environment (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, …).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from korpu import bundle as bundles
from korpu.errors import Infrastructure, SaysNo, UsageError
from release.registries import fetching, interface
from release.registries.interface import Published
from release.registries.objects import Objects


def opened(rest: str) -> S3:
    """The registry of ``BUCKET/PREFIX``; raises ``UsageError`` without the extra s3."""
    bucket, _, prefix = rest.strip("/").partition("/")
    return S3(Objects.of(bucket, prefix), f"s3://{rest.strip('/')}")


@dataclass(frozen=True)
class S3:
    """See the module, and ``interface.Registry`` for the methods."""

    objects: Objects
    where: str

    def publish(self, made: Path) -> Published:
        manifest = bundles.verify(made)
        name, version, content = manifest["name"], manifest["version"], str(manifest["content"])
        interface.check_names(name, version, None)
        where = f"{self.where}/{name}/versions/{version}"
        self._refuse_gone(name, version)
        home = f"{name}/versions/{version}"
        if there := self._there(name, version):
            return self._same(there, content, where, home)
        for path, entry in manifest["files"].items():
            key = f"{home}/objects/{entry['sha256']}"
            if self.objects.size(key) != entry["bytes"]:
                self.objects.upload(made / path, key)
        data = (made / bundles.MANIFEST).read_bytes()
        if signed := (made / bundles.SIGNATURE).exists():
            self.objects.put(_signature(home, data), (made / bundles.SIGNATURE).read_bytes())
        if self.objects.put(f"{home}/{bundles.MANIFEST}", data, new=True):
            return Published(where, content, new=True, signed=signed)
        there = self._there(name, version)
        if there is None:
            raise Infrastructure(f"{where} came and went while it was published; run it again")
        return self._same(there, content, where, home)

    def _same(self, there: bytes, content: str, where: str, home: str) -> Published:
        if json.loads(there)["content"] != content:
            raise interface.refuse_other_content(where)
        signed = self.objects.size(_signature(home, there)) is not None
        return Published(where, content, new=False, signed=signed)

    def _refuse_gone(self, name: str, version: str) -> None:
        if reason := self.withdrawn(name).get(version):
            said = interface.withdrawn_sentence(name, version, reason)
            raise SaysNo(f"{said}; raise release.version")
        if self._is_collected(name, version):
            raise SaysNo(f"{name} {version} was collected; raise release.version")

    def names(self) -> list[str]:
        return [name for name in self.objects.folders("") if self.versions(name)]

    def versions(self, name: str) -> list[str]:
        found = self.objects.folders(f"{name}/versions/")
        known = filter(interface.SEMVER.fullmatch, found)
        return sorted((v for v in known if self._there(name, v)), key=interface.order)

    def aliases(self, name: str) -> dict[str, str]:
        found = {}
        for key in self.objects.keys(f"{name}/aliases/"):
            alias = key.rpartition("/")[2]
            if version := self._alias(name, alias)[0]:
                found[alias] = version
        return found

    def _alias(self, name: str, alias: str) -> tuple[str | None, str | None]:
        """What an alias stands for, and the ETag of the object that says so."""
        data, tag = self.objects.get(f"{name}/aliases/{alias}") or (b"", None)
        return data.decode("utf-8").strip() or None, tag

    def move_alias(self, name: str, alias: str, version: str | None, expected: str | None) -> None:
        interface.check_names(name, version, alias)
        if version is not None:
            self._check_there(name, version)
            if reason := self.withdrawn(name).get(version):
                raise SaysNo(interface.withdrawn_sentence(name, version, reason))
        self._swap(name, alias, version, expected)
        if version is not None and self._is_collected(name, version):  # since we looked
            self._swap(name, alias, expected, version)
            raise SaysNo(f"{name} {version} is being collected; choose another version")

    def _swap(self, name: str, alias: str, version: str | None, expected: str | None) -> None:
        now, tag = self._alias(name, alias)
        if now != expected:
            raise interface.refuse_moved(name, alias, now)
        data = f"{version or ''}\n".encode()
        key = f"{name}/aliases/{alias}"
        if not self.objects.put(key, data, new=tag is None, instead_of=tag):
            now, _ = self._alias(name, alias)
            if now != version:  # else a request that was sent twice, or one that did the same
                raise interface.refuse_moved(name, alias, now)

    def withdrawn(self, name: str) -> dict[str, str]:
        found = {}
        for key in self.objects.keys(f"{name}/yanked/"):
            data, _ = self.objects.get(key) or (b"", None)
            version = key.rpartition("/")[2].removesuffix(".json")
            try:
                found[version] = str(json.loads(data)["reason"])
            except (ValueError, KeyError, TypeError):
                found[version] = f"its record {key} is damaged"
        return found

    def yank(self, name: str, version: str, reason: str) -> None:
        interface.check_names(name, version, None)
        interface.check_reason(reason)
        self._check_there(name, version)
        interface.refuse_aliased(name, version, self.aliases(name))
        record = interface.record(name, version, reason=reason)
        self.objects.put(f"{name}/yanked/{version}.json", _json(record), new=True)
        if (stays := self.withdrawn(name).get(version)) != reason:
            said = interface.withdrawn_sentence(name, version, str(stays))
            raise SaysNo(f"{said}; the record stays as it is")

    def fetch(self, name: str, version: str) -> Path:
        manifest = self._check_there(name, version)
        home = f"{name}/versions/{version}"
        signature = self.objects.get(_signature(home, manifest))

        def get(_: str, entry: Mapping[str, Any], target: Path) -> None:
            self.objects.download(f"{home}/objects/{entry['sha256']}", target)

        return fetching.copy_of(name, version, manifest, signature and signature[0], get)

    def locks(self, name: str) -> dict[str, str]:
        found = (key.rpartition("/")[2] for key in self.objects.keys(f"{name}/locks/"))
        return {lock: lock.rpartition(".")[0] for lock in found}

    def hold(self, name: str, version: str, holder: str) -> None:
        self._check_there(name, version)
        key = f"{name}/locks/{version}.{holder}"
        self.objects.put(key, _json(interface.record(name, version, holder=holder)))
        if self._is_collected(name, version):
            self.objects.delete([key])
            raise SaysNo(f"{name} {version} is being collected; choose another version")

    def let_go(self, name: str, version: str, holder: str) -> None:
        if f"{version}.{holder}" not in self.locks(name):
            raise UsageError(f"{holder} does not hold {name} {version} in {self.where}")
        self.objects.delete([f"{name}/locks/{version}.{holder}"])

    def collect(self, name: str, keep: int) -> list[str]:
        """A version's record is put before one looks again who holds it, and ``hold`` and
        ``move_alias`` look for the record after they have written: one sees the other."""
        gone = []
        versions, withdrawn = self.versions(name), self.withdrawn(name)
        held = self.aliases(name), self.locks(name)
        for version in interface.garbage(versions, *held, withdrawn, keep):
            key = f"{name}/collected/{version}.json"
            self.objects.put(key, _json(interface.record(name, version)))
            if version in {*self.aliases(name).values(), *self.locks(name).values()}:
                self.objects.delete([key])
                continue
            self.objects.delete([f"{name}/versions/{version}/{bundles.MANIFEST}"])
            gone.append(version)
        for key in self.objects.keys(f"{name}/collected/"):  # also of runs that were killed
            version = key.rpartition("/")[2].removesuffix(".json")
            if self._there(name, version) is None:
                self.objects.delete(self.objects.keys(f"{name}/versions/{version}/"))
        return gone

    def _is_collected(self, name: str, version: str) -> bool:
        return self.objects.size(f"{name}/collected/{version}.json") is not None

    def _there(self, name: str, version: str) -> bytes | None:
        found = self.objects.get(f"{name}/versions/{version}/{bundles.MANIFEST}")
        return found[0] if found else None

    def _check_there(self, name: str, version: str) -> bytes:
        manifest = self._there(name, version)
        if manifest is None:
            raise UsageError(f"{name} {version} is not published in {self.where}")
        return manifest


def _signature(home: str, manifest: bytes) -> str:
    """The key of the signature over a manifest and all that it lists."""
    return f"{home}/signatures/{hashlib.sha256(manifest).hexdigest()}"


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
