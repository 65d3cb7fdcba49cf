"""The shards that a merge is given: all of them, each once, of one recipe, and whole."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from data_prep.collect import share, tables
from korpu import artifact, stages
from korpu.artifact import Artifact
from korpu.config import key_of
from korpu.errors import SaysNo, UsageError
from korpu.schema import Recipe

STAGE = stages.STAGES["collect"]


@dataclass(frozen=True)
class Shard:
    """A finished shard; ``number`` of ``of``."""

    number: int
    of: int
    made: Artifact

    @property
    def label(self) -> str:
        return f"{self.number}/{self.of}"

    def lists(self, path: str) -> bool:
        """Whether its manifest has a file."""
        return any(entry["path"] == path for entry in self.made.manifest["files"])


def check(recipe: Recipe, found: Sequence[Path]) -> list[Shard]:
    """The shards in order, all of them, of this recipe, and whole.

    Raises ``UsageError`` naming the directory that does not belong or the shard that is missing,
    ``SaysNo`` naming the file that was changed.
    """
    shards = sorted((_shard(path) for path in found), key=lambda shard: shard.number)
    first = shards[0]
    for shard in shards[1:]:
        if shard.of != first.of:
            raise UsageError(
                f"{first.made.directory} is shard {first.label} and {shard.made.directory} is "
                f"shard {shard.label}; merge shards of one division"
            )
    for one, other in pairwise(shards):
        if one.number == other.number:
            raise UsageError(
                f"shard {one.label} is there twice: {one.made.directory} and "
                f"{other.made.directory}; name one of them"
            )
    there = {shard.number for shard in shards}
    missing = [f"{n}/{first.of}" for n in range(1, first.of + 1) if n not in there]
    if missing:
        raise UsageError(
            f"shard {', '.join(missing)} is missing; collect it with source.shard={missing[0]} and "
            "the same recipe, and name its directory too"
        )
    wanted = json.loads(json.dumps(stages.config_of(STAGE, recipe)))
    for shard in shards:
        _same_recipe(shard, wanted)
    for shard in shards:
        _whole(shard)
    return shards


def _shard(path: Path) -> Shard:
    made = artifact.load(path)
    if made is None:
        raise UsageError(
            f"{path} has no valid {artifact.MANIFEST}, so its collect is not done; run it there to "
            "the end"
        )
    if made.stage != STAGE.name:
        raise UsageError(f"{path} was made by {made.stage}; name directories that collect made")
    label = made.manifest["config"].get("source", {}).get("shard")
    if label is None:
        raise UsageError(f"{path} is no shard: it was collected without source.shard")
    number, of = share.parse(label)
    return Shard(number, of, made)


def _same_recipe(shard: Shard, wanted: Mapping[str, Any]) -> None:
    config = shard.made.manifest["config"]
    theirs, ours = (dict(_flat({**c, "source": {**c["source"], "shard": None}})) for c in
                    (config, wanted))  # fmt: skip
    for key in sorted(theirs.keys() | ours.keys()):
        if key not in theirs or key not in ours or theirs[key] != ours[key]:
            raise UsageError(
                f"{shard.made.directory} was collected with {_said(key, theirs)}, but this recipe "
                f"has {_said(key, ours)}; merge with the recipe that the shards were made with"
            )
    if key_of(STAGE.name, STAGE.version, config, []) != shard.made.key:
        raise UsageError(
            f"{shard.made.directory} was collected by another version of korpu; collect its shard "
            f"{shard.label} again"
        )


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inside in value.items():
            yield from _flat(inside, f"{key}.{name}" if key else name)
    else:
        yield key, value


def _said(key: str, config: Mapping[str, Any]) -> str:
    return f"{key}={json.dumps(config[key], ensure_ascii=False)}" if key in config else f"no {key}"


def _whole(shard: Shard) -> None:
    try:
        shard.made.verify()
    except SaysNo as error:
        raise SaysNo(
            f"shard {shard.label}: {error}; copy the shard here again, or collect it again"
        ) from None
    for name, schema in (("articles", tables.ARTICLES), ("pairs", tables.PAIRS)):
        path = shard.made.file(f"{name}.parquet")
        if not pq.read_schema(path).remove_metadata().equals(schema):
            raise UsageError(f"{path} has other columns: another version of korpu made it")
