"""`korpu collect merge=…`: what n machines collected with `source.shard=i/n`, as one snapshot.

The result is the undivided recipe's: the same key, and the same content as one machine would have
made of the same sites. The shards stay as they are; archives are hard links to theirs.
"""

from __future__ import annotations

import glob
import time
from collections.abc import Sequence
from pathlib import Path

from data_prep.collect import forget, joining, parts, tables
from korpu import artifact, log, stages
from korpu.artifact import Artifact, File, Result
from korpu.errors import Stopped, UsageError
from korpu.schema import Recipe

STAGE = parts.STAGE


def merge_action(recipe: Recipe, value: str) -> None:
    """Make the undivided recipe's `collect` out of shards, and print where it lies.

    ``value``: directories with commas between them, in brackets or not, each of them a glob.
    Raises what ``merge`` raises, and ``UsageError`` where the directory holds something else.
    """
    if recipe.source.shard is not None:
        raise UsageError("merge= makes the undivided snapshot; leave source.shard out")
    place = stages.plan(recipe, STAGE.name)[STAGE.name]
    directory = Path(recipe.out) if recipe.out else place.directory
    assert directory is not None and place.key is not None
    made = artifact.load(directory)
    if made is not None and made.key != place.key:
        raise UsageError(f"{directory} holds another result; name an empty directory in out=")
    if made is not None:
        log.say(f"collect: already done, {directory}")
    else:
        made = _make(recipe, directories(value, directory), directory, place.key)
    print(f"{STAGE.name:<9} {made.directory}")


def _make(recipe: Recipe, found: list[Path], directory: Path, key: str) -> Artifact:
    started = time.time()
    with artifact.locked(directory):
        done = artifact.load(directory)  # another process may have finished just now
        if done is not None and done.key == key:
            return done
        log.say(f"collect: merging {len(found)} shards into {directory}")
        with log.stage(STAGE.name, STAGE.command, directory):
            try:
                result = merge(recipe, found, directory)
            except Stopped as stopped:
                artifact.write_json(
                    directory / artifact.RESUMABLE,
                    {"stage": STAGE.name, "signal": stopped.signal_name, "resume": "run it again"},
                )
                raise
            return artifact.commit(
                directory,
                stage=STAGE.name,
                key=key,
                config=stages.config_of(STAGE, recipe),
                inputs=[],
                result=result,
                started=started,
            )


def directories(value: str, out: Path) -> list[Path]:
    """The directories that ``value`` names; a glob never means ``out`` itself.

    Raises ``UsageError`` where one of them matches nothing.
    """
    words = [word.strip().strip("'\"") for word in value.strip().strip("[]").split(",")]
    found: list[Path] = []
    for word in filter(None, words):
        if glob.has_magic(word) and not Path(word).exists():
            paths = glob.glob(word)  # noqa: PTH207 - a pattern may be absolute
            fitting = [Path(path) for path in sorted(paths) if Path(path).is_dir()]
            fitting = [path for path in fitting if path.resolve() != out.resolve()]
            if not fitting:
                raise UsageError(f"merge: no directory fits {word}")
            found += fitting
        elif not Path(word).is_dir():
            raise UsageError(f"merge: there is no directory {word}")
        else:
            found.append(Path(word))
    if not found:
        raise UsageError("merge: name the shards' directories, such as merge=DIR,DIR")
    return found


def merge(recipe: Recipe, found: Sequence[Path], out: Path) -> Result:
    """Join the shards in ``found`` into what the undivided recipe makes of the same sources.

    Articles that were forgotten since are left out. A killed merge is done again from the start.
    Raises ``UsageError`` where the directories are not all the shards of this recipe or ``out``
    holds a crawl that was begun, ``SaysNo`` where a shard's file is not the one that was written.
    """
    shards = parts.check(recipe, found)
    joining.empty(out)
    stats = joining.added([shard.made.stats for shard in shards])
    stats.pop("pages_per_second", None)  # machines at the same time: no sum, no mean of it is true
    listed: list[File] = []
    # The frontier before the archives: an archive is a hard link to the shard's, and without the
    # frontier a crawl that is started here by mistake would cut it to nothing.
    if any(shard.lists("frontier.sqlite") for shard in shards):
        joining.frontier(recipe, shards, out)
        listed.append(File("frontier.sqlite", counts=False))
    listed += [File(path, counts=False) for path in joining.archives(shards, out)]
    pairs = tables.write(out / "pairs.parquet", tables.PAIRS, joining.pairs(shards))
    rows = joining.articles(shards, forget.forgotten(Path(recipe.runtime.outputs)), stats)
    articles = tables.write(out / "articles.parquet", tables.ARTICLES, rows)
    stats |= {"articles": articles, "pairs": pairs}
    stats["shards"] = [
        {"shard": shard.label, "manifest_sha256": shard.made.reference()["manifest_sha256"]}
        for shard in shards
    ]
    log.say(f"  collect: {articles} articles, {pairs} pairs of {len(shards)} shards")
    return Result(
        (
            File("articles.parquet", rows=articles, time_columns=("fetched",)),
            File("pairs.parquet", rows=pairs),
            *sorted(listed, key=lambda file: file.path),
        ),
        stats,
    )
