"""A registry on an MLflow server: registered models, their versions, tags and aliases.

A bundle's files are artifacts of a run; a version of the registered model points at them and has
the semantic version and the manifest's sha256 as tags. It is published when that version is made,
one transaction of the server: a run without it is what a killed publish left, and nobody sees it.
MLflow counts versions by itself, so two publishers of one semantic version make two; the lower
number is the version, and whoever finds a lower one than its own takes its own away.

MLflow has no compare-and-swap: an alias is read, set and read again. Of two that move it within
these moments both may believe to have won; look at it after a move that matters. It has no locks
either. The login comes from the environment (`MLFLOW_TRACKING_USERNAME`, `…_PASSWORD`, `…_TOKEN`).
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from korpu import bundle as bundles
from korpu.artifact import sha256
from korpu.errors import Infrastructure, SaysNo, UsageError
from release.registries import fetching, interface
from release.registries.interface import Published

VERSION, CONTENT, MANIFEST, SIGNATURE, YANKED = (
    f"korpu.{what}"
    for what in ("version", "content", "manifest_sha256", "signature_sha256", "yanked")
)
EXPERIMENT = "korpu"
FOLDER = "bundle"  # of a run's artifacts


def opened(address: str) -> Mlflow:
    """The registry of a server; raises ``UsageError`` without the extra mlflow."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    try:
        from mlflow import MlflowClient
    except ImportError:
        raise UsageError(
            "release.registry: mlflow+http:// needs MLflow; install it with "
            "`pip install 'korpu[mlflow]'`"
        ) from None
    return Mlflow(MlflowClient(tracking_uri=address, registry_uri=address), address)


