"""Datasets of the Hugging Face hub, streamed row by row; or a directory of the same layout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data_prep.collect.files import columns
from data_prep.collect.files.columns import Columns
from data_prep.collect.files.rows import Row
from korpu.artifact import sha256
from korpu.errors import Infrastructure, KorpuError, UsageError
from korpu.schema import Collect, Hub

QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
}
_MISSING = (401, 403, 404)


def rows(
    where: str, source: Hub, wanted: Columns, collect: Collect, work: Path, note: dict[str, str]
) -> Iterator[Row]:
    """Rows of one split; ``note`` gets the commit, or the digest of the local directory.

    Local directories leave their caches in ``work``, the hub's in the user's own cache. Raises
    ``UsageError`` for what does not exist or is no table, ``Infrastructure`` without network.
    """
    os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})
    import datasets  # not at the top: seconds

    datasets.utils.logging.set_verbosity(datasets.utils.logging.CRITICAL)
    datasets.utils.logging.disable_progress_bar()
    if Path(source.id).exists():
        note["sha256"] = sha256(Path(source.id))
        # A path with a dot or a slash first is never taken for a name on the hub.
        place, settings = str(Path(source.id).resolve()), {"cache_dir": str(work / "datasets")}
    else:
        place, settings = source.id, {"revision": _commit(where, source, collect)}
        note["revision"] = settings["revision"]
    try:
        found = iter(
            datasets.load_dataset(
                place, source.subset, split=source.split, streaming=True, **settings
            )
        )
    except Exception as error:
        raise _said(where, source, error, "") from error
    number = 0
    while True:
        number += 1
        try:
            row: Any = next(found)
        except StopIteration:
            break
        except Exception as error:
            raise _said(where, source, error, f", row {number}") from error
        at = f"{source.id}, row {number}"
        yield at, columns.of_object(wanted, row, at)
    columns.all_seen(wanted, source.id)


def _commit(where: str, source: Hub, collect: Collect) -> str:
    """The commit that a revision, or the newest version, is now."""
    from huggingface_hub import HfApi

    try:
        api = HfApi()
        found = api.dataset_info(source.id, revision=source.revision, timeout=collect.timeout)
    except Exception as error:
        raise _said(where, source, error, "") from error
    return str(found.sha)


def _said(where: str, source: Hub, error: Exception, place: str) -> KorpuError | OSError:
    """The libraries' many errors as ours: is it the name, the data, the disk or the network?"""
    from datasets.exceptions import DatasetNotFoundError
    from huggingface_hub import errors

    words = " ".join(str(error).split())[:200].rstrip(". ")
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.RevisionNotFoundError):
        return UsageError(
            f"{where}.revision: {source.id} has no revision {source.revision!r} on the hub; "
            "correct it, or leave it out for the newest"
        )
    if isinstance(error, DatasetNotFoundError) or status in _MISSING:
        return UsageError(
            f"{where}.id: there is no dataset {source.id} on the hub, or it is not open to you, "
            "and no such directory here; correct the name, or log in to the hub"
        )
    if isinstance(error, errors.HFValidationError):
        return UsageError(
            f"{where}.id: {source.id!r} is neither a directory here nor a name on the hub, such "
            "as owner/name; correct it"
        )
    network = isinstance(error, ConnectionError | TimeoutError | errors.HfHubHTTPError)
    if network or type(error).__module__.partition(".")[0].startswith("httpx"):
        return Infrastructure(
            f"{where}: the hub cannot be reached for {source.id}{place} ({words}); try again "
            "later, or give a local directory"
        )
    if isinstance(error, OSError) and error.errno is not None:
        return error
    if not place and isinstance(error, ValueError):
        return UsageError(f"{where}: {source.id}: {words}; correct subset or split")
    return UsageError(f"{where}: {source.id}{place} cannot be read ({words}); repair the dataset")
