"""A signature over a bundle, by the package model-signing with an elliptic-curve key (offline).

It covers every file and the manifest, so that a bundle whose every hash was made to fit is found,
too. The private key never enters a recipe's record, a manifest or a log.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path
from typing import Any

from korpu.bundle import SIGNATURE
from korpu.errors import SaysNo, UsageError

PASSWORD = "KORPU_SIGN_PASSWORD"  # the environment variable of an encrypted key's password
MADE_BY = "openssl ecparam -genkey -name prime256v1 -noout"


def require(key: Path, what: str) -> None:
    """Raises ``UsageError`` where the package is not installed or the key cannot be read."""
    if importlib.util.find_spec("model_signing") is None:
        raise UsageError(
            f"{what} needs model-signing, which is not installed; install it with "
            "`pip install -e '.[sign]'`"
        )
    try:
        text = key.read_bytes()
    except OSError as error:
        raise UsageError(f"{what}: {key} cannot be read: {error.strerror}") from error
    if b"-----BEGIN" not in text:
        raise UsageError(f"{what}: {key} is no PEM file; `{MADE_BY}` makes one")


def sign(bundle: Path, key: Path) -> None:
    """Write ``model.sig`` over a sealed bundle; raises ``UsageError`` for what is no such key."""
    require(key, "release.sign_key")
    signing = _module("signing")

    password = os.environ.get(PASSWORD)
    try:  # bytes, as cryptography wants them, to whom they are handed on
        config = signing.Config().use_elliptic_key_signer(
            private_key=key, password=password.encode() if password else None
        )
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"release.sign_key: {key} is no private elliptic-curve key that can be read "
            f"({_first_line(error)}); "
            f"give the password of an encrypted one in {PASSWORD}"
        ) from error
    config.set_hashing_config(_all_files(bundle)).sign(bundle, bundle / SIGNATURE)


def check(bundle: Path, key: Path) -> None:
    """Raises ``SaysNo`` where a bundle is not signed with the key that belongs to this public one,
    or any of its files is not what was signed; ``UsageError`` for what is no public key."""
    require(key, "key")
    if not (bundle / SIGNATURE).is_file():
        raise SaysNo(f"{bundle} is not signed (it has no {SIGNATURE}); do not use it")
    verifying = _module("verifying")

    try:
        config = verifying.Config().use_elliptic_key_verifier(public_key=key)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"key: {key} is no public elliptic-curve key ({_first_line(error)})"
        ) from error
    try:
        config.set_hashing_config(_all_files(bundle)).verify(bundle, bundle / SIGNATURE)
    except Exception as error:  # of several libraries, for a damaged signature or another key
        why = _first_line(error)
        raise SaysNo(f"{bundle} is not what {key} signed: {why}; do not use it") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _all_files(bundle: Path) -> Any:
    return (
        _module("hashing")
        .Config()
        .set_ignored_paths(paths=[(bundle / SIGNATURE).absolute()], ignore_git_paths=False)
    )


def _module(name: str) -> Any:
    return importlib.import_module(f"model_signing.{name}")
