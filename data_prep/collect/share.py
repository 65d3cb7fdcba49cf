"""Which machine collects what: `source.shard=i/n`, by hashes of host names and of source names.

A hash and not a count, so that a source that is added or taken away moves no other. The shares are
therefore of equal size only on average; with few hosts some of them may be empty.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from data_prep.collect.checks import KINDS
from data_prep.collect.site.urls import authority, canonical
from korpu import artifact
from korpu.errors import UsageError
from korpu.schema import Collect, Site, Sources


def parse(shard: str) -> tuple[int, int]:
    """``i/n`` as numbers, 1 ≤ i ≤ n; raises ``UsageError``."""
    if not re.fullmatch(r"[1-9][0-9]{0,8}/[1-9][0-9]{0,8}", shard):
        raise UsageError(
            f"source.shard must be i/n, such as 1/4 for the first of four, not {shard!r}"
        )
    number, of = (int(part) for part in shard.split("/"))
    if number > of:
        raise UsageError(f"source.shard={shard}: there is no shard {number} of {of}; use 1 to {of}")
    return number, of


def share(sources: Sources) -> Sources:
    """Only the sources that are this shard's; all of them where ``shard`` is None.

    Sites on one host fall into one shard, since a host has one pace: a site goes by the host of
    its first start URL, and sites that have a host in common by the least of theirs. Every other
    source goes by its name. Each source is in exactly one of the n shards; a shard may be empty.
    Raises ``UsageError`` for a shard that is none.
    """
    if sources.shard is None:
        return sources
    number, of = parse(sources.shard)
    by = hosts(sources.site)
    kept: dict[str, Any] = {}
    for kind in KINDS:
        given: Mapping[str, Any] = getattr(sources, kind)
        kept[kind] = {
            name: source
            for name, source in given.items()
            if _place(by.get(name, name) if kind == "site" else name, of) == number
        }
    return dataclasses.replace(sources, **kept)


def hosts(sites: Mapping[str, Site]) -> dict[str, str]:
    """The host that stands for each site: the same for all that have a host in common."""
    above: dict[str, str] = {}  # union-find over the hosts

    def root(host: str) -> str:
        while above.setdefault(host, host) != host:
            above[host] = above[above[host]]
            host = above[host]
        return host

    firsts = {}
    for name, site in sites.items():
        first, *others = _authorities([*site.start, *site.archive]) or [name]
        firsts[name] = first
        for other in others:
            above[root(other)] = root(first)
    least: dict[str, str] = {}
    for first in firsts.values():
        least[root(first)] = min(first, least.get(root(first), first))
    return {name: least[root(first)] for name, first in firsts.items()}


def _authorities(urls: Iterable[str]) -> list[str]:
    """Hosts with ports in order; a URL that cannot be one stands for itself until it is checked."""
    return [authority(canonical(url) or "") or url for url in urls]


def _place(name: str, of: int) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % of + 1


def source_digest(sources: Sources, collect: Collect) -> str:
    """What a frontier is a crawl of: its sites, and how they are fetched and read.

    How many processes extract, and whether anything is fetched at all, changes nothing in it.
    """
    settings = dataclasses.asdict(collect)
    del settings["workers"], settings["fetch"]
    sites = {name: dataclasses.asdict(site) for name, site in sources.site.items()}
    return artifact.digest([sites, settings])
