"""WARC files of earlier snapshots in the folder of a later one; and records taken out of them.

An inherited file is a hard link and never appended to. Records are gzip members of their own, so
leaving some out is copying the bytes of the others.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from data_prep.collect.site.frontier import Frontier
from data_prep.collect.site.warc import sync_folder
from korpu import artifact
from korpu.errors import SaysNo

_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


def inherit(previous_raw: Path, raw: Path, files: Iterable[str]) -> None:
    """Give WARC files of an earlier snapshot a second name in ``raw``; again does no harm.

    Raises ``SaysNo`` where one of them is not there any more.
    """
    raw.mkdir(parents=True, exist_ok=True)
    for name in files:
        target = raw / name
        if target.exists():
            continue
        if not (previous_raw / name).exists():
            raise SaysNo(
                f"{previous_raw / name} is not there, but this snapshot goes on from it; put it "
                f"back, or delete {raw.parent} to fetch everything again"
            )
        temporary = target.with_name(f"{name}.tmp")
        temporary.unlink(missing_ok=True)
        try:
            os.link(previous_raw / name, temporary)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            shutil.copyfile(previous_raw / name, temporary)
            artifact.fsync_tree(temporary)
        artifact.replace_durably(temporary, target)


def inherit_all(frontier: Frontier, raw: Path) -> None:
    """``inherit`` what ``continue_from`` found; to be called at every start."""
    for folder, files in frontier.inherited().items():
        inherit(folder, raw, files)


def without(frontier: Frontier, raw: Path, site: str, urls: Sequence[str]) -> int:
    """Take URLs of a site out of this snapshot for good; returns how many records went.

    Every WARC file of the site is written anew with the other records that the frontier refers to,
    so no older version of such a page stays in it either; then one transaction, and the old files
    are removed. A kill in between leaves files that the next call removes. Must not be called
    while the site is crawled.
    """
    unwanted, old = set(urls), frontier.files_of(site)
    if not any(url in unwanted for file in old for _, url, _ in frontier.places(site, file)):
        frontier.forget(site, urls, None)
        _tidy(frontier, raw)
        return 0
    name, taken = frontier.free_name(site), 0
    places: list[tuple[int, str, int]] = []
    temporary = raw / f"{name}.tmp"
    with temporary.open("wb") as target:
        for file in old:
            with (raw / file).open("rb") as source:
                for row, url, place in frontier.places(site, file):
                    if url in unwanted:
                        taken += 1
                        continue
                    source.seek(place.offset)
                    data = source.read(place.length)
                    if len(data) != place.length:
                        raise SaysNo(
                            f"{raw / file} ends before byte {place.offset + place.length}: it was "
                            f"changed from outside; delete {raw.parent} and collect again"
                        )
                    places.append((row, name, target.tell()))
                    target.write(data)
    artifact.fsync_tree(temporary)
    artifact.replace_durably(temporary, raw / name)
    frontier.forget(site, urls, places)
    _tidy(frontier, raw)
    return taken


def _tidy(frontier: Frontier, raw: Path) -> None:
    """Remove the WARC files that nothing refers to any more."""
    used = frontier.files()
    for path in raw.glob("*.warc.gz"):
        if path.name not in used:
            path.unlink()
    if raw.exists():
        sync_folder(raw)
