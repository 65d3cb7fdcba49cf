"""Registries by one interface; ``release.registry`` says which, by its scheme.

    registry                     a folder
    s3://BUCKET/PREFIX           any S3 API
    mlflow+http://HOST:PORT      an MLflow server (also mlflow+https)
    hub://OWNER                  a user or an organisation of a model hub

Addresses of services that are not in the value, and all credentials, come from the environment.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from korpu.errors import UsageError
from release.registries.interface import Published, Registry, check_names, choose

__all__ = ["Published", "Registry", "check_names", "choose", "fetched", "opened"]


def opened(value: str) -> Registry:
    """The registry that ``release.registry`` names; asks it nothing yet.

    Raises ``UsageError`` for an unknown scheme, credentials in it, or a missing extra.
    """
    scheme, colon, rest = value.partition("://")
    if not colon:
        from release.registries.local import Local

        return Local(Path(value))
    if "@" in rest.partition("/")[0] or urlsplit(value).query:
        raise UsageError(
            f"release.registry: {scheme}://… holds a login; leave it out and set it in the "
            "environment (docs/registries.md)"
        )
    if not rest.strip("/"):
        raise UsageError(f"release.registry: {value} names no place after {scheme}://")
    if scheme == "s3":
        from release.registries import s3

        return s3.opened(rest)
    if scheme in ("mlflow+http", "mlflow+https"):
        from release.registries import mlflow

        return mlflow.opened(value.removeprefix("mlflow+"))
    if scheme == "hub":
        from release.registries import hub

        return hub.opened(rest)
    raise UsageError(
        f"release.registry: {scheme}:// is unknown; use a folder, s3://, mlflow+http://, "
        "mlflow+https:// or hub://"
    )


def fetched(value: str, reference: str, *, force: bool = False) -> Path:
    """The local folder of ``NAME``, ``NAME@ALIAS`` or ``NAME@VERSION``; see ``choose``."""
    registry = opened(value)
    name, version = choose(registry, reference, force=force)
    return registry.fetch(name, version)
