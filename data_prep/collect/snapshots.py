"""Where an earlier crawl of the same sites lies, for a snapshot that goes on from it.

A snapshot has a directory of its own, so the old one stays as it is. A site goes on from the
newest earlier frontier that knows it by name, start and (for the bundled newsroom) server.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data_prep.collect.site.frontier import Frontier
from korpu import artifact, log
from korpu.schema import Recipe, Site

SNAPSHOT, SITES, FINISHED = "snapshot", "sites", "finished"  # keys of the frontier's meta table


@dataclass(frozen=True)
class Earlier:
    """An earlier frontier: its snapshot, whether its crawl was finished, and who its sites are."""

    directory: Path
    snapshot: str
    finished: bool
    sites: Mapping[str, str]


def identities(recipe: Recipe, sites: Mapping[str, Site]) -> dict[str, str]:
    """What makes a site the same site in two recipes, by name."""
    server: Any = asdict(recipe.newsroom) if recipe.newsroom.serve else None
    if server is not None:
        del server["truth"], server["serve"], server["today"]
    return {name: artifact.digest([site.start, server]) for name, site in sites.items()}


def earlier(recipe: Recipe, out: Path) -> list[Earlier]:
    """All frontiers of this recipe's outputs but the one in ``out``, the newest snapshot first.

    Those in use by another process and later snapshots are left out.
    """
    found = []
    for path in sorted((Path(recipe.runtime.outputs) / "collect").glob("*/frontier.sqlite")):
        if path.parent.resolve() == out.resolve() or not _free(path.parent):
            continue
        one = _read(path)
        if one is not None and one.snapshot <= recipe.collect.snapshot:
            found.append((one.snapshot, one.finished, path.stat().st_mtime_ns, one))
    return [one for *_, one in sorted(found, key=lambda row: row[:3], reverse=True)]


def going_on(
    recipe: Recipe, sites: Mapping[str, Site], out: Path
) -> Iterator[tuple[Earlier, list[str]]]:
    """Each earlier frontier to go on from, with the names of the sites that do."""
    wanted = identities(recipe, sites)
    for one in earlier(recipe, out):
        names = [name for name, who in wanted.items() if one.sites.get(name) == who]
        for name in names:
            del wanted[name]
        if names:
            yield one, sorted(names)


def go_on(recipe: Recipe, sites: Mapping[str, Site], frontier: Frontier, out: Path) -> None:
    """Take over what earlier crawls know of these sites; once, and no harm is done by a kill.

    The whole of it, nothing to be asked for again, from a crawl of the same snapshot: it was made
    by another recipe, or before extraction became better.
    """
    snapshot, days = recipe.collect.snapshot, recipe.collect.revisit_days
    if frontier.marked(SITES) is not None:
        return
    finished = set()
    for one, names in going_on(recipe, sites, out):
        path = one.directory / "frontier.sqlite"
        frontier.continue_from(path, {name: sites[name] for name in names}, snapshot, days)
        log.say(f"  {', '.join(names)}: going on from {one.directory} ({one.snapshot})")
        if one.finished and one.snapshot == snapshot:
            finished |= set(names)
    if finished == set(sites):
        frontier.mark(FINISHED, "yes")
    frontier.mark(SNAPSHOT, snapshot)
    frontier.mark(SITES, json.dumps(identities(recipe, sites)))


def missing(recipe: Recipe, out: Path) -> str:
    """Why there is nothing to extract without fetching."""
    found = [one for one in earlier(recipe, out) if one.finished]
    hint = f"collect.snapshot={found[0].snapshot} is there" if found else "none is finished here"
    return (
        f"the crawl of snapshot {recipe.collect.snapshot} is not finished, so there is nothing to "
        f"extract without fetching; {hint}, or leave stage=extract out"
    )


def _read(path: Path) -> Earlier | None:
    """What a frontier says of itself; None where it is older than this, damaged or unreadable."""
    with contextlib.suppress(sqlite3.Error, ValueError, KeyError, OSError):
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            meta = dict(db.execute("SELECT key, value FROM meta"))
        return Earlier(path.parent, meta[SNAPSHOT], FINISHED in meta, json.loads(meta[SITES]))
    return None


def _free(directory: Path) -> bool:
    """Whether no other process works in a stage's directory."""
    with contextlib.suppress(OSError), (directory / ".lock").open("r") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