@dataclass(frozen=True)
class Mlflow:
    """See the module, and ``interface.Registry`` for the methods."""

    client: Any
    address: str

    @property
    def where(self) -> str:
        return f"mlflow+{self.address}"

    def publish(self, made: Path) -> Published:
        manifest = bundles.verify(made)
        name, version, content = manifest["name"], manifest["version"], str(manifest["content"])
        interface.check_names(name, version, None)
        where = f"{self.where}/#/models/{name} ({version})"
        if there := self._numbered(name).get(version):
            return self._same(there, name, content, where)
        with self._asked():
            run = self._run(made, name, version)
            self._register(name)
            tags = {
                VERSION: version,
                CONTENT: content,
                MANIFEST: sha256(made / bundles.MANIFEST),
            }
            if (made / bundles.SIGNATURE).exists():
                tags[SIGNATURE] = sha256(made / bundles.SIGNATURE)
            source = f"{run.info.artifact_uri}/{FOLDER}"
            own = self.client.create_model_version(name, source, run.info.run_id, tags=tags)
        there = self._numbered(name)[version]
        if there.version != own.version:
            with self._asked():
                self.client.delete_model_version(name, own.version)
            return self._same(there, name, content, where)
        return Published(where, content, new=True, signed=SIGNATURE in tags)

    def _same(self, there: Any, name: str, content: str, where: str) -> Published:
        if YANKED in there.tags:
            reason = json.loads(there.tags[YANKED])["reason"]
            said = interface.withdrawn_sentence(name, there.tags[VERSION], reason)
            raise SaysNo(f"{said}; raise release.version")
        if there.tags[CONTENT] != content:
            raise interface.refuse_other_content(where)
        return Published(where, content, new=False, signed=SIGNATURE in there.tags)

    def _run(self, made: Path, name: str, version: str) -> Any:
        """A finished run with the bundle's files and, as metrics, its report's scores."""
        found = self.client.get_experiment_by_name(EXPERIMENT)
        experiment = found.experiment_id if found else self.client.create_experiment(EXPERIMENT)
        run = self.client.create_run(experiment, run_name=f"{name} {version}")
        self.client.log_artifacts(run.info.run_id, str(made), FOLDER)
        for metric, value in scores(made).items():
            self.client.log_metric(run.info.run_id, metric, value)
        self.client.set_terminated(run.info.run_id)
        return run

    def _register(self, name: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self.client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _numbered(self, name: str) -> dict[str, Any]:
        """Semantic version → MLflow's; of two with the same one, the lower number."""
        quoted = name.replace("'", "")
        with self._asked():
            rows = list(_pages(self.client.search_model_versions, f"name='{quoted}'"))
        found: dict[str, Any] = {}
        for row in sorted(rows, key=lambda row: int(row.version)):
            if row.tags.get(VERSION) and CONTENT in row.tags:
                found.setdefault(row.tags[VERSION], row)
        return found

    def names(self) -> list[str]:
        with self._asked():
            rows = list(_pages(self.client.search_registered_models, None))
        return sorted(row.name for row in rows if self._numbered(row.name))

    def versions(self, name: str) -> list[str]:
        return sorted(self._numbered(name), key=interface.order)

    def aliases(self, name: str) -> dict[str, str]:
        by_number = {int(row.version): version for version, row in self._numbered(name).items()}
        if not by_number:
            return {}
        with self._asked():
            found = self.client.get_registered_model(name).aliases
        return {
            alias: by_number[int(number)]
            for alias, number in sorted(found.items())
            if int(number) in by_number
        }

    def move_alias(self, name: str, alias: str, version: str | None, expected: str | None) -> None:
        interface.check_names(name, version, alias)
        if version is not None:
            row = self._row(name, version)
            if reason := self.withdrawn(name).get(version):
                raise SaysNo(interface.withdrawn_sentence(name, version, reason))
        now = self.aliases(name).get(alias)
        if now != expected:
            raise interface.refuse_moved(name, alias, now)
        with self._asked():
            if version is not None:
                self.client.set_registered_model_alias(name, alias, row.version)
            elif now is not None:
                self.client.delete_registered_model_alias(name, alias)
        if (now := self.aliases(name).get(alias)) != version:
            raise interface.refuse_moved(name, alias, now)

    def withdrawn(self, name: str) -> dict[str, str]:
        rows = self._numbered(name).items()
        return {v: json.loads(row.tags[YANKED])["reason"] for v, row in rows if YANKED in row.tags}

    def yank(self, name: str, version: str, reason: str) -> None:
        interface.check_names(name, version, None)
        interface.check_reason(reason)
        row = self._row(name, version)
        there = self.withdrawn(name).get(version)
        if there is not None and there != reason:
            said = interface.withdrawn_sentence(name, version, there)
            raise SaysNo(f"{said}; the record stays as it is")
        interface.refuse_aliased(name, version, self.aliases(name))
        if there is None:
            record = json.dumps(interface.record(name, version, reason=reason), ensure_ascii=False)
            with self._asked():
                self.client.set_model_version_tag(name, row.version, YANKED, record)

    def fetch(self, name: str, version: str) -> Path:
        row = self._row(name, version)
        manifest = self._read(row, bundles.MANIFEST, row.tags[MANIFEST])
        signed = row.tags.get(SIGNATURE)
        signature = self._read(row, bundles.SIGNATURE, signed) if signed else None

        def get(path: str, _: Mapping[str, Any], target: Path) -> None:
            self._get(row.run_id, path, target)

        return fetching.copy_of(name, version, manifest, signature, get)

    def _read(self, row: Any, path: str, hashed: str) -> bytes:
        """A small file of a version, whose sha256 one of its tags has."""
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / path
            self._get(row.run_id, path, target)
            if sha256(target) != hashed:
                version = row.tags[VERSION]
                raise SaysNo(f"{path} of {row.name} {version} is not the published one")
            return target.read_bytes()

    def _get(self, run: str, path: str, target: Path) -> None:
        with self._asked(), tempfile.TemporaryDirectory(dir=target.parent) as folder:
            came = self.client.download_artifacts(run, f"{FOLDER}/{path}", folder)
            Path(came).rename(target)

    def locks(self, name: str) -> dict[str, str]:  # noqa: ARG002
        return {}

    def hold(self, name: str, version: str, holder: str) -> None:
        raise UsageError(f"{self.where} keeps no locks ({name} {version}, {holder}); use an alias")

    let_go = hold

    def collect(self, name: str, keep: int) -> list[str]:
        raise UsageError(
            f"{self.where} is not collected from here ({name}, keep={keep}); delete runs and "
            "versions with `mlflow gc`"
        )

    def _row(self, name: str, version: str) -> Any:
        row = self._numbered(name).get(version)
        if row is None:
            raise UsageError(f"{name} {version} is not published in {self.where}")
        return row

    @contextlib.contextmanager
    def _asked(self) -> Iterator[None]:
        """Say what failed as an error of korpu, without what the server answered."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            if error.error_code in ("PERMISSION_DENIED", "UNAUTHENTICATED"):
                raise UsageError(f"{self.where} refuses this login") from error
            raise Infrastructure(
                f"{self.where} cannot be reached or failed ({error.error_code}); run it again later"
            ) from error


def scores(made: Path) -> dict[str, float]:
    """`metric/benchmark/direction` → value, of what was evaluated; MLflow refuses `chrf++`."""
    try:
        rows = json.loads((made / "eval" / "report.json").read_text("utf-8"))["scores"]
    except FileNotFoundError:
        return {}
    return {
        f"{row['metric']}/{row['benchmark']}/{row['direction']}": float(row["value"])
        for row in rows
        if row["system"] == "adapter" and not row["normalised"]
    }


def _pages(search: Any, query: str | None) -> Iterator[Any]:
    token = None
    while True:
        page = search(query, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
